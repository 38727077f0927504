/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pane.h"

#include <stdio.h>
#include <string.h>

#include "filter.h"
#include "marks.h"

/* One event: ">     0.030000 s I ipi          cpu0   target=1 mode=init". */
static void draw_event(struct canvas *c, const struct pane_events *p, int row, int i)
{
	const struct picture_event *e = &p->list[i];
	bool chosen = i == p->chosen, bar = chosen && p->focus;
	enum cell_class class = bar ? CELL_SELECTED : chosen ? CELL_BOLD : CELL_PLAIN, sign = CELL_SMM;
	enum lane_mark mark = mark_of_event(&e->ev);
	uint32_t glyph = e->ev.kind == EV_SMI_ENTER ? '[' : ']';
	char at[48], line[512];

	if (mark != LANE_MARK_COUNT) {
		glyph = lane_mark_glyph(mark, p->utf8);
		sign = (enum cell_class)lane_glyph[mark].class;
	}
	if (bar)
		canvas_fill(c, row, 0, c->cols, ' ', class);
	time_text(at, sizeof(at), ns_between(p->first_ns, e->ev.ts), 1000);
	canvas_print(c, row, 0, class, "%c%14s ", chosen ? '>' : ' ', at);
	canvas_put(c, row, 16, glyph, bar ? class : sign);
	canvas_text(c, row, 18, class, event_line(line, sizeof(line), &e->ev));
}

void pane_list(struct canvas *c, const struct pane_events *p, int first, int end)
{
	int rows = end - first, top = p->chosen - rows / 2;

	if (top > p->listed - rows)
		top = p->listed - rows;
	if (top < 0)
		top = 0;
	for (int i = 0; i < rows && top + i < p->listed; i++)
		draw_event(c, p, first + i, top + i);
}

int pane_text(struct canvas *c, int row, enum cell_class class, const char *text)
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

int pane_text_rows(const struct canvas *c, const char *text)
{
	struct canvas none = { .rows = 0, .cols = c->cols };

	return pane_text(&none, 0, CELL_PLAIN, text);
}

void pane_lines(struct canvas *c, const char *const *line, int lines, int first, int end)
{
	int row = first;

	for (int i = 0; i < lines && row < end; i++)
		row = pane_text(c, row, i ? CELL_PLAIN : CELL_LABEL, line[i]);
	if (row > end)
		canvas_text(c, end - 1, c->cols - 4, CELL_LABEL, " ...");
}
