/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A recording in the formats of others.
 *
 * One walk over the events feeds a format, which writes as it is fed: memory does not grow with
 * the recording. A format takes either the events as they are (rows), or what a timeline shows of
 * them: slices and instants on tracks. To add one: db/export-NAME.c with a struct export_format, its line and
 * its option in cmd-export.c.
 *
 * Marks come roughly, not strictly, in order of time; the readers of both timeline formats sort them.
 * On one track the slices are properly nested, and an outer one comes before those inside it.
 * Texts are untrusted: each format writes them so that its readers take them as text.
 */
#ifndef DB_EXPORT_H
#define DB_EXPORT_H

#include <stdio.h>

#include "reader.h"
#include "../tracer/filter.h"

/* Groups of tracks, in the order in which they are shown: CPUs by index, else lanes for what overlaps. */
#define EXPORT_GROUPS(_) \
	_(CPU, "CPU") \
	_(EPISODE, "episodes") \
	_(MACHINE, "machine") /* what is about no known CPU */ \
	_(BLIND, "blind") \
	_(LOST, "lost") \
	_(PAUSED, "guest paused")

enum export_group {
#define X(G, name) EXPORT_##G,
	EXPORT_GROUPS(X)
#undef X
	EXPORT_GROUP_COUNT
};

#define EXPORT_LANES 256 /* of a group; as many as there can be CPUs */

struct export_track {
	enum export_group group;
	int number;
};

/* 1 .. EXPORT_GROUP_COUNT * EXPORT_LANES, different for each track. */
static inline unsigned export_track_id(struct export_track t)
{
	return 1 + (unsigned)t.group * EXPORT_LANES + (unsigned)t.number;
}

/* The guest's process; no track's id, so no CPU is taken for its main thread. */
#define EXPORT_PID 10000

/* "CPU 3", "episodes"; lanes of a group share its name. Returns @out. */
const char *export_track_name(char *out, size_t size, struct export_track t);

enum export_type { EXPORT_NUMBER, EXPORT_ADDRESS, EXPORT_TEXT };

struct export_arg {
	const char *name; /* one of ours, not of the file */
	enum export_type type;
	uint64_t number;
	const char *text; /* of EXPORT_TEXT */
};

#define EXPORT_ARGS 12

/* One thing on a timeline. Texts and arrays live for the call. */
struct export_mark {
	struct export_track track;
	int64_t from, to;        /* ns; of a slice: to 0 = it is not over */
	const char *name;
	const char *category;    /* one of ours: "smi", "port" ... */
	unsigned args;
	struct export_arg arg[EXPORT_ARGS];
	unsigned flows;          /* arrows that begin here */
	const uint64_t *flow;    /* their ids */
	uint64_t flow_to;        /* id of the arrow that ends here, 0 = none */
};

/* Of the recording as a whole. */
struct export_about {
	const char *title, *version; /* target and smmtrace of the recording, untrusted; NULL = not said */
	int64_t first_ns;
	int64_t wall_ns;             /* of first_ns, since 1970; 0 = not known */
};

struct export_format {
	const char *name;            /* its option */
	bool binary;                 /* not for a terminal */
	/* Own state, or NULL when there is none; @out is borrowed. False on no memory. */
	bool (*begin)(FILE *out, const struct export_about *about, void **own);
	/* Rows; NULL = this is a timeline. */
	void (*event)(FILE *out, void *own, int64_t id, const struct event *ev);
	/* A timeline. Each track is told before its first mark. */
	void (*track)(FILE *out, void *own, struct export_track track);
	void (*instant)(FILE *out, void *own, const struct export_mark *m);
	/* With @holds, slices inside it follow, and close() then ends it. */
	void (*slice)(FILE *out, void *own, const struct export_mark *m, bool holds);
	void (*close)(FILE *out, void *own, const struct export_mark *m);
	/* End the document and free @own; also after a failure. False: something is missing (no memory). */
	bool (*end)(FILE *out, void *own);
};

extern const struct export_format export_perfetto, export_chrome, export_jsonl, export_csv;

/* What was written, and what could not be. */
struct export_count {
	int64_t events;  /* of the recording, walked over */
	int64_t unknown; /* of kinds or sources that this program does not know: left out; not counted with a filter */
};

/*
 * Walk over @r into @out, which is flushed: the events that @filter takes (NULL = all; its begin_ns is set), and
 * of what was concluded from all of them what lies in its times.  ERR_CORRUPT, or ERR_OUTPUT
 * when @out cannot be written.
 */
int export_recording(struct reader *r, const struct export_format *format, struct filter *filter, FILE *out,
		     struct export_count *count, struct error *err);

#endif
