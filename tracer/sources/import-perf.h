/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shared by the import-perf*.c files only. */
#ifndef TRACER_SOURCES_IMPORT_PERF_H
#define TRACER_SOURCES_IMPORT_PERF_H

#include "import-internal.h"
#include "perf-file.h"

#define PERF_HOST_CPUS 4096

struct perf_section {
	uint64_t offset, size;
};

/* struct perf_file_header; a pipe has only the first two. */
struct perf_header {
	char magic[8];
	uint64_t size, attr_size;
	struct perf_section attrs, data, event_types;
	uint64_t features[4];
};

struct perf {
	struct import *im;
	struct perf_header head;
	struct perf_attrs attrs;
	struct perf_formats *formats;
	bool has_formats;
	uint64_t at;                /* where the record being read begins */
	int64_t last[PERF_HOST_CPUS];    /* time of the last sample of each CPU */
	int64_t latest;             /* of any */
	uint8_t body[65536];
};

/* ERR_CORRUPT at @offset. */
int perf_damaged(struct perf *p, uint64_t offset, struct error *err, const char *what);

/* Exactly @size bytes from where the file stands. */
int perf_read(struct perf *p, void *out, size_t size, struct error *err);

/* Format files of @size bytes, from where the file stands. */
int perf_take_formats(struct perf *p, uint64_t size, struct error *err);

/* HEADER_CLOCK_DATA of the header, or of a record. */
void perf_take_clock_data(struct perf *p, const uint8_t *data, size_t size);

/* Tell the clock of the events that are known. */
void perf_note_clock(struct perf *p);

/* Everything in front of the records and behind them; the first 16 bytes are in head. */
int perf_read_front(struct perf *p, struct error *err);

#endif
