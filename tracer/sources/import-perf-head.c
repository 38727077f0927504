/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a file of perf record has beside its records: the events, their ids, the formats, the clock. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "import-perf.h"

#define TRACING_MAX (64u << 20) /* the format files of all tracepoints have about 5 MiB */
#define ATTR_MAX 4096u

int perf_damaged(struct perf *p, uint64_t offset, struct error *err, const char *what)
{
	return import_corrupt(&p->im->file, offset, err, "%s", what);
}

int perf_read(struct perf *p, void *out, size_t size, struct error *err)
{
	uint64_t at = import_file_at(&p->im->file);
	ssize_t n = import_file_read(&p->im->file, out, size, err);

	if (n < 0)
		return (int)n;
	return (size_t)n == size
		   ? 0
		   : perf_damaged(p, at + (uint64_t)n, err, "the file ends here, in the middle of something");
}

static bool inside(const struct perf *p, struct perf_section s)
{
	return s.offset <= p->im->file.size && s.size <= p->im->file.size - s.offset;
}

void perf_note_clock(struct perf *p)
{
	static const struct {
		int32_t id;
		const char *name;
	} clocks[] = {
		{ CLOCK_REALTIME, "realtime" },
		{ CLOCK_MONOTONIC, "mono" },
		{ CLOCK_MONOTONIC_RAW, "mono_raw" },
		{ CLOCK_BOOTTIME, "boot" },
		{ CLOCK_TAI, "tai" },
	};
	const struct perf_attr *a = p->attrs.attr;

	if (!p->attrs.attrs)
		return;
	import_clock(p->im, a->has_clockid ? "unknown" : "perf");
	for (size_t i = 0; a->has_clockid && i < sizeof(clocks) / sizeof(clocks[0]); i++)
		if (clocks[i].id == a->clockid)
			import_clock(p->im, clocks[i].name);
	if (a->has_clockid && a->clockid == CLOCK_REALTIME)
		import_wall(p->im, 0);
}

void perf_take_clock_data(struct perf *p, const uint8_t *data, size_t size)
{
	/* HEADER_CLOCK_DATA: wall clock and the clock of the events at one moment */
	struct {
		uint32_t version, clockid;
		uint64_t wall_ns, clock_ns;
	} d;

	if (size < sizeof(d))
		return;
	memcpy(&d, data, sizeof(d));
	if (d.version == 1 && d.wall_ns < INT64_MAX && d.clock_ns < INT64_MAX)
		import_wall(p->im, (int64_t)d.wall_ns - (int64_t)d.clock_ns);
}

int perf_take_formats(struct perf *p, uint64_t size, struct error *err)
{
	uint64_t at = import_file_at(&p->im->file);
	uint8_t *data = size <= TRACING_MAX ? malloc(size ? (size_t)size : 1) : NULL;
	int64_t taken;
	int rc;

	if (!data)
		return perf_damaged(p, at, err, "tracing data of a size that cannot be");
	rc = perf_read(p, data, (size_t)size, err);
	taken = rc < 0 ? 0 : perf_formats_read(p->formats, data, (size_t)size);
	free(data);
	if (taken < 0)
		return perf_damaged(p, at + (uint64_t)(-1 - taken), err, "damaged tracing data");
	p->has_formats = rc >= 0;
	return rc;
}

static int read_ids(struct perf *p, struct perf_section ids, struct error *err)
{
	if (!inside(p, ids))
		return perf_damaged(p, ids.offset, err, "ids outside of the file");
	import_file_seek(&p->im->file, ids.offset);
	for (uint64_t i = 0; i + 8 <= ids.size; i += 8) {
		uint64_t id;

		if (perf_read(p, &id, 8, err) < 0)
			return -1;
		if (!perf_id_add(&p->attrs, id))
			return perf_damaged(p, ids.offset + i, err, "too many ids");
	}
	return 0;
}

static int read_attrs(struct perf *p, struct error *err)
{
	uint64_t size = p->head.attr_size;
	uint8_t attr[ATTR_MAX];

	if (size < 64 + sizeof(struct perf_section) || size > ATTR_MAX || !inside(p, p->head.attrs))
		return perf_damaged(p, 16, err, "event attributes of a size that cannot be");
	for (uint64_t i = 0; i < p->head.attrs.size / size; i++) {
		uint64_t at = p->head.attrs.offset + i * size;
		struct perf_section ids;

		import_file_seek(&p->im->file, at);
		if (perf_read(p, attr, (size_t)size, err) < 0)
			return -1;
		if (!perf_attr_add(&p->attrs, attr, (size_t)size - sizeof(ids)))
			return perf_damaged(p, at, err, "too many events");
		memcpy(&ids, attr + size - sizeof(ids), sizeof(ids));
		if (read_ids(p, ids, err) < 0)
			return -1;
	}
	return 0;
}

static int take_feature(struct perf *p, unsigned bit, struct perf_section s, struct error *err)
{
	uint8_t data[64];

	if (!inside(p, s))
		return perf_damaged(p, s.offset, err, "a feature outside of the file");
	import_file_seek(&p->im->file, s.offset);
	if (bit == PERF_FEATURE_TRACING_DATA)
		return perf_take_formats(p, s.size, err);
	if (bit != PERF_FEATURE_CLOCK_DATA || s.size > sizeof(data))
		return 0;
	if (perf_read(p, data, (size_t)s.size, err) < 0)
		return -1;
	perf_take_clock_data(p, data, (size_t)s.size);
	return 0;
}

/* Behind the data: a section for each feature, in the order of their bits. */
static int read_features(struct perf *p, struct error *err)
{
	uint64_t at = p->head.data.offset + p->head.data.size;

	for (unsigned bit = 0; bit < 256; bit++) {
		struct perf_section s;

		if (!(p->head.features[bit / 64] >> (bit % 64) & 1))
			continue;
		import_file_seek(&p->im->file, at);
		if (perf_read(p, &s, sizeof(s), err) < 0 || take_feature(p, bit, s, err) < 0)
			return -1;
		at += sizeof(s);
	}
	return 0;
}

int perf_read_front(struct perf *p, struct error *err)
{
	struct perf_header *h = &p->head;

	if (perf_read(p, &h->attr_size, sizeof(*h) - 16, err) < 0 || read_attrs(p, err) < 0)
		return -1;
	perf_note_clock(p);
	if (h->data.size == 0) /* perf writes it last */
		return perf_damaged(p, 48, err,
				    "perf record did not end well: it has not written the formats");
	if (!inside(p, h->data))
		return perf_damaged(p, p->im->file.size, err,
				    "the file ends here, in the middle of its data");
	return read_features(p, err);
}
