#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 900
"""Recordings that somebody else made: damaged, foreign, or malicious. No guest.

Each command that reads one refuses it with one line and status 4, or opens it; it ends in time, in little
memory, and nothing of the file gets to the terminal but printable text.
"""
import contextlib
import errno
import fcntl
import json
import os
import pty
import random
import re
import resource
import select
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import termios
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from query import RECORDER, ROOT, SMMTRACE, check, record  # pylint: disable=wrong-import-position

SANITIZED = b"__asan_init" in open(SMMTRACE, "rb").read()
MEMORY = 1 << 30       # address space of each command
SECONDS = 20           # of CPU, each
DEADLINE = 120         # of the clock, each; the machine may be busy
SLOW = ["--time-limit", "2s"]

TEXTS = {
    "escape": "\x1b[31mHOSTILE\x1b[6n\x1bc\x1b[200~\x1b(0",
    "osc": "\x1b]0;HOSTILE\x07\x1b]52;c;SE9TVElMRQ==\x1b\\\x1bP1$r\x1b\\",
    "c1": "\u009b31mHOSTILE\u009d0;x\u009c\u0085",
    "bidi": "HOSTILE\u202e\u2066\u200f\u061c\ufeff\u2028\U000e0041\u200b",
    "control": "HOSTILE\r\n\x08\x08\x07\x7f\x0e\x0b\x0c\ttab",
    "html": "HOSTILE</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&amp;",
    "format": "HOSTILE%s%n%1000000d%p{}\\x1b\\u001b",
    "wide": "HOSTILE" + "\u5bbd" * 60 + "e" + "\u0301" * 500,
    "long": "HOSTILE" + "x" * 900000,
}
BYTES = {
    "invalid": b"HOSTILE\xff\xfe\xc3\x28\xed\xa0\x80\xf4\x90\x80\x80\xc0\x80\xe2\x80",
    "nul": b"HOSTILE\x00\x1b[31mbehind",
}
# Raw, none of these may reach a terminal.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff"
                       "\ufffe\uffff\U000e0000-\U000e007f]")
# What of the above would be a sequence if it came through the screen of the timeline.
SEQUENCES = (b"\x1b[31mH", b"\x1b[6n", b"\x1bc", b"\x1b[200~", b"\x1b]", b"\x1bP", b"\x9b", b"\x9d", b"E\x07",
             b"\xe2\x80\xae", b"\xe2\x81\xa6", b"\xe2\x80\x8f", b"\xd8\x9c", b"\xef\xbb\xbf", b"\xff",
             b"\xf3\xa0\x81\x81", b"\xe2\x80\xa8", b"\xed\xa0\x80", b"\x7f")
NUMBERS = (
    ("event", "ts_ns"), ("event", "a0 a1 a2 a3 a4 a5 a6 a7"), ("event", "cpu"), ("event", "kind source origin"),
    ("smi", "enter_ns leave_ns"), ("smi", "cpu cause"), ("smbase", "ts_ns cpu old new rip effective_ns"),
    ("cpu", "since_ns added_ns state"), ("total", "value"), ("episode", "start_ns end_ns stuck_ns cpu"),
    ("episode_step", "ts_ns event"), ("event_raw", "whole"), ("smm_state", "revision"),
    ("violation", "ts_ns cpu e0 e1 e2 e3"), ("invariant", "exercised violations"),
)
KEYS = b"vV\r\rex\tjjk\r\r0g]}?\x1b"


def limits():
    if not SANITIZED:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def on_a_terminal(argv, keys=b""):
    """(status, what was written to the terminal, standard error)."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    env = dict(os.environ, TERM="xterm-256color", LC_ALL="C.UTF-8")
    told, end = b"", time.monotonic() + DEADLINE
    with tempfile.TemporaryFile() as err:
        proc = subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=err, env=env, preexec_fn=limits,
                                start_new_session=True)
        os.close(theirs)
        try:
            while time.monotonic() < end:
                if not select.select([ours], [], [], 0.05)[0]:
                    with contextlib.suppress(OSError):
                        os.write(ours, keys[:1] or b"q")  # the screen stands still: the next key
                    keys = keys[1:]
                    continue
                try:
                    data = os.read(ours, 65536)
                except OSError as why:
                    check(why.errno == errno.EIO, why)
                    break
                if not data:
                    break
                told += data
            else:
                check(False, "%r does not end" % argv)
            proc.wait(DEADLINE)
        finally:
            proc.kill()
            proc.wait()
            os.close(ours)
        err.seek(0)
        return proc.returncode, told, err.read()


def one_line(err):
    text = err.decode("ascii")
    return text.startswith("smmtrace: ") and text.count("\n") == 1 and text.endswith("\n") and len(text) < 2000 \
        and not FORBIDDEN.search(text)


def counter(first, limit=""):
    return "WITH RECURSIVE c(x) AS (SELECT %d UNION ALL SELECT x + 1 FROM c %s)" % (first, limit)


def endless_view(name, columns):
    return "CREATE VIEW %s AS %s SELECT %s FROM c" % (
        name, counter(1), ", ".join('x AS "%s"' % column for column in columns))


class Suite:
    def __init__(self, folder):
        self.folder = folder
        self.good = os.path.join(folder, "good.smm")
        self.path = os.path.join(folder, "bad.smm")
        record(self.good, "stock-hang")
        self.give_evidence()
        told = subprocess.run([SMMTRACE, "report", "--help"], stdout=subprocess.PIPE, check=True).stdout.decode()
        self.pages = [how for how in ("--html", "--json") if how in told]

    def give_evidence(self):
        """What a story has none of: bookmarks, raw lines, save states."""
        with open(os.path.join(ROOT, "tests/fixtures/smm-state-amd64.bin"), "rb") as file:
            state = file.read()
        db = sqlite3.connect(self.good)
        db.execute("CREATE TABLE bookmark (ts_ns INTEGER PRIMARY KEY, cpu INTEGER NOT NULL, text TEXT NOT NULL) STRICT")
        db.execute("INSERT OR IGNORE INTO bookmark SELECT ts_ns, coalesce(cpu, -1), 'here' FROM event")
        db.execute("INSERT INTO event_raw SELECT id, cast('T05thread:p01.01;' AS BLOB), NULL FROM event")
        db.execute("INSERT INTO smm_state SELECT id, 0x20064, ? FROM smi", (state,))
        db.commit()
        db.close()

    def readers(self):
        """(arguments, is the output for people?), of each command that reads."""
        yield ["report", self.path], True
        yield ["check", self.path], True
        yield ["diff", self.good, self.path], True
        yield ["diff", self.path, self.good, "--all"], True
        for question in ("hang", "episodes", "steps", "violations", "invariants", "smis", "relocations", "events",
                         "meta", "smi-causes", "storms", "losses"):
            yield ["query", self.path, question, "--table"] + SLOW, True
        yield ["query", self.path, "raw", "1", "--table"] + SLOW, True
        yield ["query", self.path, "saved_v", "--table"] + SLOW, True
        yield ["query", self.path, "hang", "--json"] + SLOW, False
        yield ["query", self.path, "hang", "--csv"] + SLOW, False
        yield ["check", self.path, "--json"], False
        yield ["diff", self.good, self.path, "--json"], False
        for how in self.pages:
            yield ["report", self.path, how], False
        for how in ("perfetto", "chrome", "jsonl", "csv"):
            yield ["export", self.path, "--" + how, "-o", os.path.join(self.folder, "out")], False

    def judge(self, args, people, statuses):
        """One command; its status."""
        begin = resource.getrusage(resource.RUSAGE_CHILDREN)
        if people:
            status, told, err = on_a_terminal([SMMTRACE] + args)
        else:
            done = subprocess.run([SMMTRACE] + args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, preexec_fn=limits, timeout=DEADLINE, check=False)
            status, told, err = done.returncode, done.stdout, done.stderr
        name = " ".join(args[:1] + [a for a in args[1:] if a.startswith("--") or a.isalpha()])
        check(status in statuses, "%s ends with %s: %r %r" % (name, status, told[-200:], err[-300:]))
        quiet = status < 2 and err == b""
        told_why = (args[0] == "export" or status >= 2) and one_line(err)
        check(quiet or told_why, "%s: standard error %r" % (name, err[-600:]))
        if people:
            bad = FORBIDDEN.search(told.decode("utf-8", "surrogateescape").replace("\r\n", "\n"))
            check(not bad, "%s: to the terminal %r" % (name, bad and told[max(0, bad.start() - 40):][:90]))
            told.decode("utf-8")
        elif status < 2 and "--json" in args:
            json.loads(told)
        elif status < 2 and "--html" in args:
            check(b"<script>alert" not in told and b"<img src=x" not in told and b"\x1b" not in told, "the page")
            told.decode("utf-8")
        end = resource.getrusage(resource.RUSAGE_CHILDREN)
        took = end.ru_utime + end.ru_stime - begin.ru_utime - begin.ru_stime
        if took > 3:
            print("# %s: %.1f s of CPU" % (name, took))
        return status

    def view(self, statuses):
        status, told, err = on_a_terminal([SMMTRACE, "view", self.path], KEYS)
        check(status in statuses, "view ends with %s: %r" % (status, err))
        check(err == b"" if status == 0 else one_line(err), "view: %r" % err)
        for sequence in SEQUENCES:
            at = told.find(sequence)
            check(at < 0, "view: %r to the terminal: %r" % (sequence, told[max(0, at - 40):at + 60]))
        told.decode("utf-8")
        return told

    def all_of(self, statuses, view=True):
        got = {self.judge(args, people, statuses) for args, people in self.readers()}
        if view:
            self.view(statuses & {0, 4})
        return got

    def sql(self, *statements):
        """A copy of the good recording, in which somebody has been."""
        shutil.copy(self.good, self.path)
        db = sqlite3.connect(self.path)
        db.execute("PRAGMA writable_schema = 1")
        for statement in statements:
            db.execute(*(statement if isinstance(statement, tuple) else (statement,)))
        db.commit()
        db.close()

    # --- the file

    def test_truncated(self):
        with open(self.good, "rb") as file:
            data = file.read()
        for i in range(24):
            with open(self.path, "wb") as file:
                file.write(data[:[0, 1, 15, 16, 99, 100, 511, 4095][i] if i < 8 else len(data) * (i - 7) // 18])
            got = {self.judge(args, people, {0, 1, 4}) for args, people in list(self.readers())[:6]}
            check(i >= 8 or got == {4}, "%d bytes of it: %r" % (i, got))
        self.view({0, 4})

    def test_damaged(self):
        with open(self.good, "rb") as file:
            data = file.read()
        chance = random.Random(5)
        for _ in range(12):
            copy = bytearray(data)
            for _ in range(40):
                copy[chance.randrange(100, len(copy))] = chance.randrange(256)
            with open(self.path, "wb") as file:
                file.write(copy)
            for args, people in self.readers():
                self.judge(args, people, {0, 1, 4})
            self.view({0, 4})

    def test_foreign(self):
        for content in (b"", b"\x7fELF" + b"\0" * 4096, b"SQLite format 3\0" + b"\xff" * 8192,
                        b"\x1b[31mHOSTILE\n" * 99):
            with open(self.path, "wb") as file:
                file.write(content)
            check(self.all_of({4}) == {4}, content[:20])
        db = sqlite3.connect(self.good)
        newer = db.execute("PRAGMA user_version").fetchone()[0] + 1
        db.close()
        for statement in ("PRAGMA application_id = 0", "PRAGMA user_version = %d" % newer,
                          "PRAGMA user_version = 2147483647", "DROP TABLE event", "DROP VIEW smi_v",
                          "ALTER TABLE smi RENAME cause TO \"\x1b[31mHOSTILE\"",
                          "ALTER TABLE event RENAME TO \"\x1b[31mHOSTILE\""):
            self.sql(statement)
            check(self.all_of({4}) == {4}, statement)

    def test_older(self):
        self.sql("PRAGMA user_version = 1")
        self.all_of({0, 1})

    def test_a_folder_a_pipe_nothing(self):
        self.path = os.path.join(self.folder, "\x1b]0;HOSTILE\x07")
        os.mkdir(self.path)
        check(self.all_of({4}) == {4}, "a folder")
        os.rmdir(self.path)
        os.mkfifo(self.path)
        check(self.all_of({4}) == {4}, "a pipe")
        os.unlink(self.path)
        check(self.all_of({2}, view=False) == {2}, "nothing")

    # --- the schema

    def test_triggers(self):
        self.sql("CREATE TRIGGER t AFTER INSERT ON event BEGIN DELETE FROM event; END",
                 "CREATE TABLE more (x)", "CREATE INDEX more_x ON more (upper(x))")
        self.all_of({0, 1})

    def test_views_and_virtual_tables_in_place_of_tables(self):
        for table in ("event", "smi", "meta", "cpu", "verdict", "violation"):
            db = sqlite3.connect(self.good)
            columns = [row[1] for row in db.execute("PRAGMA table_info(%s)" % table)]
            db.close()
            self.sql("DROP TABLE " + table, endless_view(table, columns))
            check({self.judge(args, people, {4}) for args, people in list(self.readers())[:5]} == {4}, table)
            self.sql("DROP TABLE " + table, "CREATE VIRTUAL TABLE %s USING fts5(x)" % table)
            check({self.judge(args, people, {4}) for args, people in list(self.readers())[:5]} == {4}, table)

    def test_endless_views(self):
        db = sqlite3.connect(self.good)
        views = [row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'view'")]
        wanted = {view: [row[1] for row in db.execute("PRAGMA table_info(%s)" % view)] for view in views}
        db.close()
        statements = []
        for view, columns in wanted.items():
            statements += ["DROP VIEW " + view, endless_view(view, columns)]
        self.sql(*statements)
        for args, people in self.readers():
            if args[0] == "query":
                args = args[:3] + ["--table", "--time-limit", "500ms", "-o", os.path.join(self.folder, "out")]
                self.judge(args, False, {0, 2})
            else:
                self.judge(args, people, {0, 1, 4})

    # --- what is in it

    def all_texts(self, text):
        """Every text of the file is @text but what the file cannot be opened without."""
        db = sqlite3.connect(self.good)
        tables = [row[0] for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        yield from (("INSERT INTO meta VALUES (cast(?1 AS TEXT) || '1', cast(?1 AS TEXT))", (text,)),
                    ("INSERT INTO total VALUES (cast(?1 AS TEXT), 1)", (text,)),
                    ("UPDATE meta SET value = cast(?1 AS TEXT) WHERE key != 'closed'", (text,)))
        for table in tables:
            unique = {"event_kind": ["name"], "invariant": ["name"], "meta": ["key", "value"], "total": ["name"],
                      "word": ["list"]}.get(table, [])
            for row in db.execute("PRAGMA table_info(%s)" % table).fetchall():
                if row[2] == "TEXT" and row[1] not in unique:
                    yield "UPDATE %s SET %s = cast(?1 AS TEXT)" % (table, row[1]), (text,)
                elif row[2] == "BLOB":  # only one as long as can be: SQLite would count them all against its memory
                    yield ("UPDATE %s SET %s = substr(cast(?1 AS BLOB), 1, iif(event = 1, 1000000, 5000))"
                           % (table, row[1]), (text,))
                elif row[2] == "TEXT" and table in ("event_kind", "invariant"):
                    yield "UPDATE %s SET name = substr(cast(?1 AS TEXT), 1, 5000) || rowid" % table, (text,)
        db.close()

    def test_texts(self):
        for text in list(TEXTS.values()) + list(BYTES.values()):
            self.sql(*self.all_texts(text))
            self.all_of({0, 1, 4})

    def test_texts_that_are_too_long(self):
        for n in (1000001, 50000000):
            self.sql(("UPDATE verdict SET text = ?", ("x" * n,)), ("UPDATE violation SET message = ?", ("x" * n,)),
                     ("INSERT INTO meta VALUES ('more', ?)", ("x" * n,)))
            self.all_of({0, 1, 4})

    def test_numbers(self):
        for value in (-2 ** 63, 2 ** 63 - 1, -1, 0, 2 ** 32, 10 ** 18):
            for table, columns in NUMBERS:
                self.sql("UPDATE %s SET %s" % (table, ", ".join("%s = %d" % (c, value) for c in columns.split())))
                for args, people in list(self.readers())[:4] + list(self.readers())[-8:]:
                    self.judge(args, people, {0, 1, 4})
        self.view({0, 4})

    def test_types(self):
        loose = "UPDATE sqlite_schema SET sql = replace(sql, ' STRICT', '') WHERE sql NOT LIKE '%WITHOUT ROWID'"
        for value in ("9e999", "'HOSTILE' || char(27) || '[31m'", "zeroblob(100000)", "1.5", "NULL"):
            for table in ("event", "smi", "smbase", "cpu", "episode", "violation", "invariant", "verdict"):
                self.sql(loose)
                db = sqlite3.connect(self.path)
                for row in db.execute("PRAGMA table_info(%s)" % table).fetchall():
                    if not row[5]:
                        with contextlib.suppress(sqlite3.IntegrityError):
                            db.execute("UPDATE %s SET %s = %s" % (table, row[1], value))
                db.commit()
                db.close()
                for args, people in list(self.readers())[:4] + list(self.readers())[-8:]:
                    self.judge(args, people, {0, 1, 4})
                self.view({0, 4})

    def test_evidence(self):
        """Save states of any length and revision, raw lines that were cut or dropped."""
        chance = random.Random(7)
        for state in (b"", b"\x00" * 511, bytes(chance.randrange(256) for _ in range(512)), b"\xff" * 513,
                      b"\x1b[31mHOSTILE" * 80000):
            self.sql(("UPDATE smm_state SET bytes = ?", (state[:2000],)),
                     ("UPDATE smm_state SET bytes = ? WHERE event = (SELECT min(event) FROM smm_state)", (state,)),
                     "UPDATE event_raw SET bytes = iif(event % 2, NULL, zeroblob(700)), whole = 1000000")
            self.all_of({0, 1, 4}, view=False)
            check(b"raw line" in self.view({0}), "no raw line in the detail")
        for statement in ("DROP TABLE event_raw", "DROP TABLE smm_state", "DROP VIEW raw_v",
                          "ALTER TABLE event_raw RENAME COLUMN bytes TO x"):
            self.sql(statement)
            self.all_of({0, 1, 2, 4})

    def test_many_findings(self):
        many = counter(1000, "LIMIT 40000")
        self.sql(many + " INSERT INTO violation SELECT x, 1, 0, 'no-init-in-smm', 'error', 'c', 'HOSTILE',"
                 " 1, 1, 1, 1 FROM c",
                 many + " INSERT INTO episode SELECT x, 'plug', 0, 'ovmf', 'stuck', 'c', 'd', 1, NULL, 1, '0', 0,"
                 " 'HOSTILE' FROM c",
                 many + " INSERT INTO verdict SELECT x, 'CPU 0', 'HOSTILE' FROM c")
        for args, people in self.readers():
            self.judge(args, people, {0, 2} if args[0] == "query" else {0, 1, 4})  # 2: the time limit

    def run(self, only):
        failed = 0
        for name in sorted(name for name in dir(self) if name.startswith("test_") and only in name):
            begin = time.monotonic()
            try:
                self.path = os.path.join(self.folder, "bad.smm")
                getattr(self, name)()
                print("ok %s (%.1f s)" % (name[5:], time.monotonic() - begin), flush=True)
            except Exception as why:  # pylint: disable=broad-except
                failed = 1
                print("not ok %s\n# %s" % (name[5:], str(why).replace("\n", "\n# ")), flush=True)
        return failed


def main():
    if not os.access(RECORDER, os.X_OK):
        print("%s is not built (make unit-programs)" % RECORDER)
        return 77
    with tempfile.TemporaryDirectory(prefix="smmtrace-hostile.") as folder:
        return Suite(folder).run(sys.argv[1] if len(sys.argv) > 1 else "")


if __name__ == "__main__":
    sys.exit(main())
