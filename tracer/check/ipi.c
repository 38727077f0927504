/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When the monarch sends INIT and SIPI to a new CPU (OvmfPkg/CpuHotplugSmm/Smbase.c, SmbaseRelocate()). */
#include "rule.h"

/* ---- smi-before-init ---- */

#define SMI_DEADLINE (1 * RULE_S)

/*
 * CPUs that got INIT with no SMI pending: it may still be sent. The SMI that one had was spent when the CPU
 * left the default SMBASE as it came (QEMU's TCG lets a new CPU take it before any SIPI).
 */
struct init_state {
	struct cpuset spent, open;
	struct moment init[EVENT_MAX_CPUS];
	bool had_one[EVENT_MAX_CPUS];
	struct waits waits;          /* from the first SIPI on */
};

static void forget(struct init_state *st, int cpu)
{
	cpuset_remove(&st->spent, cpu);
	cpuset_remove(&st->open, cpu);
	waits_stop(&st->waits, cpu);
}

/* Those that were sent one since, or relocated themselves all the same. */
static void settle(struct check *c, const struct scene *s)
{
	struct init_state *st = check_state(c);

	for (int i = cpuset_next(&st->open, 0); i >= 0; i = cpuset_next(&st->open, i + 1)) {
		if (!s->cpu[i].relocated && !moment_after(s->cpu[i].smi_raised, st->init[i]))
			continue;
		check_holds(c);
		forget(st, i);
	}
}

/* A firmware whose handler has no gate may send the SMI behind INIT and SIPI: then nothing else can come first. */
static bool may_come_later(const struct scene *s)
{
	return handler_code_now(s) == CODE_NOP || handler_code_now(s) == CODE_RELOCATE;
}

static void init_sent(struct check *c, const struct check_input *in, const struct firmware_ipi *ipi)
{
	struct init_state *st = check_state(c);
	const struct scene_cpu *t = ipi->to;
	bool raised = moment_is(t->smi_raised) || moment_is(t->default_entry);
	bool inside = in->model->cpu[ipi->cpu].state == STATE_SMM_DEFAULT;
	struct finding f = finding_here(in, ipi->cpu, t->added.id, ipi->round->raised.id);

	if (t->smi_pending || inside || (raised && !cpuset_has(&st->spent, ipi->cpu))) {
		check_holds(c);
	} else if (raised || may_come_later(in->scene)) {
		cpuset_add(&st->open, ipi->cpu);
		st->init[ipi->cpu] = (struct moment){ in->id, in->ev->ts };
		st->had_one[ipi->cpu] = raised;
	} else {
		check_missing(c, &f, t->added.ns, "INIT to CPU %d, for which no SMI was raised since it was added: it "
			      "will run without having been in SMM", ipi->cpu);
	}
}

static void on_ipi(struct check *c, const struct check_input *in)
{
	struct init_state *st = check_state(c);
	struct firmware_ipi ipi;

	if (!is_hotplug_ipi(in, &ipi))
		return;
	if (ipi.mode == IPI_INIT)
		init_sent(c, in, &ipi);
	else if (cpuset_has(&st->open, ipi.cpu) && !cpuset_has(&st->waits.on, ipi.cpu))
		waits_start(&st->waits, ipi.cpu, in);
}

/* An INIT that takes effect ends nothing. */
static void end_of_cpu(struct init_state *st, const struct check_input *in, int cpu)
{
	if (in->ev->kind == EV_CPU_REMOVE || !in->model->cpu[cpu].init_ipi)
		forget(st, cpu);
}

static void smi_before_init(struct check *c, const struct check_input *in)
{
	struct init_state *st = check_state(c);
	int cpu = in->ev->cpu;
	const struct cpu *m = cpuset_valid(cpu) ? &in->model->cpu[cpu] : NULL;

	settle(c, in->scene);
	if (in->ev->kind == EV_IPI)
		on_ipi(c, in);
	else if (in->ev->kind == EV_PORT || !m)
		return;
	else if (in->ev->kind == EV_SMI_ENTER)
		cpuset_remove(&st->spent, cpu);
	else if (in->ev->kind != EV_SMI_LEAVE)
		end_of_cpu(st, in, cpu);
	else if (m->state == STATE_SMM_DEFAULT && m->smbase_pending == SMBASE_UNKNOWN &&
		 event_get(in->ev, SMI_LEAVE_VIA, VIA_BREAKPOINT) != VIA_RESET)
		cpuset_add(&st->spent, cpu);
}

static void smi_overdue(struct check *c, const struct model *m, const struct scene *s, int64_t now)
{
	struct init_state *st = check_state(c);
	int64_t deadline = check_deadline_ns(c, SMI_DEADLINE);
	int cpu;

	(void)m;
	settle(c, s);
	while ((cpu = waits_overdue(&st->waits, s, deadline, now)) >= 0) {
		const struct scene_cpu *t = &s->cpu[cpu];
		bool had_one = st->had_one[cpu];
		struct finding f = finding_overdue(st->waits.over_ns, cpu, had_one ? t->smi_raised.id : t->added.id,
						   st->init[cpu].id);

		f.evidence[2] = st->waits.cpu[cpu].id;
		f.evidence[3] = had_one ? t->default_leave.id : 0;
		if (had_one)
			check_missing(c, &f, st->init[cpu].ns, "the SMI raised for CPU %d was spent in the NOP handler before "
				      "its INIT, and none was sent since: it will not run the relocation handler", cpu);
		else
			check_missing(c, &f, t->added.ns, "INIT to CPU %d, for which no SMI was raised since it was "
				      "added: it will run without having been in SMM", cpu);
		forget(st, cpu);
	}
}

const struct invariant invariant_smi_before_init = {
	.name = "smi-before-init", .severity = SEVERITY_ERROR, .step = "c", .needs = NEED_IPI | NEED_PORT | NEED_SMM,
	.kinds = KIND(IPI) | KIND(PORT) | KIND(SMI_ENTER) | KIND(SMI_LEAVE) | KIND(CPU_RESET) | KIND(CPU_REMOVE),
	.rule = "An SMI is pending for the new CPU, by broadcast or IPI, before it is sent INIT and "
		"SIPI; where the handler has no gate, it may be sent right behind them.",
	.meaning = "A CPU that is plugged after the broadcast, but before the monarch's scan, is found by "
		"the scan and has no SMI pending. INIT and SIPI then take it to the pen without a "
		"relocation, while the monarch spins on AboutToLeaveSmm for ever. This is the second race "
		"of edk2 bug 2929, fixed by cbccf99592: SmbaseRelocate() (OvmfPkg/CpuHotplugSmm/Smbase.c) "
		"sends an SMI IPI ahead of the INIT. In the 2019 design the broadcast is meant to stay "
		"pending until the SIPI; QEMU's TCG wakes the new CPU for it at once, and it is gone in "
		"the NOP handler before the monarch has put the relocation handler there. A firmware for "
		"TCG sends another one behind the SIPI.",
	.event = smi_before_init, .time = smi_overdue, .state = sizeof(struct init_state),
};

/* ---- sipi-target ---- */

/* The default SMRAM is not to be seen outside SMM; above lie video memory and ROMs. */
#define SMRAM_FIRST 0x30
#define SMRAM_LAST 0x4f
#define RAM_END 0xa0

static void sipi_target(struct check *c, const struct check_input *in)
{
	const struct word_value *pen = &in->scene->word[WORD_PEN];
	unsigned vector = (unsigned)event_get(in->ev, IPI_VECTOR, UINT32_MAX);
	struct firmware_ipi ipi;
	struct finding f;

	if (!is_hotplug_ipi(in, &ipi) || ipi.mode != IPI_SIPI || vector > 0xff)
		return;
	f = finding_here(in, ipi.cpu, pen->when.id, 0);
	if (vector >= SMRAM_FIRST && vector <= SMRAM_LAST)
		check_violated(c, &f, "the SIPI sends CPU %d to 0x%x000, which is SMRAM and cannot be seen outside SMM",
			       ipi.cpu, vector);
	else if (vector >= RAM_END)
		check_violated(c, &f, "the SIPI sends CPU %d to 0x%x000, which is not memory", ipi.cpu, vector);
	else if (pen->known && pen->addr && pen->addr >> 12 != vector)
		check_violated(c, &f, "the SIPI sends CPU %d to 0x%x000, but the pen is at 0x%x000", ipi.cpu, vector,
			       (unsigned)(pen->addr >> 12));
	else
		check_holds(c);
}

const struct invariant invariant_sipi_target = {
	.name = "sipi-target", .severity = SEVERITY_ERROR, .step = "c", .needs = NEED_IPI | NEED_SMM,
	.kinds = KIND(IPI),
	.rule = "The SIPI from SMM starts the new CPU in the pen: one page of memory below 640 KiB, "
		"outside the default SMRAM.",
	.meaning = "A CPU that starts elsewhere runs whatever lies there, outside SMM; inside "
		"0x30000-0x4ffff it reads 0xff and crashes. SmbaseAllocatePostSmmPen() "
		"(OvmfPkg/CpuHotplugSmm/Smbase.c) reserves the page at boot, and SmbaseRelocate() makes "
		"the vector from its address, shifted by twelve. The page must be reserved memory in the "
		"map the OS gets, or the OS reuses it.",
	.event = sipi_target,
};
