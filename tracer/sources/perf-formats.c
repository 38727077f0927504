/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "perf-file.h"

#include <stdlib.h>
#include <string.h>

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
static bool take_head(struct cursor *c)
{
	static const char magic[10] = "\x17\x08\x44tracing";
	const char *data, *word;
	uint8_t order_and_long[2];
	uint64_t size;
	char begin[10];

	if (!take(c, begin, sizeof(begin)) || memcmp(begin, magic, sizeof(magic)) || !take_text(c) ||
	    !take(c, order_and_long, 2) || !take(c, NULL, 4))
		return false;
	if (order_and_long[0])
		return false; /* big-endian */
	for (int i = 0; i < 2; i++)
		if (!(word = take_text(c)) || strcmp(word, i ? "header_event" : "header_page") ||
		    !take_file(c, &data, &size))
			return false;
	return true;
}

static bool add_name(struct perf_formats *f, int id, const char *name)
{
	if (f->names == f->room) {
		unsigned room = f->room ? f->room * 2 : 64;
		struct perf_name *grown = realloc(f->name, room * sizeof(*grown));

		if (!grown)
			return false;
		f->name = grown;
		f->room = room;
	}
	f->name[f->names].id = id;
	memcpy(f->name[f->names++].name, name, sizeof(f->name[0].name));
	return true;
}

static bool take_formats(struct cursor *c, struct perf_formats *f, bool kvm, uint32_t count)
{
	char name[sizeof(f->name[0].name)];
	const char *data;
	uint64_t size;
	int id;

	for (uint32_t i = 0; i < count; i++) {
		struct text text;

		if (!take_file(c, &data, &size))
			return false;
		text = (struct text){ data, data + size };
		kvm_formats_add(kvm ? f->kvm : f->others, text, &id, name, sizeof(name));
		if (id >= 0 && !add_name(f, id, name))
			return false;
	}
	return true;
}

int64_t perf_formats_read(struct perf_formats *f, const uint8_t *data, size_t size)
{
	struct cursor c = { data, data, data + size };
	uint32_t systems = 0, count;
	bool good = take_head(&c) && take(&c, &count, 4) && take_formats(&c, f, false, count) &&
		    take(&c, &systems, 4);

	for (uint32_t i = 0; good && i < systems; i++) {
		const char *system = take_text(&c);

		good = system && take(&c, &count, 4) && take_formats(&c, f, !strcmp(system, "kvm"), count);
	}
	return good ? 0 : -1 - (int64_t)(c.at - c.begin);
}

struct perf_formats *perf_formats_new(void)
{
	struct perf_formats *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->kvm = kvm_formats_new(NULL);
	f->others = kvm_formats_new(NULL);
	if (f->kvm && f->others)
		return f;
	perf_formats_free(f);
	return NULL;
}

void perf_formats_free(struct perf_formats *f)
{
	if (!f)
		return;
	kvm_formats_free(f->kvm);
	kvm_formats_free(f->others);
	free(f->name);
	free(f);
}

const char *perf_formats_name(const struct perf_formats *f, uint64_t id)
{
	for (unsigned i = 0; i < f->names; i++)
		if ((uint64_t)f->name[i].id == id)
			return f->name[i].name;
	return NULL;
}
