/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which broken rule can be the cause, whom the monarch waits for, and whether a kick helps. */
#include <stddef.h>

#include "verdict-text.h"

static bool concerns(const struct episode *ep, const struct violation *v)
{
	if (!ep || v->cpu == CPU_UNKNOWN)
		return true;
	return v->ts >= ep->start_ns && (v->cpu == ep->cpu || v->cpu == ep->monarch);
}

const struct violation *verdict_cause(const struct verdict_input *in, const struct episode *ep)
{
	const struct violation *first = NULL, *v;

	for (int64_t id = 1; (v = checker_violation(in->checker, id)) != NULL; id++)
		if (invariant_list[v->invariant]->severity != SEVERITY_NOTE && concerns(ep, v) &&
		    (!first || v->ts < first->ts))
			first = v;
	return first;
}

/* Where the firmware takes one CPU after the other: those that have their SMBASE are behind it. */
int verdict_expected_cpu(const struct verdict_input *in)
{
	const struct word_value *gate = &in->scene->word[WORD_GATE];
	const struct episode *ep, *first = NULL, *open = NULL;

	if (gate->known && gate->value != GATE_CLOSED)
		return model_cpu_of_apic_id(in->model, gate->value);
	for (int64_t id = 1; (ep = flow_episode(in->flow, id)) != NULL; id++) {
		if (ep->kind != EPISODE_PLUG || ep->status != EPISODE_STUCK || ep->cut_short)
			continue;
		first = first ? first : ep;
		if (!open && moment_is(ep->at[STEP_C]) && !in->scene->cpu[ep->cpu].relocated)
			open = ep;
	}
	return open ? open->cpu : first ? first->cpu : CPU_UNKNOWN;
}

/* Asleep where an RSM may bring it back to; or running, by its events alone: they do not tell of a HLT. */
static bool is_idle_place(const struct scene *s, int cpu, enum verdict_place place)
{
	return place == PLACE_PEN || place == PLACE_HALTED || place == PLACE_WAIT_SIPI ||
	       (place == PLACE_RUNNING && !verdict_look_is_fresh(s, cpu));
}

/*
 * Its INIT and SIPI went out, no SMI is on its way, and it sits outside SMM while the monarch is inside;
 * and it would not spend one more in the NOP handler.
 */
bool verdict_kick_helps(const struct verdict_input *in, const struct episode *ep)
{
	const struct scene *s = in->scene;
	const struct scene_cpu *c = &s->cpu[ep->cpu];
	enum verdict_place place = verdict_place(in->model, s, ep->cpu);

	return ep->kind == EPISODE_PLUG && ep->status == EPISODE_STUCK && !ep->cut_short &&
	       moment_is(ep->at[STEP_C]) && !c->relocated && !c->smi_pending &&
	       event_get(&s->handler, HANDLER_CODE, CODE_UNKNOWN) != CODE_NOP &&
	       is_idle_place(in->scene, ep->cpu, place) &&
	       s->round.monarch != CPU_UNKNOWN && cpuset_has(&s->round.inside, s->round.monarch);
}

int verdict_kick_cpu(const struct verdict_input *in)
{
	const struct episode *ep;

	for (int64_t id = 1; (ep = flow_episode(in->flow, id)) != NULL; id++)
		if (verdict_kick_helps(in, ep))
			return ep->cpu;
	return CPU_UNKNOWN;
}
