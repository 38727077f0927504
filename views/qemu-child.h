/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A QEMU that we start ourselves: its command line with what smmtrace needs,
 * its private gdbstub socket, its end.
 */
#ifndef VIEWS_QEMU_CHILD_H
#define VIEWS_QEMU_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "../gdbproto/error.h"

struct qemu_child {
	char dir[64];      /* private, mode 700; holds the sockets */
	char gdb[128];     /* unix:DIR/gdb, "" = not asked for */
	char qmp[128];     /* DIR/qmp, "" = likewise */
	pid_t pid;         /* 0 = not running (any more) */
	int status;        /* exit status once it ended: its own, or 128 + signal */
	int interrupted;   /* the signal that ended qemu_start(), 0 = none */
};

/*
 * Start argv[0..argc) with a gdbstub, a QMP socket, or both. Refuses (ERR_USAGE) a line that claims what we
 * need: the gdbstub, the start, the foreground. Its stdout goes to our stderr; with @quiet (the
 * timeline has the terminal) all three go to /dev/null. Waits until they can be
 * reached; a QEMU that ends before that is ERR_TARGET with .status set. SIGINT, SIGTERM
 * and SIGHUP are blocked from then on, for the one who waits for them next; one
 * that comes while waiting is ERR_TARGET with .interrupted set.
 */
int qemu_start(struct qemu_child *q, int argc, char **argv, bool gdb, bool qmp, bool quiet, struct error *err);

/* Has it ended? Never blocks. */
bool qemu_ended(struct qemu_child *q);

/* The same, having waited up to two seconds for it: its socket has just closed. */
bool qemu_ends_soon(struct qemu_child *q);

/* SIGTERM, wait, SIGKILL if it must be; remove the directory. Returns q->status. */
int qemu_end(struct qemu_child *q);

#endif
