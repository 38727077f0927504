/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Source qemulog: QEMU's own trace events and its cpu_reset log, read while the
 * guest runs, without a stop.
 *
 * How it is used by the one who owns a monitor (the gdb source, over qRcmd):
 *
 *	qemulog_plan(pid, &plan, &err)         what this QEMU's command line allows
 *	q = qemulog_open(&plan, out, &err)     the reader runs before QEMU is told
 *	for each plan.ask[i]: qemulog_plan_reply(&plan, i, monitor(plan.ask[i]))
 *	for each plan.on[i]: monitor(plan.on[i])    "" is success
 *	qemulog_set_cpu_tid(q, cpu, tid)       from `info cpus`, again when a CPU appears
 *	qemulog_drain(q, now) at every stop
 *	for each plan.off[i]: monitor(plan.off[i])
 *	qemulog_close(q)
 *
 * plan.off is complete as soon as the asks are answered, so a guard process can
 * hold the undo commands as plain strings; they are sent in their order. No
 * other process may hold a copy of the FIFO's read end: fork before qemulog_open
 * or close everything in the child.
 *
 * Input is a FIFO of our own (QEMU's log is pointed at it) or, when the user's
 * QEMU already logs to a regular file, the tail of that file, which is only
 * read. A FIFO nobody reads freezes the guest: the reader is a thread that
 * waits for nothing but the pipe and one short mutex, and the owner must give
 * it an event_out that never blocks. A tracer that is going to sleep (Ctrl-Z)
 * undoes and closes, and opens again: a closed pipe costs QEMU lines, never time.
 */
#ifndef TRACER_SOURCES_QEMULOG_H
#define TRACER_SOURCES_QEMULOG_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../source.h"
#include "../../gdbproto/error.h"

enum qemulog_input {
	QEMULOG_FIFO, /* our own FIFO; QEMU's log is redirected to it and given back */
	QEMULOG_TAIL, /* the regular file that QEMU logs to already */
};

#define QEMULOG_COMMANDS 16
#define QEMULOG_COMMAND_SIZE 1024

/* Everything that is decided from outside; plain data, may be copied. */
struct qemulog_plan {
	enum qemulog_input input;
	bool stamped;          /* -msg timestamp=on: lines carry thread and time */
	char file[PATH_MAX];   /* TAIL: the file, as we can open it */
	char fifo[108];        /* FIFO: its path, chosen by qemulog_plan, created by qemulog_open */
	uid_t uid;             /* whom QEMU runs as: may open the FIFO */
	gid_t gid;
	char note[256];        /* what the user should know, "" = nothing */
	char leftover[108];    /* the pipe of a tracer killed with its guard, "" = none: what is on was its doing */
	unsigned asks, ons, offs;
	char ask[QEMULOG_COMMANDS][QEMULOG_COMMAND_SIZE]; /* `info trace-events NAME` */
	char on[QEMULOG_COMMANDS][QEMULOG_COMMAND_SIZE];
	char off[QEMULOG_COMMANDS][QEMULOG_COMMAND_SIZE];
};

/*
 * Read /proc/PID/cmdline and decide. Negative with the reason when the log of
 * this QEMU cannot be used without taking something from its user (a log file
 * per thread, a log that is a pipe) or the process cannot be looked at. Changes
 * nothing.
 *
 * What QEMU 7.2 does with `logfile PATH` (util/log.c, and tried): it opens PATH
 * for writing and blocks if that is a FIFO without reader; a regular file is
 * appended to by 7.2 but truncated by later ones; there is no word for "stderr
 * again" (`logfile ""` is an error and leaves no log), /dev/stderr truncates
 * where stderr is a file. So a log that is a regular file is never redirected,
 * and undo gives back /dev/stderr where that is a terminal or a pipe with a
 * reader, else /dev/null. `log MASK` replaces the whole mask, trace events excepted.
 * A mask or log file that the user changed through the monitor after the start
 * cannot be seen from outside; the mask goes back to that of the command line.
 */
int qemulog_plan(pid_t pid, struct qemulog_plan *plan, struct error *err);

/* The same for a command line in memory: @cmdline as in /proc, each argument ended by NUL. */
int qemulog_plan_cmdline(pid_t pid, const char *cmdline, size_t len, struct qemulog_plan *plan,
			 struct error *err);

/*
 * The monitor's answer to plan->ask[i]: an event that the user had on already
 * is neither switched on nor off, one this QEMU does not have is dropped.
 */
void qemulog_plan_reply(struct qemulog_plan *plan, unsigned i, const char *reply);

struct qemulog;

/*
 * Open the input and start the reader. Events go to @out, from the reader's
 * thread or from the one that calls qemulog_drain, never from two at a time.
 * @plan and @out must outlive the source.
 */
struct qemulog *qemulog_open(const struct qemulog_plan *plan, struct event_out *out, struct error *err);

/* Host thread @tid runs @cpu. Two CPUs on one thread (thread=single): both unknown. Any thread. */
void qemulog_set_cpu_tid(struct qemulog *q, int cpu, int tid);

/*
 * Deliver everything QEMU has written so far, on the caller's thread; called
 * while the guest stands at a stop whose time is @limit_ts. QEMU flushes each
 * line before the vCPU goes on, so nothing from before the stop is missed.
 * Times are capped to @limit_ts - 1. Returns the time of the latest event
 * handed out so far, 0 = none: where it is not below @limit_ts (the reader was
 * faster than the caller's clock) the caller puts its stop behind it.
 */
int64_t qemulog_drain(struct qemulog *q, int64_t limit_ts);

/* Stop the reader, deliver what is left, remove the FIFO. NULL is fine. */
void qemulog_close(struct qemulog *q);

#endif
