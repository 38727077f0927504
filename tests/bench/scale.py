# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of tests/bench/run about big recordings: the timeline on a file of ten million events (BENCH_EVENTS),
beside plain sqlite3 asked for the same, and beside trace-cmd and KernelShark on as many kernel events."""

import os
import re
import resource
import shutil
import signal
import statistics
import subprocess
import tempfile
import time

import keys

HERE = os.path.dirname(os.path.abspath(__file__))
COLUMNS = 118
FOLLOW_SECONDS = 30
FOLLOW_KEYS = "0LHLjkG+++++----- bg]v0"
QUIET = 2.5  # KernelShark has loaded its file when it has not worked for so long
# What a key makes the timeline find out, as one would ask the file without it.
QUESTIONS = (
    ("fit: SMIs and time in SMM by column", "fit",
     "SELECT cpu, (enter_ns - f) / ((l - f) / %d + 1), count(*), sum(leave_ns - enter_ns) FROM smi,"
     " (SELECT min(ts_ns) AS f, max(ts_ns) AS l FROM event) GROUP BY 1, 2" % COLUMNS),
    ("end: the last 40 events", "end", "SELECT * FROM event_v ORDER BY id DESC LIMIT 40"),
    ("next event of a CPU with few", "search a rare cpu",
     "SELECT * FROM event_v WHERE cpu = 4 ORDER BY id LIMIT 1"),
    ("next of a kind with few", "search a rare kind",
     "SELECT * FROM event_v WHERE kind = 'smbase-write' ORDER BY id LIMIT 1"),
)


def seconds(argv):
    """The CPU time of a program and its children, which other programs lengthen less than its time by the clock."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, timeout=600)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def view(program, path):
    """What keys.py measures: {step: [(wall, CPU)]}, worst CPU, worst wall, MiB."""
    out = subprocess.run([os.path.join(HERE, "keys.py"), program, path], capture_output=True, text=True, check=True,
                         stdin=subprocess.DEVNULL, timeout=600).stdout
    steps = {}
    for name, wall, cpu in re.findall(r"^(.+?) +([\d.]+) ms +([\d.]+) ms CPU$", out, re.M):
        steps.setdefault(name, []).append((float(wall), float(cpu)))
    return steps, float(re.search(r"peak memory ([\d.]+)", out).group(1))


def follow(program, path, recorder):
    """Look on while @recorder writes: {"open", "idle": share of a CPU, "keys": [(wall, CPU)], "mib"}."""
    watched = keys.View(program, path)
    wall, _ = watched.settle(watched.began, 0, first=True)
    ran, since = watched.cpu(), time.monotonic()
    while time.monotonic() - since < FOLLOW_SECONDS / 4:
        watched.drain()
        time.sleep(0.01)
    found = {"open": wall, "idle": (watched.cpu() - ran) / (time.monotonic() - since), "keys": []}
    for key in FOLLOW_KEYS * 3:
        if recorder.poll() is not None:
            break
        found["keys"].append(watched.press(key, True))
        watched.drain()
    found["mib"] = watched.peak()
    watched.close()
    return found


def record_and_follow(bench, program, path, events):
    """(CPU seconds to write @events, what follow() found, (held up alone, held up watched)) in ms."""
    with subprocess.Popen([os.path.join(bench, "generate"), path, str(events), str(FOLLOW_SECONDS)],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as recorder:
        recorder.stdout.readline()
        took = proc(recorder.pid)[0]
        alone = recorder.stdout.readline()
        found = follow(program, path, recorder)
        watched = recorder.stdout.readline()
    held = [float(re.search(r"for ([\d.]+) ms", line).group(1)) for line in (alone, watched)]
    return took, found, held


def proc(pid):
    """CPU seconds and resident MiB of a process."""
    with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return ((int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"),
            int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20))


def kernelshark(path, home):
    """CPU seconds until it has loaded the file, and MiB then. It must not be root, which it would ask about."""
    os.chmod(os.path.dirname(path), 0o755)
    os.mkdir(home, 0o700)
    argv = ["kernelshark", "-i", path]
    if os.getuid() == 0:
        os.chown(home, 65534, 65534)
        argv = ["setpriv", "--reuid=65534", "--clear-groups"] + argv
    env = dict(os.environ, QT_QPA_PLATFORM="offscreen", XDG_RUNTIME_DIR=home, HOME=home)
    process = subprocess.Popen(argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    cpu, mib, since, end = 0.0, 0.0, time.monotonic(), time.monotonic() + 180
    while process.poll() is None and time.monotonic() < end and time.monotonic() - since < QUIET:
        now, mib = proc(process.pid)
        if now > cpu + 0.02:
            cpu, since = now, time.monotonic()
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return cpu, mib


def follow_lines(table, found, held, goal):
    pressed = found["keys"]
    worst = max(cpu for _, cpu in pressed)
    table.row("followed while recorded: a key", "%.0f ms CPU" % (statistics.median(cpu for _, cpu in pressed) * 1e3),
              "median of %d; by the clock %.0f ms" % (len(pressed), statistics.median(wall for wall, _ in pressed) * 1e3))
    table.row("  the worst key", "%.0f ms CPU" % (worst * 1e3), goal(worst <= 0.05, "50 ms"))
    table.row("  when nobody types", "%.0f %% of a CPU" % (found["idle"] * 100), goal(found["idle"] <= 0.2, "a fifth"))
    table.row("  peak memory", "%.1f MiB" % found["mib"], goal(found["mib"] <= 100, "100 MiB"))
    table.row("  the writer was held up at most", "%.0f ms" % held[1], "without anybody looking on %.0f ms" % held[0])


def tracecmd_lines(table, folder, bench, events, opened, mib):
    path = os.path.join(folder, "trace.dat")
    made = subprocess.run([os.path.join(HERE, "make-trace"), os.path.join(bench, "getppid"), str(events), path],
                          check=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          text=True, timeout=300)
    if made.returncode:
        table.row("trace-cmd, KernelShark", "-", "left out: %s" % (made.stderr.strip() or "no trace could be made"))
        return
    first = seconds(["sh", "-c", "trace-cmd report \"$1\" | head -40", "-", path])
    whole = seconds(["trace-cmd", "report", path])
    table.row("trace-cmd report: first 40 lines", "%.0f ms CPU" % (first * 1e3), "%.1f times opening" % (first * 1e3 / opened))
    table.row("  all, which it takes to get to the end", "%.1f s CPU" % whole)
    if not shutil.which("kernelshark"):
        table.row("KernelShark", "-", "left out: not installed")
    else:
        cpu, peak = kernelshark(path, os.path.join(folder, "home"))
        table.row("KernelShark: open", "%.0f ms CPU" % (cpu * 1e3), "%.0f times; %.0f MiB, %.0f times"
                  % (cpu * 1e3 / opened, peak, peak / mib))


def lines(table, build, goal, events):
    bench = os.path.join(build, ".obj/tests/bench")
    with tempfile.TemporaryDirectory(prefix="smmtrace-bench.") as folder:
        path = os.path.join(folder, "big.db")
        program = os.path.join(build, "smmtrace")
        took, followed, held = record_and_follow(bench, program, path, events)
        table.head("The timeline at %d events, 132x43 (CPU time: what it takes on a machine that is idle)" % events)
        table.row("written by the recorder's writer", "%.0f events a second of CPU" % (events / took),
                  "%.0f MiB" % (os.path.getsize(path) / (1 << 20)))
        steps, mib = view(program, path)
        opened = steps["open"][0][1]
        pressed = [(cpu, name) for name, runs in steps.items() if name != "open" for _, cpu in runs]
        worst = max(pressed)
        table.row("open", "%.0f ms CPU" % opened, goal(opened <= 300, "300 ms") + "; %.0f ms by the clock" % steps["open"][0][0])
        table.row("a key: median of %d" % len(pressed), "%.0f ms CPU" % statistics.median(cpu for cpu, _ in pressed),
                  "by the clock %.0f ms" % statistics.median(wall for runs in steps.values() for wall, _ in runs))
        table.row("the worst key", "%.0f ms CPU" % worst[0], goal(worst[0] <= 50, "50 ms") + "; " + worst[1])
        table.row("peak memory", "%.1f MiB" % mib, goal(mib <= 100, "100 MiB"))
        for label, step, sql in QUESTIONS:
            plain = seconds(["sqlite3", "-readonly", path, sql]) * 1e3
            key = max(cpu for _, cpu in steps[step])
            table.row("sqlite3, " + label, "%.0f ms CPU" % plain, "%.1f times the key's %.0f ms" % (plain / key, key))
        follow_lines(table, followed, held, goal)
        tracecmd_lines(table, folder, bench, events, opened, mib)
