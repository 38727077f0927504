/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Invariants that nothing exercises yet. */
#include "check.h"

#define LATER(ID, NAME, SEVERITY, STEP, RULE) \
	const struct invariant invariant_##ID = { \
		.name = NAME, .severity = SEVERITY_##SEVERITY, .step = STEP, .rule = RULE, .meaning = "", \
	}

LATER(feat_negotiated, "feat-negotiated", ERROR, "N",
      "before the first plug the firmware has negotiated SMI broadcast and CPU hot-plug");
LATER(feat_subset, "feat-subset", ERROR, "N",
      "the SMI features asked for are offered, and form a set that QEMU accepts");
LATER(apmc_enabled, "apmc-enabled", ERROR, "N",
      "SMIs by port 0xb2 are enabled (SMI_EN) and locked (SMI_LOCK) when the firmware locks SMRAM");
LATER(smbase_window, "smbase-window", ERROR, "N",
      "the 128 KiB at the default SMBASE are hidden and locked before code that is not firmware runs");
LATER(smram_locked, "smram-locked", ERROR, "N",
      "SMRAM is locked and hidden outside SMM before the hot-plug SMI");
LATER(handler_first, "handler-first", ERROR, "b",
      "the relocation handler is installed at the default SMBASE before the first INIT or SIPI to a new CPU");
LATER(handler_immutable, "handler-immutable", ERROR, "b",
      "the code at the default SMBASE does not change once SMRAM is locked");
LATER(cmd_4, "cmd-4", ERROR, "N",
      "the SMI of a relocation was raised by command 4, and the monarch reads 4 from 0xb2");
LATER(plug_smi_deadline, "plug-smi-deadline", WARNING, "N",
      "the OS writes 4 to 0xb2 within the deadline after a CPU was plugged");
LATER(no_spurious_4, "no-spurious-4", WARNING, "N",
      "4 is written to 0xb2 only when a plug or unplug is pending");
LATER(broadcast, "broadcast", ERROR, "a",
      "every relocated CPU enters SMM before the monarch uses the hot-plug registers");
LATER(rendezvous_no_kick, "rendezvous-no-kick", WARNING, "a",
      "the monarch sends no SMI to a relocated CPU to make it join the rendezvous");
LATER(monarch_unique, "monarch-unique", ERROR, "a",
      "one CPU alone does the work of an SMI");
LATER(smm_only_cpuhp, "smm-only-cpuhp", ERROR, "a",
      "APIC IDs are asked for, and the handshake is written, in SMM only");
LATER(enumerate_first, "enumerate-first", ERROR, "b",
      "INIT and SIPI go from SMM only to CPUs that were found with an insert event in this SMI");
LATER(skip_known, "skip-known", ERROR, "e",
      "a CPU that has been relocated is not relocated again");
LATER(smi_before_init, "smi-before-init", ERROR, "c",
      "an SMI is pending for the new CPU before it is sent INIT");
LATER(handler_before_sipi, "handler-before-sipi", ERROR, "b",
      "AboutToLeaveSmm and the pen's flag are cleared before the SIPI");
LATER(sipi_target, "sipi-target", ERROR, "c",
      "the SIPI points at a page below 1 MiB outside the default SMRAM");
