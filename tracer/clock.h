/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The one clock of a recording: CLOCK_MONOTONIC in nanoseconds.
 *
 * Sources that stamp in wall-clock time (QEMU with -msg timestamp=on) are
 * converted through a measured offset. The offset is not constant, NTP slews
 * and people set clocks, so it is measured again once a second; each
 * measurement brackets a CLOCK_REALTIME reading between two CLOCK_MONOTONIC
 * ones, the tightest of a few tries wins, and half the bracket is the error.
 */
#ifndef TRACER_CLOCK_H
#define TRACER_CLOCK_H

#include <stdint.h>

#define NS_PER_SEC INT64_C(1000000000)

/* CLOCK_MONOTONIC now, ns. Never fails. */
int64_t clock_now(void);

/* Owned by one thread; all zero = nothing measured yet. */
struct clock_sync {
	int64_t offset;   /* CLOCK_MONOTONIC - CLOCK_REALTIME, ns */
	int64_t error;    /* the offset is right to +- this, ns */
	int64_t measured; /* when, CLOCK_MONOTONIC ns; 0 = never */
};

/* Measure the offset now. */
void clock_measure(struct clock_sync *sync);

/* CLOCK_REALTIME ns as CLOCK_MONOTONIC ns; measures when the last time is over a second ago. */
int64_t clock_from_realtime(struct clock_sync *sync, int64_t realtime_ns);

#endif
