/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "timeline-state.h"

#include <stdio.h>

void timeline_fit(struct timeline *t)
{
	int64_t span = ns_between(t->feed.first_ns, t->feed.now_ns);

	scale_show(&t->scale, t->feed.first_ns - span / 100, span + span / 50 + 1000);
}

void timeline_show_end(struct timeline *t)
{
	scale_show(&t->scale, t->feed.now_ns - t->scale.span / 20 * 19, t->scale.span);
}

void timeline_show(struct timeline *t, int64_t ts, int64_t span)
{
	scale_centre(&t->scale, ts, span);
}

struct seek timeline_lane_seek(const struct timeline *t)
{
	return (struct seek){ .filter = &t->filter, .cpu = t->lane - 1 };
}

struct seek timeline_any_seek(const struct timeline *t)
{
	return (struct seek){ .filter = &t->filter, .cpu = READER_ANY_CPU };
}

/* The cursor went somewhere by hand: choose the event of this lane that is nearest. */
int timeline_choose_nearest(struct timeline *t, struct error *err)
{
	struct seek what = timeline_lane_seek(t);
	struct picture_event found;
	int got = seek_nearest(t->reader, &what, t->cursor_ns, &found, err);

	if (got > 0)
		t->chosen = found;
	t->follow = false;
	return got < 0 ? got : 0;
}

/* The chosen event is hidden now: choose the nearest of all lanes; the cursor stays. */
int timeline_choose_any(struct timeline *t, struct error *err)
{
	struct seek what = timeline_any_seek(t);
	int got = seek_nearest(t->reader, &what, t->cursor_ns, &t->chosen, err);

	if (got == 0)
		t->chosen.id = 0;
	return got < 0 ? got : 0;
}

void timeline_go_to(struct timeline *t, int64_t ts, int cpu)
{
	int col = scale_column(&t->scale, ts);

	t->cursor_ns = ts;
	t->follow = false;
	if (lane_of_cpu(cpu) >= 0 && lane_of_cpu(cpu) < t->lanes.lanes)
		t->lane = lane_of_cpu(cpu);
	if (col < 0 || col >= t->scale.width)
		timeline_show(t, ts, 0);
}

/* The cursor goes to an event: show it. */
void timeline_choose(struct timeline *t, const struct picture_event *e, bool change_lane)
{
	t->chosen = *e;
	timeline_go_to(t, e->ev.ts, change_lane ? e->ev.cpu : t->lane - 1);
}

int timeline_go(struct timeline *t, const struct seek *what, bool backwards, bool change_lane,
		const char *none, struct error *err)
{
	struct picture_event found;
	bool here = t->chosen.id && t->chosen.ev.ts == t->cursor_ns;
	int got = seek_event(t->reader, what, t->cursor_ns, here ? t->chosen.id : 0, backwards, &found, err);

	if (got > 0)
		timeline_choose(t, &found, change_lane);
	else if (got == 0)
		snprintf(t->message, sizeof(t->message), "%s", none);
	return got < 0 ? got : 0;
}

/* At an edge the window goes along, by a quarter. */
int timeline_step(struct timeline *t, int by, struct error *err)
{
	t->cursor_ns = scale_step(&t->scale, t->cursor_ns, by);
	return timeline_choose_nearest(t, err);
}

int timeline_zoom(struct timeline *t, int num, int den)
{
	scale_zoom_at(&t->scale, t->cursor_ns, num, den);
	return 0;
}

/* Move the window; the cursor keeps its column. */
int timeline_pan(struct timeline *t, int64_t by, struct error *err)
{
	t->cursor_ns = scale_pan(&t->scale, t->cursor_ns, by);
	return timeline_choose_nearest(t, err);
}
