/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "picture.h"

#include "keys.h"

/* Keys [@from, @from + 2 * @rows) in two columns. */
static void help_keys(struct canvas *c, int row, int from, int rows)
{
	for (int a = from; a < ACTION_COUNT && a < from + 2 * rows; a++) {
		int col = 1 + (a - from) / rows * 40, at = row + (a - from) % rows;

		canvas_text(c, at, col, CELL_LABEL, key_info[a].keys);
		canvas_text(c, at, col + 12, CELL_PLAIN, key_info[a].help);
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

#define KEY_ROWS ((ACTION_COUNT + 1) / 2)
#define MARK_ROWS ((LANE_MARK_COUNT + 1 + 2) / 3) /* one more: the heads of IPIs */
#define SIGN_ROWS (MARK_ROWS + 2) /* with the states and the mouse */

/* Rows of keys on a page; 0 = all, and the signs with them. */
static int rows_of_keys(int rows)
{
	int room = rows - 2;

	if (KEY_ROWS + 1 + SIGN_ROWS <= room)
		return 0;
	return room < KEY_ROWS ? room : KEY_ROWS;
}

int picture_help_pages(int rows)
{
	int keys = rows_of_keys(rows);

	return keys ? (ACTION_COUNT + 2 * keys - 1) / (2 * keys) + 1 : 1;
}

static void help_signs(struct canvas *c, int row, bool utf8)
{
	help_marks(c, row, MARK_ROWS, utf8);
	help_spans(c, row + MARK_ROWS, utf8);
	canvas_text(c, row + MARK_ROWS + 1, 1, CELL_PLAIN,
		    "mouse: click chooses, wheel zooms; on the axis it pans, on the list it goes along");
}

void picture_help(struct canvas *c, bool utf8, int page)
{
	int pages = picture_help_pages(c->rows), keys = rows_of_keys(c->rows);
	bool signs = page + 1 == pages;

	canvas_fill(c, 0, 0, c->cols, ' ', CELL_TITLE);
	canvas_text(c, 0, 0, CELL_TITLE, " smmtrace  keys and signs of the timeline");
	if (!signs || !keys)
		help_keys(c, 1, page * 2 * keys, keys ? keys : KEY_ROWS);
	if (!keys)
		canvas_fill(c, 1 + KEY_ROWS, 0, c->cols, utf8 ? 0x2500 : '-', CELL_AXIS);
	if (signs)
		help_signs(c, keys ? 1 : 2 + KEY_ROWS, utf8);
	canvas_fill(c, c->rows - 1, 0, c->cols, ' ', CELL_STATUS);
	canvas_text(c, c->rows - 1, 0, CELL_STATUS, signs ? " any key: back to the timeline" :
		    page + 2 == pages ? " any key: the signs" : " any key: more keys");
}
