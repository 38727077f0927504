/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lane-group.h"

#include <stdio.h>
#include <string.h>

#include "../tracer/clock.h"
#include "../tracer/event.h"

struct group_rows group_rows_of(int axis, int lanes, int room, bool episode)
{
	struct group_rows y = { .axis = axis, .first = axis + GROUP_AXIS_ROWS };

	if (episode && (lanes < room || room > 6)) {
		y.episode = y.first++;
		room--;
	}
	y.tall = lanes * 2 - 1 <= room; /* the machine's lane is never tall */
	y.lanes = y.tall || lanes <= room ? lanes : room;
	y.end = y.first + (y.tall ? lanes * 2 - 1 : y.lanes);
	return y;
}

int group_scroll(const struct group_rows *y, int top, int lane, int lanes)
{
	if (lane < top)
		top = lane;
	if (lane >= top + y->lanes)
		top = lane - y->lanes + 1;
	if (top > lanes - y->lanes)
		top = lanes - y->lanes;
	return top < 0 ? 0 : top;
}

int group_lane_at(const struct group_rows *y, int top, int lanes, int row)
{
	int line = row - y->first, lane = y->tall ? (line + 1) / 2 : top + line;

	return line < 0 || lane >= lanes || lane >= top + y->lanes ? -1 : lane;
}

/* Where the marks of @lane are, or would be if more lanes were shown. */
static int row_of_lane(const struct group_rows *y, int top, int lane)
{
	if (!y->tall)
		return y->first + lane - top;
	return y->first + (lane ? lane * 2 - 1 : 0);
}

int group_name_row(const struct group_rows *y, int top, int lane)
{
	if (lane < top || lane >= top + y->lanes)
		return -1;
	return row_of_lane(y, top, lane) + (y->tall && lane > 0);
}

/*
 * Whole seconds are told from the beginning of the recording, finer ticks from
 * the first one on the screen, which alone is told in full.
 */
static void draw_tick(struct canvas *c, const struct lane_group *g, int64_t at, int64_t first, int64_t tick)
{
	int col = GROUP_GUTTER + scale_column(&g->scale, g->first_ns + at);
	char text[48] = "+";

	canvas_put(c, g->rows.axis + 1, col, g->utf8 ? 0x252c : '+', CELL_AXIS);
	if (at == first || tick >= NS_PER_SEC)
		time_text(text, sizeof(text), at, tick);
	else
		short_duration(text + 1, sizeof(text) - 1, at - first);
	if (col + (int)strlen(text) <= c->cols)
		canvas_text(c, g->rows.axis, col, at == first ? CELL_LABEL : CELL_AXIS, text);
}

void group_sign(struct canvas *c, const struct lane_group *g, int64_t ts, uint32_t glyph,
		enum cell_class class)
{
	int col = scale_column(&g->scale, ts);

	if (col >= 0 && col < g->scale.width)
		canvas_put(c, g->rows.axis + 1, GROUP_GUTTER + col, glyph, class);
}

void group_cursor(struct canvas *c, const struct lane_group *g)
{
	group_sign(c, g, g->cursor_ns, g->utf8 ? 0x25bc : 'V', CELL_LABEL);
}

static void draw_ruler(struct canvas *c, const struct lane_group *g)
{
	int64_t tick = scale_tick(&g->scale), from = ns_between(g->first_ns, g->scale.from), first = 0;

	if (from > 0)
		first = (from + tick - 1) / tick * tick;
	canvas_fill(c, g->rows.axis + 1, 0, c->cols, g->utf8 ? 0x2500 : '-', CELL_AXIS);
	for (int64_t at = first; at < from + g->scale.span; at += tick)
		draw_tick(c, g, at, first, tick);
}

static void draw_lane_name(struct canvas *c, const struct lane_group *g, int lane, int row)
{
	enum cell_class class = lane == g->lane ? CELL_LABEL : CELL_PLAIN;

	if (lane == g->lane)
		canvas_put(c, row, 0, g->utf8 ? 0x25b6 : '>', g->dim ? CELL_DIM : CELL_LABEL);
	if (lane == 0)
		canvas_text(c, row, 1, class, "machine");
	else
		canvas_print(c, row, 1, class, "CPU %d", lane - 1);
}

static void draw_lanes(struct canvas *c, const struct lane_group *g)
{
	int row = g->rows.first, cursor = scale_column(&g->scale, g->cursor_ns);
	int rows[EVENT_MAX_CPUS + 1];

	for (int i = 0; i < g->rows.lanes; i++) {
		int lane = g->top_lane + i;
		bool tall = g->rows.tall && lane > 0;

		if (tall)
			lanes_draw_tall(g->lanes, lane, c, row, GROUP_GUTTER);
		else if (lane == 0)
			lanes_draw_labelled(g->lanes, lane, c, row, GROUP_GUTTER);
		else
			lanes_draw_flat(g->lanes, lane, c, row, GROUP_GUTTER);
		draw_lane_name(c, g, lane, row + tall);
		for (int r = row; r <= row + tall; r++) {
			struct cell *cell = canvas_at(c, r, GROUP_GUTTER + cursor);

			if (cell && cursor >= 0 && cursor < g->scale.width)
				cell->cursor = true;
		}
		row += 1 + tall;
	}
	for (int lane = 0; lane < g->lanes->lanes; lane++)
		rows[lane] = row_of_lane(&g->rows, g->top_lane, lane);
	lanes_draw_arrows(g->lanes, c, rows, g->rows.first, row, GROUP_GUTTER);
}

void group_draw(struct canvas *c, const struct lane_group *g)
{
	draw_ruler(c, g);
	if (g->rows.episode)
		episode_lane_draw(&g->episode, c, g->rows.episode, GROUP_GUTTER);
	draw_lanes(c, g);
}
