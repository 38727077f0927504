/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A source turns one raw form (stops of the gdbstub, log lines, memory) into
 * events, and reports its own loss and blind time as events too.
 *
 * Sources are const structs in one list, source_list[] in source.c. Life:
 * probe -> open -> (poll)* -> close. All hooks run on the recorder's main
 * thread; a source that needs a thread of its own hides it.
 */
#ifndef TRACER_SOURCE_H
#define TRACER_SOURCE_H

#include "event.h"
#include "raw.h"
#include "../gdbproto/error.h"

struct source;
struct target;

/* Takes events off a source's hands; any thread, never blocks on disk or screen. */
struct event_out {
	void (*put)(struct event_out *out, const struct event *ev);
	/* The same with what it was made of, copied. NULL = nobody keeps that. */
	void (*put_raw)(struct event_out *out, const struct event *ev, const struct raw *raw);
};

/* @raw NULL = nothing to show for it. */
static inline void event_put(struct event_out *out, const struct event *ev, const struct raw *raw)
{
	if (raw && out->put_raw)
		out->put_raw(out, ev, raw);
	else
		out->put(out, ev);
}

struct source_ops {
	const char *name;    /* as in event_source_info and `smmtrace list sources` */
	const char *summary;
	/*
	 * Could it work on this host? 0, or negative with the reason and the remedy in
	 * @err. Needs no target and has no side effects.
	 */
	int (*probe)(struct error *err);
};

/* NULL-terminated, in alphabetical order. */
extern const struct source_ops *const source_list[];

#endif
