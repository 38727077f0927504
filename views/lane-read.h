/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a recording into the lanes of a group: states, marks, steps of episodes, broken rules. */
#ifndef VIEWS_LANE_READ_H
#define VIEWS_LANE_READ_H

#include "feed.h"
#include "insight.h"
#include "lane-group.h"

struct lane_source {
	const struct feed *feed;
	const struct insight *insight;
	const struct filter *filter;
};

/*
 * Fill @l, which is cleared first, with what @scale shows of the lanes that a group of @y shows from @top on.
 * 1 when columns were sampled, 0 when all was read, negative on failure.
 */
int lanes_read(struct lanes *l, const struct lane_source *from, const struct scale *scale,
	       const struct group_rows *y, int top, bool utf8, struct error *err);

#endif
