/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "picture.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "marks.h"
#include "wrapped.h"
#include "../tracer/clock.h"
#include "../tracer/event-text.h"

#define HEADER_ROW 0
#define AXIS_ROW 1
#define RULER_ROW 2
#define DETAIL_ROWS 16 /* what the event with the most fields and links takes */

/* Rows that the pane is to have below the lanes. */
static int pane_height(int rows, const struct layout_want *want)
{
	int pane = want->detail ? (rows - 4) * 2 / 3 : (rows - 4) * 2 / 5;

	if (want->detail && pane < DETAIL_ROWS)
		pane = rows - 5 < DETAIL_ROWS ? rows - 5 : DETAIL_ROWS;
	return pane;
}

/* The lanes take what they need of @room rows. */
static void place_lanes(struct layout *y, int lanes, int room, bool episode)
{
	if (episode && (lanes < room || room > 6)) {
		y->episode_row = y->lanes_row++;
		room--;
	}
	y->tall = lanes * 2 - 1 <= room; /* the machine's lane is never tall */
	y->lanes = y->tall || lanes <= room ? lanes : room;
}

struct layout layout_of(int rows, int cols, int lanes, const struct layout_want *want)
{
	struct layout y = { .rows = rows, .cols = cols, .lane_cols = cols, .lanes_row = RULER_ROW + 1,
			    .pane_end = rows - 1 };
	bool beside = want->beside && cols >= PICTURE_BESIDE_COLS;

	if (want->overview && rows >= PICTURE_OVERVIEW_ROWS && (beside || !want->detail || rows > 30))
		y.overview_row = --y.pane_end;
	place_lanes(&y, lanes, beside ? y.pane_end - y.lanes_row : rows - 4 - pane_height(rows, want), want->episode);
	y.pane_row = y.lanes_row + (y.tall ? lanes * 2 - 1 : y.lanes);
	if (beside) {
		y.pane_row = AXIS_ROW;
		y.lane_cols = cols * 3 / 5;
		y.pane_col = y.lane_cols + 1;
	}
	y.pane_rows = y.pane_end - y.pane_row;
	return y;
}

static const struct { const char *ascii, *utf8; enum cell_class class; } life[] = {
	[LIFE_LIVE] = { "* live", "\xe2\x97\x8f live", CELL_LIVE },
	[LIFE_ENDED] = { "ended", "ended", CELL_TITLE },
	[LIFE_NOT_CLOSED] = { "! NOT CLOSED", "! NOT CLOSED", CELL_ALARM },
};

/* What stands right of the title, shorter with each @level. Its length in columns. */
static int header_facts(char *out, size_t size, const struct picture *p, int level)
{
	int64_t elapsed = ns_between(p->first_ns, p->now_ns);
	char clock[32], stopped[32], cpus[32] = "", held[64] = "", broken[32] = "";

	if (level < 3)
		snprintf(cpus, sizeof(cpus), "  %u CPU%s", p->cpus, p->cpus == 1 ? "" : "s");
	duration_text(stopped, sizeof(stopped), p->paused_ns);
	if (level == 0)
		snprintf(held, sizeof(held), "  stopped %s (%.0f %%)", stopped,
			 elapsed > 0 ? 100.0 * (double)p->paused_ns / (double)elapsed : 0.0);
	else if (level == 1)
		snprintf(held, sizeof(held), "  stopped %s", stopped);
	if (p->violations)
		snprintf(broken, sizeof(broken), "  violated %" PRId64, p->violations);
	return snprintf(out, size, " %s%s  SMI %" PRId64 "%s  lost %" PRId64 "%s ",
			clock_text(clock, sizeof(clock), elapsed), cpus, p->smis, broken, p->lost, held);
}

/* What must not be overlooked, again in another class. */
static void stress(struct canvas *c, int col, const char *facts, const char *word, int64_t n)
{
	char text[48];

	snprintf(text, sizeof(text), "%s %" PRId64, word, n);
	if (n && strstr(facts, text))
		canvas_text(c, HEADER_ROW, col + (int)(strstr(facts, text) - facts), CELL_ALARM, text);
}

static void draw_header(struct canvas *c, const struct picture *p)
{
	const char *state = p->utf8 ? life[p->life].utf8 : life[p->life].ascii;
	int title = (int)strlen(p->title), room = c->cols - (int)strlen(life[p->life].ascii), level = 0, col;
	char facts[200];

	title = title > 16 ? 16 : title;
	do
		col = room - header_facts(facts, sizeof(facts), p, level);
	while (col < 13 + title && ++level < 4);
	canvas_fill(c, HEADER_ROW, 0, c->cols, ' ', CELL_TITLE);
	canvas_print(c, HEADER_ROW, 0, CELL_TITLE, " smmtrace  %.*s", col > 13 ? col - 13 : 0, p->title);
	col = canvas_text(c, HEADER_ROW, col, life[p->life].class, state);
	canvas_text(c, HEADER_ROW, col, CELL_TITLE, facts);
	stress(c, col, facts, "violated", p->violations);
	stress(c, col, facts, "lost", p->lost);
}

/*
 * Whole seconds are told from the beginning of the recording, finer ticks from
 * the first one on the screen, which alone is told in full.
 */
static void draw_tick(struct canvas *c, const struct picture *p, int64_t at, int64_t first, int64_t tick)
{
	int col = PICTURE_GUTTER + scale_column(&p->scale, p->first_ns + at);
	char text[48] = "+";

	canvas_put(c, RULER_ROW, col, p->utf8 ? 0x252c : '+', CELL_AXIS);
	if (at == first || tick >= NS_PER_SEC)
		time_text(text, sizeof(text), at, tick);
	else
		short_duration(text + 1, sizeof(text) - 1, at - first);
	if (col + (int)strlen(text) <= c->cols)
		canvas_text(c, AXIS_ROW, col, at == first ? CELL_LABEL : CELL_AXIS, text);
}

static void put_on_ruler(struct canvas *c, const struct picture *p, int64_t ts, uint32_t glyph)
{
	int col = scale_column(&p->scale, ts);

	if (col >= 0 && col < p->scale.width)
		canvas_put(c, RULER_ROW, PICTURE_GUTTER + col, glyph, CELL_LABEL);
}

static void draw_ruler(struct canvas *c, const struct picture *p)
{
	int cursor = scale_column(&p->scale, p->cursor_ns);
	int64_t tick = scale_tick(&p->scale), from = ns_between(p->first_ns, p->scale.from), first = 0;

	if (from > 0)
		first = (from + tick - 1) / tick * tick;
	canvas_fill(c, RULER_ROW, 0, c->cols, p->utf8 ? 0x2500 : '-', CELL_AXIS);
	for (int64_t at = first; at < from + p->scale.span; at += tick)
		draw_tick(c, p, at, first, tick);
	for (int i = 0; p->bookmarks && i < p->bookmarks->count; i++)
		put_on_ruler(c, p, p->bookmarks->at[i].ts_ns, p->utf8 ? 0x25cf : '@');
	if (cursor >= 0 && cursor < p->scale.width)
		canvas_put(c, RULER_ROW, PICTURE_GUTTER + cursor, p->utf8 ? 0x25bc : 'V', CELL_LABEL);
	for (int i = 0; p->mark && i < 2; i++)
		if (p->mark[i] != PICTURE_NO_MARK)
			put_on_ruler(c, p, p->mark[i], 'A' + (uint32_t)i);
}

static void draw_lane_name(struct canvas *c, const struct picture *p, int lane, int row)
{
	enum cell_class class = lane == p->lane ? CELL_LABEL : CELL_PLAIN;

	if (lane == p->lane)
		canvas_put(c, row, 0, p->utf8 ? 0x25b6 : '>', p->focus_list ? CELL_DIM : CELL_LABEL);
	if (lane == 0)
		canvas_text(c, row, 1, class, "machine");
	else
		canvas_print(c, row, 1, class, "CPU %d", lane - 1);
}

/* Where the marks of @lane are, or would be if more lanes were shown. */
static int row_of_lane(const struct picture *p, int lane)
{
	if (!p->layout.tall)
		return p->layout.lanes_row + lane - p->top_lane;
	return p->layout.lanes_row + (lane ? lane * 2 - 1 : 0);
}

static void draw_lanes(struct canvas *c, const struct picture *p)
{
	int row = p->layout.lanes_row, cursor = scale_column(&p->scale, p->cursor_ns);

	int rows[EVENT_MAX_CPUS + 1];

	for (int i = 0; i < p->layout.lanes; i++) {
		int lane = p->top_lane + i;
		bool tall = p->layout.tall && lane > 0;

		if (tall)
			lanes_draw_tall(p->lanes, lane, c, row, PICTURE_GUTTER);
		else if (lane == 0)
			lanes_draw_labelled(p->lanes, lane, c, row, PICTURE_GUTTER);
		else
			lanes_draw_flat(p->lanes, lane, c, row, PICTURE_GUTTER);
		draw_lane_name(c, p, lane, row + tall);
		for (int r = row; r <= row + tall; r++) {
			struct cell *cell = canvas_at(c, r, PICTURE_GUTTER + cursor);

			if (cell && cursor >= 0 && cursor < p->scale.width)
				cell->cursor = true;
		}
		row += 1 + tall;
	}
	for (int lane = 0; lane < p->lanes->lanes; lane++)
		rows[lane] = row_of_lane(p, lane);
	lanes_draw_arrows(p->lanes, c, rows, p->layout.lanes_row, row, PICTURE_GUTTER);
}

/* "CPU 1: in SMM for 1.20 ms at 0x30000, APM 04": what the chosen lane does under the cursor. */
static void describe_smi(char *out, size_t size, const struct picture *p, const struct lane_count *n)
{
	const struct reader_smi *smi = p->smi;
	char lasted[32], base[32] = "an unknown base", cmd[16] = "";

	if (n->many)
		snprintf(out, size, "more than %u SMIs here", n->smis);
	else if (n->smis > 1 || !smi)
		snprintf(out, size, "%u SMI%s here, %s in SMM", n->smis, n->smis == 1 ? "" : "s",
			 duration_text(lasted, sizeof(lasted), n->smm_ns));
	else {
		int64_t end = smi->leave_ns ? smi->leave_ns : p->now_ns;

		duration_text(lasted, sizeof(lasted), ns_between(smi->enter_ns, end));
		if (smi->smbase != SMBASE_UNKNOWN)
			snprintf(base, sizeof(base), "0x%" PRIx64, smi->smbase);
		if (smi->apm_cmd != SMI_CMD_UNKNOWN)
			snprintf(cmd, sizeof(cmd), ", APM %02x", (unsigned)smi->apm_cmd & 0xff);
		snprintf(out, size, "in SMM for %s%s at %s%s", lasted,
			 smi->leave_ns ? "" : " and still inside", base, cmd);
	}
}

/* " A-B 1.20 ms ", or how far the cursor is from the one that is set. */
static const char *marks_text(char *out, size_t size, const struct picture *p)
{
	static const char *const pair[] = { "A-cursor", "B-cursor", "A-B" };
	bool a = p->mark && p->mark[0] != PICTURE_NO_MARK, b = p->mark && p->mark[1] != PICTURE_NO_MARK;
	char length[32];

	out[0] = '\0';
	if (!a && !b)
		return out;
	duration_text(length, sizeof(length), ns_between(a ? p->mark[0] : p->mark[1], b && a ? p->mark[1] : p->cursor_ns));
	snprintf(out, size, " %s %s ", pair[a && b ? 2 : b], length);
	return out;
}

/* "-- 12.846123 s  CPU 1: 3 SMIs here, 1.20 ms in SMM ------ filter: smi --" */
static void draw_pane_head(struct canvas *c, const struct picture *p)
{
	int row = p->layout.pane_row, col;
	struct lane_count n = lanes_count(p->lanes, p->lane, scale_column(&p->scale, p->cursor_ns));
	char at[48], smi[128], right[240], marks[64], place[48] = "";

	canvas_fill(c, row, 0, c->cols, p->utf8 ? 0x2500 : '-', CELL_AXIS);
	time_text(at, sizeof(at), ns_between(p->first_ns, p->cursor_ns), p->scale.span / p->scale.width);
	col = canvas_print(c, row, 2, CELL_LABEL, " %s ", at);
	if (p->lane > 0 && n.smis) {
		describe_smi(smi, sizeof(smi), p, &n);
		canvas_print(c, row, col, CELL_PLAIN, " CPU %d: %s ", p->lane - 1, smi);
	}
	if (p->detail)
		detail_pane_place(place, sizeof(place), p->detail, p->layout.pane_rows - 1, c->cols);
	snprintf(right, sizeof(right), "%s%s%s%s%s%s%.36s%s", marks_text(marks, sizeof(marks), p), place,
		 p->frozen ? " frozen " : "",
		 p->follow ? " following " : "", p->sampled ? " too many to show all: zoom in " : "",
		 *p->filter ? " filter: " : "", p->filter, strlen(p->filter) > 36 ? ".. " : *p->filter ? " " : "");
	canvas_text(c, row, c->cols - 2 - (int)strlen(right), CELL_LABEL, right);
}

/* One event: ">     0.030000 s I ipi          cpu0   target=1 mode=init". */
static void draw_event(struct canvas *c, const struct picture *p, int row, int i)
{
	const struct picture_event *e = &p->list[i];
	bool chosen = i == p->chosen, bar = chosen && p->focus_list;
	enum cell_class class = bar ? CELL_SELECTED : chosen ? CELL_BOLD : CELL_PLAIN, sign = CELL_SMM;
	enum lane_mark mark = mark_of_event(&e->ev);
	uint32_t glyph = e->ev.kind == EV_SMI_ENTER ? '[' : ']';
	char at[48], line[512];

	if (mark != LANE_MARK_COUNT) {
		glyph = lane_mark_glyph(mark, p->utf8);
		sign = (enum cell_class)lane_glyph[mark].class;
	}
	if (bar)
		canvas_fill(c, row, 0, c->cols, ' ', class);
	time_text(at, sizeof(at), ns_between(p->first_ns, e->ev.ts), 1000);
	canvas_print(c, row, 0, class, "%c%14s ", chosen ? '>' : ' ', at);
	canvas_put(c, row, 16, glyph, bar ? class : sign);
	canvas_text(c, row, 18, class, event_line(line, sizeof(line), &e->ev));
}

/* The bookmark in the cursor's column. */
static const struct bookmark *note_at_cursor(const struct picture *p)
{
	int col = scale_column(&p->scale, p->cursor_ns);

	for (int i = 0; p->bookmarks && i < p->bookmarks->count; i++)
		if (scale_column(&p->scale, p->bookmarks->at[i].ts_ns) == col && col >= 0)
			return &p->bookmarks->at[i];
	return NULL;
}

static void draw_list(struct canvas *c, const struct picture *p)
{
	const struct bookmark *note = note_at_cursor(p);
	int first = p->layout.pane_row + 1 + (p->finding || note), rows = p->layout.pane_end - first;
	int top = p->chosen - rows / 2;

	if (p->finding)
		canvas_print(c, first - 1, 0, CELL_ALARM, "! %s", p->finding);
	else if (note)
		canvas_print(c, first - 1, 0, CELL_LABEL, "@ %s", note->text);
	if (top > p->listed - rows)
		top = p->listed - rows;
	if (top < 0)
		top = 0;
	for (int i = 0; i < rows && top + i < p->listed; i++)
		draw_event(c, p, first + i, top + i);
	if (!p->listed)
		canvas_text(c, first, 2, CELL_DIM,
			    *p->filter ? "no event passes the filter" : "no events yet");
}

/* The end of what is being typed, as much as fits. */
static const char *input_tail(const struct picture *p)
{
	int room = p->layout.cols - 2 - (int)strlen(p->prompt), len = (int)strlen(p->input);

	return p->input + (len > room ? len - room : 0);
}

static void draw_status(struct canvas *c, const struct picture *p)
{
	int row = c->rows - 1;

	canvas_fill(c, row, 0, c->cols, ' ', CELL_STATUS);
	if (p->prompt)
		canvas_print(c, row, 0, CELL_STATUS, " %s%s", p->prompt, input_tail(p));
	else if (p->message)
		canvas_print(c, row, 0, CELL_STATUS, " %s", p->message);
	else if (p->alarm && *p->alarm)
		canvas_print(c, row, 0, CELL_ALARM, " %s", p->alarm);
	else
		canvas_text(c, row, 0, CELL_STATUS,
			    " q quit  ? help  / search  f filter  "
			    "[ ] event  { } mark  + - zoom  Enter detail");
}

bool picture_text_cursor(const struct picture *p, int *row, int *col)
{
	if (!p->prompt)
		return false;
	*row = p->layout.rows - 1;
	*col = 1 + (int)(strlen(p->prompt) + strlen(input_tail(p)));
	return true;
}

void picture_draw(struct canvas *c, const struct picture *p)
{
	struct canvas left = canvas_part(c, 0, p->layout.lane_cols), pane = canvas_part(c, p->layout.pane_col, c->cols);

	draw_ruler(&left, p);
	draw_header(c, p);
	if (p->layout.episode_row)
		episode_lane_draw(&p->episode, &left, p->layout.episode_row, PICTURE_GUTTER);
	draw_lanes(&left, p);
	draw_pane_head(&pane, p);
	if (p->detail)
		detail_pane_draw(&pane, p->detail, p->layout.pane_row + 1, p->layout.pane_end);
	else
		draw_list(&pane, p);
	if (p->layout.overview_row && p->overview)
		overview_draw(p->overview, &p->scale, p->cursor_ns, p->utf8, c, p->layout.overview_row, PICTURE_GUTTER);
	draw_status(c, p);
}

int picture_verdict(struct canvas *c, const char *status, const struct insight *f, int top)
{
	int row = 1, i = top;

	canvas_fill(c, 0, 0, c->cols, ' ', CELL_TITLE);
	canvas_text(c, 0, 0, CELL_TITLE, " smmtrace  verdict: who waits for whom");
	if (*status && !f->lines)
		row = wrapped_draw(c, row, CELL_ALARM, status);
	for (; i < f->lines && (i == top || row + wrapped_rows(c->cols, f->line[i]) < c->rows); i++)
		row = wrapped_draw(c, row, CELL_PLAIN, f->line[i]);
	if (!f->lines && !*status)
		canvas_text(c, row, 1, CELL_DIM, "no verdict: no hot-plug or relocation has been judged yet");
	canvas_fill(c, c->rows - 1, 0, c->cols, ' ', CELL_STATUS);
	canvas_text(c, c->rows - 1, 0, CELL_STATUS, i < f->lines ? " any key: what follows" :
		    " any key: back to the timeline");
	return i < f->lines ? i : 0;
}

void picture_too_small(struct canvas *c)
{
	canvas_text(c, 0, 0, CELL_BOLD, "terminal too small");
	canvas_print(c, 1, 0, CELL_PLAIN, "%dx%d, it takes %dx%d", c->cols, c->rows, PICTURE_MIN_COLS,
		     PICTURE_MIN_ROWS);
	canvas_text(c, 2, 0, CELL_PLAIN, "q quit");
}
