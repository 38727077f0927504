/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "diff-report.h"

const char *diff_lane_name(char out[DIFF_NAME], int cpu)
{
	if (cpu == CPU_UNKNOWN)
		snprintf(out, DIFF_NAME, "no known CPU");
	else
		snprintf(out, DIFF_NAME, "CPU %d", cpu);
	return out;
}

const char *diff_episode_name(char out[DIFF_NAME], enum episode_kind kind, int cpu, unsigned nth)
{
	const char *what = kind == EPISODE_BOOT ? "boot relocation" : episode_kind_name[kind];

	if (nth > 1)
		snprintf(out, DIFF_NAME, "%s %u of CPU %d", what, nth, cpu);
	else
		snprintf(out, DIFF_NAME, "%s of CPU %d", what, cpu);
	return out;
}

/* Which of its kind and CPU is it? */
static unsigned nth_of(struct flow *f, const struct episode *ep)
{
	unsigned nth = 0;

	for (int64_t id = 1; id <= ep->id; id++)
		nth += flow_episode(f, id)->kind == ep->kind && flow_episode(f, id)->cpu == ep->cpu;
	return nth;
}

const char *diff_place(char out[DIFF_NAME], const struct diff *d, int side, const struct lane_line *line)
{
	struct flow *f = judge_flow(d->side[side]->judge);
	const struct episode *ep = line->episode ? flow_episode(f, line->episode) : NULL;
	char name[DIFF_NAME];

	out[0] = '\0';
	if (ep)
		snprintf(out, DIFF_NAME, "%.40s, behind %s", diff_episode_name(name, ep->kind, ep->cpu, nth_of(f, ep)),
			 flow_step_info[line->step].name);
	return out;
}

int64_t diff_line_ns(const struct diff *d, int side, const struct lane_line *line)
{
	struct reader *r = d->side[side]->reader;
	struct event ev;

	return reader_event(r, line->id, &ev, NULL) == 1 ? ev.ts - reader_summary(r)->first_ns : 0;
}
