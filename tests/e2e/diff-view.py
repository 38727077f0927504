#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 600
"""
`smmtrace diff GOOD BAD --view` on a real terminal (tmux): both runs one above the other, each key of its help,
whole screens as they were drawn once (tests/fixtures/screens, VIEW_SCREENS=write makes them anew).
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from query import RECORDER, SMMTRACE, check, record  # pylint: disable=wrong-import-position
from view import DEADLINE, ROOT, Terminal  # pylint: disable=wrong-import-position

SCREENS = os.path.join(ROOT, "tests/fixtures/screens")
FIRST = ["first difference: CPU 0, in the plug of CPU 1, behind c, after", " -   sends SMI to the new CPU",
         " + nothing more"]
SECOND = ["CPU 1, in the plug of CPU 1", " - SMI (an IPI) at the default SMBASE", "difference 2 of 2"]


class Runs(Terminal):
    """What the two groups show (ASCII): the good one begins in row 1, the bad one where its ruler says so."""

    def group(self, side):
        lines = self.lines()
        name = "- good" if side == 0 else "+ bad"
        begin = next(i for i, line in enumerate(lines) if line[1:].startswith(name))
        end = next(i for i in range(begin + 2, len(lines)) if re.match(r".\+ bad|-- ", lines[i]))
        return lines[begin:end]

    def axes(self):
        return [self.group(side)[0][9:] for side in (0, 1)]

    def cursors(self):
        return [self.group(side)[1].find("V") for side in (0, 1)]

    def focus(self):
        return [side for side in (0, 1) if self.group(side)[0].startswith(">")]

    def differs(self):
        """The lanes with a sign behind their name, in both groups."""
        return [[line[1:8].strip() for line in self.group(side)[2:] if line[8:9] == "D"] for side in (0, 1)]

    def lane(self):
        lines = self.group(0)[2:] + self.group(1)[2:]
        return next((line[1:8].strip() for line in lines if line.startswith(">")), "")

    def chosen(self):
        lines = self.lines()
        pane = max(i for i, line in enumerate(lines) if line.startswith("-- "))
        found = [re.match(r"> +[-0-9.]+ s \S +(.*)", line) for line in lines[pane:]]
        return next((" ".join(match.group(1).split()) for match in found if match), "")

    def wait_that(self, good, what):
        def looks(_):
            try:
                return good()
            except (StopIteration, ValueError):  # half drawn
                return False
        return self.wait_for(looks, what)


class Suite:
    def __init__(self, folder):
        self.folder = folder
        self.terms = []
        for story in ("completed-hotplug", "stock-hang", "boot-4-cpus", "unplug"):
            record(self.path(story), story)

    def path(self, story):
        return os.path.join(self.folder, story + ".smm")

    def view(self, good="completed-hotplug", bad="stock-hang", options="--ascii", rows=24, cols=80, env=None):
        files = self.path(good), self.path(bad)
        command = "%s diff %s %s --view %s; echo status=$?" % (SMMTRACE, *files, options)
        term = Runs(self.folder, command, rows, cols, env)
        self.terms.append(term)
        return term

    def ready(self, **more):
        term = self.view(**more)
        term.wait_text("q quit  ? help  n N difference")
        return term

    # The picture.

    def same(self, name, term, rows):
        """The terminal comes to show that screen."""
        path = os.path.join(SCREENS, name + ".txt")

        def text(screen):
            return "\n".join(line.rstrip() for line in screen.split("\n")).rstrip("\n") + "\n"
        if os.environ.get("VIEW_SCREENS") == "write":
            term.wait_for(lambda s: s.startswith(" smmtrace diff") and
                          s.split("\n")[rows - 1].startswith(" q quit"), "%d rows" % rows)
            with open(path, "w", encoding="utf-8") as out:
                out.write(text("\n".join(term.lines())))
        with open(path, encoding="utf-8") as want:
            literal = want.read()
        check(len(literal.split("\n")) == rows + 1, "%s has not %d rows" % (path, rows))
        term.wait_for(lambda s: text(s) == literal, "%s:\n%s" % (name, literal))

    def screens(self, charset, options, env):
        term = self.ready(options=options, env=env)
        self.same("twin-80x24-" + charset, term, 24)
        term.resize(132, 43)
        self.same("twin-132x43-" + charset, term, 43)
        term.resize(80, 24)
        self.same("twin-80x24-" + charset, term, 24)
        term.key("n")
        term.wait_text("difference 2 of 2")
        self.same("twin-80x24-second-" + charset, term, 24)

    def test_screens_in_ascii(self):
        self.screens("ascii", "--ascii", {"LC_ALL": "C.UTF-8"})

    def test_screens_in_utf8(self):
        self.screens("utf8", "", {"LC_ALL": "C.UTF-8"})

    def test_screens_of_a_vt100(self):
        self.screens("ascii", "", {"TERM": "vt100", "LC_ALL": "C"})

    def test_first_difference_is_marked_in_both(self):
        term = self.ready()
        term.wait_text("| plug of CPU 1 begins --", *FIRST)
        check(term.differs() == [["CPU 0"], ["CPU 0"]], term.differs())
        rulers = [term.group(side)[1] for side in (0, 1)]
        check(all("D" in ruler for ruler in rulers), rulers)
        check(rulers[0].index("|") == rulers[1].index("|"), "not aligned: %r" % rulers)
        lines = term.group(0) + term.group(1)
        begins = [line.index("|") for line in lines if line.startswith(" plug 1")]
        check(begins == [rulers[0].index("|")] * 2, "the plug begins at %r" % begins)

    def test_other_cpus_on_each_side(self):
        term = self.ready(good="boot-4-cpus", rows=43, cols=132)
        good, bad = ("\n".join(term.group(side)) for side in (0, 1))
        check("CPU 3" in good, "no CPU 3 in the good run")
        check("CPU 3" not in bad and "CPU 1" in bad, "the bad run's CPUs")
        term.key(*["Down"] * 6)
        term.wait_that(lambda: term.lane() == "", "a CPU that only the good run has")
        term.key("Tab")
        term.wait_that(lambda: term.lane() == "CPU 3", "its lane in the good run")
        term.resize(80, 24)
        term.wait_that(lambda: term.lane() == "CPU 3", "its lane where there is less room")
        term.key("Enter")
        term.wait_text("cpu3 at ", ", observed by fixture")
        term.key("q")
        term.wait_text("status=1")

    def test_the_same_twice(self):
        term = self.ready(good="unplug", bad="unplug")
        screen = term.wait_text("\n no difference\n", "| unplug of CPU 1 begins --")
        check(screen.split("\n")[0].rstrip().endswith(" no difference"), screen.split("\n")[0])
        term.key("n")
        term.wait_text("no difference in what the CPUs did")
        term.key("z")
        term.wait_text("no difference to zoom to")
        term.key("x")
        term.wait_text("+++ BAD ", "any key: back to both runs")
        term.key("x", "q")
        term.wait_text("status=0")

    def test_only_a_setting_differs(self):
        with open(os.path.join(ROOT, "tests/fixtures/boot-4-cpus.story"), encoding="ascii") as story:
            text = "judge\n" + "".join(line for line in story if not line.startswith("@"))
        other = text.replace("smi-negotiated value=0x7", "smi-negotiated value=0x1")
        check(other != text, "the story has another setting")
        subprocess.run([RECORDER, self.path("setting")], input=other, text=True, check=True, timeout=DEADLINE)
        term = self.ready(good="boot-4-cpus", bad="setting")
        term.wait_text("no CPU differs", "the CPUs did the same; x tells what else differs")
        term.key("x")
        term.wait_text("- smi-negotiated = 0x7")
        term.key("x", "q")
        term.wait_text("status=1")

    def test_sizes(self):
        term = self.ready()
        term.resize(60, 16)
        term.wait_for(lambda s: "q quit" in s.split("\n")[15] and "difference 1 of 2" in s, "60x16")
        term.resize(59, 16)
        term.wait_text("terminal too small", "59x16")
        term.key("n")
        term.resize(200, 60)
        term.wait_for(lambda s: "q quit" in s.split("\n")[59] and "difference 2 of 2" in s, "200x60")

    # The keys.

    def test_keys_differences(self):
        term = self.ready()
        term.key("N")
        term.wait_text("that is the first difference")
        term.key("n")
        term.wait_text("| takes an INIT or reset inside SMM --", *SECOND)
        check(term.differs() == [["CPU 1"], ["CPU 1"]], term.differs())
        check(term.lane() == "CPU 1" and term.focus() == [1], (term.lane(), term.focus()))
        term.key("n")
        term.wait_text("that is the last difference")
        term.key("N")
        term.wait_text("difference 1 of 2", "| sends SIPI to the new CPU --", *FIRST)

    def test_key_zoom_to(self):
        term = self.ready()
        wide = term.axes()
        term.key("z")
        term.wait_text("| sends SIPI to the new CPU --")
        term.wait_that(lambda: term.axes() != wide and "+100 ms" in term.axes()[0], "a closer window")
        rulers = [term.group(side)[1] for side in (0, 1)]
        check(all("D" in ruler for ruler in rulers), rulers)

    def test_key_episode(self):
        term = self.ready()
        term.key("n")
        term.wait_text("| takes an INIT")
        term.key("e")
        term.wait_text("| plug of CPU 1 begins --", "-- +0 ns ")
        term.key("e")
        term.wait_text("| boot relocation of CPU 0 begins --")
        term.key("e")
        term.wait_text("| plug of CPU 1 begins --")

    def test_keys_left_right(self):
        term = self.ready()
        term.key("e")
        term.wait_text("| boot relocation of CPU 0 begins --")
        start = term.cursors()
        check(start[0] == start[1] > 0, start)
        for right, left in (("Right", "Left"), ("L", "H")):
            term.key(right, right)
            term.wait_that(lambda: term.cursors() == [start[0] + 2] * 2, "both cursors two to the right")
            term.key(left, left)
            term.wait_that(lambda: term.cursors() == start, "both cursors back")

    def test_keys_up_down(self):
        term = self.ready()
        for down, up in (("Down", "Up"), ("j", "k")):
            term.key(down)
            term.wait_that(lambda: term.lane() == "CPU 1", "lane CPU 1")
            term.key(up, up)
            term.wait_that(lambda: term.lane() == "machine", "the machine's lane")
            term.key(down)
            term.wait_that(lambda: term.lane() == "CPU 0", "lane CPU 0")

    def test_keys_zoom_and_pan(self):
        term = self.ready()
        whole = term.axes()
        pairs = ("+", "-"), ("=", "s"), ("w", "-"), ("d", "a"), ("Space", "b"), ("NPage", "PPage")
        for there, back in pairs:
            term.key(there)
            term.wait_that(lambda: all(new != old for new, old in zip(term.axes(), whole)), "other windows")
            term.key(back)
            term.wait_that(lambda: term.axes() == whole, "both windows of before")

    def test_key_fit_and_ends(self):
        term = self.ready()
        term.key("0")
        term.wait_that(lambda: all(re.search(r"\b0 s +5 s +10 s +15 s", axis) for axis in term.axes()),
                       "all of both")
        term.key("Up")
        term.wait_that(lambda: term.lane() == "machine", "the machine's lane")
        for end, start in (("G", "g"), ("End", "Home")):
            term.key(end)
            term.wait_that(lambda: term.chosen() == "session what=detach", "the last event")
            term.key(start)
            term.wait_that(lambda: term.chosen() == "session what=attach", "the first event")

    def test_keys_events(self):
        term = self.ready()
        term.key("n", "Tab")
        term.wait_that(lambda: term.focus() == [0] and "smi-enter cpu1 smbase=0x30000" in term.chosen(),
                       "the good run")
        term.key("]")
        term.wait_that(lambda: "handoff cpu1 word=gate" in term.chosen(), "the next one")
        term.key("[")
        term.wait_that(lambda: "smi-enter cpu1 smbase=0x30000" in term.chosen(), "the one before")
        term.key("}")
        term.wait_that(lambda: "smbase-write cpu1" in term.chosen(), "the next mark")
        term.key("{")
        term.wait_that(lambda: "mode=smi" in term.chosen() or "mode=sipi" in term.chosen(), "the mark before")

    def test_key_focus_and_detail(self):
        term = self.ready()
        check(term.focus() == [1], term.focus())
        term.key("Tab")
        term.wait_that(lambda: term.focus() == [0] and "mode=smi" in term.chosen(), "the SMI that was sent")
        term.key("Enter")
        term.wait_text("ipi of cpu0 at ", "observed by fixture")
        term.key("Tab")
        term.wait_that(lambda: term.focus() == [1] and "mode       smi" not in "\n".join(term.lines()),
                       "the other's detail")
        term.key("Enter")
        term.wait_text(*FIRST)

    def test_pages_of_a_detail(self):
        term = self.ready(rows=16)
        window = term.axes()
        term.key("Tab", "Enter")
        term.wait_text("ipi of cpu0 at ", " of ")
        place = re.compile(r" rows 1-\d+ of \d+ --")
        term.wait_for(place.search, "how much of the detail is seen")
        term.key("Space")
        term.wait_for(lambda s: not place.search(s) and " rows " in s, "its next rows")
        term.key("b")
        term.wait_for(place.search, "its first rows")
        check(term.axes() == window, "the window went too")

    def test_a_filter(self):
        term = self.ready(options="--ascii --filter cpu=1")
        term.wait_text("first difference: CPU 1, in the plug of CPU 1", "difference 1 of 1")
        term.wait_for(lambda s: not re.search(r"^[> ] +[0-9.]+ s \S \S+ +cpu0", s, re.M), "no event of CPU 0")
        term.key("q")
        term.wait_text("status=1")

    def test_key_text(self):
        term = self.ready(rows=16)
        term.key("x")
        term.wait_text("--- GOOD ", "+++ BAD ", "any key: what follows")
        term.key("j")
        term.wait_gone("--- GOOD ")
        for _ in range(10):
            if "any key: back to both runs" in "\n".join(term.lines()):
                break
            before = term.lines()
            term.key("j")
            term.wait_for(lambda _: term.lines() != before, "the next page")
        term.wait_text("\\ BAD: CPU 1 does nothing more", "any key: back to both runs")
        term.key("j")
        term.wait_text("difference 1 of 2")
        term.key("x", "q")
        term.wait_text("difference 1 of 2")

    def test_key_help_says_what_the_man_page_says(self):
        term = self.ready(rows=43)
        for key in ("h", "F1", "?"):
            term.key(key)
            term.wait_text("keys and signs of two runs", "D they differ", "any key: back to two runs")
            lines = term.lines()
            term.key("j")
            term.wait_text("difference 1 of 2")
        told = [(line[at:at + 12].strip(), line[at + 12:at + 39].strip())
                for at in (1, 41) for line in lines[1:15]]
        with open(os.path.join(ROOT, "man/smmtrace-diff.1"), encoding="ascii") as page:
            section = page.read().split(".SH KEYS\n")[1].split(".SH ")[0]
        for old, new in (("\\-", "-"), ("\\(ha", "^"), ("\\(aq", "'")):
            section = section.replace(old, new)
        check(re.findall(r"\.TP\n\.B (.*)\n(.*)\n", section) == [key for key in told if key[0]], told)

    def test_key_redraw(self):
        term = self.ready()
        tty = term.tmux("display-message", "-p", "#{pane_tty}").strip()
        for key in ("r", "C-l"):
            with open(tty, "w", encoding="ascii") as out:
                out.write("\033[HGARBAGE\033[5;20HGARBAGE")
            term.wait_text("GARBAGE")
            term.key(key)
            term.wait_gone("GARBAGE")

    def test_other_keys_do_nothing(self):
        term = self.ready()
        before = term.lines()
        term.key("F9", "/", "f", ":", "m", "v", "t", "o", "l", "p", "1", "'", ">")
        term.key("Tab", "Tab")
        term.wait_that(lambda: term.focus() == [1], "the bad run")
        check(term.lines()[:16] == before[:16], "the screen is another")

    # Leaving, and not even beginning.

    def test_leaving(self):
        for key, status in (("q", 1), ("C-c", 130)):
            term = self.ready()
            term.key(key)
            term.wait_text("status=%d" % status)
            check("READY$" in term.lines()[0], "the screen of before is not back")

    def refused(self, pattern, *args):
        done = subprocess.run([SMMTRACE, "diff", *args], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=DEADLINE, check=False)
        check(done.returncode == 2 and done.stdout == "" and done.stderr.count("\n") == 1, done)
        check(re.search(pattern, done.stderr), done.stderr)

    def test_refusals(self):
        files = self.path("completed-hotplug"), self.path("stock-hang")
        self.refused("--view needs a terminal", *files, "--view")
        self.refused("--json and -o write", *files, "--view", "--json")
        self.refused("--json and -o write", *files, "--view", "-o", os.path.join(self.folder, "out"))
        self.refused("--ascii is for --view", *files, "--ascii")

    def test_terminals_without_cursor(self):
        term = self.view(env={"TERM": "dumb"})
        term.wait_text("status=2")

    def test_foreign_file(self):
        with open(self.path("foreign"), "wb") as out:
            out.write(b"SQLite format 3\0" + bytes(range(256)) * 64)
        term = self.view(bad="foreign")
        term.wait_text("status=4")

    def test_empty_recordings(self):
        for name in ("empty", "nothing"):
            subprocess.run([RECORDER, self.path(name)], input="", text=True, check=True, timeout=DEADLINE)
        term = self.ready(good="empty", bad="nothing")
        term.wait_text("no difference")
        term.key(*"+-ad0gGnNze[]{}jkx", "x", "Left", "Right", "Enter", "Tab", "q")
        term.wait_text("status=0")

    def test_hostile_name(self):
        name = "a\033[31m\n"
        shutil.copy(self.path("stock-hang"), os.path.join(self.folder, name + ".smm"))
        command = "for f in %s/a*31m*; do %s diff %s \"$f\" --view --ascii; done" % (
            self.folder, SMMTRACE, self.path("completed-hotplug"))
        term = Runs(self.folder, command)
        self.terms.append(term)
        screen = term.wait_text("q quit")
        check("a\\x1b[31m\\x0a.smm" in screen.split("\n")[0], screen.split("\n")[0])

    def run(self, only):
        failed = 0
        for name in sorted(name for name in dir(self) if name.startswith("test_") and only in name):
            self.terms = []
            try:
                getattr(self, name)()
                print("ok", name[5:], flush=True)
            except Exception as why:  # pylint: disable=broad-except
                failed = 1
                print("not ok %s\n%s" % (name[5:], re.sub("^", "# ", str(why), flags=re.M)), flush=True)
            for term in self.terms:
                term.close()
        return failed


def main():
    if not shutil.which("tmux"):
        print("tmux is not installed")
        return 77
    if not os.access(RECORDER, os.X_OK):
        print("%s is not built (make unit-programs)" % RECORDER)
        return 77
    short = "/tmp" if len(tempfile.gettempdir()) > 60 else None  # a socket's path has 107 characters at most
    with tempfile.TemporaryDirectory(prefix="smmtrace-twin.", dir=short) as folder:
        return Suite(folder).run(sys.argv[1] if len(sys.argv) > 1 else "")


if __name__ == "__main__":
    sys.exit(main())
