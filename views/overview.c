/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "overview.h"

#include <stdlib.h>

#define LEVELS 8

/* Does what was read still hold? While it is recorded also when less than a quarter of a column has come since. */
static bool is_fresh(const struct overview *o, const struct reader_summary *sum, const struct scale *whole)
{
	int64_t grown = whole->span - o->whole.span;

	if (!o->column || o->percent < 100 || o->cpus != sum->cpus || o->violations != sum->violations ||
	    o->whole.from != whole->from || o->whole.width != whole->width)
		return false;
	if (o->last_id == sum->last_id && !grown)
		return true;
	return sum->live && grown >= 0 && grown < o->whole.span / (4 * whole->width);
}

int overview_read(struct overview *o, struct reader *r, int64_t first, int64_t now, int width, struct error *err)
{
	const struct reader_summary *sum = reader_summary(r);
	struct scale whole = { .from = first, .span = ns_between(first, now) + 1, .width = width };
	struct density *column;
	int got;

	if (whole.span < width)
		whole.span = width;
	if (is_fresh(o, sum, &whole))
		return 0;
	o->whole.width = 0;
	column = realloc(o->column, ((size_t)sum->cpus + 1) * (size_t)width * sizeof(*column));
	if (!column)
		return fail(err, ERR_USAGE, "no memory for the overview");
	o->column = column;
	got = reader_density(r, first, whole.from + whole.span, width, now, column, err);
	if (got < 0)
		return got;
	o->whole = whole;
	o->cpus = sum->cpus;
	o->last_id = sum->last_id;
	o->violations = sum->violations;
	o->percent = got ? 100 : reader_prepared(r);
	return 0;
}

void overview_free(struct overview *o)
{
	free(o->column);
	*o = (struct overview){ 0 };
}

/* Of the time that all CPUs have in a column; a stay shorter than that still shows. */
static uint32_t share_glyph(const struct overview *o, const struct density *d, bool utf8)
{
	static const char ascii[LEVELS + 1] = ".:;-=+*#";
	__int128 all = (__int128)o->whole.span * (o->cpus ? o->cpus : 1);
	__int128 level = ((__int128)d->smm_ns * LEVELS * o->whole.width * 2 + all) / (2 * all); /* the nearest */

	if (!d->smis && !d->smm_ns)
		return ' ';
	level = level >= LEVELS ? LEVELS - 1 : level;
	return utf8 ? 0x2581u + (uint32_t)level : (uint32_t)(unsigned char)ascii[(int)level];
}

static void draw_column(const struct overview *o, const struct density *d, bool utf8, struct canvas *c, int row,
			int col)
{
	if (d->violations)
		canvas_put(c, row, col, '!', CELL_ALARM);
	else if (d->losses)
		canvas_put(c, row, col, utf8 ? 0x2571 : '/', CELL_GAP);
	else
		canvas_put(c, row, col, share_glyph(o, d, utf8), CELL_SMM);
}

static int clamp(int col, int width)
{
	return col < 0 ? 0 : col >= width ? width - 1 : col;
}

void overview_draw(const struct overview *o, const struct scale *window, int64_t cursor_ns, bool utf8,
		   struct canvas *c, int row, int col)
{
	int width = o->whole.width, first, last;
	struct cell *cursor;

	canvas_fill(c, row, 0, c->cols, ' ', CELL_PLAIN);
	canvas_text(c, row, 1, CELL_DIM, "overview");
	if (!width)
		return;
	for (int i = 0; i < width; i++)
		draw_column(o, &o->column[DENSITY_ALL * width + i], utf8, c, row, col + i);
	if (o->percent < 100)
		canvas_print(c, row, col, CELL_LABEL, " %d %% counted ", o->percent);
	first = clamp(scale_column(&o->whole, window->from), width);
	last = clamp(scale_column(&o->whole, window->from + window->span - 1), width);
	canvas_put(c, row, col + first, first == last ? '|' : '[', CELL_LABEL);
	if (first != last)
		canvas_put(c, row, col + last, ']', CELL_LABEL);
	cursor = canvas_at(c, row, col + clamp(scale_column(&o->whole, cursor_ns), width));
	if (cursor)
		cursor->cursor = true;
}
