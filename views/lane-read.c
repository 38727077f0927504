/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lane-read.h"

int lanes_read(struct lanes *l, const struct lane_source *from, const struct scale *scale,
	       const struct group_rows *y, int top, bool utf8, struct error *err)
{
	int first = top > 0 ? top - 1 : 0, sampled, got;

	if (!lanes_init(l, (int)from->feed->cpus.cpus + 1, scale, utf8))
		return fail(err, ERR_USAGE, "no memory for the timeline");
	l->end_ns = from->feed->now_ns;
	sampled = feed_lanes(from->feed, l, from->filter, first, top + y->lanes - 2, err);
	if (sampled < 0)
		return sampled;
	got = insight_mark(from->insight, from->feed->reader, l, err);
	return got < 0 ? got : sampled;
}
