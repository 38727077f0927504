/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who may be relocated: the CPUs that the monarch has found in the hot-plug registers. */
#include "common.h"

#include <inttypes.h>

/* ---- smm-only-cpuhp ---- */

/* Asks for an APIC ID, or stores one of the two words by which a CPU is let through. */
static bool is_firmware_only(const struct event *ev)
{
	uint64_t word = event_get(ev, HANDOFF_WORD, WORD_COUNT);

	if (ev->kind == EV_HANDOFF)
		return ev->origin == ORIGIN_OBSERVED && (word == WORD_GATE || word == WORD_NEW_SMBASE);
	return event_get(ev, CPUHP_REG, UINT64_MAX) == HP_COMMAND &&
	       event_get(ev, CPUHP_DIR, DIR_READ) == DIR_WRITE &&
	       event_get(ev, CPUHP_VALUE, UINT64_MAX) == HP_GET_ARCH_ID;
}

/* Asking for an APIC ID disturbs nobody while the firmware is not at it. */
static bool disturbs(const struct check_input *in)
{
	return in->ev->kind == EV_HANDOFF || !cpuset_empty(&in->scene->round.inside);
}

static void smm_only_cpuhp(struct check *c, const struct check_input *in)
{
	const struct event *ev = in->ev;
	struct finding f = finding_here(in, ev->cpu, in->scene->locked.id, 0);

	if (!is_firmware_only(ev) || !cpuset_valid(ev->cpu) || !moment_is(in->scene->locked))
		return;
	if (cpu_in_smm(&in->model->cpu[ev->cpu]))
		check_holds(c);
	else if (!disturbs(in))
		return;
	else if (!smm_is_watched(in->scene, ev->cpu))
		check_unknown(c, "not known whether the CPU that did it was in SMM");
	else
		check_violated(c, &f, "CPU %d %s outside SMM", ev->cpu,
			       ev->kind == EV_CPUHP ? "asked the hot-plug registers for an APIC ID" :
			       "wrote a word of the handshake");
}

const struct invariant invariant_smm_only_cpuhp = {
	.name = "smm-only-cpuhp", .severity = SEVERITY_ERROR, .step = "a",
	.needs = NEED_SMM | NEED_CPUHP | NEED_HANDOFF,
	.kinds = KIND(CPUHP) | KIND(HANDOFF),
	.rule = "Once SMRAM is locked, gate and new SMBASE are written by a CPU in SMM only, and while "
		"one is in SMM, no other asks the hot-plug registers for an APIC ID.",
	.meaning = "The registers at 0xcd8 have one selector and one command for all CPUs, and no lock: "
		"whoever uses them outside SMM while the firmware scans, makes it read the APIC ID of "
		"another CPU. QEMU's AML holds the ACPI global mutex and never uses command 3, so this is "
		"a driver of the OS. A gate written from outside SMM means that the memory at 0x30000 is "
		"open: see smbase-window.",
	.event = smm_only_cpuhp,
};

/* ---- enumerate-first ---- */

/* Relocated, and not on its way out. */
static bool is_known(const struct scene_cpu *c)
{
	return c->relocated && !moment_is(c->ejected);
}

static const struct found_cpu *found_apic_id(const struct round *r, uint64_t apic_id)
{
	for (unsigned i = 0; i < r->found; i++)
		if (r->found_cpu[i].apic_id == apic_id)
			return &r->found_cpu[i];
	return NULL;
}

/* A relocated CPU is skip-known's matter, or a kick; one that waits for no SIPI no-sipi-to-running's. */
static bool is_others_matter(const struct check_input *in, const struct firmware_ipi *ipi)
{
	if (!ipi->to)
		return ipi->mode == IPI_SMI;
	return is_known(ipi->to) || (ipi->mode == IPI_SMI && ipi->to->relocated) || is_stray_sipi(in, ipi);
}

static void enumerate_first(struct check *c, const struct check_input *in)
{
	struct firmware_ipi ipi;
	const struct found_cpu *found;
	struct finding f;

	if (!is_firmware_ipi(in, &ipi) || is_others_matter(in, &ipi))
		return;
	found = found_apic_id(ipi.round, ipi.apic_id);
	f = finding_here(in, ipi.cpu, found ? found->id : ipi.round->scan.id, 0);
	if (found && (found->status & (HP_ENABLED | HP_INSERT)) == (HP_ENABLED | HP_INSERT))
		check_holds(c);
	else if (found)
		check_violated(c, &f, "%s to APIC ID %" PRIu64 ", whose status (0x%x) has no insert event for an enabled "
			       "CPU", ipi_mode_name[ipi.mode], ipi.apic_id, found->status);
	else if (ipi.round->found_more)
		check_unknown(c, "the scan found more CPUs than are kept");
	else
		check_violated(c, &f, "%s to APIC ID %" PRIu64 ", which no register scan of this SMI has found",
			       ipi_mode_name[ipi.mode], ipi.apic_id);
}

const struct invariant invariant_enumerate_first = {
	.name = "enumerate-first", .severity = SEVERITY_ERROR, .step = "b",
	.needs = NEED_CPUHP | NEED_IPI | NEED_SMM,
	.kinds = KIND(IPI),
	.rule = "INIT and SIPI go from SMM only to APIC IDs read in this SMI from registers that show a "
		"new, enabled CPU.",
	.meaning = "Sent to another APIC ID, an INIT kills a running CPU, or wakes one that is not "
		"there, and the monarch waits for ever. QemuCpuhpCollectApicIds() "
		"(OvmfPkg/CpuHotplugSmm/QemuCpuhp.c) collects the IDs: look for a stale list, for an APIC "
		"ID above 255 cut to the eight bits of an xAPIC ICR, and for a register block left in its "
		"legacy mode, which answers every read with something else.",
	.event = enumerate_first,
};

/* ---- skip-known ---- */

static void skip_known(struct check *c, const struct check_input *in)
{
	struct firmware_ipi ipi;
	struct finding f;

	if (!is_firmware_ipi(in, &ipi) || ipi.mode == IPI_SMI || !ipi.to)
		return;
	/* Only what follows an INIT to a CPU that had its SMBASE then. */
	if (ipi.mode == IPI_SIPI && (is_stray_sipi(in, &ipi) || moment_after(ipi.to->relocation_rsm, ipi.to->init)))
		return;
	f = finding_here(in, ipi.cpu, ipi.to->relocation_rsm.id, ipi.to->enumerated.id);
	if (is_known(ipi.to))
		check_violated(c, &f, "%s from SMM to CPU %d, which has its own SMBASE 0x%" PRIx64 " already",
			       ipi_mode_name[ipi.mode], ipi.cpu, ipi.to->own_smbase);
	else if (ipi.mode == IPI_INIT)
		check_holds(c);
}

const struct invariant invariant_skip_known = {
	.name = "skip-known", .severity = SEVERITY_ERROR, .step = "e", .needs = NEED_IPI | NEED_SMM | NEED_SMBASE,
	.kinds = KIND(IPI),
	.rule = "A CPU that has an SMBASE of its own, and was not ejected, is not relocated once more.",
	.meaning = "The insert event of a CPU stays pending until the OS clears it, so a second "
		"hot-plug SMI finds the same CPU again. Relocating it again hangs in SMM: its SMI no "
		"longer comes to 0x38000. This is the first race of edk2 bug 2929, fixed by 020bb4b46d: "
		"ProcessHotAddedCpus() (OvmfPkg/CpuHotplugSmm/CpuHotplug.c) skips the APIC IDs that "
		"mCpuHotPlugData->ApicId[] lists.",
	.event = skip_known,
};
