/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Recordings that others made, as events: the formats of import_format_list[], told apart by their contents.
 *
 * A file is read twice: first to learn what only its later parts tell (which thread is which vCPU, in which
 * SMI an SMBASE changed), then for the events. Memory does not grow with the file. What is not understood is
 * counted by name, what was lost is a `lost` event.
 *
 * Events go out in the order of time, but for what came too late for the window of its format, which is
 * counted, and for `lost` events, whose time is the beginning of the loss. At the front stand a session event and
 * a cpu-add for each vCPU that the recording names (inferred: it may have been there before, or later).
 */
#ifndef TRACER_SOURCES_IMPORT_H
#define TRACER_SOURCES_IMPORT_H

#include "../source.h"

#define IMPORT_NAMES 64

struct import_args {
	const char *path;      /* "-" = standard input */
	const char *format;    /* a name of import_format_list, NULL = by contents */
	const char *threads;   /* "TID=CPU,TID=CPU": who is which CPU; NULL = by contents */
	const char *pids;      /* "N,N": only these processes or threads; NULL = all */
	bool one_cpu;          /* there is one: what names no CPU is of CPU 0, inferred */
	struct event_out *out;
	bool (*stop)(void *arg); /* asked often: end early? NULL = never */
	void *arg;
};

struct import_stats {
	const char *format;    /* its name; NULL = not found out */
	char clock[32];        /* "mono", "local", "realtime", "order" (no time at all), "unknown" ... */
	bool has_wall;         /* wall clock = recorded time + wall_ns */
	int64_t wall_ns;
	int64_t first_ts, last_ts; /* of what was understood; first > last = nothing was */
	uint64_t records;      /* understood, whether they became events or not */
	uint64_t events;       /* that went out */
	uint64_t lost, losses; /* events lost, as far as counted; intervals */
	uint64_t late;         /* out of order beyond the window */
	uint64_t filtered;     /* of other processes */
	uint64_t foreign;      /* not understood, all names */
	struct import_name {
		char name[48];
		uint64_t count;
	} name[IMPORT_NAMES];  /* the most frequent first, from import_run() on; the last one gathers what has no room */
	unsigned names;
	int shared_vcpu;       /* ran in several threads by turns: several guests? -1 = none */
};

struct import;

/* NULL name at the end. */
extern const struct import_format {
	const char *name, *help;
	bool (*is)(const char *head, size_t len);                /* by the first bytes of the file */
	int (*read)(struct import *im, struct error *err);       /* one pass */
	size_t window;                                           /* points out of order, see import-order.h */
} import_format_list[];

/*
 * 0, or negative: ERR_USAGE an argument or the file, ERR_CORRUPT with the offset (what came before has gone
 * out). @stats is always filled.
 */
int import_run(const struct import_args *args, struct import_stats *stats, struct error *err);

#endif
