#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 600
"""
`smmtrace query` without a guest: every question on the recording of a hang, its CSV and JSON read by others;
the prompt with completion, history and Ctrl-C on a real terminal (tmux).
"""
import csv
import io
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from view import DEADLINE, RECORDER, ROOT, SMMTRACE, Terminal  # pylint: disable=wrong-import-position

ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"


def check(good, why):
    if not good:
        raise AssertionError(why)


def run(*args, status=0):
    done = subprocess.run([SMMTRACE, "query", *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=DEADLINE, check=False)
    check(done.returncode == status, "query %r ended with %d: %s" % (args, done.returncode, done.stderr))
    return done.stdout.decode("utf-8")


def record(path, story):
    """A story of the fixtures, judged as it would be live."""
    with open(os.path.join(ROOT, "tests/fixtures", story + ".story"), encoding="ascii") as text:
        lines = [line for line in text if not line.startswith("@")]
    subprocess.run([RECORDER, path], input="judge\n" + "".join(lines), text=True, check=True,
                   timeout=DEADLINE)


def questions():
    return [row[0].split() for row in csv.reader(io.StringIO(run("--list", "--csv"), newline=""))][1:]


class Suite:
    def __init__(self, folder):
        self.folder = folder
        self.db = os.path.join(folder, "hang.smm")
        self.state = os.path.join(folder, "state")
        self.terms = []
        record(self.db, "stock-hang")

    def ask(self, question, *more):
        return run(self.db, *[{"ID": "60"}.get(word, word) for word in question], *more)

    # --- answers

    def test_every_question_is_asked(self):
        wanted = ("hang relocations smis smi-causes smi-longest smi-percentiles storms ports sipis episodes"
                  " violations around").split()
        names = [question[0] for question in questions()]
        check(set(wanted) <= set(names), names)
        check(["around", "ID"] in questions(), questions())
        check(run("--list") == run(self.db, "--list") == run(self.db), "the list depends on the file")

    def test_csv_and_json_say_the_same(self):
        for question in questions():
            rows = list(csv.reader(io.StringIO(self.ask(question, "--csv"), newline="")))
            doc = json.loads(self.ask(question, "--json"))
            check(doc["schema"] == 1, doc)
            check(len(doc["rows"]) == len(rows) - 1, "%s: %r and %r" % (question, doc, rows))
            for told, row in zip(doc["rows"], rows[1:]):
                check(list(told) == rows[0], "%s: columns %r and %r" % (question, list(told), rows[0]))
                for value, text in zip(told.values(), row):
                    same = text == "" if value is None else str(value) == text or \
                        not isinstance(value, str) and float(value) == float(text)
                    check(same, "%s: %r and %r" % (question, value, text))

    def test_tables_are_printable(self):
        for question in questions():
            text = self.ask(question, "--table")
            check("\n" in text and all(" " <= c <= "~" or c == "\n" for c in text), (question, text))

    def test_a_hang_is_understood(self):
        says = json.loads(self.ask(["hang"], "--json"))["rows"]
        check(says[0]["says"].startswith("STUCK: plug of CPU 1"), says[0])
        broken = json.loads(self.ask(["violations"], "--json"))["rows"]
        first = next(row for row in broken if row["invariant"] == "no-init-in-smm")
        event = first["evidence"].split()[0]
        around = json.loads(run(self.db, "around", event, "--json"))["rows"]
        chosen = [row for row in around if row["at"] == ">"]
        check(len(chosen) == 1 and chosen[0]["id"] == int(event), chosen)
        check("no-init-in-smm" in chosen[0]["broken_rule"], chosen)
        check(around[0]["after_us"] < 0 < around[-1]["after_us"], around)

    # --- filters

    def ids(self, question, expression):
        return [row["id"] for row in json.loads(self.ask(question, "--json", "--filter", expression))["rows"]]

    def test_a_filter_chooses_events(self):
        events = json.loads(self.ask(["events"], "--json"))["rows"]
        wanted = {
            "smi cpu=1": lambda e: e["kind"].startswith("smi-") and e["cpu"] == 1,
            "mode=sipi": lambda e: "mode=sipi" in (e["detail"] or ""),
            "-port -cpuhp": lambda e: e["kind"] not in ("port", "cpuhp"),
            "port=0xb2 dir=write": lambda e: e["kind"] == "port" and "port=0xb2 dir=write" in e["detail"],
            "inferred": lambda e: e["origin"] == "inferred",
            "after=1s": lambda e: e["t_s"] >= 1,
            "before=1s ipi": lambda e: e["t_s"] < 1 and e["kind"] == "ipi",
            "0x30000": lambda e: "0x30000" in (e["detail"] or ""),
        }
        for expression, fits in wanted.items():
            check(self.ids(["events"], expression) == [e["id"] for e in events if fits(e)], expression)
        sipis = run(self.db, "SELECT count(*) AS n FROM ipi_v", "--csv", "--filter", "mode=sipi")
        check(sipis.split() == ["n", str(len(self.ids(["events"], "mode=sipi")))], sipis)

    def test_the_manual_has_expressions_that_are_understood(self):
        with open(os.path.join(ROOT, "man/smmtrace-filter.7"), encoding="ascii") as page:
            text = page.read().replace("\\-", "-")
        examples = text.partition(".EX\n")[2].partition(".EE\n")[0].splitlines() + \
            re.findall(r'--filter "([^"]*)"', text) + re.findall(r'^.BR / "  ([^"]*)"', text, re.M)
        check(len(examples) > 10, examples)
        for expression in examples:
            run(self.db, "events", "--filter", expression)
        words = subprocess.run([SMMTRACE, "--complete", "query", "x", "events", "--filter", ""], check=True,
                               stdout=subprocess.PIPE, timeout=DEADLINE).stdout.decode().split()
        kinds = [row["name"] for row in json.loads(self.ask(["SELECT name FROM event_kind"], "--json"))["rows"]]
        for word in words:
            if word not in kinds and not word.endswith("="):
                check(re.search(r"^\.(?:B|BR) .*\b%s\b" % word, text, re.M), "no word about the group %s" % word)

    def test_a_bad_expression_is_one_line(self):
        for command in (["query", self.db, "events"], ["export", self.db, "--csv"], ["view", self.db],
                        ["diff", self.db, self.db], ["attach", ":1", "--headless"], ["run", "--", "false"]):
            at = command.index("--") if "--" in command else len(command)
            done = subprocess.run([SMMTRACE, *command[:at], "--filter", "smi-entr", *command[at:]], text=True,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  timeout=DEADLINE, check=False)
            check((done.returncode, done.stdout, done.stderr) ==
                  (2, "", 'smmtrace: option --filter: no event has "smi-entr"; did you mean "smi-enter"?\n'),
                  (command, done))

    # --- the end

    def test_ctrl_c_ends_a_query(self):
        proc = subprocess.Popen([SMMTRACE, "query", self.db, ENDLESS, "--time-limit", "0"],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:  # until it has begun to count
            with open("/proc/%d/stat" % proc.pid, encoding="ascii") as line:
                if int(line.read().rpartition(")")[2].split()[11]) > 10:
                    break
            time.sleep(0.02)
        proc.send_signal(signal.SIGINT)
        out, err = proc.communicate(timeout=DEADLINE)
        check((proc.returncode, out, err) == (130, "", "smmtrace: query: interrupted\n"),
              (proc.returncode, out, err))

    def test_the_time_limit_ends_a_query(self):
        run(self.db, ENDLESS, "--time-limit", "100ms", status=2)

    # --- the prompt

    def prompt(self, **env):
        term = Terminal(self.folder, "%s query %s" % (SMMTRACE, self.db), rows=40, cols=120,
                        env=dict({"XDG_STATE_HOME": self.state, "INPUTRC": "/dev/null"}, **env))
        self.terms.append(term)
        term.wait_text("query>")
        return term

    def history(self):
        with open(os.path.join(self.state, "smmtrace/history"), encoding="utf-8") as kept:
            return kept.read().split("\n")

    def test_prompt_answers(self):
        term = self.prompt()
        term.type("help\n")
        term.wait_text("around ID", "who waits for whom")
        term.type("relocations\n")
        term.wait_text("old_smbase", "0xffbf000")
        term.type("SELECT 40 + 2 AS it;\n")
        term.wait_text("it\n42")
        term.type("around 6\n")
        term.wait_text("after_us")
        term.type("relocatoins\n")
        term.wait_text('did you mean "relocations"?')
        term.type("DROP TABLE event\n")
        term.wait_text("a query may only read")
        term.key("C-d")
        term.wait_text("READY$\n")
        term.type("echo status $?\n")
        term.wait_text("status 0")

    def test_prompt_completes(self):
        term = self.prompt()
        term.type("reloc\t\n")
        term.wait_text("query> relocations", "old_smbase")
        term.type("SELECT new_sm\tFROM smb\t\n")
        term.wait_text("query> SELECT new_smbase FROM smbase_v", "new_smbase\n 0x")
        term.type("smi-\t\t")
        term.wait_text("smi-causes", "smi-longest", "smi-percentiles")
        term.key("C-u")
        term.type("SELECT 1 FROM /et\t\t")  # files are nobody's business
        term.wait_text("SELECT 1 FROM /et")
        check("/etc" not in "\n".join(term.lines()), term.lines())

    def test_prompt_keeps_a_history(self):
        shutil.rmtree(self.state, ignore_errors=True)
        term = self.prompt()
        term.type("SELECT 'the first'\n")
        term.wait_text("query> SELECT 'the first'", "\nthe first\n")
        term.type("quit\n")
        term.wait_text("READY$\n")
        path = os.path.join(self.state, "smmtrace/history")
        check(self.history()[0] == "SELECT 'the first'", self.history())
        check(stat.S_IMODE(os.stat(path).st_mode) == 0o600, "others may read the history")
        check(stat.S_IMODE(os.stat(self.state).st_mode) == 0o700, "others may read the folder")
        term = self.prompt()
        term.key("Up")
        term.wait_text("query> quit")
        term.key("Up")
        term.wait_text("query> SELECT 'the first'")
        term.key("Enter")
        term.wait_text("\nthe first\n")

    def test_prompt_without_a_place_for_history(self):
        blocked = os.path.join(self.folder, "file")
        with open(blocked, "w", encoding="ascii"):
            pass
        term = self.prompt(XDG_STATE_HOME=blocked)
        term.wait_text("no history is kept: Not a directory")
        term.type("SELECT 7 AS it\n")
        term.wait_text("it\n 7")

    def test_prompt_ctrl_c(self):
        term = self.prompt()
        term.type("half a question")
        term.wait_text("half a question")
        term.key("C-c")
        term.wait_text("half a question^C\nquery>")
        term.type(ENDLESS + "\n")
        term.wait_text("SELECT count(*) FROM c")
        time.sleep(0.2)  # either way it must end: at the prompt, or while it counts
        term.key("C-c")
        term.type("SELECT 'still', 'here'\n")
        term.wait_text("still    here")
        check("time limit" not in "\n".join(term.lines()), term.lines())

    def test_prompt_gives_the_terminal_back(self):
        term = self.prompt()
        shell = term.tmux("display-message", "-p", "#{pane_pid}").strip()
        with open("/proc/%s/task/%s/children" % (shell, shell), encoding="ascii") as children:
            pid = int(children.read().split()[0])
        os.kill(pid, signal.SIGTERM)
        term.wait_text("READY$\n")
        term.type("echo status $?; stty -a\n")
        screen = term.wait_text("status 143", "icanon")
        check(" echo " in screen and "-icanon" not in screen, screen)

    def test_prompt_comes_back_from_the_background(self):
        term = Terminal(self.folder, None, rows=40, cols=120,
                        env={"XDG_STATE_HOME": self.state, "INPUTRC": "/dev/null"})
        self.terms.append(term)
        term.type("set -m; %s query %s\n" % (SMMTRACE, self.db))
        term.wait_text("query>")
        term.key("C-z")
        term.wait_text("Stopped")
        term.type("fg\n")
        term.type("SELECT 'back', 'again'\n")
        term.wait_text("back    again")

    def run(self, only):
        failed = 0
        for name in sorted(name for name in dir(self) if name.startswith("test_") and only in name):
            try:
                if "prompt" in name and not shutil.which("tmux"):
                    print("skip %s: tmux is not installed" % name[5:], flush=True)
                    continue
                getattr(self, name)()
                print("ok", name[5:], flush=True)
            except Exception as why:  # pylint: disable=broad-except
                failed = 1
                print("not ok %s\n# %s" % (name[5:], str(why).replace("\n", "\n# ")), flush=True)
            for term in self.terms:
                term.close()
            self.terms = []
        return failed


def main():
    if not os.access(RECORDER, os.X_OK):
        print("%s is not built (make unit-programs)" % RECORDER)
        return 77
    short = "/tmp" if len(tempfile.gettempdir()) > 60 else None  # a socket's path has 107 characters at most
    with tempfile.TemporaryDirectory(prefix="smmtrace-query.", dir=short) as folder:
        return Suite(folder).run(sys.argv[1] if len(sys.argv) > 1 else "")


if __name__ == "__main__":
    sys.exit(main())
