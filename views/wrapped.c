/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wrapped.h"

#include <string.h>

int wrapped_draw(struct canvas *c, int row, enum cell_class class, const char *text)
{
	int room = c->cols - 2, indent = 1;

	while ((int)strlen(text) > room) {
		int cut = room;

		while (cut > 1 && text[cut] != ' ')
			cut--;
		canvas_print(c, row++, indent, class, "%.*s", cut > 1 ? cut : room, text);
		text += cut > 1 ? cut + 1 : room;
		indent = 5;
		room = c->cols - 6;
	}
	canvas_text(c, row, indent, class, text);
	return row + 1;
}

int wrapped_rows(int cols, const char *text)
{
	struct canvas none = { .rows = 0, .cols = cols };

	return wrapped_draw(&none, 0, CELL_PLAIN, text);
}
