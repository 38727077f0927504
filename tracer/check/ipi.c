/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When the monarch sends INIT and SIPI to a new CPU (OvmfPkg/CpuHotplugSmm/Smbase.c, SmbaseRelocate()). */
#include "common.h"

/* ---- smi-before-init ---- */

static void smi_before_init(struct check *c, const struct check_input *in)
{
	struct firmware_ipi ipi;
	struct finding f;

	if (!is_hotplug_ipi(in, &ipi) || ipi.mode != IPI_INIT)
		return;
	f = finding_here(in, ipi.cpu, ipi.to->added.id, ipi.round->raised.id);
	if (moment_is(ipi.to->smi_raised) || moment_is(ipi.to->default_entry))
		check_holds(c);
	else
		check_missing(c, &f, ipi.to->added.ns, "INIT to CPU %d, for which no SMI was raised since it was added: it "
			      "will run without having been in SMM", ipi.cpu);
}

const struct invariant invariant_smi_before_init = {
	.name = "smi-before-init", .severity = SEVERITY_ERROR, .step = "c", .needs = NEED_IPI | NEED_PORT | NEED_SMM,
	.kinds = KIND(IPI),
	.rule = "An SMI is pending for the new CPU, by broadcast or IPI, before it is sent INIT and "
		"SIPI.",
	.meaning = "A CPU that is plugged after the broadcast, but before the monarch's scan, is found "
		"by the scan and has no SMI pending. INIT and SIPI then take it to the pen without a "
		"relocation, while the monarch spins on AboutToLeaveSmm for ever. This is the second race "
		"of edk2 bug 2929, fixed by cbccf99592: SmbaseRelocate() (OvmfPkg/CpuHotplugSmm/Smbase.c) "
		"sends an SMI IPI ahead of the INIT.",
	.event = smi_before_init,
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
