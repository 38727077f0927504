#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 600
"""
Every key of `list keys` does something a user sees, and whole screens are as they were drawn once: the screens
are in tests/fixtures/screens, VIEW_SCREENS=write makes them anew.
"""
import contextlib
import importlib.util
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SPEC = importlib.util.spec_from_file_location("view", os.path.join(HERE, "view.py"))
view = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(view)
check, Terminal = view.check, view.Terminal
SCREENS = os.path.join(HERE, "../fixtures/screens")

# How tmux calls what people write.
TMUX = {"PgDn": "NPage", "PgUp": "PPage", "^L": "C-l"}


class Screen:
    """What a terminal shows at one moment."""

    def __init__(self, term):
        self.lines = term.lines()
        self.text = "\n".join(self.lines)
        self.looks = "\n".join(term.lines(colours=True))
        self.cursor, self.lane, self.chosen = term.cursor(), term.lane(), term.chosen()
        strip = next((line for line in self.lines if line.startswith(" overview")), "")
        self.window = (strip.find("["), strip.find("]"))

    def has(self, text):
        return text in self.text

    def wide(self):
        return self.window[1] - self.window[0]


def shows(text):
    return lambda was, now: now.has(text) and not was.has(text)


def chooses(text):
    return lambda was, now: text in now.chosen and text not in was.chosen


def window(by):
    return lambda was, now: (now.window[0] - was.window[0]) * by > 0 and now.wide() - was.wide() in (-1, 0, 1)


MIDDLE = ["v", "+", "+", "+"]
SMI = ["/", "s", "m", "i", "-", "Enter"]
# By name: what is pressed before, and what one must see after it.
EFFECTS = {
    "quit": ([], shows("status=0")),
    "help": ([], shows("keys and signs")),
    "left": (["Right", "Right"], lambda was, now: now.cursor == was.cursor - 1),
    "right": ([], lambda was, now: now.cursor == was.cursor + 1),
    "up": ([], lambda was, now: now.lane == "machine"),
    "down": ([], lambda was, now: now.lane == "CPU 1"),
    "zoom-in": ([], lambda was, now: 0 < now.wide() < was.wide()),
    "zoom-out": (MIDDLE, lambda was, now: now.wide() > was.wide()),
    "pan-left": (MIDDLE, window(-1)),
    "pan-right": (MIDDLE, window(1)),
    "page": (MIDDLE, window(1)),
    "page-back": (MIDDLE, window(-1)),
    "fit": (MIDDLE, lambda was, now: now.wide() == 122),
    "zoom-to": (["v"], lambda was, now: re.search("[+][0-9]+ us", now.lines[1])),
    "start": (["End"], chooses("session what=attach")),
    "end": ([], chooses("session what=detach")),
    "follow": ([], shows(" following ")),
    "next-event": (["g", "j"], chooses("port cpu0")),
    "previous-event": (["g", "j", "]"], chooses("cpu-add cpu0")),
    "next-mark": (["g"], chooses("cpu-add cpu0")),
    "previous-mark": (["g", "}", "}"], chooses("cpu-add cpu0")),
    "next-violation": ([], shows("! no-init-in-smm  CPU 1")),
    "previous-violation": (["v", "v"], shows("! no-init-in-smm  CPU 1")),
    "episode": ([], lambda was, now: now.has("-- 0.0100") and now.lane == "CPU 1"),
    "verdict": ([], shows("who waits for whom")),
    "follow-link": (["v"], chooses("mode=init")),
    "back": (["v", ">"], chooses("cpu-reset cpu1")),
    "mark-a": ([], lambda was, now: "A" in now.lines[2] and "A" not in was.lines[2]),
    "mark-b": ([], lambda was, now: "B" in now.lines[2] and "B" not in was.lines[2]),
    "bookmark": ([], shows(" bookmark:")),
    "next-bookmark": (["End", "m", "y", "Enter", "g"], shows("@ y")),
    "previous-bookmark": (["g", "m", "y", "Enter", "End"], shows("@ y")),
    "search": ([], shows(" search:")),
    "search-next": (SMI, chooses("smi-enter cpu1")),
    "search-previous": (SMI + ["n"], chooses("smi-enter cpu0")),
    "filter": ([], shows(" filter:")),
    "ask": ([], lambda was, now: now.lines[42] == " :"),
    "focus": ([], lambda was, now: now.text == was.text and now.looks != was.looks),
    "beside": ([], lambda was, now: re.search("-- 0.0+ s", now.lines[1])),
    "overview": ([], lambda was, now: now.window == (-1, -1)),
    "detail": ([], shows(" observed by fixture")),
    "pause": ([], shows(" frozen ")),
}


class Keys(view.Suite):
    def start(self, term, path):
        record(path)
        term.type("clear; %s view --ascii %s; echo status=$?\n" % (view.SMMTRACE, path))
        term.wait_for(lambda s: s.startswith(" smmtrace  keys.db") and "STUCK plug" in s, "the timeline")

    def press_one(self, term, path, key, name):
        before, effect = EFFECTS[name]
        self.start(term, path)
        for press in before:
            self.settle(term, press)
        was = Screen(term)
        term.key(key)
        term.wait_for(lambda _: effect(was, Screen(term)), "the effect of %r (%s)" % (key, name))
        if name != "quit":
            term.key("C-c")
            term.wait_text("status=130")

    def settle(self, term, press):
        """Each key has its effect before the next: a screen that is the same twice is drawn."""
        term.key(press)
        last = [None]

        def same(screen):
            quiet, last[0] = screen == last[0], screen
            return quiet
        term.wait_for(same, "a quiet screen")

    def test_every_key_of_the_list(self):
        """VIEW_KEYS=NAME: from that one on."""
        text = subprocess.run([view.SMMTRACE, "list", "keys", "--json"], stdout=subprocess.PIPE, text=True,
                              check=True, timeout=view.DEADLINE).stdout
        path = os.path.join(self.folder, "keys.db")
        term = Terminal(self.folder, None, 43, 132, {"TERM": "screen-256color"})
        self.terms.append(term)
        names = [key["action"] for key in json.loads(text)["keys"]]
        check(set(names) - {"redraw"} == set(EFFECTS), "other keys than tested: %r" %
              sorted(set(names) ^ set(EFFECTS)))
        first = os.environ.get("VIEW_KEYS", names[0])
        for key in json.loads(text)["keys"][names.index(first):]:
            for written in key["key"].split():
                if key["action"] != "redraw":  # in view.py
                    self.press_one(term, path, TMUX.get(written, written), key["action"])

    # Whole screens.

    def at(self, term, rows):
        return term.wait_for(lambda s: s.startswith(" smmtrace  plug.db") and len(s.rstrip("\n").split("\n")) == rows
                             and " overview" in s.split("\n")[rows - 2], "%d rows" % rows)

    def same(self, name, term, rows):
        """The terminal comes to show that screen: a frame that is half drawn does not count."""
        path = os.path.join(SCREENS, name + ".txt")

        def text(screen):
            return "\n".join(line.rstrip() for line in screen.split("\n")).rstrip("\n") + "\n"
        if os.environ.get("VIEW_SCREENS") == "write":
            self.at(term, rows)
            self.settle(term, "r")
            self.settle(term, "r")
            os.makedirs(SCREENS, exist_ok=True)
            with open(path, "w", encoding="utf-8") as out:
                out.write(text("\n".join(term.lines())))
        with open(path, encoding="utf-8") as want:
            literal = want.read()
        check(len(literal.split("\n")) == rows + 1, "%s has not %d rows" % (path, rows))
        term.wait_for(lambda s: text(s) == literal, "%s:\n%s" % (name, literal))

    def screens(self, charset, options, env):
        path = os.path.join(self.folder, "plug.db")
        record(path)
        term = self.view(db=path, options=options, env=env)
        term.wait_text("STUCK plug")
        self.same("plug-80x24-" + charset, term, 24)
        term.resize(132, 43)
        self.same("plug-132x43-" + charset, term, 43)
        self.settle(term, "l")
        self.same("plug-132x43-beside-" + charset, term, 43)
        term.resize(80, 24)
        self.same("plug-80x24-" + charset, term, 24)

    def test_screens_in_utf8(self):
        self.screens("utf8", "", {"LC_ALL": "C.UTF-8"})

    def test_screens_in_ascii(self):
        self.screens("ascii", "--ascii", {})

    def test_screens_of_a_vt100(self):
        self.screens("ascii", "", {"TERM": "vt100", "LC_ALL": "C"})

    def test_256_colours_and_8_and_none(self):
        for name, want, never in (("screen-256color", "[34]8;5;", ""), ("screen", r"\x1b\[3[0-7]", "8;5;"),
                                  ("vt100", "", r"\x1b\[[0-9;]*\b[34][0-7]\b")):
            term = self.ready(env={"TERM": name})
            looks = "\n".join(term.lines(colours=True))
            check(re.search(want, looks), "%s: no %s" % (name, want))
            check(not never or not re.search(never, looks), "%s: %s in %s" % (name, never, looks))

    # What the keys lead to.

    def plugged(self, name="more.db", **more):
        path = os.path.join(self.folder, name)
        if not os.path.exists(path):
            record(path)
        term = self.view(db=path, **more)
        term.wait_text("STUCK plug")
        return term, path

    def test_marks_tell_the_difference(self):
        term = self.ready()
        term.key("g", "1", "End", "2")
        term.wait_text(" A-B 70.0 ms ")
        term.key("2")
        term.wait_text(" A-cursor 70.0 ms ")
        term.key("g", "1")
        term.wait_gone("A-")

    def test_zoom_to_an_smi(self):
        term = self.ready()
        term.key("/")
        term.type("smi-enter cpu1")
        term.key("Enter", "z")
        term.wait_for(lambda s: re.search(r"CPU 1  +\.+\[d+ 30000 d+\]\.+\n", s) and "+5 ms" in s.split("\n")[1], "the SMI wide")

    def test_links_are_shown_and_followed(self):
        term = self.ready(cols=110)
        term.key("/")
        term.type("smi-enter cpu0")
        term.key("Enter", "Enter")
        term.wait_text("> raised by      event 6 ", "port=0xb2 dir=write value=0x4")
        term.key(">")
        term.wait_text("> next SMI       event 7 ")
        term.key("<")
        term.wait_text("> raised by      event 6 ")
        term.key("<")
        term.wait_text("nowhere to go back to")
        term.key("/")
        term.type("smbase-write")
        term.key("Enter", "Tab", "j")
        term.wait_text("> takes effect   event 12 ")
        term.key(">", "Enter")
        term.wait_chosen("smi-leave cpu1")

    def entry_with_evidence(self):
        """The detail of an SMI of CPU 0, with a raw line and a save state: more than fits."""
        path = os.path.join(self.folder, "evidence.db")
        shutil.copy(self.db, path)
        with open(os.path.join(HERE, "../fixtures/smm-state-amd64.bin"), "rb") as file:
            state = file.read()
        db = sqlite3.connect(path)
        db.execute("INSERT INTO event_raw VALUES (7, ?, NULL)", (b"T05thread:p01.01;\x1b[31m",))
        db.execute("INSERT INTO smm_state VALUES (7, 0x20064, ?)", (state,))
        db.commit()
        db.close()
        term = self.ready(db=path)
        term.key("/")
        term.type("smi-enter cpu0")
        term.key("Enter", "Enter")
        term.wait_text("smi-enter of cpu0", " rows 1-16 of ")
        return term

    def test_a_long_detail_is_scrolled(self):
        term = self.entry_with_evidence()
        check("r15 " not in "\n".join(term.lines()), "it all fits")
        term.key("Tab")
        while not any("r15 " in line for line in term.lines()):
            row = [line for line in term.lines() if " rows " in line][0]
            term.key("Down")
            term.wait_gone(row)
        term.wait_text(r"raw line  T05thread:p01.01;\x1b[31m", "revision id 0x20064 (amd64), long mode",
                       "rip      0xd6c9804")
        before = term.lines()
        term.key("Down", "Down", "b")
        term.wait_text("smi-enter of cpu0", " rows 1-16 of ")
        term.key("Space")
        term.wait_for(lambda s: s.split("\n")[7:23] == before[7:23], "the end of it again")
        term.key("BTab", "b")  # the lanes have the keys: a page of them, and the event there
        term.wait_text("cpu-add of cpu0")

    def test_a_link_is_clicked(self):
        term = self.entry_with_evidence()
        row = [i for i, line in enumerate(term.lines()) if line.startswith(" > raised by")][0]
        self.mouse(term, 65, row, 30)
        term.wait_text(" rows 4-19 of ")
        self.mouse(term, 64, row, 30)
        term.wait_text(" rows 1-16 of ")
        self.mouse(term, 0, row, 30)
        term.wait_text("event 6, observed")

    def test_bookmarks_stay_in_the_file(self):
        term, path = self.plugged("marked.db")
        term.key("End", "m")
        term.type("it ended here")
        term.key("Enter")
        term.wait_text("bookmark kept in the recording", "@ it ended here")
        term.key("q")
        term.wait_text("status=0")
        term, path = self.plugged("marked.db")
        term.key("'")
        term.wait_text("@ it ended here")
        term.wait_chosen("session what=detach")
        term.key("m", "C-u", "Enter")
        term.wait_text("bookmark taken out of the recording")
        term.wait_gone("@ it")
        term.key("q")
        term.wait_text("status=0")
        with sqlite3.connect(path) as db:
            check(db.execute("SELECT count(*) FROM bookmark").fetchone() == (0,), "it is still there")

    def test_bookmarks_of_a_living_recording_stay_in_the_session(self):
        path = os.path.join(self.folder, "live-marks.db")
        proc, _ = self.live(path)
        term = self.view(db=path, options="--ascii --no-follow")
        term.wait_text("* live", "cpu-seen")
        term.key("g", "m")
        term.type("early")
        term.key("Enter")
        term.wait_text("for this session only: the recording is still being written")
        term.key("0")
        term.wait_text("@ early")
        proc.stdin.close()
        check(proc.wait(view.DEADLINE) == 0, "the recorder was disturbed")
        with sqlite3.connect(path) as db:
            check(db.execute("SELECT count(*) FROM sqlite_schema WHERE name='bookmark'").fetchone() == (0,),
                  "a living recording was written to")

    def wait_recorded(self, path, smis):
        """Until the recorder has committed so many, whoever looks on."""
        end, have = time.monotonic() + view.DEADLINE, -1
        while have != smis and time.monotonic() < end:
            with contextlib.closing(sqlite3.connect("file:%s?mode=ro" % path, uri=True)) as db:
                have = db.execute("SELECT count(*) FROM smi").fetchone()[0]
            time.sleep(0.03)
        check(have == smis, "the recorder has written %d of %d SMIs" % (have, smis))

    def test_keys_while_it_is_recorded(self):
        path = os.path.join(self.folder, "busy.db")
        proc, say = self.live(path)
        term = self.view(db=path, options="--ascii --no-follow")
        term.wait_text("* live", "cpu-seen")
        stay = ["cpu=0 smi-enter smbase=0x7000 rip=0x1", "cpu=0 smi-leave smbase=0x7000 rip=0x2"]
        for i in range(1, 6):
            say(*stay * 100)
            term.key("G", "0")
            term.wait_text("SMI %d " % (100 * i))
            term.key("g", "/")
            term.type("cpu-seen")
            term.key("Enter")
            term.wait_chosen("cpu-seen")
        term.key("p")
        term.wait_text("frozen", "SMI 500 ")
        say(*stay * 5000)  # who looks on holds nothing up, also when he keeps an old state before his eyes
        self.wait_recorded(path, 5500)
        term.key("g")
        term.wait_chosen("session what=attach")
        term.wait_text("frozen", "SMI 500 ")
        term.key("p")
        term.wait_text("SMI 5500 ")
        term.key("G")
        term.wait_chosen("smi-leave")
        proc.stdin.close()
        check(proc.wait(view.DEADLINE) == 0, "the recorder was disturbed")
        term.wait_text("ended")

    def stranger(self):
        """A command in front of another that makes it one of somebody who may write only what all may."""
        if os.getuid():
            return ""
        os.chmod(self.folder, 0o711)
        return "setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/nonexistent "

    def bookmark_that_cannot_be_kept(self, name, file_mode, folder_mode, why):
        folder = os.path.join(self.folder, name)
        os.mkdir(folder)
        path, program = os.path.join(folder, "shut.db"), os.path.join(folder, "smmtrace")
        record(path)
        shutil.copy(view.SMMTRACE, program)
        with open(path, "rb") as file:
            before = file.read()
        os.chmod(path, file_mode)
        os.chmod(folder, folder_mode)
        term = Terminal(self.folder, "%s%s view %s --ascii; echo status=$?" % (self.stranger(), program, path))
        self.terms.append(term)
        try:
            term.wait_text("overview[")
            term.key("End", "m")
            term.type("remember")
            term.key("Enter")
            term.wait_text("for this session only: " + why, "@ remember")
            term.key("g")  # and all goes on
            term.wait_gone("@ remember")
            term.key("'")
            term.wait_text("@ remember")
            term.wait_chosen("session what=detach")
            term.key("q")
            term.wait_text("status=0")
        finally:
            os.chmod(folder, 0o755)
        with open(path, "rb") as file:
            check(file.read() == before, "the recording is another one")
        check(sorted(os.listdir(folder)) == ["shut.db", "smmtrace"], "files were left: %s" % os.listdir(folder))

    def test_bookmarks_of_a_read_only_file(self):
        self.bookmark_that_cannot_be_kept("file", 0o444, 0o755, "the recording is read-only")

    def test_bookmarks_in_a_read_only_folder(self):
        self.bookmark_that_cannot_be_kept("folder", 0o666, 0o555, "the recording's folder is read-only")

    def test_hostile_bookmarks(self):
        path = os.path.join(self.folder, "hostile.db")
        record(path)
        with sqlite3.connect(path) as db:
            db.execute("CREATE TABLE bookmark(ts_ns, cpu, text)")
            db.executemany("INSERT INTO bookmark VALUES (?, ?, ?)", [
                (1000000000, 0, "a\033]0;title\007\033[31mred\n" + "x" * 100000), ("no time", 0, "b"),
                (1010000000, 99999, "c"), (-5, 0, "d"), (1010000000, 0, b"\xff\xfe")])
            db.execute("CREATE TRIGGER t AFTER INSERT ON bookmark BEGIN DELETE FROM event; END")
        db.close()
        term, _ = self.plugged("hostile.db")
        term.key("g")
        screen = term.wait_text("@ a\\x1b]0;title\\x07\\x1b[31mred\\x0ax")
        check("\033" not in screen, "it reached the terminal")
        term.key("End", "m", "x", "Enter")
        term.wait_text("bookmark kept in the recording")
        term.key("q")
        term.wait_text("status=0")
        with sqlite3.connect(path) as db:
            check(db.execute("SELECT count(*) FROM event").fetchone()[0] > 10, "the trigger ran")

    def test_questions(self):
        term, _ = self.plugged()
        for asked, want in (("smis", "dur_us"), ("SELECT 6*7 AS answer", "42"), ("around 4", "port")):
            term.key(":")
            term.type(asked)
            term.key("Enter")
            term.wait_text(want, "any key: back", "smmtrace  " + asked)
            term.key("q")
            term.wait_text("STUCK plug")
        term.key(":")
        term.type("SELECT nonsense")
        term.key("Enter")
        term.wait_text("no such column")
        term.key(":")
        term.type("DELETE FROM event")
        term.key("Enter")
        term.wait_for(lambda s: "STUCK plug" not in s.split("\n")[23] and "any key" not in s, "a refusal")
        term.key(":")
        term.type("SELECT value FROM generate" + "x" * 100 + "END")
        term.wait_for(lambda s: s.split("\n")[23].endswith("xEND"), "the end of a long line")
        term.key("Escape", "q")
        term.wait_text("status=0")

    def mouse(self, term, button, row, col):
        """A press, as an xterm tells it, and for a real button its release."""
        for code in (button, 3) if button < 3 else (button,):
            codes = [0x1b, ord("["), ord("M"), 32 + code, 33 + col, 33 + row]
            term.tmux("send-keys", "-H", *["%x" % code for code in codes])

    def test_mouse(self):
        term = self.ready(env={"TERM": "screen-256color"})
        whole = term.axis()
        self.mouse(term, 0, 7, 40)
        term.wait_for(lambda _: term.cursor() == 40 and term.lane() == "CPU 1", "the cursor where it was clicked")
        self.mouse(term, 64, 7, 40)
        term.wait_for(lambda _: term.axis() != whole and term.cursor() == 40, "a closer window")
        closer = term.axis()
        self.mouse(term, 64, 1, 40)
        term.wait_for(lambda _: term.axis() not in (whole, closer), "the window to move")
        self.mouse(term, 65, 2, 40)
        term.wait_for(lambda _: term.axis() == closer, "the window back")
        self.mouse(term, 65, 7, 40)
        term.wait_for(lambda _: "+20 ms" in term.axis(), "all of it")
        term.key("g")
        term.wait_chosen("session what=attach")
        self.mouse(term, 0, 11, 30)
        term.wait_for(lambda _: "session" not in term.chosen() and term.chosen(), "an event of the list")
        self.mouse(term, 0, 22, 79)
        term.wait_text("-- 0.069")


def record(path):
    for end in ("", "-wal", "-shm"):
        if os.path.exists(path + end):
            os.unlink(path + end)
    view.record(path, view.PLUG)


def main():
    if not shutil.which("tmux"):
        print("tmux is not installed")
        return 77
    if not os.access(view.RECORDER, os.X_OK):
        print("%s is not built (make unit-programs)" % view.RECORDER)
        return 77
    for name in [name for name in dir(view.Suite) if name.startswith("test_")]:
        setattr(Keys, name, None)  # those are run by view.py
    short = "/tmp" if len(tempfile.gettempdir()) > 60 else None
    with tempfile.TemporaryDirectory(prefix="smmtrace-view.", dir=short) as folder:
        return Keys(folder).run(sys.argv[1] if len(sys.argv) > 1 else "")


if __name__ == "__main__":
    sys.exit(main())
