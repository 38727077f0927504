/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the OS must leave alone while the firmware is at work on a plugged CPU. */
#include "rule.h"

/* ---- clear-after-smi ---- */

static void cleared(struct check *c, const struct check_input *in, int cpu)
{
	const struct scene_cpu *sc = &in->scene->cpu[cpu];
	struct finding f = finding_at(in, cpu, sc->added.id, sc->enumerated.id, 0);

	switch (smm_place(in->model, in->ev->cpu)) {
	case SMM_INSIDE:
		check_violated(c, &f,
			       "CPU %d clears the insert event of CPU %d in SMM: the OS will not find it",
			       in->ev->cpu, cpu);
		return;
	case SMM_UNSEEN:
		check_unknown(c, "it is not known whether the CPU that cleared an insert event was in SMM");
		return;
	case SMM_OUTSIDE:
		break;
	}
	if (!moment_after(sc->enumerated, sc->added))
		check_missing(c, &f, sc->added.ns,
			      "the OS clears the insert event of CPU %d, which no monarch has enumerated",
			      cpu);
	else if (!plug_handled(in->scene, sc))
		check_missing(c, &f, sc->enumerated.ns,
			      "the OS clears the insert event of CPU %d while the monarch is in SMM", cpu);
	else
		check_holds(c);
}

/* The first SIPI to it by the OS: the event must be cleared by then. */
static void started(struct check *c, const struct check_input *in, int cpu)
{
	const struct scene_cpu *sc = &in->scene->cpu[cpu];
	struct finding f = finding_at(in, cpu, sc->added.id, sc->enumerated.id, 0);

	if (!moment_is(sc->started) && plug_handled(in->scene, sc) && !moment_after(sc->insert_cleared,
	    sc->added))
		check_missing(c, &f, sc->enumerated.ns,
			      "the OS starts CPU %d before it has cleared its insert event", cpu);
}

static void clear_after_smi(struct check *c, const struct check_input *in)
{
	int cpu = selected_cpu(in);
	struct cpuset to;

	if (clears_insert(in)) {
		if (cpu != CPU_UNKNOWN && in->scene->cpu[cpu].hot && plug_concerns_firmware(in->scene,
		    &in->scene->cpu[cpu]))
			cleared(c, in, cpu);
		return;
	}
	if (event_get(in->ev, IPI_MODE, IPI_FIXED) != IPI_SIPI || in->ev->kind != EV_IPI ||
	    smm_place(in->model, in->ev->cpu) != SMM_OUTSIDE)
		return;
	to = scene_ipi_targets(in->scene, in->model, in->ev);
	for (int i = cpuset_next(&to, 0); i >= 0; i = cpuset_next(&to, i + 1))
		if (in->scene->cpu[i].hot)
			started(c, in, i);
}

const struct invariant invariant_clear_after_smi = {
	.name = "clear-after-smi", .severity = SEVERITY_WARNING, .step = "f",
	.needs = NEED_CPUHP | NEED_SMM | NEED_IPI,
	.kinds = KIND(CPUHP) | KIND(IPI),
	.rule = "the OS clears an insert event only after the firmware has dealt with it and left SMM, and "
		"before it starts the CPU",
	.meaning =
	"The insert bit in QEMU's hot-plug registers is how the firmware finds the new CPU. Cleared "
	"before the SMI, it hides a CPU that the OS then starts un-relocated; never cleared, it makes the "
	"firmware meet the same CPU at the next plug (BZ2929, race 1). The clear is done by QEMU's own "
	"ACPI code (\\_SB.CPUS.CSCN, hw/acpi/cpu.c), which collects the events, writes 4 to 0xb2, and "
	"clears those that it collected. Under TCG the write to 0xb2 does not stop the CPU at once: "
	"instructions behind it run before the SMI, so a guest of your own needs a `pause` there.",
	.event = clear_after_smi,
};

/* ---- no-os-sipi-early ---- */

static void started_early(struct check *c, const struct check_input *in, int cpu)
{
	const struct scene_cpu *sc = &in->scene->cpu[cpu];
	struct finding f = finding_at(in, cpu, sc->added.id, sc->enumerated.id, 0);
	bool init = event_get(in->ev, IPI_MODE, IPI_FIXED) == IPI_INIT;

	if (plug_handled(in->scene, sc))
		check_holds(c);
	else
		check_missing(c, &f, sc->added.ns, "CPU %d, outside SMM, sends %s to the new CPU %d %s",
			      in->ev->cpu, init ? "INIT" : "SIPI",
			      cpu, moment_after(sc->enumerated, sc->added) ? "before the monarch has left SMM"
									  : "before the firmware knows it");
}

static void no_os_sipi_early(struct check *c, const struct check_input *in)
{
	uint64_t mode = event_get(in->ev, IPI_MODE, IPI_FIXED);
	struct cpuset to;

	if ((mode != IPI_INIT && mode != IPI_SIPI) || smm_place(in->model, in->ev->cpu) == SMM_INSIDE)
		return;
	to = scene_ipi_targets(in->scene, in->model, in->ev);
	for (int i = cpuset_next(&to, 0); i >= 0; i = cpuset_next(&to, i + 1)) {
		if (!in->scene->cpu[i].hot || !plug_concerns_firmware(in->scene, &in->scene->cpu[i]))
			continue;
		if (smm_place(in->model, in->ev->cpu) == SMM_UNSEEN)
			check_unknown(c, "it is not known whether the CPU that sent INIT or SIPI was in SMM");
		else
			started_early(c, in, i);
	}
}

const struct invariant invariant_no_os_sipi_early = {
	.name = "no-os-sipi-early", .severity = SEVERITY_ERROR, .step = "c",
	.needs = NEED_IPI | NEED_SMM | NEED_CPUHP,
	.kinds = KIND(IPI),
	.rule = "the OS sends no INIT or SIPI to a new CPU before the monarch that relocated it has left SMM",
	.meaning =
	"The OS starts a CPU that the firmware has not relocated, or is relocating. The new CPU then "
	"returns from its RSM into the OS and not into the pen, and the monarch waits for the pen's flag "
	"for ever; or it is never relocated and takes its next SMI at 0x38000 with the OS in control of "
	"what it does there: the attack that the gate, the pen and the lock of the default SMRAM exist to "
	"stop. With an honest OS look at who sends the IPI: an OS that brings up CPUs by the MADT alone, "
	"without waiting for the hot-plug notification; or the firmware never enumerated the CPU and ACPI "
	"went on all the same.",
	.event = no_os_sipi_early,
};
