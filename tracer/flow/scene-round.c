/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The SMIs of the whole machine: what raises them, who takes part, who is the monarch. */
#include "scene-internal.h"

/* QEMU answers these two itself, without an SMI (hw/isa/lpc_ich9.c, ich9_apm_ctrl_changed). */
#define APM_CMD_ACPI_ENABLE 2
#define APM_CMD_ACPI_DISABLE 3

/* ---- inside or outside? ---- */

static bool can_act(const struct scene_cpu *c)
{
	return c->relocated || !c->hot || moment_is(c->started);
}

bool applying_is_inside(const struct applying *a)
{
	const struct scene *s = a->s;

	if (cpuset_valid(a->ev->cpu) || cpuset_empty(&s->round.inside))
		return applying_in_smm(a, a->ev->cpu);
	for (int i = cpuset_next(&s->present, 0); i >= 0; i = cpuset_next(&s->present, i + 1))
		if (can_act(&s->cpu[i]) && !applying_in_smm(a, i))
			return false;
	return true;
}

bool applying_is_outside(const struct applying *a)
{
	if (cpuset_valid(a->ev->cpu))
		return !applying_in_smm(a, a->ev->cpu);
	return cpuset_empty(&a->s->round.inside) && cpuset_empty(&a->s->last.inside);
}

/* ---- rounds ---- */

static void begin_round(struct applying *a)
{
	struct scene *s = a->s;
	int64_t number = s->round.number + 1;

	s->last = s->round;
	s->round = (struct round){
		.number = number, .open = true, .raised = s->raised_next,
		.cmd = s->raised_next.id ? s->next_cmd : SMI_CMD_UNKNOWN,
		.writer = s->raised_next.id ? s->next_writer : CPU_UNKNOWN,
		.monarch = CPU_UNKNOWN, .cmd_got = SMI_CMD_UNKNOWN,
	};
	for (int i = cpuset_next(&s->present, 0); i >= 0 && s->raised_next.id; i = cpuset_next(&s->present, i + 1))
		if (s->cpu[i].relocated)
			cpuset_add(&s->round.expected, i);
	s->raised_next = (struct moment){ 0 };
}

void scene_act(struct applying *a)
{
	struct round *r = &a->s->round;

	if (!cpuset_has(&r->inside, a->ev->cpu) || r->monarch != CPU_UNKNOWN)
		return;
	r->monarch = a->ev->cpu;
	r->acted = a->now;
}

void scene_round_enter(struct applying *a, int cpu)
{
	struct round *r = &a->s->round;

	if (!r->open || cpuset_has(&r->entered, cpu))
		begin_round(a);
	if (!moment_is(r->first_entry))
		r->first_entry = a->now;
	cpuset_add(&r->entered, cpu);
	cpuset_add(&r->inside, cpu);
}

static void leave_one(struct round *r, int cpu, struct moment now)
{
	cpuset_remove(&r->inside, cpu);
	if (cpu == r->monarch)
		r->monarch_left = now;
	if (cpuset_empty(&r->inside)) {
		r->open = false;
		r->last_leave = now;
	}
}

void scene_round_leave(struct applying *a, int cpu)
{
	if (cpuset_has(&a->s->round.inside, cpu))
		leave_one(&a->s->round, cpu, a->now);
	else if (cpuset_has(&a->s->last.inside, cpu))
		leave_one(&a->s->last, cpu, a->now);
}

/* ---- ports ---- */

void scene_raise_smi(struct applying *a, int cpu, bool by_ipi)
{
	struct scene_cpu *c = &a->s->cpu[cpu];

	c->smi_by_ipi = by_ipi || (c->smi_pending && c->smi_by_ipi);
	if (c->smi_pending)
		return;
	c->smi_pending = true;
	c->smi_raised = a->now;
}

static void apm_write(struct applying *a)
{
	struct scene *s = a->s;
	uint64_t features;
	bool unicast = scene_config(s, CONFIG_SMI_NEGOTIATED, &features) && !(features & SMI_FEATURE_BROADCAST);
	int cmd = event_has(a->ev, PORT_VALUE) ? (int)a->ev->arg[PORT_VALUE] : SMI_CMD_UNKNOWN;

	if (cmd == APM_CMD_ACPI_ENABLE || cmd == APM_CMD_ACPI_DISABLE)
		return;
	for (int i = cpuset_next(&s->present, 0); i >= 0; i = cpuset_next(&s->present, i + 1))
		if (!unicast || i == a->ev->cpu)
			scene_raise_smi(a, i, false);
	s->raised_next = a->now;
	s->next_cmd = cmd;
	s->next_writer = a->ev->cpu;
	if (!s->round.open)
		begin_round(a);
}

void scene_on_port(struct applying *a)
{
	struct round *r = &a->s->round;
	bool write = event_get(a->ev, PORT_DIR, DIR_READ) == DIR_WRITE;

	if (event_get(a->ev, PORT_PORT, 0) != APM_CNT)
		return;
	if (write) {
		apm_write(a);
		return;
	}
	scene_act(a);
	if (a->ev->cpu != r->monarch || moment_is(r->cmd_read) || !applying_in_smm(a, a->ev->cpu))
		return;
	r->cmd_read = a->now;
	r->cmd_got = event_has(a->ev, PORT_VALUE) ? (int)a->ev->arg[PORT_VALUE] : SMI_CMD_UNKNOWN;
}
