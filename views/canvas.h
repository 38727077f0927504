/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A screen as data: a grid of cells, each one character (a Unicode code point
 * one column wide) and the class of thing it belongs to. Every view draws on a
 * canvas, term.c shows it, a test prints it; so a whole screen can be compared
 * with a literal text. Drawing outside the grid is cut off, never an error.
 *
 * Classes say what a cell means; term.c alone decides what it looks like, and
 * colour only repeats what the character says already.
 */
#ifndef VIEWS_CANVAS_H
#define VIEWS_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CELL_CLASSES(_) \
	_(PLAIN) _(DIM) _(BOLD) \
	_(TITLE)       /* the header line */ \
	_(LIVE)        /* the mark of a recording being written */ \
	_(AXIS) _(LABEL) \
	_(RUNNING) _(RESET) \
	_(SMM)         /* in SMM at the CPU's own base */ \
	_(SMM_DEFAULT) /* in SMM at the default base */ \
	_(SMM_LABEL)   /* the base written into its span */ \
	_(PORT) _(IPI) _(SMBASE) _(DEVICE) \
	_(ALARM)       /* lost events, a reset inside SMM */ \
	_(GAP)         /* an interval nobody saw */ \
	_(SELECTED)    /* the chosen row of a list */ \
	_(STATUS)      /* the bottom line */

enum cell_class {
#define X(C) CELL_##C,
	CELL_CLASSES(X)
#undef X
	CELL_CLASS_COUNT
};

struct cell {
	uint32_t glyph;
	uint8_t class; /* enum cell_class */
	bool cursor;   /* shown in reverse: the cursor's column */
};

/* Owned by the caller; canvas_free() or canvas_resize() to change it. Zeroed = empty. */
struct canvas {
	int rows, cols, stride; /* cells from a row to the next */
	struct cell *cell;
};

/* Make it @rows x @cols of blanks. False when there is no memory; then it is 0 x 0. */
bool canvas_resize(struct canvas *c, int rows, int cols);
void canvas_free(struct canvas *c);

/* Columns [@from, @to) of @c as a canvas of their own, which borrows the cells: what is drawn there is cut off there. */
struct canvas canvas_part(const struct canvas *c, int from, int to);

/* The cell at (@row, @col), or NULL outside the grid. */
struct cell *canvas_at(struct canvas *c, int row, int col);

void canvas_put(struct canvas *c, int row, int col, uint32_t glyph, enum cell_class class);

/* @text is ASCII or UTF-8; other bytes show as '?'. Returns the column behind it. */
int canvas_text(struct canvas *c, int row, int col, enum cell_class class, const char *text);
int canvas_print(struct canvas *c, int row, int col, enum cell_class class, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* Fill columns [@from, @to) of a row. */
void canvas_fill(struct canvas *c, int row, int from, int to, uint32_t glyph, enum cell_class class);

/* Row @row as UTF-8 without trailing blanks, at most @size - 1 bytes. Returns @out. */
const char *canvas_row_text(const struct canvas *c, int row, char *out, size_t size);

#endif
