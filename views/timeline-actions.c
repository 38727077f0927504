/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "timeline-state.h"

#include <stdio.h>
#include <string.h>

#include "../gdbproto/safe-text.h"

static int do_quit(struct timeline *t, struct error *err)
{
	(void)err;
	t->done = true;
	return 0;
}

static int do_help(struct timeline *t, struct error *err)
{
	(void)err;
	t->page = PAGE_HELP;
	return 0;
}

static int do_verdict(struct timeline *t, struct error *err)
{
	(void)err;
	t->page = PAGE_VERDICT;
	return 0;
}

static int do_next_broken(struct timeline *t, struct error *err)
{
	return timeline_go_broken(t, false, err);
}

static int do_prev_broken(struct timeline *t, struct error *err)
{
	return timeline_go_broken(t, true, err);
}

static int do_left(struct timeline *t, struct error *err)
{
	return timeline_step(t, -1, err);
}

static int do_right(struct timeline *t, struct error *err)
{
	return timeline_step(t, 1, err);
}

static int step_row(struct timeline *t, int by, struct error *err)
{
	struct seek any = timeline_any_seek(t);

	if (t->focus_list && t->show_detail) {
		timeline_next_link(t, by);
		return 0;
	}
	if (t->focus_list && t->chosen.id)
		t->cursor_ns = t->chosen.ev.ts;
	if (t->focus_list)
		return timeline_go(t, &any, by < 0, true,
				   by < 0 ? "that is the first event" : "that is the last event", err);
	if (t->lane + by < 0 || t->lane + by >= t->lanes.lanes)
		return 0;
	t->lane += by;
	return timeline_choose_nearest(t, err);
}

static int do_up(struct timeline *t, struct error *err)
{
	return step_row(t, -1, err);
}

static int do_down(struct timeline *t, struct error *err)
{
	return step_row(t, 1, err);
}

static int do_zoom_in(struct timeline *t, struct error *err)
{
	(void)err;
	return timeline_zoom(t, 1, 2);
}

static int do_zoom_out(struct timeline *t, struct error *err)
{
	(void)err;
	return timeline_zoom(t, 2, 1);
}

static int do_pan_left(struct timeline *t, struct error *err)
{
	return timeline_pan(t, -t->scale.span / 4, err);
}

static int do_pan_right(struct timeline *t, struct error *err)
{
	return timeline_pan(t, t->scale.span / 4, err);
}

/* The detail by what it shows of it, less a row, while it has the keys; else the window. */
static int turn_page(struct timeline *t, int by, struct error *err)
{
	if (!t->show_detail || !t->focus_list)
		return timeline_pan(t, by * t->scale.span, err);
	timeline_scroll_detail(t, by * (t->layout.pane_rows - 2));
	return 0;
}

static int do_page(struct timeline *t, struct error *err)
{
	return turn_page(t, 1, err);
}

static int do_page_back(struct timeline *t, struct error *err)
{
	return turn_page(t, -1, err);
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
	struct seek any = timeline_any_seek(t);
	struct picture_event found;
	int got = seek_event(t->reader, &any, last ? INT64_MAX : INT64_MIN, 0, last, &found, err);

	if (got > 0)
		timeline_choose(t, &found, true);
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
	struct seek lane = timeline_lane_seek(t);

	return timeline_go(t, &lane, false, false, "no later event in this lane", err);
}

static int do_prev_event(struct timeline *t, struct error *err)
{
	struct seek lane = timeline_lane_seek(t);

	return timeline_go(t, &lane, true, false, "no earlier event in this lane", err);
}

static int go_to_mark(struct timeline *t, bool backwards, struct error *err)
{
	struct seek marks = timeline_any_seek(t);

	marks.interest = true;
	return timeline_go(t, &marks, backwards, true, backwards ? "no earlier mark" : "no later mark", err);
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
	if (*t->search.text)
		return timeline_search(t, backwards, err);
	snprintf(t->message, sizeof(t->message), "nothing to search for yet: / asks for it");
	return 0;
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
	if (!t->chosen.id && timeline_choose_any(t, err) < 0)
		return -1;
	t->show_detail = !t->show_detail && t->chosen.id;
	t->pane.top = 0;
	return 0;
}

static int do_pause(struct timeline *t, struct error *err)
{
	(void)err;
	t->frozen = !t->frozen;
	return 0;
}

static int do_mark_a(struct timeline *t, struct error *err)
{
	(void)err;
	return timeline_mark(t, 0);
}

static int do_mark_b(struct timeline *t, struct error *err)
{
	(void)err;
	return timeline_mark(t, 1);
}

static int do_bookmark(struct timeline *t, struct error *err)
{
	(void)err;
	timeline_ask_bookmark(t);
	return 0;
}

static int do_next_bookmark(struct timeline *t, struct error *err)
{
	return timeline_go_bookmark(t, false, err);
}

static int do_prev_bookmark(struct timeline *t, struct error *err)
{
	return timeline_go_bookmark(t, true, err);
}

static int do_ask(struct timeline *t, struct error *err)
{
	(void)err;
	t->prompt = PROMPT_ASK;
	t->input[0] = '\0';
	return 0;
}

static int do_beside(struct timeline *t, struct error *err)
{
	(void)err;
	t->beside = !t->beside;
	if (t->beside && t->cols < PICTURE_BESIDE_COLS)
		snprintf(t->message, sizeof(t->message), "the list stands beside the lanes from %d columns on",
			 PICTURE_BESIDE_COLS);
	return 0;
}

static int do_overview(struct timeline *t, struct error *err)
{
	(void)err;
	t->show_overview = !t->show_overview;
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
	[ACTION_NEXT_BROKEN] = do_next_broken, [ACTION_PREV_BROKEN] = do_prev_broken,
	[ACTION_EPISODE] = timeline_go_episode, [ACTION_VERDICT] = do_verdict,
	[ACTION_SEARCH] = do_search, [ACTION_NEXT_FOUND] = do_next_found, [ACTION_PREV_FOUND] = do_prev_found,
	[ACTION_FILTER] = do_filter, [ACTION_FOCUS] = do_focus, [ACTION_DETAIL] = do_detail,
	[ACTION_ZOOM_TO] = timeline_zoom_to, [ACTION_FOLLOW_LINK] = timeline_follow_link,
	[ACTION_BACK] = timeline_back, [ACTION_MARK_A] = do_mark_a, [ACTION_MARK_B] = do_mark_b,
	[ACTION_BOOKMARK] = do_bookmark, [ACTION_NEXT_BOOKMARK] = do_next_bookmark,
	[ACTION_PREV_BOOKMARK] = do_prev_bookmark, [ACTION_ASK] = do_ask,
	[ACTION_BESIDE] = do_beside, [ACTION_OVERVIEW] = do_overview,
	[ACTION_PAUSE] = do_pause, [ACTION_REDRAW] = do_redraw,
};

/* What was typed into @f; false: it is wrong, and @f as it was. */
static bool take_expression(struct timeline *t, struct filter *f, const struct filter *from)
{
	struct error wrong;

	f->begin_ns = t->feed.first_ns;
	if (filter_parse(f, t->input, from, &wrong) >= 0)
		return true;
	safe_text(t->message, sizeof(t->message), wrong.text, strlen(wrong.text));
	return false;
}

static int take_filter(struct timeline *t, struct error *err)
{
	take_expression(t, &t->filter, &FILTER_DEFAULT);
	if (t->chosen.id && !filter_takes(&t->filter, &t->chosen.ev))
		return timeline_choose_any(t, err);
	return 0;
}

static int take_search(struct timeline *t, struct error *err)
{
	if (t->input[strspn(t->input, " ,")] && !take_expression(t, &t->search, &FILTER_ALL))
		return 0;
	return find(t, false, err);
}

static int take_question(struct timeline *t, struct error *err)
{
	(void)err;
	if (*t->input)
		timeline_ask(t);
	return 0;
}

static int take_input(struct timeline *t, struct error *err)
{
	static int (*const take[])(struct timeline *t, struct error *err) = {
		[PROMPT_SEARCH] = take_search, [PROMPT_FILTER] = take_filter,
		[PROMPT_BOOKMARK] = timeline_keep_bookmark, [PROMPT_ASK] = take_question,
	};
	enum prompt asked = t->prompt;

	t->prompt = PROMPT_NONE;
	return take[asked](t, err);
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
	int rc;

	t->message[0] = '\0';
	timeline_stop_search(t);
	if (key == TERM_MOUSE)
		return timeline_mouse(t, err);
	if (t->prompt != PROMPT_NONE)
		return type(t, key, err);
	if (t->page != PAGE_NONE) {
		t->page_at = a == ACTION_QUIT ? 0 : t->page_next;
		if (!t->page_at)
			t->page = PAGE_NONE;
		return 0;
	}
	rc = a == ACTION_COUNT ? 0 : action[a](t, err);
	timeline_leave_broken(t);
	return rc;
}
