#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 600
"""
`smmtrace report` without a guest: text, page, JSON and the question `hang` give one verdict; the page is
opened in a real browser, where there is one.
"""
import html.parser
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(1, os.path.join(os.path.dirname(sys.path[0]), "lib"))
sys.dont_write_bytecode = True
import browser  # pylint: disable=wrong-import-position
from query import DEADLINE, RECORDER, SMMTRACE, check, record, run  # pylint: disable=wrong-import-position

STORIES = ("stock-hang", "completed-hotplug", "boot-4-cpus", "seabios", "unplug", "two-plugs",
           "attached-late-plug", "system-reset", "waiting-at-gate")
LINKS = ("href", "src", "xlink:href", "action", "srcset", "data", "poster")
VOID = {"meta", "br", "hr", "img", "link", "input"}
UNSEEN = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202e]"
EVIL = ("<script>document.title = 'evil'</script><img src=x onerror=\"document.title='evil'\">'\"&amp;"
        "\u202e\u200b\x1b[31m</title></style></svg>]]>-->")

# In the browser: lanes and width of each picture; how many there are; what is drawn outside of its picture.
CHARTS = """return [...document.querySelectorAll('svg.chart')].map(svg =>
    [svg.querySelectorAll('.lane').length, svg.getBoundingClientRect().width])"""
COUNT = "return document.querySelectorAll(arguments[0]).length"
OUTSIDE = """return [...document.querySelectorAll('svg.chart')].flatMap(svg => {
    const all = svg.getBoundingClientRect();
    return [...svg.querySelectorAll('rect, use, text, path')].filter(e => {
        const r = e.getBoundingClientRect();
        return r.left < all.left - 1 || r.right > all.right + 1 ||
               r.top < all.top - 1 || r.bottom > all.bottom + 1;
    }).map(e => e.outerHTML) })"""


def report(path, *args, status=0, error=b""):
    done = subprocess.run([SMMTRACE, "report", path, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=DEADLINE, check=False)
    check(done.returncode == status, (path, args, done.returncode, done.stderr))
    check(error in done.stderr and (error or not done.stderr), (args, done.stderr))
    return done.stdout.decode("utf-8")


def words(text):
    return " ".join(text.split())


class Page(html.parser.HTMLParser):
    """A page's elements, whose tags must match; and its verdict."""

    def __init__(self, text):
        super().__init__()
        self.open, self.count, self.links, self.verdict, self.badge = [], {}, [], [], ""
        self.feed(text)
        self.close()
        check(not self.open, "left open: %s" % self.open)

    def end_row(self):
        """HTML lets </tr> be left out."""
        if self.open and self.open[-1][0] == "tr":
            self.open.pop()

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.end_row()
        self.count[tag] = self.count.get(tag, 0) + 1
        self.links += [value for name, value in attrs if name in LINKS]
        check(not any(name.startswith("on") for name, _ in attrs), (tag, attrs))
        if tag == "dt":
            self.verdict.append(["", ""])
        if tag not in VOID:
            self.open.append((tag, dict(attrs).get("class") or ""))

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag == "tbody":
            self.end_row()
        check(self.open and self.open[-1][0] == tag, "</%s> inside %s" % (tag, self.open))
        self.open.pop()

    def handle_data(self, data):
        tag, classes = self.open[-1] if self.open else ("", "")
        if tag in ("dt", "dd"):
            self.verdict[-1][tag == "dd"] += data
        if classes.startswith("badge"):
            self.badge += data


def screen_verdict(text):
    """[subject, words] of the text report's first section."""
    found, subject = [], "verdict"
    for line in text[text.index("\nVerdict\n") + 9:].split("\n\n", maxsplit=1)[0].split("\n"):
        if line[2:17].strip() or not found:
            subject = line[2:17].strip() if len(line) < 17 or line[16] == " " else line.strip()
            found.append([subject or "verdict", line[17:] if len(line) >= 17 and line[16] == " " else ""])
        else:
            found[-1][1] += " " + line[17:]
    return [[subject, words(says)] for subject, says in found]


class Suite:
    def __init__(self, folder):
        self.folder = folder
        self.hang = self.story("stock-hang")
        self.browser = None

    def story(self, name):
        path = os.path.join(self.folder, name + ".smm")
        if not os.path.exists(path):
            record(path, name)
        return path

    def lines(self, name, text):
        path = os.path.join(self.folder, name + ".smm")
        subprocess.run([RECORDER, path], input=text, text=True, check=True, timeout=DEADLINE)
        return path

    def page(self, path):
        text = report(path, "--html")
        page = Page(text)
        check(not {"script", "link", "iframe", "object", "base"} & set(page.count), page.count)
        check(all(link.startswith("#m-") for link in page.links), page.links)
        check("default-src 'none'" in text and len(text) < 1 << 20, len(text))
        return page

    # One verdict, told four times.

    def test_one_verdict(self):
        stuck = 0
        for story in STORIES:
            path = self.story(story)
            doc = json.loads(report(path, "--json"))["verdict"]
            told = [[line["subject"], words(line["says"])] for line in doc["lines"]]
            page = self.page(path)
            text = report(path)
            check(told and told[0][0] == "verdict", told)
            check([[s, words(t)] for s, t in page.verdict] == told, (story, page.verdict, told))
            check(screen_verdict(text) == told, (story, screen_verdict(text), told))
            asked = json.loads(run(path, "hang", "--json"))
            rows = [[row["subject"], words(row["says"])] for row in asked["rows"]]
            check(rows == told, (story, rows, told))
            check((page.badge == "Stuck") == doc["stuck"] == ("STUCK" in told[0][1]), (page.badge, told[0]))
            stuck += doc["stuck"]
        check(0 < stuck < len(STORIES), "the stories should end in several ways: %d stuck" % stuck)

    def test_nothing_recorded(self):
        path = self.lines("nothing", "")
        check(self.page(path).badge == "Not judged" and report(path, "--json"), "an empty recording")

    # The document.

    def test_json_is_what_the_file_holds(self):
        doc, db = json.loads(report(self.hang, "--json")), sqlite3.connect(self.hang)
        check(doc["schema"] == 1 and doc["recording"]["file"] == self.hang, doc["recording"])
        first = db.execute("SELECT min(ts_ns) FROM event").fetchone()[0]
        check(doc["recording"]["first_ns"] == first, first)
        check(doc["recording"]["events"] == db.execute("SELECT count(*) FROM event").fetchone()[0], "events")
        steps = [[e["id"], s["step"], s["t_ns"] + first] for e in doc["episodes"] for s in e["steps"]]
        rows = db.execute("SELECT episode, step, ts_ns FROM step_v").fetchall()
        check(sorted(steps) == sorted(map(list, rows)) and steps, (steps, rows))
        rules = db.execute("SELECT name, status FROM invariant_v ORDER BY number").fetchall()
        check([(r["name"], r["status"]) for r in doc["invariants"]] == rules and rules, "rules")
        broken = db.execute("SELECT ts_ns - ?, invariant, evidence FROM violation_v ORDER BY ts_ns, id",
                            (first,)).fetchall()
        check([(v["t_ns"], v["invariant"], " ".join(map(str, v["evidence"]))) for v in doc["violations"]]
              == broken and broken, broken)
        for cpu, entries, rsms in db.execute("SELECT cpu, smis, rsms FROM cpu_v"):
            mine = next(c for c in doc["cpus"] if c["cpu"] == cpu)
            check((mine["entries"], mine["rsms"]) == (entries, rsms), mine)
        db.close()

    def test_figures_are_those_of_the_events(self):
        lines = ["t=1000 cpu=%d cpu-add apic_id=%d" % (c, c) for c in range(2)]
        at, lengths, arrivals = 10000000, [], []
        for i in range(200):
            at += 1000000 if i < 150 else 20000000  # one storm, then none
            length, late = 5000 + 37 * i % 4000, 100 + 13 * i % 700
            lines += ["t=%d cpu=0 port port=0xb2 dir=write value=0x5" % at,
                      "t=%d cpu=0 smi-enter smbase=0x7000" % (at + 50),
                      "t=%d cpu=1 smi-enter smbase=0x9000" % (at + late),
                      "t=%d cpu=0 smi-leave" % (at + 50 + length), "t=%d cpu=1 smi-leave" % (at + 20000)]
            lengths += [length, 20000 - late]
            arrivals.append(late)
        doc = json.loads(report(self.lines("figures", "\n".join(lines) + "\n"), "--json"))["smis"]

        def ranks(values):
            values = sorted(values)
            return [values[-(-len(values) * p // 100) - 1] for p in (50, 90, 99, 100)]

        def told(row):
            return [row[name + "_ns"] for name in ("p50", "p90", "p99", "max")]
        everything = next(row for row in doc["lengths"] if row["cause"] == "all")
        check(everything["n"] == 400 and told(everything) == ranks(lengths), (everything, ranks(lengths)))
        check(told(doc["arrivals"][1]) == ranks(arrivals), doc["arrivals"])
        check(told(doc["arrivals"][0]) == [50] * 4, doc["arrivals"])
        check([(s["cpu"], s["smis"]) for s in doc["storms"]] == [(0, 150), (1, 150)], doc["storms"])

    # What others wrote.

    def nasty(self):
        path = os.path.join(self.folder, "<b>&\"'\x1b\n.smm")
        if not os.path.exists(path):
            record(path, "stock-hang")
            db = sqlite3.connect(path)
            for table, column in (("verdict", "text"), ("verdict", "subject"), ("violation", "message"),
                                  ("violation", "invariant"), ("violation", "severity"), ("episode", "kind"),
                                  ("episode", "next"), ("episode_step", "step"), ("episode_step", "letter"),
                                  ("invariant", "why"), ("invariant", "name"), ("episode", "verdict")):
                db.execute("UPDATE {0} SET {1} = coalesce({1}, '') || ?".format(table, column), (EVIL,))
            db.execute("UPDATE invariant SET status = 'unknown'")
            db.execute("UPDATE violation SET message = CAST(x'ff3c7363726970743ec328' AS TEXT) || message"
                       " WHERE id = 1")
            db.execute("UPDATE meta SET value = ? WHERE key = 'target'", (EVIL * 10000,))
            db.execute("INSERT OR REPLACE INTO meta VALUES ('started', ?)", (EVIL,))
            db.commit()
            db.close()
        return path

    def test_nasty_text_is_text(self):
        page = self.page(self.nasty())
        check("img" not in page.count and "b" in page.count, page.count)
        text = report(self.nasty(), "--html")
        check(not re.search(UNSEEN, text), "control or format characters")
        doc = report(self.nasty(), "--json")
        check(not re.search(UNSEEN, doc), "control or format characters")
        check(json.loads(doc)["recording"]["file"] == self.nasty(), "the name")
        check(EVIL in json.loads(doc)["violations"][1]["message"], "the text is kept")

    def test_ten_thousands_of_smis_are_a_small_page(self):
        lines = ["t=1000 cpu=%d cpu-add apic_id=%d" % (c, c) for c in range(8)]
        for i in range(5000):
            at = 1000000 + i * i % 9973 * 1000 + i * 10000000
            for c in range(8):
                lines += ["t=%d cpu=%d port port=0xb2 dir=write value=0x%x" % (at, c, i % 256),
                          "t=%d cpu=%d smi-enter smbase=0x%x" % (at + 10, c, 0x100000 + c * 0x2000),
                          "t=%d cpu=%d smi-leave" % (at + 900, c)]
                at += 1000
            lines.append("t=%d blind until=%d why=stop" % (at, at + 2000))
        path = self.lines("many", "\n".join(lines) + "\n")
        text = report(path, "--html")
        check(Page(text).count["rect"] < 4000 and len(text) < 600000, (len(text), Page(text).count))
        check(json.loads(report(path, "--json"))["recording"]["smis"] == 40000, "SMIs")

    # Where it goes.

    def test_output_file(self):
        with open(self.hang, "rb") as f:
            before = f.read()
        for way in ("--html", "--json"):
            out = os.path.join(self.folder, "out" + way)
            check(report(self.hang, way, "-o", out) == "", "nothing on stdout")
            with open(out, encoding="utf-8") as f:
                check(f.read() == report(self.hang, way), out)
            report(self.hang, way, "-o", self.hang, status=2, error=b"would overwrite the recording")
            report(self.hang, way, "-o", "/nonexistent/x", status=6, error=b"cannot write /nonexistent/x")
            if os.path.exists("/dev/full"):
                report(self.hang, way, "-o", "/dev/full", status=6, error=b"No space left")
                done = subprocess.run("%s report %s %s >/dev/full" % (SMMTRACE, self.hang, way), shell=True,
                                      stderr=subprocess.PIPE, timeout=DEADLINE, check=False)
                check(done.returncode == 6 and b"No space left" in done.stderr, done.stderr)
        report(self.hang, "--html", "--json", status=2, error=b"exclude each other")
        with open(self.hang, "rb") as f:
            check(f.read() == before, "the recording changed")

    # In a browser.

    def shown(self, path):
        out = os.path.join(self.folder, "shown.html")
        report(path, "--html", "-o", out)
        logged, asked = self.browser.open(out)
        check(not logged, logged)
        check(asked == ["file://" + out], asked)
        return out

    def see_the_page_of_a_hang(self):
        self.shown(self.hang)
        says = words(self.browser.run("return document.querySelector('#verdict').innerText"))
        doc = json.loads(report(self.hang, "--json"))
        for line in doc["verdict"]["lines"]:
            check(words(line["says"]) in says, (line, says))
        check("Stuck" in says, says)
        charts = self.browser.run(CHARTS)
        check(len(charts) >= 2, charts)
        check(all(lanes == len(doc["cpus"]) and width > 800 for lanes, width in charts), charts)
        for what in ("rect.smm", "rect.smm.open", "rect.smm.default", "rect.step", "rect.stuck", "use.base",
                     "use.port", "use.broken", "path.ipi.init", "path.ipi.sipi"):
            check(self.browser.run(COUNT, "svg.chart " + what), what)
        page, window = self.browser.run("return [document.documentElement.scrollWidth, innerWidth]")
        check(page <= window, "the page is wider than the window: %d > %d" % (page, window))
        check(not self.browser.run(OUTSIDE), "outside of its picture")

    def see_light_and_dark(self):
        self.shown(self.hang)
        darkest = {}
        for scheme in ("light", "dark"):
            self.browser.prefer(scheme)
            colours = self.browser.screenshot()
            check(len(colours) > 20, "a blank page: %s" % colours)
            darkest[scheme] = sum(max(colours, key=colours.get))
        check(darkest["light"] > 700 and darkest["dark"] < 150, darkest)
        check(self.browser.print().startswith(b"%PDF"), "it prints")

    def see_that_nasty_text_is_harmless(self):
        self.shown(self.nasty())
        check("SMM report of" in self.browser.run("return document.title"), "the title")
        says = self.browser.run("return document.querySelector('#verdict').innerText")
        check("<script>document.title" in says, says)
        check(self.browser.run(COUNT, "script, img") == 0, "elements")

    def test_in_a_browser(self):
        why = browser.missing()
        if why:
            print("skip in_a_browser # %s" % why)
            return "skipped"
        with browser.Browser() as self.browser:
            self.see_the_page_of_a_hang()
            self.see_light_and_dark()
            self.see_that_nasty_text_is_harmless()
        return None

    def run(self, only):
        failed = 0
        for name in sorted(name for name in dir(self) if name.startswith("test_") and only in name):
            try:
                if getattr(self, name)() is None:
                    print("ok", name[5:], flush=True)
            except Exception as why:  # pylint: disable=broad-except
                failed = 1
                print("not ok %s\n# %s" % (name[5:], str(why)[:3000].replace("\n", "\n# ")), flush=True)
        return failed


def main():
    if not os.access(RECORDER, os.X_OK):
        print("%s is not built (make unit-programs)" % RECORDER)
        return 77
    with tempfile.TemporaryDirectory(prefix="smmtrace-report.") as folder:
        return Suite(folder).run(sys.argv[1] if len(sys.argv) > 1 else "")


if __name__ == "__main__":
    sys.exit(main())
