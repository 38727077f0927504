#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 600
"""
The timeline on a real terminal: tmux on a socket of its own plays it, keys are
sent, the screen is read. Recordings are made by the unit test program
test-timeline, which writes what event lines say.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SMMTRACE = os.path.abspath(os.environ.get("SMMTRACE", os.path.join(ROOT, "smmtrace")))
RECORDER = os.path.join(os.path.abspath(os.environ.get("BUILD", ROOT)), ".obj/tests/unit/test-timeline")
DEADLINE = int(os.environ.get("VIEW_DEADLINE", "60"))

HANG = """\
meta target unix:/run/gdb.sock
t=1000000000 session what=attach
t=1000000000 cpu=0 cpu-add apic_id=0
t=1000000000 cpu=1 cpu-add apic_id=1
t=1000000000 cpu=1 cpu-reset in_smm=0 halted=1
t=1000000000 cpu=0 cpu-seen in_smm=0 halted=0
t=1010000000 cpu=0 port port=0xb2 dir=write value=0x4
t=1011000000 cpu=0 smi-enter smbase=0x7ffb3000 rip=0x1000 rax=0x4 rdx=0xb2
t=1012000000 cpu=1 smi-enter smbase=0x30000 rip=0xfff0
t=1025000000 cpu=1 smbase-write old=0x30000 new=0x7ffb5000 rip=0x38084
t=1030000000 cpu=0 ipi mode=init dest=one target=1
t=1030000000 cpu=1 cpu-reset in_smm=1 halted=0 rip=0x805c
t=1030000000 cpu=1 smi-leave smbase=0x30000 via=reset
t=1050000000 cpu=0 ipi mode=sipi vector=0x9f dest=one target=1
t=1060000000 lost until=1065000000 count=3
t=1070000000 session what=detach
"""

# The same machine, judged: what the recorder concluded stands between the events.
PLUG = """\
t=1000000000 session what=attach
t=1000000000 cpu=0 cpu-add apic_id=0
t=1010000000 cpu=1 cpu-add apic_id=1
t=1020000000 cpu=0 port port=0xb2 dir=write value=0x4
t=1021000000 cpu=0 smi-enter smbase=0x7ffb3000 rip=0x1000 rax=0x4 rdx=0xb2
t=1022000000 cpu=1 smi-enter smbase=0x30000 rip=0xfff0
t=1030000000 cpu=0 handoff word=gate addr=0x30004 old=0xffffffff value=0x1
t=1032000000 handler code=gate size=100
t=1040000000 cpu=0 ipi mode=init dest=one target=1
t=1040000000 cpu=1 cpu-reset in_smm=1 halted=0 rip=0x805c
t=1040000000 cpu=1 smi-leave smbase=0x30000 via=reset
violation 1040000000 1 no-init-in-smm 9,10,0,0 INIT from CPU 0 reset it inside SMM (at 0x3805c)
t=1050000000 cpu=0 ipi mode=sipi vector=0x9f dest=one target=1
violation 1050000000 0 smi-survives-init 12,0,0,0 the SMI that was pending is gone
episode 1 boot 0 done none 900000000 950000000 0 d-entry@900000000:1
episode 2 plug 1 stuck d-pass 1010000000 0 1080000000 added@1010000000:3 smi@1020000000:4 \
rendezvous@1021000000:5 a@1022000000:6 b@1030000000:7 c@1050000000:12
verdict verdict: STUCK: plug of CPU 1, step c. CPU 0, the monarch, polls AboutToLeaveSmm. It waits.
verdict CPU 1: halted in the pen
t=1090000000 session what=detach
"""


def alive(pid):
    """A zombie is not: who reaps it is not our business."""
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Terminal:
    """One tmux server with one window, in which a command runs under a shell."""

    def __init__(self, folder, command, rows=24, cols=80, env=None):
        self.socket = os.path.join(folder, "tmux.%d" % time.monotonic_ns())
        self.env = dict(os.environ, LC_ALL="C.UTF-8")
        for name in ("TMUX", "NO_COLOR"):
            self.env.pop(name, None)
        quiet = os.path.join(folder, "ncurses")  # keeps memory to the end, which sanitizers take for a leak
        with open(quiet, "w", encoding="ascii") as out:
            out.write("leak:libtinfo\nleak:libncurses\n")
        self.env["LSAN_OPTIONS"] = "print_suppressions=0:suppressions=" + quiet
        setting = "".join("%s=%s " % item for item in (env or {}).items())
        self.tmux("new-session", "-d", "-x", str(cols), "-y", str(rows),
                  "env PS1='READY$ ' " + setting + "sh")
        self.wait_for(lambda screen: "READY$" in screen, "a shell")
        self.server = int(self.tmux("display-message", "-p", "#{pid}"))
        if command:
            self.type(command + "\n")

    def tmux(self, *args):
        done = subprocess.run(["tmux", "-S", self.socket, "-f", "/dev/null", *args], env=self.env, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=DEADLINE, check=False)
        return done.stdout

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def key(self, *names):
        for name in names:
            self.tmux("send-keys", "--", name)

    def lines(self, colours=False):
        return self.tmux("capture-pane", "-p", *(["-e"] if colours else [])).split("\n")

    def wait_for(self, good, what):
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            screen = "\n".join(self.lines())
            if good(screen):
                return screen
            time.sleep(0.03)
        raise AssertionError("waited in vain for %s; the screen:\n%s" % (what, screen))

    def wait_text(self, *texts):
        return self.wait_for(lambda screen: all(text in screen for text in texts),
                             " and ".join(map(repr, texts)))

    def wait_gone(self, text):
        return self.wait_for(lambda screen: text not in screen, "no %r" % text)

    def resize(self, cols, rows):
        self.tmux("resize-window", "-x", str(cols), "-y", str(rows))

    def close(self):
        self.tmux("kill-server")
        end = time.monotonic() + DEADLINE
        while alive(self.server) and time.monotonic() < end:
            time.sleep(0.03)

    # What the timeline shows (ASCII).

    def cursor(self):
        return self.lines()[2].find("V")

    def chosen(self):
        """The line of the chosen event, without its time."""
        lines = self.lines()
        pane = next((i for i, line in enumerate(lines) if line.startswith("-- ")), len(lines))
        for line in lines[pane + 1:]:
            match = re.match(r"> +[-0-9.]+ s \S +(.*)", line)
            if match:
                return " ".join(match.group(1).split())
        return ""

    def lane(self):
        return next((line[1:9].strip() for line in self.lines()[3:] if line.startswith(">")), "")

    def wait_chosen(self, text):
        self.wait_for(lambda _: text in self.chosen(), "the event %r to be chosen" % text)

    def axis(self):
        return self.lines()[1]


def record(path, text):
    subprocess.run([RECORDER, path], input=text, text=True, check=True, timeout=DEADLINE)


def check(condition, message):
    if not condition:
        raise AssertionError(message)


class Suite:
    def __init__(self, folder):
        self.folder = folder
        self.db = os.path.join(folder, "hang.db")
        record(self.db, HANG)

    def view(self, options="--ascii", rows=24, cols=80, env=None, db=None):
        command = "%s view %s %s; echo status=$?" % (SMMTRACE, db or self.db, options)
        term = Terminal(self.folder, command, rows, cols, env)
        self.terms.append(term)
        return term

    def ready(self, **more):
        term = self.view(**more)
        term.wait_text("q quit")
        return term

    # The picture.

    def test_picture_in_ascii(self):
        term = self.ready()
        have = term.lines()
        check(have[0] == " smmtrace  hang.db   ended 00:00.070  2 CPUs  SMI 2  lost 3  stopped 0 ns (0 %)",
              "header is %r" % have[0])
        check(re.match(r" {9}0\.00 s +\+20 ms +\+40 ms +\+60 ms$", have[1]), "axis is %r" % have[1])
        check(re.match(r"-{9}V(-+\+){3}-+$", have[2]), "ruler is %r" % have[2])
        check(re.match(r" machine \* attach +L 3 lost +\*$", have[3]), "machine's lane is %r" % have[3])
        check(re.search(r"v ?B2=04 .*I>1 .*\^9f>1", have[4]), "marks of CPU 0 are %r" % have[4])
        check(re.match(r">CPU 0   -+\[## 7ffb3000 #+V#+V#+>", have[5]), "lane of CPU 0 is %r" % have[5])
        check(re.search(r"w.*R in SMM.*\^<0", have[6]), "marks of CPU 1 are %r" % have[6])
        check(re.match(r" CPU 1   \.+\[d+ 30000 d+\]\.+-+/+-", have[7]), "lane of CPU 1 is %r" % have[7])
        check(have[8].startswith("-- 0.0"), "pane begins with %r" % have[8])
        check("session" in have[9], "list begins with %r" % have[9])
        check(all(ord(c) < 128 for line in have for c in line), "not ASCII")

    def test_picture_in_utf8(self):
        screen = self.ready(options="", env={"LC_ALL": "C.UTF-8"}).wait_text("q quit")
        for sign in "\u2588\u2590\u2500\u00b7\u25bc\u25c6\u25b2\u2571":
            check(sign in screen, "no %r on the screen:\n%s" % (sign, screen))

    def test_locale_without_utf8(self):
        screen = self.ready(options="", env={"LC_ALL": "C"}).wait_text("q quit")
        check(all(ord(c) < 128 for c in screen), "not ASCII:\n" + screen)

    def test_colours(self):
        term = self.ready(env={"TERM": "screen-256color"})
        escapes = "\n".join(term.lines(colours=True))
        check(re.search(r"\x1b\[[0-9;]*3[0-7]", escapes), "no colour where there could be")

    def test_no_color(self):
        term = self.ready(env={"TERM": "screen-256color", "NO_COLOR": "1"})
        escapes = "\n".join(term.lines(colours=True))
        check(not re.search(r"\x1b\[[0-9;]*\b[34][0-7]\b", escapes), "colours with NO_COLOR:\n" + escapes)
        check("[d" in escapes and "\x1b[" in escapes, "no shapes or no attributes")

    def test_vt100(self):
        term = self.ready(env={"TERM": "vt100"})
        term.wait_text("[## 7ffb3000 ##", "[d")

    def test_sizes(self):
        term = self.ready()
        term.resize(132, 40)
        term.wait_for(lambda s: len(s.split("\n")[2].rstrip()) == 132 and "q quit" in s.split("\n")[39],
                      "132x40")
        term.resize(60, 16)
        term.wait_for(lambda s: "q quit" in s.split("\n")[15], "60x16")
        term.resize(59, 16)
        term.wait_text("terminal too small", "59x16")
        term.resize(20, 4)
        term.wait_text("too small", "20x4")
        term.key("?", "q")
        term.resize(80, 24)
        term.wait_text("q quit", ">CPU 0")
        term.key("q")
        term.wait_text("status=0")

    # The keys: each does what the help says.

    def test_key_help(self):
        term = self.ready()
        for key in ("?", "F1", "h"):
            term.key(key)
            term.wait_text("keys and signs", "next broken rule", "any key: the signs")
            term.key("j")
            term.wait_text("keys and signs", "SMBASE written")
            term.key("j")
            term.wait_text(">CPU 0")
        term.resize(132, 43)
        term.wait_for(lambda s: "q quit" in s.split("\n")[42], "132x43")
        term.key("?")
        term.wait_text("next broken rule", "SMBASE written")
        term.key("j")
        term.wait_text(">CPU 0")

    def test_keys_left_right(self):
        term = self.ready()
        start = term.cursor()
        for right, left in (("Right", "Left"), ("L", "H")):
            term.key(right, right)
            term.wait_for(lambda _: term.cursor() == start + 2, "the cursor two to the right")
            term.key(left, left)
            term.wait_for(lambda _: term.cursor() == start, "the cursor back")

    def test_cursor_goes_over_the_edges(self):
        term = self.ready()
        first = term.axis()
        term.key(*["Left"] * 3)
        term.wait_for(lambda _: term.axis() != first and 0 < term.cursor() < 60, "an earlier window")
        term.key("0", "End")
        term.wait_chosen("session what=detach")
        term.key(*["Right"] * 4)
        term.wait_for(lambda _: term.axis() != first and 20 < term.cursor() < 75, "a later window")

    def test_keys_up_down(self):
        term = self.ready()
        for down, up in (("Down", "Up"), ("j", "k")):
            term.key(down)
            term.wait_for(lambda _: term.lane() == "CPU 1", "lane CPU 1")
            term.key(up, up)
            term.wait_for(lambda _: term.lane() == "machine", "the machine's lane")
            term.key(down)
            term.wait_for(lambda _: term.lane() == "CPU 0", "lane CPU 0")

    def test_keys_zoom(self):
        term = self.ready()
        whole = term.axis()
        for closer, wider in (("+", "-"), ("=", "s"), ("w", "-")):
            term.key(closer)
            term.wait_for(lambda _: "+10 ms" in term.axis(), "a finer axis")
            term.key(wider)
            term.wait_for(lambda _: term.axis() == whole, "the old axis")

    def test_keys_pan(self):
        term = self.ready()
        first = term.axis()
        for on, back in (("d", "a"), ("Space", "b"), ("NPage", "PPage")):
            term.key(on)
            term.wait_for(lambda _: term.axis() != first, "another window")
            term.key(back)
            term.wait_for(lambda _: term.axis() == first, "the first window")
        term.key("d", "d", "d", "0")
        term.wait_for(lambda _: term.axis() == first, "the whole recording")

    def test_keys_ends(self):
        term = self.ready()
        for end, start in (("G", "g"), ("End", "Home")):
            term.key(end)
            term.wait_chosen("session what=detach")
            term.key(start)
            term.wait_chosen("session what=attach")

    def test_keys_events(self):
        term = self.ready()
        term.key("g", "j")
        term.wait_chosen("cpu-add cpu0")
        term.key("]")
        term.wait_chosen("cpu-seen cpu0")
        term.key("j", "]", "]", "]")
        term.wait_chosen("smbase-write cpu1")
        term.key("[")
        term.wait_chosen("smi-enter cpu1")
        term.key("]", "]", "]", "]", "]")
        term.wait_text("no later event in this lane")

    def test_keys_marks(self):
        term = self.ready()
        term.key("g", "}", "}", "}")
        term.wait_chosen("cpu-reset cpu1 in_smm=0")
        term.key("}")
        term.wait_chosen("smbase-write cpu1")
        check(term.lane() == "CPU 1", "the lane did not follow")
        term.key("}")
        term.wait_chosen("mode=init")
        term.key("{")
        term.wait_chosen("smbase-write cpu1")

    def test_keys_search(self):
        term = self.ready()
        term.key("n")
        term.wait_text("nothing to search for yet")
        term.key("/")
        term.wait_text(" search:")
        term.type("b2=04")
        term.wait_text("search: b2=04")
        term.key("Enter")
        term.wait_chosen("port cpu0 port=0xb2")
        term.key("/")
        term.type("cpu1 smi")
        term.key("Enter")
        term.wait_chosen("smi-enter cpu1")
        term.key("n")
        term.wait_chosen("smi-leave cpu1")
        term.key("N")
        term.wait_chosen("smi-enter cpu1")
        term.key("N")
        term.wait_text('no "cpu1 smi" before the cursor')
        for expression, found in (("smbase!=0x30000 smi-enter", "smi-enter cpu0"), ("port=0xb2,0xb3", "port cpu0"),
                                  ("9f>1", "mode=sipi"), ("cpu=1 -smi -cpu", "smbase-write cpu1")):
            term.key("g", "/")
            term.type(expression)
            term.key("Enter")
            term.wait_chosen(found)
        term.key("/")
        term.type("prot=0xb2")
        term.key("Enter")
        term.wait_text('no event has a field "prot"; did you mean "port"?')
        term.key("/")
        term.type("pause")
        term.key("Enter")
        term.wait_text('no "pause" after the cursor (the filter hides them')
        term.key("/")
        term.type("xyz")
        term.key("BSpace", "C-u", "Escape")
        term.wait_text("q quit")

    def test_key_filter(self):
        term = self.ready()
        term.key("f")
        term.wait_text(" filter:")
        term.type("ipi cpu=0")
        term.key("Enter")
        there, gone = ("filter: ipi cpu=0 --", "mode=sipi", "[## 7ffb3000"), ("smbase-write", "B2=04")
        term.wait_for(lambda s: all(word in s for word in there) and not any(word in s for word in gone),
                      "IPIs of CPU 0 and all states alone")
        term.key("f")
        term.type(" nonsense")
        term.key("Enter")
        term.wait_text('no event has "nonsense"', "filter: ipi cpu=0")
        term.key("f", "C-u")
        term.type("smbase=0x30000")
        term.key("Enter")
        term.wait_for(lambda s: "filter: smbase=0x30000 --" in s and "mode=sipi" not in s, "what has that SMBASE alone")
        term.key("f", "C-u", "Enter")
        term.wait_text("smbase-write")
        term.wait_gone("filter:")

    def test_filter_to_begin_with(self):
        term = self.view("--ascii --filter 'port after=1us'")
        term.wait_for(lambda s: "filter: port after=1us --" in s and "port" in s and "cpu-add" not in s, "ports alone")
        term.key("f")
        term.type(" cpu=0 dir=write value=4,5,6,7,8,9,10,11,12")
        term.key("Enter")
        term.wait_for(lambda s: "filter: port after=1us cpu=0 dir=write value.. --" in s and "port=0xb2" in s,
                      "a long filter, cut")

    def test_key_focus(self):
        term = self.ready()
        term.key("g", "Tab", "Down")
        term.wait_chosen("cpu-add cpu0")
        term.key("j", "j")
        term.wait_chosen("cpu-reset cpu1")
        term.key("k")
        term.wait_chosen("cpu-add cpu1")
        term.key("BTab", "j", "k", "k", "k", "j")
        term.wait_for(lambda _: term.lane() == "CPU 0", "the lanes to have the keys again")

    def test_key_detail(self):
        term = self.ready()
        term.key("}", "Enter")
        term.wait_text("event ", "observed by fixture")
        term.key("/")
        term.type("smbase-write")
        term.key("Enter")
        term.wait_text("entry at 0x7ffbd000", "the default", "SMI 8 of cpu1", "command 0x04")
        term.key("Enter")
        term.wait_gone("entry at")

    def plug(self, **more):
        path = os.path.join(self.folder, "plug.db")
        if not os.path.exists(path):
            record(path, PLUG)
        term = self.view(db=path, **more)
        term.wait_text("STUCK plug of CPU 1")
        return term

    def test_stuck_plug_in_ascii(self):
        term = self.plug()
        have = term.lines()
        check(re.search(r"SMI 2  violated 2  lost 0", have[0]), "header is %r" % have[0])
        check(re.match(r" plug 1 +\|added-.*\|\(a\)-.*\|\(b\)-+\|\(c\)-+STUCK\.*$", have[3]),
              "episode: %r" % have[3])
        check(re.search(r"! smi-survives-init", have[5]), "marks of CPU 0 are %r" % have[5])
        check(re.search(r"o.*I>1", have[5]), "no handshake in %r" % have[5])
        check(re.match(r" CPU 1 .*\[\(a\)d+ 30000 d\]", have[8]), "lane of CPU 1 is %r" % have[8])
        check(have[23] == " STUCK plug of CPU 1, step (d), 40.0 ms: "
              "CPU 0, the monarch, polls AboutToLeaveS", "status is %r" % have[23])
        check(all(ord(c) < 128 for line in have for c in line), "not ASCII")

    def test_stuck_plug_in_utf8(self):
        term = self.plug(options="", rows=43, cols=132, env={"LC_ALL": "C.UTF-8"})
        have = term.lines()
        check(re.match(r" plug 1 +\u2502added\u2500.*\u2502\(c\)\u2500+STUCK", have[3]),
              "episode: %r" % have[3])
        check("\u25cb gate=1" in have[5] and "! smi-survives-init" in have[5],
              "marks of CPU 0 are %r" % have[5])
        check(have[42].endswith("CPU 0, the monarch, polls AboutToLeaveSmm"), "status is %r" % have[42])

    def test_small_terminal_keeps_its_lanes(self):
        term = self.plug(rows=16, cols=60)
        term.wait_text("machine", "CPU 0", "CPU 1", "plug 1")

    def test_keys_violations(self):
        term = self.plug()
        term.key("v")
        term.wait_text("! no-init-in-smm  CPU 1  (c) INIT from CPU 0 reset it inside SMM (at 0x3805c)")
        term.wait_for(lambda _: term.lane() == "CPU 1", "the lane of CPU 1")
        term.wait_chosen("cpu-reset cpu1 in_smm=1")
        term.key("v")
        term.wait_text("! smi-survives-init  CPU 0  (c) the SMI that was pending is gone")
        term.wait_for(lambda _: term.lane() == "CPU 0", "the lane of CPU 0")
        term.key("v")
        term.wait_text("no later broken rule")
        term.key("V")
        term.wait_text("! no-init-in-smm  CPU 1")
        term.key("V")
        term.wait_text("no earlier broken rule")
        term.key("Enter")
        term.wait_text("broken rule 1 at 0.040000000 s   error", "the rule: ", "event 9 ", "event 10 ",
                       "mode=init")
        term.key("Enter")
        term.wait_gone("the rule:")
        term.key("Left")
        term.wait_gone("! no-init-in-smm  CPU 1")

    def test_keys_violations_without_any(self):
        term = self.ready()
        term.key("v")
        term.wait_text("no rule was broken")
        term.key("e")
        term.wait_text("no relocation or plug was followed")
        term.key("x")
        term.wait_text("verdict: who waits for whom", "no verdict")
        term.key("j")
        term.wait_text("q quit")

    def test_key_episode(self):
        term = self.plug()
        whole = term.axis()
        term.key("g", "+", "+", "+")
        term.wait_for(lambda _: term.axis() != whole, "a closer window")
        term.key("e")
        term.wait_for(lambda s: re.search(r"\n plug 1 +\|added.*STUCK", s) and "-- 0.010" in s,
                      "all of the plug")
        term.wait_for(lambda _: term.lane() == "CPU 1", "the lane of CPU 1")
        term.key("e")
        term.wait_text("-- 0.010")

    def test_key_verdict(self):
        term = self.plug()
        term.key("x")
        term.wait_text("verdict: STUCK: plug of CPU 1, step c.", "It waits.", "CPU 1: halted in the pen",
                       "any key")
        term.key("x")
        term.wait_text(">CPU 0")

    def test_long_verdict_has_pages(self):
        path = os.path.join(self.folder, "long.db")
        record(path, PLUG + "".join("verdict CPU %d: halted in the pen\n" % cpu for cpu in range(2, 40)))
        term = self.view(db=path)
        term.wait_text("STUCK")
        term.key("x")
        term.wait_text("CPU 1: halted", "any key: what follows")
        term.key("j")
        term.wait_text("CPU 39: halted", "any key: back")
        term.key("j")
        term.wait_text(">CPU 0")

    def test_stuck_while_it_happens(self):
        path = os.path.join(self.folder, "stuck.db")
        proc = subprocess.Popen([RECORDER, path, "--live"], stdin=subprocess.PIPE, text=True)
        self.procs.append(proc)
        proc.stdin.write("now t=1 session what=attach\nnow t=1 cpu=0 cpu-add apic_id=0\n")
        proc.stdin.flush()
        end = time.monotonic() + DEADLINE
        while not os.path.exists(path + "-wal") and time.monotonic() < end:
            time.sleep(0.03)
        term = self.view(db=path)
        term.wait_text("* live", "q quit")
        now = time.monotonic_ns()
        proc.stdin.write("violation %d 0 no-init-in-smm 1,0,0,0 found live\n"
                         "episode 1 plug 1 stuck gpe %d 0 %d added@%d:2\n" % (now, now, now, now))
        proc.stdin.flush()
        first = term.wait_text("STUCK plug of CPU 1, step added, no gpe", "violated 1").split("\n")[23]
        term.wait_for(lambda s: "STUCK plug" in s.split("\n")[23] and s.split("\n")[23] != first,
                      "time to go on")
        proc.stdin.write("episode 1 plug 1 done none %d %d 0 added@%d:2 online@%d:2\n" %
                         (now, now + 1, now, now + 1))
        proc.stdin.flush()
        term.wait_gone("STUCK")
        proc.stdin.close()
        proc.wait(DEADLINE)

    def test_key_redraw(self):
        term = self.ready()
        tty = term.tmux("display-message", "-p", "#{pane_tty}").strip()
        for key in ("r", "C-l"):
            with open(tty, "w", encoding="ascii") as out:
                out.write("\033[HGARBAGE\033[5;20HGARBAGE")
            term.wait_text("GARBAGE")
            term.key(key)
            term.wait_gone("GARBAGE")

    def test_unknown_keys_do_nothing(self):
        term = self.ready()
        before = term.lines()
        term.key("F9", "%", "Z", "DC", "IC", "M-x")
        term.type("\u00e9")
        term.key("?")
        term.wait_text("keys and signs")
        term.key("F5", "F5")
        term.wait_text("q quit")
        check(term.lines() == before, "the screen is another")

    # Leaving.

    def left_well(self, term, status):
        term.wait_text("status=%d" % status)
        check("READY$" in term.lines()[0], "the screen of before is not back")
        term.type("stty -a | tr ' ' '\\n' | grep -c '^-*\\(icanon\\|echo\\|isig\\|icrnl\\|opost\\);*$'; "
                  "stty -a | grep -c -- '-icanon\\|-echo \\|-isig\\|-icrnl\\|-opost'\n")
        term.wait_for(lambda s: re.search(r"^5\n0$", s, re.M), "a sane terminal")

    def test_key_quit(self):
        term = self.ready()
        term.key("q")
        self.left_well(term, 0)

    def test_ctrl_c(self):
        term = self.ready()
        term.key("C-c")
        self.left_well(term, 130)

    def pid_of_view(self, term):
        shell = term.tmux("display-message", "-p", "#{pane_pid}").strip()
        with open("/proc/%s/task/%s/children" % (shell, shell), encoding="ascii") as children:
            return int(children.read().split()[-1])

    def test_signals(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
            term = self.ready()
            os.kill(self.pid_of_view(term), number)
            self.left_well(term, 128 + number)

    def test_crash(self):
        if "AddressSanitizer" in subprocess.run(["nm", "-D", SMMTRACE], stdout=subprocess.PIPE, text=True,
                                                check=False).stdout:
            return
        term = self.ready()
        os.kill(self.pid_of_view(term), signal.SIGSEGV)
        term.wait_for(lambda s: "status=139" in s or "status=1" in s, "the end")
        term.type("stty -a | grep -c -- '-icanon\\|-echo \\|-isig'\n")
        term.wait_for(lambda s: re.search(r"^0$", s, re.M), "a sane terminal")

    def test_suspend(self):
        for stop in ("key", "signal"):
            term = self.ready()
            pid = self.pid_of_view(term)
            if stop == "key":
                term.key("C-z")
            else:
                os.kill(pid, signal.SIGTSTP)
            term.wait_for(lambda s: "Stopped" in s or "suspended" in s.lower(), "the shell's word")
            term.type("stty -a | grep -c -- '-icanon\\|-echo \\|-isig'\n")
            term.wait_for(lambda s: re.search(r"^0$", s, re.M), "a sane terminal")
            term.resize(100, 30)
            term.type("fg\n")
            term.wait_for(lambda s: "q quit" in s.split("\n")[29] and s.startswith(" smmtrace"),
                          "the timeline at 100x30")
            term.key("q")
            term.wait_text("READY$")
            term.close()

    def test_hangup(self):
        term = self.ready()
        pid = self.pid_of_view(term)
        term.tmux("kill-session")
        end = time.monotonic() + DEADLINE
        while alive(pid) and time.monotonic() < end:
            time.sleep(0.03)
        check(not alive(pid), "lives on without its terminal")

    # Where there is nothing to show, or nothing to show it on.

    def refused(self, command, status, pattern, env=None):
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=DEADLINE, env=dict(os.environ, **(env or {})), check=False)
        check(done.returncode == status, "status %d: %s" % (done.returncode, done.stderr))
        check(done.stdout == "" and done.stderr.count("\n") == 1, "wrote %r %r" % (done.stdout, done.stderr))
        check(re.search(pattern, done.stderr), "said %r" % done.stderr)

    def test_without_terminal(self):
        self.refused([SMMTRACE, "view", self.db], 2, "needs a terminal; `smmtrace report FILE`")
        self.refused([SMMTRACE, "view", os.path.join(self.folder, "nothing.db")], 2, "nothing.db")

    def test_terminals_without_cursor(self):
        for name, word in (("dumb", "cannot place its cursor"), ("no-such-terminal", "is not known")):
            term = self.view(env={"TERM": name})
            term.wait_text("status=2")
            check(word in " ".join(term.lines()), "said:\n" + "\n".join(term.lines()))

    def test_foreign_file(self):
        path = os.path.join(self.folder, "foreign.db")
        with open(path, "wb") as out:
            out.write(b"SQLite format 3\0" + bytes(range(256)) * 64)
        term = self.view(db=path)
        term.wait_text("status=4")

    # Living recordings.

    def live(self, path):
        proc = subprocess.Popen([RECORDER, path, "--live"], stdin=subprocess.PIPE, text=True)
        self.procs.append(proc)

        def say(*lines):
            for line in lines:
                proc.stdin.write("now t=1 %s\n" % line)
            proc.stdin.flush()
        say("session what=attach", "cpu=0 cpu-add apic_id=0", "cpu=0 cpu-seen in_smm=0")
        end = time.monotonic() + DEADLINE
        while not os.path.exists(path + "-wal") and time.monotonic() < end:
            time.sleep(0.03)
        return proc, say

    def test_live_recording(self):
        path = os.path.join(self.folder, "live.db")
        proc, say = self.live(path)
        term = self.view(db=path)
        term.wait_text("* live", "following", "cpu-seen")
        say("cpu=0 smi-enter smbase=0x7000 rip=0x1")
        term.wait_for(lambda s: re.search(r"CPU 0.*[#>]", s) and "SMI 1 " in s and "smi-enter" in s,
                      "the SMI")
        early = term.lines()[0]
        term.wait_for(lambda s: s.split("\n")[0] != early, "the clock to go on")
        term.key("p")
        term.wait_text("frozen")
        frozen = term.lines()[0]
        say("cpu=0 smi-leave smbase=0x7000 rip=0x2")
        term.key("?")
        term.wait_text("keys and signs")
        term.key("x", "x")
        screen = term.wait_for(lambda s: "frozen" in s and "q quit" in s.split("\n")[23], "the frozen screen")
        check("smi-leave" not in screen and screen.split("\n")[0] == frozen, "is not frozen:\n" + screen)
        term.key("p")
        term.wait_text("smi-leave")
        term.key("t")
        term.wait_gone("following")
        window = term.axis()
        say("cpu=0 port port=0xb2 dir=write value=0x1")
        term.wait_text("port")
        check(term.axis() == window, "follows still")
        term.key("t")
        term.wait_text("following")
        proc.stdin.close()
        proc.wait(DEADLINE)
        term.wait_text("ended")
        check(proc.returncode == 0, "the recorder ended with %d" % proc.returncode)
        term.key("q")
        term.wait_text("status=0")

    def test_recorder_killed(self):
        path = os.path.join(self.folder, "killed.db")
        proc, say = self.live(path)
        say("cpu=0 port port=0xb2 dir=write value=0x1")
        term = self.view(db=path, options="--ascii --no-follow")
        screen = term.wait_text("* live", "port")
        check("following" not in screen, "follows in spite of --no-follow")
        proc.kill()
        proc.wait(DEADLINE)
        term.wait_text("NOT CLOSED")
        term.key("q")
        term.wait_text("status=0")
        report = subprocess.run([SMMTRACE, "report", path], stdout=subprocess.PIPE, text=True, check=True,
                                timeout=DEADLINE).stdout
        check("NOT CLOSED" in report, report)

    def test_empty_recording(self):
        path = os.path.join(self.folder, "empty.db")
        record(path, "")
        term = self.view(db=path)
        term.wait_text("no events yet", "0 CPUs")
        term.key(*"+-ad0gGt[]{}jk", "Left", "Right", "Enter", "Tab", "Down", "q")
        term.wait_text("status=0")

    def test_hostile_names(self):
        os.mkdir(os.path.join(self.folder, "evil"))
        record(os.path.join(self.folder, "evil", "a\033[31m\n.db"), HANG)
        command = "for f in %s/evil/*; do %s view --ascii \"$f\"; done" % (self.folder, SMMTRACE)
        term = Terminal(self.folder, command)
        self.terms.append(term)
        screen = term.wait_text("q quit")
        check("a\\x1b[31m\\x0a.db" in screen.split("\n")[0], "title is %r" % screen.split("\n")[0])

    # The report and the words about keys.

    def test_report_command(self):
        out = os.path.join(self.folder, "report.txt")
        text = subprocess.run([SMMTRACE, "report", self.db], stdout=subprocess.PIPE, text=True, check=True,
                              timeout=DEADLINE).stdout
        check("Where each CPU is" in text and "INSIDE SMM" in text, text)
        subprocess.run([SMMTRACE, "report", self.db, "-o", out], check=True, timeout=DEADLINE)
        with open(out, encoding="ascii") as made:
            check(made.read() == text, "-o writes something else")
        with open(self.db, "rb") as kept:
            before = kept.read()
        self.refused([SMMTRACE, "report", self.db, "-o", self.db], 2, "overwrite the recording")
        with open(self.db, "rb") as kept:
            check(kept.read() == before, "the recording was written to")
        self.refused([SMMTRACE, "report", self.db, "-o", "/nonexistent/x"], 6, "cannot write")
        if os.path.exists("/dev/full"):
            self.refused(["sh", "-c", "%s report %s >/dev/full" % (SMMTRACE, self.db)], 6, "No space left")

    def test_man_page_tells_the_keys(self):
        text = subprocess.run([SMMTRACE, "list", "keys", "--json"], stdout=subprocess.PIPE, text=True,
                              check=True, timeout=DEADLINE).stdout
        keys = json.loads(text)["keys"]
        with open(os.path.join(ROOT, "man/smmtrace-view.1"), encoding="ascii") as page:
            section = page.read().split(".SH KEYS\n")[1].split(".SH ")[0]
        for old, new in (("\\-", "-"), ("\\(ha", "^"), ("\\(aq", "'"), ("\\(dq", '"'), ("\\e", "\\")):
            section = section.replace(old, new)
        told = re.findall(r"\.TP\n\.B (.*)\n(.*)\n", section)
        check(told == [(key["key"], key["meaning"]) for key in keys], "the page says %r" % told)

    def run(self, only):
        failed = 0
        for name in sorted(name for name in dir(self) if name.startswith("test_") and only in name
                           and getattr(self, name)):
            self.terms, self.procs = [], []
            try:
                getattr(self, name)()
                print("ok", name[5:], flush=True)
            except Exception as why:  # pylint: disable=broad-except
                failed = 1
                print("not ok %s\n%s" % (name[5:], re.sub("^", "# ", str(why), flags=re.M)), flush=True)
            for term in self.terms:
                term.close()
            for proc in self.procs:
                proc.kill()
                proc.wait()
        return failed


def main():
    if not shutil.which("tmux"):
        print("tmux is not installed")
        return 77
    if not os.access(RECORDER, os.X_OK):
        print("%s is not built (make unit-programs)" % RECORDER)
        return 77
    short = "/tmp" if len(tempfile.gettempdir()) > 60 else None  # a socket's path has 107 characters at most
    with tempfile.TemporaryDirectory(prefix="smmtrace-view.", dir=short) as folder:
        return Suite(folder).run(sys.argv[1] if len(sys.argv) > 1 else "")


if __name__ == "__main__":
    sys.exit(main())
