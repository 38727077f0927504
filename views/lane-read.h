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

/* What lanes were filled with last; all zero = nothing. */
struct lanes_shown {
	struct feed_view view;
	bool sampled; /* columns were, see feed_lanes() */
};

/*
 * Fill @l with what @scale shows of the lanes that a group of @y shows from @top on. They are cleared and read
 * anew when the window, the filter or the recording is another one than in @shown: most keys leave them as they
 * are. 0 or negative.
 */
int lanes_read(struct lanes *l, struct lanes_shown *shown, const struct lane_source *from,
	       const struct scale *scale, const struct group_rows *y, int top, bool utf8, struct error *err);

#endif
