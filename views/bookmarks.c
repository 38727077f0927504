/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bookmarks.h"

#include <string.h>

#include "../gdbproto/safe-text.h"

/* Index of the first one at or behind @ts. */
static int place_of(const struct bookmarks *l, int64_t ts)
{
	int i = 0;

	while (i < l->count && l->at[i].ts_ns < ts)
		i++;
	return i;
}

static void move(struct bookmarks *l, int from, int by)
{
	memmove(&l->at[from + by], &l->at[from], (size_t)(l->count - from) * sizeof(l->at[0]));
	l->count += by;
}

bool bookmarks_put(struct bookmarks *l, const struct bookmark *b)
{
	int i = place_of(l, b->ts_ns);
	bool there = i < l->count && l->at[i].ts_ns == b->ts_ns;

	if (!*b->text) {
		if (there)
			move(l, i + 1, -1);
		return true;
	}
	if (!there && l->count == BOOKMARKS)
		return false;
	if (!there)
		move(l, i, 1);
	l->at[i] = *b;
	safe_text(l->at[i].text, sizeof(l->at[i].text), b->text, strlen(b->text));
	return true;
}

const struct bookmark *bookmarks_next(const struct bookmarks *l, int64_t ts, bool backwards)
{
	int i = place_of(l, ts);

	if (backwards)
		return i > 0 ? &l->at[i - 1] : NULL;
	i += i < l->count && l->at[i].ts_ns == ts;
	return i < l->count ? &l->at[i] : NULL;
}

const struct bookmark *bookmarks_at(const struct bookmarks *l, int64_t ts)
{
	int i = place_of(l, ts);

	return i < l->count && l->at[i].ts_ns == ts ? &l->at[i] : NULL;
}
