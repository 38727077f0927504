/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lanes-cell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct lane_glyph lane_glyph[LANE_MARK_COUNT] = {
#define X(M, ascii, unicode, class, help) [MARK_##M] = { ascii, unicode, CELL_##class, help },
	LANE_MARKS(X)
#undef X
};

uint32_t lane_mark_glyph(enum lane_mark mark, bool utf8)
{
	return utf8 ? lane_glyph[mark].unicode : (uint32_t)(unsigned char)lane_glyph[mark].ascii;
}

bool lanes_init(struct lanes *l, int lanes, const struct scale *scale, bool utf8)
{
	size_t cells = (size_t)lanes * (size_t)scale->width;

	lanes_free(l);
	*l = (struct lanes){ .lanes = lanes, .width = scale->width, .scale = *scale, .utf8 = utf8,
			      .end_ns = INT64_MAX };
	l->cell = calloc(cells, sizeof(*l->cell));
	if (!l->cell) {
		l->lanes = 0;
		return false;
	}
	for (size_t i = 0; i < cells; i++)
		l->cell[i].mark = LANE_MARK_COUNT;
	return true;
}

void lanes_free(struct lanes *l)
{
	free(l->cell);
	*l = (struct lanes){ 0 };
}

/* First and last column of [from, to) in the window; false when it is outside. */
static bool columns(const struct lanes *l, int64_t from, int64_t to, int *first, int *last)
{
	*first = scale_column(&l->scale, from);
	*last = scale_column(&l->scale, to > from ? to - 1 : from);
	if (*last < 0 || *first >= l->width)
		return false;
	*first = *first < 0 ? 0 : *first;
	*last = *last >= l->width ? l->width - 1 : *last;
	return true;
}

static enum shape shape_of(const struct lanes *l, const struct lane_span *span, int col, int first, int last)
{
	bool begins = col == first && span->from >= l->scale.from;
	bool ends = col == last && ns_between(l->scale.from, span->to) <= l->scale.span;

	if (ends && span->open)
		return SHAPE_OPEN;
	if (begins && ends)
		return SHAPE_ALONE;
	return begins ? SHAPE_FIRST : ends ? SHAPE_LAST : SHAPE_MIDDLE;
}

static int64_t overlap(const struct lanes *l, const struct lane_span *span, int col)
{
	int64_t from = scale_start(&l->scale, col), to = scale_start(&l->scale, col + 1);

	from = span->from > from ? span->from : from;
	to = span->to < to ? span->to : to;
	return to > from ? to - from : 0;
}

void lanes_span(struct lanes *l, int lane, const struct lane_span *span)
{
	int first, last;

	if (lane < 0 || lane >= l->lanes || !columns(l, span->from, span->to, &first, &last))
		return;
	for (int col = first; col <= last; col++) {
		struct lane_cell *cell = cell_at(l, lane, col);

		if (span->state > cell->state)
			cell->state = (uint8_t)span->state;
		if (is_smm(span->state)) {
			cell->shape = (uint8_t)shape_of(l, span, col, first, last);
			cell->smis++;
			cell->smm_ns += overlap(l, span, col);
		}
	}
	if (span->label && is_smm(span->state)) {
		struct lane_cell *cell = cell_at(l, lane, first);

		snprintf(cell->base, sizeof(cell->base), "%s", span->label);
		cell->base_room = last - first + 1;
	}
}

void lanes_many(struct lanes *l, int lane, int col, unsigned than)
{
	struct lane_cell *cell = cell_at(l, lane, col);

	if (!cell)
		return;
	cell->many = true;
	if (cell->smis < than)
		cell->smis = than;
}

void lanes_gap(struct lanes *l, int lane, int64_t from, int64_t to)
{
	int first, last;

	if (from >= l->end_ns || !columns(l, from, to < l->end_ns ? to : l->end_ns, &first, &last))
		return;
	for (int i = lane < 0 ? 0 : lane; i < l->lanes && (lane < 0 || i == lane); i++)
		for (int col = first; col <= last; col++)
			cell_at(l, i, col)->gap = true;
}

void lanes_mark(struct lanes *l, int lane, int64_t ts, enum lane_mark mark, const char *label)
{
	struct lane_cell *cell = cell_at(l, lane, scale_column(&l->scale, ts));

	if (!cell)
		return;
	cell->marks++;
	cell->same += mark == cell->mark;
	if (mark < cell->mark) {
		cell->mark = (uint8_t)mark;
		cell->same = 1;
		snprintf(cell->label, sizeof(cell->label), "%s", label ? label : "");
	}
}

struct lane_count lanes_count(const struct lanes *l, int lane, int col)
{
	const struct lane_cell *cell = cell_at(l, lane, col);

	if (!cell)
		return (struct lane_count){ 0 };
	return (struct lane_count){ .smis = cell->smis, .marks = cell->marks, .many = cell->many,
				    .smm_ns = cell->smm_ns };
}

static uint32_t count_glyph(unsigned n)
{
	return n > 9 ? '+' : '0' + n;
}

/*
 * How much of its column is SMM: several SMIs are a bar of one to eight eighths,
 * one alone is a narrow block, low or high.
 */
static uint32_t share_glyph(const struct lanes *l, const struct lane_cell *cell)
{
	__int128 eighths = (__int128)cell->smm_ns * 8 * l->width / l->scale.span;

	if (cell->smis == 1)
		return eighths >= 4 ? 0x258c : 0x2596;
	return 0x2581u + (uint32_t)(eighths > 7 ? 7 : eighths);
}

static uint32_t smm_glyph(const struct lanes *l, const struct lane_cell *cell)
{
	static const uint32_t glyph[2][2][SHAPE_COUNT] = {
		{ { '#', '[', '#', ']', '>' }, { 'd', '[', 'd', ']', '>' } },
		{ { 0x2588, 0x2590, 0x2588, 0x258c, 0x25b6 }, { 'd', '[', 'd', ']', 0x25b6 } },
	};
	bool by_default = cell->state == LANE_SMM_DEFAULT;

	if (cell->many && !by_default)
		return l->utf8 ? 0x2593 : '+';
	if (l->utf8 && !by_default && (cell->smis > 1 || cell->shape == SHAPE_ALONE))
		return share_glyph(l, cell);
	if (cell->smis > 1 && !by_default)
		return count_glyph(cell->smis);
	return glyph[l->utf8][by_default][cell->smis > 1 ? SHAPE_ALONE : cell->shape];
}

static void put_state(const struct lanes *l, const struct lane_cell *cell, struct canvas *c, int row, int col)
{
	static const struct { uint32_t glyph[2]; enum cell_class class; } plain[] = {
		[LANE_ABSENT] = { { ' ', ' ' }, CELL_PLAIN },
		[LANE_UNKNOWN] = { { ':', 0x2504 }, CELL_DIM },
		[LANE_RUNNING] = { { '-', 0x2500 }, CELL_RUNNING },
		[LANE_RESET] = { { '.', 0x00b7 }, CELL_RESET },
	};

	if (is_smm(cell->state))
		canvas_put(c, row, col, smm_glyph(l, cell),
			   cell->state == LANE_SMM ? CELL_SMM : CELL_SMM_DEFAULT);
	else if (cell->gap)
		canvas_put(c, row, col, l->utf8 ? 0x2571 : '/', CELL_GAP);
	else
		canvas_put(c, row, col, plain[cell->state].glyph[l->utf8], plain[cell->state].class);
}

static bool has_steps(const struct lanes *l, int lane, int from, int to)
{
	for (int i = from; i < to; i++)
		if (*cell_at(l, lane, i)->step)
			return true;
	return false;
}

/* The SMBASE inside a span that has room for it: "[## 7ffb3000 ##]". */
static void put_base(const struct lanes *l, int lane, int at, struct canvas *c, int row, int col)
{
	const struct lane_cell *cell = cell_at(l, lane, at);
	int len = (int)strlen(cell->base), room = cell->base_room, begin = at + (room > len + 12 ? 3 : 2);

	if (!len || room < len + 6)
		return;
	for (int i = at; i < at + room; i++)
		if (cell_at(l, lane, i)->smis != 1)
			return;
	if (has_steps(l, lane, at, at + room)) /* they stand at its beginning for the most part */
		begin = at + room - len - 4;
	if (has_steps(l, lane, begin - 1, begin + len + 2))
		return;
	canvas_print(c, row, col + begin,
		     cell->state == LANE_SMM ? CELL_SMM_LABEL : CELL_SMM_DEFAULT, " %s ", cell->base);
}

static void draw_state(const struct lanes *l, int lane, struct canvas *c, int row, int col)
{
	for (int i = 0; i < l->width; i++)
		put_state(l, cell_at(l, lane, i), c, row, col + i);
	for (int i = 0; i < l->width; i++)
		put_base(l, lane, i, c, row, col);
	lanes_draw_steps(l, lane, c, row, col);
}

/* A lone write to port B2 among reads and the like stays visible: it raises the SMI. */
static bool gives_way(const struct lane_cell *cell)
{
	if (cell->mark == MARK_APM_WRITE && cell->same == 1)
		return false;
	return cell->marks > 1 && cell->mark >= LANE_WEAK;
}

static uint32_t mark_glyph(const struct lanes *l, const struct lane_cell *cell, bool count)
{
	if (count && gives_way(cell))
		return count_glyph(cell->marks);
	return lane_mark_glyph((enum lane_mark)cell->mark, l->utf8);
}

void lanes_draw_flat(const struct lanes *l, int lane, struct canvas *c, int row, int col)
{
	if (!cell_at(l, lane, 0))
		return;
	draw_state(l, lane, c, row, col);
	for (int i = 0; i < l->width; i++) {
		const struct lane_cell *cell = cell_at(l, lane, i);

		if (cell->mark < LANE_MARK_COUNT)
			canvas_put(c, row, col + i, mark_glyph(l, cell, true), lane_glyph[cell->mark].class);
	}
}

/* Free columns behind @at up to the next mark. */
static int room_behind(const struct lanes *l, int lane, int at)
{
	int end = at + 1;

	while (end < l->width && cell_at(l, lane, end)->mark == LANE_MARK_COUNT)
		end++;
	return end - at - 1 - (end < l->width ? 1 : 0);
}

static void put_label(const struct lanes *l, int lane, int at, struct canvas *c, int row, int col)
{
	const struct lane_cell *cell = cell_at(l, lane, at);
	enum cell_class class = lane_glyph[cell->mark].class;
	char text[LANE_LABEL + 16];
	int len, room = room_behind(l, lane, at);

	if (cell->marks > 1)
		snprintf(text, sizeof(text), "%s%s+%u", cell->label, *cell->label ? " " : "",
			 cell->marks - 1);
	else
		snprintf(text, sizeof(text), "%s", cell->label);
	len = (int)strlen(text);
	if (len > room) {
		snprintf(text, sizeof(text), "%s", cell->label);
		len = (int)strlen(text);
	}
	canvas_put(c, row, col + at, mark_glyph(l, cell, len > room), class);
	if (len <= room)
		canvas_text(c, row, col + at + 1, class, text);
}

static void draw_marks(const struct lanes *l, int lane, struct canvas *c, int row, int col)
{
	for (int i = 0; i < l->width; i++)
		if (cell_at(l, lane, i)->mark < LANE_MARK_COUNT)
			put_label(l, lane, i, c, row, col);
}

void lanes_draw_labelled(const struct lanes *l, int lane, struct canvas *c, int row, int col)
{
	if (!cell_at(l, lane, 0))
		return;
	draw_state(l, lane, c, row, col);
	draw_marks(l, lane, c, row, col);
}

void lanes_draw_tall(const struct lanes *l, int lane, struct canvas *c, int row, int col)
{
	if (!cell_at(l, lane, 0))
		return;
	draw_marks(l, lane, c, row, col);
	draw_state(l, lane, c, row + 1, col);
}
