#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 3600
"""Is every SMI, relocation, port write and IPI of an OVMF boot in the recording, and none too many?

QEMU counts for itself in the same run: -d int,cpu_reset and its trace events, given on the user's command
line. Both records end together, when QEMU quits.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from guest import *

NO_SHELL = "failed to start Boot0001"  # the firmware's serial console timed out: seen on machines that starve QEMU


def boot(smp, thread=None, log=True, args=(), options=(), again=True):
    """Boot to the shell's count-down under `smmtrace run`, quit QEMU; (recording, QEMU's counts, tracer)."""
    path = os.path.join(tempfile.mkdtemp(), "db.smm")
    with Guest(smp=smp, thread=thread, log=log, args=args) as g:
        tracer = g.start_under("-o", path, "--headless", *options)
        until(lambda: SHELL_COUNTDOWN in g.serial.text or NO_SHELL in g.serial.text, 120, "the shell's count-down")
        if again and NO_SHELL in g.serial.text:
            print("  the guest's serial console timed out; booted once more")
            g.quit()
            return boot(smp, thread, log, args, options, again=False)
        true(SHELL_COUNTDOWN in g.serial.text, "the guest reaches its shell")
        quiet(tracer)
        until(g.running, 20, "the guest at its shell running, but for a stop of ours")
        g.quit()
        equal(tracer.wait(60), 0, "exit status of QEMU, passed on; stderr: " + tracer.err.text[-300:])
        counted = g.independent() if log else None
    recording = Recording(path)
    print("  SMIs by CPU %s, %s stops, %s seen late by watchpoints" % (
        recording.smis(), recording.meta("gdb.stops"), recording.meta("gdb.watch_missed")))
    return recording, counted, tracer


def quiet(tracer):
    """Wait until no event has come for a second: QEMU must not quit between an entry and its RSM."""
    seen, since = -1, time.monotonic()
    while time.monotonic() < since + 1:
        if len(tracer.out.data) != seen:
            seen, since = len(tracer.out.data), time.monotonic()
        time.sleep(0.05)


def is_whole(r, has_log=True):
    """What holds of every clean recording."""
    equal(r.integrity(), "ok", "integrity_check")
    equal(r.meta("closed"), "1", "meta closed")
    equal(r.rows("SELECT * FROM loss_v"), [], "losses")
    equal(r.rows("SELECT * FROM blind_v WHERE reason != 'no-log'"), [], "blind intervals of a run from reset")
    equal(len(r.rows("SELECT * FROM blind_v")), 0 if has_log else 1, "and those for want of QEMU's log")
    equal(r.one("SELECT count(*) FROM smi_v WHERE leave_ns < enter_ns"), 0, "SMIs that end before they begin")
    equal(r.one("SELECT count(*) FROM smi_v a JOIN smi_v b ON a.cpu = b.cpu AND b.id > a.id "
                "AND b.id = (SELECT min(id) FROM smi_v c WHERE c.cpu = a.cpu AND c.id > a.id) "
                "WHERE b.enter_ns < a.leave_ns"), 0, "SMIs of a CPU that overlap")


def every_smi(r, counted, cpus):
    smis = r.smis()
    equal(sorted(smis), list(range(cpus)), "CPUs with SMIs")
    equal(sum(entries for entries, _ in smis.values()), counted["enters"], "SMM entries")
    equal(sum(left for _, left in smis.values()), counted["rsms"], "RSMs")
    inside = r.one("SELECT count(*) FROM smi_v WHERE leave_ns IS NULL")  # of the SMI that we left in the middle of
    true(inside <= cpus, "no CPU is left inside but in the last SMI: %s" % smis)
    equal(counted["enters"], counted["rsms"] + inside, "QEMU's own entries and RSMs")
    equal(len({entered for entered, _ in smis.values()}), 1, "the broadcast SMIs of each CPU are as many: %s" % smis)
    equal(r.one("SELECT count(*) FROM event_v WHERE kind IN ('smi-enter', 'smi-leave') "
                "AND origin <> 'observed'"), 0, "entries or RSMs that were concluded, not seen")


def every_relocation(r, cpus):
    """One row a CPU, APs in order and the BSP last; later entries prove each value."""
    relocations = r.relocations()
    equal([cpu for cpu, _, _ in relocations], list(range(1, cpus)) + [0], "order of the relocations")
    equal({old for _, old, _ in relocations}, {0x30000}, "old SMBASEs")
    for cpu, _, new in relocations:
        bases = r.rows("SELECT DISTINCT smbase FROM smi_v WHERE cpu = ? ORDER BY enter_ns", cpu)
        equal([number(base) for base, in bases], [0x30000, new], "SMBASEs that CPU %d entered with" % cpu)
        equal(r.one("SELECT count(*) FROM smi_v WHERE cpu = ? AND smbase = '0x30000'", cpu), 1,
              "entries of CPU %d at the default SMBASE" % cpu)
        equal(number(r.one("SELECT smbase FROM cpu_v WHERE cpu = ?", cpu)), new,
              "cpu_v's SMBASE of CPU %d" % cpu)
    equal(len({new for _, _, new in relocations}), cpus, "different SMBASEs")
    equal(r.one("SELECT count(DISTINCT rip) FROM smbase_v"), 1,
          "one instruction relocates: the BSP's copy-back outside SMM is none")
    equal(r.one("SELECT count(*) FROM smbase_v b WHERE effective_ns IS NULL OR NOT EXISTS "
                "(SELECT 1 FROM smi_v s WHERE s.cpu = b.cpu AND s.enter_ns <= b.ts_ns "
                "AND s.leave_ns = b.effective_ns)"), 0,
          "SMBASE writes that are not inside an SMI which made them effective")


def every_port_and_ipi(r, counted):
    equal(r.ports("write"), counted["apm_writes"], "writes to 0xb2 and 0xb3, in order")
    equal(r.ports("read"), counted["apm_reads"], "reads of 0xb2 and 0xb3, in order")
    equal(r.ipis(), counted["ipis"], "INIT, SIPI and SMI IPIs")
    icr = [value for value, in r.rows("SELECT icr FROM ipi_v ORDER BY id")]
    told = [value for value in counted["icr"] if value >> 8 & 7 in (2, 5, 6)]
    equal([value & 0xffffffff for value in icr], told, "ICR writes, low halves, in order")
    resets = dict(r.rows("SELECT cpu, count(*) FROM event_v WHERE kind = 'cpu-reset' GROUP BY cpu"))
    for cpu, count in resets.items():
        true(count <= counted["resets"][cpu], "resets of CPU %s: %d, QEMU says %d"
             % (cpu, count, counted["resets"][cpu]))


def b2_raises_one_smi_per_cpu(r, cpus):
    """Each write of 0xb2 that is no ACPI enable is one SMI of every CPU; its relocation is one more."""
    writes = [value for port, value in r.ports("write") if port == 0xb2 and value not in (2, 3)]
    smis = r.smis()
    for cpu in range(cpus):
        equal(smis[cpu][0], len(writes) + 1, "SMIs of CPU %d: its relocation and one a write to 0xb2" % cpu)


def counts_are_qemus(smp, thread=None):
    r, counted, _ = boot(smp, thread)
    with r:
        is_whole(r)
        every_smi(r, counted, smp)
        every_relocation(r, smp)
        every_port_and_ipi(r, counted)


def threads_agree_cpu_by_cpu():
    """A log file a thread says which CPU entered; QEMU's log cannot be shared then, and the user is told."""
    r, counted, tracer = boot(2, "multi", log="tid")
    with r:
        is_whole(r, has_log=False)
        every_relocation(r, 2)
        equal(sorted(r.smis().values()), sorted(counted["per_thread"]), "entries and RSMs of each thread")
        equal(r.ports(), [], "port writes")
        true("not recorded" in tracer.err.text, "ports are missing, and it says so: " + tracer.err.text)


def through_the_pipe():
    """Without a log of the user's: QEMU's log comes through a pipe of ours."""
    r, _, _ = boot(2, log=False)
    with r:
        is_whole(r)
        every_relocation(r, 2)
        b2_raises_one_smi_per_cpu(r, 2)
        equal(r.one("SELECT count(*) FROM port_v WHERE cpu IS NULL OR origin <> 'observed'"), 0,
              "port accesses whose CPU QEMU's log did not tell")
        equal(r.one("SELECT count(*) FROM smi_v WHERE cause IS NULL"), 0, "SMIs without a cause")


def without_timestamps():
    """The user's -msg timestamp=off stays: which CPU wrote to a port is inferred, and marked so."""
    r, _, _ = boot(2, log=False, args=["-msg", "timestamp=off"])
    with r:
        is_whole(r)
        every_relocation(r, 2)
        b2_raises_one_smi_per_cpu(r, 2)
        equal(r.one("SELECT count(*) FROM port_v WHERE cpu IS NOT NULL AND origin = 'observed'"), 0,
              "port accesses with a CPU that nobody observed")
        true(r.one("SELECT count(*) FROM port_v WHERE port = 178 AND dir = 'write' AND origin = 'inferred' "
                   "AND cpu IS NOT NULL") > 0, "CPUs of writes to 0xb2 are inferred")


run_tests(case(counts_are_qemus, 2, "multi"), case(counts_are_qemus, 1), case(counts_are_qemus, 4),
          case(counts_are_qemus, 2, "single"), threads_agree_cpu_by_cpu, through_the_pipe, without_timestamps)
