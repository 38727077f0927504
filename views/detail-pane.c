/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "detail-pane.h"

#include <stdio.h>

#include "wrapped.h"

int detail_pane_rows(const struct detail_pane *p, int n, int cols)
{
	int rows = 0;

	for (int i = 0; i < n && i < p->lines; i++)
		rows += wrapped_rows(cols, p->line[i]);
	return rows;
}

int detail_pane_top(const struct detail_pane *p, int top, int room, int cols)
{
	int last = detail_pane_rows(p, p->lines, cols) - room;

	top = top > last ? last : top;
	return top < 0 ? 0 : top;
}

int detail_pane_reveal(const struct detail_pane *p, int line, int room, int cols)
{
	int first = detail_pane_rows(p, line, cols), end = detail_pane_rows(p, line + 1, cols), top = p->top;

	top = end > top + room ? end - room : top;
	return detail_pane_top(p, first < top ? first : top, room, cols);
}

int detail_pane_line_at(const struct detail_pane *p, int row, int cols)
{
	int end = 0;

	for (int i = 0; i < p->lines; i++) {
		end += wrapped_rows(cols, p->line[i]);
		if (p->top + row < end)
			return row < 0 ? -1 : i;
	}
	return -1;
}

void detail_pane_draw(struct canvas *c, const struct detail_pane *p, int from, int to)
{
	struct canvas rows = *c;
	int row = -p->top;

	rows.rows = to - from;
	rows.cell += (size_t)from * (size_t)c->stride;
	for (int i = 0; i < p->lines && row < rows.rows; i++)
		row = wrapped_draw(&rows, row, i == 0 ? CELL_LABEL : i == p->chosen ? CELL_BOLD : CELL_PLAIN, p->line[i]);
}

const char *detail_pane_place(char *out, size_t size, const struct detail_pane *p, int room, int cols)
{
	int all = detail_pane_rows(p, p->lines, cols), end = p->top + room;

	out[0] = '\0';
	if (all > room)
		snprintf(out, size, " rows %d-%d of %d ", p->top + 1, end < all ? end : all, all);
	return out;
}
