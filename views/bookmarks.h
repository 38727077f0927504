/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bookmarks of a session, by time: those of the file and those that could not be kept there. Pure. */
#ifndef VIEWS_BOOKMARKS_H
#define VIEWS_BOOKMARKS_H

#include "../db/bookmark.h"

#define BOOKMARKS 500

struct bookmarks {
	int count;
	struct bookmark at[BOOKMARKS]; /* texts are safe for a terminal */
};

/* Put @b in its place, or in place of the one at its time; without text: take that one away. False when full. */
bool bookmarks_put(struct bookmarks *l, const struct bookmark *b);

/* The first one behind @ts (@backwards: before it); NULL = none. */
const struct bookmark *bookmarks_next(const struct bookmarks *l, int64_t ts, bool backwards);

/* The one at @ts; NULL = none. */
const struct bookmark *bookmarks_at(const struct bookmarks *l, int64_t ts);

#endif
