/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "canvas.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool canvas_resize(struct canvas *c, int rows, int cols)
{
	size_t cells = (size_t)(rows > 0 ? rows : 0) * (size_t)(cols > 0 ? cols : 0);
	struct cell *cell = calloc(cells ? cells : 1, sizeof(*cell));

	canvas_free(c);
	if (!cell)
		return false;
	*c = (struct canvas){ .rows = cells ? rows : 0, .cols = cells ? cols : 0,
			      .stride = cols, .cell = cell };
	for (size_t i = 0; i < cells; i++)
		cell[i].glyph = ' ';
	return true;
}

void canvas_free(struct canvas *c)
{
	free(c->cell);
	*c = (struct canvas){ 0 };
}

struct canvas canvas_part(const struct canvas *c, int from, int to)
{
	struct canvas part = *c;

	to = to < c->cols ? to : c->cols;
	from = from < to ? from : to;
	part.cell = c->cell + from;
	part.cols = to - from;
	return part;
}

struct cell *canvas_at(struct canvas *c, int row, int col)
{
	if (row < 0 || col < 0 || row >= c->rows || col >= c->cols)
		return NULL;
	return &c->cell[(size_t)row * (size_t)c->stride + (size_t)col];
}

void canvas_put(struct canvas *c, int row, int col, uint32_t glyph, enum cell_class class)
{
	struct cell *cell = canvas_at(c, row, col);

	if (cell) {
		cell->glyph = glyph;
		cell->class = (uint8_t)class;
	}
}

/* Take one code point off *text. */
static uint32_t next_glyph(const char **text)
{
	const unsigned char *s = (const unsigned char *)*text;
	int more = s[0] < 0x80 ? 0 : s[0] >= 0xe0 && s[0] < 0xf0 ? 2 : s[0] >= 0xc2 && s[0] < 0xe0 ? 1 : -1;
	uint32_t glyph = more == 2 ? s[0] & 0x0fu : more == 1 ? s[0] & 0x1fu : s[0];
	int i;

	for (i = 1; i <= more && (s[i] & 0xc0) == 0x80; i++)
		glyph = glyph << 6 | (s[i] & 0x3fu);
	if (more < 0 || i <= more || glyph < 0x20 || (glyph >= 0x7f && glyph < 0xa0)) {
		*text += 1;
		return '?';
	}
	*text += i;
	return glyph;
}

int canvas_text(struct canvas *c, int row, int col, enum cell_class class, const char *text)
{
	while (*text)
		canvas_put(c, row, col++, next_glyph(&text), class);
	return col;
}

int canvas_print(struct canvas *c, int row, int col, enum cell_class class, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return canvas_text(c, row, col, class, text);
}

void canvas_fill(struct canvas *c, int row, int from, int to, uint32_t glyph, enum cell_class class)
{
	for (int col = from; col < to; col++)
		canvas_put(c, row, col, glyph, class);
}

static size_t put_utf8(char *out, uint32_t g)
{
	if (g < 0x80) {
		out[0] = (char)g;
		return 1;
	}
	if (g < 0x800) {
		out[0] = (char)(0xc0 | g >> 6);
		out[1] = (char)(0x80 | (g & 0x3f));
		return 2;
	}
	out[0] = (char)(0xe0 | g >> 12);
	out[1] = (char)(0x80 | (g >> 6 & 0x3f));
	out[2] = (char)(0x80 | (g & 0x3f));
	return 3;
}

const char *canvas_row_text(const struct canvas *c, int row, char *out, size_t size)
{
	const struct cell *cell = row >= 0 && row < c->rows ? &c->cell[(size_t)row * (size_t)c->stride] : NULL;
	int end = cell ? c->cols : 0;
	size_t used = 0;

	while (end > 0 && cell[end - 1].glyph == ' ')
		end--;
	for (int i = 0; i < end && used + 4 <= size; i++)
		used += put_utf8(out + used, cell[i].glyph);
	out[used] = '\0';
	return out;
}
