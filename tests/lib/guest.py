# SPDX-License-Identifier: GPL-3.0-or-later
"""Real guests for the end-to-end tests. Python's standard library only.

A test is a script in tests/e2e that does

    #!/usr/bin/python3
    # SPDX-License-Identifier: GPL-3.0-or-later
    import sys, os
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
    from guest import *

    def boots_to_the_shell():
        with Guest(smp=2) as g:
            g.start()
            g.await_serial(SHELL_COUNTDOWN, 60)

    run_tests(boots_to_the_shell)

Three ways to have a guest:

    with Guest(smp=2, gdb=True) as g: g.start()             QEMU is ours; g.target goes to `smmtrace attach`
    with Guest(smp=2) as g: t = g.start_under("-o", db)     `smmtrace run -o db -- qemu...`: its child
    with Guest(smp=2) as g: argv = g.command()              only the command line

QEMU connects to sockets that we listen on (serial, QMP), so there is nothing to retry and no port to
choose; the end of QEMU is the end of the QMP connection. Everything lives in g.dir, a private folder that
goes away with the guest. Every process is started by spawn(), which ends and reaps it at the latest when
the script ends.

Deadlines are written for an idle machine; deadline() stretches them on a loaded one.
"""

import atexit
import collections
import concurrent.futures
import contextlib
import fcntl
import functools
import glob
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
SMMTRACE = os.environ.get("SMMTRACE", os.path.join(ROOT, "smmtrace"))
BUILD = os.environ.get("BUILD", ROOT)

OVMF_CODE = "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd"
OVMF_VARS = "/usr/share/OVMF/OVMF_VARS_4M.fd"
QEMU = "qemu-system-x86_64"

SHELL_COUNTDOWN = "to skip"       # "Press ESC in 5 seconds to skip startup.nsh or any other key to continue."
SHELL_PROMPT = "Shell>"
FIRMWARE_READY = "os: ready"      # examples/firmware: CPUs can be plugged from now on
FIRMWARE_IDLE = "os: idle"        # it is through with a plug or an unplug
SEABIOS_END = "No bootable device"  # SeaBIOS with nothing to boot from; its SMM set-up lies long behind

# What `-trace` and `-d` must be given for independent() to have something to count.
INDEPENDENT_EVENTS = ("apm_io_read", "apm_io_write", "apic_mem_writel", "cpuhp_acpi_*")


# --- time ---------------------------------------------------------------------------------------------------

def deadline(seconds):
    """Seconds to wait for what takes @seconds on an idle machine; longer under load or a sanitizer."""
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    scale = min(8.0, max(3.0, 2.0 * load)) * float(os.environ.get("SMMTRACE_TEST_SCALE", "1"))
    return seconds * scale


def until(condition, seconds, what, interval=0.02):
    """Wait for something that tells nobody when it happens (a file, a row); returns its value."""
    end = time.monotonic() + deadline(seconds)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failure("not within %.0f s: %s" % (deadline(seconds), what))
        time.sleep(interval)


# --- results ------------------------------------------------------------------------------------------------

class Skip(Exception):
    """The host lacks what the test needs; the text says what."""


class Failure(AssertionError):
    """A test's expectation did not hold; the text says which."""


def need(*paths_or_programs):
    """Skip unless each is an existing file (when it has a slash) or a program on the PATH."""
    for name in paths_or_programs:
        if not (os.path.exists(name) if "/" in name else shutil.which(name)):
            raise Skip("%s is not installed" % name)


def equal(got, expected, what):
    """Fail with both values when they differ."""
    if got != expected:
        raise Failure("%s: got %r, expected %r" % (what, got, expected))


def true(condition, what):
    """Fail with @what unless @condition."""
    if not condition:
        raise Failure(what)


def selected(test):
    """Is the test wanted by the words on the command line?"""
    return not sys.argv[1:] or any(word in test.__name__ for word in sys.argv[1:])


def run_one(test, *args):
    """Run one test and print its line; True when it did not fail."""
    name = test.__name__.replace("_", " ")
    begin = time.monotonic()
    good = True
    try:
        test(*args)
        line = "ok %s (%.1f s)" % (name, time.monotonic() - begin)
    except Skip as why:
        line = "skip %s: %s" % (name, why)
    except Failure as why:
        good = False
        traceback.print_exc(file=sys.stdout)
        line = "not ok %s: %s" % (name, str(why).splitlines()[0] if str(why) else "failed")
    except Exception as why:
        good = False
        traceback.print_exc(file=sys.stdout)
        line = "not ok %s: %s: %s" % (name, type(why).__name__, why)
    print(line, flush=True)
    return good


def run_tests(*tests):
    """Run each function, print "ok|not ok|skip NAME" for tests/run, exit. Names are the functions' names.

    Arguments on the command line select tests whose name holds one of them.
    """
    failed = 0
    for test in tests:
        if hasattr(test, "run_members"):
            failed += test.run_members()
        elif selected(test):
            failed += not run_one(test)
        reap_all()
    sys.exit(1 if failed else 0)


class shared:
    """Several tests that take one guest in turn: run_tests(shared(boot, first, second)).

    @boot returns a started guest. A guest that a test has broken (stopped, ended) is replaced.
    """

    def __init__(self, boot, *tests):
        self.boot, self.tests = boot, tests

    def run_members(self):
        failed, guest = 0, None
        for test in filter(selected, self.tests):
            def with_guest(test=test):
                nonlocal guest
                guest = guest or self.boot()
                test(guest)
            with_guest.__name__ = test.__name__
            good = run_one(with_guest)
            failed += not good
            if guest and not (good and guest.healthy()):
                guest.close()
                guest = None
        if guest:
            guest.close()
        return failed


class side_by_side:
    """Tests that may run at the same time, @n at once: run_tests(side_by_side(2, first, second, third))."""

    def __init__(self, n, *tests):
        self.n, self.tests = n, tests

    def run_members(self):
        with concurrent.futures.ThreadPoolExecutor(self.n) as pool:
            return list(pool.map(run_one, filter(selected, self.tests))).count(False)


def case(function, *args, **kwargs):
    """A test with arguments: case(boots, smp=4) is named "boots smp=4"."""
    def test():
        function(*args, **kwargs)
    words = [getattr(a, "__name__", str(a)).replace("_", "-") for a in args]
    words += ["%s=%s" % (k, v) for k, v in kwargs.items()]
    test.__name__ = " ".join([function.__name__] + words)
    return test


# --- processes ----------------------------------------------------------------------------------------------

_processes = []


def spawn(argv, **popen):
    """Popen in a session of its own, without stdin; reaped at the latest when the script ends."""
    popen.setdefault("stdin", subprocess.DEVNULL)
    process = subprocess.Popen([str(a) for a in argv], start_new_session=True, **popen)
    _processes.append(process)
    return process


def finish(process, seconds=20):
    """Wait for a process to end by itself; its exit status, negative for a signal."""
    try:
        return process.wait(deadline(seconds))
    except subprocess.TimeoutExpired:
        raise Failure("%s did not end within %.0f s" % (process.args[0], deadline(seconds))) from None


def end(process, sig=signal.SIGTERM, seconds=10):
    """Send @sig if it still runs, wait, SIGKILL when that does not help; the exit status."""
    if process.poll() is None:
        process.send_signal(sig)
    try:
        process.wait(deadline(seconds))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    return process.returncode


def reap_all():
    """End every process that spawn() started and what its group still holds."""
    while _processes:
        process = _processes.pop()
        if process.poll() is None:
            process.kill()
        process.wait()
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)


def _on_signal(number, _frame):
    sys.exit(128 + number)


atexit.register(reap_all)
for _number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(_number, _on_signal)


# --- smmtrace -----------------------------------------------------------------------------------------------

def smmtrace(*args, seconds=30, env=None, cwd=None, input=None):
    """Run the program to its end: an object with .status, .out, .err (text)."""
    process = spawn([SMMTRACE, *args], stdin=subprocess.PIPE if input is not None else subprocess.DEVNULL,
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace", cwd=cwd,
                    env=dict(os.environ, **(env or {})))
    try:
        out, err = process.communicate(input, timeout=deadline(seconds))
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise Failure("smmtrace %s did not end within %.0f s; stderr: %s"
                      % (" ".join(map(str, args)), deadline(seconds), err[-500:])) from None
    return collections.namedtuple("Result", "status out err")(process.returncode, out, err)


class Tracer:
    """smmtrace at work in the background; its stdout and stderr are collected line by line."""

    def __init__(self, *args, env=None, cwd=None, **popen):
        self.process = spawn([SMMTRACE, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd,
                             env=dict(os.environ, **(env or {})), **popen)
        self.out, self.err = Stream("stdout"), Stream("stderr")
        self.out.feed_from(self.process.stdout.fileno())
        self.err.feed_from(self.process.stderr.fileno())

    @property
    def pid(self):
        return self.process.pid

    def await_out(self, text, seconds=30):
        """Wait until stdout holds @text."""
        return self.out.await_text(text, seconds)

    def await_err(self, text, seconds=30):
        return self.err.await_text(text, seconds)

    def send(self, sig):
        self.process.send_signal(sig)

    def stop(self, sig=signal.SIGINT, seconds=30):
        """Ctrl-C (or @sig) and wait; returns the exit status. Fails if it does not end."""
        if self.process.poll() is None:
            self.process.send_signal(sig)
        return self.wait(seconds)

    def wait(self, seconds=30):
        """Its exit status, when it ends by itself; all its output is collected then."""
        try:
            status = finish(self.process, seconds)
        except Failure as why:
            raise Failure("%s; stderr: %s" % (why, self.err.text[-500:])) from None
        self.out.join()
        self.err.join()
        return status


class Stream:
    """Text that arrives over a file descriptor, and a way to wait for a part of it."""

    def __init__(self, name):
        self.name, self.data, self.ended = name, bytearray(), False
        self.changed = threading.Condition()
        self.thread = None

    def feed_from(self, fd, copy=None):
        """Read @fd to its end in a thread; @copy is a file that gets the same bytes."""
        self.thread = threading.Thread(target=self._feed, args=(fd, copy), daemon=True)
        self.thread.start()

    def _feed(self, fd, copy):
        while True:
            try:
                chunk = os.read(fd, 65536)
            except OSError:
                chunk = b""
            if copy and chunk:
                copy.write(chunk)
                copy.flush()
            with self.changed:
                self.data += chunk
                self.ended = not chunk
                self.changed.notify_all()
            if not chunk:
                return

    @property
    def text(self):
        with self.changed:
            return self.data.decode("utf-8", "replace")

    def await_text(self, text, seconds, since=0):
        """Wait until @text (or a compiled pattern) stands behind offset @since; the offset behind it."""
        end = time.monotonic() + deadline(seconds)
        pattern = text if hasattr(text, "search") else re.compile(re.escape(text))
        with self.changed:
            while True:
                match = pattern.search(self.data.decode("latin-1"), since)
                if match:
                    return match.end()
                left = end - time.monotonic()
                if self.ended or left <= 0:
                    tail = self.data[-400:].decode("utf-8", "replace")
                    raise Failure("%s %s before %r; it ended in %r" % (
                        self.name, "ended" if self.ended else "was quiet for %.0f s" % deadline(seconds),
                        pattern.pattern, tail))
                self.changed.wait(left)

    def join(self):
        if self.thread:
            self.thread.join(deadline(5))


# --- a terminal ---------------------------------------------------------------------------------------------

class Screen:
    """A command in a real terminal (tmux), with a screen to read and keys to press.

        with Screen([SMMTRACE, "view", db], columns=80, lines=24) as s:
            s.await_text("CPU 1")
            s.keys("q")
            equal(s.wait(), 0, "exit status")
    """

    # tmux 3.3a now and then forgets the status. The trap's empty command leaves the child its own signals.
    KEEP_STATUS = "trap : INT QUIT; file=$1; shift; \"$@\"; echo $? >$file.new; mv $file.new $file"

    def __init__(self, argv, columns=80, lines=24, env=None, cwd=None):
        need("tmux")
        self.dir = tempfile.mkdtemp(prefix="screen.")
        self.socket = os.path.join(self.dir, "tmux")
        self.status_file = os.path.join(self.dir, "status")
        environment = dict(os.environ, TERM="xterm-256color", **(env or {}))
        self.server = spawn(["tmux", "-S", self.socket, "-f", "/dev/null", "-D"], env=environment,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: os.path.exists(self.socket), 10, "tmux's socket")
        self._tmux("set-option", "-g", "default-terminal", "tmux-256color", ";",
                   "set-option", "-g", "remain-on-exit", "on", ";",
                   "set-option", "-g", "escape-time", "0", ";",
                   "new-session", "-d", "-x", str(columns), "-y", str(lines), "-c", cwd or os.getcwd(),
                   *["env", *("%s=%s" % item for item in (env or {}).items())],
                   *["sh", "-c", self.KEEP_STATUS, "sh", self.status_file, *map(str, argv)])

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.close()

    def _tmux(self, *words):
        result = subprocess.run(["tmux", "-S", self.socket, *words], stdin=subprocess.DEVNULL, check=False,
                                capture_output=True, text=True, errors="replace", timeout=deadline(20))
        if result.returncode:
            raise Failure("tmux %s: %s" % (words[0], result.stderr.strip()))
        return result.stdout

    def text(self):
        """What the screen shows."""
        return self._tmux("capture-pane", "-p")

    def history(self):
        """What the screen shows and what scrolled off it."""
        return self._tmux("capture-pane", "-p", "-S", "-")

    def keys(self, *names):
        """Press keys by tmux's names: "q", "Enter", "C-c", "Down", "Escape"."""
        self._tmux("send-keys", *names)

    def resize(self, columns, lines):
        self._tmux("resize-window", "-x", str(columns), "-y", str(lines))

    def await_text(self, text, seconds=30):
        """Wait until the screen shows @text (or a compiled pattern); the whole screen."""
        pattern = text if hasattr(text, "search") else re.compile(re.escape(text))
        shown = []

        def there():
            shown[:] = [self.text()]
            return shown[0] if pattern.search(shown[0]) else None
        try:
            return until(there, seconds, "%r on the screen" % pattern.pattern, 0.1)
        except Failure as why:
            raise Failure("%s; it shows:\n%s" % (why, shown[0])) from None

    def ended(self):
        """None while the command runs; then its exit status as a shell tells it, 128 + N for signal N."""
        with contextlib.suppress(OSError), open(self.status_file) as file:
            return int(file.read())
        return None

    def wait(self, seconds=30):
        """The command's exit status, when it ends by itself."""
        def done():
            status = self.ended()
            return None if status is None else (status,)
        try:
            return until(done, seconds, "the end of the command", 0.1)[0]
        except Failure as why:
            raise Failure("%s; it shows:\n%s" % (why, self.text())) from None

    def close(self):
        with contextlib.suppress(Failure, subprocess.TimeoutExpired):
            self._tmux("kill-server")
        end(self.server)
        shutil.rmtree(self.dir, ignore_errors=True)


# --- QMP ----------------------------------------------------------------------------------------------------

class Qmp:
    """The QMP connection of one guest. Events are kept in .events; .ended is set when QEMU is gone."""

    def __init__(self, connection):
        self.connection, self.file = connection, connection.makefile("rb")
        self.events, self.ended, self.lock = [], False, threading.Lock()
        # PID of QEMU, whoever started it.
        self.pid = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
        self._read()
        self.call("qmp_capabilities")

    def _read(self):
        try:
            line = self.file.readline()
        except OSError:
            line = b""
        if not line:
            self.ended = True
            raise Failure("QEMU closed the QMP connection")
        return json.loads(line)

    def ask(self, command, **arguments):
        """The whole reply: {"return": ...} or {"error": ...}."""
        with self.lock:
            self.connection.settimeout(deadline(30))
            request = {"execute": command}
            if arguments:
                request["arguments"] = arguments
            self.connection.sendall(json.dumps(request).encode() + b"\n")
            while True:
                reply = self._read()
                if "event" not in reply:
                    return reply
                self.events.append(reply)

    def call(self, command, **arguments):
        """What the command returns; Failure with QEMU's words when it refuses."""
        reply = self.ask(command, **arguments)
        if "error" in reply:
            raise Failure("QMP %s: %s" % (command, reply["error"].get("desc")))
        return reply.get("return")

    def await_event(self, name, seconds=30):
        """Wait for (or find among those already seen) an event called @name."""
        end = time.monotonic() + deadline(seconds)
        with self.lock:
            while True:
                for event in self.events:
                    if event["event"] == name:
                        self.events.remove(event)
                        return event
                left = end - time.monotonic()
                if left <= 0:
                    raise Failure("no %s event within %.0f s" % (name, deadline(seconds)))
                self.connection.settimeout(left)
                try:
                    self.events.append(self._read())
                except socket.timeout:
                    continue

    def hmp(self, line, cpu=None):
        """A human monitor command's text."""
        arguments = {"command-line": line}
        if cpu is not None:
            arguments["cpu-index"] = cpu
        return self.call("human-monitor-command", **arguments).replace("\r", "")

    def close(self):
        with contextlib.suppress(OSError):
            self.file.close()
            self.connection.close()


# --- the guest ----------------------------------------------------------------------------------------------

def need_kvm():
    """Skip unless guests can run under KVM here."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        raise Skip("/dev/kvm is not here, or may not be used")


def need_tracing():
    """Skip unless KVM can be traced here."""
    need_kvm()
    tracing = "/sys/kernel/tracing"
    if not os.access(tracing + "/instances", os.W_OK) or not os.path.isdir(tracing + "/events/kvm"):
        raise Skip("%s is not mounted, has no KVM events, or may not be used" % tracing)


def kvm_has_smm():
    """KVM_CHECK_EXTENSION of KVM_CAP_X86_SMM (Linux include/uapi/linux/kvm.h)."""
    with open("/dev/kvm", "rb+", buffering=0) as kvm:
        return fcntl.ioctl(kvm, 0xae03, 117) > 0


class Guest:
    """One QEMU guest with SMM, under TCG unless said otherwise, in a private folder.

    firmware   "ovmf" (secboot build: SMM is used), "seabios", or the path of an image for -bios; what the
               last two write to their debug console counts as the serial line
    smp        what -smp is given: 2, "1,maxcpus=3"
    thread     None, "single" or "multi": TCG's threads
    kvm        under KVM, and without SMM unless this KVM has it
    memory     MiB
    gdb        listen for a debugger at self.target (attach); leave it False for `smmtrace run`
    stopped    start with -S
    log        write QEMU's own record for independent(): SMM entries and RSMs, ports, ICR. smmtrace can
               read along. "tid" = a file a thread, so that each CPU has its own with thread="multi";
               smmtrace has to do without QEMU's log then
    timestamps -msg timestamp=on
    kernel     an EFI program or kernel for -kernel; efi_guest(), linux_guest()
    initrd     an initramfs for it
    append     its command line: words for the guest of examples/ovmf-hotplug
    qtest      for kick()
    args       more QEMU arguments
    """

    def __init__(self, firmware="ovmf", smp=2, thread=None, memory=256, gdb=False, stopped=False, log=False,
                 timestamps=False, machine="q35", cpu="qemu64", kernel=None, initrd=None, append="",
                 qtest=False, kvm=False, args=()):
        need(QEMU)
        if firmware == "ovmf":
            need(OVMF_CODE, OVMF_VARS)
        self.firmware, self.smp, self.thread, self.memory = firmware, smp, thread, memory
        self.gdb, self.stopped, self.log, self.timestamps = gdb, stopped, log, timestamps
        self.machine, self.cpu, self.kernel, self.args = machine, cpu, kernel, list(args)
        self.initrd, self.append, self.qtest, self.kvm = initrd, append, qtest, kvm
        self.dir = tempfile.mkdtemp(prefix="guest.")
        self.process = self.tracer = self._qmp = None
        self.serial = Stream("serial line")
        self._listeners = {}

    # Paths inside the private folder.
    def path(self, name):
        return os.path.join(self.dir, name)

    @property
    def target(self):
        """TARGET for `smmtrace attach`."""
        return "unix:" + self.path("gdb.sock")

    @property
    def stderr(self):
        """What QEMU wrote to stderr (when start() started it)."""
        with contextlib.suppress(OSError), open(self.path("qemu.err"), errors="replace") as file:
            return file.read()
        return ""

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.close()

    def _listen(self, name):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.path(name))
        listener.listen(1)
        self._listeners[name] = listener

    def _firmware_args(self):
        if self.firmware == "seabios":
            return []
        if self.firmware != "ovmf":
            return ["-bios", self.firmware]
        shutil.copyfile(OVMF_VARS, self.path("vars.fd"))
        return ["-global", "driver=cfi.pflash01,property=secure,value=on",
                "-global", "ICH9-LPC.disable_s3=1",
                "-drive", "if=pflash,format=raw,unit=0,readonly=on,file=" + OVMF_CODE,
                "-drive", "if=pflash,format=raw,unit=1,file=" + self.path("vars.fd")]

    def _log_args(self):
        if not self.log:
            return []
        per_thread = self.log == "tid"
        args = ["-d", "tid,int,cpu_reset" if per_thread else "int,cpu_reset",
                "-D", self.path("qemu.%d.log" if per_thread else "qemu.log")]
        for event in INDEPENDENT_EVENTS:
            args += ["-trace", event]
        return args

    def command(self):
        """The QEMU command line. The serial and QMP sockets listen from now on; QEMU connects to them."""
        if not self._listeners:
            self._listen("serial.sock")
            self._listen("qmp.sock")
            if self.qtest:
                self._listen("qtest.sock")
        accel = "kvm" if self.kvm else "tcg" + (",thread=" + self.thread if self.thread else "")
        smm = "on" if not self.kvm or kvm_has_smm() else "off"
        argv = [QEMU, "-nodefaults", "-no-user-config", "-display", "none",
                "-machine", self.machine + ",smm=" + smm, "-accel", accel, "-cpu", self.cpu,
                "-smp", str(self.smp), "-m", str(self.memory)]
        argv += self._firmware_args()
        if self.firmware != "ovmf":
            argv += ["-device", "isa-debugcon,iobase=0x402,chardev=s0"]
        argv += ["-chardev", "socket,id=s0,path=" + self.path("serial.sock")]
        argv += ["-serial", "chardev:s0"] if self.firmware == "ovmf" else []
        argv += ["-qmp", "unix:" + self.path("qmp.sock")]
        if self.gdb:
            argv += ["-chardev", "socket,id=gdb0,server=on,wait=off,path=" + self.path("gdb.sock"),
                     "-gdb", "chardev:gdb0"]
        argv += ["-S"] if self.stopped else []
        argv += ["-msg", "timestamp=on"] if self.timestamps else []
        argv += ["-qtest", "unix:" + self.path("qtest.sock"), "-qtest-log", "none"] if self.qtest else []
        argv += ["-kernel", self.kernel] if self.kernel else []
        argv += ["-initrd", self.initrd] if self.initrd else []
        argv += ["-append", self.append] if self.append else []
        return argv + self._log_args() + self.args

    def start(self):
        """Start QEMU ourselves."""
        argv = self.command()
        self.process = spawn(argv, stdout=subprocess.DEVNULL, stderr=open(self.path("qemu.err"), "wb"))
        self._connect(self.process)
        if self.gdb:
            until(lambda: os.path.exists(self.path("gdb.sock")), 10, "QEMU's gdbstub socket")
        return self

    def start_under(self, *options, env=None, **popen):
        """`smmtrace run OPTIONS -- qemu...`; returns the Tracer."""
        self.tracer = Tracer("run", *options, "--", *self.command(), env=env, **popen)
        self._connect(self.tracer.process)
        return self.tracer

    def _connect(self, process):
        connections = {}
        end_time = time.monotonic() + deadline(30)
        for name, listener in self._listeners.items():
            listener.settimeout(0.1)
            while name not in connections:
                try:
                    connections[name] = listener.accept()[0]
                except socket.timeout:
                    if process.poll() is not None or time.monotonic() > end_time:
                        text = self.tracer.err.text if self.tracer else self.stderr
                        raise Failure("no QEMU came to %s; exit status %s; %s"
                                      % (name, process.poll(), text[-800:])) from None
        self._serial = connections["serial.sock"]
        self._serial.settimeout(None)
        self.serial.feed_from(self._serial.fileno(), open(self.path("serial.log"), "wb"))
        self._qmp_socket = connections["qmp.sock"]
        self._qtest_socket = connections.get("qtest.sock")

    @property
    def qmp(self):
        """The QMP client, connected at first use."""
        if not self._qmp:
            self._qmp_socket.settimeout(deadline(30))
            self._qmp = Qmp(self._qmp_socket)
        return self._qmp

    @property
    def pid(self):
        """QEMU's process id, whoever started it."""
        return self.qmp.pid

    def await_serial(self, text, seconds=60, since=0):
        """Wait until the serial line said @text; the offset behind it, for the next call's @since."""
        return self.serial.await_text(text, seconds, since)

    def type(self, text):
        """Send keys over the serial line; "\\r" is Enter."""
        self._serial.sendall(text.encode())

    def to_shell(self, seconds=60):
        """Wait for the UEFI shell's count-down, skip it, and wait for its prompt."""
        behind = self.await_serial(SHELL_COUNTDOWN, seconds)
        self.type("\x1b")
        return self.await_serial(SHELL_PROMPT, 30, behind)

    def shell_echo(self, word):
        """Prove that the guest runs: the shell repeats a word. Needs to_shell() before."""
        before = len(self.serial.text)
        self.type("echo %s-%s\r" % (word, word))
        behind = self.await_serial("%s-%s" % (word, word), 30, before)
        return self.await_serial(SHELL_PROMPT, 30, behind)

    def running(self):
        """True when QEMU says that the guest is not stopped."""
        return self.qmp.call("query-status")["running"]

    def healthy(self):
        """True when QEMU lives, answers, and its guest is not stopped."""
        with contextlib.suppress(Failure, OSError):
            return self.running()
        return False

    def registers(self, cpu=0):
        """info registers of one CPU: a dict with rip, smm, halted."""
        text = self.qmp.hmp("info registers", cpu)
        return {"rip": int(re.search(r"[ER]IP=(\w+)", text).group(1), 16),
                "smm": "SMM=1" in text, "halted": "HLT=1" in text, "text": text}

    def free_slots(self):
        """CPUs that can be plugged, lowest first."""
        slots = [s for s in self.qmp.call("query-hotpluggable-cpus") if "qom-path" not in s]
        order = ("socket-id", "core-id", "thread-id")
        return sorted(slots, key=lambda slot: [slot["props"].get(name, 0) for name in order])

    def plug(self, name="hot1"):
        """device_add the next free CPU."""
        slot = self.free_slots()[0]
        self.qmp.call("device_add", driver=slot["type"], id=name, **slot["props"])
        return slot

    def unplug(self, name="hot1"):
        self.qmp.call("device_del", id=name)

    def burst(self, *names):
        """device_add one CPU after the other, without waiting for what the guest does about it."""
        return [self.plug(name) for name in names]

    def plug_behind_broadcast(self, first="hot1", second="hot2"):
        """Plug @second when the SMI is on its way that the firmware will find it in (qtest=True).

        The kick that @first needs brings the monarch back into SMM, where it waits a second before it looks
        for events. No SMI is pending for @second, and the OS has not seen it.
        """
        self.plug(first)
        self.await_hang(1)
        self.kick()
        self.plug(second)

    def kick_until_online(self, *apics, seconds=60):
        """Kick each time the plug of one of these CPUs hangs, until all are online (qtest=True)."""
        def missing():
            return [n for n in apics if not re.search(r"GUEST-ONLINED apic=%d\b" % n, self.serial.text)]

        def stuck_or_done():
            return not missing() or any(self.hung(n) for n in missing())
        end = time.monotonic() + deadline(seconds)
        while missing():
            until(stuck_or_done, max(1, end - time.monotonic()), "CPUs %s are online" % missing(), 0.1)
            time.sleep(1.5)  # a kick into the second that the last one costs would only cost another
            if any(self.hung(n) for n in missing()):
                self.kick()
            true(time.monotonic() < end, "CPUs %s are not online, with kicks" % missing())

    def port_write(self, port, value):
        """Write a byte to a port from outside (qtest=True)."""
        self._qtest_socket.settimeout(deadline(10))
        self._qtest_socket.sendall(b"outb %#x %#x\n" % (port, value))
        reply = self._qtest_socket.recv(100)
        equal(reply, b"OK\n", "QEMU's answer to outb")

    def kick(self):
        """Raise SMI command 4 from outside (qtest=True). Every CPU gets it, so that the monarch comes back
        and waits a second for a CPU that does not."""
        self.port_write(0xb2, 4)

    def hung(self, new=1):
        """Registers of monarch and new CPU when the first is in SMM and the other in the pen, else None."""
        monarch, fresh = self.registers(0), self.registers(new)
        parked = fresh["halted"] and not fresh["smm"] and fresh["rip"] != 0xfff0
        return (monarch, fresh) if monarch["smm"] and parked else None

    def await_hang(self, new=1, seconds=30, quiet=0.3):
        """Wait for the hang of stock TCG, and see that it lasts for @quiet seconds; returns hung()."""
        until(lambda: self.hung(new), seconds, "the plug hangs", 0.05)
        time.sleep(quiet)  # what is in the pen before the firmware polls would have moved on
        found = self.hung(new)
        true(found, "the hang lasts")
        return found

    def await_online(self, apic=None, seconds=30, since=0):
        """Wait until the guest says that a CPU came online; the offset behind that line."""
        words = r"GUEST-ONLINED apic=%s\b[^\n]*\n" % (r"\d+" if apic is None else apic)
        return self.await_serial(re.compile(words), seconds, since)

    def plug_and_kick(self, new=1, name=None):
        """A plug that hangs, is kicked and comes online (qtest=True); the serial offset behind."""
        since = len(self.serial.text)
        self.plug(name or "hot%d" % new)
        self.await_hang(new)
        self.kick()
        return self.await_online(new, 30, since)

    def quit(self, seconds=10):
        """End QEMU the polite way; its exit status, or None when smmtrace started it."""
        with contextlib.suppress(Failure, OSError):
            self.qmp.ask("quit")
        return finish(self.process, seconds) if self.process else None

    def kill(self, sig=signal.SIGKILL):
        """Send QEMU a signal, whoever started it."""
        os.kill(self.pid, sig)

    def independent(self):
        """QEMU's own account of this run (log=True); see independent()."""
        return independent(*sorted(glob.glob(self.path("qemu*.log"))))

    def close(self):
        """End everything that belongs to the guest and remove its folder. Safe to call twice."""
        for process in (self.tracer and self.tracer.process, self.process):
            if process and process.poll() is None:
                end(process)
        self._end_foreign_qemu()
        for listener in self._listeners.values():
            listener.close()
        if self._qmp:
            self._qmp.close()
        elif hasattr(self, "_qmp_socket"):
            self._qmp_socket.close()
        if hasattr(self, "_serial"):
            with contextlib.suppress(OSError):
                self._serial.shutdown(socket.SHUT_RDWR)
            self.serial.join()
            self._serial.close()
        if getattr(self, "_qtest_socket", None):
            self._qtest_socket.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def _end_foreign_qemu(self):
        """A QEMU whose tracer was killed may still run: it has our QMP connection."""
        if not self.tracer or not hasattr(self, "_qmp_socket"):
            return
        with contextlib.suppress(Failure, OSError, ValueError):
            self._qmp_socket.settimeout(5)
            self.qmp.ask("quit")


# --- guests that take part in hot-plug ----------------------------------------------------------------------

HOST_LACKS = 3  # exit status of examples/linux-hotplug/make: a package or the network is missing


def made(*argv):
    """Run what makes a guest."""
    result = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if result.returncode:
        kind = Skip if result.returncode == HOST_LACKS else Failure
        raise kind("%s: %s" % (argv[0], result.stderr[-500:].strip()))


def efi_guest():
    """The EFI program of examples/ovmf-hotplug, for Guest(kernel=...)."""
    need("gcc", "make")
    folder = os.path.join(BUILD, ".obj", "examples", "ovmf-hotplug")
    made("make", "-s", "-C", os.path.join(ROOT, "examples", "ovmf-hotplug"), "O=" + folder)
    return os.path.join(folder, "guest.efi")


def linux_guest():
    """Kernel and initramfs of examples/linux-hotplug, made (and downloaded) where its launcher does: once."""
    folder = os.path.join(ROOT, "build", "linux-hotplug")
    made(os.path.join(ROOT, "examples", "linux-hotplug", "make"), folder)
    return os.path.join(folder, "vmlinuz"), os.path.join(folder, "initrd.gz")


def efi_hotplug(append="", **options):
    """A Guest with room for two more CPUs, whose OS is the EFI program; its lines: examples/ovmf-hotplug."""
    return Guest(**dict(dict(smp="1,maxcpus=3", qtest=True, kernel=efi_guest(), append=append), **options))


def linux_hotplug(append="", **options):
    """The same with Debian's Linux; its lines: examples/linux-hotplug."""
    kernel, initrd = linux_guest()
    words = ("console=ttyS0 quiet loglevel=4 panic=-1 " + append).strip()
    return Guest(**dict(dict(smp="1,maxcpus=3", qtest=True, kernel=kernel, initrd=initrd, append=words),
                        **options))


_making = threading.Lock()


@functools.lru_cache(maxsize=None)
def made_firmware(folder):
    made("make", "-s", "-C", os.path.join(ROOT, "examples", "firmware"), "O=" + folder)
    return folder


def firmware_files():
    """The folder of examples/firmware, built: firmware.bin, and boot.elf, smm.elf with their symbols."""
    need("gcc", "make")
    with _making:
        return made_firmware(os.path.join(BUILD, ".obj", "examples", "firmware"))


def firmware_guest(smp=1, bug="", order="sipi-first", **options):
    """A Guest of @smp CPUs with room for eight that runs the reference firmware, which plays the OS as well;
    its lines on the console, its bugs and its orders: examples/firmware. Ready at FIRMWARE_READY."""
    words = [("bug", bug), ("order", order)]
    args = [a for name, word in words if word for a in
            ("-fw_cfg", "name=opt/org.smmtrace/%s,string=%s" % (name, word))]
    image = os.path.join(firmware_files(), "firmware.bin")
    args += options.pop("args", [])
    return Guest(**dict(dict(firmware=image, smp="%d,maxcpus=8" % smp, memory=64, args=args), **options))


# --- QEMU's own account -------------------------------------------------------------------------------------

def independent(*logs):
    """Count what QEMU itself logged (-d int,cpu_reset and the trace events of INDEPENDENT_EVENTS).

    enters, rsms          "SMM: enter", "SMM: after RSM" blocks
    per_thread            [(enters, rsms)] for each log file that has some (log="tid": of each thread)
    apm_writes, apm_reads [(port, value)] in order
    icr                   [value] of ICR-low writes, in order; ipis: (init, sipi, smi) counted among them
    cpuhp                 [event name] in order
    resets                "CPU Reset (CPU n)" by CPU: {n: count}; resets_in_smm: those with SMM=1
    """
    total = dict(enters=0, rsms=0, per_thread=[], apm_writes=[], apm_reads=[], icr=[], cpuhp=[],
                 resets=collections.Counter(), resets_in_smm=0)
    for path in logs:
        with open(path, errors="replace") as file:
            enters, rsms = _count_log(file, total)
        if enters or rsms:
            total["per_thread"].append((enters, rsms))
        total["enters"] += enters
        total["rsms"] += rsms
    modes = [value >> 8 & 7 for value in total["icr"]]
    total["ipis"] = dict(init=modes.count(5), sipi=modes.count(6), smi=modes.count(2))
    return total


_APM = re.compile(r"apm_io_(read|write) (?:read|write) addr=0x([0-9a-f]+) val=0x([0-9a-f]+)")
_ICR = re.compile(r"apic_mem_writel (?:0x)?([0-9a-f]+) = (?:0x)?([0-9a-f]+)")
_CPUHP = re.compile(r"(cpuhp_acpi_\w+)")
_RESET = re.compile(r"CPU Reset \(CPU (\d+)\)")


def _count_log(file, total):
    enters = rsms = 0
    after_reset = False
    for line in file:
        # -d int prints some lines in pieces, so that another thread's begin in the middle of one
        if "SMM: enter" in line:
            enters += 1
        elif "SMM: after RSM" in line:
            rsms += 1
        elif "apm_io_" in line and (match := _APM.search(line)):
            direction, address, value = match.groups()
            total["apm_%ss" % direction].append((0xb2 + int(address, 16) % 2, int(value, 16)))
        elif "apic_mem_writel" in line and (match := _ICR.search(line)):
            if int(match.group(1), 16) & 0xfff == 0x300:
                total["icr"].append(int(match.group(2), 16))
        elif "cpuhp_acpi_" in line and (match := _CPUHP.search(line)):
            total["cpuhp"].append(match.group(1))
        elif "CPU Reset" in line and (match := _RESET.search(line)):
            total["resets"][int(match.group(1))] += 1
            after_reset = True
        elif after_reset and "SMM=" in line:
            total["resets_in_smm"] += "SMM=1" in line
            after_reset = False
    return enters, rsms


# --- the recording ------------------------------------------------------------------------------------------

class Recording:
    """A recording, read with Python's own SQLite: what a user's script would see."""

    def __init__(self, path):
        self.path = path
        self.db = sqlite3.connect("file:%s?mode=ro" % path, uri=True, timeout=deadline(5))
        self.db.row_factory = sqlite3.Row

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.db.close()

    def rows(self, sql, *values):
        """All rows, as tuples."""
        return [tuple(row) for row in self.db.execute(sql, values)]

    def one(self, sql, *values):
        """The single value of a query."""
        rows = self.rows(sql, *values)
        return rows[0][0] if rows else None

    def meta(self, key):
        return self.one("SELECT value FROM meta_v WHERE key = ?", key)

    def smis(self):
        """{cpu: (entries, entries with their RSM)}"""
        return {cpu: (entries, left) for cpu, entries, left in
                self.rows("SELECT cpu, count(*), count(leave_ns) FROM smi_v GROUP BY cpu ORDER BY cpu")}

    def relocations(self):
        """[(cpu, old, new)] in order of time; the addresses are numbers."""
        return [(cpu, number(old), number(new)) for cpu, old, new in
                self.rows("SELECT cpu, old_smbase, new_smbase FROM smbase_v ORDER BY ts_ns")]

    def ports(self, direction="write"):
        """[(port, value)] in order of time."""
        return self.rows("SELECT port, value FROM port_v WHERE dir = ? ORDER BY ts_ns", direction)

    def ipis(self):
        """{"init": n, "sipi": n, "smi": n}"""
        found = dict(self.rows("SELECT mode, count(*) FROM ipi_v GROUP BY mode"))
        return {mode: found.get(mode, 0) for mode in ("init", "sipi", "smi")}

    def events(self, kind=None):
        """Number of events, of one kind or all."""
        if kind:
            return self.one("SELECT count(*) FROM event_v WHERE kind = ?", kind)
        return self.one("SELECT count(*) FROM event_v")

    def integrity(self):
        """"ok", or what SQLite found."""
        return self.one("PRAGMA integrity_check")


def number(text):
    """0x38000 as a number; None stays None."""
    return None if text is None else int(text, 0) if isinstance(text, str) else int(text)
