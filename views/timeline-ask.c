/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "timeline-state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "../gdbproto/safe-text.h"

void timeline_ask(struct timeline *t)
{
	struct error err = { 0 };

	free(t->answer);
	t->answer = ask(t->path, t->input, &err);
	if (t->answer) {
		t->page = PAGE_ANSWER;
		t->page_at = 0;
	} else {
		safe_text(t->message, sizeof(t->message), err.text, strlen(err.text));
	}
}

/* Line @n of the answer, without its end; NULL behind the last one. */
static const char *answer_line(const char *text, int n, int *len)
{
	while (n-- > 0 && text)
		text = strchr(text, '\n') ? strchr(text, '\n') + 1 : NULL;
	if (!text || !*text)
		return NULL;
	*len = (int)strcspn(text, "\n");
	return text;
}

/* Its heading stays on every page. */
int timeline_draw_answer(struct timeline *t)
{
	struct canvas *c = &t->canvas;
	int len, at = t->page_at ? t->page_at : 1, row = 1;
	const char *line = answer_line(t->answer, 0, &len);

	canvas_fill(c, 0, 0, c->cols, ' ', CELL_TITLE);
	canvas_print(c, 0, 0, CELL_TITLE, " smmtrace  %s", t->input);
	if (line)
		canvas_print(c, row++, 0, CELL_LABEL, "%.*s", len, line);
	for (; row < c->rows - 1 && (line = answer_line(t->answer, at, &len)); at++)
		canvas_print(c, row++, 0, CELL_PLAIN, "%.*s", len, line);
	line = answer_line(t->answer, at, &len);
	canvas_fill(c, c->rows - 1, 0, c->cols, ' ', CELL_STATUS);
	canvas_text(c, c->rows - 1, 0, CELL_STATUS, line ? " any key: what follows; q: back" :
		    " any key: back to the timeline");
	return line ? at : 0;
}
