/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Events on their way to the judge: held for a while, so that what several sources saw comes out in the order
 * of time, and completed by what follows from order alone: an SMI that ended unseen gets its end, one that
 * began unseen its beginning, a write to 0xb2 by nobody the CPU whose saved state shows it.
 *
 * Live (pipeline.h) and for recordings made elsewhere. Owned by one thread. How long events are held is
 * the caller's business.
 */
#ifndef TRACER_ARRANGE_H
#define TRACER_ARRANGE_H

#include "judge.h"

#define ARRANGE_MAX_RAW (64u << 20) /* bytes of what events were made of; what is over it is dropped (raw.h) */

struct arrange;

/* @j is not owned. NULL on no memory. */
struct arrange *arrange_new(struct judge *j);
void arrange_free(struct arrange *a);

/* Keep @ev in its place; equal times keep the order of arrival. False on no memory: it is not kept. */
bool arrange_hold(struct arrange *a, const struct event *ev);

/*
 * The same with what it was made of: @raw is of raw_keep(arrange_raws()), which any thread may call, and taken
 * over, also when the event is not kept.
 */
bool arrange_hold_raw(struct arrange *a, const struct event *ev, struct raw *raw);
struct raw_room *arrange_raws(struct arrange *a);

/* Hand out what is not later than @until. Negative, from then on always, when a sink has failed. */
int arrange_deliver(struct arrange *a, int64_t until, struct error *err);

/* Hand out the oldest, until no more than @most are held. */
int arrange_trim(struct arrange *a, size_t most, struct error *err);

#endif
