#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 1200
"""A CPU is plugged into a guest that is being recorded: followed to the place where stock QEMU loses it.

QEMU 7.2's TCG lets an INIT reset a CPU that is inside SMM and drops its pending SMI. So the new CPU ends in
OVMF's pen, halted, and the monarch waits in SMM for ever. The recording must show each step to there.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from guest import *

EXAMPLE = os.path.join(ROOT, "examples", "ovmf-hotplug")
NEW = 1  # index of the plugged CPU


def guest_program(folder):
    need("gcc", "make")
    result = subprocess.run(["make", "-s", "-C", EXAMPLE, "O=" + folder], stdin=subprocess.DEVNULL,
                            capture_output=True, text=True, check=False)
    equal(result.returncode, 0, "the example builds: " + result.stderr[-300:])
    return os.path.join(folder, "guest.efi")


def await_hang(g):
    """The monarch in SMM while the new CPU sits halted outside, and neither moves any more."""
    def hung():
        monarch, new = g.registers(0), g.registers(NEW)
        return monarch["smm"] and not new["smm"] and new["halted"]
    g.await_serial("GUEST-SMI command=4", 30)
    until(hung, 30, "the hang", 0.2)
    time.sleep(2)  # a CPU that moves on would not be hung, and a report wants to see a second of quiet
    true(hung(), "it lasts")


def plug_hangs(smp="1,maxcpus=3", attached=False):
    with Guest(smp=smp, gdb=attached, timestamps=attached, kernel=guest_program(tempfile.mkdtemp())) as g:
        path = g.path("db.smm")
        tracer = start(g, path, attached)
        try:
            play(g, tracer, path)
        finally:
            print(tracer.err.text)


def start(g, path, attached):
    if not attached:
        tracer = g.start_under("-o", path, "--headless")
        g.await_serial("GUEST-READY", 120)
        return tracer
    g.start()
    g.await_serial("GUEST-READY", 120)
    tracer = Tracer("attach", g.target, "-o", path, "--headless")
    tracer.await_err("recording", 30)
    g.attached = tracer
    return tracer


def play(g, tracer, path):
    attached = g.gdb
    g.plug()
    await_hang(g)
    stuck = g.registers(0)["rip"]
    equal(tracer.stop(), 130, "exit status")
    if attached:
        true(g.running(), "the guest is as we found it")
    with Recording(path) as r:
        equal(r.integrity(), "ok", "integrity_check")
        equal(r.meta("closed"), "1", "meta closed")
        monarch_is_inside(r)
        new_cpu_is_followed(r)
        steps_are_there(r)
    report_tells_it(path, stuck)


def monarch_is_inside(r):
    base = r.one("SELECT smbase FROM cpu_v WHERE cpu = 0")
    true(base not in (None, "0x30000"), "CPU 0 has its own SMBASE: %s" % base)
    equal(r.rows("SELECT smbase, apm_cmd FROM smi_v WHERE cpu = 0 AND leave_ns IS NULL"), [(base, 4)],
          "the SMI that CPU 0 has not left: SMBASE, command")


def new_cpu_is_followed(r):
    true(r.one("SELECT count(*) FROM ipi_v WHERE mode = 'init' AND apic_id = 1"), "an INIT to APIC ID 1")
    equal(r.one("SELECT count(*) FROM event_v WHERE kind = 'cpu-add' AND cpu = ?", NEW), 1,
          "cpu-add of the new CPU")
    equal(r.one("SELECT apic_id FROM cpu_v WHERE cpu = ?", NEW), 1, "its APIC ID")
    true(r.one("SELECT added_ns FROM cpu_v WHERE cpu = ?", NEW), "when it was added")
    smis = r.rows("SELECT smbase, ended_by FROM smi_v WHERE cpu = ? ORDER BY enter_ns", NEW)
    true(("0x30000", "reset") in smis, "an SMI at the default SMBASE, ended by an INIT: %s" % smis)
    true(all(base == "0x30000" for base, _ in smis), "the default SMBASE is the only one it used: %s" % smis)
    true(r.one("SELECT count(*) FROM event_v WHERE kind = 'cpu-reset' AND cpu = ? "
               "AND detail LIKE '%in_smm=1%'", NEW) >= 1,
         "a reset inside SMM: %s" % r.rows("SELECT cpu, detail FROM event_v WHERE kind = 'cpu-reset'"))
    equal(r.rows("SELECT * FROM smbase_v WHERE cpu = ?", NEW), [], "relocations of the new CPU")
    true(r.one("SELECT smbase FROM cpu_v WHERE cpu = ?", NEW) in (None, "0x30000"), "its SMBASE at the end")


def steps_are_there(r):
    """GPE handler's scan, 4 to 0xb2, the monarch's scan, SMI INIT SIPI, in this order."""
    write = r.one("SELECT max(id) FROM port_v WHERE port = 178 AND dir = 'write' AND value = 4")
    true(write, "the write of 4 to 0xb2")
    before = r.one("SELECT count(*) FROM cpuhp_v WHERE id < ? AND meaning LIKE 'status:%insert%'", write)
    true(before >= 1, "the guest saw the insert event first")
    sent = r.rows("SELECT mode, target, vector FROM ipi_v WHERE id > ? AND sender = 0 ORDER BY id", write)
    modes = [mode for mode, _, _ in sent]
    equal(modes[:3], ["smi", "init", "sipi"], "IPIs by the monarch: %s" % sent)
    equal({target for _, target, _ in sent}, {NEW}, "their target")
    equal([vector for mode, _, vector in sent if mode == "sipi"][0], 0x9f, "the pen's page")


def report_tells_it(path, stuck):
    result = smmtrace("report", path)
    print(result.out)
    equal(result.status, 0, "exit status of report; stderr: " + result.err)
    cpus, _, where = result.out.partition("Where each CPU is")
    new = cpus[cpus.index("\nCPU 1"):]
    true("INSIDE SMM" in new, "CPU 1 was reset inside SMM")
    true("ended by a reset" in new, "its SMI ended without RSM")
    monarch = where[where.index("CPU 0"):where.index("CPU 1")]
    true("STILL IN SMM" in monarch, "CPU 0 is still in SMM")
    near = ["%x" % (stuck + delta) for delta in range(-0x10, 0x11)]
    true(any(text in monarch for text in near), "it says where CPU 0 spins (about 0x%x)" % stuck)
    true("9f00:" in where[where.index("CPU 1"):], "it says where CPU 1 is: the pen")


def added_before_it_boots():
    """Plugged while the guest stands at its first instruction: a CPU like the others."""
    with Guest(smp="1,maxcpus=2", gdb=True, stopped=True, timestamps=True) as g:
        g.start()
        g.plug()
        path = g.path("db.smm")
        tracer = Tracer("attach", g.target, "-o", path, "--headless")
        tracer.await_err("recording", 30)
        g.await_serial(SHELL_COUNTDOWN, 120)
        equal(tracer.stop(), 130, "exit status")
        with Recording(path) as r:
            equal([cpu for cpu, _, _ in r.relocations()], [1, 0], "CPUs relocated at boot, in order")
            equal(len(set(r.smis().values())), 1, "SMIs of each CPU: %s" % r.smis())


run_tests(plug_hangs, case(plug_hangs, attached=True), added_before_it_boots)
