#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 600
"""
Exports read back by readers of others: Python's json and csv, and protoc with Perfetto's field numbers. What is in them
is counted against the views of the recording. No guest: the unit test program test-timeline records the
stories of tests/fixtures, judged.
"""
import csv
import io
import json
import os
import pty
import signal
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from guest import Failure, case, equal, need, run_tests, true, until

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SMMTRACE = os.path.abspath(os.environ.get("SMMTRACE", os.path.join(ROOT, "smmtrace")))
RECORDER = os.path.join(os.path.abspath(os.environ.get("BUILD", ROOT)), ".obj/tests/unit/test-timeline")
FIXTURES = os.path.join(ROOT, "tests", "fixtures")

# What a story of a hot-plug lacks: losses, blind and paused intervals that overlap, a broadcast before a CPU was there,
# an RSM without an entry.
ODDS = """\
t=9000000000000 cpu=3 smi-leave smbase=0x30000
t=9000000000100 cpu=0 ipi mode=sipi vector=0x9f dest=others
t=9000000000200 cpu=1 ipi mode=smi dest=all
t=9000000000300 cpu=0 ipi mode=init dest=one target=200
t=9000000000400 lost until=9000000000900 count=3
t=9000000000500 cpu=0 blind until=9000000000800 why=no-smbase
t=9000000000600 cpu=1 blind until=9000000000900 why=no-smbase
t=9000000000700 cpu=0 pause until=9000000000800 why=stop
t=9000000000950 cpu=9 cpu-add apic_id=77
t=9000000001000 cpu=0 port port=0xb3 dir=write value=0xffffffffffffffff
"""
# A text that would leave a string, a line, a terminal's good manners, in every format.
HOSTILE = 'a "quote", a \\ and\n\x1b[31m </script> %s \u009b'

folder = tempfile.TemporaryDirectory()


def record(name, text):
    path = os.path.join(folder.name, name)
    subprocess.run([RECORDER, path], input=text.encode(), check=True, timeout=120)
    return path


def story(name):
    """A recording of the story @name: its plug episodes, findings, verdict, and the odds above."""
    with open(os.path.join(FIXTURES, name + ".story"), encoding="utf-8") as f:
        return record(name + ".smm", "meta target qemu\njudge\n" + f.read() + ODDS)


def export(path, how, *more):
    return subprocess.run([SMMTRACE, "export", path, "--" + how, *more], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120)


def exported(path, how):
    done = export(path, how)
    equal((done.returncode, done.stderr), (0, b""), "export --%s" % how)
    return done.stdout


class Database:
    def __init__(self, path):
        self.db = sqlite3.connect("file:%s?mode=ro" % path, uri=True)

    def rows(self, sql):
        cursor = self.db.execute(sql)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row)) for row in cursor]

    def one(self, sql):
        return self.db.execute(sql).fetchone()[0]

    def arrows(self):
        """Of each IPI, to how many other CPUs that there were it goes."""
        cpus = self.rows("SELECT * FROM cpu_v")
        count = 0
        for ipi in self.rows("SELECT * FROM ipi_v"):
            for cpu in cpus:
                there = (cpu["added_ns"] or 0) <= ipi["ts_ns"] and \
                    (cpu["removed_ns"] is None or cpu["removed_ns"] >= ipi["ts_ns"])
                meant = cpu["apic_id"] == ipi["apic_id"] if ipi["dest"] == "one" else ipi["dest"] in ("all", "others")
                count += there and meant and cpu["cpu"] != ipi["sender"]
        return count


# --- rows

def detail(row):
    """The row's own columns in the words of event_v's detail."""
    return {key: str(value) for key, value in row.items()
            if key not in ("id", "ts_ns", "cpu", "kind", "source", "origin") and value not in (None, "")}


def same_events(path, rows):
    db = Database(path)
    wanted = db.rows("SELECT * FROM event_v ORDER BY id")
    equal(len(rows), len(wanted), "rows")
    for row, want in zip(rows, wanted):
        for key in ("id", "ts_ns", "cpu", "kind", "source", "origin"):
            equal(row[key], want[key], "%s of event %s" % (key, want["id"]))
        words = dict(word.split("=") for word in (want["detail"] or "").split())
        big = {key: value for key, value in words.items() if value.isdigit() and int(value) > 2 ** 53}
        for key, value in big.items():
            words[key] = hex(int(value)) if "0x" in str(row[key]) else value
        equal(detail(row), words, "fields of event %s" % want["id"])


def jsonl_has_every_event(name):
    path = story(name)
    same_events(path, [json.loads(line) for line in exported(path, "jsonl").decode("utf-8").splitlines()])


def csv_has_every_event(name):
    path = story(name)
    text = exported(path, "csv").decode("ascii")
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    equal(text.count("\r\n"), len(rows) + 1, "line ends of RFC 4180")
    for row in rows:
        true(None not in row and None not in row.values(), "as many columns as the heading: %s" % row)
        row["id"], row["ts_ns"] = int(row["id"]), int(row["ts_ns"])
        row["cpu"] = int(row["cpu"]) if row["cpu"] else None
    same_events(path, rows)


# --- timelines, both reduced to slices, instants and arrows

class Timeline:
    def __init__(self):
        self.tracks = {}      # id: name
        self.slices = []      # (category, track, from, to or None, depth, args)
        self.instants = []    # (category, track, ts, name, args)
        self.arrows = {}      # id: [(track, ts) where it begins], [where it ends]

    def count(self, what, category):
        return sum(1 for mark in what if mark[0] == category)

    def begin_arrow(self, arrow, track, ts):
        self.arrows.setdefault(arrow, ([], []))[0].append((track, ts))

    def end_arrow(self, arrow, track, ts):
        self.arrows.setdefault(arrow, ([], []))[1].append((track, ts))


def is_around(outer, inner, earlier):
    """Does the span hold the other one? Of two that begin together the earlier in the file can be the outer one."""
    begun = outer[1] < inner[1] or (outer[1] == inner[1] and earlier)
    goes_on = outer[2] is None or (outer[2] > inner[1] and inner[2] is not None and outer[2] >= inner[2])
    return begun and goes_on


def read_chrome(path):
    document = json.loads(exported(path, "chrome").decode("utf-8"))
    equal(document["otherData"]["target"], "qemu", "target")
    t, spans = Timeline(), []
    for e in document["traceEvents"]:
        ns = round(e.get("ts", 0) * 1000)
        if e["ph"] == "M":
            if e["name"] == "thread_name":
                t.tracks[e["tid"]] = e["args"]["name"]
            continue
        true(e["tid"] in t.tracks, "the track is named before its first event: %s" % e)
        if e["ph"] == "s":
            t.begin_arrow(e["id"], e["tid"], ns)
        elif e["ph"] == "f":
            t.end_arrow(e["id"], e["tid"], ns)
        elif e["ph"] == "i" or e["cat"].startswith("ipi"):
            t.instants.append((e["cat"], e["tid"], ns, e["name"], e["args"]))
        else:
            true(e["ph"] in "XB", "phase of %s" % e)
            spans.append((e["tid"], ns, ns + round(e["dur"] * 1000) if e["ph"] == "X" else None, e))
    for i, (tid, start, end, e) in enumerate(spans):
        depth = sum(1 for j, o in enumerate(spans) if o[0] == tid and is_around(o, (tid, start, end, e), j < i))
        t.slices.append((e["cat"], tid, start, end, depth, e["args"]))
    return t


def perfetto_module():
    need("protoc")
    if not os.path.exists(os.path.join(folder.name, "perfetto_pb2.py")):
        subprocess.run(["protoc", "-I" + FIXTURES, "--python_out=" + folder.name, "perfetto.proto"], check=True,
                       timeout=120)
    sys.path.insert(0, folder.name)
    try:
        import perfetto_pb2
    except ImportError as why:
        need("/usr/lib/python3/dist-packages/google/protobuf")
        raise Failure("the module that protoc made: %s" % why) from why
    return perfetto_pb2


class Sequence:
    """The interned names of one packet sequence, as trace_packet.proto says they are to be taken."""

    def __init__(self):
        self.valid = False
        self.names = {}

    def take(self, packet):
        if packet.sequence_flags & 1:
            self.valid, self.names = True, {}
        true(self.valid or not packet.sequence_flags & 2, "state is needed that was never cleared")
        for kind in ("event_categories", "event_names", "debug_annotation_names"):
            for entry in getattr(packet.interned_data, kind):
                true(entry.iid and (kind, entry.iid) not in self.names, "iid %s is told once" % entry.iid)
                self.names[kind, entry.iid] = entry.name

    def name(self, packet, kind, iid, text):
        if not iid:
            return text
        true(packet.sequence_flags & 2, "a packet that uses interned names says so")
        return self.names[kind, iid]


def annotation(sequence, packet, a):
    name = sequence.name(packet, "debug_annotation_names", a.name_iid, a.name)
    value = getattr(a, a.WhichOneof("value"))
    return name, hex(value) if a.WhichOneof("value") == "pointer_value" else value


def read_packets(data, pb):
    trace = pb.Trace()
    trace.ParseFromString(data)
    trace.DiscardUnknownFields()
    equal(trace.ByteSize(), len(data), "bytes: no field but those of the .proto, each as short as can be")
    return trace.packet


def read_perfetto(path):
    """Sorted by time as trace_processor does: stable, and an END ends the innermost slice of its track."""
    t, sequence, events = Timeline(), Sequence(), []
    packets = read_packets(exported(path, "perfetto"), perfetto_module())
    equal({p.trusted_packet_sequence_id for p in packets}, {1}, "sequences")
    true(packets[0].first_packet_on_sequence and packets[0].clock_snapshot.primary_trace_clock == 3, "clock")
    processes = set()
    for p in packets:
        sequence.take(p)
        if p.HasField("track_descriptor"):
            d = p.track_descriptor
            if d.HasField("process"):
                processes.add(d.uuid)
                equal(d.process.process_name, "qemu", "process")
            else:
                true(d.parent_uuid in processes and d.uuid not in t.tracks, "track %s" % d)
                equal(d.HasField("thread"), d.name.startswith("CPU "), "CPUs are threads: %s" % d.name)
                t.tracks[d.uuid] = d.name
        elif p.HasField("track_event"):
            e = p.track_event
            true(e.track_uuid in t.tracks and p.HasField("timestamp"), "track and time of %s" % e)
            name = sequence.name(p, "event_names", e.name_iid, e.name)
            category = sequence.name(p, "event_categories", (list(e.category_iids) or [0])[0], "")
            args = dict(annotation(sequence, p, a) for a in e.debug_annotations)
            events.append((p.timestamp, e, name, category, args))
    stacks = {}
    for ts, e, name, category, args in sorted(events, key=lambda event: event[0]):
        stack = stacks.setdefault(e.track_uuid, [])
        if e.type == e.TYPE_SLICE_BEGIN:
            stack.append(len(t.slices))
            t.slices.append([category, e.track_uuid, ts, None, len(stack) - 1, args])
        elif e.type == e.TYPE_SLICE_END:
            true(stack, "an END has a BEGIN")
            t.slices[stack.pop()][3] = ts
        else:
            equal(e.type, e.TYPE_INSTANT, "type")
            t.instants.append((category, e.track_uuid, ts, name, args))
        for arrow in e.flow_ids:
            t.begin_arrow(arrow, e.track_uuid, ts)
        for arrow in e.terminating_flow_ids:
            t.end_arrow(arrow, e.track_uuid, ts)
    return t


READERS = {"chrome": read_chrome, "perfetto": read_perfetto}


def timeline_is_the_recording(how, name):
    path = story(name)
    db, t = Database(path), READERS[how](path)

    for category, view in (("smi", "smi_v"), ("episode", "episode_v"), ("step", "step_v"), ("lost", "loss_v"),
                           ("blind", "blind_v"), ("pause", "pause_v")):
        equal(t.count(t.slices, category), db.one("SELECT count(*) FROM " + view), "%s slices" % category)
    for category, view in (("port", "port_v"), ("ipi", "ipi_v"), ("smbase-write", "smbase_v"), ("cpuhp", "cpuhp_v"),
                           ("violation", "violation_v"), ("config", "config_v"), ("handoff", "handoff_v")):
        equal(t.count(t.instants, category), db.one("SELECT count(*) FROM " + view), "%s instants" % category)
    equal(t.count(t.instants, "smi-leave"), 1, "RSMs without an entry")
    equal(t.count(t.instants, "stuck"), db.one("SELECT count(*) FROM episode_v WHERE stuck_ns IS NOT NULL"), "stuck")
    equal(sorted(n for n in set(t.tracks.values()) if n.startswith("CPU")),
          sorted("CPU %d" % c["cpu"] for c in db.rows("SELECT cpu FROM cpu_v")), "CPU tracks")
    smis_are_alike(t, db)
    steps_are_nested(t)
    arrows_are_whole(t, db)


def smis_are_alike(t, db):
    wanted = {s["id"]: s for s in db.rows("SELECT * FROM smi_v")}
    for category, track, start, end, depth, args in t.slices:
        if category != "smi":
            continue
        s = wanted.pop(args["event"])
        equal((t.tracks[track], start, end, depth), ("CPU %d" % s["cpu"], s["enter_ns"], s["leave_ns"], 0),
              "track, times, depth of SMI %s" % s["id"])
        equal((args.get("smbase"), args.get("cause")), (s["smbase"], None if s["cause"] == "unknown" else s["cause"]),
              "base and cause of SMI %s" % s["id"])
        equal(args.get("apm_cmd"), s["apm_cmd"] if s["apm_cmd"] is None else hex(s["apm_cmd"]), "its command")
    equal(wanted, {}, "SMIs without a slice")


def steps_are_nested(t):
    """In an SMI: at depth 1, inside it, one after the other. In an episode: at depth 1 unless it is over."""
    smis = [s for s in t.slices if s[0] == "smi"]
    steps = sorted((s for s in t.slices if s[0] == "smi-step"), key=lambda s: (s[1], s[2]))
    true(steps, "steps in SMIs")
    for _, track, start, end, depth, args in steps:
        inside = [s for s in smis if s[1] == track and s[2] <= start and (s[3] is None or start < s[3])]
        equal(len(inside), 1, "SMIs around step %s" % args)
        true(inside[0][3] is None or (end is not None and end <= inside[0][3]), "it ends in there: %s" % args)
        equal(depth, 1, "its depth: %s" % args)
    for one, next_one in zip(steps, steps[1:]):
        true(one[1] != next_one[1] or (one[3] is not None and one[3] <= next_one[2]), "one step after the other")
    for _, track, start, end, depth, args in (s for s in t.slices if s[0] == "step"):
        true(depth <= 1 and t.tracks[track] == "episodes", "track and depth of step %s" % args)


def arrows_are_whole(t, db):
    equal(len(t.arrows), db.arrows(), "arrows")
    true(len(t.arrows) > 3, "some")
    for begins, ends in t.arrows.values():
        equal((len(begins), len(ends)), (1, 1), "ends of an arrow")
        true(begins[0][0] != ends[0][0] and begins[0][1] <= ends[0][1], "from one CPU to another, not back in time")


def hostile_texts_stay_texts():
    path = story("stock-hang")
    db = sqlite3.connect(path)
    db.execute("UPDATE violation SET message = ?, invariant = ?", (HOSTILE * 20, HOSTILE))
    db.execute("UPDATE episode SET kind = ?, verdict = CAST(x'22ff00c328' AS TEXT)", (HOSTILE,))
    db.execute("UPDATE episode_step SET step = ?, letter = ?", (HOSTILE, '"\udcff"'.encode("utf-8", "replace").decode()))
    db.commit()
    db.close()
    for how, read in READERS.items():
        raw = exported(path, how)
        if how == "chrome":
            true(not any(byte < 0x20 and byte != 10 for byte in raw), "no control character")
        t = read(path)
        told = [i for i in t.instants if i[0] == "violation"]
        true(told and all(i[3].startswith('a "quote", a \\ and\n\x1b[31m </scr') for i in told), "names as they are")
        true(all('"\ufffd' == e[5]["verdict"] for e in t.slices if e[0] == "episode"), "no UTF-8, no NUL")


# --- the command

def refused(done, status, what, stdout=b""):
    equal(done.returncode, status, "status; stderr: %r" % done.stderr)
    equal(done.stdout, stdout, "stdout")
    equal(done.stderr.count(b"\n"), 1, "one line: %r" % done.stderr)
    true(what in done.stderr.decode(), "says %s: %r" % (what, done.stderr))


def run_export(*args):
    return subprocess.run([SMMTRACE, "export", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)


def wrong_usage_is_refused():
    path = story("stock-hang")
    refused(run_export(path), 2, "--perfetto, --chrome, --jsonl or --csv")
    refused(run_export(path, "--csv", "--jsonl"), 2, "exclude each other")
    refused(run_export(path + ".none", "--csv"), 2, "none")
    refused(run_export(os.path.join(FIXTURES, "README"), "--csv", "-o", os.path.join(folder.name, "x")), 4, "README")
    true(not os.path.exists(os.path.join(folder.name, "x")), "nothing is made of what is no recording")


def the_recording_is_not_overwritten():
    path = story("stock-hang")
    with open(path, "rb") as f:
        before = f.read()
    os.symlink(path, path + ".link")
    os.link(path, path + ".other")
    for name in (path, path + ".link", path + ".other"):
        refused(export(path, "csv", "-o", name), 2, "would overwrite the recording")
    with open(path, "rb") as f:
        true(f.read() == before, "it is as it was")


def nothing_is_half_written():
    path = story("stock-hang")
    target = os.path.join(folder.name, "kept.json")
    with open(target, "w", encoding="ascii") as f:
        f.write("before")
    db = sqlite3.connect(path)
    db.execute("UPDATE event SET cpu = 77777 WHERE id = (SELECT max(id) - 1 FROM event)")
    db.commit()
    db.close()
    refused(export(path, "jsonl", "-o", target), 4, "damaged")
    with open(target, encoding="ascii") as f:
        equal(f.read(), "before", "what was there")
    equal([n for n in os.listdir(folder.name) if n.startswith("kept.json.")], [], "temporary files")


def output_that_fails_is_told():
    path = story("stock-hang")
    with open("/dev/full", "wb") as full:
        done = subprocess.run([SMMTRACE, "export", path, "--jsonl"], stdout=full, stderr=subprocess.PIPE, timeout=120)
    equal((done.returncode, done.stderr.count(b"\n")), (6, 1), "status and lines: %r" % done.stderr)
    refused(export(path, "chrome", "-o", "/dev/full"), 6, "No space left")
    refused(export(path, "chrome", "-o", os.path.join(folder.name, "none", "x")), 6, "No such file")
    reader, writer = os.pipe()
    os.close(reader)
    gone = subprocess.run([SMMTRACE, "export", path, "--jsonl"], stdout=writer, stderr=subprocess.PIPE, timeout=120)
    os.close(writer)
    equal((gone.returncode, gone.stderr), (-signal.SIGPIPE, b""), "a reader that left ends it, as any other program")


def file_and_stdout_are_alike():
    path = story("stock-hang")
    for how in ("perfetto", "chrome", "jsonl", "csv"):
        target = os.path.join(folder.name, "file." + how)
        done = export(path, how, "-o", target)
        equal((done.returncode, done.stdout, done.stderr), (0, b"", b""), "status and output")
        with open(target, "rb") as f:
            equal(f.read() == exported(path, how), True, "the same in %s" % how)


def no_binary_for_a_terminal():
    path = story("stock-hang")
    master, slave = pty.openpty()
    done = subprocess.run([SMMTRACE, "export", path, "--perfetto"], stdout=slave, stderr=subprocess.PIPE, timeout=120)
    os.close(slave)
    os.close(master)
    equal((done.returncode, done.stderr.count(b"\n")), (2, 1), "refused: %r" % done.stderr)


def a_signal_takes_the_temporary_file_away():
    lines = ["t=%d cpu=%d port port=0xb2 dir=write value=%d" % (1000 + i, i % 4, i % 256) for i in range(300000)]
    path = record("long.smm", "\n".join(lines) + "\n")
    target = os.path.join(folder.name, "cut.json")

    def temporary():
        return [n for n in os.listdir(folder.name) if n.startswith("cut.json.")]

    child = subprocess.Popen([SMMTRACE, "export", path, "--chrome", "-o", target], stderr=subprocess.PIPE)
    until(lambda: temporary() or child.poll() is not None, 30, "the temporary file")
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=60)
    equal(child.returncode, -signal.SIGINT, "ended by the signal")
    equal((temporary(), os.path.exists(target)), ([], False), "files")


STORIES = ("stock-hang", "completed-hotplug", "two-plugs")
run_tests(*[case(jsonl_has_every_event, name) for name in STORIES],
          *[case(csv_has_every_event, name) for name in STORIES],
          *[case(timeline_is_the_recording, how, name) for how in READERS for name in STORIES],
          hostile_texts_stay_texts, wrong_usage_is_refused, the_recording_is_not_overwritten, nothing_is_half_written,
          output_that_fails_is_told, file_and_stdout_are_alike, no_binary_for_a_terminal,
          a_signal_takes_the_temporary_file_away)
