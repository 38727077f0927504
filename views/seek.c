/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "seek.h"
#include "../db/narrow.h"
#include "../tracer/clock.h"

#define LOOK_EVERY 64 /* events between two looks at the clock */

struct seeking {
	const struct seek *what;
	int64_t id;
	bool backwards;
	struct picture_event *out;
	int room, got;
	unsigned seen;
};

static bool behind(const struct seeking *s, int64_t id)
{
	return !s->id || (s->backwards ? id < s->id : id > s->id);
}

/* Its time is over. */
static bool ends_piece(struct seeking *s, int64_t id, const struct event *ev)
{
	struct seek_piece *p = s->what->piece;

	if (!p || ++s->seen % LOOK_EVERY || clock_now() < p->until_ns)
		return false;
	p->out = true;
	p->ts = ev->ts;
	p->id = id;
	return true;
}

static int take(void *arg, int64_t id, const struct event *ev)
{
	struct seeking *s = arg;

	if (!behind(s, id))
		return 0;
	if (!filter_takes(s->what->filter, ev) || (s->what->interest && !event_of_interest(ev)) ||
	    (s->what->find && !filter_takes(s->what->find, ev)))
		return ends_piece(s, id, ev);
	s->out[s->got++] = (struct picture_event){ .id = id, .ev = *ev };
	return s->got == s->room;
}

/* What the recording is asked for; false when it can hold nothing of it. */
static bool wanted(const struct seek *what, struct reader_filter *want)
{
	want->kinds = what->interest ? KIND_INTEREST : KIND_ALL;
	want->cpu = what->cpu;
	return reader_narrow(want, what->filter) && (!what->find || reader_narrow(want, what->find));
}

/* Up to @room events from (@ts, @id) on in one direction; their number or negative. */
static int walk(struct reader *r, const struct seek *what, int64_t ts, int64_t id, bool backwards,
		struct picture_event *out, int room, struct error *err)
{
	struct seeking s = { .what = what, .id = id, .backwards = backwards, .out = out, .room = room };
	struct reader_filter want = READER_ALL;
	int rc;

	want.backwards = backwards;
	*(backwards ? &want.to : &want.from) = ts;
	if (room <= 0 || !wanted(what, &want))
		return 0;
	rc = reader_events(r, &want, take, &s, err);
	return rc < 0 ? rc : s.got;
}

int seek_event(struct reader *r, const struct seek *what, int64_t ts, int64_t id, bool backwards,
	       struct picture_event *found, struct error *err)
{
	return walk(r, what, ts, id, backwards, found, 1, err);
}

int seek_nearest(struct reader *r, const struct seek *what, int64_t ts, struct picture_event *found,
		 struct error *err)
{
	struct picture_event after, before;
	int next = walk(r, what, ts, 0, false, &after, 1, err);
	int last = next < 0 ? next : walk(r, what, ts, 0, true, &before, 1, err);

	if (next < 0 || last < 0)
		return -1;
	if (next && (!last || ns_between(ts, after.ev.ts) <= ns_between(before.ev.ts, ts)))
		*found = after;
	else if (last)
		*found = before;
	return next || last;
}

static void turn_round(struct picture_event *list, int n)
{
	for (int i = 0; i < n / 2; i++) {
		struct picture_event e = list[i];

		list[i] = list[n - 1 - i];
		list[n - 1 - i] = e;
	}
}

int seek_around(struct reader *r, const struct seek *what, int64_t ts, int64_t id, int rows,
		struct picture_event *list, int *chosen, struct error *err)
{
	int before = walk(r, what, id ? ts : ts - 1, id, true, list, rows, err), after, n = before;

	*chosen = -1;
	if (before < 0)
		return before;
	turn_round(list, before);
	if (id && reader_event(r, id, &list[n].ev, err) > 0) {
		list[n].id = id;
		*chosen = n++;
	}
	after = walk(r, what, ts, id, false, list + n, rows, err);
	return after < 0 ? after : n + after;
}
