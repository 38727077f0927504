# SPDX-License-Identifier: GPL-3.0-or-later
"""Two accounts of what a guest did under KVM, as things that can be compared.

What a tracefs instance recorded (its `trace` file) and what smmtrace recorded become lanes: lists of plain tuples,
(what, ...), each with its time. A lane is what one vCPU's thread did, in its order, or what the local APIC of one
vCPU accepted from the others, so that two recordings of the same guest have equal lanes.

Only INIT, SIPI and SMI, ports 0xb2 and 0xb3 and the CPU hot-plug block count.
"""

import collections
import json
import re

MODES = {"SMI": "smi", "INIT": "init", "SIPI": "sipi"}
APM = range(0xb2, 0xb4)
CPUHP = range(0xcd8, 0xce4)

# Their arguments as the kernel prints them (include/trace/events of arch/x86/kvm/trace.h).
LINE = re.compile(r"^ *(?P<comm>.+)-(?P<tid>\d+) +\[\d+\] \S+ +(?P<time>[\d.]+): (?P<name>\w+): (?P<args>.*)$")
SMM = re.compile(r"vcpu (\d+): (entering|leaving) SMM, smbase (0x[0-9a-f]+)")
PIO = re.compile(r"pio_(read|write) at (0x[0-9a-f]+) size (\d+) count (\d+) val (0x[0-9a-f]+)")
IPI = re.compile(r"dst ([0-9a-f]+) vec (\d+) \((\w+)\|(\w+)\|([\w-]+)\|(\w+)\|([\w-]+)\)")
ACCEPT = re.compile(r"apicid ([0-9a-f]+) vec (\d+) \((\w+)\|")


class Lanes(dict):
    """{lane: [(seconds, what)]}, lane being "vcpu N" or "apic N"."""

    def add(self, lane, seconds, what):
        self.setdefault(lane, []).append((seconds, what))

    def whats(self, lane):
        return [what for _, what in self.get(lane, [])]

    def counts(self):
        return collections.Counter(what[0] for lane in self.values() for _, what in lane)


# ---- what the kernel wrote ----

def threads(text):
    """{tid: vCPU} by the replies to query-cpus-fast, or by kvm-raw's words."""
    found = {int(tid): int(cpu) for cpu, tid in re.findall(r"vcpu(\d+)\.tid (\d+)", text)}
    for line in text.splitlines():
        if not found or line.startswith("{"):
            for cpu in cpus_of(line):
                found[cpu["thread-id"]] = cpu["cpu-index"]
    return found


def cpus_of(line):
    try:
        reply = json.loads(line).get("return")
    except ValueError:
        return []
    return [cpu for cpu in reply if "thread-id" in cpu] if isinstance(reply, list) else []


def port_event(direction, port, value):
    if port in APM:
        return "port", port, direction, value
    return ("cpuhp", port - CPUHP.start, direction, value) if port in CPUHP else None


def what_of(name, args):
    """(lane or None for the thread's, what), or nothing for what does not count."""
    if name == "kvm_smm_transition":
        cpu, way, base = SMM.match(args).groups()
        return "vcpu " + cpu, ("smi-enter" if way == "entering" else "smi-leave", int(base, 16))
    if name == "kvm_pio":
        direction, port, _, _, value = PIO.match(args).groups()
        return None, port_event(direction, int(port, 16), int(value, 16))
    match = (IPI if name == "kvm_apic_ipi" else ACCEPT).match(args)
    mode = MODES.get(match and match.group(3))
    if not mode:
        return None, None
    vector = int(match.group(2)) if mode == "sipi" else None
    if name == "kvm_apic_ipi":
        return None, ("ipi", mode, vector)
    return "apic %d" % int(match.group(1), 16), ("apic-accept", mode, vector)


def of_text(path, cpu_of):
    """The lanes of an instance's `trace` file, by {tid: vCPU}; other threads' lines are left out."""
    lanes = Lanes()
    with open(path) as file:
        for match in filter(None, map(LINE.match, file)):
            cpu = cpu_of.get(int(match["tid"]))
            lane, what = what_of(match["name"], match["args"])
            if what and cpu is not None:
                lanes.add(lane or "vcpu %d" % cpu, float(match["time"]), what)
    return lanes


def losses(stats):
    """What the per-CPU `stats` say of events that did not get into the ring, or were overwritten in it."""
    return sum(int(n) for n in re.findall(r"^(?:overrun|commit overrun|dropped events): (\d+)", stats, re.M))


# ---- what smmtrace wrote ----

def fields(detail):
    return dict(word.split("=", 1) for word in (detail or "").split() if "=" in word)


def of_recording(recording):
    """The lanes of a Recording (tests/lib/guest.py)."""
    lanes = Lanes()
    for ts, cpu, kind, detail in recording.rows(
            "SELECT ts_ns, cpu, kind, detail FROM event_v WHERE source = 'kvm' AND origin = 'observed' AND kind IN"
            " ('smi-enter', 'smi-leave', 'port', 'cpuhp', 'ipi', 'apic-accept') ORDER BY ts_ns, id"):
        f = fields(detail)
        number = {name: int(value, 0) for name, value in f.items() if re.match(r"(0x)?[0-9a-f]+$", value)}
        what = {"port": lambda: (kind, number.get("port"), f.get("dir"), number.get("value")),
                "cpuhp": lambda: (kind, number.get("reg"), f.get("dir"), number.get("value")),
                "ipi": lambda: (kind, f.get("mode"), number.get("vector")),
                "apic-accept": lambda: (kind, f.get("mode"), number.get("vector"))}.get(
                    kind, lambda: (kind, number.get("smbase")))()
        lanes.add("%s %s" % ("apic" if kind == "apic-accept" else "vcpu", cpu), ts / 1e9, what)
    return lanes


# ---- both ----

def differences(expected, got):
    """Lines that say where the lanes differ; none when they are equal."""
    said = []
    for lane in sorted(set(expected) | set(got)):
        a, b = expected.whats(lane), got.whats(lane)
        at = next((n for n, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
        if a != b:
            said.append("%s: %d events, not %d; number %d is %s, not %s" %
                        (lane, len(b), len(a), at, b[at:at + 3], a[at:at + 3]))
    return said


def clock_offset(expected, got):
    """The median of the seconds by which the events of @got are later than those of @expected; lanes are equal."""
    late = sorted(y - x for lane in expected for (x, _), (y, _) in zip(expected[lane], got[lane]))
    return late[len(late) // 2]
