/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "timeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "term.h"
#include "timeline-state.h"
#include "../gdbproto/safe-text.h"
#include "../tracer/clock.h"

#define PERIOD_MS 100
#define NS_PER_MS INT64_C(1000000)
#define TYPING_NS NS_PER_SEC
#define LIVE_SPAN (10 * NS_PER_SEC) /* how much a fresh live view shows */

static int look_again(struct timeline *t, struct error *err)
{
	const struct reader_summary *sum = reader_summary(t->reader);

	if (feed_prepare(&t->feed, t->reader, known_until(sum), err) < 0 ||
	    insight_read(&t->insight, t->reader, err) < 0)
		return -1;
	t->filter.begin_ns = t->search.begin_ns = t->feed.first_ns;
	if (t->started)
		return 0;
	t->started = sum->events > 0;
	t->follow = t->opt->follow && sum->live;
	t->lane = t->feed.cpus.cpus ? 1 : 0;
	timeline_fit(t);
	if (t->follow && t->scale.span < LIVE_SPAN)
		t->scale.span = LIVE_SPAN;
	t->cursor_ns = t->feed.first_ns;
	return 0;
}

/* While following, the cursor stands on the newest event. */
static int go_with_end(struct timeline *t, struct error *err)
{
	struct seek any = { .filter = &t->filter, .cpu = READER_ANY_CPU };
	int got;

	timeline_show_end(t);
	t->cursor_ns = t->feed.now_ns;
	got = seek_event(t->reader, &any, INT64_MAX, 0, true, &t->chosen, err);
	return got < 0 ? got : 0;
}

static int make_detail(struct timeline *t, struct error *err)
{
	struct detail_links links = { &t->links, t->link };
	struct detail_of of = { .event = &t->chosen, .raw = &t->raw };
	const struct event *ev = &t->chosen.ev;
	struct reader_smi smi;
	int got;

	if (timeline_read_links(t, err) < 0)
		return -1;
	if (t->broken.id) {
		detail_violation(&t->detail, &t->broken, &links, t->feed.first_ns);
		return 0;
	}
	got = detail_smi(t->reader, ev->cpu, ev->ts, ev->ts, &smi, err);
	of.smi = got > 0 ? &smi : NULL;
	if (got >= 0)
		got = reader_raw(t->reader, t->chosen.id, &t->raw, err);
	if (got >= 0)
		detail_write(&t->detail, &of, &links, t->feed.first_ns, t->layout.cols - t->layout.pane_col);
	return got;
}

/* What of it is shown. */
static int place_detail(struct timeline *t, struct error *err)
{
	const struct layout *y = &t->layout;
	int got = make_detail(t, err);

	t->pane.line = t->detail.line;
	t->pane.lines = t->detail.lines;
	t->pane.chosen = t->links.count ? t->detail.first_link + t->link : -1;
	t->pane.top = detail_pane_top(&t->pane, t->pane.top, y->pane_rows - 1, y->cols - y->pane_col);
	return got;
}

/* The first SMI that touches the cursor's column in the chosen lane. */
static int smi_at_cursor(struct timeline *t, struct error *err)
{
	int col = scale_column(&t->scale, t->cursor_ns);

	t->smi.id = 0;
	if (col < 0 || col >= t->scale.width)
		return 0;
	return detail_smi(t->reader, t->lane - 1, scale_start(&t->scale, col),
			  scale_start(&t->scale, col + 1) - 1, &t->smi, err);
}

static void scroll_lanes(struct timeline *t, const struct layout *y)
{
	int lanes = (int)t->feed.cpus.cpus + 1;

	if (t->lane < t->top_lane)
		t->top_lane = t->lane;
	if (t->lane >= t->top_lane + y->lanes)
		t->top_lane = t->lane - y->lanes + 1;
	if (t->top_lane > lanes - y->lanes)
		t->top_lane = lanes - y->lanes;
}

/* Read anew when the window, the filter or the recording is another one: most keys leave them as they are. */
static int fill_lanes(struct timeline *t, const struct layout *y, struct error *err)
{
	struct feed_view want = {
		.scale = t->scale, .filter = t->filter, .edition = t->feed.edition,
		.first = t->top_lane > 1 ? t->top_lane - 1 : 0, .last = t->top_lane + y->lanes - 2,
	};
	int got;

	if (feed_same_view(&t->shown, &want))
		return 0;
	t->shown.edition = 0;
	if (!lanes_init(&t->lanes, (int)t->feed.cpus.cpus + 1, &t->scale, term_utf8()))
		return fail(err, ERR_USAGE, "no memory for the timeline");
	t->lanes.end_ns = t->feed.now_ns;
	got = feed_lanes(&t->feed, &t->lanes, &t->filter, want.first, want.last, err);
	t->sampled = got > 0;
	if (got >= 0)
		got = insight_mark(&t->insight, t->reader, &t->lanes, err);
	if (got >= 0)
		t->shown = want;
	return got;
}

/* Read what the screen is to show. */
static int collect(struct timeline *t, const struct layout *y, struct error *err)
{
	struct seek any = { .filter = &t->filter, .cpu = READER_ANY_CPU };
	int rows = y->pane_rows < LIST_ROWS ? y->pane_rows : LIST_ROWS, got;
	int64_t at = t->chosen.id ? t->chosen.ev.ts : t->cursor_ns;

	scroll_lanes(t, y);
	got = fill_lanes(t, y, err);
	if (got >= 0)
		got = smi_at_cursor(t, err);
	if (got >= 0 && y->overview_row)
		got = overview_read(&t->overview, t->reader, t->feed.first_ns, t->feed.now_ns, t->cols - PICTURE_GUTTER, err);
	if (got < 0)
		return got;
	t->listed = seek_around(t->reader, &any, at, t->chosen.id, rows, t->list, &t->chosen_at, err);
	return t->listed < 0 ? t->listed : t->show_detail ? place_detail(t, err) : 0;
}

static struct picture picture_of(const struct timeline *t, const struct layout *y)
{
	static const char *const prompt[] = {
		[PROMPT_NONE] = NULL, [PROMPT_SEARCH] = "search: ", [PROMPT_FILTER] = "filter: ",
		[PROMPT_BOOKMARK] = "bookmark: ", [PROMPT_ASK] = ":",
	};
	const struct reader_summary *sum = reader_summary(t->reader);

	return (struct picture){
		.utf8 = term_utf8(), .layout = *y, .title = t->title,
		.life = sum->live ? LIFE_LIVE : sum->closed ? LIFE_ENDED : LIFE_NOT_CLOSED,
		.first_ns = t->feed.first_ns, .now_ns = t->feed.now_ns, .paused_ns = sum->paused_ns,
		.smis = sum->smis, .lost = sum->lost, .violations = sum->violations, .cpus = sum->cpus,
		.episode = {
			.insight = &t->insight, .chosen = insight_episode_at(&t->insight, t->cursor_ns),
			.scale = t->scale, .now_ns = t->feed.now_ns, .utf8 = term_utf8(),
		},
		.scale = t->scale, .lanes = &t->lanes, .lane = t->lane, .top_lane = t->top_lane,
		.cursor_ns = t->cursor_ns, .smi = t->smi.id ? &t->smi : NULL, .sampled = t->sampled,
		.overview = &t->overview, .mark = t->mark, .bookmarks = &t->bookmarks,
		.list = t->list, .listed = t->listed, .chosen = t->chosen_at, .focus_list = t->focus_list,
		.finding = t->broken.id ? t->finding : NULL, .alarm = t->status,
		.detail = t->show_detail ? &t->pane : NULL,
		.filter = t->filter.text, .follow = t->follow, .frozen = t->frozen,
		.message = t->message[0] ? t->message : NULL,
		.prompt = prompt[t->prompt],
		.input = t->input,
	};
}

static int draw_timeline(struct timeline *t, struct error *err)
{
	struct layout_want want = { t->show_detail, t->insight.episodes > 0, t->show_overview, t->beside };
	struct layout y = layout_of(t->rows, t->cols, (int)t->feed.cpus.cpus + 1, &want);
	struct picture p;
	int row = -1, col = 0;

	t->layout = y;
	t->scale.width = y.lane_cols - PICTURE_GUTTER;
	if (t->scale.span < t->scale.width)
		t->scale.span = t->scale.width;
	if (collect(t, &y, err) < 0)
		return -1;
	p = picture_of(t, &y);
	picture_draw(&t->canvas, &p);
	if (!picture_text_cursor(&p, &row, &col))
		row = -1;
	term_show(&t->canvas, row, col);
	return 0;
}

static void draw_page(struct timeline *t)
{
	int pages = picture_help_pages(t->rows);

	if (t->page == PAGE_ANSWER) {
		t->page_next = timeline_draw_answer(t);
		return;
	}
	if (t->page == PAGE_VERDICT) {
		t->page_next = picture_verdict(&t->canvas, t->status, &t->insight, t->page_at);
		return;
	}
	if (t->page_at >= pages)
		t->page_at = pages - 1;
	picture_help(&t->canvas, term_utf8(), t->page_at);
	t->page_next = t->page_at + 1 < pages ? t->page_at + 1 : 0;
}

static int draw(struct timeline *t, struct error *err)
{
	insight_status(t->status, sizeof(t->status), &t->insight, t->feed.now_ns);
	term_size(&t->rows, &t->cols);
	if (!canvas_resize(&t->canvas, t->rows, t->cols))
		return fail(err, ERR_USAGE, "no memory for the timeline");
	if (t->rows >= PICTURE_MIN_ROWS && t->cols >= PICTURE_MIN_COLS && t->page == PAGE_NONE)
		return draw_timeline(t, err);
	if (t->page != PAGE_NONE)
		draw_page(t);
	else
		picture_too_small(&t->canvas);
	term_show(&t->canvas, -1, 0);
	return 0;
}

/*
 * See what is new; true in *changed if the screen must be drawn. What a key changed is shown first: who types gets
 * his answers from what is known, and the file is looked at when he pauses, or after a while.
 */
static int refresh_reader(struct timeline *t, bool *changed, struct error *err)
{
	bool live = reader_summary(t->reader)->live;
	int got;

	if (t->frozen || reader_summary(t->reader)->closed || clock_now() < t->next_look_ns)
		return 0;
	if (*changed && t->started && clock_now() < t->next_look_ns + TYPING_NS)
		return 0;
	got = reader_refresh(t->reader, err);
	if (got < 0)
		return got;
	if (!got && !live)
		return 0;
	*changed = true;
	if (look_again(t, err) < 0)
		return -1;
	return t->follow ? go_with_end(t, err) : 0;
}

/*
 * Look and draw. A living recording is looked at ten times a second, but never
 * for more than a fifth of a CPU's time: the guest needs it more.
 */
static int show(struct timeline *t, bool changed, struct error *err)
{
	int64_t begin = clock_now(), cost;

	if (refresh_reader(t, &changed, err) < 0)
		return -(int)err->code;
	if (!changed)
		return 0;
	if (draw(t, err) < 0)
		return -(int)err->code;
	cost = 4 * (clock_now() - begin);
	t->next_look_ns = clock_now() + (cost > PERIOD_MS * NS_PER_MS ? cost : PERIOD_MS * NS_PER_MS / 2);
	return 0;
}

static int loop(struct timeline *t, struct error *err)
{
	bool changed = true, woken = false;
	int key = TERM_NOTHING;

	while (!t->done && key != TERM_SIGNAL) {
		if (show(t, changed, err) < 0)
			return -(int)err->code;
		key = term_wait(timeline_has_work(t) ? 0 : PERIOD_MS, woken ? -1 : t->opt->wake_fd);
		woken = key == TERM_WAKE;
		changed = key != TERM_NOTHING && !woken;
		if (key < TERM_RESIZE && key != TERM_NOTHING && timeline_key(t, key, err) < 0)
			return -(int)err->code;
		if (key == TERM_NOTHING && timeline_work(t, &changed, err) < 0)
			return -(int)err->code;
		if (t->opt->tick && !t->opt->tick(t->opt->hook))
			break;
	}
	return key == TERM_SIGNAL ? term_signal() : 0;
}

static void set_title(struct timeline *t, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = t->opt->title;

	if (!name)
		name = slash ? slash + 1 : path;
	safe_text(t->title, sizeof(t->title), name, strlen(name));
}

int timeline_run(const char *path, const struct timeline_options *opt, struct error *err)
{
	struct timeline *t = calloc(1, sizeof(*t));
	struct error mine;
	int rc = -1;

	err = err ? err : &mine;
	if (!t)
		return fail(err, ERR_USAGE, "no memory for the timeline");
	t->opt = opt;
	t->path = path;
	t->mark[0] = t->mark[1] = PICTURE_NO_MARK;
	t->show_overview = true;
	t->filter = opt->filter ? *opt->filter : FILTER_DEFAULT;
	t->prepares = true;
	t->scale.width = 1;
	set_title(t, path);
	t->reader = reader_open(path, err);
	if (t->reader && look_again(t, err) >= 0 && term_open(opt->ascii, err) >= 0) {
		timeline_read_bookmarks(t);
		rc = t->follow ? go_with_end(t, err) : 0;
		rc = rc < 0 ? rc : loop(t, err);
		term_close();
	} else {
		rc = -(int)err->code;
	}
	reader_close(t->reader);
	free(t->answer);
	overview_free(&t->overview);
	insight_free(&t->insight);
	lanes_free(&t->lanes);
	canvas_free(&t->canvas);
	free(t);
	return rc;
}
