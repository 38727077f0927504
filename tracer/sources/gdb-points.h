/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The breakpoints and watchpoints we want, and those the stub has.
 *
 * At every stop the wanted set is stated anew (points_begin, points_want) and
 * points_sync() posts only the difference. QEMU stacks duplicates and keeps
 * points per vCPU: each address is inserted once, and after a hot-add
 * points_reinsert() gives the new CPU what the others have (gdbstub.c,
 * gdb_breakpoint_insert loops over the CPUs that exist then).
 */
#ifndef TRACER_SOURCES_GDB_POINTS_H
#define TRACER_SOURCES_GDB_POINTS_H

#include "../../gdbproto/rsp-client.h"

#define POINTS_MAX 1024

struct point {
	enum rsp_point type;
	uint64_t addr;
	unsigned len;
	bool wanted, inserted;
};

struct points {
	struct point p[POINTS_MAX];
	unsigned n;
	unsigned refused; /* wanted, but the table was full */
};

/* Nothing is wanted any more (what is inserted stays until points_sync). */
void points_begin(struct points *ps);

void points_want(struct points *ps, enum rsp_point type, uint64_t addr, unsigned len);

/* Post the difference between wanted and inserted; the caller flushes. */
void points_sync(struct points *ps, struct rsp *r);

/* Post a removal and an insertion of everything inserted; removals may be refused. */
void points_reinsert(struct points *ps, struct rsp *r);

/* An execution point at the linear address @addr is inserted now. */
bool points_breaks_at(const struct points *ps, uint64_t addr);

#endif
