#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 600
"""What events were made of: the line that QEMU logged, the packet its stub sent, the save state in guest memory.

A CPU is plugged into OVMF under a QEMU that logs to a file; smmtrace reads along. What it keeps is compared with
that file, and what it decodes with the bytes it kept, by tables of this test's own.
"""
import csv
import io
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from guest import *

# Offsets in the last 512 bytes of the AMD64 map: QEMU, target/i386/tcg/sysemu/smm_helper.c.
RIP, RFLAGS, CR0, CR3, RAX, R8, REVISION = 0x178, 0x170, 0x158, 0x150, 0x1f8, 0x1b8, 0xfc
KIND_OF_LINE = re.compile(r"(apm_io_(?:read|write)|cpuhp_acpi_\w+|apic_mem_writel|CPU Reset)")

WRITES = ("SELECT id, text FROM port_v JOIN raw_v ON event_id = id"
          " WHERE port = 178 AND dir = 'write' AND value = 4 ORDER BY id")


def long_at(data, offset, size=8):
    return int.from_bytes(data[offset:offset + size], "little")


def recording(g, path):
    """Attached before the plug, to its end: hung, kicked, online."""
    g.start()
    g.await_serial("GUEST-READY", 120)
    tracer = Tracer("attach", g.target, "-o", path, "--headless")
    tracer.await_err("recording", 30)
    g.plug_and_kick()
    equal(tracer.stop(), 130, "exit status")


def lines_are_those_of_the_log(g, r):
    with open(g.path("qemu.log"), "rb") as file:
        log = file.read().split(b"\n")
    seen = {}
    for event, kind, detail, text in r.rows("SELECT id, kind, detail, text FROM event_v LEFT JOIN raw_v "
                                            "ON event_id = id WHERE source = 'qemulog' AND kind != 'blind'"):
        true(text, "event %d, %s, has its line" % (event, kind))
        seen[kind] = seen.get(kind, 0) + 1
        lines = text.encode().split(b"\n")
        true(lines[0] in log, "a line of the log: %r" % lines[0])
        true(KIND_OF_LINE.search(text), "that tells of it: %r" % text)
        if kind == "port":
            want = re.search(r"value=(0x[0-9a-f]+)", detail).group(1)
            equal(int(re.search(r"val=(0x[0-9a-f]+)", text).group(1), 16), int(want, 16), "the value of " + text)
        if kind == "cpu-reset":
            at = [i for i, line in enumerate(log) if line == lines[1] and log[i - 1] == lines[0]]
            true(any(log[i - 1:i - 1 + len(lines)] == lines for i in at), "the dump of the log: %r" % text)
            true(lines[-1].startswith(b"CS ="), "down to CS: %r" % text)
    for kind in ("port", "ipi", "cpuhp", "cpu-reset"):
        true(seen.get(kind), "a %s from the log: %s" % (kind, seen))
    ours = [line for line in log if re.search(rb"apm_io_write write addr=0x0 val=0x04$", line)]
    told = r.rows(WRITES)
    equal([text.encode() for _, text in told], ours[-len(told):], "each write of 4 to 0xb2, in order")


def packets_are_stop_replies(r):
    rows = r.rows("SELECT id, kind, cpu, text FROM event_v LEFT JOIN raw_v ON event_id = id WHERE source = 'gdb'"
                  " AND kind IN ('smi-enter', 'smi-leave', 'smbase-write') AND origin = 'observed'")
    equal({kind for _, kind, _, _ in rows}, {"smi-enter", "smi-leave", "smbase-write"}, "kinds: %s" % rows)
    for event, kind, _, text in rows:
        true(re.match(r"T05thread:(p01\.)?[0-9a-f]+;", text or ""), "event %d, %s: %r" % (event, kind, text))
    true(all(text.endswith("watch:000000000003ff00;") for _, kind, _, text in rows if kind == "smbase-write"),
         "the slot's watchpoint: %s" % rows)
    equal(r.rows("SELECT count(*) FROM event_v JOIN raw_v ON event_id = id WHERE kind = 'config'"), [(0,)],
          "settings come from no packet of a stop")


def states_are_whole(r):
    """The registers in the events are those in the bytes."""
    rows = r.rows("SELECT e.id, e.detail, s.revision, s.bytes FROM event_v e LEFT JOIN saved_v s ON event_id = e.id"
                  " WHERE kind = 'smi-enter' AND source = 'gdb'")
    true(rows, "entries")
    for event, detail, revision, text in rows:
        equal(revision, "0x20064", "the revision id of entry %d" % event)
        data = bytes.fromhex(text)
        equal(len(data), 512, "its size")
        equal(long_at(data, REVISION, 4), 0x20064, "the revision id in it")
        said = dict(word.split("=") for word in detail.split())
        for name, offset, size in (("rip", RIP, 8), ("cr0", CR0, 4), ("cr3", CR3, 8), ("rax", RAX, 8)):
            equal(int(said[name], 16), long_at(data, offset, size), "%s of entry %d" % (name, event))
    return rows[-1]


def query_shows_them(r, path):
    event, text = r.rows(WRITES)[-1]
    out = smmtrace("query", path, "raw", str(event), "--csv")
    equal(out.status, 0, "query: " + out.err)
    rows = list(csv.DictReader(io.StringIO(out.out)))
    equal([(row["id"], row["raw"]) for row in rows], [(str(event), text)], "query FILE raw %d" % event)


def enlarged(screen):
    return re.sub(r"\s+", " ", screen.text())


def pane_shows_them(r, path):
    """The last write of 4 with its line; the entry behind it with every register."""
    line = r.rows(WRITES)[-1][1]
    entry = r.rows("SELECT e.id, s.bytes FROM event_v e JOIN saved_v s ON event_id = e.id WHERE e.kind = 'smi-enter'"
                   " AND e.cpu = 0")[-1]
    data = bytes.fromhex(entry[1])
    with Screen([SMMTRACE, "view", "--ascii", path], columns=132, lines=43) as screen:
        screen.keys("G", "/")
        screen.keys("b2=04", "Enter")
        screen.await_text("b2=04")
        screen.keys("N", "G", "N", "Enter")
        screen.await_text("raw line")
        true(line in enlarged(screen), "the line QEMU logged, %r, in\n%s" % (line, screen.text()))
        screen.keys("Enter", "G", "/")
        screen.keys("smi-enter cpu0", "Enter")
        screen.keys("G", "N", "Enter")
        screen.await_text("event %d," % entry[0])
        screen.await_text("packet    T05thread:")
        screen.await_text("saved state by revision id 0x20064 (amd64)")
        for name, value in (("rip", long_at(data, RIP)), ("rflags", long_at(data, RFLAGS, 4)),
                            ("r8", long_at(data, R8)), ("cr3", long_at(data, CR3))):
            true(" %s 0x%x " % (name, value) in enlarged(screen), "%s 0x%x in\n%s" % (name, value, screen.text()))


def raw_lines_and_saved_states():
    with efi_hotplug(gdb=True, log=True, timestamps=True) as g:
        path = g.path("db.smm")
        recording(g, path)
        with Recording(path) as r:
            equal(r.integrity(), "ok", "integrity_check")
            lines_are_those_of_the_log(g, r)
            packets_are_stop_replies(r)
            states_are_whole(r)
            query_shows_them(r, path)
            pane_shows_them(r, path)


sys.exit(run_tests(raw_lines_and_saved_states))
