/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The guard: a small process that outlives a tracer killed with SIGKILL just
 * long enough to give the guest back. It sleeps on a pipe whose other end only
 * the tracer holds. When that end closes while the guard is armed, it connects
 * to the stub anew, undoes what the tracer had done (memory and registers by a
 * mend function, monitor commands, every breakpoint), lets the guest run or leaves it stopped, and exits.
 *
 * It sits in a session of its own, so Ctrl-C and Ctrl-Z pass it by, and holds
 * no descriptor of the tracer's but the pipe.
 */
#ifndef TRACER_GUARD_H
#define TRACER_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#include "../gdbproto/error.h"

struct rsp;

#define GUARD_UNDO_MAX 16
#define GUARD_UNDO_SIZE 1024
#define GUARD_MEND_SIZE 256

struct guard;

/* Fork it; call before any thread is started. @target NULL = there is no stub to connect to. */
struct guard *guard_start(const char *target, struct error *err);

/*
 * From now on, if we die: run the monitor commands @undo[0..n), remove all
 * breakpoints, and leave the guest stopped or running. Plain stores into shared
 * memory: may be called again whenever something changes.
 */
void guard_arm(struct guard *g, bool leave_stopped, const char (*undo)[GUARD_UNDO_SIZE], unsigned n);

/* A private directory to remove with its files (the log FIFO), or "" for none. */
void guard_set_file(struct guard *g, const char *path);

/*
 * A directory of tracefs to remove when we end, however that is, armed or not; "" = none. The guard keeps
 * the rights it was started with.
 */
void guard_set_instance(struct guard *g, const char *path);

/*
 * What has to be written back into the guest before anything else is undone.
 * @mend gets the guard's own connection, the target stopped, and a copy of the
 * @size bytes at @data, at most GUARD_MEND_SIZE; the guard is a fork of ours, so
 * the function is there. It must not mind if nothing had been changed yet.
 * NULL takes it back. Counts only while armed.
 */
typedef int (*guard_mend_fn)(struct rsp *r, const void *data, struct error *err);
void guard_set_mend(struct guard *g, guard_mend_fn mend, const void *data, size_t size);

/* Somebody else has paused the guest: if it stands when we die, it is not ours to resume. */
void guard_set_paused(struct guard *g, bool paused);

/* Nothing to undo. */
void guard_disarm(struct guard *g);

/* End the process, after it has undone what is still armed, and reap it. NULL is fine. */
void guard_end(struct guard *g);

#endif
