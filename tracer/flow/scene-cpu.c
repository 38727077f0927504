/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What becomes of one CPU: the IPIs that reach it, its SMIs, its life. */
#include "scene-internal.h"

/* ---- IPIs ---- */

struct cpuset scene_ipi_targets(const struct scene *s, const struct model *m, const struct event *ev)
{
	struct cpuset all = s->present, one = { { 0 } };

	switch (event_get(ev, IPI_DEST, IPI_ONE)) {
	case IPI_ONE:
		cpuset_add(&one, model_cpu_of_apic_id(m, event_get(ev, IPI_TARGET, UINT64_MAX)));
		return one;
	case IPI_SELF:
		cpuset_add(&one, ev->cpu);
		return one;
	case IPI_OTHERS:
		cpuset_remove(&all, ev->cpu);
	}
	return all;
}

static void init_arrives(struct applying *a, struct scene_cpu *c, const struct sent_ipi *by)
{
	c->init = c->acted = a->now;
	c->init_sender = by->sender;
	c->init_from_smm = by->from_smm;
	c->sipis = 0;
}

static void sipi_arrives(struct applying *a, struct scene_cpu *c, const struct sent_ipi *by, unsigned vector)
{
	c->sipi = c->acted = a->now;
	c->sipi_sender = by->sender;
	c->sipi_from_smm = by->from_smm;
	c->sipi_vector = vector;
	c->sipis++;
	if (applying_is_outside(a) && !by->from_smm && !moment_is(c->started))
		c->started = a->now;
}

void scene_on_ipi(struct applying *a)
{
	struct cpuset to = scene_ipi_targets(a->s, a->m, a->ev);
	const struct sent_ipi by = { a->now, a->ev->cpu, applying_is_inside(a) };
	unsigned vector = (unsigned)event_get(a->ev, IPI_VECTOR, 0);

	scene_act(a);
	if (event_get(a->ev, IPI_MODE, IPI_FIXED) <= IPI_RSVD7)
		a->s->sent[event_get(a->ev, IPI_MODE, IPI_FIXED)] = by;
	for (int i = cpuset_next(&to, 0); i >= 0; i = cpuset_next(&to, i + 1)) {
		switch (event_get(a->ev, IPI_MODE, IPI_FIXED)) {
		case IPI_SMI:
			scene_raise_smi(a, i, true);
			break;
		case IPI_INIT:
			init_arrives(a, &a->s->cpu[i], &by);
			break;
		case IPI_SIPI:
			sipi_arrives(a, &a->s->cpu[i], &by, vector);
			break;
		}
	}
}

/* What was taken was sent just before; if nobody knew that it was for this CPU, now it is known. */
static bool is_news(const struct sent_ipi *by, struct moment arrived)
{
	return !moment_is(arrived) || moment_after(by->when, arrived);
}

static void accept_init(struct applying *a)
{
	const struct sent_ipi *by = &a->s->sent[IPI_INIT];

	if (is_news(by, a->c->init))
		init_arrives(a, a->c, by);
	if (!a->m->cpu[a->ev->cpu].init_held)
		a->c->reset = a->now;
}

static void accept_sipi(struct applying *a)
{
	const struct sent_ipi *by = &a->s->sent[IPI_SIPI];

	if (is_news(by, a->c->sipi))
		sipi_arrives(a, a->c, by, (unsigned)event_get(a->ev, ACCEPT_VECTOR, 0));
}

void scene_on_accept(struct applying *a)
{
	switch (event_get(a->ev, ACCEPT_MODE, IPI_FIXED)) {
	case IPI_SMI:
		scene_raise_smi(a, a->ev->cpu, true);
		break;
	case IPI_INIT:
		accept_init(a);
		break;
	case IPI_SIPI:
		accept_sipi(a);
		break;
	}
}

/* ---- SMIs of one CPU ---- */

/* Tracepoints do not tell of resets: one that had its own SMBASE and has not now was reset, or it is not known why. */
static void was_reset_unseen(struct scene_cpu *c)
{
	c->relocated = false;
	c->own_smbase = SMBASE_UNKNOWN;
}

void scene_on_smi_enter(struct applying *a)
{
	uint64_t base = event_get(a->ev, SMI_ENTER_SMBASE, SMBASE_UNKNOWN);

	a->c->smi_pending = false;
	if (base == SMBASE_DEFAULT) {
		if (a->ev->source == SRC_KVM && a->c->relocated)
			was_reset_unseen(a->c);
		a->c->default_entry = a->now;
		a->c->default_unstopped = a->ev->source == SRC_KVM;
		a->c->default_code = (enum handler_code)event_get(&a->s->handler, HANDLER_CODE, CODE_UNKNOWN);
		return;
	}
	if (!moment_is(a->c->own_entry))
		a->c->own_entry = a->now;
	a->c->relocated = true;
	if (base != SMBASE_UNKNOWN)
		a->c->own_smbase = base;
	scene_round_enter(a, a->ev->cpu);
}

static void relocates(struct applying *a, uint64_t to)
{
	a->c->relocated = to != SMBASE_DEFAULT;
	a->c->own_smbase = to;
	a->c->relocation_rsm = a->now;
	a->c->own_entry = (struct moment){ 0 };
}

void scene_on_smi_leave(struct applying *a)
{
	struct scene_cpu *c = a->c;
	bool rsm = event_get(a->ev, SMI_LEAVE_VIA, VIA_BREAKPOINT) != VIA_RESET;

	if (a->before && a->before->state == STATE_SMM_DEFAULT)
		c->default_leave = a->now;
	if (a->before && a->before->init_held)
		c->reset = a->now;
	if (rsm && a->before && cpu_in_smm(a->before) && a->before->smbase_pending != SMBASE_UNKNOWN)
		relocates(a, a->before->smbase_pending);
	scene_round_leave(a, a->ev->cpu);
}

void scene_on_smbase_write(struct applying *a)
{
	if (a->m->cpu[a->ev->cpu].smbase_write_id != a->now.id)
		return; /* another CPU's slot */
	a->c->smbase_write = a->now;
	a->c->new_smbase = event_get(a->ev, SMBASE_WRITE_NEW, SMBASE_UNKNOWN);
	if (cpu_in_smm(&a->m->cpu[a->ev->cpu]))
		return;
	relocates(a, a->c->new_smbase);
}

void scene_on_smbase_found(struct applying *a)
{
	uint64_t base = event_get(a->ev, SMBASE_FOUND_SMBASE, SMBASE_UNKNOWN);

	if (base == SMBASE_UNKNOWN || base == SMBASE_DEFAULT)
		return;
	a->c->relocated = true;
	a->c->own_smbase = base;
}

/* ---- CPUs ---- */

/* Boot is over, as far as a CPU that appears now is concerned. */
static bool past_boot(const struct scene *s)
{
	bool relocated = s->attached_late || moment_is(s->locked);

	for (int i = 0; i < EVENT_MAX_CPUS && !relocated; i++)
		relocated = s->cpu[i].relocated;
	return relocated;
}

bool scene_is_plug(const struct scene *s, const struct event *ev)
{
	return ev->kind == EV_CPU_ADD && cpuset_valid(ev->cpu) && !cpuset_has(&s->present, ev->cpu) &&
	       ev->ts > s->attach.ns && past_boot(s);
}

void scene_on_cpu_add(struct applying *a)
{
	/* A log may tell of a CPU's resets, and the OS find it, before anybody tells that it is there. */
	struct moment reset = a->c->reset, insert_seen = a->c->insert_seen;
	bool plug = scene_is_plug(a->s, a->ev);

	if (cpuset_has(&a->s->present, a->ev->cpu))
		return; /* met again after a suspension */
	*a->c = (struct scene_cpu){
		.added = a->now, .reset = reset, .insert_seen = insert_seen,
		.own_smbase = SMBASE_UNKNOWN, .new_smbase = SMBASE_UNKNOWN, .init_sender = CPU_UNKNOWN,
		.sipi_sender = CPU_UNKNOWN,
	};
	if (plug) {
		a->c->hot = a->c->insert_pending = true;
		cpuset_add(&a->s->hot, a->ev->cpu);
	}
	cpuset_add(&a->s->present, a->ev->cpu);
}

void scene_on_cpu_remove(struct applying *a)
{
	a->c->removed = a->now;
	a->c->reset = a->c->insert_seen = (struct moment){ 0 };
	a->c->smi_pending = a->c->relocated = false;
	a->c->remove_pending = a->c->fw_remove = a->c->insert_pending = false;
	cpuset_remove(&a->s->present, a->ev->cpu);
	cpuset_remove(&a->s->hot, a->ev->cpu);
	scene_round_leave(a, a->ev->cpu);
}

/* The machine starts again: what was hot is a CPU like all others. */
static void system_reset(struct applying *a)
{
	a->s->system_reset = a->now;
	a->s->hot = (struct cpuset){ { 0 } };
	for (int i = 0; i < EVENT_MAX_CPUS; i++)
		a->s->cpu[i].hot = false;
}

void scene_on_cpu_reset(struct applying *a)
{
	struct scene_cpu *c = a->c;
	bool by_init = a->before && a->before->init_ipi;

	c->reset = a->now;
	if (event_get(a->ev, CPU_RESET_IN_SMM, 0)) {
		c->reset_in_smm = a->now;
		c->reset_rip = event_get(a->ev, CPU_RESET_RIP, 0);
	}
	if (by_init && c->smi_pending)
		c->smi_dropped = a->now;
	c->smi_pending = false;
	scene_round_leave(a, a->ev->cpu);
	if (by_init)
		return;
	if (cpuset_has(&a->s->present, a->ev->cpu) && !c->hot)
		system_reset(a);
	c->relocated = false;
	c->own_smbase = SMBASE_UNKNOWN;
}

static bool at_reset_vector(const struct event *ev)
{
	return event_get(ev, CPU_SEEN_CS, 0xf000) == 0xf000 && event_get(ev, CPU_SEEN_RIP, 0xfff0) == 0xfff0;
}

void scene_on_cpu_seen(struct applying *a)
{
	struct scene_cpu *c = a->c;

	if (!moment_is(c->seen) && !moment_is(a->s->round.first_entry) && !at_reset_vector(a->ev) &&
	    a->now.ns <= a->s->attach.ns)
		a->s->attached_late = true;
	c->seen = a->now;
	c->seen_event = *a->ev;
	if (c->sipi_from_smm && event_get(a->ev, CPU_SEEN_HALTED, 0) && !event_get(a->ev, CPU_SEEN_IN_SMM, 1) &&
	    event_get(a->ev, CPU_SEEN_CS, 0) == (uint64_t)c->sipi_vector << 8 && !moment_after(c->pen, c->init))
		c->pen = a->now;
}
