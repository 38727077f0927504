/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "timeline-state.h"

#include <inttypes.h>
#include <stdio.h>

/* The event that broke the rule is the last one of those that prove it. */
static int choose_evidence(struct timeline *t, const struct reader_violation *v, struct error *err)
{
	struct picture_event e = { 0 };
	int got = 0;

	for (int i = 0; i < 4; i++)
		if (v->evidence[i] > e.id)
			e.id = v->evidence[i];
	if (e.id)
		got = reader_event(t->reader, e.id, &e.ev, err);
	if (got > 0 && filter_takes(&t->filter, &e.ev))
		t->chosen = e;
	else if (got >= 0)
		got = timeline_choose_any(t, err);
	return got < 0 ? got : 0;
}

int timeline_go_broken(struct timeline *t, bool backwards, struct error *err)
{
	struct reader_violation found = { 0 };
	int got = insight_seek(t->reader, t->cursor_ns, t->broken.id, backwards, &found, err);

	if (got <= 0) {
		snprintf(t->message, sizeof(t->message), !t->insight.violations ? "no rule was broken" :
			 backwards ? "no earlier broken rule" : "no later broken rule");
		return got;
	}
	t->broken = found;
	timeline_go_to(t, found.ts_ns, found.cpu);
	insight_line(t->finding, sizeof(t->finding), &t->broken);
	return choose_evidence(t, &found, err);
}

void timeline_leave_broken(struct timeline *t)
{
	if (t->broken.id && t->cursor_ns != t->broken.ts_ns)
		t->broken.id = 0;
}

/* The first episode to begin after the cursor; plugs and unplugs only, where there are any. */
static const struct insight_episode *next_episode(const struct timeline *t, int64_t after)
{
	const struct insight_episode *best = NULL;

	for (int i = 0; i < t->insight.episodes; i++) {
		const struct insight_episode *ep = &t->insight.episode[i];

		if (ep->start_ns <= after || (best && best->boot < ep->boot))
			continue;
		if (!best || best->boot > ep->boot || ep->start_ns < best->start_ns)
			best = ep;
	}
	return best;
}

/* All of it in the window, the cursor at its beginning; behind the last one the first comes again. */
int timeline_go_episode(struct timeline *t, struct error *err)
{
	const struct insight_episode *ep = next_episode(t, t->cursor_ns), *first = next_episode(t, INT64_MIN);
	int64_t end, span;

	if (!ep || ep->boot > first->boot)
		ep = first;
	if (!ep) {
		snprintf(t->message, sizeof(t->message), "no relocation or plug was followed");
		return 0;
	}
	end = ep->end_ns ? ep->end_ns : t->feed.now_ns;
	span = ns_between(ep->start_ns, end > ep->start_ns ? end : ep->start_ns);
	t->follow = false;
	t->cursor_ns = ep->start_ns;
	if (lane_of_cpu(ep->cpu) < t->lanes.lanes)
		t->lane = lane_of_cpu(ep->cpu);
	timeline_show(t, ep->start_ns + span / 2, ns_sum(span, span / 8 + SCALE_MIN_SPAN));
	return timeline_choose_any(t, err);
}
