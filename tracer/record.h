/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A recording: attach, the poll loop, detach. The same for attach and run.
 *
 * The calling thread becomes the main loop. It waits for the stub, the log,
 * signals, the deadline and a failed sink, and nothing else: no disk, no screen.
 */
#ifndef TRACER_RECORD_H
#define TRACER_RECORD_H

#include "event.h"
#include "sink.h"
#include "sources/gdb.h"

#define RECORD_NO_UNTIL EVENT_KIND_COUNT

struct record_args {
	const char *target;
	int timeout_ms;          /* for each answer of the stub */
	int64_t for_ns;          /* end after this long; 0 = no limit */
	enum event_kind until;   /* end at the first such event; RECORD_NO_UNTIL = none */
	bool breakpoints_only;
	bool no_log;
	bool own_guest;          /* `run`: the guest is ours, leave it running */
	struct sink *const *sinks;
	unsigned nsinks;
	void (*note)(void *arg, const char *text); /* one line for the user */
	void (*ready)(void *arg);                  /* attached, the guest runs; may be NULL */
	void *arg;
};

struct record_result {
	int signal;          /* that ended it, 0 = none */
	bool target_exited;  /* the target said good-bye */
	struct gdb_stats gdb;
};

/* Negative with @err when the target or a sink failed; @out is filled in any case. */
int record_run(const struct record_args *args, struct record_result *out, struct error *err);

#endif
