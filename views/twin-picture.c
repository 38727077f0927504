/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "twin-picture.h"

#include <stdio.h>
#include <string.h>

#include "wrapped.h"

#define PANE_ROWS 6 /* the least: its head, a difference in words, two events */

static const char *const side_name[DIFF_SIDES] = { "- good", "+ bad" };

struct twin_layout twin_layout_of(int rows, int cols, const struct twin_want *want)
{
	struct twin_layout y = { .rows = rows, .cols = cols, .pane_end = rows - 1 };
	int pane = want->detail ? rows / 2 : rows / 4 > PANE_ROWS ? rows / 4 : PANE_ROWS;
	int room = rows - 2 - pane - 2 * GROUP_AXIS_ROWS, used;

	/* Half of the room each; what the second does not need, the first gets. */
	y.group[1] = group_rows_of(0, want->lanes[1], room / 2, want->episode[1]);
	used = y.group[1].end - GROUP_AXIS_ROWS;
	y.group[0] = group_rows_of(1, want->lanes[0], room - used, want->episode[0]);
	used = y.group[0].end - 1 - GROUP_AXIS_ROWS;
	y.group[1] = group_rows_of(y.group[0].end, want->lanes[1], room - used, want->episode[1]);
	y.pane_row = y.group[1].end;
	return y;
}

static uint32_t differs_glyph(bool utf8)
{
	return utf8 ? 0x2260 : 'D';
}

/* The moment at which both are aligned. */
static uint32_t bar_glyph(bool utf8)
{
	return utf8 ? 0x2551 : '|';
}

/* "difference 1 of 3"; the CPUs may do the same where something else differs. */
static const char *count_text(char *out, size_t size, const struct twin_picture *p)
{
	size_t nth = p->spot ? (size_t)(p->spot - p->spots->spot) + 1 : 0;

	if (nth)
		snprintf(out, size, "difference %zu of %zu", nth, p->spots->all);
	else
		snprintf(out, size, "%s", p->same ? "no difference" : "no CPU differs");
	return out;
}

static void draw_header(struct canvas *c, const struct twin_picture *p)
{
	char count[64];
	int right = c->cols - 1 - (int)strlen(count_text(count, sizeof(count), p));
	int room = (right - 24) / 2, col;

	room = room < 8 ? 8 : room;
	canvas_fill(c, 0, 0, c->cols, ' ', CELL_TITLE);
	col = canvas_print(c, 0, 0, CELL_TITLE, " smmtrace diff  - %.*s", room, p->title[DIFF_GOOD]);
	canvas_print(c, 0, col, CELL_TITLE, "  + %.*s", room, p->title[DIFF_BAD]);
	canvas_print(c, 0, right - 1, CELL_TITLE, " %s ", count);
}

static void draw_differences(struct canvas *c, const struct twin_picture *p, int side)
{
	const struct lane_group *g = &p->group[side];
	uint32_t glyph = differs_glyph(p->utf8);
	int row = p->spot ? group_name_row(&g->rows, g->top_lane, p->spot_lane) : -1;

	for (size_t i = 0; i < p->spots->n; i++)
		group_sign(c, g, p->spots->spot[i].at[side].ts_ns, glyph, CELL_ALARM);
	if (row >= 0 && p->spot_lane < g->lanes->lanes)
		canvas_put(c, row, GROUP_GUTTER - 1, glyph, CELL_ALARM);
}

static void draw_group(struct canvas *c, const struct twin_picture *p, int side)
{
	const struct lane_group *g = &p->group[side];
	bool focus = side == p->focus;

	group_draw(c, g);
	group_sign(c, g, p->aligned_ns[side], bar_glyph(p->utf8), CELL_AXIS);
	group_cursor(c, g);
	draw_differences(c, p, side);
	if (focus)
		canvas_put(c, g->rows.axis, 0, p->utf8 ? 0x25b6 : '>', CELL_LABEL);
	canvas_text(c, g->rows.axis, 1, focus ? CELL_LABEL : CELL_PLAIN, side_name[side]);
}

/* "-- +1.20 ms  good 0.031 s  bad 0.029 s ------------------------ | plug of CPU 1 begins --" */
static void draw_pane_head(struct canvas *c, const struct twin_picture *p)
{
	int64_t resolution = p->group[0].scale.span / p->group[0].scale.width;
	char since[40], at[DIFF_SIDES][48], right[120];
	int row = p->layout.pane_row, col;

	for (int i = 0; i < DIFF_SIDES; i++) {
		const struct lane_group *g = &p->group[i];

		time_text(at[i], sizeof(at[i]), ns_between(g->first_ns, g->cursor_ns), resolution);
	}
	duration_text(since, sizeof(since), p->cursor_ns);
	canvas_fill(c, row, 0, c->cols, p->utf8 ? 0x2500 : '-', CELL_AXIS);
	col = canvas_print(c, row, 2, CELL_LABEL, " %s%s  good %s  bad %s ", p->cursor_ns < 0 ? "" : "+",
			   since, at[DIFF_GOOD], at[DIFF_BAD]);
	if (p->detail && *detail_pane_place(right, sizeof(right), p->detail, p->layout.pane_end - row - 1, c->cols)) {
		canvas_text(c, row, c->cols - 2 - (int)strlen(right), CELL_LABEL, right);
		return;
	}
	snprintf(right, sizeof(right), "%.*s ", c->cols - col - 7 > 0 ? c->cols - col - 7 : 0, p->aligned_at);
	col = c->cols - 5 - (int)strlen(right);
	canvas_print(c, row, col, CELL_LABEL, "   %s", right);
	canvas_put(c, row, col + 1, bar_glyph(p->utf8), CELL_LABEL);
}

/* Line @text of what differs; returns the row behind it. */
static int draw_words(struct canvas *c, int row, int end, const char *text)
{
	char line[300];

	for (; *text && row < end; text += strcspn(text, "\n"), text += *text == '\n') {
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(text, "\n"), text);
		row = wrapped_draw(c, row, *text == '-' || *text == '+' ? CELL_BOLD : CELL_PLAIN, line);
	}
	return row;
}

static void draw_pane(struct canvas *c, const struct twin_picture *p)
{
	int row = p->layout.pane_row + 1, end = p->layout.pane_end;

	draw_pane_head(c, p);
	if (p->detail) {
		detail_pane_draw(c, p->detail, row, end);
		return;
	}
	row = draw_words(c, row, end, p->text);
	if (row < end)
		pane_list(c, &p->events, row, end);
}

void twin_picture_draw(struct canvas *c, const struct twin_picture *p)
{
	draw_header(c, p);
	for (int side = 0; side < DIFF_SIDES; side++)
		draw_group(c, p, side);
	draw_pane(c, p);
	canvas_fill(c, c->rows - 1, 0, c->cols, ' ', CELL_STATUS);
	canvas_print(c, c->rows - 1, 0, CELL_STATUS, " %s", p->message ? p->message :
		     "q quit  ? help  n N difference  z to it  e episode  Tab other run  + - zoom");
}

int twin_picture_text(struct canvas *c, const char *text, int top)
{
	int line = 0, row = 1;

	canvas_fill(c, 0, 0, c->cols, ' ', CELL_TITLE);
	canvas_text(c, 0, 0, CELL_TITLE, " smmtrace diff  what differs");
	for (; *text && row < c->rows - 1; text += strcspn(text, "\n"), text += *text == '\n', line++)
		if (line >= top)
			canvas_print(c, row++, 0, CELL_PLAIN, "%.*s", (int)strcspn(text, "\n"), text);
	canvas_fill(c, c->rows - 1, 0, c->cols, ' ', CELL_STATUS);
	canvas_text(c, c->rows - 1, 0, CELL_STATUS, *text ? " any key: what follows; q: back" :
		    " any key: back to both runs");
	return *text ? line : 0;
}
