#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 300
"""`smmtrace diff` without a guest: its JSON says what its text says, and a file's name harms no terminal."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from query import RECORDER, SMMTRACE, check, record  # pylint: disable=wrong-import-position

DEADLINE = 120


def diff(status, *args):
    done = subprocess.run([SMMTRACE, "diff", *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=DEADLINE, check=False)
    check((done.returncode, done.stderr) == (status, b""), (args, done.returncode, done.stderr))
    return done.stdout.decode("utf-8")


class Suite:
    def __init__(self, folder):
        self.good = os.path.join(folder, "good.smm")
        self.bad = os.path.join(folder, "bad.smm")
        self.nasty = os.path.join(folder, "\x1b[31mred\n.smm")
        record(self.good, "completed-hotplug")
        record(self.bad, "stock-hang")
        shutil.copy(self.bad, self.nasty)

    def test_json_says_what_the_text_says(self):
        text = diff(1, self.good, self.bad)
        doc = json.loads(diff(1, self.good, self.bad, "--json"))
        check(doc["schema"] == 1 and doc["same"] is False and doc["cut"] is False, doc)
        check((doc["good"]["stuck"], doc["bad"]["stuck"]) == (False, True), doc)
        check("+ " + doc["bad"]["verdict"] in text, doc["bad"])
        first = doc["lanes"][doc["first"]]
        change = first["changes"][0]
        check(first["cpu"] == 0 and "\nfirst difference: CPU 0, " in text, first)
        check("\n- %s\n" % change["good"][0]["text"] in text and not change["bad"], change)
        check("-%d (event %d, " % (change["good_line"], change["good"][0]["event"]) in text, change)
        for rule in doc["rules"]:
            sign = "+" if rule["bad"] else "-"
            check("\n%s %s (%s, step " % (sign, rule["name"], rule["severity"]) in text, rule)
        plug = next(e for e in doc["episodes"] if (e["kind"], e["cpu"], e["nth"]) == ("plug", 1, 1))
        check((plug["good"]["status"], plug["bad"]["status"]) == ("done", "stuck"), plug)
        missing = set(plug["good"]["steps"]) - set(plug["bad"]["steps"])
        check("d-entry" in missing and all("\n- step %s: " % step in text for step in missing), missing)
        boot = next(e for e in doc["episodes"] if e["kind"] == "boot")
        check(boot["same"], boot)

    def test_the_other_way_round(self):
        text = diff(1, self.bad, self.good)
        check("\nfirst difference: CPU 0, " in text and "\n+   sends SMI to the new CPU\n" in text, text)

    def test_the_same_is_the_same(self):
        check(diff(0, self.bad, self.bad).endswith("\nno difference\n"), "a file differs from itself")
        doc = json.loads(diff(0, self.bad, self.bad, "--json"))
        check(doc["same"] and doc["first"] is None and not doc["rules"] and not doc["settings"], doc)
        check(all(lane["same"] and not lane["changes"] for lane in doc["lanes"]), doc["lanes"])

    def test_context_and_all(self):
        short = diff(1, self.good, self.bad, "--context", "0")
        check("\n  " not in short[short.index("@@"):], short)
        doc = json.loads(diff(1, self.good, self.bad, "--json", "--context", "1", "--all"))
        for lane in doc["lanes"]:
            check(len(lane["changes"]) == lane["differences"], lane)
            check(all(len(c["before"]) <= 1 and len(c["after"]) <= 1 for c in lane["changes"]), lane)

    def test_a_nasty_name_is_harmless(self):
        text = diff(1, self.good, self.nasty)
        check("\\x1b[31mred\\x0a.smm" in text and "\x1b" not in text, text[:400])
        check(json.loads(diff(1, self.good, self.nasty, "--json"))["bad"]["file"] == self.nasty, "the name")

    def run(self, only):
        failed = 0
        for name in sorted(name for name in dir(self) if name.startswith("test_") and only in name):
            try:
                getattr(self, name)()
                print("ok", name[5:], flush=True)
            except Exception as why:  # pylint: disable=broad-except
                failed = 1
                print("not ok %s\n# %s" % (name[5:], str(why).replace("\n", "\n# ")), flush=True)
        return failed


def main():
    if not os.access(RECORDER, os.X_OK):
        print("%s is not built (make unit-programs)" % RECORDER)
        return 77
    with tempfile.TemporaryDirectory(prefix="smmtrace-diff.") as folder:
        return Suite(folder).run(sys.argv[1] if len(sys.argv) > 1 else "")


if __name__ == "__main__":
    sys.exit(main())
