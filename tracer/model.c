/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model.h"

#include <string.h>

const char *const cpu_state_name[CPU_STATE_COUNT] = {
#define X(S, name) [STATE_##S] = name,
	CPU_STATES(X)
#undef X
};

const char *const smi_cause_name[CAUSE_COUNT] = {
	[CAUSE_UNKNOWN] = "unknown", [CAUSE_APM] = "apm", [CAUSE_IPI] = "ipi",
};

void model_init(struct model *m)
{
	memset(m, 0, sizeof(*m));
	m->apm_data = SMI_CMD_UNKNOWN;
	for (unsigned i = 0; i < EVENT_MAX_CPUS; i++) {
		struct cpu *c = &m->cpu[i];

		c->apic_id = -1;
		c->smbase = c->smbase_pending = c->smbase_before = SMBASE_UNKNOWN;
		c->smi.apm_cmd = c->smi.apm_data = SMI_CMD_UNKNOWN;
	}
}

int model_cpu_of_apic_id(const struct model *m, uint64_t apic_id)
{
	for (unsigned i = 0; i < m->cpus; i++)
		if (m->cpu[i].apic_id >= 0 && (uint64_t)m->cpu[i].apic_id == apic_id)
			return (int)i;
	return CPU_UNKNOWN;
}

static void enter_state(struct cpu *c, enum cpu_state state, int64_t ts)
{
	if (c->state != state)
		c->since_ns = ts;
	c->state = state;
}

static bool apm_taken(const struct model *m, int cpu)
{
	return m->apm_taken[cpu / 64] >> (cpu % 64) & 1;
}

/* AL was written to the port in DX: what an SMI behind `out dx, al` leaves in the saved state. */
static bool saved_out_to_apm(const struct event *ev)
{
	return event_has(ev, SMI_ENTER_RDX) && (ev->arg[SMI_ENTER_RDX] & 0xffff) == APM_CNT &&
	       event_has(ev, SMI_ENTER_RAX);
}

static void find_cause(struct model *m, struct cpu *c, const struct event *ev)
{
	struct smi *smi = &c->smi;

	if (m->apm.ts && !apm_taken(m, ev->cpu)) {
		smi->cause = CAUSE_APM;
		smi->apm_cmd = m->apm.cmd;
		smi->apm_data = m->apm.data;
		m->apm_taken[ev->cpu / 64] |= 1ull << (ev->cpu % 64);
	} else if (c->smi_ipi) {
		smi->cause = CAUSE_IPI;
	} else if (!m->apm.ts && saved_out_to_apm(ev)) {
		smi->cause = CAUSE_APM;
		smi->cause_inferred = true;
		smi->apm_cmd = (int)(ev->arg[SMI_ENTER_RAX] & 0xff);
	}
	c->smi_ipi = false;
}

static void smi_enter(struct model *m, struct cpu *c, int64_t id, const struct event *ev)
{
	uint64_t smbase = event_get(ev, SMI_ENTER_SMBASE, SMBASE_UNKNOWN);

	c->smi = (struct smi){
		.id = id, .enter_ns = ev->ts, .smbase = smbase,
		.apm_cmd = SMI_CMD_UNKNOWN, .apm_data = SMI_CMD_UNKNOWN,
	};
	find_cause(m, c, ev);
	c->smis++;
	c->slot_unknown = false;
	c->smbase_pending = SMBASE_UNKNOWN;
	c->smbase_write_id = 0;
	if (smbase != SMBASE_UNKNOWN)
		c->smbase = smbase;
	enter_state(c, smbase == SMBASE_DEFAULT ? STATE_SMM_DEFAULT : STATE_SMM, ev->ts);
}

static bool leaves_default(const struct cpu *c, const struct event *ev)
{
	return c->state == STATE_SMM_DEFAULT && event_get(ev, SMI_LEAVE_SMBASE, SMBASE_DEFAULT) == SMBASE_DEFAULT;
}

static void smi_leave(struct model *m, struct cpu *c, int64_t id, const struct event *ev)
{
	uint64_t via = event_get(ev, SMI_LEAVE_VIA, VIA_BREAKPOINT);

	(void)m;
	(void)id;
	if (via != VIA_RESET) {
		c->rsms++;
	}
	if (via != VIA_RESET && c->smbase_pending != SMBASE_UNKNOWN) {
		c->smbase_before = c->smbase;
		c->smbase = c->smbase_pending;
	}
	c->slot_unknown = via == VIA_TRACEPOINT && c->smbase_pending == SMBASE_UNKNOWN && leaves_default(c, ev);
	if (c->slot_unknown)
		c->smbase = SMBASE_UNKNOWN;
	c->smbase_pending = SMBASE_UNKNOWN;
	c->smbase_write_id = 0;
	enter_state(c, via == VIA_RESET || c->init_held ? STATE_RESET : STATE_RUNNING, ev->ts);
	c->init_held = false;
}

/* A CPU in SMM at its own base may write the slot at the default one: that is not its slot. */
static bool is_own_slot(const struct cpu *c, const struct event *ev)
{
	return c->state == STATE_SMM_DEFAULT || event_get(ev, SMBASE_WRITE_OLD, c->smi.smbase) != SMBASE_DEFAULT;
}

/* A write that is concluded when its SMI is over: it was in that one, and is in force since its RSM. */
static bool was_in_last_smi(const struct cpu *c, const struct event *ev)
{
	return c->slot_unknown && ev->origin == ORIGIN_INFERRED && event_has(ev, SMBASE_WRITE_NEW);
}

static void smbase_write(struct model *m, struct cpu *c, int64_t id, const struct event *ev)
{
	(void)m;
	if (was_in_last_smi(c, ev)) {
		c->smbase_before = c->smi.smbase;
		c->smbase = ev->arg[SMBASE_WRITE_NEW];
		c->smbase_write_id = id;
		c->slot_unknown = false;
		return;
	}
	if (!cpu_in_smm(c) || !event_has(ev, SMBASE_WRITE_NEW) || !is_own_slot(c, ev))
		return;
	c->smbase_pending = ev->arg[SMBASE_WRITE_NEW];
	c->smbase_write_id = id;
}

static void smbase_found(struct model *m, struct cpu *c, int64_t id, const struct event *ev)
{
	(void)m;
	(void)id;
	c->smbase = event_get(ev, SMBASE_FOUND_SMBASE, c->smbase);
	c->slot_unknown = false;
}

/* INIT keeps SMBASE, any other reset brings back the default (Intel SDM vol. 3, 32.11). */
static void cpu_reset(struct model *m, struct cpu *c, int64_t id, const struct event *ev)
{
	(void)m;
	(void)id;
	if (!c->init_ipi) {
		c->smbase_before = c->smbase;
		c->smbase = SMBASE_DEFAULT;
		c->slot_unknown = false;
	}
	c->init_ipi = false;
	enter_state(c, STATE_RESET, ev->ts);
}

/*
 * What the local APIC takes, the CPU executes at once, but in SMM: there an INIT waits for the RSM, and a SIPI is
 * dropped (Intel SDM vol. 3, 32.4; Linux arch/x86/kvm/lapic.c, kvm_apic_accept_events()).
 */
static void apic_accept(struct model *m, struct cpu *c, int64_t id, const struct event *ev)
{
	(void)m;
	(void)id;
	switch (event_get(ev, ACCEPT_MODE, IPI_FIXED)) {
	case IPI_SMI:
		c->smi_ipi = true;
		break;
	case IPI_INIT:
		c->init_ipi = false;
		c->init_held = cpu_in_smm(c);
		if (!c->init_held)
			enter_state(c, STATE_RESET, ev->ts);
		break;
	case IPI_SIPI:
		if (c->state == STATE_RESET || c->state == STATE_ABSENT || c->state == STATE_UNKNOWN)
			enter_state(c, STATE_RUNNING, ev->ts);
		break;
	}
}

static void cpu_add(struct model *m, struct cpu *c, int64_t id, const struct event *ev)
{
	(void)m;
	(void)id;
	if (event_has(ev, CPU_ADD_APIC_ID))
		c->apic_id = (int64_t)ev->arg[CPU_ADD_APIC_ID];
	if (c->added_ns && !c->removed_ns)
		return; /* met again after a suspension */
	c->added_ns = ev->ts;
	c->removed_ns = 0;
	if (c->state == STATE_ABSENT || c->state == STATE_GONE) /* else the log told of its reset before */
		enter_state(c, STATE_UNKNOWN, ev->ts);
}

static void cpu_remove(struct model *m, struct cpu *c, int64_t id, const struct event *ev)
{
	(void)m;
	(void)id;
	c->removed_ns = ev->ts;
	c->smbase = c->smbase_pending = SMBASE_UNKNOWN;
	c->slot_unknown = c->init_ipi = c->init_held = c->smi_ipi = false;
	enter_state(c, STATE_GONE, ev->ts);
}

static void cpu_seen(struct model *m, struct cpu *c, int64_t id, const struct event *ev)
{
	(void)m;
	(void)id;
	if (c->state != STATE_UNKNOWN && c->state != STATE_ABSENT)
		return;
	enter_state(c, event_get(ev, CPU_SEEN_IN_SMM, 0) ? STATE_SMM : STATE_RUNNING, ev->ts);
}

static void ipi_arrives(struct cpu *target, const struct event *ev)
{
	switch (ev->arg[IPI_MODE]) {
	case IPI_SMI:
		target->smi_ipi = true;
		break;
	case IPI_INIT:
		target->init_ipi = true;
		break;
	case IPI_SIPI:
		if (target->state == STATE_RESET)
			enter_state(target, STATE_RUNNING, ev->ts);
		break;
	}
}

static void ipi_to_all(struct model *m, const struct event *ev, bool with_self)
{
	for (unsigned i = 0; i < m->cpus; i++)
		if (with_self || (int)i != ev->cpu)
			ipi_arrives(&m->cpu[i], ev);
}

static void ipi(struct model *m, const struct event *ev)
{
	int target = model_cpu_of_apic_id(m, event_get(ev, IPI_TARGET, UINT64_MAX));

	if (!event_has(ev, IPI_MODE))
		return;
	switch (event_get(ev, IPI_DEST, IPI_ONE)) {
	case IPI_ONE:
		if (target != CPU_UNKNOWN)
			ipi_arrives(&m->cpu[target], ev);
		break;
	case IPI_SELF:
		if (ev->cpu != CPU_UNKNOWN)
			ipi_arrives(&m->cpu[ev->cpu], ev);
		break;
	case IPI_ALL:
	case IPI_OTHERS:
		ipi_to_all(m, ev, ev->arg[IPI_DEST] == IPI_ALL);
		break;
	}
}

static void port(struct model *m, const struct event *ev)
{
	int value = event_has(ev, PORT_VALUE) ? (int)ev->arg[PORT_VALUE] : SMI_CMD_UNKNOWN;

	if (event_get(ev, PORT_DIR, DIR_READ) != DIR_WRITE)
		return;
	if (event_get(ev, PORT_PORT, 0) == APM_STS)
		m->apm_data = value;
	if (event_get(ev, PORT_PORT, 0) != APM_CNT)
		return;
	m->apm = (struct apm_write){ .ts = ev->ts, .cpu = ev->cpu, .cmd = value, .data = m->apm_data };
	memset(m->apm_taken, 0, sizeof(m->apm_taken));
}

typedef void (*apply_fn)(struct model *m, struct cpu *c, int64_t id, const struct event *ev);

/* Kinds that change the CPU they are about. */
static const apply_fn apply[EVENT_KIND_COUNT] = {
	[EV_SMI_ENTER] = smi_enter,
	[EV_SMI_LEAVE] = smi_leave,
	[EV_SMBASE_WRITE] = smbase_write,
	[EV_SMBASE_FOUND] = smbase_found,
	[EV_CPU_RESET] = cpu_reset,
	[EV_ACCEPT] = apic_accept,
	[EV_CPU_ADD] = cpu_add,
	[EV_CPU_REMOVE] = cpu_remove,
	[EV_CPU_SEEN] = cpu_seen,
};

/* Kinds that only a running CPU can bring about. */
static const bool acts[EVENT_KIND_COUNT] = { [EV_PORT] = true, [EV_IPI] = true, [EV_CPUHP] = true };

const struct cpu *model_apply(struct model *m, int64_t id, const struct event *ev)
{
	struct cpu *c = NULL;

	if (ev->cpu >= 0 && ev->cpu < EVENT_MAX_CPUS) {
		c = &m->cpu[ev->cpu];
		if ((unsigned)ev->cpu >= m->cpus)
			m->cpus = (unsigned)ev->cpu + 1;
	}
	if (ev->kind == EV_PORT)
		port(m, ev);
	if (ev->kind == EV_IPI)
		ipi(m, ev);
	if (c && apply[ev->kind])
		apply[ev->kind](m, c, id, ev);
	else if (c && c->state == STATE_RESET && acts[ev->kind])
		enter_state(c, STATE_RUNNING, ev->ts);
	return c;
}
