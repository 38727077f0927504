/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Invariants that nothing exercises yet. */
#include "check.h"

#define LATER(ID, NAME, SEVERITY, STEP, RULE) \
	const struct invariant invariant_##ID = { \
		.name = NAME, .severity = SEVERITY_##SEVERITY, .step = STEP, .rule = RULE, .meaning = "", \
	}

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
