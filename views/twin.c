/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "twin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "term.h"
#include "twin-state.h"
#include "../gdbproto/safe-text.h"

int twin_can_show(struct error *err)
{
	if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		return 0;
	return fail(err, ERR_USAGE,
		    "diff: --view needs a terminal; without it the differences are written as text");
}

/* ---- what the screen shows ---- */

static int read_side(struct twin *t, int side, struct error *err)
{
	struct twin_side *s = &t->side[side];
	const struct group_rows *y = &t->layout.group[side];
	struct lane_source from = { &s->feed, &s->insight, &s->filter };
	struct scale scale = t->scale;
	int lanes = (int)s->feed.cpus.cpus + 1;

	scale.from += s->anchor_ns;
	s->top_lane = group_scroll(y, s->top_lane, t->lane < lanes ? t->lane : lanes - 1, lanes);
	return lanes_read(&s->lanes, &s->shown, &from, &scale, y, s->top_lane, term_utf8(), err);
}

static int read_detail(struct twin *t, struct error *err)
{
	static const struct links none;
	struct detail_links links = { &none, 0 };
	struct detail_of of = { .event = &t->chosen, .raw = &t->raw };
	const struct event *ev = &t->chosen.ev;
	struct twin_side *s = twin_focus(t);
	struct reader_smi smi;
	int got = detail_smi(s->reader, ev->cpu, ev->ts, ev->ts, &smi, err);

	of.smi = got > 0 ? &smi : NULL;
	if (got >= 0)
		got = reader_raw(s->reader, t->chosen.id, &t->raw, err);
	if (got < 0)
		return got;
	detail_write(&t->detail, &of, &links, s->feed.first_ns, t->cols);
	t->pane.line = t->detail.line;
	t->pane.lines = t->detail.lines;
	t->pane.chosen = -1;
	t->pane.top = detail_pane_top(&t->pane, t->pane.top, t->layout.pane_end - t->layout.pane_row - 1, t->cols);
	return 0;
}

static int collect(struct twin *t, struct error *err)
{
	struct twin_side *s = twin_focus(t);
	struct seek any = { .filter = &s->filter, .cpu = READER_ANY_CPU };
	int64_t at = t->chosen.id ? t->chosen.ev.ts : s->anchor_ns + t->cursor_ns;
	int rows = t->layout.pane_end - t->layout.pane_row;

	for (int i = 0; i < DIFF_SIDES; i++)
		if (read_side(t, i, err) < 0)
			return -(int)err->code;
	rows = rows < TWIN_LIST ? rows : TWIN_LIST;
	t->listed = seek_around(s->reader, &any, at, t->chosen.id, rows, t->list, &t->chosen_at, err);
	if (t->listed < 0)
		return t->listed;
	return t->show_detail && t->chosen.id ? read_detail(t, err) : 0;
}

static struct lane_group group_of(const struct twin *t, int side)
{
	const struct twin_side *s = &t->side[side];
	int64_t cursor = s->anchor_ns + t->cursor_ns;

	return (struct lane_group){
		.utf8 = term_utf8(), .rows = t->layout.group[side], .first_ns = s->feed.first_ns,
		.cursor_ns = cursor, .scale = s->lanes.scale,
		.episode = {
			.insight = &s->insight, .chosen = insight_episode_at(&s->insight, cursor),
			.scale = s->lanes.scale, .now_ns = s->feed.now_ns, .utf8 = term_utf8(),
		},
		.lanes = &s->lanes, .lane = side == t->focus ? t->lane : -1, .top_lane = s->top_lane,
	};
}

/* What stands where a difference would be told. */
static const char *words_of_none(const struct diff *d)
{
	if (!d->same)
		return "the CPUs did the same; x tells what else differs\n";
	return d->cut ? "no difference in what was compared\n" : "no difference\n";
}

static struct twin_picture picture_of(const struct twin *t)
{
	return (struct twin_picture){
		.utf8 = term_utf8(), .layout = t->layout, .title = { t->side[0].title, t->side[1].title },
		.group = { group_of(t, 0), group_of(t, 1) }, .focus = t->focus,
		.cursor_ns = t->cursor_ns, .aligned_ns = { t->side[0].anchor_ns, t->side[1].anchor_ns },
		.aligned_at = t->aligned, .same = t->diff->same, .spots = &t->spots, .spot = t->spot,
		.spot_lane = t->spot ? lane_of_cpu(t->diff->lane[t->spot->lane].cpu) : -1,
		.text = t->spot ? t->words : words_of_none(t->diff),
		.events = {
			.utf8 = term_utf8(), .first_ns = t->side[t->focus].feed.first_ns, .list = t->list,
			.listed = t->listed, .chosen = t->chosen_at,
		},
		.detail = t->show_detail && t->chosen.id ? &t->pane : NULL,
		.message = t->message[0] ? t->message : NULL,
	};
}

/* ---- the screen ---- */

static int draw_runs(struct twin *t, struct error *err)
{
	struct twin_want want = { .detail = t->show_detail };
	struct twin_picture p;

	for (int i = 0; i < DIFF_SIDES; i++) {
		want.lanes[i] = (int)t->side[i].feed.cpus.cpus + 1;
		want.episode[i] = t->side[i].insight.episodes > 0;
	}
	t->layout = twin_layout_of(t->rows, t->cols, &want);
	t->scale.width = t->cols - GROUP_GUTTER;
	if (t->scale.span < t->scale.width)
		t->scale.span = t->scale.width;
	if (collect(t, err) < 0)
		return -(int)err->code;
	p = picture_of(t);
	twin_picture_draw(&t->canvas, &p);
	return 0;
}

static int make_text(struct twin *t, struct error *err)
{
	size_t len;
	FILE *out = t->text ? NULL : open_memstream(&t->text, &len);

	if (t->text && !out)
		return 0;
	if (!out)
		return fail(err, ERR_OUTPUT, "no memory");
	diff_text(out, t->diff, t->look);
	return fclose(out) ? fail(err, ERR_OUTPUT, "no memory") : 0;
}

static int draw_page(struct twin *t, struct error *err)
{
	int pages = picture_help_pages(&key_page_twin, t->rows);

	if (t->page == TWIN_PAGE_TEXT) {
		if (make_text(t, err) < 0)
			return -(int)err->code;
		t->page_next = twin_picture_text(&t->canvas, t->text, t->page_at);
		return 0;
	}
	if (t->page_at >= pages)
		t->page_at = pages - 1;
	picture_help(&t->canvas, &key_page_twin, term_utf8(), t->page_at);
	t->page_next = t->page_at + 1 < pages ? t->page_at + 1 : 0;
	return 0;
}

static int draw(struct twin *t, struct error *err)
{
	int rc = 0;

	term_size(&t->rows, &t->cols);
	if (!canvas_resize(&t->canvas, t->rows, t->cols))
		return fail(err, ERR_USAGE, "no memory for the screen");
	if (t->page != TWIN_PAGE_NONE)
		rc = draw_page(t, err);
	else if (t->rows >= PICTURE_MIN_ROWS && t->cols >= PICTURE_MIN_COLS)
		rc = draw_runs(t, err);
	else
		picture_too_small(&t->canvas);
	if (rc >= 0)
		term_show(&t->canvas, -1, 0);
	return rc;
}

static int loop(struct twin *t, struct error *err)
{
	int key = TERM_NOTHING;

	while (!t->done && key != TERM_SIGNAL) {
		if (draw(t, err) < 0)
			return -(int)err->code;
		key = term_wait(-1, -1);
		if (key < TERM_RESIZE && key != TERM_NOTHING && twin_key(t, key, err) < 0)
			return -(int)err->code;
	}
	return key == TERM_SIGNAL ? term_signal() : 0;
}

/* ---- from the beginning to the end ---- */

static void take_title(struct twin_side *s, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	safe_text(s->title, sizeof(s->title), name, strlen(name));
}

static int prepare(struct twin *t, struct error *err)
{
	for (int i = 0; i < DIFF_SIDES; i++) {
		struct twin_side *s = &t->side[i];

		s->reader = t->diff->side[i]->reader;
		s->filter.begin_ns = reader_summary(s->reader)->first_ns;
		take_title(s, t->look->path[i]);
		if (feed_prepare(&s->feed, s->reader, 0, err) < 0 ||
		    insight_read(&s->insight, s->reader, err) < 0)
			return -(int)err->code;
	}
	if (diff_spots_find(&t->spots, t->diff, err) < 0)
		return -(int)err->code;
	return twin_begin(t, err);
}

static void twin_free(struct twin *t)
{
	for (int i = 0; i < DIFF_SIDES; i++) {
		insight_free(&t->side[i].insight);
		lanes_free(&t->side[i].lanes);
	}
	diff_spots_free(&t->spots);
	canvas_free(&t->canvas);
	free(t->words);
	free(t->text);
	free(t);
}

int twin_run(const struct diff *d, const struct diff_look *look, const struct filter *filter, bool ascii,
	     struct error *err)
{
	struct twin *t = calloc(1, sizeof(*t));
	int rc;

	if (!t)
		return fail(err, ERR_OUTPUT, "no memory");
	t->diff = d;
	t->look = look;
	for (int i = 0; i < DIFF_SIDES; i++)
		t->side[i].filter = filter ? *filter : FILTER_DEFAULT;
	t->scale.width = 1;
	t->focus = DIFF_BAD;
	rc = prepare(t, err);
	if (rc >= 0)
		rc = term_open(ascii, err);
	if (rc >= 0) {
		rc = loop(t, err);
		term_close();
	}
	twin_free(t);
	return rc;
}
