/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "perf-file.h"

#include <string.h>
#include <traceevent/event-parse.h>

#define FORMAT_MAX (1u << 20) /* the largest format file, with room: they have a few KiB */

/* What is read, and where it begins, to tell the place of what is damaged. */
struct cursor {
	const uint8_t *begin, *at, *end;
};

static bool take(struct cursor *c, void *out, size_t size)
{
	if ((size_t)(c->end - c->at) < size)
		return false;
	if (out)
		memcpy(out, c->at, size);
	c->at += size;
	return true;
}

/* A text with its NUL; NULL when it does not end. */
static const char *take_text(struct cursor *c)
{
	const uint8_t *nul = memchr(c->at, '\0', (size_t)(c->end - c->at));
	const char *text = (const char *)c->at;

	if (!nul)
		return NULL;
	c->at = nul + 1;
	return text;
}

/* A file: its size in 64 bits, its contents. */
static bool take_file(struct cursor *c, const char **data, uint64_t *size)
{
	if (!take(c, size, 8) || *size > FORMAT_MAX)
		return false;
	*data = (const char *)c->at;
	return take(c, NULL, (size_t)*size);
}

/* Magic, version, byte order, size of a long, page size, how pages of the ring buffer look. */
static bool take_head(struct cursor *c, struct tep_handle *tep)
{
	static const char magic[10] = "\x17\x08\x44tracing";
	const char *data, *word;
	uint8_t order_and_long[2];
	uint64_t size;
	char begin[10];

	if (!take(c, begin, sizeof(begin)) || memcmp(begin, magic, sizeof(magic)) || !take_text(c) ||
	    !take(c, order_and_long, 2) || !take(c, NULL, 4))
		return false;
	tep_set_file_bigendian(tep, order_and_long[0] ? TEP_BIG_ENDIAN : TEP_LITTLE_ENDIAN);
	tep_set_local_bigendian(tep, TEP_LITTLE_ENDIAN);
	tep_set_long_size(tep, order_and_long[1]);
	for (int i = 0; i < 2; i++)
		if (!(word = take_text(c)) || strcmp(word, i ? "header_event" : "header_page") ||
		    !take_file(c, &data, &size))
			return false;
	return true;
}

static bool take_formats(struct cursor *c, struct tep_handle *tep, const char *system, uint32_t count, int64_t *taken)
{
	const char *data;
	uint64_t size;

	for (uint32_t i = 0; i < count; i++) {
		if (!take_file(c, &data, &size))
			return false;
		if (system && size && !tep_parse_event(tep, data, (unsigned long)size, system))
			++*taken;
	}
	return true;
}

int64_t perf_formats_read(struct tep_handle *tep, const uint8_t *data, size_t size)
{
	struct cursor c = { data, data, data + size };
	uint32_t systems = 0, count;
	int64_t taken = 0;
	bool good = take_head(&c, tep) && take(&c, &count, 4) && take_formats(&c, tep, NULL, count, &taken) &&
		    take(&c, &systems, 4);

	for (uint32_t i = 0; good && i < systems; i++) {
		const char *system = take_text(&c);

		good = system && take(&c, &count, 4) && take_formats(&c, tep, system, count, &taken);
	}
	return good ? taken : -1 - (int64_t)(c.at - c.begin);
}
