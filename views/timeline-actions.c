/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "timeline-state.h"

#include <stdio.h>
#include <string.h>

#include "../gdbproto/safe-text.h"

static void set_scale(struct timeline *t, int64_t from, int64_t span)
{
	if (span < SCALE_MIN_SPAN)
		span = SCALE_MIN_SPAN;
	if (span > SCALE_MAX_SPAN)
		span = SCALE_MAX_SPAN;
	t->scale.span = span < t->scale.width ? t->scale.width : span;
	t->scale.from = time_clamp(from);
}

void timeline_fit(struct timeline *t)
{
	int64_t span = ns_between(t->feed.first_ns, t->feed.now_ns);

	set_scale(t, t->feed.first_ns - span / 100, span + span / 50 + 1000);
}

void timeline_show_end(struct timeline *t)
{
	set_scale(t, t->feed.now_ns - t->scale.span / 20 * 19, t->scale.span);
}

static int64_t middle_of_column(const struct timeline *t, int col)
{
	return scale_start(&t->scale, col) + t->scale.span / t->scale.width / 2;
}

static struct seek lane_seek(const struct timeline *t)
{
	return (struct seek){ .filter = &t->filter, .cpu = t->lane - 1 };
}

static struct seek any_seek(const struct timeline *t)
{
	return (struct seek){ .filter = &t->filter, .cpu = READER_ANY_CPU };
}

/* The cursor went somewhere by hand: choose the event of this lane that is nearest. */
static int choose_nearest(struct timeline *t, struct error *err)
{
	struct seek what = lane_seek(t);
	struct picture_event found;
	int got = seek_nearest(t->reader, &what, t->cursor_ns, &found, err);

	if (got > 0)
		t->chosen = found;
	t->follow = false;
	return got < 0 ? got : 0;
}

/* The chosen event is hidden now: choose the nearest of all lanes; the cursor stays. */
static int choose_any(struct timeline *t, struct error *err)
{
	struct seek what = any_seek(t);
	int got = seek_nearest(t->reader, &what, t->cursor_ns, &t->chosen, err);

	if (got == 0)
		t->chosen.id = 0;
	return got < 0 ? got : 0;
}

/* The cursor goes to an event: show it. */
static void choose(struct timeline *t, const struct picture_event *e, bool change_lane)
{
	int col;

	t->chosen = *e;
	t->cursor_ns = e->ev.ts;
	t->follow = false;
	if (change_lane && lane_of_cpu(e->ev.cpu) < t->lanes.lanes)
		t->lane = lane_of_cpu(e->ev.cpu);
	col = scale_column(&t->scale, t->cursor_ns);
	if (col < 0 || col >= t->scale.width)
		set_scale(t, ns_between(t->scale.span / 2, t->cursor_ns), t->scale.span);
}

static int go(struct timeline *t, const struct seek *what, bool backwards, bool change_lane, const char *none,
	      struct error *err)
{
	struct picture_event found;
	bool here = t->chosen.id && t->chosen.ev.ts == t->cursor_ns;
	int got = seek_event(t->reader, what, t->cursor_ns, here ? t->chosen.id : 0, backwards, &found, err);

	if (got > 0)
		choose(t, &found, change_lane);
	else if (got == 0)
		snprintf(t->message, sizeof(t->message), "%s", none);
	return got < 0 ? got : 0;
}

static int do_quit(struct timeline *t, struct error *err)
{
	(void)err;
	t->done = true;
	return 0;
}

static int do_help(struct timeline *t, struct error *err)
{
	(void)err;
	t->help = true;
	return 0;
}

static int move_cursor(struct timeline *t, int by, struct error *err)
{
	int col = scale_column(&t->scale, t->cursor_ns) + by;

	if (col < 0 || col >= t->scale.width) {
		int64_t step = t->scale.span / 4;

		if (col + by < -1 || col - by > t->scale.width) /* it was out of sight */
			col = by < 0 ? t->scale.width - 1 : 0;
		else
			set_scale(t, t->scale.from + (by < 0 ? -step : step), t->scale.span);
		col = by < 0 ? scale_column(&t->scale, t->cursor_ns) - 1 : scale_column(&t->scale, t->cursor_ns) + 1;
	}
	t->cursor_ns = middle_of_column(t, col < 0 ? 0 : col >= t->scale.width ? t->scale.width - 1 : col);
	return choose_nearest(t, err);
}

static int do_left(struct timeline *t, struct error *err)
{
	return move_cursor(t, -1, err);
}

static int do_right(struct timeline *t, struct error *err)
{
	return move_cursor(t, 1, err);
}

static int step_row(struct timeline *t, int by, struct error *err)
{
	struct seek any = any_seek(t);

	if (t->focus_list)
		return go(t, &any, by < 0, true, by < 0 ? "that is the first event" : "that is the last event", err);
	if (t->lane + by < 0 || t->lane + by >= t->lanes.lanes)
		return 0;
	t->lane += by;
	return choose_nearest(t, err);
}

static int do_up(struct timeline *t, struct error *err)
{
	return step_row(t, -1, err);
}

static int do_down(struct timeline *t, struct error *err)
{
	return step_row(t, 1, err);
}

static int zoom(struct timeline *t, int num, int den)
{
	int col = scale_column(&t->scale, t->cursor_ns);
	bool seen = col >= 0 && col < t->scale.width;
	int64_t around = seen ? t->cursor_ns : t->scale.from + t->scale.span / 2;
	struct scale z = scale_zoom(&t->scale, around, num, den);

	set_scale(t, z.from, z.span);
	return 0;
}

static int do_zoom_in(struct timeline *t, struct error *err)
{
	(void)err;
	return zoom(t, 1, 2);
}

static int do_zoom_out(struct timeline *t, struct error *err)
{
	(void)err;
	return zoom(t, 2, 1);
}

/* Move the window; the cursor keeps its column. */
static int pan(struct timeline *t, int64_t by, struct error *err)
{
	int col = scale_column(&t->scale, t->cursor_ns);

	set_scale(t, t->scale.from + by, t->scale.span);
	t->cursor_ns = middle_of_column(t, col < 0 ? 0 : col >= t->scale.width ? t->scale.width - 1 : col);
	return choose_nearest(t, err);
}

static int do_pan_left(struct timeline *t, struct error *err)
{
	return pan(t, -t->scale.span / 4, err);
}

static int do_pan_right(struct timeline *t, struct error *err)
{
	return pan(t, t->scale.span / 4, err);
}

static int do_page(struct timeline *t, struct error *err)
{
	return pan(t, t->scale.span, err);
}

static int do_page_back(struct timeline *t, struct error *err)
{
	return pan(t, -t->scale.span, err);
}

static int do_fit(struct timeline *t, struct error *err)
{
	(void)err;
	t->follow = false;
	timeline_fit(t);
	return 0;
}

static int to_edge(struct timeline *t, bool last, struct error *err)
{
	struct seek any = any_seek(t);
	struct picture_event found;
	int got = seek_event(t->reader, &any, last ? INT64_MAX : INT64_MIN, 0, last, &found, err);

	if (got > 0)
		choose(t, &found, true);
	return got < 0 ? got : 0;
}

static int do_start(struct timeline *t, struct error *err)
{
	return to_edge(t, false, err);
}

static int do_end(struct timeline *t, struct error *err)
{
	return to_edge(t, true, err);
}

static int do_follow(struct timeline *t, struct error *err)
{
	(void)err;
	t->follow = !t->follow;
	if (t->follow) {
		t->frozen = false;
		timeline_show_end(t);
	}
	return 0;
}

static int do_next_event(struct timeline *t, struct error *err)
{
	struct seek lane = lane_seek(t);

	return go(t, &lane, false, false, "no later event in this lane", err);
}

static int do_prev_event(struct timeline *t, struct error *err)
{
	struct seek lane = lane_seek(t);

	return go(t, &lane, true, false, "no earlier event in this lane", err);
}

static int go_to_mark(struct timeline *t, bool backwards, struct error *err)
{
	struct seek marks = any_seek(t);

	marks.interest = true;
	return go(t, &marks, backwards, true, backwards ? "no earlier mark" : "no later mark", err);
}

static int do_next_mark(struct timeline *t, struct error *err)
{
	return go_to_mark(t, false, err);
}

static int do_prev_mark(struct timeline *t, struct error *err)
{
	return go_to_mark(t, true, err);
}

static int do_search(struct timeline *t, struct error *err)
{
	(void)err;
	t->prompt = PROMPT_SEARCH;
	t->input[0] = '\0';
	return 0;
}

static int find(struct timeline *t, bool backwards, struct error *err)
{
	struct seek words = any_seek(t);
	char none[sizeof(t->message)];

	words.words = t->search;
	if (!*t->search) {
		snprintf(t->message, sizeof(t->message), "nothing to search for yet: / asks for it");
		return 0;
	}
	snprintf(none, sizeof(none), "no \"%s\" %s the cursor%s", t->search, backwards ? "before" : "after",
		 *t->filter.text ? " (the filter holds for the search too)" : "");
	return go(t, &words, backwards, true, none, err);
}

static int do_next_found(struct timeline *t, struct error *err)
{
	return find(t, false, err);
}

static int do_prev_found(struct timeline *t, struct error *err)
{
	return find(t, true, err);
}

static int do_filter(struct timeline *t, struct error *err)
{
	(void)err;
	t->prompt = PROMPT_FILTER;
	snprintf(t->input, sizeof(t->input), "%s", t->filter.text);
	return 0;
}

static int do_focus(struct timeline *t, struct error *err)
{
	(void)err;
	t->focus_list = !t->focus_list;
	return 0;
}

static int do_detail(struct timeline *t, struct error *err)
{
	(void)err;
	t->show_detail = !t->show_detail && t->chosen.id;
	return 0;
}

static int do_pause(struct timeline *t, struct error *err)
{
	(void)err;
	t->frozen = !t->frozen;
	return 0;
}

static int do_redraw(struct timeline *t, struct error *err)
{
	(void)t;
	(void)err;
	term_redraw();
	return 0;
}

static int (*const action[ACTION_COUNT])(struct timeline *t, struct error *err) = {
	[ACTION_QUIT] = do_quit, [ACTION_HELP] = do_help,
	[ACTION_LEFT] = do_left, [ACTION_RIGHT] = do_right, [ACTION_UP] = do_up, [ACTION_DOWN] = do_down,
	[ACTION_ZOOM_IN] = do_zoom_in, [ACTION_ZOOM_OUT] = do_zoom_out,
	[ACTION_PAN_LEFT] = do_pan_left, [ACTION_PAN_RIGHT] = do_pan_right,
	[ACTION_PAGE] = do_page, [ACTION_PAGE_BACK] = do_page_back,
	[ACTION_FIT] = do_fit, [ACTION_START] = do_start, [ACTION_END] = do_end, [ACTION_FOLLOW] = do_follow,
	[ACTION_NEXT_EVENT] = do_next_event, [ACTION_PREV_EVENT] = do_prev_event,
	[ACTION_NEXT_MARK] = do_next_mark, [ACTION_PREV_MARK] = do_prev_mark,
	[ACTION_SEARCH] = do_search, [ACTION_NEXT_FOUND] = do_next_found, [ACTION_PREV_FOUND] = do_prev_found,
	[ACTION_FILTER] = do_filter, [ACTION_FOCUS] = do_focus, [ACTION_DETAIL] = do_detail,
	[ACTION_PAUSE] = do_pause, [ACTION_REDRAW] = do_redraw,
};

static int take_input(struct timeline *t, struct error *err)
{
	enum prompt asked = t->prompt;
	struct error wrong;

	t->prompt = PROMPT_NONE;
	if (asked == PROMPT_FILTER && filter_parse(&t->filter, t->input, &wrong) < 0)
		safe_text(t->message, sizeof(t->message), wrong.text, strlen(wrong.text));
	if (asked == PROMPT_FILTER)
		return t->chosen.id && !filter_takes(&t->filter, &t->chosen.ev) ? choose_any(t, err) : 0;
	if (*t->input)
		snprintf(t->search, sizeof(t->search), "%s", t->input);
	return find(t, false, err);
}

static int type(struct timeline *t, int key, struct error *err)
{
	size_t len = strlen(t->input);

	if (key == TERM_ENTER)
		return take_input(t, err);
	if (key == 27)
		t->prompt = PROMPT_NONE;
	else if (key == TERM_BACKSPACE && len)
		t->input[len - 1] = '\0';
	else if (key == TERM_BACKSPACE)
		t->prompt = PROMPT_NONE;
	else if (key == 21) /* Ctrl-U */
		t->input[0] = '\0';
	else if (key >= ' ' && key < 127 && len + 1 < sizeof(t->input)) {
		t->input[len] = (char)key;
		t->input[len + 1] = '\0';
	}
	return 0;
}

int timeline_key(struct timeline *t, int key, struct error *err)
{
	enum key_action a = key_action(key);

	t->message[0] = '\0';
	if (t->prompt != PROMPT_NONE)
		return type(t, key, err);
	if (t->help) {
		t->help = false;
		return 0;
	}
	return a == ACTION_COUNT ? 0 : action[a](t, err);
}
