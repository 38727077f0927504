#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 900
"""The reference firmware of examples/firmware: healthy runs show nothing, and the design's order hangs on TCG.

The firmware says on its console what it does; the recording must agree with it.
"""
import itertools
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from guest import *

SECONDS = 10
RUNS = 40


def traced(g, *options):
    g.db = g.path("db.smm")
    tracer = g.start_under("-o", g.db, "--headless", *options)
    g.await_serial(FIRMWARE_READY, SECONDS)
    return tracer


# ---- the healthy firmware ----

def play(g, plugs, unplug):
    """Plug one after the other, each when the OS is through with the one before."""
    behind = 0
    for n in range(plugs):
        g.plug("hot%d" % n)
        behind = g.await_serial(FIRMWARE_IDLE, SECONDS, behind)
    if unplug:
        g.unplug("hot%d" % (plugs - 1))
        g.await_serial(FIRMWARE_IDLE, SECONDS, behind)


def await_all_out(tracer, times, gone):
    """The OS goes on when its own CPU has left SMM; the recorder and the others need a moment.

    CPU 0 relocates itself, raises an SMI when it is ready, and two each of the @times that it is asked for
    something; it leaves each one when all others have entered it.
    """
    def out():
        text = tracer.out.text
        return (text.count(" cpu0 smi-leave ") == 2 + 2 * times and
                text.count(" smi-enter ") - text.count(" smi-leave ") == (gone is not None))
    until(out, SECONDS, "all CPUs have left SMM")


def said_smbases(text):
    """{cpu: SMBASE} by the console."""
    pairs = re.findall(r"CPU (\d+) has SMBASE (\w+)", text)
    pairs += [(cpu, base) for base, cpu in re.findall(r"SMBASE (\w+) for CPU (\d+)", text)]
    return {int(cpu): int(base, 0) for cpu, base in pairs}


def nothing_escaped(r):
    """No stop of the guest but for a reason that is known, and nothing that was missed."""
    equal(r.rows("SELECT * FROM loss_v"), [], "lost events")
    equal(r.rows("SELECT * FROM pause_v WHERE why = 'foreign'"), [], "stops that nobody asked for")
    equal(r.meta("gdb.watch_missed"), "0", "entries and exits found only afterwards")
    equal(r.rows("SELECT * FROM smi_v WHERE smbase IS NULL OR cause IS NULL"), [], "SMIs that are not explained")


def nothing_broken(r):
    equal(r.rows("SELECT * FROM violation_v"), [], "broken rules")
    equal(r.rows("SELECT name, why FROM invariant_v WHERE status = 'unknown'"), [], "rules that are not known")


def nobody_is_left(r, gone):
    """Each SMI ends with an RSM, but the one in which a CPU is ejected."""
    equal([cpu for cpu, (entries, left) in r.smis().items() if entries != left], [], "CPUs that are in SMM")
    equal(r.rows("SELECT cpu FROM smi_v WHERE ended_by IS NULL OR ended_by IN ('reset', 'next-entry')"),
          [] if gone is None else [(gone,)], "SMIs without an RSM")


def gone_of(smp, plugs, unplug):
    """The CPU that is unplugged, or None."""
    return smp + plugs - 1 if unplug else None


def as_told(r, console, smp, plugs, unplug):
    cpus, gone = smp + plugs, gone_of(smp, plugs, unplug)
    equal(r.integrity(), "ok", "integrity_check")
    nothing_escaped(r)
    nothing_broken(r)
    nobody_is_left(r, gone)
    equal(sorted(r.rows("SELECT kind, cpu FROM episode_v WHERE status = 'done'")),
          sorted([("boot", n) for n in range(smp)] + [("plug", n) for n in range(smp, cpus)] +
                 [("unplug", gone)] * unplug), "what is done")
    equal(r.one("SELECT count(*) FROM episode_v WHERE status <> 'done'"), 0, "what is not")
    equal({cpu: new for cpu, _, new in r.relocations()}, said_smbases(console), "SMBASEs, and the console's")
    equal(sorted(cpu for cpu, _, _ in r.relocations()), list(range(cpus)), "each CPU is relocated once")


def healthy_run(smp, plugs, unplug):
    with firmware_guest(smp=smp) as g:
        tracer = traced(g)
        play(g, plugs, unplug)
        await_all_out(tracer, plugs + unplug, gone_of(smp, plugs, unplug))
        equal(tracer.stop(), 130, "exit status: " + tracer.err.text[-500:])
        with Recording(g.db) as r:
            as_told(r, g.serial.text, smp, plugs, unplug)


def forty_healthy_runs():
    """1 to 4 CPUs at boot, 0 to 3 plugged, and the last of these unplugged or not, over and over."""
    ways = [way for way in itertools.product(range(1, 5), range(4), (False, True)) if way[1] or not way[2]]
    for n, way in enumerate(itertools.islice(itertools.cycle(ways), RUNS)):
        try:
            healthy_run(*way)
        except Failure as why:
            raise Failure("run %d, smp %d, %d plugged, unplug %s: %s" % (n + 1, *way, why)) from None


# ---- the design's order: the SMI first, INIT and SIPI behind it ----

def verdict(path):
    result = smmtrace("query", path, "hang")
    equal(result.status, 0, "exit status of query hang: " + result.err)
    return result.out


def the_design_hangs_on_tcg():
    """The broadcast SMI is pending for the new CPU by the design; TCG gives it to it before the SIPI."""
    with firmware_guest(order="design") as g:
        tracer = traced(g, "--until", "stuck")
        g.plug()
        tracer.await_out("STUCK", SECONDS)
        equal(tracer.wait(60), 0, "exit status")
        with Recording(g.db) as r:
            equal(r.rows("SELECT kind, cpu, status, step FROM episode_v WHERE kind = 'plug'"),
                  [("plug", 1, "stuck", "c")], "the episode")
            broken = r.rows("SELECT invariant, cpu FROM violation_v WHERE severity <> 'note' ORDER BY ts_ns, id")
            equal(broken[:1], [("smi-before-init", 1)], "the first broken rule, of %s" % broken)
        said = verdict(g.db)
        for words in ("STUCK: plug of CPU 1", "CPU 0, the monarch", "polling AboutToLeaveSmm (0x3000c",
                      "CPU 1 is halted in the pen", "spent it in the NOP handler", "kick"):
            true(words in said, "the verdict says %r: %s" % (words, said))
        true("STUCK: plug of CPU 1" in smmtrace("report", g.db).out, "the report begins with it")


def a_kick_completes_it():
    with firmware_guest(order="design") as g:
        tracer = traced(g, "--kick")
        g.plug()
        g.await_serial("os: CPU 1 is online, 2 in all", SECONDS)
        behind = g.await_serial(FIRMWARE_IDLE, SECONDS)
        g.plug("hot2")
        g.await_serial("os: CPU 2 is online, 3 in all", SECONDS, behind)
        until(lambda: "plug 2: done" in tracer.out.text, SECONDS, "the plug is followed to its end")
        equal(tracer.stop(), 130, "exit status: " + tracer.err.text[-500:])
        with Recording(g.db) as r:
            equal(r.rows("SELECT cpu, status FROM episode_v WHERE kind = 'plug' ORDER BY cpu"),
                  [(1, "done"), (2, "done")], "both plugs")
            equal({cpu: new for cpu, _, new in r.relocations()}, said_smbases(g.serial.text), "SMBASEs")


# ---- what it is made of ----

def the_images_have_symbols():
    need("readelf", "nm")
    for name, symbol in (("boot.elf", "boot_main"), ("smm.elf", "smi_main"), ("smm.elf", "plug_all")):
        path = os.path.join(firmware_files(), name)
        sections = subprocess.run(["readelf", "-SW", path], capture_output=True, text=True, check=True).stdout
        true(".debug_info" in sections and ".debug_line" in sections, "%s has DWARF" % name)
        symbols = subprocess.run(["nm", path], capture_output=True, text=True, check=True).stdout
        true(re.search(r" [Tt] %s$" % symbol, symbols, re.M), "%s has %s" % (name, symbol))


def the_launcher_plugs_and_unplugs():
    launch = os.path.join(ROOT, "examples", "firmware", "launch")
    result = subprocess.run([launch, "--smp", "2", "--plugs", "2", "--unplug", "--wait", str(deadline(SECONDS))],
                            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    equal(result.returncode, 0, "exit status: " + result.stderr)
    equal([word for word in ("ONLINE", "UNPLUGGED") for line in result.stdout.splitlines() if line == word],
          ["ONLINE", "ONLINE", "UNPLUGGED"], "what it says")
    result = subprocess.run([launch, "--bug", "none-of-them"], stdin=subprocess.DEVNULL, capture_output=True,
                            text=True, check=False)
    equal((result.returncode, "no bug 'none-of-them'" in result.stderr), (2, True), "a bug that is not known")


run_tests(the_images_have_symbols, the_launcher_plugs_and_unplugs, the_design_hangs_on_tcg, a_kick_completes_it,
          forty_healthy_runs)
