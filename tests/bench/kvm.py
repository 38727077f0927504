# SPDX-License-Identifier: GPL-3.0-or-later
"""What tracing a KVM guest costs: examples/kvm-raw alone, under smmtrace, perf and trace-cmd, by turns.

One vCPU writes port 0xb2 as often as it can, so that every exit makes one event (where KVM has SMM, more).
All recorders take the same tracepoints, of the one process.
"""

import collections
import contextlib
import os
import re
import select
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from guest import Failure, Skip, deadline, end, made, need, reap_all, smmtrace, spawn

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
TRACING = "/sys/kernel/tracing"
EXITS = 100000

# As in tracer/sources/kvm-point.h.
POINTS = (("kvm_smm_transition", None), ("kvm_enter_smm", None),
          ("kvm_pio", "port==0xb2||port==0xb3||(port>=0xcd8&&port<=0xce3)"),
          ("kvm_apic_ipi", "icr_low&0x600"), ("kvm_apic_accept_irq", "dm==0x200||dm==0x500||dm==0x600"))


def points():
    return [point for point in POINTS if os.path.exists("%s/events/kvm/%s" % (TRACING, point[0]))]


def cpu_seconds(pid):
    """utime + stime of a process and of its children that have ended."""
    with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def peak_mib(pid):
    with open("/proc/%d/status" % pid, encoding="ascii", errors="replace") as file:
        return int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1)) / 1024


# ---- the guest ----

class Raw:
    """kvm-raw, ready; work() lets it do its exits."""

    def __init__(self, program):
        self.process = spawn([program, "--wait", "--linger", "--vcpus", 1, "--smis", EXITS],
                             bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.pid = self.process.pid
        self.said("ready")

    def said(self, word):
        """The lines up to @word."""
        lines = []
        while not lines or lines[-1] != word:
            if not select.select([self.process.stdout], [], [], deadline(60))[0]:
                raise Failure("kvm-raw does not say %s" % word)
            line = self.process.stdout.readline()
            if not line:
                raise Skip("kvm-raw does not run here")
            lines.append(line.decode().strip())
        return lines

    def go(self):
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()

    def work(self):
        """CPU and wall seconds of the exits."""
        cpu, wall = cpu_seconds(self.pid), time.monotonic()
        self.go()
        self.said("done")
        return cpu_seconds(self.pid) - cpu, time.monotonic() - wall

    def close(self):
        self.go()
        end(self.process)


# ---- the recorders: each starts one, and returns it with what tells the number of events it has in the end ----

def await_line(process, word):
    """What it says on stderr, until it says @word."""
    said = b""
    while word not in said:
        if not select.select([process.stderr], [], [], deadline(30))[0]:
            raise Failure("no %r from %s" % (word, process.args[0]))
        line = process.stderr.readline()
        said += line
        if not line:
            raise Skip("%s: %s" % (os.path.basename(process.args[0]), said.decode(errors="replace").strip()[-200:]))


def smmtrace_records(raw, folder):
    db = os.path.join(folder, "bench.smm")
    process = spawn([os.environ["SMMTRACE"], "record", "--kvm", "-p", raw.pid, "-o", db, "--headless",
                     "--filter", "session"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, bufsize=0)
    await_line(process, b"recording")

    def counted():
        result = smmtrace("query", "--json", db, "SELECT (SELECT count(*) FROM event_v WHERE source = 'kvm') AS n,"
                          " (SELECT coalesce(sum(count), 0) FROM loss_v) AS lost")
        found = re.search(r'"n":\s*(\d+).*"lost":\s*(\d+)', result.out, re.S)
        if result.status or not found:
            raise Failure("query: " + result.err)
        return int(found.group(1)), int(found.group(2))
    return process, counted


def perf_records(raw, folder):
    need("perf")
    data, control, ack = (os.path.join(folder, name) for name in ("perf.data", "control", "ack"))
    os.mkfifo(control)
    os.mkfifo(ack)
    events = [word for name, wanted in points() for word in
              ["-e", "kvm:" + name] + (["--filter", wanted] if wanted else [])]
    keep = os.open(control, os.O_RDWR), os.open(ack, os.O_RDWR)
    process = spawn(["perf", "record", "-q", "-k", "CLOCK_MONOTONIC", "-o", data, "-p", raw.pid, "-D", "-1",
                     "--control", "fifo:%s,%s" % (control, ack), *events], stderr=subprocess.PIPE, bufsize=0)
    os.write(keep[0], b"enable\n")
    if not select.select([keep[1]], [], [], deadline(15))[0]:
        raise Skip("perf: " + (process.stderr.readline().decode(errors="replace").strip() or "no answer"))

    def counted():
        report = subprocess.run(["perf", "report", "--stats", "-i", data], capture_output=True, text=True, check=False,
                                stdin=subprocess.DEVNULL).stdout
        lost = re.search(r"LOST_SAMPLES events:\s+(\d+)", report)
        return int(re.search(r"SAMPLE events:\s+(\d+)", report).group(1)), int(lost.group(1)) if lost else 0
    return process, counted


def trace_cmd_records(raw, folder):
    need("trace-cmd")
    name, data = "bench.%d" % os.getpid(), os.path.join(folder, "trace.dat")
    events = [word for point, wanted in points() for word in
              ["-e", "kvm:" + point] + (["-f", wanted] if wanted else [])]
    process = spawn(["trace-cmd", "record", "-q", "-B", name, "-C", "mono", "-o", data, *events, "-P", raw.pid],
                    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, bufsize=0)
    switch, until = "%s/instances/%s/tracing_on" % (TRACING, name), time.monotonic() + deadline(15)
    while True:
        if process.poll() is not None:
            with contextlib.suppress(OSError):
                os.rmdir(os.path.dirname(switch))
            raise Skip("trace-cmd: " + process.stderr.read().decode(errors="replace").strip()[-120:])
        with contextlib.suppress(OSError), open(switch) as file:
            if file.read().strip() == "1":
                break
        if time.monotonic() > until:
            raise Skip("trace-cmd does not begin")
        time.sleep(0.02)

    def counted():
        report = subprocess.run(["trace-cmd", "report", "-i", data], capture_output=True, text=True, check=False,
                                stdin=subprocess.DEVNULL).stdout
        return len(re.findall(r": kvm_\w+:", report)), sum(map(int, re.findall(r"(\d+) EVENTS DROPPED", report)))
    return process, counted


# ---- one run each ----

CONTESTANTS = {"untraced": None, "smmtrace": smmtrace_records, "perf record": perf_records,
               "trace-cmd record": trace_cmd_records}


def run(program, recorder):
    with tempfile.TemporaryDirectory(prefix="kvm-bench.") as folder:
        raw = Raw(program)
        process, counted = recorder(raw, folder) if recorder else (None, None)
        before = cpu_seconds(process.pid) if process else 0
        cpu, wall = raw.work()
        figures = {"cpu": cpu, "wall": wall}
        if process:
            time.sleep(0.5)  # its own pace of writing
            figures["own"] = cpu_seconds(process.pid) - before
            figures["peak"] = peak_mib(process.pid)
            end(process, signal.SIGINT, 60)
        raw.close()
        if process:
            figures["events"], figures["lost"] = counted()
        return figures


def interleaved(program, runs):
    results, missing = collections.defaultdict(list), {}
    for number in range(runs):
        for name, recorder in CONTESTANTS.items():
            if name in missing:
                continue
            print("kvm, run %d of %d: %s" % (number + 1, runs, name), file=sys.stderr, flush=True)
            try:
                results[name].append(run(program, recorder))
            except Skip as why:
                missing[name] = str(why).splitlines()[-1] if str(why) else "left out"
            finally:
                reap_all()
    return results, missing


def lines(table, build, runs):
    """Put the figures into @table."""
    folder = os.path.join(build, ".obj", "examples", "kvm-raw")
    made("make", "-s", "-C", os.path.join(ROOT, "examples", "kvm-raw"), "O=" + folder)
    results, missing = interleaved(os.path.join(folder, "kvm-raw"), runs)
    table.head("A KVM guest by tracepoints: %d exits, each a write to port 0xb2" % EXITS)
    if "untraced" in missing:
        table.row("KVM", "-", "not measured: " + missing["untraced"])
        return
    base = [figures["cpu"] for figures in results["untraced"]]
    table.row("untraced", "%.2f us" % (statistics.median(base) * 1e6 / EXITS), "CPU time of an exit; " +
              "each run: " + " ".join("%.2f" % (cpu * 1e6 / EXITS) for cpu in base))
    for name in list(CONTESTANTS)[1:]:
        if name in missing:
            table.row(name, "-", "not measured: " + missing[name])
            continue
        one(table, name, results[name], base)


def one(table, name, runs, base):
    def middle(key):
        return statistics.median(figures[key] for figures in runs)
    ratios = [figures["cpu"] / alone for figures, alone in zip(runs, base)]
    table.row(name, "%.2f us" % (middle("cpu") * 1e6 / EXITS),
              "of the guest's own; each run: " + " ".join("%.2f" % (f["cpu"] * 1e6 / EXITS) for f in runs))
    table.row("  / untraced", "%.2f" % statistics.median(ratios),
              "each run: " + " ".join("%.2f" % ratio for ratio in ratios))
    table.row("  its own CPU time", "%.2f us" % (middle("own") * 1e6 / EXITS), "an exit, until 0.5 s behind the last")
    table.row("  events a second", "%.0f" % statistics.median(f["events"] / f["wall"] for f in runs),
              "%.0f recorded, %.0f lost" % (middle("events"), middle("lost")))
    table.row("  peak memory", "%.1f MiB" % middle("peak"), "VmHWM")
