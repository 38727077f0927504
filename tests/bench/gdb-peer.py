# SPDX-License-Identifier: GPL-3.0-or-later
"""The same job done with gdb: run inside gdb by tests/bench/run, never alone.

    PEER_TARGET=SOCKET PEER_STOPS=300 PEER_OUT=FILE gdb -nx -batch -x gdb-peer.py

Attaches to a QEMU that waits at reset, breaks on every SMI entry it learns of (the default SMBASE's, then
each one written into the SMBASE slot), reads the registers and the save state there, steps over the
breakpoint with the other CPUs held, and goes on. A breakpoint at an entry is not stepped over by gdb itself:
it compares the address with IP 8000h, not with CS base + IP, and stops at the same place for ever.

Writes one JSON object: how long the script held the guest at each stop, from gdb's giving the stop to the
script to the next `continue`. What gdb does inside `continue` is not counted.
"""
import json
import os
import statistics
import time

import gdb

DEFAULT_BASE = 0x30000
SLOT = DEFAULT_BASE + 0xff00
ENTRY, SAVED_STATE, SAVED_SIZE = 0x8000, 0xfe00, 0x200
GIVE_UP_NS = 600 * 10**9


def quietly(command):
    return gdb.execute(command, to_string=True)


def register(name):
    return int(gdb.parse_and_eval("(unsigned long)$" + name))


class Peer:
    def __init__(self):
        self.points = {}        # SMBASE -> breakpoint
        self.entries = 0
        self.handling_ns = []

    def add_base(self, base):
        if base not in self.points:
            self.points[base] = gdb.Breakpoint("*%#x" % (base + ENTRY))

    def attach(self, target):
        for setting in ("pagination off", "confirm off", "architecture i386:x86-64"):
            quietly("set " + setting)
        quietly("target remote " + target)
        self.add_base(DEFAULT_BASE)
        quietly("watch *(unsigned *) %#x" % SLOT)

    def enable(self, yes):
        for point in self.points.values():
            point.enabled = yes

    def step_over(self):
        self.enable(False)
        quietly("set scheduler-locking on")
        quietly("stepi")
        quietly("set scheduler-locking off")
        self.enable(True)

    def at_entry(self, memory):
        selector = register("cs")
        for base in self.points:
            if base >> 4 & 0xffff == selector:
                memory.read_memory(base + SAVED_STATE, SAVED_SIZE)
                quietly("info registers")
                self.entries += 1
                break
        self.step_over()

    def handle(self):
        memory = gdb.selected_inferior()
        if register("rip") == ENTRY:
            self.at_entry(memory)
        else:
            written = int.from_bytes(memory.read_memory(SLOT, 4).tobytes(), "little")
            if written > 0x100000:
                self.add_base(written)

    def run(self, stops):
        end = time.monotonic_ns() + GIVE_UP_NS
        while len(self.handling_ns) < stops and time.monotonic_ns() < end:
            quietly("continue")
            began = time.monotonic_ns()
            self.handle()
            self.handling_ns.append(time.monotonic_ns() - began)


peer = Peer()
peer.attach(os.environ["PEER_TARGET"])
peer.run(int(os.environ["PEER_STOPS"]))
with open(os.environ["PEER_OUT"], "w", encoding="ascii") as out:
    json.dump({"stops": len(peer.handling_ns), "entries": peer.entries, "cpus": len(peer.points) - 1,
               "median_ns": int(statistics.median(peer.handling_ns))}, out)
quietly("disconnect")
