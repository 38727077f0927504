#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 300
"""Guest memory read from outside beside the gdbstub, which knows: both say the same of every SMI and relocation.

Under TCG, where every entry and RSM is a stop; what it is made for is KVM, where nobody stops.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from guest import *

FIELDS = ["rip", "cs", "cr0", "cr3", "efer", "rax", "rdx"]


def pairs(r):
    """(cpu, smbase, what the stub told of the entry, what was read in guest memory of the same SMI)."""
    arg = ", ".join("%s.a%d" % (t, i) for t in "se" for i in range(1, 1 + len(FIELDS)))
    rows = r.rows("SELECT s.cpu, s.a0, e.a0, e.ts_ns <= s.ts_ns, " + arg + " FROM event s JOIN event e ON e.id ="
                  " (SELECT max(id) FROM event_v v WHERE v.kind = 'smi-enter' AND v.cpu = s.cpu AND v.id < s.id)"
                  " WHERE s.id IN (SELECT id FROM event_v WHERE kind = 'smi-saved')")
    return [(row[0], row[1], row[2], row[3], row[4:4 + len(FIELDS)], row[4 + len(FIELDS):]) for row in rows]


def both_say_the_same():
    with firmware_guest(smp=2) as g:
        path = g.path("db.smm")
        tracer = g.start_under("-o", path, "--headless", "--guest-ram")
        behind = g.await_serial(FIRMWARE_READY, 60)
        g.plug("hot2")
        g.await_serial(FIRMWARE_IDLE, 60, behind)
        equal(tracer.stop(), 130, "exit status: " + tracer.err.text[-500:])
        with Recording(path) as r:
            told = pairs(r)
            true({cpu for cpu, *_ in told} == {0, 1, 2}, "CPUs of which a saved state was read: %s" % told)
            true(0x30000 in {base for _, base, *_ in told}, "no state was read at the default SMBASE: %s" % told)
            for cpu, base, entered, in_order, read, stub in told:
                equal((base, in_order), (entered, 1), "the SMI of CPU %d that a state was read of" % cpu)
                equal(dict(zip(FIELDS, read)), dict(zip(FIELDS, stub)), "what CPU %d saved at SMBASE %#x" % (cpu, base))
            smis = r.one("SELECT count(*) FROM smi_v WHERE leave_ns IS NOT NULL AND ended_by IS NOT 'reset'")
            # one that another CPU may have written over by then is unknown
            true(len(told) * 2 >= smis, "%d states were read of %d SMIs" % (len(told), smis))
            equal(r.rows("SELECT cpu, detail FROM event_v WHERE source = 'guestram' AND kind = 'smbase-write'"), [],
                  "slots that hold something else than the stub told")
            equal(r.one("SELECT count(DISTINCT cpu) FROM smbase_v"), 3, "CPUs that were relocated")


run_tests(both_say_the_same)
