#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The zoo: each error that the firmware can be told to make (bugs.h), and what smmtrace says of it.

Run as a program it puts its table into README.md. tests/e2e/zoo.py makes each error and demands what stands
here.
"""

import collections
import os
import re

FIELDS = "name invariant cpu step says looks smp plugs how unplug ends options"
DEFAULTS = (1, 1, "each", False, "idle", ())

# name       of the bug
# invariant  the first rule that is broken, notes aside; the CPU that it is about, None = the whole machine,
# cpu        or one that is not there; and the step of the hot-plug that the rule belongs to: columns of
# step       violation_v
# says       what stands in the verdict, in this order: `smmtrace query FILE hang`
# looks      what the timeline shows
# smp        CPUs at boot
# plugs      CPUs that are plugged
# how        each: when the OS is through with the one before; together: before the OS raises its SMI;
#            in-smm: the second when the monarch waits for it
# unplug     the last one goes again
# ends       idle: the OS has seen to all of that; stuck STEP: the boot or the plug hangs behind this step;
#            violated: what comes afterwards is anybody's guess
# options    of smmtrace run
Bug = collections.namedtuple("Bug", FIELDS, defaults=DEFAULTS)

ZOO = [
    # ---- the relocation's value ----
    Bug("same-smbase", "smbase-unique", 1, "d", ["shares handler or save state with CPU 0"],
        "CPU 1's new SMBASE is CPU 0's; at the next SMI both enter at one address", ends="violated"),
    Bug("overlapping-smbase", "smbase-unique", 1, "d", ["shares handler or save state with CPU 0"],
        "CPU 1's new SMBASE lies 256 bytes above CPU 0's", ends="violated"),
    Bug("smbase-outside-tseg", "smbase-value", 1, "d", ["0x400000", "not inside TSEG"],
        "CPU 1's new SMBASE is ordinary memory, its next SMI enters there"),
    Bug("smbase-unaligned", "smbase-value", 1, "d", ["not aligned to 4 KiB"],
        "CPU 1's new SMBASE ends in 0x440"),
    Bug("smbase-default", "smbase-value", 1, "d", ["0x30000 is the default one"],
        "CPU 1 writes its SMBASE, and stays at the default one"),
    Bug("smbase-not-written", "about-then-rsm", 1, "d", ["before it has written its SMBASE"],
        "AboutToLeaveSmm without a write of the SMBASE before it"),
    Bug("smbase-written-by-monarch", "smbase-write-in-window", 0, "d",
        ["CPU 0, in SMM at its own SMBASE", "writes the SMBASE slot"],
        "CPU 0 writes the slot from its own SMI, before CPU 1 is started"),
    # ---- the handlers at the default SMBASE ----
    Bug("no-rsm", "reloc-deadline", 1, "d", ["STUCK: plug of CPU 1", "CPU 1 is in SMM at the default SMBASE"],
        "CPU 1 writes its SMBASE and stays in SMM; the monarch waits for AboutToLeaveSmm",
        ends="stuck d-write"),
    Bug("no-handler", "handler-first", 1, "b", ["NOP handler", "relocation handler is not in place"],
        "CPU 1 takes the monarch's SMI in the NOP handler and comes back to the pen", ends="stuck c"),
    Bug("nop-not-restored", "gate-closed", 0, "f", ["the monarch, CPU 0, left SMM", "relocation handler"],
        "CPU 0 leaves SMM with the relocation handler still in place"),
    Bug("handler-overwritten", "handler-first", 1, "b", ["handler", "overwritten"],
        "the code at 0x38000 is zero behind the lock, and CPU 1's first SMI runs it"),
    Bug("handler-corrupted", "handler-immutable", 0, "b", ["changed after SMRAM was locked", "from nop"],
        "the code at 0x38000 becomes zero in an SMI with command 0"),
    Bug("two-at-once", "one-at-default", 2, "d", ["CPU 2 relocates itself", "while CPU 1 has not left"],
        "CPU 2 enters at 0x30000 while CPU 1 is there", plugs=2, how="together", ends="violated"),
    Bug("boot-at-once", "one-at-default", 2, "d", ["CPU 2 relocates itself", "while CPU 1 has not left"],
        "at boot CPU 2 enters at 0x30000 while CPU 1 is there", smp=3, plugs=0, ends="violated"),
    # ---- rendezvous and election ----
    Bug("ap-missing", "rendezvous-no-kick", 1, "a", ["CPU 0 had to send CPU 1 an SMI"],
        "CPU 0 stands alone in SMM for a second, sends CPU 1 an SMI, and goes on when it comes", smp=2),
    Bug("monarch-does-not-wait", "broadcast", 1, "a", ["CPU 1 did not enter SMM"],
        "CPU 0 scans 0xcd8 in SMM and relocates CPU 2, and CPU 1 has not entered", smp=2),
    Bug("two-monarchs", "monarch-unique", 1, "a", ["CPU 1 does the work", "CPU 0 is at work"],
        "CPU 1 scans 0xcd8 in SMM as well", smp=2),
    Bug("ap-not-released", "rsm-balance", 1, "f", ["STUCK: CPU 1 does not leave SMM", "CPU 1 has not left SMM 1.0 s after the monarch, CPU 0"],
        "CPU 0 leaves SMM and CPU 1 does not", smp=2, ends="violated"),
    # ---- INIT and SIPI ----
    Bug("wrong-sipi-vector", "sipi-target", 1, "c", ["CPU 1 to 0xf0000"],
        "the SIPI's vector is 0xf0: CPU 1 runs in ROM and never comes to the pen", ends="stuck c"),
    Bug("sipi-to-running", "no-sipi-to-running", 1, "c", ["CPU 1 gets a SIPI", "while it is in SMM"],
        "CPU 1, held in the rendezvous, is sent a SIPI", smp=2),
    Bug("sipi-after-relocation", "no-sipi-to-running", 1, "c", ["SIPI", "CPU 1", "relocated"],
        "one more SIPI to CPU 1 behind its relocating RSM"),
    Bug("init-in-smm", "no-init-in-smm", 1, "c", ["INIT", "reset CPU 1 inside SMM"],
        "CPU 1 is in the relocation handler when its INIT comes", ends="stuck d-pass"),
    Bug("wrong-apic-id", "enumerate-first", None, "b",
        ["APIC ID 7", "no register scan of this SMI has found"],
        "INIT and SIPI to APIC ID 7, while CPU 1 waits", ends="violated"),
    Bug("relocated-again", "skip-known", 1, "e", ["from SMM to CPU 1, which has its own SMBASE"],
        "a second command 4: INIT and SIPI to CPU 1, which has its SMBASE", ends="violated"),
    Bug("second-plug", "smi-before-init", 2, "c", ["INIT to CPU 2", "no SMI was raised since it was added"],
        "CPU 2 is added while CPU 0 is in SMM; it comes to the pen and stays there", plugs=2, how="in-smm",
        ends="stuck c"),
    Bug("deaf-pen", "reloc-deadline", 1, "d",
        ["STUCK: plug of CPU 1", "CPU 1 is halted in the pen", "has not entered SMM"],
        "CPU 1 is in the pen, the SMI for it is sent, and no entry follows", ends="stuck c"),
    # ---- the SMI's command ----
    Bug("command-0", "cmd-4", 1, "N",
        ["asked for the relocation of CPU 1 with command 0 in port 0xb2, not 4"],
        "0xb2 gets 0; the firmware scans nothing; the OS clears the event and starts CPU 1"),
    Bug("command-2", "cmd-4", 1, "N",
        ["asked for the relocation of CPU 1 with command 2 in port 0xb2, not 4"],
        "0xb2 gets 2, which QEMU takes for itself: no SMI"),
    Bug("command-3", "cmd-4", 1, "N",
        ["asked for the relocation of CPU 1 with command 3 in port 0xb2, not 4"],
        "0xb2 gets 3, which QEMU takes for itself: no SMI"),
    Bug("command-5", "cmd-4", 1, "N",
        ["asked for the relocation of CPU 1 with command 5 in port 0xb2, not 4"],
        "0xb2 gets 5; the firmware scans nothing; the OS clears the event and starts CPU 1"),
    Bug("command-overwritten", "cmd-4", 0, "N", ["wrote 4 to port 0xb2", "CPU 0 read 0x0", "overwritten"],
        "CPU 1 writes 0 to 0xb2 before CPU 0 has read the 4", smp=2),
    Bug("no-command", "clear-after-smi", 1, "f", ["the OS clears the insert event of CPU 1",
                                                   "no monarch has enumerated"],
        "the OS clears the event without an SMI before it"),
    Bug("spurious-command", "no-spurious-4", 0, "N", ["4 was written to port 0xb2 while no CPU was waiting"],
        "0xb2 gets 4, and nothing was plugged", plugs=0, ends="violated"),
    Bug("smi-storm", "smi-storm", 0, "-", ["SMIs were raised by port 0xb2", "command 0"],
        "SMI behind SMI, with next to nothing between them", plugs=0, ends="violated"),
    Bug("slow-handler", "rsm-balance", 0, "f", ["CPU 0, the monarch", "has not left 2.0 s later"],
        "CPU 0 is in SMM for 2.5 s before it looks at 0xcd8"),
    # ---- what must be locked ----
    Bug("smram-open", "smram-locked", 0, "N", ["raised while TSEG is off"],
        "MCH 0x9e without T_EN at the first command 4: TSEG is memory as any other"),
    Bug("smram-unlocked", "smram-locked", 0, "N", ["raised while SMRAM is not locked"],
        "MCH 0x9d without D_LCK at the first command 4"),
    Bug("window-unlocked", "smbase-window", None, "N", ["SMRAM at 0x30000 was not locked"],
        "MCH 0x9c without its lock when the OS runs"),
    Bug("smi-unlocked", "apmc-enabled", None, "N", ["SMI_LOCK is clear"],
        "GEN_PMCON_1 without SMI_LOCK when the OS runs"),
    Bug("no-features", "feat-negotiated", 1, "N", ["SMI features", "cannot be plugged safely"],
        "no SMI features are in force when CPU 1 is plugged"),
    # ---- the OS's part ----
    Bug("event-not-cleared", "clear-after-smi", 1, "f", ["the OS", "CPU 1", "insert event"],
        "INIT and SIPI of the OS, and no write of 0x02 before"),
    Bug("event-cleared-early", "clear-after-smi", 1, "f", ["the OS clears the insert event of CPU 1",
                                                           "no monarch has enumerated"],
        "0x02 before the 4: the firmware finds nothing"),
    Bug("os-sipi-early", "no-os-sipi-early", 1, "c", ["CPU 0, outside SMM, sends INIT to the new CPU 1",
                                                       "before the firmware knows it"],
        "INIT and SIPI of the OS before the 4"),
    # ---- unplug ----
    Bug("ejected-late", "eject-final", 2, "U", ["CPU 1 left SMM before CPU 2 was ejected"],
        "CPU 1's RSM stands before the 0x08", smp=2, unplug=True),
    Bug("ejected-outside", "eject-order", 1, "U", ["CPU 0 ejects CPU 1, which is not parked in SMM"],
        "CPU 1's RSM stands before the 0x08 that ejects it", unplug=True),
    Bug("ejected-by-os", "eject-order", 1, "U", ["CPU 0 ejects CPU 1"],
        "0x08 outside SMM, and no 4 before it", unplug=True, ends="violated"),
]


# Rules that may be broken in what follows from a bug; no other is.
UNASKED = ("clear-after-smi", "no-os-sipi-early", "relocated-entry")  # the OS starts a CPU that has no SMBASE
ALSO = {
    "smbase-default": ("relocated-entry", "enumerate-first"),
    "smbase-not-written": ("relocated-entry", "enumerate-first", "reloc-deadline"),
    "no-rsm": ("rsm-balance",),
    "no-handler": ("reloc-deadline", "rsm-balance"),
    "handler-overwritten": ("no-init-in-smm",),
    "two-at-once": ("smbase-unique", "broadcast"),
    "boot-at-once": ("smbase-unique",),
    "wrong-sipi-vector": ("reloc-deadline", "smi-before-init", "rsm-balance"),
    "init-in-smm": ("reloc-deadline", "rsm-balance"),
    "relocated-again": ("no-sipi-to-running", "no-init-in-smm", "rendezvous-no-kick"),
    "second-plug": ("reloc-deadline", "rsm-balance"),
    "deaf-pen": ("rsm-balance",),
    "command-0": UNASKED, "command-2": UNASKED, "command-3": UNASKED, "command-5": UNASKED,
    "command-overwritten": UNASKED + ("rendezvous-no-kick",),  # TCG's STGI leaves CPU 1's SMI for later
    "no-command": UNASKED,
    "no-features": ("rendezvous-no-kick",),  # there is no broadcast
    "event-cleared-early": UNASKED + ("no-spurious-4",),
    "os-sipi-early": ("relocated-entry", "no-sipi-to-running"),
    "ejected-by-os": ("enumerate-first", "eject-final"),
    "same-smbase": ("rendezvous-no-kick", "broadcast"),
}


def row(bug):
    cpu = "-" if bug.cpu is None else "CPU %d" % bug.cpu
    return "| %s |" % " | ".join([bug.name, bug.looks, bug.invariant, cpu, bug.step, " ... ".join(bug.says)])


def table():
    """The table of README.md, line by line."""
    return ["| bug | on the timeline | invariant | whose | step | the verdict says |",
            "|---|---|---|---|---|---|"] + [row(bug) for bug in ZOO]


def renew(path):
    """Put the table where README.md has it."""
    with open(path) as file:
        text = file.read()
    new = re.sub(r"(^\| bug \|.*\n)(\|.*\n)*", lambda _: "\n".join(table()) + "\n", text, flags=re.M)
    with open(path, "w") as file:
        file.write(new)


if __name__ == "__main__":
    renew(os.path.join(os.path.dirname(os.path.abspath(__file__)), "README.md"))
