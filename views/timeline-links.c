/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "timeline-state.h"

#include <stdio.h>
#include <string.h>

int timeline_read_links(struct timeline *t, struct error *err)
{
	int64_t of = t->broken.id ? -t->broken.id : t->chosen.id;

	if (of == t->links_of && t->links.count) /* without any there may be some by now: it is still recorded */
		return 0;
	if (of != t->links_of)
		t->link = t->pane.top = 0;
	t->links_of = of;
	t->links.count = 0;
	if (t->broken.id)
		return links_of_violation(&t->links, t->reader, &t->broken, err);
	return t->chosen.id ? links_of_event(&t->links, t->reader, &t->feed.cpus, &t->chosen, err) : 0;
}

static int pane_cols(const struct timeline *t)
{
	return t->layout.cols - t->layout.pane_col;
}

void timeline_scroll_detail(struct timeline *t, int rows)
{
	t->pane.top = detail_pane_top(&t->pane, t->pane.top + rows, t->layout.pane_rows - 1, pane_cols(t));
}

void timeline_next_link(struct timeline *t, int by)
{
	int line = t->detail.first_link + t->link;
	int seen = detail_pane_reveal(&t->pane, line, t->layout.pane_rows - 1, pane_cols(t));

	if (t->link + by < 0 || t->link + by >= t->links.count || seen != t->pane.top) {
		timeline_scroll_detail(t, by);
		return;
	}
	t->link += by;
	t->pane.top = detail_pane_reveal(&t->pane, line + by, t->layout.pane_rows - 1, pane_cols(t));
}

int timeline_click_detail(struct timeline *t, int row, struct error *err)
{
	int line = detail_pane_line_at(&t->pane, row - t->layout.pane_row - 1, pane_cols(t));
	int link = line - t->detail.first_link;

	if (link < 0 || link >= t->links.count)
		return 0;
	t->link = link;
	return timeline_follow_link(t, err);
}

static void push(struct timeline *t)
{
	if (t->backs == TIMELINE_BACK)
		memmove(t->back, t->back + 1, sizeof(t->back[0]) * (size_t)--t->backs);
	t->back[t->backs++] = t->chosen;
}

int timeline_follow_link(struct timeline *t, struct error *err)
{
	if (timeline_read_links(t, err) < 0)
		return -1;
	if (!t->links.count) {
		snprintf(t->message, sizeof(t->message), "no cause or effect of this one is known");
		return 0;
	}
	if (t->chosen.id)
		push(t);
	snprintf(t->message, sizeof(t->message), "%s", t->links.at[t->link].why);
	t->broken.id = 0;
	timeline_choose(t, &t->links.at[t->link].to, true);
	return 0;
}

int timeline_back(struct timeline *t, struct error *err)
{
	(void)err;
	if (!t->backs) {
		snprintf(t->message, sizeof(t->message), "nowhere to go back to");
		return 0;
	}
	t->broken.id = 0;
	timeline_choose(t, &t->back[--t->backs], true);
	return 0;
}
