/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The differences of all CPUs in one order, that in which they come to light in BAD, each with its moments in
 * both recordings.
 */
#ifndef DB_DIFF_SPOT_H
#define DB_DIFF_SPOT_H

#include "diff.h"

#define DIFF_SPOTS 10000 /* kept, the first ones; of each lane too */

struct diff_moment {
	int64_t ts_ns;
	int64_t id; /* of the event there; 0 = there is none */
};

struct diff_spot {
	size_t lane, change;
	/* The first event that only this side has; without one, the last that both have, or the beginning. */
	struct diff_moment at[DIFF_SIDES];
	/* The last one that both have before it, and have once: id 0 = none, it is the beginning. */
	struct diff_moment common[DIFF_SIDES];
	uint32_t word; /* which that is; 0 = none */
};

/* Owned by the caller; all zero is empty, diff_spots_free() makes it so again. */
struct diff_spots {
	struct diff_spot *spot;
	size_t n;
	size_t all; /* how many there are; n of them are kept */
};

/* 0, or negative: a recording cannot be read. */
int diff_spots_find(struct diff_spots *s, const struct diff *d, struct error *err);
void diff_spots_free(struct diff_spots *s);

/* The episode in which @spot happens, and its namesake; NULL where not both sides have it. */
const struct diff_episode *diff_spot_episode(const struct diff *d, const struct diff_spot *spot);

/* The lane that differs first, -1 = none does: its first change is the first spot. */
int diff_first(const struct diff *d);

#endif
