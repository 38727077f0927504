/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * perf.data as far as it is needed to read samples of tracepoints: what stands in front of the records, and
 * one record. Little-endian files of a perf on this kind of host only.
 *
 * Linux tools/perf/Documentation/perf.data-file-format.txt, include/uapi/linux/perf_event.h (the order of a
 * sample's parts: above PERF_RECORD_SAMPLE), tools/perf/util/header.h and trace-event-info.c.
 */
#ifndef TRACER_SOURCES_PERF_FILE_H
#define TRACER_SOURCES_PERF_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kvm-point.h"

#define PERF_ATTRS 4096
#define PERF_IDS 65536
#define PERF_FEATURE_TRACING_DATA 1
#define PERF_FEATURE_COMPRESSED 27
#define PERF_FEATURE_CLOCK_DATA 29

/* One event that was recorded. */
struct perf_attr {
	uint32_t type;         /* 2 = tracepoint */
	uint64_t config;
	uint64_t sample_type, read_format;
	bool sample_id_all;    /* other records carry time and CPU too */
	bool has_clockid;
	int32_t clockid;
};

struct perf_attrs {
	struct perf_attr *attr;
	unsigned attrs;
	struct perf_id {
		uint64_t id;
		unsigned attr;
	} *id;
	unsigned ids;
	bool sorted;           /* id[] is */
};

void perf_attrs_free(struct perf_attrs *a);

/* @data is a struct perf_event_attr of @size bytes. False: too short, or too many. */
bool perf_attr_add(struct perf_attrs *a, const void *data, size_t size);

/* Samples with @id are of the attr added last. False: too many. */
bool perf_id_add(struct perf_attrs *a, uint64_t id);

/* What a record tells of itself; unknown: 0, and -1 for the CPU. */
struct perf_sample {
	const struct perf_attr *attr;
	uint32_t pid, tid;
	int32_t cpu;
	bool has_time;
	uint64_t time;
	const uint8_t *raw;    /* into the record; NULL = there is none */
	size_t raw_size;
};

/* The body (behind its 8 bytes of header) of a PERF_RECORD_SAMPLE. False: it is damaged, or of no attr. */
bool perf_sample_read(struct perf_attrs *a, const uint8_t *body, size_t size, struct perf_sample *s);

/* The end of any other record of the kernel's. False: it has no such end. */
bool perf_trailer_read(struct perf_attrs *a, const uint8_t *body, size_t size, struct perf_sample *s);

/* --- tracing data: the format files --- */

struct perf_formats {
	struct kvm_formats *kvm;    /* of group kvm */
	struct kvm_formats *others; /* what looks like them in other groups: not used */
	struct perf_name {
		int id;
		char name[48];
	} *name;                    /* of all events */
	unsigned names, room;
};

/* NULL on no memory. */
struct perf_formats *perf_formats_new(void);
void perf_formats_free(struct perf_formats *f);

/* Learn from what perf has stored. 0; or damaged, at byte -1 - result. */
int64_t perf_formats_read(struct perf_formats *f, const uint8_t *data, size_t size);

/* NULL = no event has this id. */
const char *perf_formats_name(const struct perf_formats *f, uint64_t id);

#endif
