/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two recordings compared as a firmware developer would: each CPU's sequence for itself (diff-word.h says
 * what a word of it is), each episode with its namesake (kind, CPU, n-th of them), broken rules, settings,
 * the verdict. The order between CPUs, times, addresses and the number of polls do not matter.
 */
#ifndef DB_DIFF_H
#define DB_DIFF_H

#include "diff-side.h"

enum { DIFF_GOOD, DIFF_BAD, DIFF_SIDES };

/* Lines [from, to) of the one side in place of those of the other. */
struct diff_change {
	size_t from[DIFF_SIDES], to[DIFF_SIDES];
};

struct diff_lane {
	int cpu;                       /* or CPU_UNKNOWN */
	const struct lane *lane[DIFF_SIDES];
	size_t changes;                /* 0 = the same */
	struct diff_change *change;    /* in order */
};

/* An episode and its namesake; NULL where there is none. */
struct diff_episode {
	enum episode_kind kind;
	int cpu;
	unsigned nth;                  /* of that kind and CPU, from 1 */
	const struct episode *ep[DIFF_SIDES];
	bool same;
};

struct diff {
	struct words *words;
	struct diff_side *side[DIFF_SIDES];
	struct diff_lane *lane;        /* those in which something happened, on either side */
	size_t lanes;
	struct diff_episode *episode;
	size_t episodes;
	bool same;                     /* in everything that is compared */
	bool cut;                      /* some lane was too long to be kept whole: what is behind was not compared */
	int first;                     /* the lane that differs first, -1 = none */
};

/* NULL on failure: ERR_USAGE a path, ERR_CORRUPT a file. */
struct diff *diff_open(const char *good, const char *bad, struct error *err);

/* The same, with lanes of those events that @filter takes (NULL = all); what was concluded is compared whole. */
struct diff *diff_open_filtered(const char *good, const char *bad, const struct filter *filter,
				struct error *err);
void diff_free(struct diff *d);

/* Has a step been reached in an episode? NULL has none. */
bool diff_reached(const struct episode *ep, enum flow_step step);

/* How often @number was broken on @side. */
uint64_t diff_broken(const struct diff *d, int side, unsigned number);

/* The first violation of @number on @side, NULL = none. */
const struct violation *diff_violation(const struct diff *d, int side, unsigned number);

/* Does that setting differ? Known on both sides, then. */
bool diff_setting(const struct diff *d, enum config_reg reg, char out[DIFF_SIDES][32]);

#endif
