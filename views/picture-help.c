/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "picture.h"

#include "keys.h"

/* Keys [@from, @from + 2 * @rows) of those that do something, in two columns. */
static void help_keys(struct canvas *c, const struct key_page *keys, int row, int from, int rows)
{
	int n = 0;

	for (int a = 0; a < ACTION_COUNT; a++) {
		int i = n - from, col = 1 + i / rows * 40, at = row + i % rows;

		n += keys->text[a] != NULL;
		if (!keys->text[a] || i < 0 || i >= 2 * rows)
			continue;
		canvas_text(c, at, col, CELL_LABEL, key_info[a].keys);
		canvas_text(c, at, col + 12, CELL_PLAIN, keys->text[a]);
	}
}

static void help_marks(struct canvas *c, int row, int rows, bool utf8)
{
	int heads = 1 + LANE_MARK_COUNT / rows * 26, last = row + LANE_MARK_COUNT % rows;

	for (int m = 0; m < LANE_MARK_COUNT; m++) {
		int col = 1 + m / rows * 26;

		canvas_put(c, row + m % rows, col, lane_mark_glyph((enum lane_mark)m, utf8),
			   lane_glyph[m].class);
		canvas_text(c, row + m % rows, col + 2, CELL_PLAIN, lane_glyph[m].help);
	}
	canvas_put(c, last, heads, lane_head_glyph(false, utf8), CELL_IPI);
	canvas_put(c, last, heads + 1, lane_head_glyph(true, utf8), CELL_IPI);
	canvas_text(c, last, heads + 2, CELL_PLAIN, " an IPI comes there");
}

static void help_spans(struct canvas *c, int row, bool utf8)
{
	int col = canvas_text(c, row, 1, CELL_SMM, utf8 ? "\xe2\x96\x90\xe2\x96\x88\xe2\x96\x8c" : "[#]");

	col = canvas_text(c, row, col, CELL_PLAIN, " SMM   ");
	col = canvas_text(c, row, col, CELL_SMM_DEFAULT, "[d]");
	col = canvas_text(c, row, col, CELL_PLAIN, " at 0x30000   ");
	col = canvas_text(c, row, col, CELL_RUNNING, utf8 ? "\xe2\x94\x80\xe2\x94\x80" : "--");
	col = canvas_text(c, row, col, CELL_PLAIN, " running   ");
	col = canvas_text(c, row, col, CELL_RESET, utf8 ? "\xc2\xb7\xc2\xb7" : "..");
	col = canvas_text(c, row, col, CELL_PLAIN, " reset   ");
	col = canvas_text(c, row, col, CELL_GAP, utf8 ? "\xe2\x95\xb1\xe2\x95\xb1" : "//");
	col = canvas_text(c, row, col, CELL_PLAIN, " unseen   ");
	col = canvas_text(c, row, col, CELL_SMM, utf8 ? "\xe2\x96\x82\xe2\x96\x84\xe2\x96\x86" : "2..9+");
	canvas_text(c, row, col, CELL_PLAIN, " several");
}

#define MARK_ROWS ((LANE_MARK_COUNT + 1 + 2) / 3) /* one more: the heads of IPIs */
#define SIGN_ROWS (MARK_ROWS + 3) /* with the states, the mouse, what one screen has alone */

static int count_keys(const struct key_page *keys)
{
	int n = 0;

	for (int a = 0; a < ACTION_COUNT; a++)
		n += keys->text[a] != NULL;
	return n;
}

/* Rows that all keys take. */
static int key_rows(const struct key_page *keys)
{
	return (count_keys(keys) + 1) / 2;
}

/* Rows of keys on a page; 0 = all, and the signs with them. */
static int rows_of_keys(const struct key_page *keys, int rows)
{
	int room = rows - 2;

	if (key_rows(keys) + 1 + SIGN_ROWS <= room)
		return 0;
	return room < key_rows(keys) ? room : key_rows(keys);
}

int picture_help_pages(const struct key_page *keys, int rows)
{
	int each = rows_of_keys(keys, rows);

	return each ? (count_keys(keys) + 2 * each - 1) / (2 * each) + 1 : 1;
}

static void help_signs(struct canvas *c, const struct key_page *keys, int row, bool utf8)
{
	help_marks(c, row, MARK_ROWS, utf8);
	help_spans(c, row + MARK_ROWS, utf8);
	canvas_text(c, row + MARK_ROWS + 1, 1, CELL_PLAIN, keys->mouse);
	canvas_text(c, row + MARK_ROWS + 2, 1, CELL_PLAIN, keys->signs[utf8] ? keys->signs[utf8] : "");
}

void picture_help(struct canvas *c, const struct key_page *keys, bool utf8, int page)
{
	int pages = picture_help_pages(keys, c->rows), each = rows_of_keys(keys, c->rows), all = key_rows(keys);
	bool signs = page + 1 == pages;

	canvas_fill(c, 0, 0, c->cols, ' ', CELL_TITLE);
	canvas_print(c, 0, 0, CELL_TITLE, " smmtrace  keys and signs of %s", keys->screen);
	if (!signs || !each)
		help_keys(c, keys, 1, page * 2 * each, each ? each : all);
	if (!each)
		canvas_fill(c, 1 + all, 0, c->cols, utf8 ? 0x2500 : '-', CELL_AXIS);
	if (signs)
		help_signs(c, keys, each ? 1 : 2 + all, utf8);
	canvas_fill(c, c->rows - 1, 0, c->cols, ' ', CELL_STATUS);
	if (signs)
		canvas_print(c, c->rows - 1, 0, CELL_STATUS, " any key: back to %s", keys->screen);
	else
		canvas_text(c, c->rows - 1, 0, CELL_STATUS,
			    page + 2 == pages ? " any key: the signs" : " any key: more keys");
}
