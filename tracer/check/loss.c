/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "loss.h"

#include <inttypes.h>
#include <stdio.h>

#include "common.h"

#define ALL_NEEDS ((1u << LOSS_NEEDS) - 1)

static const unsigned needs_of[EVENT_SOURCE_COUNT] = {
	[SRC_GDB] = NEED_SMM | NEED_SMBASE | NEED_HANDOFF | NEED_HANDLER | NEED_CONFIG,
	[SRC_QEMULOG] = NEED_PORT | NEED_IPI | NEED_RESET | NEED_CPUHP,
	[SRC_GUESTRAM] = NEED_HANDOFF | NEED_HANDLER,
	[SRC_KVM] = NEED_SMM | NEED_SMBASE | NEED_PORT | NEED_IPI | NEED_RESET | NEED_CPUHP,
	[SRC_TRACER] = ALL_NEEDS,
	[SRC_FIXTURE] = ALL_NEEDS,
};

/* ---- intervals ---- */

static int64_t end_of(const struct event *ev)
{
	return (int64_t)event_get(ev, ev->kind == EV_LOST ? LOST_UNTIL : BLIND_UNTIL, (uint64_t)ev->ts);
}

static void explain(struct loss *l, const struct event *ev)
{
	const char *source = event_source_info[ev->source].name;
	double at = (double)(ev->ts - l->first_ns) / 1e9;
	char why[sizeof(l->why[0])];

	if (ev->kind == EV_BLIND && cpuset_valid(ev->cpu))
		snprintf(why, sizeof(why), "%s could not see CPU %d from %.3f s on", source, ev->cpu, at);
	else if (ev->kind == EV_BLIND)
		snprintf(why, sizeof(why), "%s could not see from %.3f s on", source, at);
	else if (event_has(ev, LOST_COUNT))
		snprintf(why, sizeof(why), "%s lost %" PRIu64 " events at %.3f s", source, ev->arg[LOST_COUNT], at);
	else
		snprintf(why, sizeof(why), "%s lost events at %.3f s", source, at);
	for (unsigned i = 0; i < LOSS_NEEDS; i++)
		if (needs_of[ev->source] >> i & 1 && !l->why[i][0])
			snprintf(l->why[i], sizeof(l->why[i]), "%s", why);
}

static void take_away(struct loss *l, const struct event *ev)
{
	int64_t until = end_of(ev);
	unsigned place = l->intervals < LOSS_INTERVALS ? l->intervals++ : LOSS_INTERVALS - 1;
	struct loss_interval *i = &l->interval[place];

	if (!i->needs)
		i->from = ev->ts;
	if (ev->ts < i->from)
		i->from = ev->ts;
	if (until > i->until)
		i->until = until;
	i->needs |= needs_of[ev->source];
	l->needs |= needs_of[ev->source];
	explain(l, ev);
}

/* ---- raised SMIs ---- */

/* One is raised inside an interval that was told already. */
static void ends_waiting(struct loss *l, int64_t ns, int cpu)
{
	for (unsigned i = 0; i < LOSS_WAITING; i++) {
		struct event *ev = &l->waiting[i];

		if (!ev->ts || ns < ev->ts || ns > end_of(ev) || (cpu != CPU_UNKNOWN && cpu != ev->cpu))
			continue;
		take_away(l, ev);
		ev->ts = 0;
	}
}

static void remember_raise(struct loss *l, int64_t ns, int cpu)
{
	l->raise[l->raised % LOSS_RAISED].ns = ns;
	l->raise[l->raised % LOSS_RAISED].cpu = cpu;
	l->raised++;
	ends_waiting(l, ns, cpu);
}

static int ipi_target(const struct check_input *in)
{
	switch (event_get(in->ev, IPI_DEST, IPI_ALL)) {
	case IPI_ONE:
		return model_cpu_of_apic_id(in->model, event_get(in->ev, IPI_TARGET, UINT64_MAX));
	case IPI_SELF:
		return in->ev->cpu;
	default:
		return CPU_UNKNOWN;
	}
}

/* Without a log no write to 0xb2 is seen: then an entry of any CPU tells of an SMI. */
static void watch_raises(struct loss *l, const struct check_input *in)
{
	const struct event *ev = in->ev;

	if (raises_smi(ev))
		remember_raise(l, ev->ts, CPU_UNKNOWN);
	else if (ev->kind == EV_IPI && event_get(ev, IPI_MODE, IPI_FIXED) == IPI_SMI)
		remember_raise(l, ev->ts, ipi_target(in));
	else if (ev->kind == EV_SMI_ENTER && !in->model->apm.ts)
		remember_raise(l, ev->ts, CPU_UNKNOWN);
}

static bool raised_for(const struct loss *l, int cpu, int64_t from, int64_t until)
{
	unsigned kept = l->raised < LOSS_RAISED ? l->raised : LOSS_RAISED;

	for (unsigned i = 0; i < kept; i++)
		if (l->raise[i].ns >= from && l->raise[i].ns <= until &&
		    (l->raise[i].cpu == cpu || l->raise[i].cpu == CPU_UNKNOWN))
			return true;
	/* Those that were forgotten may have been inside. */
	return l->raised > LOSS_RAISED && l->raise[l->raised % LOSS_RAISED].ns > from;
}

/* ---- */

static void on_blind(struct loss *l, const struct check_input *in)
{
	const struct event *ev = in->ev;
	int64_t until = end_of(ev);
	uint64_t why = event_get(ev, BLIND_WHY, WHY_COUNT);
	const struct scene_cpu *c;

	if (cpuset_valid(ev->cpu) && (why == WHY_NEW_CPU || why == WHY_NO_SMBASE)) {
		c = &in->scene->cpu[ev->cpu];
		if (!raised_for(l, ev->cpu, ev->ts, until) && !(c->smi_pending && c->smi_raised.ns <= until)) {
			l->waiting[l->waited++ % LOSS_WAITING] = *ev;
			return;
		}
	}
	take_away(l, ev);
}

void loss_event(struct loss *l, const struct check_input *in)
{
	const struct event *ev = in->ev;

	if (!l->first_ns)
		l->first_ns = ev->ts;
	if (ev->kind != EV_LOST && ev->kind != EV_BLIND) {
		watch_raises(l, in);
		return;
	}
	if (end_of(ev) < l->first_ns) /* before the recording, of which nothing is claimed */
		return;
	if (ev->kind == EV_BLIND)
		on_blind(l, in);
	else
		take_away(l, ev);
}

bool loss_overlaps(const struct loss *l, unsigned needs, int64_t from, int64_t until)
{
	for (unsigned i = 0; i < l->intervals; i++)
		if (l->interval[i].needs & needs && l->interval[i].from <= until && l->interval[i].until >= from)
			return true;
	return false;
}

const char *loss_why(const struct loss *l, unsigned needs)
{
	for (unsigned i = 0; i < LOSS_NEEDS; i++)
		if (l->needs & needs & 1u << i)
			return l->why[i];
	return NULL;
}
