/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "arrange.h"

#include <stdlib.h>
#include <string.h>

struct arrange {
	struct judge *judge;
	const struct model *model; /* the judge's */
	struct held {
		struct arranged {
			struct event ev;
			struct raw *raw;
		} *at;
		size_t n, room;
	} held;                    /* in time order */
	struct raw_room raws;
	struct error err;          /* the first failure */
};

static bool grow(struct held *h)
{
	size_t room = h->room ? h->room * 2 : 1024;
	struct arranged *grown = realloc(h->at, room * sizeof(*grown));

	if (!grown)
		return false;
	h->at = grown;
	h->room = room;
	return true;
}

struct raw_room *arrange_raws(struct arrange *a)
{
	return &a->raws;
}

bool arrange_hold_raw(struct arrange *a, const struct event *ev, struct raw *raw)
{
	struct held *h = &a->held;
	size_t i;

	if (h->n == h->room && !grow(h)) {
		raw_drop(&a->raws, raw);
		return false;
	}
	for (i = h->n++; i > 0 && h->at[i - 1].ev.ts > ev->ts; i--)
		h->at[i] = h->at[i - 1];
	h->at[i] = (struct arranged){ *ev, raw };
	return true;
}

bool arrange_hold(struct arrange *a, const struct event *ev)
{
	return arrange_hold_raw(a, ev, NULL);
}

static void deliver(struct arrange *a, const struct event *ev, const struct raw *raw)
{
	if (!a->err.code)
		judge_event_raw(a->judge, ev, raw, &a->err);
}

/* An SMI that ended unseen: by INIT inside SMM, or before the next entry of the same CPU. */
static void close_open_smi(struct arrange *a, const struct event *ev, enum event_via via)
{
	const struct cpu *c = &a->model->cpu[ev->cpu];
	struct event leave = event_new(EV_SMI_LEAVE, SRC_TRACER, ev->cpu, ev->ts);

	leave.origin = via == VIA_NEXT ? ORIGIN_INFERRED : ev->origin;
	if (c->smi.smbase != SMBASE_UNKNOWN)
		event_set(&leave, SMI_LEAVE_SMBASE, c->smi.smbase);
	event_set(&leave, SMI_LEAVE_VIA, via);
	deliver(a, &leave, NULL);
}

/*
 * A log without thread ids does not say who wrote the port. The CPU whose saved
 * state shows `out 0xb2, al` with that value, next in time, was it (inferred).
 */
static void attribute_port(struct arrange *a, struct event *ev, size_t next)
{
	uint64_t port = event_get(ev, PORT_PORT, 0);

	for (size_t i = next; i < a->held.n; i++) {
		const struct event *e = &a->held.at[i].ev;

		if (e->kind != EV_SMI_ENTER || (event_get(e, SMI_ENTER_RDX, 0) & 0xffff) != 0xb2)
			continue;
		if (port == 0xb2 && (event_get(e, SMI_ENTER_RAX, 0) & 0xff) != event_get(ev, PORT_VALUE, 0))
			continue;
		ev->cpu = e->cpu;
		ev->origin = ORIGIN_INFERRED;
		return;
	}
}

/*
 * Only a CPU in SMM does this. A write that is concluded may be of the last SMI: a trace that shows none has it from
 * the next entry.
 */
static bool proves_smm(const struct event *ev)
{
	if (ev->kind == EV_CPU_RESET)
		return event_get(ev, CPU_RESET_IN_SMM, 0);
	if (ev->kind == EV_HANDOFF) /* observed at the gate: it went through */
		return ev->origin == ORIGIN_OBSERVED && event_get(ev, HANDOFF_WORD, WORD_COUNT) == WORD_GATE &&
		       event_get(ev, HANDOFF_VALUE, 0) == UINT64_MAX;
	return ev->kind == EV_SMBASE_WRITE && ev->origin == ORIGIN_OBSERVED;
}

/*
 * An entry that nobody saw: the CPU was faster than its breakpoints. It was not before the SMI was
 * raised, if that is known since the CPU came to the state it seemed to be in, and not after @ev.
 */
static void open_unseen_smi(struct arrange *a, const struct event *ev)
{
	const struct cpu *c = &a->model->cpu[ev->cpu];
	const struct apm_write *apm = &a->model->apm;
	bool raised = apm->ts && apm->ts >= c->since_ns && apm->ts <= ev->ts;
	struct event enter = event_new(EV_SMI_ENTER, SRC_TRACER, ev->cpu, raised ? apm->ts : ev->ts);

	enter.origin = ORIGIN_INFERRED;
	if (c->smbase != SMBASE_UNKNOWN)
		event_set(&enter, SMI_ENTER_SMBASE, c->smbase);
	else if (ev->kind != EV_CPU_RESET)
		event_set(&enter, SMI_ENTER_SMBASE, SMBASE_DEFAULT);
	deliver(a, &enter, NULL);
}

/*
 * The RSM is told when the handler's last step before it is seen. An INIT can still hit the CPU there,
 * inside SMM: no SMI was raised since it seemed to leave, so that is the SMI it was in.
 */
static bool was_just_leaving(const struct arrange *a, const struct event *ev)
{
	const struct cpu *c = &a->model->cpu[ev->cpu];

	return ev->kind == EV_CPU_RESET && c->smi.id && c->rsms && c->state == STATE_RUNNING && !c->smi_ipi &&
	       a->model->apm.ts <= c->since_ns;
}

/*
 * A reset inside SMM has ended the stay already. KVM then tells a leaving as well, when QEMU gives the vCPU its new
 * state (KVM_SET_VCPU_EVENTS): nobody executed an RSM.
 */
static bool is_echo_of_reset(const struct cpu *c, const struct event *ev)
{
	return c->state == STATE_RESET && ev->kind == EV_SMI_LEAVE &&
	       event_get(ev, SMI_LEAVE_VIA, VIA_BREAKPOINT) == VIA_TRACEPOINT;
}

/* Everything that follows from the order of events alone. @next: what comes after it in held. */
static void complete(struct arrange *a, struct event *ev, const struct raw *raw, size_t next)
{
	const struct cpu *c = ev->cpu >= 0 && ev->cpu < EVENT_MAX_CPUS ? &a->model->cpu[ev->cpu] : NULL;
	bool in_smm = c && cpu_in_smm(c);

	if (c && is_echo_of_reset(c, ev))
		return;
	if (c && !in_smm && proves_smm(ev) && !was_just_leaving(a, ev)) {
		open_unseen_smi(a, ev);
		in_smm = true;
	}
	if (ev->kind == EV_PORT && ev->cpu == CPU_UNKNOWN && event_get(ev, PORT_DIR, 0) == DIR_WRITE)
		attribute_port(a, ev, next);
	else if (ev->kind == EV_CPU_RESET && in_smm)
		close_open_smi(a, ev, VIA_RESET);
	else if (ev->kind == EV_SMI_ENTER && in_smm)
		close_open_smi(a, ev, VIA_NEXT);
	deliver(a, ev, raw);
}

static void forget(struct arrange *a, size_t n)
{
	struct held *h = &a->held;

	for (size_t i = 0; i < n; i++)
		raw_drop(&a->raws, h->at[i].raw);
	if (n)
		memmove(h->at, h->at + n, (h->n - n) * sizeof(*h->at));
	h->n -= n;
}

/* Hand out the first @n. */
static int hand_out(struct arrange *a, size_t n, struct error *err)
{
	struct held *h = &a->held;

	for (size_t i = 0; i < n; i++)
		complete(a, &h->at[i].ev, h->at[i].raw, i + 1);
	forget(a, n);
	if (a->err.code && err)
		*err = a->err;
	return -(int)a->err.code;
}

int arrange_deliver(struct arrange *a, int64_t until, struct error *err)
{
	size_t n = 0;

	while (n < a->held.n && a->held.at[n].ev.ts <= until)
		n++;
	return hand_out(a, n, err);
}

int arrange_trim(struct arrange *a, size_t most, struct error *err)
{
	return hand_out(a, a->held.n > most ? a->held.n - most : 0, err);
}

struct arrange *arrange_new(struct judge *j)
{
	struct arrange *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->judge = j;
	a->model = judge_model(j);
	a->raws.limit = ARRANGE_MAX_RAW;
	return a;
}

void arrange_free(struct arrange *a)
{
	if (!a)
		return;
	forget(a, a->held.n);
	free(a->held.at);
	free(a);
}
