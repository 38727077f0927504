/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * perf.data with tracepoints of KVM: a file of perf record, or what it wrote into a pipe. Records are read one by
 * one. They are in order per CPU; the window of import-order.h puts them together.
 */
#include <stdlib.h>
#include <string.h>

#include "import-perf.h"

#define TYPE_TRACEPOINT 2u /* enum perf_type_id */

/* enum perf_event_type, and perf's own from 64 on */
enum {
	RECORD_LOST = 2,
	RECORD_SAMPLE = 9,
	RECORD_LOST_SAMPLES = 13,
	RECORD_ATTR = 64,
	RECORD_TRACING_DATA = 66,
	RECORD_AUXTRACE = 71,
	RECORD_FEATURE = 80,
	RECORD_COMPRESSED = 81,
	RECORD_COMPRESSED2 = 83
};

struct record {
	uint32_t type;
	uint16_t misc, size;
};

bool import_is_perf(const char *head, size_t len)
{
	return len >= 8 &&
	       (!memcmp(head, "PERFILE2", 8) || !memcmp(head, "2ELIFREP", 8) || !memcmp(head, "PERFFILE", 8));
}

/* --- records --- */

static int64_t *last_of(struct perf *p, int32_t cpu)
{
	return cpu >= 0 && cpu < PERF_HOST_CPUS ? &p->last[cpu] : &p->latest;
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
		return perf_damaged(p, p->at, err, "a sample of no known event, or cut off");
	if (s.attr->type == TYPE_TRACEPOINT && !p->has_formats)
		return perf_damaged(p, p->at, err,
				    "a tracepoint's sample, and no format files in front of it");
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
		return perf_damaged(p, p->at, err, "an event attribute cut off");
	memcpy(&length, p->body + 4, 4);
	if (length < 64 || length > size || !perf_attr_add(&p->attrs, p->body, length))
		return perf_damaged(p, p->at, err, "an event attribute of a size that cannot be");
	for (size_t i = length; i + 8 <= size; i += 8) {
		uint64_t id;

		memcpy(&id, p->body + i, 8);
		if (!perf_id_add(&p->attrs, id))
			return perf_damaged(p, p->at, err, "too many ids");
	}
	perf_note_clock(p);
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
		if (perf_take_formats(p, tracing, err) < 0)
			return -1;
		import_file_seek(&p->im->file, behind + ((uint64_t)tracing + 7) / 8 * 8);
		return 0;
	case RECORD_AUXTRACE:
		memcpy(&more, p->body, size < 8 ? size : 8);
		if (more > p->im->file.size)
			return perf_damaged(p, p->at, err, "a record that goes beyond the file");
		import_file_seek(&p->im->file, behind + more);
		return 0;
	case RECORD_FEATURE:
		memcpy(&more, p->body, size < 8 ? size : 8);
		if (more == PERF_FEATURE_CLOCK_DATA && size > 8)
			perf_take_clock_data(p, p->body + 8, size - 8);
		return 0;
	case RECORD_COMPRESSED:
	case RECORD_COMPRESSED2:
		return perf_damaged(
		    p, p->at, err,
		    "compressed (perf record -z); perf script -i FILE | smmtrace import - reads it");
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
		if (perf_read(p, &r, sizeof(r), err) < 0)
			return -1;
		if (r.size < sizeof(r))
			return perf_damaged(p, p->at, err, "a record of a size that cannot be");
		if (perf_read(p, p->body, r.size - sizeof(r), err) < 0 || take_record(p, &r, err) < 0)
			return -1;
	}
	return import_file_at(&p->im->file) < end
		   ? perf_damaged(p, end, err, "the file ends here, in the middle of something")
		   : 0;
}

static int read_file(struct perf *p, struct error *err)
{
	if (perf_read_front(p, err) < 0)
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
	if (perf_read(p, &p->head, 16, err) >= 0) {
		if (memcmp(p->head.magic, "PERFILE2", 8))
			rc = perf_damaged(
			    p, 0, err,
			    "written on a machine of the other byte order, or by a perf before 2009");
		else
			rc = p->head.size == 16 ? read_records(p, im->file.size, err) : read_file(p, err);
	}
	perf_formats_free(p->formats);
	perf_attrs_free(&p->attrs);
	free(p);
	return rc;
}
