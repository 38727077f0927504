#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 3600
"""Attach to a guest that runs, watch it, go away in every way there is: the guest must not notice.

Two guests take turns. One logs through our pipe. The other writes a log of its own, with every packet that
its gdbstub received in it, so that afterwards a second debugger can ask for each breakpoint that was ever
set and be told that there is none.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from guest import *

APM_CNT = 0xb2


# --- a second debugger --------------------------------------------------------------------------------------

class Debugger:
    """As little of a debugger as there can be: it stops the guest, asks, and lets it go."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(deadline(10))
        self.socket.connect(path)
        self.data = b""

    def ask(self, packet):
        self.socket.sendall(b"$%s#%02x" % (packet.encode(), sum(packet.encode()) & 0xff))
        while True:
            reply = self._packet()
            if not reply.startswith("T02") or packet == "?":
                return reply

    def _packet(self):
        while not (match := re.search(rb"\$([^#]*)#..", self.data)):
            chunk = self.socket.recv(4096)
            true(chunk, "the gdbstub closed the connection")
            self.data += chunk
        self.data = self.data[match.end():]
        self.socket.sendall(b"+")
        return match.group(1).decode("latin-1")

    def detach(self):
        equal(self.ask("D;1"), "OK", "answer to D")
        self.socket.close()


def points_set(g):
    """Every breakpoint and watchpoint that QEMU's log says somebody asked for: {"0,38000,1"}."""
    with open(g.path("qemu.log"), errors="replace") as file:
        return set(re.findall(r"gdbstub_io_command.*Received: Z([0-4],[0-9a-f]+,[0-9a-f]+)", file.read()))


def no_point_is_left(g):
    asked = points_set(g)
    true("0,38000,1" in asked, "a breakpoint at the default SMBASE's entry was among %s" % sorted(asked))
    other = Debugger(g.path("gdb.sock"))
    left = [point for point in sorted(asked) if other.ask("z" + point) != "E22"]
    other.detach()
    equal(left, [], "points still in the guest, of %d" % len(asked))
    print("  none of %d points is left" % len(asked))


# --- helpers ------------------------------------------------------------------------------------------------

def cpus(g):
    return int(str(g.smp).split(",", maxsplit=1)[0])


def raise_smis(g, count, tracer=None):
    """Write 0xb2 from outside, @count times; with @tracer wait each time until it told of every RSM."""
    for _ in range(count):
        before = tracer.out.text.count("smi-leave") if tracer else 0
        g.qmp.hmp("o /b 0xb2 0")
        if tracer:
            until(lambda: tracer.out.text.count("smi-leave") >= before + cpus(g), 10,
                  "every CPU's RSM on stdout; it said %r, %r; the guest %s" % (
                      tracer.out.text[-600:], tracer.err.text[-300:], "runs" if g.running() else "stands"))


def attach(g, *options, **popen):
    """A tracer that records: (tracer, path of the recording)."""
    attach.count = getattr(attach, "count", 0) + 1
    path = g.path("attach%d.smm" % attach.count)
    tracer = Tracer("attach", g.target, "-o", path, "--headless", *options,
                    env={"XDG_RUNTIME_DIR": g.dir}, **popen)
    tracer.await_err("recording", 30)
    return tracer, path


def guest_goes_on(g):
    """It runs, takes SMIs without stopping at what is left of us, and its shell answers."""
    true(g.running(), "the guest runs")
    raise_smis(g, 3)
    g.shell_echo("alive")
    true(g.running(), "the guest runs after SMIs")
    for cpu in range(cpus(g)):
        until(lambda c=cpu: not g.registers(c)["smm"], 20, "CPU %d outside SMM" % cpu)


def nothing_is_left(g):
    """No process, no pipe, QEMU's log given back."""
    until(lambda: not guards(g), 20, "the end of the guard process")
    equal(glob.glob(g.path("smmtrace-*")), [], "folders of the log pipe")
    until(lambda: not our_logs(g), 10, "QEMU letting go of our log")
    if not g.log:
        for event in ("apm_io_write", "apic_mem_writel"):
            true("state 0" in g.qmp.hmp("info trace-events " + event), "%s is switched off again" % event)


def our_logs(g):
    """Descriptors that QEMU has open on a pipe of ours; it closes one a moment after its log is another."""
    found = []
    for link in glob.glob("/proc/%d/fd/*" % g.pid):
        with contextlib.suppress(OSError):
            found.append(os.readlink(link))
    return [name for name in found if re.search("/smmtrace-[0-9a-f]{16}/log", name)]


def tidy_up(g):
    """What stays when both are killed: the pipe's folder, and trace events that look like the user's."""
    for folder in glob.glob(g.path("smmtrace-*")):
        shutil.rmtree(folder)
    if not g.log:
        for event in INDEPENDENT_EVENTS:
            g.qmp.hmp("trace-event %s off" % event)


def guards(g):
    """Guard processes whose environment is that of a tracer of this guest."""
    found, mark = [], os.fsencode("XDG_RUNTIME_DIR=" + g.dir)
    for path in glob.glob("/proc/[0-9]*/comm"):
        with contextlib.suppress(OSError):
            with open(path) as comm, open(path[:-4] + "environ", "rb") as environ:
                if comm.read() == "smmtrace-guard\n" and mark in environ.read():
                    found.append(int(path.split("/")[2]))
    return found


def is_clean(path):
    with Recording(path) as r:
        equal(r.meta("closed"), "1", "meta closed")
        equal(r.integrity(), "ok", "integrity_check")
    true(not os.path.exists(path + "-wal"), "one plain file")


def one_line(text, what):
    equal(len(text.splitlines()), 1, "lines on stderr about %s: %r" % (what, text))
    true(text.startswith("smmtrace: "), "it names the program: %r" % text)


# --- tests --------------------------------------------------------------------------------------------------

def late_attach_finds_the_smbases(g):
    tracer, path = attach(g)
    with Recording(path) as r:
        found = dict(until(lambda: r.rows("SELECT cpu, smbase FROM cpu_v WHERE smbase IS NOT NULL"), 10,
                           "the SMBASEs in cpu_v"))
    raise_smis(g, 3, tracer)
    equal(tracer.stop(), 130, "exit status")
    is_clean(path)
    with Recording(path) as r:
        proven = dict(r.rows("SELECT DISTINCT cpu, smbase FROM smi_v"))
        equal(sorted(proven), list(range(cpus(g))), "CPUs that took the SMIs")
        for cpu, smbase in found.items():
            equal(smbase, proven[cpu], "SMBASE found for CPU %d, and the one it entered with" % cpu)
        equal(dict(r.rows("SELECT cpu, smbase FROM cpu_v")), proven, "cpu_v at the end")
        equal(set(r.smis().values()), {(3, 3)}, "SMIs and RSMs of each CPU")
        equal(r.one("SELECT count(*) FROM event_v WHERE kind = 'smbase-found'"), cpus(g),
              "smbase-found events")
        equal([row for row in r.ports() if row[0] == APM_CNT], [(APM_CNT, 0)] * 3, "writes to 0xb2")
        equal(r.rows("SELECT * FROM smbase_v"), [], "relocations")
    g.truth = proven
    guest_goes_on(g)
    nothing_is_left(g)


def ends_by_signal(g, sig):
    tracer, path = attach(g)
    raise_smis(g, 4, tracer)
    said = len(tracer.err.text)
    equal(tracer.stop(sig), 128 + sig, "exit status")
    equal(tracer.err.text[said:], "", "words at a clean end")
    is_clean(path)
    with Recording(path) as r:
        equal(set(r.smis().values()), {(4, 4)}, "SMIs and RSMs of each CPU")
    true(g.running(), "QEMU says that the guest runs")
    if g.log:
        no_point_is_left(g)
    guest_goes_on(g)
    nothing_is_left(g)


def ctrl_c(g):
    ends_by_signal(g, signal.SIGINT)


def sigterm(g):
    ends_by_signal(g, signal.SIGTERM)


def sighup(g):
    ends_by_signal(g, signal.SIGHUP)


def ends_by_itself(g):
    tracer, path = attach(g, "--for", "300ms")
    equal(tracer.wait(), 0, "exit status of --for")
    is_clean(path)
    tracer, path = attach(g, "--until", "smi-leave")
    raise_smis(g, 1)
    equal(tracer.wait(), 0, "exit status of --until")
    is_clean(path)
    with Recording(path) as r:
        true(r.events("smi-leave") >= 1, "the event that ended it is recorded")
    guest_goes_on(g)
    nothing_is_left(g)


def kill_9(g):
    """All but the last quarter second is there (asked: the last half, for a machine with other work)."""
    tracer, path = attach(g)
    told = []
    begin = time.monotonic()
    while time.monotonic() < begin + 1.5 or len(told) < 5:
        raise_smis(g, 1, tracer)
        told.append(time.monotonic())
    killed = time.monotonic()
    tracer.process.kill()
    equal(tracer.wait(), -signal.SIGKILL, "exit status")
    old = sum(1 for when in told if when < killed - 0.5)
    with Recording(path) as r:
        equal(r.meta("closed"), "0", "meta closed")
        equal(r.integrity(), "ok", "integrity_check")
        kept = r.smis()
        for cpu in range(cpus(g)):
            true(old <= kept[cpu][1] <= len(told),
                 "CPU %d: %s of %d SMIs, %d of them old enough" % (cpu, kept[cpu], len(told), old))
        print("  %d SMIs, %d older than half a second, %s kept" % (len(told), old, kept))
    result = smmtrace("report", path)
    equal(result.status, 0, "exit status of report")
    true("NOT CLOSED" in result.out, "the report says that it was not closed")
    nothing_is_left(g)
    true(g.running(), "the guest runs")
    if g.log:
        no_point_is_left(g)
    guest_goes_on(g)


def kill_9_within_smm(g):
    """Killed while the guest stands at a stop of ours or a CPU is in SMM: the guard sets both free."""
    for _ in range(5):
        tracer, _path = attach(g)
        raise_smis(g, 1)
        tracer.process.kill()
        tracer.wait()
        nothing_is_left(g)
        guest_goes_on(g)


def tracer_and_guard_killed(g):
    tracer, _path = attach(g)
    raise_smis(g, 2, tracer)
    guard = guards(g)
    equal(len(guard), 1, "guard processes")
    os.kill(guard[0], signal.SIGKILL)
    tracer.process.kill()
    tracer.wait()
    until(lambda: not guards(g), 10, "the end of the guard")
    g.qmp.hmp("o /b 0xb2 0")
    until(lambda: not g.running(), 10, "the stop at a breakpoint that nobody serves")
    tracer, path = attach(g)
    true("left behind" in tracer.err.text, "it says what it found: " + tracer.err.text)
    until(g.running, 10, "the guest running again")
    raise_smis(g, 2, tracer)
    equal(tracer.stop(), 130, "exit status")
    is_clean(path)
    tidy_up(g)
    if g.log:
        no_point_is_left(g)
    guest_goes_on(g)


def tracer_and_guard_killed_guest_running(g):
    """The same, but no SMI came in between: the next attach meets a running guest with old breakpoints."""
    tracer, _path = attach(g)
    raise_smis(g, 2, tracer)
    os.kill(guards(g)[0], signal.SIGKILL)
    tracer.process.kill()
    tracer.wait()
    until(lambda: not guards(g), 10, "the end of the guard")
    tracer, path = attach(g)
    raise_smis(g, 2, tracer)
    equal(tracer.stop(), 130, "exit status")
    with Recording(path) as r:
        equal(set(r.smis().values()), {(2, 2)}, "SMIs and RSMs of each CPU")
    tidy_up(g)
    if g.log:
        no_point_is_left(g)
    guest_goes_on(g)


def full_disk(g):
    """The recording lies on a file system of 400 KB, which SMIs fill."""
    if os.geteuid():
        raise Skip("a small file system can only be mounted by root")
    need("unshare", "mount")
    disk = g.path("disk")
    os.makedirs(disk, exist_ok=True)
    if subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", disk], check=False,
                      stderr=subprocess.DEVNULL).returncode:
        raise Skip("this host does not let root mount a tmpfs")
    tracer = on_small_disk(disk, "size=400k", "attach", g.target, "-o", os.path.join(disk, "db.smm"),
                           "--headless", "--all", env={"XDG_RUNTIME_DIR": g.dir})
    tracer.await_err("recording", 30)
    said = len(tracer.err.text)
    end_time = time.monotonic() + deadline(60)
    while tracer.process.poll() is None and time.monotonic() < end_time:
        g.qmp.hmp("o /b 0xb2 0")
    equal(tracer.wait(), 6, "exit status")
    one_line(tracer.err.text[said:], "the full disk")
    print("  " + tracer.err.text[said:].strip())
    if g.log:
        no_point_is_left(g)
    guest_goes_on(g)
    nothing_is_left(g)


def on_small_disk(folder, options, *args, env):
    """A Tracer for which @folder is a small file system of its own."""
    script = 'mount -t tmpfs -o "$1" none "$2" && shift 2 && exec "$@"'
    tracer = object.__new__(Tracer)
    tracer.process = spawn(["unshare", "-m", "sh", "-c", script, "sh", options, folder, SMMTRACE, *args],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ, **env))
    tracer.out, tracer.err = Stream("stdout"), Stream("stderr")
    tracer.out.feed_from(tracer.process.stdout.fileno())
    tracer.err.feed_from(tracer.process.stderr.fileno())
    return tracer


def state_of(pid):
    with open("/proc/%d/stat" % pid) as file:
        return file.read().rpartition(")")[2].split()[0]


def ctrl_z(g):
    """A sleeping tracer holds nothing; a log pipe that nobody reads would freeze the guest."""
    tracer, path = attach(g)
    raise_smis(g, 2, tracer)
    for _ in range(2):
        tracer.send(signal.SIGTSTP)
        until(lambda: state_of(tracer.pid) == "T", 20, "the tracer asleep")
        true(g.running(), "the guest runs")
        raise_smis(g, 50)
        g.shell_echo("awake")
        true(g.running(), "the guest runs after SMIs")
        await_rest(g)
        tracer.send(signal.SIGCONT)
        until(lambda: state_of(tracer.pid) != "T", 10, "the tracer awake")
        await_going_on(path)
        raise_smis(g, 3, tracer)
    equal(tracer.stop(), 130, "exit status")
    is_clean(path)
    with Recording(path) as r:
        equal(set(r.smis().values()), {(8, 8)}, "SMIs and RSMs of each CPU, without the sleep's")
        blind = [row for row in r.rows("SELECT start_ns, end_ns FROM blind_v WHERE reason = 'suspend'")]
        true(len(blind) >= 2, "blind intervals: %s" % r.rows("SELECT * FROM blind_v"))
        for begin, finish_ns in blind:
            equal(r.one("SELECT count(*) FROM smi_v WHERE enter_ns BETWEEN ? AND ?", begin, finish_ns), 0,
                  "SMIs recorded while blind")
        words = [d for d, in r.rows("SELECT detail FROM event_v WHERE kind = 'session' ORDER BY id")]
        equal(words.count("what=suspend"), 2, "session events: %s" % words)
        equal(words.count("what=resume"), 2, "session events: %s" % words)
    if g.log:
        no_point_is_left(g)
    guest_goes_on(g)
    nothing_is_left(g)


def await_rest(g):
    """The shell keeps its variables by SMIs, also behind what it printed: they would be counted among ours."""
    def at_rest():
        seen = [g.registers(cpu) for cpu in range(cpus(g))]
        return all(cpu["halted"] and not cpu["smm"] for cpu in seen)

    def for_a_while():
        for _ in range(20):
            if not at_rest():
                return False
            time.sleep(0.05)
        return True
    until(for_a_while, 30, "all CPUs at rest")


def await_going_on(path):
    """Wait until as many attachments as resumes are recorded: then the guest is watched again."""
    with Recording(path) as r:
        def attached():
            words = [d for d, in r.rows("SELECT detail FROM event_v WHERE kind = 'session'")]
            blind = r.one("SELECT count(*) FROM blind_v WHERE reason = 'suspend'")
            return blind == words.count("what=suspend")
        until(attached, 20, "recording goes on")


def found_paused(g):
    """A guest that its user has stopped stays stopped, all the time."""
    g.qmp.call("stop")
    tracer, path = attach(g)
    true("paused" in tracer.err.text, "it says so: " + tracer.err.text)
    true(not g.running(), "still stopped while we are attached")
    equal(tracer.stop(), 130, "exit status")
    is_clean(path)
    equal(g.qmp.call("query-status")["status"], "paused", "status afterwards")
    g.qmp.call("cont")
    guest_goes_on(g)
    nothing_is_left(g)


def paused_and_continued_meanwhile(g):
    """Somebody stops and continues the guest while it is recorded; SMIs afterwards are recorded."""
    tracer, path = attach(g)
    raise_smis(g, 1, tracer)
    g.qmp.call("stop")
    tracer.await_err("paused", 20)
    true(not g.running(), "the guest stays stopped")
    g.qmp.call("cont")
    raise_smis(g, 2, tracer)
    equal(tracer.stop(), 130, "exit status")
    is_clean(path)
    with Recording(path) as r:
        equal(set(r.smis().values()), {(3, 3)}, "SMIs and RSMs of each CPU")
    guest_goes_on(g)
    nothing_is_left(g)


def guest_resets(g):
    """system_reset in the middle: relocated anew, and recorded so."""
    tracer, path = attach(g)
    raise_smis(g, 1, tracer)
    since = len(g.serial.text)
    g.qmp.call("system_reset")
    behind = g.await_serial(SHELL_COUNTDOWN, 120, since)
    g.type("\x1b")
    g.await_serial(SHELL_PROMPT, 60, behind)
    equal(tracer.stop(), 130, "exit status")
    is_clean(path)
    with Recording(path) as r:
        equal([cpu for cpu, _, _ in r.relocations()], list(range(1, cpus(g))) + [0],
              "relocations after the reset")
        smis = r.smis()
        equal(len({entered for entered, _ in smis.values()}), 1, "SMIs of each CPU: %s" % smis)
        inside = r.one("SELECT count(*) FROM smi_v WHERE leave_ns IS NULL AND enter_ns >= (SELECT max(ts_ns)"
                       " FROM port_v WHERE port = 178 AND dir = 'write')")
        equal(sum(entered - left for entered, left in smis.values()), inside,
              "RSMs that are missing, but for the SMI that we left in the middle of: %s" % smis)
        true(smis[0][0] > 300, "a boot's SMIs: %s" % smis)
    guest_goes_on(g)
    nothing_is_left(g)


def qemu_killed(g):
    tracer, path = attach(g)
    raise_smis(g, 3, tracer)
    said = len(tracer.err.text)
    g.kill()
    equal(tracer.wait(), 3, "exit status")
    one_line(tracer.err.text[said:], "QEMU's death")
    print("  " + tracer.err.text[said:].strip())
    is_clean(path)
    with Recording(path) as r:
        equal(set(r.smis().values()), {(3, 3)}, "SMIs and RSMs of each CPU")
    until(lambda: not guards(g), 20, "the end of the guard process")
    equal(glob.glob(g.path("smmtrace-*")), [], "folders of the log pipe")


def not_started_yet():
    """-S: attach lets it run; after Ctrl-C it is stopped, as it was found."""
    with Guest("seabios", smp=2, gdb=True, stopped=True) as g:
        g.start()
        equal(g.qmp.call("query-status")["status"], "prelaunch", "status before")
        tracer, path = attach(g)
        g.await_serial(SEABIOS_END, 60)
        until(g.running, 20, "the guest running while we are attached")
        equal(tracer.stop(), 130, "exit status")
        is_clean(path)
        true(not g.running(), "it is stopped afterwards")
        nothing_is_left(g)
        g.qmp.call("cont")
        true(g.running(), "and runs when it is continued")


def own_log():
    """A guest that logs to a file of its user's, with what its gdbstub hears in it."""
    g = Guest(smp=2, gdb=True, log=True, timestamps=True, args=["-trace", "gdbstub_io_command"]).start()
    g.to_shell(120)
    return g


def our_pipe():
    g = Guest(smp=2, gdb=True, timestamps=True).start()
    g.to_shell(120)
    return g


def named(prefix, function):
    """The same test for another guest."""
    def test(g):
        function(g)
    test.__name__ = prefix + function.__name__
    return test


run_tests(
    shared(own_log, *(named("log file: ", test) for test in (
        ctrl_c, late_attach_finds_the_smbases, sigterm, kill_9, tracer_and_guard_killed,
        tracer_and_guard_killed_guest_running, full_disk, ctrl_z))),
    shared(our_pipe, *(named("pipe: ", test) for test in (
        late_attach_finds_the_smbases, ctrl_c, sighup, ends_by_itself, kill_9, kill_9_within_smm, full_disk,
        ctrl_z, found_paused, paused_and_continued_meanwhile, tracer_and_guard_killed,
        guest_resets, qemu_killed))),
    not_started_yet)
