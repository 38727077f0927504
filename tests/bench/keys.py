#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""tests/bench/keys.py PROGRAM FILE

How long the timeline takes to open FILE and to answer each key, on a terminal of 132x43: from the key to the last
byte of the answer, and the CPU time the program spent on it. A key is answered when the program has slept and said
nothing for a while. The last line has the worst key and the peak of the memory.
"""

import fcntl
import os
import pty
import signal
import struct
import sys
import termios
import time

QUIET = 0.04   # nothing for so long: it is through
PATIENCE = 60  # for one key

# name, keys. A search may go on for long: its answer is the first thing it says.
TOUR = [
    ("fit", "0"), ("right", "L"), ("left", "H"), ("down", "j"), ("up", "k"), ("to a sparse lane", "jjjj"), ("right", "L"), ("left", "H"),
    ("page", " "), ("page back", "b"),
    ("end", "G"), ("start", "g"), ("end", "G"), ("right at end", "L"), ("start", "g"),
] + [("zoom in %d" % i, "+") for i in range(1, 31)] + [("pan right", "d"), ("page", " "), ("page back", "b")] + [
    ("zoom out %d" % i, "-") for i in range(1, 31)] + [
    ("fit", "0"), ("next violation", "v"), ("next violation", "v"), ("previous violation", "V"),
    ("next mark", "}"), ("next mark", "}"), ("previous mark", "{"), ("next event", "]"), ("previous event", "["),
    ("episode", "e"), ("episode", "e"), ("pan left", "a"), ("fit", "0"),
    ("type a search", "/b2=04"), ("search", "\r"), ("search next", "n"), ("search previous", "N"),
    ("type a search", "/smbase-write"), ("search a rare kind", "\r"), ("search next", "n"), ("search previous", "N"),
    ("start", "g"), ("type a search", "/cpu4"), ("search a rare cpu", "\r"), ("search next", "n"),
    ("start", "g"), ("type a search", "/0xdeadbeef"), ("search what is not there", "\r"), ("key while it searches", "L"),
    ("search what is not there", "n"), ("zoom while it searches", "+"), ("fit", "0"),
    ("type a filter", "fcpu=1"), ("filter a cpu", "\r"), ("right", "L"), ("down", "j"), ("up", "k"), ("end", "G"),
    ("fit", "0"), ("type a filter", "f\x15ipi cpu=4"), ("filter what is rare", "\r"), ("end", "G"), ("start", "g"),
    ("right", "L"), ("page", " "), ("type a filter", "f\x15cpuhp"), ("filter a kind", "\r"), ("end", "G"),
    ("fit", "0"), ("type a filter", "f\x15-smi -port -cpuhp"), ("filter kinds out", "\r"), ("end", "G"), ("fit", "0"),
    ("type a filter", "f\x15"), ("no filter", "\r"), ("end", "G"),
    ("detail", "\r"), ("detail", "\r"), ("verdict", "x"), ("back", "x"),
]


class View:
    """The program on a terminal of its own."""

    def __init__(self, program, path):
        self.began = time.monotonic()
        self.pid, self.tty = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", LC_ALL="C.UTF-8")
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 43, 132, 0, 0))
            os.execv(program, [program, "view", path])
        os.set_blocking(self.tty, False)
        self.ended = False

    def _said(self):
        try:
            said = os.read(self.tty, 1 << 16)
        except BlockingIOError:
            return b""
        except OSError:
            said = b""
        self.ended = not said
        return said

    def _state(self):
        with open("/proc/%d/stat" % self.pid, encoding="ascii", errors="replace") as file:
            state = file.read().rpartition(")")[2].split()[0]
        with open("/proc/%d/schedstat" % self.pid, encoding="ascii") as file:
            return state, int(file.read().split()[0]) / 1e9

    def cpu(self):
        return self._state()[1]

    def drain(self):
        while not self.ended and self._said():
            pass

    def peak(self):
        with open("/proc/%d/status" % self.pid, encoding="ascii", errors="replace") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:")) / 1024

    def settle(self, since, used, first=False):
        """(wall, CPU) seconds until it is quiet; or until it has said the first thing."""
        busy, seen, ran = since, False, used
        while not self.ended:
            now = time.monotonic()
            said = self._said()
            state, cpu = self._state()
            if first and not said:
                pass
            elif said or state != "S" or cpu - ran > 0.0005:
                busy, ran = now, cpu
                seen = seen or bool(said) or not first and cpu - used > 0.001
            if first and seen and not said and now - busy > 0.004:
                break
            if (seen and now - busy > QUIET) or now - since > PATIENCE or now - since > 1 and now - busy > 0.9:
                break
            time.sleep(0.001)
        return busy - since, ran - used

    def press(self, keys, first):
        used, since = self._state()[1], time.monotonic()
        for key in keys:
            os.write(self.tty, key.encode())
        wall, cpu = self.settle(since, used, first=first)
        return wall / len(keys), cpu / len(keys)

    def close(self):
        os.kill(self.pid, signal.SIGTERM)
        os.waitpid(self.pid, 0)


def main():
    view = View(sys.argv[1], sys.argv[2])
    wall, cpu = view.settle(view.began, 0)
    print("%-26s %8.1f ms %8.1f ms CPU" % ("open", wall * 1e3, cpu * 1e3), flush=True)
    worst = (0, 0, "")
    for name, keys in TOUR:
        wall, cpu = view.press(keys, name.startswith("search"))
        worst = max(worst, (cpu, wall, name))
        print("%-26s %8.1f ms %8.1f ms CPU" % (name, wall * 1e3, cpu * 1e3), flush=True)
        if view.ended:
            sys.exit("the program ended at '%s'" % name)
    print("worst: %.1f ms CPU, %.1f ms (%s); peak memory %.1f MiB"
          % (worst[0] * 1e3, worst[1] * 1e3, worst[2], view.peak()))
    view.close()


if __name__ == "__main__":
    main()
