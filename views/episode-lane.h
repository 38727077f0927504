/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The lane of the episodes: one row in which a relocation's steps stand at their
 * times, with names where there is room:
 *
 *   plug 1   |added--|gpe--|smi|(b)---|(c)--|(d) entry--STUCK . . .
 *
 * Pure. The episode that is shown is the one at the cursor; others stand beside it
 * as far as they do not overlap with it.
 */
#ifndef VIEWS_EPISODE_LANE_H
#define VIEWS_EPISODE_LANE_H

#include "canvas.h"
#include "insight.h"
#include "scale.h"

struct episode_lane {
	const struct insight *insight;
	const struct insight_episode *chosen; /* NULL = nothing to draw */
	struct scale scale;
	int64_t now_ns; /* how far what is not over goes */
	bool utf8;
};

/* Into row @row of @c, name at column 1, time from column @col on. */
void episode_lane_draw(const struct episode_lane *l, struct canvas *c, int row, int col);

#endif
