/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "timeline-state.h"

#include <stdio.h>

#define MOMENT_SPAN (SCALE_MIN_SPAN * 1000) /* round what takes no time: 1 ms */

/* [@from, @to] with some room on both sides. */
static void show_stretch(struct timeline *t, int64_t from, int64_t to)
{
	int64_t span = ns_between(from, to > from ? to : from);

	t->follow = false;
	timeline_show(t, from + span / 2, span ? ns_sum(span, span / 8 + SCALE_MIN_SPAN) : MOMENT_SPAN);
}

/* The evidence of the chosen rule, as far as it is in the recording. */
static int show_proof(struct timeline *t, struct error *err)
{
	int64_t from = t->broken.ts_ns, to = from;

	for (int i = 0; i < 4; i++) {
		struct event ev;
		int got = t->broken.evidence[i] ? reader_event(t->reader, t->broken.evidence[i], &ev, err) : 0;

		if (got < 0)
			return got;
		if (got > 0) {
			from = ev.ts < from ? ev.ts : from;
			to = ev.ts > to ? ev.ts : to;
		}
	}
	show_stretch(t, from, to);
	return 0;
}

int timeline_zoom_to(struct timeline *t, struct error *err)
{
	const int64_t a = t->mark[0], b = t->mark[1];

	if (a != PICTURE_NO_MARK && b != PICTURE_NO_MARK)
		show_stretch(t, a < b ? a : b, a < b ? b : a);
	else if (t->broken.id)
		return show_proof(t, err);
	else if (t->smi.id)
		show_stretch(t, t->smi.enter_ns, t->smi.leave_ns ? t->smi.leave_ns : t->feed.now_ns);
	else if (t->chosen.id)
		timeline_show(t, t->chosen.ev.ts, MOMENT_SPAN);
	else
		snprintf(t->message, sizeof(t->message), "nothing here to zoom to");
	return 0;
}

int timeline_mark(struct timeline *t, int which)
{
	t->mark[which] = t->mark[which] == t->cursor_ns ? PICTURE_NO_MARK : t->cursor_ns;
	return 0;
}
