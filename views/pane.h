/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What stands below or beside lanes: events, one a row. Pure. */
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

#endif
