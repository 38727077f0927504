/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rule.h"

enum smm_place smm_place(const struct model *m, int cpu)
{
	if (!cpuset_valid(cpu))
		return SMM_UNSEEN;
	if (cpu_in_smm(&m->cpu[cpu]))
		return SMM_INSIDE;
	return m->cpu[cpu].smbase == SMBASE_UNKNOWN ? SMM_UNSEEN : SMM_OUTSIDE;
}

/* ---- findings ---- */

static void add_evidence(struct finding *f, int64_t id)
{
	unsigned i = 0;

	while (i < CHECK_EVIDENCE && f->evidence[i] && f->evidence[i] != id)
		i++;
	if (i < CHECK_EVIDENCE)
		f->evidence[i] = id;
}

struct finding finding_at(const struct check_input *in, int cpu, int64_t first, int64_t second, int64_t third)
{
	struct finding f = { .cpu = cpu, .ts = in->ev->ts };

	add_evidence(&f, first);
	add_evidence(&f, second);
	add_evidence(&f, third);
	add_evidence(&f, in->id);
	return f;
}

struct finding finding_overdue(int64_t ts, int cpu, int64_t first, int64_t second)
{
	struct finding f = { .cpu = cpu, .ts = ts };

	add_evidence(&f, first);
	add_evidence(&f, second);
	return f;
}

/* ---- waits ---- */

void waits_start(struct waits *w, int cpu, const struct check_input *in)
{
	if (cpuset_empty(&w->on) || in->ev->ts < w->soonest)
		w->soonest = in->ev->ts;
	cpuset_add(&w->on, cpu);
	w->cpu[cpu] = (struct wait){ in->id, in->ev->ts, in->scene->paused_ns };
}

bool waits_stop(struct waits *w, int cpu)
{
	bool waited = cpuset_has(&w->on, cpu);

	cpuset_remove(&w->on, cpu);
	return waited;
}

int waits_overdue(struct waits *w, const struct scene *s, int64_t deadline, int64_t now)
{
	int64_t longest = 0;

	if (now - w->soonest < deadline || cpuset_empty(&w->on))
		return CPU_UNKNOWN;
	for (int i = cpuset_next(&w->on, 0); i >= 0; i = cpuset_next(&w->on, i + 1)) {
		int64_t waited = scene_guest_ns(s, w->cpu[i].ns, w->cpu[i].paused, now);

		if (waited >= deadline) {
			cpuset_remove(&w->on, i);
			w->over_ns = now - (waited - deadline);
			return i;
		}
		if (waited > longest)
			longest = waited;
	}
	w->soonest = now - longest;
	return CPU_UNKNOWN;
}

/* ---- the gate ---- */

bool gate_in_force(const struct scene *s)
{
	return event_get(&s->handler, HANDLER_CODE, CODE_GATE) == CODE_GATE;
}

/* What the gate was before the event. */
static bool gate_before(const struct check_input *in, uint64_t *value)
{
	const struct word_value *w = &in->scene->word[WORD_GATE];

	*value = event_get(in->ev, HANDOFF_OLD, w->value);
	return event_has(in->ev, HANDOFF_OLD) || w->known;
}

static bool is_gate(const struct check_input *in, uint64_t *value)
{
	*value = event_get(in->ev, HANDOFF_VALUE, 0);
	return in->ev->kind == EV_HANDOFF && event_get(in->ev, HANDOFF_WORD, WORD_COUNT) == WORD_GATE &&
	       event_has(in->ev, HANDOFF_VALUE) && gate_in_force(in->scene);
}

bool gate_opens(const struct check_input *in)
{
	uint64_t value, before;

	if (!is_gate(in, &value) || value == GATE_CLOSED)
		return false;
	return !gate_before(in, &before) || before == GATE_CLOSED;
}

int gate_passed_by(const struct check_input *in)
{
	uint64_t value, before;

	if (!is_gate(in, &value) || value != GATE_CLOSED || !gate_before(in, &before) ||
	    before == GATE_CLOSED)
		return CPU_UNKNOWN;
	return model_cpu_of_apic_id(in->model, before);
}

/* ---- plugs ---- */

bool plug_concerns_firmware(const struct scene *s, const struct scene_cpu *c)
{
	uint64_t features;

	if (moment_after(c->enumerated, c->added))
		return true;
	if (scene_config(s, CONFIG_SMI_NEGOTIATED, &features))
		return features & SMI_FEATURE_HOTPLUG;
	return (moment_after(s->raised_next, c->added) && s->next_cmd == APM_CMD_CPU_HOTPLUG) ||
	       (moment_after(s->round.raised, c->added) && s->round.cmd == APM_CMD_CPU_HOTPLUG);
}

bool plug_handled(const struct scene *s, const struct scene_cpu *c)
{
	const struct round *round[] = { &s->round, &s->last };

	if (!moment_after(c->enumerated, c->added))
		return false;
	for (int i = 0; i < 2; i++)
		if (moment_is(round[i]->first_entry) && moment_after(c->enumerated, round[i]->first_entry))
			return moment_after(round[i]->monarch_left, c->enumerated);
	return true;
}
