#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 900
"""SeaBIOS: another firmware, another handler. Only the BSP is relocated, to 0xa0000."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from guest import *


def from_reset(smp, thread=None, log=True):
    with Guest("seabios", smp=smp, thread=thread, log=log) as g:
        path = g.path("db.smm")
        tracer = g.start_under("-o", path, "--headless")
        g.await_serial(SEABIOS_END, 60)
        g.quit()
        equal(tracer.wait(60), 0, "exit status; stderr: " + tracer.err.text[-300:])
        counted = g.independent() if log else None
        with Recording(path) as r:
            print("  SMIs by CPU %s, relocations %s" % (r.smis(), r.relocations()))
            equal(r.integrity(), "ok", "integrity_check")
            equal(r.meta("closed"), "1", "meta closed")
            equal(r.relocations(), [(0, 0x30000, 0xa0000)],
                  "relocations")
            equal(r.one("SELECT smbase FROM cpu_v WHERE cpu = 0"), "0xa0000", "cpu_v's SMBASE of CPU 0")
            equal(r.one("SELECT count(*) FROM smbase_v WHERE effective_ns IS NULL"), 0,
                  "writes without effect")
            bases = [base for base, in r.rows("SELECT smbase FROM smi_v WHERE cpu = 0 ORDER BY enter_ns")]
            equal(bases, ["0x30000"] + ["0xa0000"] * (len(bases) - 1), "SMBASEs that CPU 0 entered with")
            if counted:
                smis = r.smis().values()
                equal(sum(entries for entries, _ in smis), counted["enters"], "SMM entries")
                equal(sum(left for _, left in smis), counted["rsms"], "RSMs")
                equal(r.ports("write"), counted["apm_writes"], "writes to 0xb2 and 0xb3")
                equal(r.ipis(), counted["ipis"], "INIT, SIPI and SMI IPIs")
            else:
                equal(sum(entries for entries, _ in r.smis().values()),
                      sum(1 for port, _ in r.ports("write") if port == 0xb2), "SMIs, one a write to 0xb2")


def attached_at_its_prompt():
    """A CPU that took no SMI since its relocation has saved no state: say so, do not guess."""
    with Guest("seabios", smp=2, gdb=True, timestamps=True) as g:
        g.start()
        g.await_serial(SEABIOS_END, 60)
        path = g.path("db.smm")
        tracer = Tracer("attach", g.target, "-o", path, "--headless")
        tracer.await_err("recording", 30)
        equal(tracer.stop(), 130, "exit status")
        true(g.running(), "the guest runs")
        with Recording(path) as r:
            found = r.rows("SELECT cpu, smbase FROM cpu_v ORDER BY cpu")
            print("  %s; %s" % (found, tracer.err.text.strip()))
            true(found in ([(0, None), (1, None)], [(0, "0xa0000"), (1, None)]), "SMBASEs: %s" % found)
        true("no SMBASE found" in tracer.err.text, "it says what it could not find: " + tracer.err.text)


def lines_that_pass_a_filter():
    """What is printed is chosen, what is recorded is not."""
    with Guest("seabios", smp=1) as g:
        path = g.path("db.smm")
        tracer = g.start_under("-o", path, "--headless", "--filter", "smi-enter,ipi smbase=0x30000,0xa0000")
        g.await_serial(SEABIOS_END, 60)
        g.quit()
        equal(tracer.wait(60), 0, "exit status; stderr: " + tracer.err.text[-300:])
        kinds = [line.split()[2] for line in tracer.out.text.splitlines()
                 if line.split()[2] in ("smi-enter", "smi-leave", "port", "ipi", "smbase-write", "cpu-add")]
        with Recording(path) as r:
            entries = r.one("SELECT count(*) FROM event_v WHERE kind = 'smi-enter'")
            true(entries, "no SMI was recorded")
            equal(kinds, ["smi-enter"] * entries, "kinds of the lines")
            equal(r.one("SELECT count(*) FROM event_v WHERE kind = 'smi-leave'"), entries, "RSMs in the recording")


run_tests(lines_that_pass_a_filter, case(from_reset, 1), case(from_reset, 2), case(from_reset, 2, "single"),
          case(from_reset, 2, log=False), attached_at_its_prompt)
