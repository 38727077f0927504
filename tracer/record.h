/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A recording: open the sources, the poll loop, close them. The same for attach, run and record.
 *
 * The calling thread becomes the main loop. It waits for the stub, the log,
 * signals, the deadline and a failed sink, and nothing else: no disk, no screen.
 */
#ifndef TRACER_RECORD_H
#define TRACER_RECORD_H

#include "event.h"
#include "judge.h"
#include "sink.h"
#include "sources/gdb.h"
#include "sources/kvm.h"

#define RECORD_NO_UNTIL EVENT_KIND_COUNT

struct record_args {
	const char *target;      /* the gdbstub; NULL = none */
	bool kvm;                /* tracepoints tell what happens ... */
	bool stops;              /* ... and the gdbstub may stop the guest nevertheless */
	pid_t pid;               /* with kvm: whose guest; 0 = the process behind target, or the only one */
	unsigned buffer_kb;      /* with kvm: for each host CPU; 0 = the usual */
	int timeout_ms;          /* for each answer of the stub */
	int64_t for_ns;          /* end after this long; 0 = no limit */
	enum event_kind until;   /* end at the first such event; RECORD_NO_UNTIL = none */
	/* End when a plug or unplug becomes so, stuck: also a boot relocation. EPISODE_RUNNING = none. */
	enum episode_status until_episode;
	const struct judge_options *judge; /* NULL = the usual */
	const char *qmp;         /* a QMP socket that tells of CPUs that come and go; NULL = none */
	bool drop_rights;        /* once everything is open; not for who starts or stops guests */
	bool kick;               /* send a CPU the SMI it has lost, when the verdict says so */
	bool breakpoints_only;
	bool no_log;
	bool guest_ram;          /* beside the gdbstub, read save states and slots from QEMU's memory */
	bool own_guest;          /* `run`: the guest is ours, leave it running */
	void (*note)(void *arg, const char *text); /* one line for the user */
	/*
	 * Attached, the guest runs: open the sinks, at most RECORD_MAX_SINKS, and say how
	 * many, or fail. Events are kept meanwhile. Not called when attaching fails.
	 */
	int (*begin)(void *arg, struct sink **sinks, struct error *err);
	void *arg;
};

#define RECORD_MAX_SINKS 3

struct record_result {
	int signal;          /* that ended it, 0 = none */
	struct gdb_stats gdb;
	struct kvm_stats kvm;
};

/* Does a recording of these use the gdbstub? */
static inline bool record_uses_gdb(const struct record_args *args)
{
	return args->target && (!args->kvm || args->stops);
}

/* Negative with @err when the target or a sink failed; @out is filled in any case. */
int record_run(const struct record_args *args, struct record_result *out, struct error *err);

#endif
