/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lanes-cell.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

void lanes_step(struct lanes *l, int lane, int64_t ts, const char *label)
{
	struct lane_cell *cell = cell_at(l, lane, scale_column(&l->scale, ts));

	if (cell)
		snprintf(cell->step, sizeof(cell->step), "%s", label);
}

void lanes_arrow(struct lanes *l, int from, const struct cpuset *to, int64_t ts)
{
	int col = scale_column(&l->scale, ts), low = from, high = from;
	struct lane_cell *cell = cell_at(l, from, col), *target;

	for (int cpu = cpuset_next(to, 0); cell && cpu >= 0; cpu = cpuset_next(to, cpu + 1)) {
		int lane = lane_of_cpu(cpu);

		target = cell_at(l, lane, col);
		if (!target || lane == from)
			continue;
		target->arrives = true;
		target->sender = (int16_t)from;
		low = lane < low ? lane : low;
		high = lane > high ? lane : high;
	}
	if (low == high)
		return;
	cell->crowded |= cell->ipi && (cell->low != low || cell->high != high);
	cell->ipi = true;
	cell->low = (int16_t)low;
	cell->high = (int16_t)high;
}

uint32_t lane_head_glyph(bool up, bool utf8)
{
	static const uint32_t glyph[2][2] = { { 'V', 0x2193 }, { 'A', 0x2191 } };

	return glyph[up][utf8];
}

/* Free columns behind a step: up to the next one, and never beyond the body. */
static int step_room(const struct lanes *l, int lane, int at)
{
	int end = at + 1;

	while (end < l->width && is_smm(cell_at(l, lane, end)->state) && !*cell_at(l, lane, end)->step)
		end++;
	return end - at - 1;
}

/* "(b) scan", or only its letter where there is less room. */
static void draw_step(const struct lanes *l, int lane, int at, struct canvas *c, int row, int col)
{
	const struct lane_cell *cell = cell_at(l, lane, at);
	const char *blank = strchr(cell->step, ' ');
	int len = (int)strlen(cell->step), room = step_room(l, lane, at);

	if (len > room)
		len = blank ? (int)(blank - cell->step) : 0;
	if (cell->shape != SHAPE_FIRST && cell->shape != SHAPE_ALONE)
		canvas_put(c, row, col + at, l->utf8 ? 0x2502 : '|', CELL_SMM_LABEL);
	if (len <= room)
		canvas_print(c, row, col + at + 1, CELL_SMM_LABEL, "%.*s", len, cell->step);
}

void lanes_draw_steps(const struct lanes *l, int lane, struct canvas *c, int row, int col)
{
	for (int i = 0; i < l->width; i++) {
		const struct lane_cell *cell = cell_at(l, lane, i);

		if (*cell->step && is_smm(cell->state) && cell->smis == 1)
			draw_step(l, lane, i, c, row, col);
	}
}

/* Marks, labels and steps stay; a line goes over the states only. */
static bool may_cross(const struct cell *cell)
{
	bool letter = cell->glyph < 0x80 && isalnum((int)cell->glyph) && cell->glyph != 'd';

	switch (cell->class) {
	case CELL_PLAIN:
		return cell->glyph == ' ';
	case CELL_RUNNING: case CELL_RESET: case CELL_SMM: case CELL_SMM_DEFAULT: case CELL_GAP: case CELL_DIM:
		return !letter;
	}
	return false;
}

static void draw_line(bool utf8, struct canvas *c, int from, int to, int col)
{
	for (int row = from + 1; row < to; row++) {
		struct cell *under = canvas_at(c, row, col);

		if (under && may_cross(under))
			canvas_put(c, row, col, utf8 ? 0x2502 : '|', CELL_IPI);
	}
}

/* The bar in front of a step gives way to a head: it is the IPI that made the step. */
static bool may_cover(const struct cell *cell)
{
	bool bar = cell->glyph == '|' || cell->glyph == 0x2502;

	return may_cross(cell) || (bar && cell->class == CELL_SMM_LABEL);
}

/* In the row next to the target's marks that the line comes from. */
static void draw_head(bool utf8, struct canvas *c, int sender, int target, int top, int end, int col)
{
	bool up = target < sender;
	int row = up ? target + 1 : target - 1;
	struct cell *under = canvas_at(c, row, col);

	if (row != sender && row >= top && row < end && under && may_cover(under))
		canvas_put(c, row, col, lane_head_glyph(up, utf8), CELL_IPI);
}

static bool goes_alone(const struct lane_cell *sender)
{
	return sender && sender->ipi && !sender->crowded;
}

void lanes_draw_arrows(const struct lanes *l, struct canvas *c, const int *row, int top, int end, int col)
{
	for (int lane = 0; lane < l->lanes; lane++)
		for (int i = 0; i < l->width; i++) {
			const struct lane_cell *cell = cell_at(l, lane, i);

			if (cell->arrives && goes_alone(cell_at(l, cell->sender, i)))
				draw_head(l->utf8, c, row[cell->sender], row[lane], top, end, col + i);
		}
	for (int lane = 0; lane < l->lanes; lane++)
		for (int i = 0; i < l->width; i++) {
			const struct lane_cell *cell = cell_at(l, lane, i);
			int from, to;

			if (!goes_alone(cell))
				continue;
			from = row[cell->low] < top - 1 ? top - 1 : row[cell->low];
			to = row[cell->high] > end ? end : row[cell->high];
			draw_line(l->utf8, c, from, to, col + i);
		}
}
