#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 600
"""QEMU's log is borrowed: everything in it is seen, and it is given back as it was."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from guest import *


def attach(g, name):
    """A tracer that records: (tracer, path of the recording)."""
    path = g.path(name)
    tracer = Tracer("attach", g.target, "-o", path, "--headless", env={"XDG_RUNTIME_DIR": g.dir})
    tracer.await_err("recording", 30)
    return tracer, path


def write_ports(g, tracer, values):
    """0xb3 raises no SMI; written from the monitor it comes from no CPU. Waits for the last to be told."""
    for value in values:
        g.qmp.hmp("o /b 0xb3 %d" % value)
    tracer.await_out("port=0xb3 dir=write value=0x%x" % values[-1], 30)


def written(path):
    with Recording(path) as r:
        return [value for value, in r.rows(
            "SELECT value FROM port_v WHERE port = 179 AND dir = 'write' AND cpu IS NULL ORDER BY ts_ns")]


def state(g, event):
    return g.qmp.hmp("info trace-events " + event).split()[-1]


def log_is_free(g):
    """QEMU has no pipe of ours open and none is left; it closes what it was told to leave a moment later."""
    def links():
        for link in glob.glob("/proc/%d/fd/*" % g.pid):
            with contextlib.suppress(OSError):
                yield os.readlink(link)
    ours = re.compile(r"/smmtrace-[0-9a-f]{16}/log")
    until(lambda: not any(ours.search(link) for link in links()), 20, "QEMU's letting go of the log pipe")
    equal(glob.glob(g.path("smmtrace-*")), [], "folders of the log pipe")


def every_write_in_order(timestamps):
    """300 writes one after the other, twice: two tracers in turn see their own, all of them, in order."""
    with Guest("seabios", gdb=True, timestamps=timestamps).start() as g:
        g.await_serial(SEABIOS_END, 60)
        for turn in (1, 2):
            values = [i % 256 for i in range(turn, 300 * turn, turn)]
            tracer, path = attach(g, "turn%d.smm" % turn)
            true(glob.glob(g.path("smmtrace-*/log")), "there is a log pipe")
            write_ports(g, tracer, values)
            equal(tracer.stop(), 130, "exit status; stderr: " + tracer.err.text[-300:])
            equal(written(path), values, "values written to 0xb3")
            log_is_free(g)
            g.qmp.hmp("o /b 0xb3 1")


def stderr_is_not_truncated():
    """QEMU's stderr is a file: what stands in it stays."""
    with Guest("seabios", gdb=True).start() as g:
        g.await_serial(SEABIOS_END, 60)
        with open(g.path("qemu.err"), "a") as file:
            file.write("said before\n")
        tracer, path = attach(g, "db.smm")
        write_ports(g, tracer, [1, 2, 3])
        equal(tracer.stop(), 130, "exit status")
        equal(written(path), [1, 2, 3], "values written to 0xb3")
        g.qmp.call("system_reset")
        g.await_serial(SEABIOS_END, 60, g.serial.text.index(SEABIOS_END) + 1)
        equal(g.stderr, "said before\n", "QEMU's stderr")
        log_is_free(g)


def users_file_and_events_stay():
    """A log file of the user's with one event on: the file goes on, event and mask are as before."""
    with Guest("seabios", gdb=True, timestamps=True) as g:
        g.args = ["-D", g.path("own.log"), "-d", "guest_errors", "-trace", "apm_io_read"]
        g.start()
        g.await_serial(SEABIOS_END, 60)
        before = open(g.path("own.log"), "rb").read()
        inode = os.stat(g.path("own.log")).st_ino
        true(b"apm_io_read" in before and b"apm_io_write" not in before, "the log has what was asked for")
        tracer, path = attach(g, "db.smm")
        write_ports(g, tracer, [7, 8, 9])
        equal(tracer.stop(), 130, "exit status")
        equal(written(path), [7, 8, 9], "values written to 0xb3")
        events = ("apm_io_read", "apm_io_write", "apic_mem_writel", "cpuhp_acpi_write_cmd")
        equal([state(g, event) for event in events], ["1", "0", "0", "0"], "trace events after")
        mark = os.path.getsize(g.path("own.log"))
        g.qmp.call("system_reset")
        g.await_serial(SEABIOS_END, 60, g.serial.text.index(SEABIOS_END) + 1)
        after = open(g.path("own.log"), "rb").read()
        equal(os.stat(g.path("own.log")).st_ino, inode, "inode of the log file")
        true(after.startswith(before), "what stood in the log still stands there")
        true(b"apm_io_read" in after[mark:], "the user's event is still logged")
        true(b"CPU Reset" not in after[mark:] and b"apm_io_write" not in after[mark:], "and nothing else is")


def log_of_another_user():
    """QEMU gave up its rights after the start: the pipe is that user's, too."""
    if os.geteuid():
        raise Skip("only root can start a QEMU for another user")
    with Guest("seabios", gdb=True, args=["-runas", "nobody"]).start() as g:
        g.await_serial(SEABIOS_END, 60)
        equal(os.stat("/proc/%d" % g.pid).st_uid != 0, True, "QEMU runs as somebody else")
        path = g.path("db.smm")
        tracer = Tracer("attach", g.target, "-o", path, "--headless")
        tracer.await_err("recording", 30)
        write_ports(g, tracer, [4, 5])
        equal(tracer.stop(), 130, "exit status; stderr: " + tracer.err.text[-300:])
        equal(written(path), [4, 5], "values written to 0xb3")
        log_is_free(g)


run_tests(case(every_write_in_order, timestamps=True), case(every_write_in_order, timestamps=False),
          stderr_is_not_truncated, users_file_and_events_stay, log_of_another_user)
