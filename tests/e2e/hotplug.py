#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 1200
"""A CPU is plugged into a guest that is being recorded: followed to the place where stock QEMU loses it, and on.

QEMU 7.2's TCG lets an INIT reset a CPU that is inside SMM and drops its pending SMI. So the new CPU ends in
OVMF's pen, halted, and the monarch waits in SMM for ever. The recording must show each step to there. When the
SMI is raised once more from outside, the CPU goes the rest of the way, and that must be shown too.
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
        handler_is_known(r)
        settings_are_read(r)
        hand_off_stands_still(r)
        cpus_are_seen(r)
    report_tells_it(path, stuck)
    if attached:
        no_points_are_left(g)


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


def detail(text):
    """"reg=mch-9c value=0x2" as a dict."""
    return dict(item.split("=", 1) for item in text.split())


def events(r, kind, cpu=None):
    """Details of all events of a kind, in order, with cpu, origin and id."""
    rows = r.rows("SELECT id, cpu, origin, detail FROM event_v WHERE kind = ? ORDER BY id", kind)
    return [dict(detail(text), id=number, cpu=who, origin=origin)
            for number, who, origin, text in rows if cpu in (None, who)]


def handler_is_known(r):
    """By its bytes: the gated handler of OVMF is what lies at 0x38000 at last."""
    handler = events(r, "handler")[-1]
    equal({key: handler.get(key) for key in ("code", "gate", "new_smbase", "about", "pass")},
          dict(code="gate", gate="0x30000", new_smbase="0x30008", about="0x3000c", **{"pass": "0x3805e"}),
          "the handler")


def settings_are_read(r):
    """What OVMF leaves behind on q35 with 256 MiB; each value once, as long as it does not change."""
    last, told = {}, events(r, "config")
    for config in told:
        true(last.get(config["reg"], "none yet") != config.get("value"), "told because it changed: %s" % config)
        last[config["reg"]] = config.get("value")
    expected = {"smi-supported": "0x7", "smi-negotiated": "0x7", "smbase-smram": "0x1", "mch-9c": "0x2",
                "mch-9d": "0x1a", "mch-9e": "0x3f", "tseg-base": "0xf000000", "tseg-size": "0x1000000",
                "smi-en": "0x21", "gen-pmcon": "0x10", "default-outside": "0xffffffff",
                "tseg-outside": "0xffffffff", "smi-requested": None}
    equal(last, expected, "settings")


def words(r, since=0):
    """[(word, value, cpu, origin)] of the hand-off."""
    return [(e["word"], int(e["value"], 0), e["cpu"], e["origin"]) for e in events(r, "handoff") if e["id"] > since]


def hand_off_stands_still(r):
    write = r.one("SELECT max(id) FROM port_v WHERE port = 178 AND dir = 'write' AND value = 4")
    seen = words(r, write)
    true(("gate", NEW, None, "inferred") in seen, "the gate opened for CPU 1: %s" % seen)
    for word, value in (("about-to-leave", 0), ("new-smbase", 0xffc1000)):
        # of two CPUs that stop at once QEMU names one: then it is seen that the word changed, not whose hand it was
        true({(word, value, 0, "observed"), (word, value, None, "inferred")} & set(seen),
             "%s = %#x in %s" % (word, value, seen))
    equal([value for word, value, _, _ in seen if word == "pen-flag"][-1], 1, "the pen's flag at last")
    true(not any(word == "about-to-leave" and value for word, value, _, _ in seen),
         "nobody is about to leave: %s" % seen)


def cpus_are_seen(r):
    monarch, new = events(r, "cpu-seen", 0)[-1], events(r, "cpu-seen", NEW)[-1]
    equal((monarch["in_smm"], monarch["polls"], monarch["polled"]), ("1", "0x3000c", "0x0"), "the monarch polls")
    looks = [seen["polls"] for seen in events(r, "cpu-seen", 0) if "polls" in seen]
    equal(looks, ["0x3000c"] * 2, "looked at once when it was stuck, and at the end")
    equal((new["cs"], new["rip"], new["halted"], new["in_smm"]), ("0x9f00", "0xc", "1", "0"), "CPU 1 in the pen")


def no_points_are_left(g):
    """The stub refuses to remove what it does not have."""
    with socket.socket(socket.AF_UNIX) as stub:
        stub.settimeout(deadline(20))
        stub.connect(g.path("gdb.sock"))
        for point in ("z0,38000,1", "z0,3805e,1", "z2,30008,4", "z2,3000c,1", "z2,3ff00,4"):
            stub.sendall(b"$%s#%02x" % (point.encode(), sum(point.encode()) % 256))
            answer = b""
            while b"$E22#" not in answer:
                answer += stub.recv(4096)
                true(b"$OK#" not in answer, "%s was still there" % point)


def plug_completes():
    """The SMI that QEMU lost is raised once more: through the gate, to an SMBASE of its own."""
    folder = tempfile.mkdtemp()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.path.join(folder, "qtest.sock"))
    listener.listen(1)
    args = ["-qtest", "unix:" + os.path.join(folder, "qtest.sock"), "-qtest-log", "none"]
    with listener, Guest(smp="1,maxcpus=3", log=True, kernel=guest_program(folder), args=args) as g:
        path = g.path("db.smm")
        tracer = g.start_under("-o", path, "--headless")
        qtest = listener.accept()[0]
        g.await_serial("GUEST-READY", 120)
        g.plug()
        await_hang(g)
        qtest.sendall(b"outb 0xb2 0x4\n")
        g.await_serial("GUEST-ONLINED", 60)
        g.quit()
        equal(tracer.wait(60), 0, "exit status; stderr: " + tracer.err.text[-300:])
        counted = g.independent()
        qtest.close()
        with Recording(path) as r:
            goes_all_the_way(r)
            entries = sum(n for n, _ in r.smis().values())
            equal(entries, counted["enters"], "SMM entries; QEMU's own count is the second")
            left = r.one("SELECT count(*) FROM smi_v WHERE ended_by <> 'reset' AND leave_ns IS NOT NULL")
            # an INIT between the last watched read of a handler and its RSM: a reset in SMM, of an SMI left
            late = counted["resets_in_smm"] - r.one("SELECT count(*) FROM smi_v WHERE ended_by = 'reset'")
            equal(left, counted["rsms"] + late, "RSMs")


def goes_all_the_way(r):
    kick = r.one("SELECT max(id) FROM port_v WHERE port = 178 AND dir = 'write' AND value = 4")
    seen = words(r, kick)
    passed = ("gate", 2 ** 64 - 1, NEW, "observed")
    # on a busy host its RSM may be told before the stop of the write behind which it stands
    about = [word for word in (("about-to-leave", 1, NEW, "observed"), ("about-to-leave", 1, None, "inferred"))
             if word in seen]
    true(passed in seen and about and seen.index(passed) < seen.index(about[0]),
         "through the gate, then about to leave: %s" % seen)
    equal([e["old"] for e in events(r, "handoff", NEW) if e["word"] == "gate"], ["0x1"],
          "the gate held its APIC ID")
    equal(r.relocations(), [(0, 0x30000, 0xffbf000), (NEW, 0x30000, 0xffc1000)], "relocations")
    smis = r.rows("SELECT smbase, ended_by = 'reset' FROM smi_v WHERE cpu = ? ORDER BY enter_ns", NEW)
    equal([base for base, _ in smis][-2:], ["0x30000", "0xffc1000"], "its relocation, the first SMI there")
    equal(smis[-2], ("0x30000", 0), "it left that by RSM")  # the OS's INIT may yet hit it in the one after


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
            equal(len({entered for entered, _ in r.smis().values()}), 1, "SMIs of each CPU: %s" % r.smis())


run_tests(plug_hangs, case(plug_hangs, attached=True), plug_completes, added_before_it_boots)
