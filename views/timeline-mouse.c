/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "timeline-state.h"

/* Where a lane is: the one at @row, or -1. */
static int lane_at(const struct timeline *t, int row)
{
	const struct layout *y = &t->layout;
	int line = row - y->lanes_row;
	int lane = y->tall ? (line + 1) / 2 : t->top_lane + line;

	return line < 0 || lane >= t->lanes.lanes || lane >= t->top_lane + y->lanes ? -1 : lane;
}

static int64_t time_at(const struct scale *s, int col)
{
	col = col < 0 ? 0 : col >= s->width ? s->width - 1 : col;
	return scale_start(s, col) + s->span / s->width / 2;
}

static int click_list(struct timeline *t, int row, struct error *err)
{
	int first = t->layout.pane_row + 1, rows = t->layout.pane_end - first, top = t->chosen_at - rows / 2;

	if (t->show_detail)
		return timeline_click_detail(t, row, err);
	if (t->broken.id || bookmarks_at(&t->bookmarks, t->cursor_ns))
		return 0;
	top = top > t->listed - rows ? t->listed - rows : top;
	top = (top < 0 ? 0 : top) + row - first;
	if (row >= first && top < t->listed)
		timeline_choose(t, &t->list[top], true);
	t->focus_list = row >= first;
	return 0;
}

static int click(struct timeline *t, const struct term_mouse *m, struct error *err)
{
	const struct layout *y = &t->layout;
	int lane = lane_at(t, m->row);

	if (y->overview_row && m->row == y->overview_row && t->overview.whole.width) {
		t->cursor_ns = time_at(&t->overview.whole, m->col - PICTURE_GUTTER);
		timeline_show(t, t->cursor_ns, 0);
		return timeline_choose_nearest(t, err);
	}
	if (m->col >= y->pane_col && m->row >= y->pane_row && m->row < y->pane_end)
		return click_list(t, m->row, err);
	if (m->row < 1 || m->row >= y->pane_end)
		return 0;
	t->focus_list = false;
	t->lane = lane < 0 ? t->lane : lane;
	t->cursor_ns = time_at(&t->scale, m->col - PICTURE_GUTTER);
	return timeline_choose_nearest(t, err);
}

/* The wheel zooms where the pointer is; over the axis and the overview it pans, over the list it goes through it. */
static int wheel(struct timeline *t, const struct term_mouse *m, struct error *err)
{
	bool closer = m->button == TERM_WHEEL_UP;

	if (m->row < t->layout.lanes_row || (t->layout.overview_row && m->row == t->layout.overview_row))
		return timeline_pan(t, (closer ? -1 : 1) * (t->scale.span / 8), err);
	if (m->col >= t->layout.pane_col && m->row >= t->layout.pane_row && t->show_detail) {
		timeline_scroll_detail(t, closer ? -3 : 3);
		return 0;
	}
	if (m->col >= t->layout.pane_col && m->row >= t->layout.pane_row)
		return timeline_go(t, &(struct seek){ .filter = &t->filter, .cpu = READER_ANY_CPU }, closer, true,
				   closer ? "that is the first event" : "that is the last event", err);
	t->cursor_ns = time_at(&t->scale, m->col - PICTURE_GUTTER);
	timeline_zoom(t, closer ? 1 : 2, closer ? 2 : 1);
	return timeline_choose_nearest(t, err);
}

int timeline_mouse(struct timeline *t, struct error *err)
{
	struct term_mouse m = term_mouse();

	if (m.row >= t->rows - 1 || t->prompt != PROMPT_NONE || t->page != PAGE_NONE)
		return 0;
	return m.button == TERM_CLICK ? click(t, &m, err) : wheel(t, &m, err);
}
