/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where ordered events go: the database writer, the headless text lines, a
 * test. All hooks are called on the pipeline's own thread.
 */
#ifndef TRACER_SINK_H
#define TRACER_SINK_H

#include "model.h"
#include "raw.h"
#include "../gdbproto/error.h"

struct sink;

/* One event with what it did. @before is a copy of the CPU before it. */
struct sink_event {
	/*
	 * 1, 2, 3 ... in time order, but for what is told only when it ends (a blind interval)
	 * or comes later than the pipeline's horizon.
	 */
	int64_t id;
	const struct event *ev;
	const struct cpu *before;    /* NULL when the event is about no known CPU */
	const struct cpu *after;     /* NULL likewise */
	const struct model *model;   /* after the event */
	const struct raw *raw;       /* what it was made of; NULL = nothing came with it */
};

struct violation;
struct episode;
struct verdict;
struct check_result;

struct sink_ops {
	const char *name;
	/* Take one event. Negative ends the recording with @err. */
	int (*event)(struct sink *s, const struct sink_event *se, struct error *err);
	/* What was concluded, behind the event that made it so. All may be NULL. */
	int (*violation)(struct sink *s, const struct violation *v, struct error *err);
	int (*episode)(struct sink *s, const struct episode *ep, struct error *err); /* new, or changed */
	int (*verdict)(struct sink *s, const struct verdict *v, struct error *err);  /* replaces the one before */
	/* At the end, and whenever it changes: how each invariant stands, INVARIANT_COUNT of them. */
	int (*results)(struct sink *s, const struct check_result *r, struct error *err);
	/* Called at least every 100 ms, also without events: make it durable or visible. May be NULL. */
	int (*flush)(struct sink *s, struct error *err);
};

struct sink {
	const struct sink_ops *ops;
};

#endif
