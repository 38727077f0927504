#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 300
"""completions/smmtrace.bash in a real bash: what it offers is what the program's own lists and help say."""
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from query import check  # pylint: disable=wrong-import-position
from view import DEADLINE, ROOT, SMMTRACE, Terminal  # pylint: disable=wrong-import-position

COMPLETION = os.path.join(ROOT, "completions", "smmtrace.bash")


def output(*args):
    return subprocess.run([SMMTRACE, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True,
                          text=True, timeout=DEADLINE).stdout


def names(listing, column="name"):
    return [row[column] for row in json.loads(output("list", listing, "--json"))[listing]]


def commands():
    table = re.search(r"^Commands:\n(.*?)\n\n", output("help"), re.M | re.S).group(1)
    return re.findall(r"^  ([a-z]+) ", table, re.M)


def options(command):
    """As the help has them: "--output=" takes a value, "--ascii" none."""
    table = output(command, "--help").partition("\nOptions:\n")[2]
    found = re.findall(r"^  (?:-\w,|   ) --([a-z-]+)( [A-Z]+)?", table, re.M)
    return ["--" + name + ("=" if arg else "") for name, arg in found]


class Suite:
    def __init__(self, folder):
        self.folder = folder
        os.mkdir(os.path.join(folder, "files"))
        for name in ("one.smm", "two words.smm", "other.txt"):
            open(os.path.join(folder, "files", name), "w", encoding="ascii").close()

    def offered(self, line):
        """What a bash without its configuration offers behind smmtrace @line."""
        words = ["smmtrace"]
        for word in line.split(" "):
            words += [part for part in re.split(r"([=:]+)", word) if part] or [""]
        script = "COMP_LINE=%s COMP_WORDS=(%s) COMP_CWORD=%d; _smmtrace; printf '%%s\\n' \"${COMPREPLY[@]}\"" % (
            shlex.quote("smmtrace " + line), " ".join(map(shlex.quote, words)), len(words) - 1)
        done = subprocess.run(
            ["bash", "--norc", "-uc", 'smmtrace() { "$SMMTRACE" "$@"; }; . "$0"; ' + script, COMPLETION],
            env=dict(os.environ, SMMTRACE=SMMTRACE), cwd=os.path.join(self.folder, "files"), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=DEADLINE,
            check=False)
        check(done.stderr == "", done.stderr)
        return [word for word in done.stdout.split("\n") if word]

    def same(self, line, wanted):
        got = self.offered(line)
        check(wanted and sorted(got) == sorted(wanted), "%r offers %r, not %r" % (line, got, wanted))

    def test_commands(self):
        self.same("", commands())
        self.same("he", ["help"])
        self.same("--v", ["--version"])
        self.same("help qu", ["query"])
        check(not self.offered("no-such-command "), "offers")

    def test_every_option_of_every_command(self):
        for command in commands():
            if command != "help":
                self.same(command + " --", options(command))
        self.same("check x --js", ["--json"])

    def test_names(self):
        questions = [row.split(" ")[0] for row in output("query", "--list", "--csv").split("\n")[1:] if row]
        self.same("query one.smm ", [re.split(r"[ ,]", name)[0] for name in questions])
        self.same("list ", re.match(r"Usage: smmtrace list (\S+)", output("list", "--help")).group(1).split("|"))
        self.same("check one.smm --explain ", names("invariants"))
        self.same("attach :1234 --profile ", ["auto"] + names("profiles", "profile"))
        self.same("attach :1234 --until ", names("events", "kind") + ["stuck", "done"])

    def test_a_list_goes_on_behind_a_comma(self):
        self.same("check --check ", names("invariants"))
        self.same("check --check cmd-4,no-i", ["cmd-4,no-init-in-smm"])
        self.same("check --check -cmd-4,-no-i", ["-cmd-4,-no-init-in-smm"])
        self.same("attach :1 --deadline gp", ["gpe="])
        for command in ("view one.smm", "query one.smm events", "export one.smm", "attach :1", "run", "diff one.smm one.smm"):
            self.same(command + " --filter smi,-smbase-", ["smi,-smbase-write", "smi,-smbase-found"])
        self.same("query one.smm events --filter=inte", ["interest"])
        check("port=" in self.offered("export one.smm --filter po"), "fields")

    def test_a_value_behind_an_equals_sign(self):
        self.same("check --explain=no-i", ["no-init-in-smm"])
        self.same("attach --output=oth", ["other.txt"])

    def test_files(self):
        self.same("view ", ["one.smm", "two words.smm"])
        self.same("view ot", ["other.txt"])
        self.same("diff one.smm tw", ["two words.smm"])
        self.same("report one.smm -o ", ["one.smm", "two words.smm", "other.txt"])
        check("cat" in self.offered("run -- ca"), "programs behind --")
        self.same("run -- cat oth", ["other.txt"])

    def test_a_person_at_the_tab_key(self):
        term = Terminal(self.folder, "cd %s/files; PS1='GO> ' PATH=%s:$PATH bash --norc" % (
            self.folder, os.path.dirname(SMMTRACE)))
        try:
            term.type("\n. %s\n" % COMPLETION)
            term.type("smmtrace vi\ttw\t--asc\t")
            term.wait_text("smmtrace view two\\ words.smm --ascii")
            term.key("C-u")
            term.type("smmtrace check one.smm --expl\tno-ini\t")
            term.wait_text("smmtrace check one.smm --explain=no-init-in-smm")
        finally:
            term.close()

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
    for program in ("bash", "tmux"):
        if not shutil.which(program):
            print("skip completion: %s is not installed" % program)
            return 77
    with tempfile.TemporaryDirectory(prefix="smmtrace-completion.") as folder:
        return Suite(folder).run(sys.argv[1] if len(sys.argv) > 1 else "")


if __name__ == "__main__":
    sys.exit(main())
