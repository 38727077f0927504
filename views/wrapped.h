/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Long lines on a canvas: from column 1 on, broken at blanks, what follows indented. */
#ifndef VIEWS_WRAPPED_H
#define VIEWS_WRAPPED_H

#include "canvas.h"

/* Returns the row behind it. Rows outside the canvas are not drawn. */
int wrapped_draw(struct canvas *c, int row, enum cell_class class, const char *text);

/* How many rows that takes where there are @cols columns. */
int wrapped_rows(int cols, const char *text);

#endif
