/* SPDX-License-Identifier: GPL-3.0-or-later */
/* INIT and SIPI: whom they may hit, and when. */
#include "rule.h"

#include <inttypes.h>
#include <stdio.h>

/* ---- no-sipi-to-running ---- */

struct sipi_state {
	int64_t sipi[EVENT_MAX_CPUS]; /* a SIPI that came while an INIT waited for the CPU to leave SMM */
};

static bool os_has_it(const struct scene_cpu *c)
{
	return c->relocated || moment_after(c->started, c->added);
}

static void init_from_smm(struct check *c, const struct check_input *in, int target)
{
	const struct scene_cpu *t = &in->scene->cpu[target];
	struct finding f = finding_at(in, target, t->relocation_rsm.id, t->started.id, 0);

	if (!os_has_it(t))
		check_holds(c);
	else if (t->relocated)
		check_violated(c, &f,
			       "CPU %d in SMM sends INIT to CPU %d, which runs at its own SMBASE %#" PRIx64,
			       in->ev->cpu, target, t->own_smbase);
	else
		check_violated(c, &f, "CPU %d in SMM sends INIT to CPU %d, which the OS has started",
			       in->ev->cpu, target);
}

/* From SMM, to a CPU outside that does not wait for one. */
static void stray_sipi(struct check *c, const struct check_input *in, const struct firmware_ipi *ipi)
{
	const struct scene_cpu *t = ipi->to;
	struct finding f = finding_at(in, ipi->cpu, t->relocation_rsm.id, t->init.id, t->started.id);
	unsigned vector = (unsigned)event_get(in->ev, IPI_VECTOR, 0);

	if (t->relocated)
		check_missing(c, &f, ipi->round->first_entry.ns, "CPU %d in SMM sends a SIPI (vector %#x) to CPU %d, which "
			      "is relocated and runs at its own SMBASE %#" PRIx64, in->ev->cpu, vector, ipi->cpu, t->own_smbase);
	else
		check_missing(c, &f, ipi->round->first_entry.ns, "CPU %d in SMM sends a SIPI (vector %#x) to CPU %d, which "
			      "runs, and got no INIT before", in->ev->cpu, vector, ipi->cpu);
}

static void sipi(struct check *c, const struct check_input *in, int target)
{
	struct sipi_state *st = check_state(c);
	const struct cpu *t = &in->model->cpu[target];
	struct finding f = finding_at(in, target, t->smi.id, 0, 0);
	struct firmware_ipi ipi;
	bool stray = is_firmware_ipi(in, &ipi) && is_stray_sipi(in, &ipi);

	if (!cpu_in_smm(t))
		stray ? stray_sipi(c, in, &ipi) : check_holds(c);
	else if (t->init_ipi)
		st->sipi[target] = in->id;
	else
		check_violated(c, &f,
			       "CPU %d gets a SIPI (vector %#x) while it is in SMM at SMBASE %#" PRIx64,
			       target, (unsigned)event_get(in->ev, IPI_VECTOR, 0), t->smi.smbase);
}

/* It left SMM by RSM, so the INIT had waited, and the SIPI found a CPU that did not wait for one. */
static void left_smm(struct check *c, const struct check_input *in)
{
	struct sipi_state *st = check_state(c);
	int cpu = in->ev->cpu;
	uint64_t via = event_get(in->ev, SMI_LEAVE_VIA, VIA_BREAKPOINT);
	struct finding f;

	if (!cpuset_valid(cpu) || !st->sipi[cpu])
		return;
	f = finding_at(in, cpu, in->model->cpu[cpu].smi.id, in->scene->cpu[cpu].init.id, st->sipi[cpu]);
	st->sipi[cpu] = 0;
	if (via != VIA_RESET && via != VIA_NEXT)
		check_violated(c, &f,
			       "CPU %d got INIT and SIPI while it was in SMM: the INIT waits for its RSM, "
			       "the SIPI is lost",
			       cpu);
}

static void no_sipi_to_running(struct check *c, const struct check_input *in)
{
	uint64_t mode = event_get(in->ev, IPI_MODE, IPI_FIXED);
	struct cpuset to;

	if (in->ev->kind == EV_SMI_LEAVE) {
		left_smm(c, in);
		return;
	}
	if (mode != IPI_INIT && mode != IPI_SIPI)
		return;
	to = scene_ipi_targets(in->scene, in->model, in->ev);
	for (int i = cpuset_next(&to, 0); i >= 0; i = cpuset_next(&to, i + 1)) {
		if (mode == IPI_SIPI)
			sipi(c, in, i);
		else if (smm_place(in->model, in->ev->cpu) == SMM_INSIDE)
			init_from_smm(c, in, i);
	}
}

const struct invariant invariant_no_sipi_to_running = {
	.name = "no-sipi-to-running", .severity = SEVERITY_ERROR, .step = "c",
	.needs = NEED_IPI | NEED_SMM | NEED_RESET,
	.kinds = KIND(IPI) | KIND(SMI_LEAVE),
	.rule = "from SMM, INIT goes only to CPUs in reset, in wait-for-SIPI or in the pen, and a SIPI only to "
		"those that an INIT went to before; no CPU gets a SIPI while in SMM",
	.meaning =
	"The firmware's INIT reset a CPU that the OS was using, or a SIPI was sent to a CPU that could not "
	"take it. The first is a relocation of a CPU that is relocated already: the insert event of an "
	"earlier plug was never cleared and the firmware did not recognise the APIC ID (edk2 BZ2929, fixed "
	"in 020bb4b46d; look at ProcessHotAddedCpus() in OvmfPkg/CpuHotplugSmm). A SIPI without an INIT "
	"before it is lost on a CPU that runs, or starts one that the OS keeps in wait-for-SIPI; a third "
	"one behind INIT-SIPI-SIPI is a retry that did not look whether the CPU had come. A SIPI to a CPU "
	"in SMM is mostly an INIT-SIPI-SIPI that meets an AP on its way out of SMM: a real CPU and KVM hold "
	"the INIT until its RSM and drop the SIPI, so that whoever started the AP waits in WaitApWakeup() "
	"for ever (edk2 BZ4132, #10293); QEMU's TCG before df32e5c568c9 takes the SIPI inside SMM and goes "
	"on at the vector with SMM's rights.",
	.event = no_sipi_to_running, .state = sizeof(struct sipi_state),
};

/* ---- no-init-in-smm ---- */

static void init_taken(struct check *c, const struct check_input *in)
{
	int cpu = in->ev->cpu;
	const struct scene_cpu *t = &in->scene->cpu[cpu];
	struct finding f = finding_at(in, cpu, in->model->cpu[cpu].smi.id, t->init.id, 0);
	char from[32] = "an INIT";

	if (t->init_sender != CPU_UNKNOWN)
		snprintf(from, sizeof(from), "the INIT from CPU %d", t->init_sender);
	if (!event_has(in->ev, CPU_RESET_IN_SMM))
		check_unknown(c, "the log does not say whether an INIT found its CPU in SMM");
	else if (!in->ev->arg[CPU_RESET_IN_SMM])
		check_holds(c);
	else
		check_violated(c, &f, "%s reset CPU %d inside SMM (at %04x:%04" PRIx64 ")", from, cpu,
			       (unsigned)event_get(in->ev, CPU_RESET_CS, 0), event_get(in->ev, CPU_RESET_RIP,
					0));
}

static void no_init_in_smm(struct check *c, const struct check_input *in)
{
	const struct cpu *cpu;

	if (!cpuset_valid(in->ev->cpu))
		return;
	cpu = &in->model->cpu[in->ev->cpu];
	if (in->ev->kind == EV_CPU_RESET && cpu->init_ipi)
		init_taken(c, in);
	/* An INIT came during this SMI, and it ended by RSM all the same: it was held back. */
	else if (in->ev->kind == EV_SMI_LEAVE && cpu->init_ipi && cpu_in_smm(cpu) &&
		 in->scene->cpu[in->ev->cpu].init.id > cpu->smi.id &&
		 event_get(in->ev, SMI_LEAVE_VIA, VIA_BREAKPOINT) != VIA_RESET)
		check_holds(c);
}

const struct invariant invariant_no_init_in_smm = {
	.name = "no-init-in-smm", .severity = SEVERITY_ERROR, .step = "c",
	.needs = NEED_IPI | NEED_RESET,
	.kinds = KIND(CPU_RESET) | KIND(SMI_LEAVE),
	.rule = "an INIT never takes effect on a CPU that is in SMM",
	.meaning =
	"A CPU was reset while it executed SMM code: its SMM context is gone, it never executes the RSM, "
	"and whoever waits for it inside SMM waits for ever. Real CPUs and KVM latch an INIT until RSM, "
	"so the firmware is not to blame. QEMU's TCG does not block INIT in SMM (commit df32e5c568c9 says "
	"so, and fixes the SIPI only); it also wakes a CPU in wait-for-SIPI for an SMI, so that a "
	"hot-added CPU spins in front of the gate of OVMF's CpuHotplugSmm when SmbaseRelocate() sends the "
	"INIT. Every SMM CPU hot-plug under stock TCG meets this. `smmtrace kick` sends the lost SMI "
	"again; under KVM it does not happen.",
	.event = no_init_in_smm,
};
