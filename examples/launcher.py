# SPDX-License-Identifier: GPL-3.0-or-later
"""What the launchers of the examples share: boot OVMF under QEMU's TCG, hot-plug CPUs, see what comes of it.

An example's `launch` calls main() with its name, its usage text and a function that builds its guest. The
guest says what it does in lines that begin with GUEST- on the serial line.
"""

import argparse
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

OVMF = "/usr/share/OVMF/"
ENDS = ["GUEST-ONLINED", "GUEST-DEAD"]


class Broken(Exception):
    """QEMU, its sockets or the build do not do what they should; the text is for the user."""


def build(*argv):
    """Run what builds a guest; its output goes to stderr."""
    result = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)
    if result.returncode:
        raise Broken("the guest could not be built")


def qemu_command(folder, guest, options):
    """Debian's QEMU and OVMF as they are: q35, SMM on, TCG, the build that keeps its variables in SMM."""
    def inside(name):
        return os.path.join(folder, name)

    variables = inside("vars.fd")
    shutil.copyfile(OVMF + "OVMF_VARS_4M.fd", variables)
    argv = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none",
            "-machine", options.machine + ",smm=on,accel=tcg", "-cpu", "qemu64", "-smp", options.smp,
            "-m", "256",
            "-global", "driver=cfi.pflash01,property=secure,value=on", "-global", "ICH9-LPC.disable_s3=1",
            "-drive", "if=pflash,format=raw,unit=0,readonly=on,file=" + OVMF + "OVMF_CODE_4M.secboot.fd",
            "-drive", "if=pflash,format=raw,unit=1,file=" + variables,
            "-serial", "file:" + inside("serial.log"),
            "-qmp", "unix:" + inside("qmp.sock") + ",server=on,wait=off",
            "-qtest", "unix:" + inside("qtest.sock") + ",server=on,wait=off", "-qtest-log", "none"]
    if options.kick_with:
        argv += ["-gdb", "unix:" + inside("gdb.sock") + ",server=on,wait=off"]
    return argv + guest + options.qemu


def connect(path, seconds=20):
    """Connect to a unix socket that appears soon."""
    end = time.monotonic() + seconds
    while True:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(path)
            return connection
        except OSError as why:
            connection.close()
            if time.monotonic() > end:
                raise Broken("%s: %s" % (path, why.strerror)) from None
            time.sleep(0.05)


class Qmp:
    """QEMU's machine protocol: one JSON object a line."""

    def __init__(self, path):
        self.connection = connect(path)
        self.connection.settimeout(30)
        self.file = self.connection.makefile("rb")
        self.read()
        self.call("qmp_capabilities")

    def read(self):
        try:
            line = self.file.readline()
        except OSError:
            line = b""
        if not line:
            raise Broken("QEMU closed its QMP socket, or does not answer")
        return json.loads(line)

    def call(self, command, **arguments):
        request = {"execute": command, "arguments": arguments}
        try:
            self.connection.sendall(json.dumps(request).encode() + b"\n")
        except OSError:
            raise Broken("QEMU closed its QMP socket") from None
        while True:
            reply = self.read()
            if "error" in reply:
                raise Broken("QEMU refused %s: %s" % (command, reply["error"]["desc"]))
            if "return" in reply:
                return reply["return"]


class Serial:
    """The guest's serial line, as the log file that QEMU writes."""

    def __init__(self, path):
        self.path, self.shown = path, 0

    def await_line(self, words, seconds, qmp=None):
        """Wait for a line with one of @words, show those before it; "" when the time is over."""
        end = time.monotonic() + seconds
        while True:
            for line in self.new_lines():
                print("  guest: " + line, flush=True)
                if any(word in line for word in words):
                    return line
            if time.monotonic() > end:
                return ""
            if qmp:
                qmp.call("query-status")
            time.sleep(0.1)

    def new_lines(self):
        """Complete GUEST- lines since the last one; the caller may stop in the middle."""
        try:
            with open(self.path, "rb") as file:
                data = file.read()
        except OSError:
            return
        while (stop := data.find(b"\n", self.shown)) >= 0:
            line, self.shown = data[self.shown:stop], stop + 1
            start = line.find(b"GUEST-")
            if start >= 0:
                yield line[start:].decode("ascii", "replace").strip()


def plug(qmp, name):
    free = [slot for slot in qmp.call("query-hotpluggable-cpus") if "qom-path" not in slot]
    if not free:
        raise Broken("no CPU is left to plug; -smp wants a higher maxcpus")
    slot = min(free, key=lambda s: [s["props"].get(k, 0) for k in ("socket-id", "core-id", "thread-id")])
    qmp.call("device_add", driver=slot["type"], id=name, **slot["props"])
    print("plugged %s %s" % (slot["type"], json.dumps(slot["props"])), flush=True)


def monitor(qmp, index, command):
    """The text of a human monitor command about one CPU."""
    return qmp.call("human-monitor-command", **{"command-line": command, "cpu-index": index})


def loop_around(qmp, index, place):
    """The instructions of the short loop that a CPU spins in, or nothing."""
    jump = re.search(r"\bj\w+\s+0x(\w+)", monitor(qmp, index, "x/4i 0x" + place))
    start, end = int(jump.group(1), 16) if jump else 0, int(place, 16)
    if not end - 64 < start <= end:
        return []
    code = re.findall(r"(0x(\w+):.*)", monitor(qmp, index, "x/16i 0x%x" % start))
    return [line.strip() for line, address in code if start <= int(address, 16) <= end]


def where_are_they(qmp):
    for index in sorted(cpu["cpu-index"] for cpu in qmp.call("query-cpus-fast")):
        text = monitor(qmp, index, "info registers")
        place = re.search(r"[RE]IP=(\w+)", text).group(1)
        code = re.search(r"CS =(\w+)", text).group(1)
        state = [word for word, mark in (("in SMM", "SMM=1"), ("halted", "HLT=1")) if mark in text]
        print(", ".join(["  CPU %d at %s:%s" % (index, code, place)] + state))
        if state == ["in SMM"]:
            print("".join("    " + line + "\n" for line in loop_around(qmp, index, place)), end="")


def kick_from_outside(socket_path):
    """Raise SMI command 4 once more over qtest: the new CPU gets the SMI that stock TCG lost, and so do all.

    The monarch, in SMM, has it latched. It comes back at once, misses the new CPU for a second, sends it a
    directed SMI, and goes on.
    """
    connection = connect(socket_path)
    connection.sendall(b"outb 0xb2 0x4\n")
    connection.recv(100)
    connection.close()
    print("kicked: wrote 4 to port 0xb2", flush=True)


def kick_with(command, target):
    """Let a command of the user's mend the hang; it finds the gdbstub in $TARGET."""
    print("kick: " + command, flush=True)
    environment = dict(os.environ, TARGET=target) if target else None
    result = subprocess.run(command, shell=True, stdin=subprocess.DEVNULL, env=environment, check=False)
    if result.returncode:
        raise Broken("the kick ended with status %d" % result.returncode)


class Session:
    """One guest, from ready to unplugged."""

    def __init__(self, options, qmp_path, serial_path, qtest_path, target=None):
        self.options, self.qtest_path, self.target = options, qtest_path, target
        self.qmp, self.serial = Qmp(qmp_path), Serial(serial_path)

    def play(self):
        """Wait for the guest, plug, see what comes of it, unplug; the exit status."""
        if not self.serial.await_line(["GUEST-READY"], self.options.boot, self.qmp):
            raise Broken("the guest was not ready within %d s" % self.options.boot)
        names = ["hot%d" % (n + 1) for n in range(self.options.plugs)]
        for name in names:
            plug(self.qmp, name)
            if not self.comes_online():
                return 1
        return 0 if not self.options.unplug or self.is_unplugged(names[-1]) else 1

    def comes_online(self):
        line = self.serial.await_line(ENDS, self.options.wait)
        if not line:
            print("HANG: the CPU is not online after %g s" % self.options.wait)
            where_are_they(self.qmp)
            if not self.kick():
                return False
            line = self.serial.await_line(ENDS, self.options.boot)
        good = "GUEST-ONLINED" in line
        print("ONLINE" if good else "FAILED: the CPU did not come online", flush=True)
        return good

    def kick(self):
        """True when there was a kick."""
        if self.options.kick_with:
            kick_with(self.options.kick_with, self.target)
        elif self.options.kick:
            kick_from_outside(self.qtest_path)
        else:
            return False
        return True

    def is_unplugged(self, name):
        self.qmp.call("device_del", id=name)
        line = self.serial.await_line(["GUEST-EJECTED", "GUEST-STILL-THERE"], self.options.boot)
        good = "GUEST-EJECTED" in line
        print("UNPLUGGED" if good else "FAILED: the CPU was not unplugged")
        return good


def alone(name, options, build_guest):
    """The whole thing in a folder of our own."""
    qemu = None
    folder = tempfile.mkdtemp(prefix=name + ".")
    try:
        qemu = subprocess.Popen(qemu_command(folder, build_guest(folder, options), options),
                                stdin=subprocess.DEVNULL)
        paths = [os.path.join(folder, file) for file in ("qmp.sock", "serial.log", "qtest.sock", "gdb.sock")]
        return Session(options, *paths[:3], target="unix:" + paths[3]).play()
    finally:
        if qemu:
            qemu.kill()
            qemu.wait()
        shutil.rmtree(folder, ignore_errors=True)


def arguments(usage):
    parser = argparse.ArgumentParser(description=usage, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--print-qemu", metavar="DIR", help="make DIR ready and print QEMU's command line")
    add("--plug", metavar="QMP_SOCKET", help="only plug, into a running QEMU")
    add("--serial", metavar="LOG", help="with --plug: the log of the guest's serial line")
    add("--qtest", metavar="SOCKET", help="with --plug and --kick: QEMU's qtest socket")
    add("--plugs", type=int, default=1, metavar="N",
        help="plug N CPUs, each when the one before is online (%(default)s)")
    add("--kick", action="store_true", help="when a plug hangs, write 4 to port 0xb2 from outside (qtest)")
    add("--kick-with", metavar="COMMAND",
        help="when a plug hangs, run COMMAND in a shell; without --plug, QEMU has a gdbstub at $TARGET")
    add("--unplug", action="store_true", help="in the end unplug the CPU that was plugged last")
    add("--append", default="", metavar="WORDS", help="words for the guest's command line; see README.md")
    add("--machine", default="q35", help="QEMU's machine (%(default)s)")
    add("--smp", default="1,maxcpus=3", help="CPUs (%(default)s)")
    add("--boot", type=float, default=180, metavar="S", help="the guest boots within S seconds (%(default)s)")
    add("--wait", type=float, default=10, metavar="S", help="a CPU is online within S seconds (%(default)s)")
    add("qemu", nargs="*", metavar="-- QEMU_ARGUMENT", help="more arguments for QEMU")
    options = parser.parse_args()
    if bool(options.plug) != bool(options.serial):
        parser.error("--plug and --serial go together")
    if options.plug and options.kick and not options.qtest:
        parser.error("--plug with --kick needs --qtest")
    return options


def run(name, options, build_guest):
    if options.print_qemu:
        folder = os.path.abspath(options.print_qemu)
        print("\n".join(qemu_command(folder, build_guest(folder, options), options)))
        return 0
    if options.plug:
        return Session(options, options.plug, options.serial, options.qtest).play()
    return alone(name, options, build_guest)


def main(name, usage, build_guest):
    """Do what the command line says; the exit status.

    build_guest(folder, options) returns QEMU's arguments for the guest: -kernel and what goes with it.
    options.append are the user's words for the guest's command line.
    """
    options = arguments(usage)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(129))
    try:
        return run(name, options, build_guest)
    except (Broken, OSError) as why:
        print("launch: %s" % why, file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        return 130
