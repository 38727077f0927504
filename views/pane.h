/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What stands below or beside lanes: events, one a row, or lines of text. Pure. */
#ifndef VIEWS_PANE_H
#define VIEWS_PANE_H

#include "picture.h"

struct pane_events {
	bool utf8;
	int64_t first_ns;           /* times count from here */
	const struct picture_event *list;
	int listed, chosen;         /* chosen -1 = none */
	bool focus;                 /* keys go to the list */
};

/* Into rows [@first, @end), the chosen one in the middle. */
void pane_list(struct canvas *c, const struct pane_events *p, int first, int end);

/* The lines, the first one as a heading, into rows [@first, @end); "..." where that is not enough. */
void pane_lines(struct canvas *c, const char *const *line, int lines, int first, int end);

/* @text from column 1 on, broken at blanks. Returns the row behind it. And how many rows it takes. */
int pane_text(struct canvas *c, int row, enum cell_class class, const char *text);
int pane_text_rows(const struct canvas *c, const char *text);

#endif
