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
LATER(no_sipi_to_running, "no-sipi-to-running", ERROR, "c",
      "INIT and SIPI are sent only to a CPU in reset, in wait-for-SIPI or in the pen");
LATER(no_init_in_smm, "no-init-in-smm", ERROR, "c",
      "no INIT takes effect on a CPU in SMM");
LATER(smi_survives_init, "smi-survives-init", ERROR, "c",
      "an SMI that is pending at the INIT is still taken");
LATER(gate_protocol, "gate-protocol", ERROR, "a",
      "the gate goes from closed to an APIC ID by the monarch only, and back by that CPU only");
LATER(one_at_default, "one-at-default", ERROR, "d",
      "at most one CPU at a time is behind the gate at the default SMBASE");
LATER(smbase_write_in_window, "smbase-write-in-window", ERROR, "d",
      "the SMBASE slot is written only by a CPU in SMM at the default SMBASE, behind the gate, once");
LATER(smbase_value, "smbase-value", ERROR, "d",
      "the new SMBASE is aligned, below 4 GiB, and its handler and save state lie in TSEG");
LATER(smbase_unique, "smbase-unique", ERROR, "d",
      "no two CPUs share handler or save state memory");
LATER(about_then_rsm, "about-then-rsm", ERROR, "d",
      "the new CPU says it is about to leave, and then executes RSM");
LATER(relocated_entry, "relocated-entry", ERROR, "d",
      "the CPU's next SMI enters at the new SMBASE");
LATER(reloc_deadline, "reloc-deadline", ERROR, "d",
      "SIPI, gate, about-to-leave and pen follow each other within the deadline");
LATER(gate_closed, "gate-closed", ERROR, "f",
      "the gate is closed before the monarch leaves SMM");
LATER(rsm_balance, "rsm-balance", ERROR, "f",
      "every CPU that enters SMM leaves it within the deadline");
LATER(clear_after_smi, "clear-after-smi", WARNING, "f",
      "the OS clears the insert event only after the monarch's RSM, and before it starts the CPU");
LATER(no_os_sipi_early, "no-os-sipi-early", ERROR, "c",
      "the OS sends no INIT or SIPI to the new CPU before the monarch's RSM");
LATER(eject_order, "eject-order", ERROR, "U",
      "an unplug is cleared, handed over, raised, and ejected by the monarch in this order");
LATER(eject_final, "eject-final", ERROR, "U",
      "after its eject nothing is heard of the CPU");
LATER(event_continuity, "event-continuity", WARNING, "-",
      "no event was lost");
