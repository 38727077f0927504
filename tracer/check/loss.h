/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What could not be seen: which needs (enum check_need) were taken away, when, by what.
 *
 * A lost event, or a blind interval of a whole source, may have hidden anything, so it counts for the
 * whole recording. One CPU's blindness (a hot-added one before its breakpoints, one whose SMBASE is
 * not known) hides its SMIs only, and counts when an SMI was raised for it meanwhile. Such an interval
 * is told when it ends, and a short one stands where it began by then: the events inside may come
 * before it or behind it. So raised SMIs are remembered for a while, and so are the intervals.
 */
#ifndef TRACER_CHECK_LOSS_H
#define TRACER_CHECK_LOSS_H

#include "check.h"

#define LOSS_NEEDS 9       /* bits of enum check_need */
#define LOSS_INTERVALS 64
#define LOSS_RAISED 64
#define LOSS_WAITING 16

struct loss_interval {
	int64_t from, until;
	unsigned needs;
};

/* A zeroed one is a fresh one. */
struct loss {
	int64_t first_ns;              /* of the recording */
	unsigned needs;                /* all that was ever taken away */
	char why[LOSS_NEEDS][64];      /* by what, the first time */
	unsigned intervals;            /* when they are too many, the last one is widened */
	struct loss_interval interval[LOSS_INTERVALS];
	unsigned raised;               /* SMIs raised so far; the last ones: */
	struct {
		int64_t ns;
		int cpu;               /* CPU_UNKNOWN = every one, or it is not known which */
	} raise[LOSS_RAISED];
	unsigned waited;               /* blind intervals of CPUs for which none was raised inside; the last ones: */
	struct event waiting[LOSS_WAITING];
};

/* Every event passes here, model and scene being those before it. */
void loss_event(struct loss *l, const struct check_input *in);

/* Was one of @needs missing at some time in @from .. @until? */
bool loss_overlaps(const struct loss *l, unsigned needs, int64_t from, int64_t until);

/* What took away one of @needs; NULL = nothing did. */
const char *loss_why(const struct loss *l, unsigned needs);

#endif
