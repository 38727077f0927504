/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * perf.data with tracepoints of KVM: a file of perf record, or what it wrote into a pipe. Records are read one by
 * one. They are in order per CPU; the window of import-order.h puts them together.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "import-internal.h"
#include "perf-file.h"

#define HOST_CPUS 4096
#define TRACING_MAX (64u << 20) /* the format files of all tracepoints have about 5 MiB */
#define ATTR_MAX 4096u
#define TYPE_TRACEPOINT 2u /* enum perf_type_id */

/* enum perf_event_type, and perf's own from 64 on */
enum {
	RECORD_LOST = 2, RECORD_SAMPLE = 9, RECORD_LOST_SAMPLES = 13, RECORD_ATTR = 64, RECORD_TRACING_DATA = 66,
	RECORD_AUXTRACE = 71, RECORD_FEATURE = 80, RECORD_COMPRESSED = 81, RECORD_COMPRESSED2 = 83
};

struct section {
	uint64_t offset, size;
};

/* struct perf_file_header; a pipe has only the first two. */
struct header {
	char magic[8];
	uint64_t size, attr_size;
	struct section attrs, data, event_types;
	uint64_t features[4];
};

struct record {
	uint32_t type;
	uint16_t misc, size;
};

struct perf {
	struct import *im;
	struct header head;
	struct perf_attrs attrs;
	struct perf_formats *formats;
	bool has_formats;
	uint64_t at;                /* where the record being read begins */
	int64_t last[HOST_CPUS];    /* time of the last sample of each CPU */
	int64_t latest;             /* of any */
	uint8_t body[65536];
};

bool import_is_perf(const char *head, size_t len)
{
	return len >= 8 && (!memcmp(head, "PERFILE2", 8) || !memcmp(head, "2ELIFREP", 8) || !memcmp(head, "PERFFILE", 8));
}

static int damaged(struct perf *p, uint64_t offset, struct error *err, const char *what)
{
	return import_corrupt(&p->im->file, offset, err, "%s", what);
}

/* Exactly @size bytes from where the file stands. */
static int read_all(struct perf *p, void *out, size_t size, struct error *err)
{
	uint64_t at = import_file_at(&p->im->file);
	ssize_t n = import_file_read(&p->im->file, out, size, err);

	if (n < 0)
		return (int)n;
	return (size_t)n == size ? 0 : damaged(p, at + (uint64_t)n, err, "the file ends here, in the middle of something");
}

static bool inside(const struct perf *p, struct section s)
{
	return s.offset <= p->im->file.size && s.size <= p->im->file.size - s.offset;
}

/* --- what stands in front --- */

static void note_clock(struct perf *p)
{
	static const struct { int32_t id; const char *name; } clocks[] = {
		{ CLOCK_REALTIME, "realtime" }, { CLOCK_MONOTONIC, "mono" }, { CLOCK_MONOTONIC_RAW, "mono_raw" },
		{ CLOCK_BOOTTIME, "boot" }, { CLOCK_TAI, "tai" },
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

/* HEADER_CLOCK_DATA: version, clockid, wall clock and that clock at one moment. */
static void take_clock_data(struct perf *p, const uint8_t *data, size_t size)
{
	struct { uint32_t version, clockid; uint64_t wall_ns, clock_ns; } d;

	if (size < sizeof(d))
		return;
	memcpy(&d, data, sizeof(d));
	if (d.version == 1 && d.wall_ns < INT64_MAX && d.clock_ns < INT64_MAX)
		import_wall(p->im, (int64_t)d.wall_ns - (int64_t)d.clock_ns);
}

static int take_formats(struct perf *p, uint64_t size, struct error *err)
{
	uint64_t at = import_file_at(&p->im->file);
	uint8_t *data = size <= TRACING_MAX ? malloc(size ? (size_t)size : 1) : NULL;
	int64_t taken;
	int rc;

	if (!data)
		return damaged(p, at, err, "tracing data of a size that cannot be");
	rc = read_all(p, data, (size_t)size, err);
	taken = rc < 0 ? 0 : perf_formats_read(p->formats, data, (size_t)size);
	free(data);
	if (taken < 0)
		return damaged(p, at + (uint64_t)(-1 - taken), err, "damaged tracing data");
	p->has_formats = rc >= 0;
	return rc;
}

static int read_ids(struct perf *p, struct section ids, struct error *err)
{
	if (!inside(p, ids))
		return damaged(p, ids.offset, err, "ids outside of the file");
	import_file_seek(&p->im->file, ids.offset);
	for (uint64_t i = 0; i + 8 <= ids.size; i += 8) {
		uint64_t id;

		if (read_all(p, &id, 8, err) < 0)
			return -1;
		if (!perf_id_add(&p->attrs, id))
			return damaged(p, ids.offset + i, err, "too many ids");
	}
	return 0;
}

static int read_attrs(struct perf *p, struct error *err)
{
	uint64_t size = p->head.attr_size;
	uint8_t attr[ATTR_MAX];

	if (size < 64 + sizeof(struct section) || size > ATTR_MAX || !inside(p, p->head.attrs))
		return damaged(p, 16, err, "event attributes of a size that cannot be");
	for (uint64_t i = 0; i < p->head.attrs.size / size; i++) {
		uint64_t at = p->head.attrs.offset + i * size;
		struct section ids;

		import_file_seek(&p->im->file, at);
		if (read_all(p, attr, (size_t)size, err) < 0)
			return -1;
		if (!perf_attr_add(&p->attrs, attr, (size_t)size - sizeof(ids)))
			return damaged(p, at, err, "too many events");
		memcpy(&ids, attr + size - sizeof(ids), sizeof(ids));
		if (read_ids(p, ids, err) < 0)
			return -1;
	}
	return 0;
}

static int take_feature(struct perf *p, unsigned bit, struct section s, struct error *err)
{
	uint8_t data[64];

	if (!inside(p, s))
		return damaged(p, s.offset, err, "a feature outside of the file");
	import_file_seek(&p->im->file, s.offset);
	if (bit == PERF_FEATURE_TRACING_DATA)
		return take_formats(p, s.size, err);
	if (bit != PERF_FEATURE_CLOCK_DATA || s.size > sizeof(data))
		return 0;
	if (read_all(p, data, (size_t)s.size, err) < 0)
		return -1;
	take_clock_data(p, data, (size_t)s.size);
	return 0;
}

/* Behind the data: a section for each feature, in the order of their bits. */
static int read_features(struct perf *p, struct error *err)
{
	uint64_t at = p->head.data.offset + p->head.data.size;

	for (unsigned bit = 0; bit < 256; bit++) {
		struct section s;

		if (!(p->head.features[bit / 64] >> (bit % 64) & 1))
			continue;
		import_file_seek(&p->im->file, at);
		if (read_all(p, &s, sizeof(s), err) < 0 || take_feature(p, bit, s, err) < 0)
			return -1;
		at += sizeof(s);
	}
	return 0;
}

/* --- records --- */

static int64_t *last_of(struct perf *p, int32_t cpu)
{
	return cpu >= 0 && cpu < HOST_CPUS ? &p->last[cpu] : &p->latest;
}

static void foreign_sample(struct perf *p, const struct perf_sample *s)
{
	bool tracepoint = s->attr->type == TYPE_TRACEPOINT;
	const char *name = tracepoint ? perf_formats_name(p->formats, s->attr->config) : "sample";

	name = name ? name : "tracepoint without format";
	import_foreign(p->im, name, strlen(name));
}

static int take_sample(struct perf *p, size_t size, struct error *err)
{
	struct perf_sample s;
	struct kvm_point point;

	if (!perf_sample_read(&p->attrs, p->body, size, &s))
		return damaged(p, p->at, err, "a sample of no known event, or cut off");
	if (s.attr->type == TYPE_TRACEPOINT && !p->has_formats)
		return damaged(p, p->at, err, "a tracepoint's sample, and no format files in front of it");
	point = kvm_point_new(KVM_POINT_COUNT, (int64_t)s.time, 0, s.cpu);
	if (!s.has_time || s.time > INT64_MAX || !s.raw ||
	    !kvm_point_of_record(p->formats->kvm, s.raw, s.raw_size, &point)) {
		foreign_sample(p, &s);
		return 0;
	}
	point.pid = (int32_t)s.pid;
	if (s.tid)
		point.tid = (int32_t)s.tid;
	*last_of(p, s.cpu) = p->latest = point.ts;
	import_point(p->im, &point);
	return 0;
}

/* { u64 id, lost; } or { u64 lost; }, and who and when. */
static void take_lost(struct perf *p, size_t size, size_t offset)
{
	struct perf_sample s;
	uint64_t lost;
	int64_t from, until;

	if (size < offset + 8)
		return;
	memcpy(&lost, p->body + offset, 8);
	if (!perf_trailer_read(&p->attrs, p->body + offset + 8, size - offset - 8, &s))
		s = (struct perf_sample){ .cpu = -1 };
	from = *last_of(p, s.cpu);
	until = s.has_time && s.time <= INT64_MAX ? (int64_t)s.time : p->latest;
	import_lost(p->im, from && from < until ? from : until, until, lost);
}

static int take_attr_record(struct perf *p, size_t size, struct error *err)
{
	uint32_t length;

	if (size < 64)
		return damaged(p, p->at, err, "an event attribute cut off");
	memcpy(&length, p->body + 4, 4);
	if (length < 64 || length > size || !perf_attr_add(&p->attrs, p->body, length))
		return damaged(p, p->at, err, "an event attribute of a size that cannot be");
	for (size_t i = length; i + 8 <= size; i += 8) {
		uint64_t id;

		memcpy(&id, p->body + i, 8);
		if (!perf_id_add(&p->attrs, id))
			return damaged(p, p->at, err, "too many ids");
	}
	note_clock(p);
	return 0;
}

static int take_record(struct perf *p, const struct record *r, struct error *err)
{
	size_t size = r->size - sizeof(*r);
	uint64_t behind = import_file_at(&p->im->file), more = 0;
	uint32_t tracing = 0;

	switch (r->type) {
	case RECORD_SAMPLE:
		return take_sample(p, size, err);
	case RECORD_LOST:
		take_lost(p, size, 8);
		return 0;
	case RECORD_LOST_SAMPLES:
		take_lost(p, size, 0);
		return 0;
	case RECORD_ATTR:
		return take_attr_record(p, size, err);
	case RECORD_TRACING_DATA: /* the data stand behind the record, in units of 8 bytes */
		memcpy(&tracing, p->body, size < 4 ? size : 4);
		if (take_formats(p, tracing, err) < 0)
			return -1;
		import_file_seek(&p->im->file, behind + ((uint64_t)tracing + 7) / 8 * 8);
		return 0;
	case RECORD_AUXTRACE:
		memcpy(&more, p->body, size < 8 ? size : 8);
		if (more > p->im->file.size)
			return damaged(p, p->at, err, "a record that goes beyond the file");
		import_file_seek(&p->im->file, behind + more);
		return 0;
	case RECORD_FEATURE:
		memcpy(&more, p->body, size < 8 ? size : 8);
		if (more == PERF_FEATURE_CLOCK_DATA && size > 8)
			take_clock_data(p, p->body + 8, size - 8);
		return 0;
	case RECORD_COMPRESSED:
	case RECORD_COMPRESSED2:
		return damaged(p, p->at, err, "compressed (perf record -z); perf script -i FILE | smmtrace import - reads it");
	default:
		return 0;
	}
}

static int read_records(struct perf *p, uint64_t end, struct error *err)
{
	struct record r;
	uint64_t n = 0;

	while (import_file_at(&p->im->file) + sizeof(r) <= end) {
		if (++n % 1024 == 0 && import_stopped(p->im))
			return 0;
		p->at = import_file_at(&p->im->file);
		if (read_all(p, &r, sizeof(r), err) < 0)
			return -1;
		if (r.size < sizeof(r))
			return damaged(p, p->at, err, "a record of a size that cannot be");
		if (read_all(p, p->body, r.size - sizeof(r), err) < 0 || take_record(p, &r, err) < 0)
			return -1;
	}
	return import_file_at(&p->im->file) < end ?
		damaged(p, end, err, "the file ends here, in the middle of something") : 0;
}

static int read_file(struct perf *p, struct error *err)
{
	if (read_all(p, &p->head.attr_size, sizeof(p->head) - 16, err) < 0 || read_attrs(p, err) < 0)
		return -1;
	note_clock(p);
	if (p->head.data.size == 0) /* perf writes it last */
		return damaged(p, 48, err, "perf record did not end well: it has not written the formats");
	if (!inside(p, p->head.data))
		return damaged(p, p->im->file.size, err, "the file ends here, in the middle of its data");
	if (read_features(p, err) < 0)
		return -1;
	import_file_seek(&p->im->file, p->head.data.offset);
	return read_records(p, p->head.data.offset + p->head.data.size, err);
}

int import_read_perf(struct import *im, struct error *err)
{
	struct perf *p = calloc(1, sizeof(*p));
	int rc = -1;

	if (!p || !(p->formats = perf_formats_new())) {
		free(p);
		return fail(err, ERR_OUTPUT, "no memory");
	}
	p->im = im;
	if (read_all(p, &p->head, 16, err) >= 0) {
		if (memcmp(p->head.magic, "PERFILE2", 8))
			rc = damaged(p, 0, err, "written on a machine of the other byte order, or by a perf before 2009");
		else
			rc = p->head.size == 16 ? read_records(p, im->file.size, err) : read_file(p, err);
	}
	perf_formats_free(p->formats);
	perf_attrs_free(&p->attrs);
	free(p);
	return rc;
}
