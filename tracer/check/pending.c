/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smi-survives-init: what becomes of an SMI that an INIT found pending. */
#include "rule.h"

#define DEADLINE (1 * RULE_S)

struct at_init {
	bool on;
	int64_t raised, init, reset; /* event ids; reset 0 = not seen (yet) */
	int64_t ns;                  /* of the raise: since then it may have been taken unseen */
};

struct pending_state {
	struct at_init cpu[EVENT_MAX_CPUS];
	struct waits waits;          /* from the SIPI on */
};

/* It was raised for this CPU beyond doubt, and the entry would be seen. */
static bool surely_pending(const struct check_input *in, int cpu)
{
	const struct scene_cpu *c = &in->scene->cpu[cpu];
	uint64_t features;
	bool broadcast = scene_config(in->scene, CONFIG_SMI_NEGOTIATED, &features) &&
		features & SMI_FEATURE_BROADCAST;

	return c->smi_pending && (c->smi_by_ipi || broadcast) && in->model->cpu[cpu].smbase != SMBASE_UNKNOWN;
}

static void init_sent(struct pending_state *st, const struct check_input *in, int cpu)
{
	waits_stop(&st->waits, cpu);
	st->cpu[cpu] = (struct at_init){
		.on = surely_pending(in, cpu), .raised = in->scene->cpu[cpu].smi_raised.id, .init = in->id,
			.ns = in->scene->cpu[cpu].smi_raised.ns,
	};
}

static void on_ipi(struct pending_state *st, const struct check_input *in)
{
	uint64_t mode = event_get(in->ev, IPI_MODE, IPI_FIXED);
	struct cpuset to;

	if (mode != IPI_INIT && mode != IPI_SIPI)
		return;
	to = scene_ipi_targets(in->scene, in->model, in->ev);
	for (int i = cpuset_next(&to, 0); i >= 0; i = cpuset_next(&to, i + 1)) {
		if (mode == IPI_INIT)
			init_sent(st, in, i);
		else if (st->cpu[i].on && !cpuset_has(&st->waits.on, i))
			waits_start(&st->waits, i, in);
	}
}

static void forget(struct pending_state *st, int cpu)
{
	st->cpu[cpu].on = false;
	waits_stop(&st->waits, cpu);
}

/* A power-on reset takes everything with it; an INIT is what this is about. */
static void on_reset(struct pending_state *st, const struct check_input *in, int cpu)
{
	if (!in->model->cpu[cpu].init_ipi)
		forget(st, cpu);
	else if (st->cpu[cpu].on)
		st->cpu[cpu].reset = in->id;
}

/* Taken before the INIT took effect, it is not pending any more; after that, it has survived. */
static void on_entry(struct check *c, struct pending_state *st, int cpu)
{
	if (st->cpu[cpu].reset || cpuset_has(&st->waits.on, cpu))
		check_holds(c);
	forget(st, cpu);
}

static void dropped(struct check *c, const struct check_input *in, int cpu, const char *how)
{
	struct pending_state *st = check_state(c);
	const struct at_init *p = &st->cpu[cpu];
	struct finding f = finding_at(in, cpu, p->raised, p->init, p->reset);

	check_missing(c, &f, p->ns, "the SMI that was pending for CPU %d at the INIT was dropped: %s", cpu,
		      how);
	forget(st, cpu);
}

static void on_pen(struct check *c, const struct check_input *in)
{
	struct pending_state *st = check_state(c);
	int who = in->ev->cpu, waiting = cpuset_next(&st->waits.on, 0);

	if (event_get(in->ev, HANDOFF_WORD, WORD_COUNT) != WORD_PEN || !event_get(in->ev, HANDOFF_VALUE, 0))
		return;
	/* Sampled, it names nobody: the only one that was started. */
	if (who == CPU_UNKNOWN && waiting >= 0 && cpuset_next(&st->waits.on, waiting + 1) == CPU_UNKNOWN)
		who = waiting;
	if (cpuset_has(&st->waits.on, who))
		dropped(c, in, who, "it runs in the pen and has not entered SMM");
}

static void on_seen(struct check *c, const struct check_input *in, int cpu)
{
	struct pending_state *st = check_state(c);
	bool at_vector = event_get(in->ev, CPU_SEEN_CS, 0xf000) == 0xf000 && event_get(in->ev, CPU_SEEN_RIP,
			0xfff0) == 0xfff0;

	if (cpuset_has(&st->waits.on, cpu) && !event_get(in->ev, CPU_SEEN_IN_SMM, 1) && !at_vector)
		dropped(c, in, cpu, "it has gone on outside SMM");
}

static void smi_survives_init(struct check *c, const struct check_input *in)
{
	struct pending_state *st = check_state(c);
	int cpu = in->ev->cpu;

	if (in->ev->kind == EV_IPI)
		on_ipi(st, in);
	else if (in->ev->kind == EV_HANDOFF)
		on_pen(c, in);
	if (!cpuset_valid(cpu) || !st->cpu[cpu].on)
		return;
	switch (in->ev->kind) {
	case EV_CPU_RESET:
		on_reset(st, in, cpu);
		break;
	case EV_SMI_ENTER:
		on_entry(c, st, cpu);
		break;
	case EV_CPU_SEEN:
		on_seen(c, in, cpu);
		break;
	case EV_CPU_REMOVE:
		forget(st, cpu);
		break;
	}
}

static void overdue(struct check *c, const struct model *m, const struct scene *s, int64_t now)
{
	struct pending_state *st = check_state(c);
	int64_t deadline = check_deadline_ns(c, DEADLINE);
	int cpu;

	(void)m;
	while ((cpu = waits_overdue(&st->waits, s, deadline, now)) >= 0) {
		const struct at_init *p = &st->cpu[cpu];
		struct finding f = finding_overdue(st->waits.over_ns, cpu, p->raised, p->init);

		f.evidence[2] = p->reset ? p->reset : st->waits.cpu[cpu].id;
		check_missing(c, &f, p->ns,
			      "the SMI that was pending for CPU %d at the INIT was dropped: no entry %.1f s "
			      "after the SIPI",
			      cpu, rule_seconds(deadline));
		forget(st, cpu);
	}
}

const struct invariant invariant_smi_survives_init = {
	.name = "smi-survives-init", .severity = SEVERITY_ERROR, .step = "c",
	.needs = NEED_IPI | NEED_SMM | NEED_PORT,
	.kinds = KIND(IPI) | KIND(CPU_RESET) | KIND(SMI_ENTER) | KIND(HANDOFF) | KIND(CPU_SEEN) |
		KIND(CPU_REMOVE),
	.rule = "an SMI that is pending for a CPU at its INIT is taken after the SIPI, before the CPU "
		"executes anything else",
	.meaning =
	"OVMF sends a hot-added CPU an SMI, an INIT and a SIPI, and counts on the SMI being taken first: "
	"in it the CPU relocates itself. The SMI is gone, so the CPU runs from the SIPI vector, sits in "
	"the pen (PostSmmPen in OvmfPkg/CpuHotplugSmm) and is never relocated; the monarch spins in "
	"SmbaseRelocate() on AboutToLeaveSmm with every other CPU held in SMM: the whole guest hangs. A "
	"real CPU keeps a pending SMI through INIT. QEMU's TCG does not: do_cpu_init() clears all "
	"interrupt requests but the SIPI. On old QEMU with KVM reading the registers through the monitor "
	"can lose a pending SMI as well (kvm_get_vcpu_events). `smmtrace kick` sends it again.",
	.event = smi_survives_init, .time = overdue, .state = sizeof(struct pending_state),
};
