/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "verdict.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "verdict-text.h"

/* Lines kept free behind those of the CPUs. */
#define LINES_BEHIND 20
/* A monarch that is found polling, this long after the recording began, does not get what it waits for. */
#define POLLS_NS 1000000000

/* ---- lines ---- */

static struct prose add_line(struct verdict *v, const char *subject)
{
	struct verdict_line *line = &v->line[v->lines < VERDICT_LINES ? v->lines++ : VERDICT_LINES - 1];

	snprintf(line->subject, sizeof(line->subject), "%s", subject);
	return prose_into(line->text, sizeof(line->text));
}

static void add_cpu(struct verdict *v, const struct verdict_input *in, int cpu)
{
	char subject[16], waits[512];
	struct prose w = prose_into(waits, sizeof(waits)), p;

	snprintf(subject, sizeof(subject), "CPU %d", cpu);
	p = add_line(v, subject);
	say_place(&p, in, cpu);
	if (cpu == in->scene->round.monarch && cpuset_has(&in->scene->round.inside, cpu))
		say(&p, "; it is the monarch");
	if (say_waits(&w, in, cpu))
		say(&p, "; waits for %s", waits);
}

static void add_cpus(struct verdict *v, const struct verdict_input *in)
{
	unsigned left = 0;

	for (int i = 0; i < (int)in->model->cpus; i++) {
		if (in->model->cpu[i].state == STATE_ABSENT)
			continue;
		if (v->lines < VERDICT_LINES - LINES_BEHIND)
			add_cpu(v, in, i);
		else
			left++;
	}
	if (left) {
		struct prose p = add_line(v, "more CPUs");

		say(&p, "%u, which are not told here", left);
	}
}

static void add_cause(struct verdict *v, const struct verdict_input *in, const struct episode *ep)
{
	const struct violation *cause = verdict_cause(in, ep);
	struct prose p;

	if (!cause) /* none about its CPU: then any */
		cause = verdict_cause(in, NULL);
	if (!cause)
		return;
	p = add_line(v, "first broken rule");
	say_violation(&p, in, cause);
	p = add_line(v, "what it means");
	say(&p, "%s", invariant_list[cause->invariant]->meaning);
}

static void add_settings(struct verdict *v, const struct verdict_input *in)
{
	char text[sizeof(v->line[0].text)];
	struct prose p = prose_into(text, sizeof(text));

	if (!say_settings(&p, in))
		return;
	p = add_line(v, "settings");
	say(&p, "%s", text);
}

/* ---- the paragraph ---- */

/* Of two stuck ones: the one that the monarch waits for, or else the one that was stuck first. */
static bool leads(const struct verdict_input *in, const struct episode *ep, const struct episode *other)
{
	int awaited = verdict_expected_cpu(in);

	if (!other || (ep->cpu == awaited) != (other->cpu == awaited))
		return !other || ep->cpu == awaited;
	return ep->stuck_ns < other->stuck_ns;
}

/* What stands for the whole: a stuck episode, else one that the end of QEMU cut short, else a running one. */
static struct episode *episode_of_note(const struct verdict_input *in)
{
	struct episode *stuck = NULL, *cut = NULL, *running = NULL, *ep;
	struct moment end = in->scene->target_exit;

	for (int64_t id = 1; (ep = flow_episode(in->flow, id)) != NULL; id++) {
		if (ep->cut_short && moment_is(end) && ep->end_ns == end.ns)
			cut = ep;
		else if (ep->status == EPISODE_STUCK && !ep->cut_short && leads(in, ep, stuck))
			stuck = ep;
		else if (ep->status == EPISODE_RUNNING && !ep->cut_short)
			running = ep;
	}
	return stuck ? stuck : cut ? cut : running;
}

static void say_last(struct prose *p, const struct verdict_input *in)
{
	const struct episode *last = NULL, *ep;

	for (int64_t id = 1; (ep = flow_episode(in->flow, id)) != NULL; id++)
		if (ep->status == EPISODE_DONE && (!last || ep->end_ns >= last->end_ns))
			last = ep;
	if (!last)
		return;
	say(p, " (the last was %s of CPU %d, done at ", episode_kind_name[last->kind], last->cpu);
	say_time(p, in, last->end_ns);
	say(p, ")");
}

static void say_done(struct prose *p, const struct verdict_input *in)
{
	unsigned done[EPISODE_KIND_COUNT] = { 0 };
	const char *before = "";
	struct episode *ep;

	for (int64_t id = 1; (ep = flow_episode(in->flow, id)) != NULL; id++)
		done[ep->kind] += ep->status == EPISODE_DONE;
	for (int k = 0; k < EPISODE_KIND_COUNT; k++)
		if (done[k]) {
			say(p, "%s%u %s%s", before, done[k], episode_kind_name[k],
			    k == EPISODE_BOOT ? done[k] > 1 ? " relocations" : " relocation" : done[k] > 1 ? "s" : "");
			before = ", ";
		}
	say(p, "%s", *before ? " done" : "no CPU was relocated, plugged or unplugged");
}

static void say_checks(struct prose *p, const struct verdict_input *in)
{
	unsigned n[CHECK_STATUS_COUNT] = { 0 };

	for (unsigned i = 0; i < INVARIANT_COUNT; i++)
		n[checker_result(in->checker, i).status]++;
	if (n[CHECK_VIOLATED])
		say(p, "%u invariant%s violated", n[CHECK_VIOLATED], n[CHECK_VIOLATED] == 1 ? " is" : "s are");
	else
		say(p, "no invariant is violated");
	say(p, " (%u hold, %u unknown, %u never exercised)", n[CHECK_HOLDS], n[CHECK_UNKNOWN], n[CHECK_NEVER]);
}

static bool any_smi(const struct verdict_input *in)
{
	for (unsigned i = 0; i < in->model->cpus; i++)
		if (in->model->cpu[i].smis)
			return true;
	return false;
}

/* One that rsm-balance has told of, and that is in that SMI still; CPU_UNKNOWN = none. */
static int lost_in_smm(const struct verdict_input *in)
{
	const struct violation *v;

	for (int64_t id = 1; (v = checker_violation(in->checker, id)) != NULL; id++)
		if (v->invariant == INV_rsm_balance && cpuset_valid(v->cpu) && cpu_in_smm(&in->model->cpu[v->cpu]) &&
		    in->model->cpu[v->cpu].smi.enter_ns <= v->ts)
			return v->cpu;
	return CPU_UNKNOWN;
}

/* A monarch that polls a word of the handshake in a plug that began before the recording. */
static int polls_unseen(const struct verdict_input *in)
{
	for (int i = 0; i < (int)in->model->cpus; i++) {
		enum verdict_place place = verdict_place(in->model, in->scene, i);

		if ((place == PLACE_ABOUT_POLL || place == PLACE_PEN_POLL) && in->scene->attached_late &&
		    in->scene->now - in->scene->attach.ns >= POLLS_NS)
			return i;
	}
	return CPU_UNKNOWN;
}

static void say_polls(struct prose *p, const struct verdict_input *in, int cpu)
{
	char waits[256];
	struct prose w = prose_into(waits, sizeof(waits));

	say(p, "STUCK: CPU %d is ", cpu);
	say_place(p, in, cpu);
	if (say_waits(&w, in, cpu))
		say(p, ": it waits for %s", waits);
	say(p, ". What led to it was before the recording. ");
}

static void say_lost(struct prose *p, const struct verdict_input *in, int cpu)
{
	say(p, "STUCK: CPU %d does not leave SMM; it is ", cpu);
	say_place(p, in, cpu);
	say(p, ". ");
}

static void say_state(struct prose *p, const struct verdict_input *in)
{
	const struct violation *v = verdict_cause(in, NULL);
	int lost = lost_in_smm(in), polls = polls_unseen(in);
	char settings[512];
	struct prose q = prose_into(settings, sizeof(settings));
	bool against = say_settings(&q, in);

	if (moment_is(in->scene->target_exit)) {
		say(p, "QEMU ended at ");
		say_time(p, in, in->scene->target_exit.ns);
		say(p, ", while no CPU was being relocated, plugged or unplugged");
		say_last(p, in);
		say(p, ": ");
	} else if (polls != CPU_UNKNOWN) {
		say_polls(p, in, polls);
	} else if (lost != CPU_UNKNOWN) {
		say_lost(p, in, lost);
	} else if (verdict_refused_features(in)) {
		say(p, "STUCK at boot%s: ", any_smi(in) ? "" : ", without a single SMI");
	} else {
		say(p, "%s: ", v || against ? "Nothing is stuck" : "Healthy");
	}
	say_done(p, in);
	say(p, "; ");
	say_checks(p, in);
	say(p, ".%s%s", against ? " " : "", settings);
	if (v) {
		say(p, " First broken rule: ");
		say_violation(p, in, v);
		say(p, ".");
	}
}

static void add_paragraph(struct verdict *v, const struct verdict_input *in, const struct episode *ep)
{
	struct prose p = add_line(v, "verdict");
	struct verdict_line *line = &v->line[v->lines - 1];

	if (ep)
		verdict_of_episode(line->text, sizeof(line->text), in, ep);
	else
		say_state(&p, in);
}

/* ---- the rest ---- */

static void add_episodes(struct verdict *v, const struct verdict_input *in, const struct episode *told)
{
	struct episode *ep;

	for (int64_t id = 1; (ep = flow_episode(in->flow, id)) != NULL; id++) {
		char subject[32];
		struct prose p;

		if (ep == told || ep->cut_short || ep->status == EPISODE_DONE || v->lines >= VERDICT_LINES - 8)
			continue;
		snprintf(subject, sizeof(subject), "%s CPU %d", episode_kind_name[ep->kind], ep->cpu);
		p = add_line(v, subject);
		verdict_of_episode(p.out, p.size, in, ep);
	}
}

static void add_remedy(struct verdict *v, const struct verdict_input *in)
{
	int cpu = verdict_kick_cpu(in);
	struct prose p;

	if (cpu == CPU_UNKNOWN)
		return;
	p = add_line(v, "what to do");
	say(&p, "`smmtrace kick TARGET --cpu %d` sends CPU %d the SMI again that it lost; the hot-plug then goes on",
	    cpu, cpu);
}

static void add_unknown(struct verdict *v, const struct verdict_input *in)
{
	struct prose p = { NULL, 0, 0 };

	for (unsigned i = 0; i < INVARIANT_COUNT; i++) {
		struct check_result r = checker_result(in->checker, i);

		if (r.status != CHECK_UNKNOWN)
			continue;
		if (!p.out)
			p = add_line(v, "not known");
		say(&p, "%s%s%s%s%s", p.used ? ", " : "", invariant_list[i]->name, *r.why ? " (" : "", r.why,
		    *r.why ? ")" : "");
	}
}

static void add_losses(struct verdict *v, const struct verdict_input *in)
{
	struct prose p = { NULL, 0, 0 };

	for (unsigned i = 0; i < EVENT_SOURCE_COUNT; i++) {
		uint64_t lost = in->scene->lost[i];
		int64_t blind = in->scene->blind_ns[i];

		if (!lost && !blind)
			continue;
		if (!p.out)
			p = add_line(v, "not seen");
		say(&p, "%s%s:", p.used ? "; " : "", event_source_info[i].name);
		if (lost)
			say(&p, " %" PRIu64 " events lost", lost);
		if (blind) {
			say(&p, "%s blind for ", lost ? "," : "");
			if (blind < 10000000)
				say(&p, "%" PRId64 " us", blind / 1000);
			else
				say_span(&p, blind);
		}
	}
}

static bool any_stuck(const struct verdict_input *in)
{
	struct episode *ep;

	for (int64_t id = 1; (ep = flow_episode(in->flow, id)) != NULL; id++)
		if (ep->status == EPISODE_STUCK && !ep->cut_short)
			return true;
	return false;
}

void verdict_make(struct verdict *v, const struct verdict_input *in)
{
	const struct episode *ep = episode_of_note(in);

	v->lines = 0;
	v->stuck = any_stuck(in) || verdict_refused_features(in) || lost_in_smm(in) != CPU_UNKNOWN ||
		   polls_unseen(in) != CPU_UNKNOWN;
	add_paragraph(v, in, ep);
	add_cpus(v, in);
	add_cause(v, in, ep);
	add_settings(v, in);
	add_remedy(v, in);
	add_episodes(v, in, ep);
	add_unknown(v, in);
	add_losses(v, in);
}
