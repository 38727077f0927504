/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pane.h"

#include <stdio.h>
#include <string.h>

#include "marks.h"
#include "../tracer/event-text.h"

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
