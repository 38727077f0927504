#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 600
"""The tutorial is true: each command of smmtrace-tutorial(7) is run, in its order, and prints what it quotes.

In the page's examples "$ " stands in front of a command; what follows is output, of which "..." leaves out any
amount. It is compared without regard to line breaks, numbers, and the name of the private folder.
"""
import contextlib
import glob
import os
import re
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from guest import Failure, ROOT, SMMTRACE, deadline, need, run_tests, true

PAGE = os.path.join(ROOT, "man", "smmtrace-tutorial.7")
NUMBER = r"\b(?:0x[0-9a-f]+|[0-9]+(?:\.[0-9]+)?)(?: ?(?:ns|us|ms|s)\b)?"


def plain(line):
    """A line of an example without its roff."""
    return re.sub(r"^\\&", "", line).replace("\\-", "-").replace("\\e", "\\").replace("\\(aq", "'")


def examples(page):
    """[(command, quoted output)] in the page's order."""
    found, inside = [], False
    with open(page, encoding="ascii") as text:
        for line in text:
            line = line.rstrip("\n")
            if line in (".EX", ".EE"):
                inside = line == ".EX"
            elif inside and line.startswith("$ "):
                found.append([plain(line)[2:], ""])
            elif inside and found[-1][0].endswith("\\"):
                found[-1][0] += "\n" + plain(line)
            elif inside:
                found[-1][1] += plain(line) + "\n"
    return found


def play(commands, folder):
    """Run them in one shell; what each printed. `make` only says what it would do: the program is there."""
    script = 'smmtrace() { "$SMMTRACE" "$@"; }\nmake() { command make -n "$@" >/dev/null; }\n' + "".join(
        '{\n%s\n} >"$OUT/%d" 2>&1 </dev/null\n' % (command, i) for i, command in enumerate(commands))
    env = dict(os.environ, SMMTRACE=SMMTRACE, OUT=folder, TMPDIR=folder)
    shell = subprocess.Popen(["bash", "-c", script], cwd=ROOT, env=env, start_new_session=True)
    try:
        shell.wait(deadline(30))
    except subprocess.TimeoutExpired:
        print("the shell is not done", flush=True)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGKILL)
        shell.wait()
    outputs = []
    for i in range(len(commands)):
        path = os.path.join(folder, str(i))
        outputs.append(open(path, encoding="utf-8", errors="replace").read() if os.path.exists(path) else None)
    return outputs


def end_guests(folder):
    """What the page itself ends, should it not have come that far."""
    for name in glob.glob(os.path.join(folder, "**", "pid"), recursive=True):
        with open(name, encoding="ascii") as text:
            pid = int(text.read())
        try:
            with open("/proc/%d/cmdline" % pid, "rb") as line:
                if folder.encode() in line.read():
                    os.kill(pid, signal.SIGKILL)
        except OSError:
            pass


def loosely(text):
    """Words and punctuation, whatever the numbers are; "-" is an unknown value of a table."""
    text = re.sub(r"/\S*/tmp\.\w+", "$dir", " ".join(text.split()))
    return " ".join(word for word in re.sub(NUMBER, "N", text).split(" ") if word != "-")


def says(output, quoted):
    """Is each part of what is quoted there, in that order?"""
    have, at = loosely(output), 0
    for part in map(loosely, re.split(r"\.\.\.", quoted)):
        at = have.find(part, at)
        if at < 0:
            return part
        at += len(part)
    return None


def every_command_of_the_tutorial():
    need("qemu-system-x86_64", "gcc", "make")
    steps = examples(PAGE)
    true(len(steps) > 10, "the page has commands: %r" % steps)
    folder = tempfile.mkdtemp()
    try:
        outputs = play([command for command, _ in steps], folder)
    finally:
        end_guests(folder)
    wrong = []
    for (command, quoted), output in zip(steps, outputs):
        print("$ %s\n%s" % (command, output))
        missing = "anything" if output is None else says(output, quoted)
        if missing:
            wrong.append(command)
            print("^^^ does not say: %s" % missing)
    if wrong:
        raise Failure("not as the page says: %s" % "; ".join(wrong))


signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
run_tests(every_command_of_the_tutorial)
