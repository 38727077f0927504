/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One open source of a recording, as the recorder's loop sees it: descriptors to wait for, and what to call
 * when. The loop (record.c) knows nothing else of any source; who opens which is said in record-open.c.
 *
 * All hooks run on the recorder's main thread and never wait for disk or screen. Only fds, handle and
 * close must be there; the others may be NULL.
 */
#ifndef TRACER_LIVE_H
#define TRACER_LIVE_H

#include <poll.h>

#include "../gdbproto/error.h"

struct live;

#define LIVE_MAX_FDS 2

/* What a hook says; negative = the target failed, with the error filled in. */
enum live_status {
	LIVE_GOES_ON = 0,
	LIVE_ENDS,     /* the guest said good-bye, or there is nothing more to see */
	LIVE_OVER,     /* this source is over, and will be closed; the recording goes on */
	LIVE_CHANGED,  /* a CPU came or went: whoever keeps a list of them should look */
};

struct live_ops {
	/* At most LIVE_MAX_FDS of them, with .events; returns how many. Asked before each wait. */
	unsigned (*fds)(struct live *l, struct pollfd *p);
	/* Some of them are ready: @p as fds() filled it. */
	int (*handle)(struct live *l, const struct pollfd *p, unsigned n, struct error *err);
	/* Called after every wait; wait_ms says how long that may last at most. */
	int (*tick)(struct live *l, struct error *err);
	int (*wait_ms)(const struct live *l);
	/* An episode is stuck: see where the CPUs are. */
	int (*look)(struct live *l, struct error *err);
	/* Send @cpu the SMI it has lost. */
	int (*kick)(struct live *l, int cpu, struct error *err);
	/* Somebody says LIVE_CHANGED. */
	int (*rescan)(struct live *l, struct error *err);
	/* Hold nothing of the guest's while we sleep (Ctrl-Z), and take it up again. */
	void (*suspend)(struct live *l);
	int (*resume)(struct live *l, struct error *err);
	/* Give everything back and free @l. */
	void (*close)(struct live *l);
};

struct live {
	const struct live_ops *ops;
};

#define LIVE_MAX_SOURCES 4

#endif
