/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "timeline-state.h"

#include <stdio.h>

#include "../db/density.h"
#include "../tracer/clock.h"

#define PIECE_NS 10000000  /* of work: a key waits no longer */
#define TELL_NS 400000000  /* how far it is, so often */

void timeline_stop_search(struct timeline *t)
{
	t->hunt.on = false;
}

/* In percent, by ids: they are as many as events. */
static int searched(const struct timeline *t)
{
	const struct hunt *h = &t->hunt;
	int64_t all = h->backwards ? h->begin_id : reader_summary(t->reader)->last_id - h->begin_id;
	int64_t done = h->backwards ? h->begin_id - h->id : h->id - h->begin_id;

	return all <= 0 || done <= 0 ? 0 : done >= all ? 99 : (int)(done * 100 / all);
}

static void say_found_nothing(struct timeline *t)
{
	const char *why = *t->filter.text ? " (the filter holds for the search too)" : "";

	if (!(t->search.kinds & t->filter.kinds))
		why = " (the filter hides them; \"f\", \"all\" shows them)";
	snprintf(t->message, sizeof(t->message), "no \"%.150s\" %s the cursor%s", t->search.text,
		 t->hunt.backwards ? "before" : "after", why);
}

/* A piece of the search; *changed when there is something to show. */
static int hunt(struct timeline *t, bool *changed, struct error *err)
{
	struct seek_piece piece = { .until_ns = clock_now() + PIECE_NS };
	struct seek what = timeline_any_seek(t);
	struct picture_event found;
	int got;

	what.find = &t->search;
	what.piece = &piece;
	got = seek_event(t->reader, &what, t->hunt.ts, t->hunt.id, t->hunt.backwards, &found, err);
	t->hunt.on = !got && piece.out;
	if (piece.out) {
		t->hunt.ts = piece.ts;
		t->hunt.id = piece.id;
	}
	*changed |= !t->hunt.on || clock_now() - t->hunt.told_ns > TELL_NS;
	if (got > 0)
		timeline_choose(t, &found, true);
	if (got > 0)
		t->message[0] = '\0';
	else if (!t->hunt.on)
		say_found_nothing(t);
	else if (*changed) {
		t->hunt.told_ns = clock_now();
		snprintf(t->message, sizeof(t->message), "searching for \"%.150s\": %d %% (any key ends it)",
			 t->search.text, searched(t));
	}
	return got < 0 ? got : 0;
}

int timeline_search(struct timeline *t, bool backwards, struct error *err)
{
	bool here = t->chosen.id && t->chosen.ev.ts == t->cursor_ns, changed = true;

	t->hunt = (struct hunt){ .on = true, .backwards = backwards, .begin_id = t->chosen.id,
				 .ts = t->cursor_ns, .id = here ? t->chosen.id : 0 };
	return hunt(t, &changed, err);
}

bool timeline_has_work(const struct timeline *t)
{
	return t->hunt.on || t->prepares;
}

int timeline_work(struct timeline *t, bool *changed, struct error *err)
{
	int more;

	if (t->hunt.on)
		return hunt(t, changed, err);
	if (!t->prepares)
		return 0;
	more = reader_prepare(t->reader, PIECE_NS, err);
	t->prepares = more > 0;
	*changed |= more == 0;
	return more < 0 ? more : 0;
}
