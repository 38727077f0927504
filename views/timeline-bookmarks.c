/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "timeline-state.h"

#include <stdio.h>
#include <string.h>

#include "../gdbproto/safe-text.h"

static int take(void *arg, const struct bookmark *b)
{
	return !bookmarks_put(arg, b);
}

void timeline_read_bookmarks(struct timeline *t)
{
	struct error why;

	if (reader_bookmarks(t->reader, take, &t->bookmarks, &why) < 0)
		safe_text(t->message, sizeof(t->message), why.text, strlen(why.text));
}

void timeline_ask_bookmark(struct timeline *t)
{
	const struct bookmark *there = bookmarks_at(&t->bookmarks, t->cursor_ns);

	t->prompt = PROMPT_BOOKMARK;
	snprintf(t->input, sizeof(t->input), "%s", there ? there->text : "");
}

/* In the file where that is possible, in the session in any case. */
int timeline_keep_bookmark(struct timeline *t, struct error *err)
{
	struct bookmark b = { .ts_ns = t->cursor_ns, .cpu = t->lane - 1 };
	struct error why;
	int rc;

	if (!*t->input && !bookmarks_at(&t->bookmarks, t->cursor_ns))
		return 0;
	snprintf(b.text, sizeof(b.text), "%.79s", t->input);
	if (!bookmarks_put(&t->bookmarks, &b)) {
		snprintf(t->message, sizeof(t->message), "%d bookmarks are enough", BOOKMARKS);
		return 0;
	}
	rc = reader_keep_bookmark(t->reader, &b, &why);
	t->prepares = true; /* a chart in memory has to be made again */
	if (rc == -ERR_CORRUPT)
		return fail(err, ERR_CORRUPT, "%s", why.text);
	if (rc < 0) {
		char safe[160];

		safe_text(safe, sizeof(safe), why.text, strlen(why.text));
		snprintf(t->message, sizeof(t->message), "for this session only: %s", safe);
	} else {
		snprintf(t->message, sizeof(t->message), "bookmark %s the recording", *b.text ? "kept in" : "taken out of");
	}
	return 0;
}

int timeline_go_bookmark(struct timeline *t, bool backwards, struct error *err)
{
	const struct bookmark *b = bookmarks_next(&t->bookmarks, t->cursor_ns, backwards);

	if (!b) {
		snprintf(t->message, sizeof(t->message), "no %s bookmark", backwards ? "earlier" : "later");
		return 0;
	}
	timeline_go_to(t, b->ts_ns, b->cpu);
	return timeline_choose_any(t, err);
}
