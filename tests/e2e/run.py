#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 1200
"""`smmtrace run`: QEMU's exit status passes through, lines that cannot work are refused, nothing is left."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from guest import *

# "+1.234567 cpu0 smi-enter smbase=0x30000 ..."; the CPU is cpu? where it is not known.
EVENT_LINE = re.compile(r"^\+\d+\.\d{6} cpu(\d+|\?) [a-z-]+( [a-z0-9_]+=\S+)*( \(inferred\))?( ?.*)?$")


@contextlib.contextmanager
def nothing_left_behind():
    """A private TMPDIR and working folder for the program; both are empty but for recordings afterwards."""
    folder, work = tempfile.mkdtemp(), tempfile.mkdtemp()
    yield {"TMPDIR": folder, "XDG_RUNTIME_DIR": folder}, work
    equal(os.listdir(folder), [], "files left in TMPDIR")
    equal([name for name in os.listdir(work) if not name.endswith(".smm")], [],
          "files left beside the recording")
    until(lambda: not processes_with(folder), 20, "the end of every process that was started")


def processes_with(folder):
    found = []
    for path in glob.glob("/proc/[0-9]*/environ"):
        with contextlib.suppress(OSError), open(path, "rb") as environ:
            if os.fsencode("TMPDIR=" + folder) in environ.read():
                found.append(path.split("/")[2])
    return found


def tiny(*args):
    """A QEMU with SeaBIOS and nothing to boot."""
    return [QEMU, "-nodefaults", "-no-user-config", "-display", "none", "-machine", "q35,smm=on,accel=tcg",
            "-m", "64", *args]


def a_bad_option_of_qemu():
    need(QEMU)
    with nothing_left_behind() as (env, work):
        for bad in (["-no-such-option"], ["-machine", "no-such-machine"],
                    ["-drive", "file=/nonexistent/disk"]):
            own = subprocess.run([QEMU, *bad], stdin=subprocess.DEVNULL, capture_output=True, check=False)
            result = smmtrace("run", "--headless", "--", QEMU, *bad, env=env, cwd=work)
            equal(result.status, own.returncode, "exit status for %s; stderr: %s" % (bad, result.err))
            true(own.stderr.decode().split(":")[-1].strip() in result.err, "QEMU's words: " + result.err)
            equal(result.out, "", "stdout")
        equal(os.listdir(work), [], "a recording of a guest that never was")


def a_qemu_that_does_not_exist():
    with nothing_left_behind() as (env, work):
        result = smmtrace("run", "--headless", "--", "qemu-system-nothing", env=env, cwd=work)
        true(result.status in (3, 126, 127), "exit status %d" % result.status)
        true("qemu-system-nothing" in result.err, "it is named: " + result.err)
        result = smmtrace("run", "--headless", "--", "/bin/true", env=env, cwd=work)
        equal(result.status != 130, True, "exit status %d" % result.status)
        true(result.err.startswith("smmtrace: "), "words about a program that is no QEMU: " + result.err)


def lines_that_are_refused():
    with nothing_left_behind() as (env, work):
        for claim in (["-s"], ["-S"], ["--S"], ["-gdb", "tcp::1234"], ["--gdb", "tcp::1"], ["-daemonize"]):
            result = smmtrace("run", "--headless", "--", *tiny(*claim), env=env, cwd=work)
            equal((result.status, len(result.err.splitlines()), result.out), (2, 1, ""),
                  "answer to %s: %r" % (claim, result.err))
            true(claim[0] in result.err, "the line names the option: " + result.err)
        for words in ([], ["--"], ["qemu-system-x86_64"], ["--until", "nonsense", "--", *tiny()],
                      ["--for", "soon", "--", *tiny()]):
            result = smmtrace("run", *words, env=env, cwd=work)
            equal((result.status, result.out), (2, ""), "answer to %s: %r" % (words, result.err))
        equal(os.listdir(work), [], "recordings of what never ran")


def status_of_the_guest():
    """isa-debug-exit: the guest's byte N makes QEMU end with 2N+1; here the byte comes over the monitor."""
    with nothing_left_behind() as (env, _work), \
            Guest("seabios", smp=1, args=["-device", "isa-debug-exit,iobase=0xf4,iosize=1"]) as g:
        tracer = g.start_under("-o", g.path("db.smm"), "--headless", env=env)
        g.await_serial(SEABIOS_END, 60)
        with contextlib.suppress(Failure):
            g.qmp.hmp("o /b 0xf4 0x15")
        equal(tracer.wait(30), 0x15 * 2 + 1, "exit status; stderr: " + tracer.err.text[-300:])
        is_closed(g.path("db.smm"))


def qemu_is_killed():
    with nothing_left_behind() as (env, _work), Guest("seabios", smp=1) as g:
        tracer = g.start_under("-o", g.path("db.smm"), "--headless", env=env)
        g.await_serial(SEABIOS_END, 60)
        g.kill()
        equal(tracer.wait(30), 128 + signal.SIGKILL, "exit status; stderr: " + tracer.err.text[-300:])
        is_closed(g.path("db.smm"))


def guest_shuts_down():
    with nothing_left_behind() as (env, _work), Guest("seabios", smp=1) as g:
        tracer = g.start_under("-o", g.path("db.smm"), "--headless", env=env)
        g.await_serial(SEABIOS_END, 60)
        g.quit()
        equal(tracer.wait(30), 0, "exit status; stderr: " + tracer.err.text[-300:])
        is_closed(g.path("db.smm"))


def is_closed(path):
    with Recording(path) as r:
        equal(r.meta("closed"), "1", "meta closed")
        equal(r.integrity(), "ok", "integrity_check")
        equal([new for _, _, new in r.relocations()], [0xa0000], "the relocation was recorded")


def for_a_time():
    with nothing_left_behind() as (env, work):
        begin = time.monotonic()
        result = smmtrace("run", "--headless", "--for", "1500ms", "--", *tiny(), env=env, cwd=work)
        true(time.monotonic() - begin >= 1.5, "it took that long")
        equal(result.status, 0, "exit status; stderr: " + result.err)
        made = os.listdir(work)
        equal(len(made), 1, "recordings with a name of our choice: %s" % made)
        true(made[0] in result.err, "the name is told: " + result.err)


def until_an_event():
    with nothing_left_behind() as (env, work):
        path = os.path.join(work, "db.smm")
        result = smmtrace("run", "-o", path, "--headless", "--until", "smbase-write", "--", *tiny(),
                          env=env, cwd=work, seconds=60)
        equal(result.status, 0, "exit status; stderr: " + result.err)
        with Recording(path) as r:
            true(r.events("smbase-write") >= 1, "the event is in the recording")
        true("smbase-write" in result.out, "and on stdout")
        for line in result.out.splitlines():
            true(EVENT_LINE.match(line), "a line on stdout that is no event: %r" % line)


def stdout_is_for_events():
    """What QEMU prints goes to stderr."""
    with nothing_left_behind() as (env, work):
        result = smmtrace("run", "-o", os.path.join(work, "db.smm"), "--headless", "--for", "3s", "--",
                          *tiny("-chardev", "stdio,id=s0", "-device", "isa-debugcon,iobase=0x402,chardev=s0"),
                          env=env, cwd=work, seconds=60)
        equal(result.status, 0, "exit status")
        true("SeaBIOS" in result.err, "the firmware's words are on stderr: " + result.err[:300])
        true("smi-enter" in result.out, "events are on stdout")
        for line in result.out.splitlines():
            true(EVENT_LINE.match(line), "a line on stdout that is no event: %r" % line)


def interrupted(sig):
    """Ctrl-C ends the recording, then the QEMU that was started."""
    with nothing_left_behind() as (env, _work), Guest("seabios", smp=2) as g:
        tracer = g.start_under("-o", g.path("db.smm"), "--headless", env=env)
        g.await_serial(SEABIOS_END, 60)
        pid = g.pid
        equal(tracer.stop(sig), 128 + sig, "exit status")
        true(not os.path.exists("/proc/%d" % pid), "QEMU is gone")
        is_closed(g.path("db.smm"))


def tracer_killed():
    """kill -9 of `run`: its QEMU is not left stopped at a breakpoint."""
    with Guest("seabios", smp=2) as g:
        tracer = g.start_under("-o", g.path("db.smm"), "--headless")
        g.await_serial(SEABIOS_END, 60)
        tracer.process.kill()
        tracer.wait()
        until(g.running, 20, "the guest running")


run_tests(a_bad_option_of_qemu, a_qemu_that_does_not_exist, lines_that_are_refused, status_of_the_guest,
          qemu_is_killed, guest_shuts_down, for_a_time, until_an_event, stdout_is_for_events,
          case(interrupted, signal.SIGINT), case(interrupted, signal.SIGTERM), tracer_killed)
