#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 900
"""Each error that examples/firmware can be told to make is found, and called by its name.

The table is examples/firmware/zoo.py. A bug passes when the first rule that the recording shows as broken is
the right one, broken by the right CPU in the right step, when the verdict names the cause, and when a
re-check of the recording finds the same. The healthy firmware goes the same ways, and breaks none.
"""
import itertools
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(HERE, "..", "lib"), os.path.join(HERE, "..", "..", "examples", "firmware")]
from guest import *
from zoo import ALSO, ZOO, table  # the one in examples/firmware

SECONDS = 5  # for what takes less than three on an idle machine
named = set()


# ---- one run ----

def plug_all(g, bug):
    """The CPUs that @bug wants, as it wants them; the offset behind the last one's predecessor's end."""
    names, behind = ["hot%d" % n for n in range(bug.plugs)], 0
    if bug.how == "together":
        g.burst(*names)  # the OS takes 10 ms from the first one's event to the SMI
        online = re.compile(".*?".join(["is online"] * bug.plugs), re.S)
        return g.await_serial(online, SECONDS) if bug.ends == "idle" else 0
    for i, name in enumerate(names):
        if i and bug.how == "in-smm":
            g.await_serial("smm: waits for a second CPU", SECONDS)
        elif i:
            behind = g.await_serial(FIRMWARE_IDLE, SECONDS, behind)
        g.plug(name)
    return behind


def await_done(tracer, bug):
    """The recorder may need a moment longer than the OS."""
    for n in range(bug.plugs):
        tracer.await_out(" plug %d: done" % (bug.smp + n), SECONDS)


def play(g, bug, tracer):
    """From the OS's first line to what ends the run."""
    behind = g.await_serial(FIRMWARE_READY, SECONDS) if bug.plugs or bug.ends == "idle" else 0
    if bug.plugs:
        behind = plug_all(g, bug)
    if bug.plugs and (bug.ends == "idle" or bug.unplug):
        behind = g.await_serial(FIRMWARE_IDLE, SECONDS, behind)
    if bug.unplug:
        g.unplug("hot%d" % (bug.plugs - 1))
    if bug.unplug and bug.ends == "idle":
        g.await_serial(FIRMWARE_IDLE, SECONDS, behind)
    if bug.ends.startswith("stuck"):
        tracer.await_out("STUCK", SECONDS)
    if bug.invariant:
        tracer.await_out("VIOLATED " + bug.invariant, SECONDS)
    else:
        await_done(tracer, bug)


@contextlib.contextmanager
def recorded(bug):
    """A run from power-on to what ends it; gives the recording, and what was missed in the run."""
    with firmware_guest(smp=bug.smp, bug=bug.name) as g:
        path, missed = g.path("db.smm"), None
        tracer = g.start_under("-o", path, "--headless", *bug.options)
        try:
            play(g, bug, tracer)
        except Failure as why:
            missed = "%s\n%s" % (why, g.serial.text)
        equal(tracer.stop(), 130, "exit status: " + tracer.err.text[-500:])
        with Recording(path) as r:
            yield r, missed


# ---- what must be said of it ----

def broken(r):
    """(invariant, cpu, step, message) of each broken rule, the first one first."""
    return r.rows("SELECT invariant, cpu, step, message FROM violation_v WHERE severity <> 'note'"
                  " ORDER BY ts_ns, id")


def rechecked(r, status):
    result = smmtrace("check", r.path, seconds=60)
    equal(result.status, status, "exit status of check: " + result.out[-1500:] + result.err)
    true("differs" not in result.out, "a re-check finds the same: " + result.out[-2500:])


def verdict_says(r, says):
    result = smmtrace("query", r.path, "hang")
    equal(result.status, 0, "exit status of query hang: " + result.err)
    # not in the rule's text, or another CPU's line
    told = " ".join(re.findall(r"^(?:verdict|first broken rule)\t(.*)$", result.out, re.M))
    pattern = ".*".join(re.escape(words) for words in says)
    true(re.search(pattern, told), "the verdict says %r: %s" % (says, result.out))


def is_named(bug):
    with recorded(bug) as (r, missed):
        found = broken(r)
        equal(found[0][:3] if found else None, (bug.invariant, bug.cpu, bug.step),
              "the first broken rule, of %s%s" % (found, "; " + missed if missed else ""))
        true(not missed, missed)
        others = {rule for rule, *_ in found} - {bug.invariant, *ALSO.get(bug.name, ())}
        if bug.ends != "violated":  # CPUs that share their memory may do anything
            equal(others, set(), "rules that do not follow from it, of %s" % found)
        if bug.ends.startswith("stuck"):
            equal(r.one("SELECT step FROM episode_v WHERE status = 'stuck' AND cpu = ?", bug.cpu),
                  bug.ends.split()[1], "where CPU %d hangs" % bug.cpu)
        verdict_says(r, bug.says)
        rechecked(r, 1)
    named.add(bug.name)


def healthy(bug):
    with recorded(bug) as (r, missed):
        true(not missed, missed)
        equal(broken(r), [], "broken rules")
        plugs = r.rows("SELECT cpu, status FROM episode_v WHERE kind = 'plug' ORDER BY cpu")
        equal(plugs, [(bug.smp + n, "done") for n in range(bug.plugs)], "plugs")
        verdict_says(r, ["Healthy"])
        rechecked(r, 0)


# ---- the tests ----

def test_of(bug):
    def test():
        is_named(bug)
    test.__name__ = "zoo: " + bug.name
    return test


def ways():
    """The ways that the bugs go, without a bug."""
    for way in sorted({(b.smp, b.plugs, b.how, b.unplug) for b in ZOO if b.how != "in-smm"}):
        smp, plugs, how, unplug = way
        name = "healthy: smp %d, %d plugged%s%s" % (smp, plugs, " " + how if plugs > 1 else "",
                                                    ", one unplugged" if unplug else "")
        yield name, ZOO[0]._replace(name="none", invariant=None, smp=smp, plugs=plugs, how=how, unplug=unplug,
                                    ends="idle", options=())


def test_of_way(name, bug):
    def test():
        healthy(bug)
    test.__name__ = name
    return test


def seeded():
    """The names in bugs.h."""
    with open(os.path.join(ROOT, "examples", "firmware", "bugs.h")) as file:
        return re.findall(r'^\t_\(\w+, "([^"]+)"\)', file.read(), re.M)


def every_bug_has_a_row():
    equal(sorted(bug.name for bug in ZOO), sorted(seeded()), "rows of the table, and bugs.h")


def the_readme_has_the_table():
    with open(os.path.join(ROOT, "examples", "firmware", "README.md")) as file:
        lines = [line for line in file.read().splitlines() if line.startswith("|")]
    equal([line for line in lines if line in table()], table(),
          "the table of README.md (examples/firmware/zoo.py renews it)")


def all_bugs_named():
    names = seeded()
    print("%d of %d bugs named" % (len(named), len(names)))
    equal(sorted(set(names) - named), [], "bugs that were not named")


run_tests(every_bug_has_a_row, the_readme_has_the_table,
          side_by_side(2, *map(test_of, ZOO), *itertools.starmap(test_of_way, ways())), all_bugs_named)
