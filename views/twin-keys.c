/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "twin-state.h"

#include <stdio.h>

const struct key_page key_page_twin = {
	.screen = "two runs",
	.mouse = "mouse: click chooses, wheel zooms",
	.signs = {
		"on the rulers: | both runs are aligned here, D they differ; D at a CPU: it is told below",
		"on the rulers: \xe2\x95\x91 both runs are aligned here, \xe2\x89\xa0 they differ; "
		"\xe2\x89\xa0 at a CPU: it is told below",
	},
	.text = {
		[ACTION_QUIT] = "leave", [ACTION_HELP] = "this help",
		[ACTION_LEFT] = "cursor to the left", [ACTION_RIGHT] = "cursor to the right",
		[ACTION_UP] = "lane above", [ACTION_DOWN] = "lane below",
		[ACTION_ZOOM_IN] = "zoom in at the cursor", [ACTION_ZOOM_OUT] = "zoom out at the cursor",
		[ACTION_PAN_LEFT] = "a quarter window back", [ACTION_PAN_RIGHT] = "a quarter window on",
		[ACTION_PAGE] = "a page on, of fields too", [ACTION_PAGE_BACK] = "a page back",
		[ACTION_FIT] = "both recordings as a whole", [ACTION_ZOOM_TO] = "zoom to the difference",
		[ACTION_START] = "to the run's first event", [ACTION_END] = "to the run's last event",
		[ACTION_NEXT_EVENT] = "next event in the lane",
		[ACTION_PREV_EVENT] = "previous event in the lane",
		[ACTION_NEXT_MARK] = "next SMBASE, INIT, reset..",
		[ACTION_PREV_MARK] = "previous one of those",
		[ACTION_EPISODE] = "next relocation of both", [ACTION_VERDICT] = "all that differs, as text",
		[ACTION_NEXT_FOUND] = "next difference", [ACTION_PREV_FOUND] = "previous difference",
		[ACTION_FOCUS] = "the other run", [ACTION_DETAIL] = "all fields, and back",
		[ACTION_REDRAW] = "draw the screen anew",
	},
};

static int do_quit(struct twin *t, struct error *err)
{
	(void)err;
	t->done = true;
	return 0;
}

static int do_help(struct twin *t, struct error *err)
{
	(void)err;
	t->page = TWIN_PAGE_HELP;
	return 0;
}

static int do_text(struct twin *t, struct error *err)
{
	(void)err;
	t->page = TWIN_PAGE_TEXT;
	return 0;
}

static int step(struct twin *t, int by, struct error *err)
{
	t->cursor_ns = scale_step(&t->scale, t->cursor_ns, by);
	return twin_choose_nearest(t, err);
}

static int do_left(struct twin *t, struct error *err)
{
	return step(t, -1, err);
}

static int do_right(struct twin *t, struct error *err)
{
	return step(t, 1, err);
}

static int change_lane(struct twin *t, int by, struct error *err)
{
	if (t->lane + by < 0 || t->lane + by >= twin_lanes(t))
		return 0;
	t->lane += by;
	return twin_choose_nearest(t, err);
}

static int do_up(struct twin *t, struct error *err)
{
	return change_lane(t, -1, err);
}

static int do_down(struct twin *t, struct error *err)
{
	return change_lane(t, 1, err);
}

static int do_zoom_in(struct twin *t, struct error *err)
{
	(void)err;
	scale_zoom_at(&t->scale, t->cursor_ns, 1, 2);
	return 0;
}

static int do_zoom_out(struct twin *t, struct error *err)
{
	(void)err;
	scale_zoom_at(&t->scale, t->cursor_ns, 2, 1);
	return 0;
}

static int pan(struct twin *t, int64_t by, struct error *err)
{
	t->cursor_ns = scale_pan(&t->scale, t->cursor_ns, by);
	return twin_choose_nearest(t, err);
}

static int do_pan_left(struct twin *t, struct error *err)
{
	return pan(t, -t->scale.span / 4, err);
}

static int do_pan_right(struct twin *t, struct error *err)
{
	return pan(t, t->scale.span / 4, err);
}

/* The detail by what it shows of it, less a row, while there is one; else the window. */
static int page(struct twin *t, int by, struct error *err)
{
	if (!t->show_detail)
		return pan(t, by * t->scale.span, err);
	t->pane.top += by * (t->layout.pane_end - t->layout.pane_row - 2);
	return 0;
}

static int do_page(struct twin *t, struct error *err)
{
	return page(t, 1, err);
}

static int do_page_back(struct twin *t, struct error *err)
{
	return page(t, -1, err);
}

static int do_fit(struct twin *t, struct error *err)
{
	(void)err;
	twin_fit(t);
	return 0;
}

static int go_lane(struct twin *t, bool backwards, struct error *err)
{
	struct seek lane = { .filter = &twin_focus(t)->filter, .cpu = t->lane - 1 };

	return twin_go(t, &lane, backwards,
		       backwards ? "no earlier event in this lane" : "no later event in this lane", err);
}

static int do_next_event(struct twin *t, struct error *err)
{
	return go_lane(t, false, err);
}

static int do_prev_event(struct twin *t, struct error *err)
{
	return go_lane(t, true, err);
}

static int go_mark(struct twin *t, bool backwards, struct error *err)
{
	struct seek marks = { .filter = &twin_focus(t)->filter, .cpu = READER_ANY_CPU, .interest = true };

	return twin_go(t, &marks, backwards, backwards ? "no earlier mark" : "no later mark", err);
}

static int do_next_mark(struct twin *t, struct error *err)
{
	return go_mark(t, false, err);
}

static int do_prev_mark(struct twin *t, struct error *err)
{
	return go_mark(t, true, err);
}

static int to_edge(struct twin *t, bool last, struct error *err)
{
	const struct feed *f = &twin_focus(t)->feed;

	twin_go_to(t, last ? f->now_ns : f->first_ns);
	return twin_choose_nearest(t, err);
}

static int do_start(struct twin *t, struct error *err)
{
	return to_edge(t, false, err);
}

static int do_end(struct twin *t, struct error *err)
{
	return to_edge(t, true, err);
}

static int go_spot(struct twin *t, int by, struct error *err)
{
	size_t at = t->spot ? (size_t)(t->spot - t->spots.spot) : 0;

	if (!t->spots.n)
		snprintf(t->message, sizeof(t->message), "no difference in what the CPUs did");
	else if (by < 0 && !at)
		snprintf(t->message, sizeof(t->message), "that is the first difference");
	else if (by > 0 && at + 1 == t->spots.n)
		snprintf(t->message, sizeof(t->message), "that is the last difference%s",
			 at + 1 == t->spots.all ? "" : " that is kept");
	else
		return twin_show_spot(t, by < 0 ? at - 1 : at + 1, false, err);
	return 0;
}

static int do_next_spot(struct twin *t, struct error *err)
{
	return go_spot(t, 1, err);
}

static int do_prev_spot(struct twin *t, struct error *err)
{
	return go_spot(t, -1, err);
}

static int do_zoom_to(struct twin *t, struct error *err)
{
	if (t->spot)
		return twin_show_spot(t, (size_t)(t->spot - t->spots.spot), true, err);
	snprintf(t->message, sizeof(t->message), "no difference to zoom to");
	return 0;
}

static int do_focus(struct twin *t, struct error *err)
{
	t->focus = !t->focus;
	return twin_choose_nearest(t, err);
}

static int do_detail(struct twin *t, struct error *err)
{
	(void)err;
	t->show_detail = !t->show_detail && t->chosen.id;
	t->pane.top = 0;
	return 0;
}

static int do_redraw(struct twin *t, struct error *err)
{
	(void)t;
	(void)err;
	term_redraw();
	return 0;
}

static int (*const action[ACTION_COUNT])(struct twin *t, struct error *err) = {
	[ACTION_QUIT] = do_quit, [ACTION_HELP] = do_help, [ACTION_LEFT] = do_left, [ACTION_RIGHT] = do_right,
	[ACTION_UP] = do_up, [ACTION_DOWN] = do_down,
	[ACTION_ZOOM_IN] = do_zoom_in, [ACTION_ZOOM_OUT] = do_zoom_out,
	[ACTION_PAN_LEFT] = do_pan_left, [ACTION_PAN_RIGHT] = do_pan_right,
	[ACTION_PAGE] = do_page, [ACTION_PAGE_BACK] = do_page_back,
	[ACTION_FIT] = do_fit, [ACTION_ZOOM_TO] = do_zoom_to,
	[ACTION_START] = do_start, [ACTION_END] = do_end,
	[ACTION_NEXT_EVENT] = do_next_event, [ACTION_PREV_EVENT] = do_prev_event,
	[ACTION_NEXT_MARK] = do_next_mark, [ACTION_PREV_MARK] = do_prev_mark,
	[ACTION_NEXT_FOUND] = do_next_spot, [ACTION_PREV_FOUND] = do_prev_spot,
	[ACTION_EPISODE] = twin_next_episode, [ACTION_VERDICT] = do_text,
	[ACTION_FOCUS] = do_focus, [ACTION_DETAIL] = do_detail, [ACTION_REDRAW] = do_redraw,
};

/* A click chooses run, lane and time; the wheel zooms where it is. */
static int mouse(struct twin *t, struct error *err)
{
	struct term_mouse m = term_mouse();
	int col = m.col - GROUP_GUTTER, side = m.row >= t->layout.group[DIFF_BAD].axis, lane;
	const struct twin_side *s = &t->side[side];

	if (m.row < 1 || m.row >= t->layout.pane_row || col < 0 || col >= t->scale.width)
		return 0;
	if (m.button != TERM_CLICK) {
		scale_zoom_at(&t->scale, scale_middle(&t->scale, col), m.button == TERM_WHEEL_UP ? 1 : 2,
			      m.button == TERM_WHEEL_UP ? 2 : 1);
		return 0;
	}
	t->focus = side;
	lane = group_lane_at(&t->layout.group[side], s->top_lane, s->lanes.lanes, m.row);
	t->lane = lane < 0 ? t->lane : lane;
	t->cursor_ns = scale_middle(&t->scale, col);
	return twin_choose_nearest(t, err);
}

int twin_key(struct twin *t, int key, struct error *err)
{
	enum key_action a = key_action(key);

	t->message[0] = '\0';
	if (t->page != TWIN_PAGE_NONE) {
		t->page_at = a == ACTION_QUIT ? 0 : t->page_next;
		if (!t->page_at)
			t->page = TWIN_PAGE_NONE;
		return 0;
	}
	if (key == TERM_MOUSE)
		return mouse(t, err);
	return a == ACTION_COUNT || !action[a] ? 0 : action[a](t, err);
}
