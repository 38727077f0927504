/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "text-findings.h"

#include <inttypes.h>
#include <stdio.h>

#include "scale.h"

const char *text_time(char *out, size_t size, int64_t first_ns, int64_t ts)
{
	int64_t ns = ns_between(first_ns, ts);
	uint64_t us = (ns < 0 ? -(uint64_t)ns : (uint64_t)ns) / 1000;

	snprintf(out, size, "%c%" PRIu64 ".%06" PRIu64 " ", ns < 0 ? '-' : '+', us / 1000000, us % 1000000);
	return out;
}

static const char *cpu_text(char *out, size_t size, int cpu)
{
	if (cpu == CPU_UNKNOWN)
		snprintf(out, size, "cpu?");
	else
		snprintf(out, size, "cpu%d", cpu);
	return out;
}

/* " [events 812 815]", nothing when no event proves it. */
static const char *evidence_text(char *out, size_t size, const int64_t id[CHECK_EVIDENCE])
{
	size_t used = 0;

	out[0] = '\0';
	for (int i = 0; i < CHECK_EVIDENCE && used < size; i++)
		if (id[i])
			used += (size_t)snprintf(out + used, size - used, "%s%" PRId64, used ? " " : " [events ",
						 id[i]);
	if (used && used < size)
		snprintf(out + used, size - used, "]");
	return out;
}

const char *text_violation(char *out, size_t size, const struct violation *v, int64_t first_ns)
{
	const struct invariant *inv = invariant_list[v->invariant];
	char at[32], cpu[16], proof[112];

	snprintf(out, size, "%s%s VIOLATED %s (%s) %s: %s%s", text_time(at, sizeof(at), first_ns, v->ts),
		 cpu_text(cpu, sizeof(cpu), v->cpu), inv->name, inv->step, check_severity_name[inv->severity],
		 v->message, evidence_text(proof, sizeof(proof), v->evidence));
	return out;
}

int64_t text_episode_ns(const struct episode *ep)
{
	if (ep->status == EPISODE_DONE)
		return ep->end_ns;
	if (ep->status == EPISODE_STUCK)
		return ep->stuck_ns;
	return ep->at[ep->step].ns;
}

/* "step d-rsm (d)": what became of it. */
static void episode_news(char *out, size_t size, const struct episode *ep)
{
	const struct flow_step_info *step = &flow_step_info[ep->step];
	char lasted[32];

	if (ep->status == EPISODE_DONE)
		snprintf(out, size, "%s %s", ep->cut_short ? "cut short after" : "done in",
			 duration_text(lasted, sizeof(lasted), ns_between(ep->start_ns, ep->end_ns)));
	else if (ep->status == EPISODE_STUCK && ep->next < FLOW_STEP_COUNT)
		snprintf(out, size, "STUCK behind step %s, no %s for %s", step->name, flow_step_info[ep->next].name,
			 duration_text(lasted, sizeof(lasted), ns_between(ep->at[ep->step].ns, ep->stuck_ns)));
	else if (ep->status == EPISODE_STUCK)
		snprintf(out, size, "STUCK behind step %s", step->name);
	else
		snprintf(out, size, "step %s%s%s%s", step->name, *step->letter ? " (" : "", step->letter,
			 *step->letter ? ")" : "");
}

const char *text_episode(char *out, size_t size, const struct episode *ep, int64_t first_ns)
{
	char at[32], cpu[16], of[16] = "", news[128];

	episode_news(news, sizeof(news), ep);
	if (ep->cpu != CPU_UNKNOWN)
		snprintf(of, sizeof(of), " %d", ep->cpu);
	snprintf(out, size, "%s%s %s%s: %s", text_time(at, sizeof(at), first_ns, text_episode_ns(ep)),
		 cpu_text(cpu, sizeof(cpu), ep->cpu), episode_kind_name[ep->kind], of, news);
	return out;
}

const char *text_verdict(char *out, size_t size, const struct verdict_line *line, int64_t first_ns, int64_t ts)
{
	char at[32];

	snprintf(out, size, "%s%s: %s", text_time(at, sizeof(at), first_ns, ts), line->subject, line->text);
	return out;
}

bool text_is_news(struct text_told *told, const struct episode *ep)
{
	size_t i = (uint64_t)ep->id % (sizeof(told->episode) / sizeof(told->episode[0]));
	bool same = told->episode[i].id == ep->id && told->episode[i].step == ep->step &&
		    told->episode[i].status == ep->status;

	told->episode[i].id = ep->id;
	told->episode[i].step = (uint8_t)ep->step;
	told->episode[i].status = (uint8_t)ep->status;
	return !same;
}
