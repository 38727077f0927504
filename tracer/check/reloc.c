/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The new CPU's way: it says that it leaves, it leaves, it arrives; its next SMI is at home. */
#include "rule.h"

#include <inttypes.h>

static bool says_about(const struct check_input *in)
{
	return in->ev->kind == EV_HANDOFF && event_get(in->ev, HANDOFF_WORD, WORD_COUNT) == WORD_ABOUT &&
	       event_get(in->ev, HANDOFF_VALUE, 0);
}

static bool says_pen(const struct check_input *in)
{
	return in->ev->kind == EV_HANDOFF && event_get(in->ev, HANDOFF_WORD, WORD_COUNT) == WORD_PEN &&
	       event_get(in->ev, HANDOFF_VALUE, 0);
}

static bool by_rsm(const struct event *ev)
{
	return ev->kind == EV_SMI_LEAVE && event_get(ev, SMI_LEAVE_VIA, VIA_BREAKPOINT) != VIA_RESET;
}

static bool has_written(const struct scene_cpu *c)
{
	return moment_is(c->smbase_write) && moment_after(c->smbase_write, c->default_entry);
}

/* ---- about-then-rsm ---- */

#define ABOUT_DEADLINE (1 * RULE_S)

struct about_state {
	struct waits rsm; /* CPUs that said so and have not left */
};

/* Who says it: a sampled word names nobody, but of those at the default SMBASE one alone has come so far. */
static int who_leaves(const struct check_input *in)
{
	int only = CPU_UNKNOWN, written = CPU_UNKNOWN;
	unsigned inside = 0, wrote = 0;

	if (in->ev->cpu != CPU_UNKNOWN)
		return in->ev->cpu;
	for (int i = cpuset_next(&in->scene->present, 0); i >= 0; i = cpuset_next(&in->scene->present,
	     i + 1)) {
		if (in->model->cpu[i].state != STATE_SMM_DEFAULT)
			continue;
		inside++;
		only = i;
		if (has_written(&in->scene->cpu[i])) {
			wrote++;
			written = i;
		}
	}
	return wrote == 1 ? written : inside == 1 ? only : CPU_UNKNOWN;
}

static void about(struct check *c, const struct check_input *in)
{
	struct about_state *st = check_state(c);
	int cpu = who_leaves(in);
	const struct scene_cpu *sc;
	struct finding f;

	if (!cpuset_valid(cpu))
		return; /* sampled after the CPU had left: what it did was in order */
	sc = &in->scene->cpu[cpu];
	f = finding_at(in, cpu, sc->default_entry.id, 0, 0);
	if (in->model->cpu[cpu].state != STATE_SMM_DEFAULT) {
		if (in->ev->origin == ORIGIN_OBSERVED)
			check_violated(c, &f,
				       "CPU %d sets AboutToLeaveSmm without being in SMM at the default "
				       "SMBASE", cpu);
		return;
	}
	if (!has_written(sc) && !sc->default_unstopped)
		check_missing(c, &f, sc->default_entry.ns,
			      "CPU %d sets AboutToLeaveSmm before it has written its SMBASE", cpu);
	waits_start(&st->rsm, cpu, in);
}

/* The pen's flag is set by code outside SMM; an observed write by a CPU inside is out of order. */
static void pen(struct check *c, const struct check_input *in)
{
	int cpu = in->ev->cpu;
	struct finding f;

	if (!cpuset_valid(cpu) || in->ev->origin != ORIGIN_OBSERVED || !cpu_in_smm(&in->model->cpu[cpu]))
		return;
	f = finding_at(in, cpu, in->model->cpu[cpu].smi.id, 0, 0);
	check_violated(c, &f, "the pen's flag is set by CPU %d while it is in SMM", cpu);
}

static void about_then_rsm(struct check *c, const struct check_input *in)
{
	struct about_state *st = check_state(c);
	int cpu = in->ev->cpu;
	struct finding f;

	if (says_about(in)) {
		about(c, in);
		return;
	}
	if (says_pen(in))
		pen(c, in);
	if (!cpuset_valid(cpu) || !cpuset_has(&st->rsm.on, cpu))
		return;
	switch (in->ev->kind) {
	case EV_SMI_LEAVE:
		if (by_rsm(in->ev))
			check_holds(c);
		waits_stop(&st->rsm, cpu);
		break;
	case EV_CPU_RESET:
	case EV_CPU_REMOVE:
		waits_stop(&st->rsm, cpu);
		break;
	case EV_SMBASE_WRITE:
		if (in->ev->origin == ORIGIN_INFERRED) /* it was some time in this SMI */
			break;
		/* fall through */
	case EV_IPI:
	case EV_PORT:
	case EV_CPUHP:
		f = finding_at(in, cpu, st->rsm.cpu[cpu].id, 0, 0);
		check_violated(c, &f, "CPU %d has set AboutToLeaveSmm, but goes on in SMM (%s)", cpu,
			       event_info[in->ev->kind].name);
		waits_stop(&st->rsm, cpu);
		break;
	}
}

static void about_overdue(struct check *c, const struct model *m, const struct scene *s, int64_t now)
{
	struct about_state *st = check_state(c);
	int64_t deadline = check_deadline_ns(c, ABOUT_DEADLINE);
	int cpu;

	(void)m;
	while ((cpu = waits_overdue(&st->rsm, s, deadline, now)) >= 0) {
		const struct wait *w = &st->rsm.cpu[cpu];
		struct finding f = finding_overdue(st->rsm.over_ns, cpu, s->cpu[cpu].default_entry.id, w->id);

		check_missing(c, &f, w->ns, "CPU %d set AboutToLeaveSmm and has not left SMM %.1f s later",
			      cpu, rule_seconds(deadline));
	}
}

const struct invariant invariant_about_then_rsm = {
	.name = "about-then-rsm", .severity = SEVERITY_ERROR, .step = "d",
	.needs = NEED_HANDOFF | NEED_SMM | NEED_SMBASE,
	.kinds = KIND(HANDOFF) | KIND(SMI_LEAVE) | KIND(CPU_RESET) | KIND(CPU_REMOVE) | KIND(SMBASE_WRITE) |
		KIND(IPI) |
		 KIND(PORT) | KIND(CPUHP),
	.rule = "the new CPU sets AboutToLeaveSmm behind its SMBASE write, executes RSM next, and arrives "
		"in the pen only then",
	.meaning =
	"AboutToLeaveSmm tells the monarch that the new CPU needs the default SMBASE no more; the monarch "
	"then goes on to the next CPU, which overwrites save state and NewSmbase. Set too early, or "
	"followed by anything but RSM, the two CPUs use the same memory at once. Look at "
	"FirstSmiHandler.nasm in OvmfPkg/CpuHotplugSmm: the store must be the last instruction before "
	"`rsm`. A flag that nobody at the default SMBASE can have set means that the context at 0x30000 "
	"was written from elsewhere. The pen's flag lies in memory that the OS can write, so it is no "
	"proof by itself.",
	.event = about_then_rsm, .time = about_overdue, .state = sizeof(struct about_state),
};

/* ---- relocated-entry ---- */

struct entry_state {
	bool init_since[EVENT_MAX_CPUS]; /* an INIT hit it since it was last seen at its own SMBASE */
};

static void entered_at(struct check *c, const struct check_input *in, int cpu, uint64_t base)
{
	struct entry_state *st = check_state(c);
	const struct scene_cpu *sc = &in->scene->cpu[cpu];
	struct finding f = finding_at(in, cpu, sc->smbase_write.id, sc->relocation_rsm.id,
				      st->init_since[cpu] ? sc->reset.id : 0);

	if (base == SMBASE_DEFAULT && in->ev->source == SRC_KVM) {
		check_unknown(c, "KVM's tracepoints do not tell whether a CPU at the default SMBASE was reset");
	} else if (base != sc->own_smbase) {
		check_missing(c, &f, sc->relocation_rsm.ns,
			      "CPU %d was relocated to SMBASE %#" PRIx64 ", but its SMI enters at %#" PRIx64
			      "%s", cpu, sc->own_smbase, base, st->init_since[cpu] ? " after an INIT" : "");
	} else if (!moment_is(sc->own_entry) || st->init_since[cpu]) {
		check_holds(c);
	}
	st->init_since[cpu] = false;
}

static void relocated_entry(struct check *c, const struct check_input *in)
{
	struct entry_state *st = check_state(c);
	int cpu = in->ev->cpu;
	const struct scene_cpu *sc;
	struct finding f;
	uint64_t base;

	if (!cpuset_valid(cpu))
		return;
	sc = &in->scene->cpu[cpu];
	if (in->ev->kind == EV_CPU_RESET) {
		st->init_since[cpu] = in->model->cpu[cpu].init_ipi && sc->relocated;
		return;
	}
	base = event_get(in->ev, SMI_ENTER_SMBASE, SMBASE_UNKNOWN);
	if (base == SMBASE_UNKNOWN)
		return;
	f = finding_at(in, cpu, sc->added.id, sc->started.id, 0);
	if (sc->relocated && moment_is(sc->relocation_rsm))
		entered_at(c, in, cpu, base);
	else if (base == SMBASE_DEFAULT && !sc->relocated && sc->hot && moment_is(sc->started))
		check_missing(c, &f, sc->added.ns,
			      "CPU %d, which the OS uses, enters SMM at the default SMBASE: it was never "
			      "relocated", cpu);
}

const struct invariant invariant_relocated_entry = {
	.name = "relocated-entry", .severity = SEVERITY_ERROR, .step = "d",
	.needs = NEED_SMM | NEED_SMBASE | NEED_IPI | NEED_RESET,
	.kinds = KIND(SMI_ENTER) | KIND(CPU_RESET),
	.rule = "once relocated, a CPU enters SMM at its new SMBASE, also after an INIT; only a reset "
		"brings back 0x30000",
	.meaning =
	"The relocation did not take: the value was not in the slot that the CPU reads at RSM (save state "
	"of another revision: 0x3fef8 instead of 0x3ff00), the RSM was not executed, or the hypervisor "
	"reset SMBASE at an INIT. A CPU that the OS uses and that still enters at 0x30000 was never "
	"relocated: CpuHotplugSmm did not load (EFI_UNSUPPORTED, with -global mch.smbase-smram=off) or "
	"refused the CPU, while ACPI and QEMU had agreed on SMI hot-plug. It then executes in SMM "
	"whatever the OS has at 0x38000.",
	.event = relocated_entry, .state = sizeof(struct entry_state),
};
