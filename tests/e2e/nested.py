#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 900
"""Real SMM under KVM: what smmtrace records is what a tracefs instance of its own records at the same time.

On a host whose KVM has SMM the guests of tests/lib/kvm-workloads run right here; elsewhere in a Linux under QEMU's
TCG that has such a KVM (tests/lib/nested), all of them in one boot.
"""
import fcntl
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from guest import *
import kvmtrace

LIB = os.path.join(ROOT, "tests", "lib")
NESTED_LACKS = 3
SECONDS = 240
KVM_CHECK_EXTENSION, KVM_CAP_X86_SMM = 0xae03, 117

GUESTS = ("raw", "seabios", "firmware")

# Rules about seconds: in a guest of an emulated machine on a busy host each of them means many more.
TIMED = ("rsm-balance", "reloc-deadline", "plug-smi-deadline")


# ---- one run of all guests ----

def host_has_smm():
    """Here, as we are: root, with tracefs, and with a KVM that has SMM."""
    with contextlib.suppress(OSError), open("/dev/kvm", "rb") as kvm:
        return (fcntl.ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_X86_SMM) > 0 and os.geteuid() == 0 and
                os.path.exists("/sys/kernel/tracing/events/kvm/kvm_smm_transition"))
    return False


def parts():
    """What the script wants beside itself."""
    need("gcc", "make", "objcopy", QEMU)
    raw = os.path.join(BUILD, ".obj", "examples", "kvm-raw")
    made("make", "-s", "-C", os.path.join(ROOT, "examples", "kvm-raw"), "O=" + raw)
    image = os.path.join(BUILD, ".obj", "apm")
    made("gcc", "-m32", "-c", "-o", image + ".o", os.path.join(LIB, "apm.S"))
    made("objcopy", "-O", "binary", "-j", ".text", image + ".o", image + ".img")
    return [SMMTRACE, os.path.join(raw, "kvm-raw"), image + ".img", os.path.join(firmware_files(), "firmware.bin")]


def run_here(out):
    folder = os.path.join(out, "parts")
    os.mkdir(folder)
    for part in parts():
        shutil.copy(part, folder)
    with open(os.path.join(out, "log"), "wb") as log:
        process = spawn(["sh", os.path.join(LIB, "kvm-workloads"), out], cwd=folder, stdout=log, stderr=log)
        return finish(process, SECONDS)


def run_nested(out):
    process = spawn([os.path.join(LIB, "nested", "run"), "--dir", os.path.join(ROOT, "build", "nested"), "--seconds",
                     str(SECONDS), out, os.path.join(LIB, "kvm-workloads"), *parts()],
                    stdout=subprocess.DEVNULL, stderr=open(os.path.join(out, "run.err"), "wb"))
    status = finish(process, 2 * SECONDS)
    if status == NESTED_LACKS:
        raise Skip("; ".join(file_of(out, "run.err").strip().splitlines()[-2:]))
    return status


def file_of(out, name):
    with contextlib.suppress(OSError), open(os.path.join(out, name), errors="replace") as file:
        return file.read()
    return ""


@functools.lru_cache(maxsize=None)
def outcome():
    """The folder with the results, or the exception that all tests end with."""
    out = tempfile.mkdtemp(prefix="nested.")
    atexit.register(shutil.rmtree, out, ignore_errors=True)
    begin = time.monotonic()
    try:
        status = (run_here if host_has_smm() else run_nested)(out)
    except (Skip, Failure) as why:
        return why
    print(file_of(out, "log") + "# %.0f s" % (time.monotonic() - begin))
    if status != 0:
        return Failure("the guests ended with status %s; %s" % (status, file_of(out, "serial.log")[-800:]))
    return out


def results():
    out = outcome()
    if isinstance(out, Exception):
        raise out
    return out


# ---- one guest's two accounts ----

def reference(name):
    """What the tracefs instance saw, whole."""
    out = results()
    equal(kvmtrace.losses(file_of(out, name + ".stats")), 0, "events that the reference itself lost")
    cpus = kvmtrace.threads(file_of(out, name + ".log" if name == "raw" else name + ".qmp"))
    true(len(cpus) >= 2, "the threads of the vCPUs are known: %s" % cpus)
    return kvmtrace.of_text(os.path.join(out, name + ".trace"), cpus)


def recording(name):
    return Recording(os.path.join(results(), name + ".smm"))


def is_the_reference(name, r):
    expected, got = reference(name), kvmtrace.of_recording(r)
    print("  %s: %s" % (name, dict(expected.counts())))
    equal(kvmtrace.differences(expected, got), [], "what differs from the reference")
    return expected, got


def nothing_lost(name):
    with recording(name) as r:
        equal(r.integrity(), "ok", "integrity_check")
        equal(r.meta("closed"), "1", "meta closed")
        expected, got = is_the_reference(name, r)
        equal(r.rows("SELECT * FROM loss_v"), [], "lost events")
        equal(r.rows("SELECT * FROM pause_v"), [], "stops of the guest")
        true(abs(kvmtrace.clock_offset(expected, got)) < 0.005, "one clock: CLOCK_MONOTONIC")


def each_guest(name):
    def as_the_reference_says():
        nothing_lost(name)
    as_the_reference_says.__name__ = name + "_as_the_reference_says"
    return as_the_reference_says


def imported_text_is_the_reference():
    """The instance's own text, imported: the same once more."""
    out = results()
    for name in GUESTS:
        path = os.path.join(out, name + ".imported.smm")
        result = smmtrace("import", os.path.join(out, name + ".trace"), "-o", path)
        equal(result.status, 0, "exit status of import: " + result.err)
        with Recording(path) as r:
            is_the_reference(name, r)


# ---- what the guests did ----

def said(name):
    """kvm-raw's numbers."""
    return {key: int(value) for key, value in re.findall(r"^(\S+) (\d+)$", file_of(results(), name), re.M)}


def raw_relocates_two_cpus():
    told = said("raw.log")
    with recording("raw") as r:
        equal(r.relocations()[:1], [(0, 0x30000, 0x40000)], "the relocation that later SMIs prove")
        true(r.one("SELECT smbase FROM cpu_v WHERE cpu = 1") in (None, "0x42000"),
             "the one that no SMI proves is not guessed")
        equal({cpu: entries for cpu, (entries, _) in r.smis().items()},
              {0: 1 + told["own-smis"], 1: 1}, "SMIs: each CPU relocates itself, the boot CPU goes on")
        equal(r.ipis(), {"init": told["inits"], "sipi": told["sipis"], "smi": told["smi-ipis"]}, "IPIs")
        for cpu in (0, 1):
            for port in (0xb2, 0xb3):
                count = r.one("SELECT count(*) FROM port_v WHERE dir = 'write' AND cpu = ? AND port = ?", cpu, port)
                equal(count, told["vcpu%d.out.%x" % (cpu, port)], "writes of CPU %d to port %#x" % (cpu, port))


def seabios_relocates_one_cpu():
    with recording("seabios") as r:
        equal(r.relocations(), [(0, 0x30000, 0xa0000)], "relocations")
        commands = [value for port, value in r.ports() if port == 0xb2]
        true(commands[-9:] == list(range(0x48, 0x3f, -1)), "the boot sector's commands: %s" % commands)
        equal(r.smis()[0], (len(commands), len(commands)), "SMIs of CPU 0, one a command, each left")


def the_designs_order_completes():
    """What TCG cannot do: the broadcast SMI is held back for the CPU that waits for its SIPI."""
    console = file_of(results(), "firmware.log")
    with recording("firmware") as r:
        equal(sorted(r.rows("SELECT kind, cpu, status FROM episode_v")),
              [("boot", 0, "done"), ("boot", 1, "done"), ("plug", 2, "done"), ("unplug", 2, "done")], "episodes")
        equal([row for row in r.rows("SELECT invariant, cpu FROM violation_v") if row[0] not in TIMED], [],
              "broken rules")
        bases = re.findall(r"CPU (\d) has SMBASE (\w+)", console) + re.findall(r"()SMBASE (\w+) for CPU 2", console)
        equal({cpu: new for cpu, _, new in r.relocations()},
              {int(cpu or 2): int(base, 0) for cpu, base in bases}, "SMBASEs, and the console's")
    true("CPU 2 has its SMBASE and is in the pen" in console, "one SMI was enough")
    true("is sent one" not in console, "it needed no other SMI")


def a_reset_is_no_rsm():
    """All three CPUs are in SMM when the machine is reset. KVM tells that as leavings."""
    with recording("reset") as r:
        leavings = file_of(results(), "reset.trace").count("leaving SMM")
        rows = r.rows("SELECT cpu, smbase FROM smi_v WHERE ended_by = 'reset' ORDER BY cpu")
        equal([cpu for cpu, _ in rows], [0, 1, 2], "who was in SMM at the reset: %s" % rows)
        equal(r.one("SELECT count(*) FROM smi_v WHERE leave_ns IS NOT NULL"), leavings,
              "ends, the reset's among them, as the reference has them")
        equal([row[0] for row in r.rows("SELECT DISTINCT cpu FROM event_v WHERE kind = 'cpu-reset' ORDER BY cpu")], [0, 1, 2],
              "CPUs that were reset")


run_tests(*map(each_guest, GUESTS), imported_text_is_the_reference, raw_relocates_two_cpus,
          seabios_relocates_one_cpu, the_designs_order_completes, a_reset_is_no_rsm)
