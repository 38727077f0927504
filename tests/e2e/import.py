#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 900
"""
Recordings of others become recordings of ours. What is in them is counted in the text that trace-cmd and perf print of the
same files, by patterns and not by our readers. No guest.
"""
import gzip
import lzma
import os
import re
import resource
import sqlite3
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import guest
from guest import run_tests, true

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SMMTRACE = os.path.abspath(os.environ.get("SMMTRACE", os.path.join(ROOT, "smmtrace")))
FIXTURES = os.path.join(ROOT, "tests", "fixtures")

folder = tempfile.TemporaryDirectory()


def equal(got, expected, what=""):
    guest.equal(got, expected, what)


KINDS = ("smi-enter", "smi-leave", "port", "ipi", "apic-accept", "cpuhp")


def path(name):
    return os.path.join(folder.name, name)


def unpacked(name):
    """The fixture, unpacked."""
    out = path(name)
    if not os.path.exists(out):
        with lzma.open(os.path.join(FIXTURES, "kvm", name + ".xz")) as f, open(out, "wb") as to:
            to.write(f.read())
    return out


def written(name, data):
    with open(path(name), "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode())
    return path(name)


def smmtrace(*args, status=0, stdin=None, memory=None):
    """stdout and stderr of smmtrace, which must end with @status."""
    def limit():
        if memory:
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    r = subprocess.run([SMMTRACE, *args], stdin=stdin or subprocess.DEVNULL, capture_output=True, text=True,
                       timeout=600, preexec_fn=limit)
    equal(r.returncode, status, f"smmtrace {' '.join(args)}: {r.stderr}")
    return r.stdout, r.stderr


def imported(source, *args, **how):
    """The recording made of the file @source, and what was said."""
    out = source + ".smm"
    _, said = smmtrace("import", source, "-o", out, "-f", *args, **how)
    return out, said


def rows(recording, sql):
    with sqlite3.connect(recording) as db:
        return db.execute(sql).fetchall()


def counts(recording):
    have = dict(rows(recording, "SELECT kind, count(*) FROM event_v GROUP BY kind"))
    return {k: have.get(k, 0) for k in KINDS}


def counted(text):
    """The same, from what trace-cmd or perf say: the thread id is with the vCPU that it once enters SMM as."""
    def n(pattern):
        return len(re.findall(pattern, text))
    return {
        "smi-enter": n(r"kvm_smm_transition: .*entering SMM"), "smi-leave": n(r"kvm_smm_transition: .*leaving SMM"),
        "port": n(r"kvm_pio: .* at 0xb[23] "), "ipi": n(r"kvm_apic_ipi: .*\((INIT|SIPI|SMI)\|"),
        "apic-accept": n(r"kvm_apic_accept_irq: .*\((INIT|SIPI|SMI)\|"), "cpuhp": n(r"kvm_pio: .* at 0xcd[89a-f] "),
    }


def relocations(text):
    """(vCPU, from, to) for each entry at another base than the default one before."""
    base, found = {}, []
    for cpu, at in re.findall(r"vcpu (\d+): entering SMM, smbase (0x[0-9a-f]+)", text):
        if base.get(cpu) == "0x30000" != at:
            found.append((int(cpu), base[cpu], at))
        base[cpu] = at
    return found


def read(name):
    with open(unpacked(name), encoding="utf-8") as f:
        return f.read()


PAIRS = [("seabios.trace.dat", "seabios.trace-cmd.txt"), ("vmm.trace.dat", "vmm.trace-cmd.txt"),
         ("vmm.perf.data", "vmm.perf.txt"), ("vmm.trace", "vmm.trace"), ("seabios-nodisk.trace", "seabios-nodisk.trace"),
         ("no-smm.trace", "no-smm.trace")]


def everything_in_the_text_reports_is_there():
    for name, report in PAIRS:
        text = read(report)
        r, _ = imported(unpacked(name))
        equal(counts(r), counted(text), name)
        equal([tuple(x) for x in rows(r, "SELECT cpu, old_smbase, new_smbase FROM smbase_v ORDER BY ts_ns")],
              relocations(text), name)
        equal(rows(r, "SELECT count(*) FROM smbase_v WHERE effective_ns IS NULL"), [(0,)], name)
        # each of them belongs to a CPU: the thread names its vCPU sooner or later
        threads = dict(re.findall(r"(\d+) +\[\d+\] .*vcpu (\d+)", text))
        known = len([t for t in re.findall(r"(\d+) +\[\d+\] .*kvm_(?:pio: .* at 0xb[23]|apic_ipi: .*\([IS][NIM])", text)
                     if t in threads])
        equal(rows(r, "SELECT count(*) FROM event_v WHERE cpu IS NOT NULL AND kind IN ('port', 'ipi')"), [(known,)], name)


def text_events_show_their_lines():
    text = read("vmm.trace")
    r, _ = imported(unpacked("vmm.trace"))
    lines = [line for (line,) in rows(r, "SELECT raw.text FROM raw_v raw JOIN event_v e ON e.id = raw.event_id"
                                         " WHERE e.kind IN ('port', 'ipi', 'apic-accept') ORDER BY e.id")]
    equal(lines, [line for line in text.splitlines()
                  if re.search(r"kvm_pio: .* at 0xb[23] |kvm_apic_(ipi|accept_irq): .*\((INIT|SIPI|SMI)\|", line)])
    log = written("qemu.log", log_of_a_hotplug())
    r, _ = imported(log)
    true(rows(r, "SELECT count(*) FROM raw_v WHERE text LIKE 'SMM: enter%EFER=%'")[0][0] > 0, "dumps")


def values_and_times_are_those_of_the_report():
    text = read("vmm.trace-cmd.txt")
    r, _ = imported(unpacked("vmm.trace.dat"))
    want = [(int(sec) * 10**9 + int(ns), port, "write" if way == "write" else "read", int(value, 16))
            for sec, ns, way, port, value in
            re.findall(r"(\d+)\.(\d{9}): kvm_pio: +pio_(\w+) at (0xb[23]) size 1 count 1 val (0x[0-9a-f]+)", text)]
    equal([(ts, hex(port), way, value) for ts, port, way, value in
           rows(r, "SELECT ts_ns, port, dir, value FROM port_v ORDER BY id")], want)
    equal(rows(r, "SELECT value FROM meta_v WHERE key = 'import.clock'"), [("mono",)])


def two_forms_of_one_recording_do_not_differ():
    for name, report in PAIRS[:3]:
        a, _ = imported(unpacked(name))
        b, _ = imported(unpacked(report))
        out, _ = smmtrace("diff", a, b)
        true("no difference" in out, out)


def perf_tells_the_wall_clock():
    r, _ = imported(unpacked("vmm.perf.data"))
    equal(rows(r, "SELECT value > 1700000000000000000 FROM meta_v WHERE key = 'clock_offset_ns'"), [(1,)])
    r, _ = imported(unpacked("vmm.trace.dat"))
    equal(rows(r, "SELECT count(*) FROM meta_v WHERE key IN ('clock_offset_ns', 'started')"), [(0,)])


def the_other_commands_read_it():
    r, _ = imported(unpacked("seabios.trace.dat"))
    smmtrace("check", r)
    out, _ = smmtrace("report", r)
    true("seabios.trace.dat" in out, out)
    smmtrace("report", r, "--html", "-o", path("r.html"))
    out, _ = smmtrace("query", r, "SELECT count(*) FROM smi_v", "--csv")
    equal(out.split()[-1], "10")
    for form in ("--jsonl", "--csv", "--chrome", "--perfetto"):
        smmtrace("export", r, form, "-o", path("export"))


def what_is_not_understood_is_counted_and_told():
    text = read("no-smm.trace")
    r, said = imported(unpacked("no-smm.trace"))
    names = re.findall(r"\d: (kvm_\w+|vcpu_\w+): ", text)
    strange = [n for n in names if n not in ("kvm_pio", "kvm_apic_ipi", "kvm_apic_accept_irq", "kvm_entry", "kvm_exit")]
    true(f"{len(strange)} events of {len(set(strange))} kinds not understood: kvm_userspace_exit "
         f"{strange.count('kvm_userspace_exit')}," in said, said)
    equal(rows(r, "SELECT value FROM meta_v WHERE key = 'import.foreign'"), [(str(len(strange)),)])


HEAD = "# tracer: nop\n"


def ftrace(*events):
    """A trace file: (seconds, text) each."""
    return HEAD + "".join(e if isinstance(e, str) else f"  CPU 0/KVM-77 [001] d..1. {e[0]:.6f}: {e[1]}\n" for e in events)


ENTER = "kvm_smm_transition: vcpu 0: entering SMM, smbase 0x%x"
LEAVE = "kvm_smm_transition: vcpu 0: leaving SMM, smbase 0x%x"


def losses_are_intervals():
    source = written("lost", ftrace((1, ENTER % 0x30000), (2, LEAVE % 0x30000), "CPU:1 [LOST 12 EVENTS]\n",
                                    (3, ENTER % 0x40000), (4, LEAVE % 0x40000)))
    r, said = imported(source)
    true("12 events lost in 1 interval" in said, said)
    equal(rows(r, "SELECT source, start_ns, end_ns, count FROM loss_v"), [("kvm", 2 * 10**9, 3 * 10**9, 12)])
    equal(rows(r, "SELECT count(*) FROM smbase_v"), [(0,)], "in which SMI it changed nobody knows")
    imported(source, "--strict", status=5)
    source = written("over", "# entries-in-buffer/entries-written: 1/8   #P:1\n" + ftrace((1, ENTER % 0x30000)))
    r, _ = imported(source)
    equal(rows(r, "SELECT count FROM loss_v"), [(7,)])
    source = written("dropped", ftrace((1, ENTER % 0x30000), "CPU:1 [EVENTS DROPPED]\n", (2, LEAVE % 0x30000)))
    r, said = imported(source)
    true("events were lost in 1 interval" in said, said)
    equal(rows(r, "SELECT count FROM loss_v"), [(None,)])


def an_older_tracepoint_tells_the_new_base_when_it_leaves():
    old = [(1, "kvm_enter_smm: vcpu 0: entering SMM, smbase 0x30000"), (2, "kvm_enter_smm: vcpu 0: leaving SMM, smbase 0x7ffb3000"),
           (3, "kvm_enter_smm: vcpu 0: entering SMM, smbase 0x7ffb3000")]
    r, _ = imported(written("old", ftrace(*old)))
    equal(rows(r, "SELECT old_smbase, new_smbase, effective_ns FROM smbase_v"), [("0x30000", "0x7ffb3000", 2 * 10**9)])
    equal(rows(r, "SELECT smbase FROM smi_v"), [("0x30000",), ("0x7ffb3000",)])


def lines_out_of_order_are_put_in_order():
    r, said = imported(written("disorder", ftrace((2, LEAVE % 0x30000), (1, ENTER % 0x30000))))
    equal(rows(r, "SELECT enter_ns, leave_ns FROM smi_v"), [(10**9, 2 * 10**9)])
    true("out of order" not in said, said)


# --- perf.data, taken apart and put together again ---

def perf_parts():
    with open(unpacked("vmm.perf.data"), "rb") as f:
        data = f.read()
    _, size, attr_size, attr_at, attr_len, at, length, _, _ = struct.unpack_from("<8s8Q", data)
    records, i = [], at
    while i < at + length:
        n = struct.unpack_from("<IHH", data, i)[2]
        records.append(data[i:i + n])
        i += n
    return data, (attr_at, attr_len, attr_size), at, records


def perf_file(records):
    """The file with other records: what stands behind them moves."""
    data, _, at, old = perf_parts()
    was, now = sum(map(len, old)), sum(map(len, records))
    head = bytearray(data[:at])
    struct.pack_into("<Q", head, 48, now)
    tail = bytearray(data[at + was:])
    features = bin(int.from_bytes(data[72:104], "little")).count("1")
    for i in range(features):
        offset, = struct.unpack_from("<Q", tail, 16 * i)
        struct.pack_into("<Q", tail, 16 * i, offset + now - was)
    return bytes(head) + b"".join(records) + bytes(tail)


def perf_pipe():
    """The same as perf record -o - writes it."""
    data, (attr_at, attr_len, attr_size), at, records = perf_parts()
    out = [struct.pack("<8sQ", b"PERFILE2", 16)]
    for i in range(attr_at, attr_at + attr_len, attr_size):
        attr = data[i:i + attr_size - 16]
        ids_at, ids_len = struct.unpack_from("<QQ", data, i + attr_size - 16)
        body = attr + data[ids_at:ids_at + ids_len]
        out.append(struct.pack("<IHH", 64, 0, 8 + len(body)) + body)
    table = at + sum(map(len, records))
    bits = [b for b in range(256) if int.from_bytes(data[72:104], "little") >> b & 1]
    tracing_at, tracing_len = struct.unpack_from("<QQ", data, table + 16 * bits.index(1))
    out.append(struct.pack("<IHHII", 66, 0, 16, tracing_len, 0) + data[tracing_at:tracing_at + tracing_len] +
               bytes(-tracing_len % 8))
    return b"".join(out + records)


def perf_into_a_pipe_is_read_too():
    want = counts(imported(unpacked("vmm.perf.data"))[0])
    source = written("piped", perf_pipe())
    equal(counts(imported(source)[0]), want)
    with subprocess.Popen(["cat", source], stdout=subprocess.PIPE) as cat:
        smmtrace("import", "-", "-o", path("stdin.smm"), stdin=cat.stdout)
    equal(counts(path("stdin.smm")), want)


def lost_records_of_perf_are_losses():
    *_, records = perf_parts()
    samples = [i for i, r in enumerate(records) if struct.unpack_from("<I", r)[0] == 9]
    # id, lost; tid, time, cpu and identifier of the sample before it, as sample_id_all wants them
    before = records[samples[9]]
    identifier, ip, tid, time, cpu = struct.unpack_from("<5Q", before, 8)
    body = struct.pack("<QQ", identifier, 5) + struct.pack("<4Q", tid, time + 1000, cpu, identifier)
    lost = struct.pack("<IHH", 2, 0, 8 + len(body)) + body
    r, said = imported(written("perf-lost", perf_file(records[:samples[10]] + [lost] + records[samples[10]:])))
    equal(rows(r, "SELECT source, start_ns, end_ns, count FROM loss_v"), [("kvm", time, time + 1000, 5)])
    true("5 events lost in 1 interval" in said, said)


def losses_of_the_ring_buffer_are_counted():
    with open(unpacked("seabios.trace.dat"), "rb") as f:
        data = bytearray(f.read())
    page = data.rindex(struct.pack("<Q", 15152565747))  # of the first event: a page of the buffer begins with that
    commit, = struct.unpack_from("<Q", data, page + 8)
    # RB_MISSED_EVENTS and RB_MISSED_STORED of Linux kernel/trace/ring_buffer.c: the count stands behind the data
    struct.pack_into("<Q", data, page + 8, commit | 1 << 31 | 1 << 30)
    struct.pack_into("<q", data, page + 16 + commit, 37)
    r, said = imported(written("missed.dat", bytes(data)))
    true("37 events lost in 1 interval" in said, said)
    equal(rows(r, "SELECT source, count FROM loss_v"), [("kvm", 37)])


def samples_of_several_cpus_are_put_in_order():
    want = rows(imported(unpacked("vmm.perf.data"))[0], "SELECT ts_ns, kind FROM event_v ORDER BY id")
    *_, records = perf_parts()
    samples = [r for r in records if struct.unpack_from("<I", r)[0] == 9]
    others = [r for r in records if struct.unpack_from("<I", r)[0] != 9]
    r, _ = imported(written("rounds", perf_file(others + samples[1::2] + samples[::2])))
    equal(rows(r, "SELECT ts_ns, kind FROM event_v ORDER BY id"), want)


# --- what is damaged ---

def damaged(source, *words, keep=False):
    """Exit 4, one line with an offset and @words; no file, or what stood before the damage."""
    out = path("damaged.smm")
    for name in os.listdir(folder.name):
        if name.startswith("damaged.smm"):
            os.unlink(path(name))
    _, said = smmtrace("import", source, "-o", out, "-q", *(["--keep-partial"] if keep else []), status=4)
    equal(len(said.splitlines()), 1, said)
    true(re.search(r"offset \d+", said), said)
    for word in words:
        true(word in said, said)
    equal([n for n in os.listdir(folder.name) if n.startswith("damaged.smm")], ["damaged.smm"] if keep else [], said)
    return out


def damaged_input_leaves_nothing_but_a_line():
    perf = open(unpacked("vmm.perf.data"), "rb").read()
    dat = open(unpacked("seabios.trace.dat"), "rb").read()
    for n in (9, 60, 150, 5000, len(perf) - 700):
        damaged(written("short", perf[:n]))
    for n in (12, 500, 20000, len(dat) - 4096):
        damaged(written("short", dat[:n]))
    damaged(written("short", perf[:72] + bytes(32) + perf[104:]), "")
    damaged(written("other", b"2ELIFREP" + perf[8:]), "byte order")
    damaged(written("empty", b""), "offset 0", "empty")
    damaged(written("noise", os.urandom(5000)), "not a recording")
    damaged(written("packed", gzip.compress(read("vmm.trace").encode())), "zcat")
    damaged(written("cut", read("vmm.trace")[:-60]), "cut off")
    damaged(written("zeros", read("vmm.trace").encode() + bytes(100)), "not text")
    damaged(written("compressed", perf_file(perf_parts()[3][:20] + [struct.pack("<IHHQ", 81, 0, 16, 0)])), "compressed")


def what_stood_before_the_damage_can_be_kept():
    text = read("vmm.trace")
    r = damaged(written("cut", text[:-60]), keep=True)
    have = counts(r)
    want = counted(text)
    true(0 < have["port"] <= want["port"] and have["smi-enter"] == want["smi-enter"], have)
    equal(rows(r, "SELECT count(*) FROM meta_v WHERE key = 'import.error' AND value LIKE '%cut off%'"), [(1,)])


def an_old_recording_is_not_overwritten_by_a_failure():
    r, _ = imported(unpacked("vmm.trace"))
    before = open(r, "rb").read()
    smmtrace("import", unpacked("vmm.trace"), "-o", r, status=6)
    smmtrace("import", written("noise", os.urandom(5000)), "-o", r, "-f", status=4)
    equal(open(r, "rb").read(), before)
    smmtrace("import", unpacked("vmm.trace"), "-o", unpacked("vmm.trace"), "-f", status=2)
    smmtrace("import", path("nowhere"), "-o", path("x.smm"), status=2)
    smmtrace("import", unpacked("vmm.trace"), status=2)


# --- logs of QEMU ---

def log_of_a_hotplug():
    with gzip.open(os.path.join(FIXTURES, "qemulog-hotplug.log.gz"), "rt") as f:
        return f.read()


def a_log_of_qemu_is_read():
    text = log_of_a_hotplug()
    r, said = imported(written("qemu.log", text))
    true("qemu-log, clock realtime" in said, said)
    equal(counts(r)["port"], len(re.findall(r":apm_io_(?:read|write) ", text)))
    equal(rows(r, "SELECT count(*) FROM event_v WHERE kind = 'cpu-reset'"), [(text.count("CPU Reset (CPU"),)])
    first = re.search(r"@(\d+)\.(\d+):", text)
    equal(rows(r, "SELECT min(ts_ns) FROM event_v WHERE kind = 'cpuhp'")[0][0] // 10**9, int(first[1]))
    equal(rows(r, "SELECT value FROM meta_v WHERE key = 'clock_offset_ns'"), [("0",)])


def a_thread_of_a_log_can_be_told():
    text = log_of_a_hotplug()
    tid = re.search(r"^(\d+)@.*apm_io_read", text, re.M)[1]
    r, _ = imported(written("qemu.log", text), "--threads", tid + "=0")
    equal(rows(r, "SELECT count(*) FROM port_v WHERE dir = 'read' AND cpu IS NULL"), [(0,)])
    imported(written("qemu.log", text), "--threads", "12=", status=2)


def a_log_of_interrupts_has_only_its_order():
    text = "".join(line + "\n" for line in log_of_a_hotplug().splitlines() if not re.match(r"\d+@", line))
    r, said = imported(written("int.log", text))
    true("qemu-int, clock order" in said and "no times" in said, said)
    enters = text.count("SMM: enter")
    equal(rows(r, "SELECT count(*) FROM event_v WHERE kind = 'smi-enter' AND source = 'qemulog' AND cpu IS NULL"
                  " AND origin = 'inferred'"), [(enters,)])
    equal(rows(r, "SELECT count(*) FROM event_v WHERE kind = 'smi-leave' AND source = 'qemulog'"),
          [(text.count("SMM: after RSM"),)])
    # the state that the first 64-bit entry saved
    rip = re.search(r"SMM: enter\nRAX.*(?:\n.*){2}\nR13.*|SMM: enter\nRAX(?:.*\n)+?RIP=([0-9a-f]+)", text)[1]
    true(rip and rows(r, f"SELECT count(*) FROM event_v WHERE detail LIKE '%rip=0x{rip.lstrip('0')} %'")[0][0], rip)
    # the whole log is of one CPU, somebody says
    r, _ = imported(written("int.log", text), "--one-cpu")
    equal(rows(r, "SELECT count(*) FROM event_v WHERE kind = 'smi-enter' AND source = 'qemulog' AND cpu = 0"),
          [(enters,)])


# --- much ---

def big_trace(name, lines):
    with open(path(name), "w", encoding="ascii") as f:
        f.write(HEAD)
        for i in range(lines // 4):
            for n, what in enumerate(("kvm_pio: pio_write at 0xb2 size 1 count 1 val 0x4", ENTER % 0x40000, "kvm_msr: msr_read 10",
                                      LEAVE % 0x40000)):
                f.write(f"  CPU 0/KVM-77 [001] d..1. {i // 100}.{i % 100:02d}{n:04d}: {what}\n")
    return path(name)


def peak_kb(source):
    """The most memory that an import of @source has at a time."""
    r = subprocess.run([sys.executable, "-c", "import resource, subprocess, sys\n"
                        "subprocess.run(sys.argv[1:], check=True)\n"
                        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)",
                        SMMTRACE, "import", source, "-o", source + ".smm", "-f", "-q"],
                       capture_output=True, text=True, timeout=600, check=True)
    return int(r.stdout)


def memory_does_not_grow_with_the_file():
    small, big = big_trace("small", 20000), big_trace("big", 200000)
    a, b = peak_kb(small), peak_kb(big)
    true(b < a + 8192, f"{a} KiB for 20000 lines, {b} KiB for 200000")
    equal(rows(big + ".smm", "SELECT count(*) FROM smi_v"), [(50000,)])


def what_comes_too_late_is_told():
    source = big_trace("late", 40000)
    with open(source, "a", encoding="ascii") as f:
        f.write(f"  CPU 0/KVM-77 [001] d..1. 0.000001: {ENTER % 0x40000}\n")
    r, said = imported(source)
    true("1 came out of order" in said, said)
    equal(rows(r, "SELECT value FROM meta_v WHERE key = 'import.late'"), [("1",)])


run_tests(everything_in_the_text_reports_is_there, text_events_show_their_lines,
          values_and_times_are_those_of_the_report,
          two_forms_of_one_recording_do_not_differ, perf_tells_the_wall_clock, the_other_commands_read_it,
          what_is_not_understood_is_counted_and_told, losses_are_intervals,
          an_older_tracepoint_tells_the_new_base_when_it_leaves, lines_out_of_order_are_put_in_order,
          perf_into_a_pipe_is_read_too, lost_records_of_perf_are_losses, losses_of_the_ring_buffer_are_counted,
          samples_of_several_cpus_are_put_in_order,
          damaged_input_leaves_nothing_but_a_line, what_stood_before_the_damage_can_be_kept,
          an_old_recording_is_not_overwritten_by_a_failure, a_log_of_qemu_is_read, a_thread_of_a_log_can_be_told,
          a_log_of_interrupts_has_only_its_order, memory_does_not_grow_with_the_file, what_comes_too_late_is_told)
