/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "episode-lane.h"

#include <stdio.h>
#include <string.h>

#include "../tracer/flow/flow.h"

/* What is written at a step, shorter with each @level: "(d) entry", "(d)", "". */
static const char *step_label(char *out, size_t size, const struct insight_step *s, int level)
{
	size_t len = strlen(s->letter);

	out[0] = '\0';
	if (level > 1)
		return out;
	if (!len)
		snprintf(out, size, "%s", level ? "" : s->name);
	else if (level)
		snprintf(out, size, "(%s)", s->letter);
	else
		flow_step_label(out, size, s->name, s->letter);
	return out;
}

static int column(const struct episode_lane *l, int64_t ts)
{
	int col = scale_column(&l->scale, ts);

	return col < -1 ? -1 : col > l->scale.width ? l->scale.width : col;
}

static int64_t end_of(const struct episode_lane *l, const struct insight_episode *ep)
{
	return ep->end_ns ? ep->end_ns : l->now_ns > ep->start_ns ? l->now_ns : ep->start_ns;
}

/* Free columns behind the sign of step @i: up to the next step that is in another column. */
static int room_behind(const struct episode_lane *l, const struct insight_episode *ep, unsigned i, int last)
{
	int at = column(l, ep->at[i].ts_ns), end = last + 1;

	if (i + 1 < ep->steps)
		end = column(l, ep->at[i + 1].ts_ns);
	else if (ep->stuck && column(l, ep->stuck_ns) > at)
		end = column(l, ep->stuck_ns);
	return end - at - 1;
}

static void draw_step(const struct episode_lane *l, const struct insight_episode *ep, unsigned i, int last,
		      struct canvas *c, int row, int col)
{
	int at = column(l, ep->at[i].ts_ns), room = room_behind(l, ep, i, last), level = 0;
	char label[40];

	if (at < 0 || at >= l->scale.width)
		return;
	while ((int)strlen(step_label(label, sizeof(label), &ep->at[i], level)) > room && level < 2)
		level++;
	canvas_put(c, row, col + at, l->utf8 ? 0x2502 : '|', CELL_AXIS);
	canvas_text(c, row, col + at + 1, CELL_LABEL, label);
}

/* From where it was stuck on: "STUCK . . .". */
static void draw_stuck(const struct episode_lane *l, const struct insight_episode *ep, int last, struct canvas *c,
		       int row, int col)
{
	int from = column(l, ep->stuck_ns), room;

	if (!ep->stuck || from > last || last < 0)
		return;
	from = from < 0 ? 0 : from;
	room = last - from + 1;
	canvas_fill(c, row, col + from, col + last + 1, l->utf8 ? 0x2504 : '.', CELL_ALARM);
	canvas_text(c, row, col + from, CELL_ALARM, room >= 5 ? "STUCK" : room >= 1 ? "!" : "");
}

static void draw_episode(const struct episode_lane *l, const struct insight_episode *ep, struct canvas *c, int row,
			 int col)
{
	int first = column(l, ep->start_ns), last = column(l, end_of(l, ep));

	if (first >= l->scale.width || last < 0)
		return;
	first = first < 0 ? 0 : first;
	last = last >= l->scale.width ? l->scale.width - 1 : last;
	canvas_fill(c, row, col + first, col + last + 1, l->utf8 ? 0x2500 : '-', CELL_RUNNING);
	for (unsigned i = 0; i < ep->steps; i++)
		draw_step(l, ep, i, last, c, row, col);
	draw_stuck(l, ep, last, c, row, col);
}

static bool overlap(const struct episode_lane *l, const struct insight_episode *a, const struct insight_episode *b)
{
	return a->start_ns <= end_of(l, b) && b->start_ns <= end_of(l, a);
}

void episode_lane_draw(const struct episode_lane *l, struct canvas *c, int row, int col)
{
	const struct insight_episode *chosen = l->chosen;
	char name[24];

	if (!chosen)
		return;
	for (int i = 0; i < l->insight->episodes; i++) {
		const struct insight_episode *ep = &l->insight->episode[i];

		if (ep->boot == chosen->boot && !overlap(l, ep, chosen))
			draw_episode(l, ep, c, row, col);
	}
	draw_episode(l, chosen, c, row, col);
	snprintf(name, sizeof(name), "%s %d", chosen->kind, chosen->cpu);
	canvas_print(c, row, 1, chosen->stuck ? CELL_ALARM : CELL_PLAIN, "%.*s", col - 2 > 0 ? col - 2 : 0, name);
}
