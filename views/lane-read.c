/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lane-read.h"

int lanes_read(struct lanes *l, struct lanes_shown *shown, const struct lane_source *from,
	       const struct scale *scale, const struct group_rows *y, int top, bool utf8, struct error *err)
{
	struct feed_view want = {
		.scale = *scale, .filter = *from->filter, .edition = from->feed->edition,
		.first = top > 1 ? top - 1 : 0, .last = top + y->lanes - 2,
	};
	int got;

	if (feed_same_view(&shown->view, &want))
		return 0;
	shown->view.edition = 0;
	if (!lanes_init(l, (int)from->feed->cpus.cpus + 1, scale, utf8))
		return fail(err, ERR_USAGE, "no memory for the timeline");
	l->end_ns = from->feed->now_ns;
	got = feed_lanes(from->feed, l, from->filter, want.first, want.last, err);
	shown->sampled = got > 0;
	if (got >= 0)
		got = insight_mark(from->insight, from->feed->reader, l, err);
	if (got >= 0)
		shown->view = want;
	return got < 0 ? got : 0;
}
