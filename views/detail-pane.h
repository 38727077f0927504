/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The lines of a detail on the screen, from a row on: more than fit can be scrolled to. */
#ifndef VIEWS_DETAIL_PANE_H
#define VIEWS_DETAIL_PANE_H

#include <stddef.h>

#include "canvas.h"

struct detail_pane {
	const char *const *line;
	int lines;
	int top;       /* rows that are scrolled out above */
	int chosen;    /* the line of the chosen link; -1 = none */
};

/* Rows that the first @n lines take in @cols columns. */
int detail_pane_rows(const struct detail_pane *p, int n, int cols);

/* The row nearest to @top from which the pane of @room rows can be shown. */
int detail_pane_top(const struct detail_pane *p, int top, int room, int cols);

/* The same, so that all of line @line is seen. */
int detail_pane_reveal(const struct detail_pane *p, int line, int room, int cols);

/* The line that is shown in row @row of the pane, or -1. */
int detail_pane_line_at(const struct detail_pane *p, int row, int cols);

/* Into rows [@from, @to) of @c. */
void detail_pane_draw(struct canvas *c, const struct detail_pane *p, int from, int to);

/* " rows 3-14 of 40 "; "" when all of them fit in @room. */
const char *detail_pane_place(char *out, size_t size, const struct detail_pane *p, int room, int cols);

#endif
