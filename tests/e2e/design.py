#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 300
"""The 2019 design, as examples/firmware runs it: a NOP handler that is exchanged for the one that relocates.

In its order for QEMU's TCG the plug completes, and every step of it is seen; in the order of the design it
hangs there, which is explained, and helped by a kick.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from guest import *

PLUG_STEPS = ["added", "gpe", "smi", "rendezvous", "a", "b", "c", "d-entry", "d-pass", "d-write", "d-rsm", "e", "f",
              "clear", "online", "proved"]
UNPLUG_STEPS = ["request", "hand-over", "smi", "rendezvous", "eject", "gone", "f"]


def steps(r, kind, cpu):
    """Names of the steps of an episode, in the order in which they were reached."""
    return [name for name, in r.rows(
        "SELECT step FROM step_v WHERE episode = (SELECT id FROM episode_v WHERE kind = ? AND cpu = ?)"
        " ORDER BY ts_ns, event", kind, cpu)]


def handlers(r):
    """(cpu, origin, code) of each change of the code at the default SMBASE."""
    return [(cpu, origin, re.match(r"code=(\S+)", detail).group(1)) for cpu, origin, detail in r.rows(
        "SELECT cpu, origin, detail FROM event_v WHERE kind = 'handler' ORDER BY id")]


def verdict(path):
    result = smmtrace("query", path, "hang")
    equal(result.status, 0, "exit status of query hang: " + result.err)
    return result.out


def all_is_well(r):
    equal(r.rows("SELECT invariant, cpu, message FROM violation_v"), [], "broken rules")
    equal({status for status, in r.rows("SELECT status FROM episode_v")}, {"done"}, "episodes: %s"
          % r.rows("SELECT kind, cpu, status, step FROM episode_v"))
    equal(r.rows("SELECT name FROM invariant_v WHERE status = 'unknown'"), [], "rules that could not be judged")


def every_step_is_seen():
    """From power-on: boot, two plugs, an unplug; and who exchanged the handlers."""
    with firmware_guest(smp=2) as g:
        path = g.path("db.smm")
        tracer = g.start_under("-o", path, "--headless")
        behind = g.await_serial(FIRMWARE_READY, 30)
        for name in ("hot2", "hot3"):
            g.plug(name)
            behind = g.await_serial(FIRMWARE_IDLE, 30, behind)
        g.unplug("hot3")
        g.await_serial(FIRMWARE_IDLE, 30, behind)
        equal(tracer.stop(), 130, "exit status: " + tracer.err.text[-500:])
        with Recording(path) as r:
            all_is_well(r)
            for cpu in (2, 3):
                equal(sorted(steps(r, "plug", cpu)), sorted(PLUG_STEPS), "steps of the plug of CPU %d" % cpu)
                equal(r.one("SELECT count(*) FROM smi_v WHERE cpu = ? AND smbase = '0x30000'", cpu), 2,
                      "stays of CPU %d at the default SMBASE: in the NOP handler, and in the one that relocates" % cpu)
                equal(r.rows("SELECT id FROM smi_v WHERE cpu = ? AND leave_ns IS NULL AND id <> (SELECT max(id)"
                             " FROM smi_v WHERE cpu = ?)", cpu, cpu), [],
                      "stays of CPU %d without an end, but for the SMI that we left in the middle of" % cpu)
            equal(sorted(steps(r, "unplug", 3)), sorted(UNPLUG_STEPS), "steps of the unplug")
            seen = handlers(r)
            equal([code for _, _, code in seen], ["zero", "relocate", "nop"] + 2 * ["relocate", "nop"],
                  "handlers at the default SMBASE")
            # of two CPUs that stop at once QEMU names one: what changed is seen, whose hand it was is not
            true({(cpu, origin) for cpu, origin, _ in seen} <= {(0, "observed"), (None, "inferred")},
                 "who exchanged them: %s" % seen)
            words = r.rows("SELECT cpu, origin FROM event_v WHERE kind = 'handoff' AND detail LIKE"
                           " 'word=about-to-leave%value=0x1 %' AND ts_ns > (SELECT min(added_ns) FROM cpu_v"
                           " WHERE cpu = 2)")
            true(len(words) == 2 and all(word in ((cpu, "observed"), (None, "inferred"))
                                         for cpu, word in zip((2, 3), words)),
                 "who said that it is about to leave SMM: %s" % words)
        equal(smmtrace("check", path, seconds=60).status, 0, "exit status of check")


def attached_late():
    """The handler's class alone tells whose flow it is; the words are known once the handlers were exchanged."""
    with firmware_guest(smp=1, gdb=True, timestamps=True) as g:
        g.start()
        behind = g.await_serial(FIRMWARE_READY, 30)
        path = g.path("db.smm")
        tracer = Tracer("attach", g.target, "-o", path, "--headless")
        tracer.await_err("recording", 30)
        g.plug("hot1")
        g.await_serial(FIRMWARE_IDLE, 30, behind)
        equal(tracer.stop(), 130, "exit status: " + tracer.err.text[-500:])
        true(g.running(), "the guest runs")
        with Recording(path) as r:
            equal(r.rows("SELECT invariant, cpu, message FROM violation_v"), [], "broken rules")
            equal(sorted(steps(r, "plug", 1)), sorted(PLUG_STEPS), "steps of the plug")


def the_designs_order_hangs():
    """The broadcast SMI is spent before the SIPI. A kick while recording does what the firmware waits for."""
    with firmware_guest(smp=1, order="design") as g:
        path = g.path("db.smm")
        tracer = g.start_under("-o", path, "--headless", "--until", "stuck")
        g.await_serial(FIRMWARE_READY, 30)
        g.plug("hot1")
        equal(tracer.wait(60), 0, "exit status")
        said = verdict(path)
        for words in ("STUCK: plug of CPU 1", "CPU 0, the monarch, is in SMM, polling AboutToLeaveSmm (0x3000c = 0x0)",
                      "CPU 1 is halted in the pen", "with no SMI pending", "CPU 1 took the SMI before its SIPI",
                      "spent it in the NOP handler", "First broken rule: ", "`smmtrace kick TARGET --cpu 1`"):
            true(words in said, "the verdict says %r: %s" % (words, said))
        for words in ("OVMF then", "loop before the gate"):
            true(words not in said, "the verdict does not say %r: %s" % (words, said))


def a_kick_completes_it():
    with firmware_guest(smp=2, order="design") as g:
        path = g.path("db.smm")
        tracer = g.start_under("-o", path, "--headless", "--kick")
        behind = g.await_serial(FIRMWARE_READY, 30)
        g.plug("hot2")
        g.await_serial(FIRMWARE_IDLE, 60, behind)
        equal(tracer.stop(), 130, "exit status: " + tracer.err.text[-500:])
        with Recording(path) as r:
            equal(r.one("SELECT status FROM episode_v WHERE kind = 'plug'"), "done", "the plug")
            equal(r.one("SELECT count(*) FROM event_v WHERE detail = 'what=kick' AND cpu = 2"), 1, "kicks")


def kicked_without_a_recording():
    with firmware_guest(smp=1, order="design", gdb=True) as g:
        g.start()
        behind = g.await_serial(FIRMWARE_READY, 30)
        g.plug("hot1")
        g.await_hang(1)
        result = smmtrace("kick", g.target, seconds=60)
        equal(result.status, 0, "exit status of kick: " + result.out + result.err)
        g.await_serial(FIRMWARE_IDLE, 30, behind)


def attached_to_the_hang():
    """It began before the recording; that it hangs, and what the monarch waits for, is seen all the same."""
    with firmware_guest(smp=1, order="design", gdb=True, timestamps=True) as g:
        g.start()
        g.await_serial(FIRMWARE_READY, 30)
        g.plug("hot1")
        g.await_hang(1)
        path = g.path("db.smm")
        tracer = Tracer("attach", g.target, "-o", path, "--headless", "--for", "2s")
        equal(tracer.wait(60), 0, "exit status: " + tracer.err.text[-500:])
        said = verdict(path)
        for words in ("STUCK: CPU 0 is in SMM, polling AboutToLeaveSmm (0x3000c", "before the recording"):
            true(words in said, "the verdict says %r: %s" % (words, said))


run_tests(every_step_is_seen, attached_late, the_designs_order_hangs, a_kick_completes_it,
          kicked_without_a_recording, attached_to_the_hang)
