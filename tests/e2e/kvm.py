#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 900
"""Source kvm on this host's own KVM: what the guest did is what the recording has, or what it says was lost;
and whatever happens to smmtrace, no tracing instance stays behind."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from guest import *

INSTANCES = "/sys/kernel/tracing/instances/"
RECORDING = "recording process"


@functools.lru_cache(None)
def raw_program():
    folder = tempfile.mkdtemp(prefix="kvm-raw.")
    atexit.register(shutil.rmtree, folder, True)
    made("make", "-C", os.path.join(ROOT, "examples", "kvm-raw"), "O=" + folder)
    return os.path.join(folder, "kvm-raw")


class Raw:
    """examples/kvm-raw, ready and waiting; it begins with go(), and said then holds what it did."""

    def __init__(self, *args, late=False):
        need_tracing()
        self.process = spawn([raw_program(), "--late" if late else "--wait", *args], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE)
        self.out = Stream("what kvm-raw says")
        self.out.feed_from(self.process.stdout.fileno())
        self.out.await_text("ready", 20)
        self.folder = tempfile.mkdtemp(prefix="kvm.")
        self.path = os.path.join(self.folder, "db.smm")

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        end(self.process, signal.SIGKILL)
        self.process.stdin.close()
        shutil.rmtree(self.folder)

    @property
    def pid(self):
        return self.process.pid

    def trace(self, *options):
        tracer = Tracer("record", "--kvm", "-p", str(self.pid), "-o", self.path, "--headless", *options)
        tracer.await_err(RECORDING)
        return tracer

    def go(self, seconds=60):
        """Let the guest do it, to the end of the program: {"vcpu0.out.b2": 4, ...}."""
        self.begin()
        equal(finish(self.process, seconds), 0, "exit status of kvm-raw")
        self.out.join()
        return self.said()

    def begin(self):
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()

    def said(self):
        return {words[0]: int(words[1]) for words in map(str.split, self.out.text.splitlines()) if len(words) == 2}


def instances():
    """Those that smmtrace made, of this test or not."""
    return [name for name in os.listdir(INSTANCES) if name.startswith("smmtrace.")]


def instance_of(tracer):
    return "smmtrace.%d" % tracer.pid


def is_as_done(path, done, vcpus):
    with Recording(path) as r:
        for cpu in range(vcpus):
            for direction, port, word in (("write", 0xb2, "out.b2"), ("write", 0xb3, "out.b3"), ("read", 0xb3, "in.b3")):
                got = r.one("SELECT count(*) FROM port_v WHERE cpu = ? AND dir = ? AND port = ?", cpu, direction, port)
                equal(got, done["vcpu%d.%s" % (cpu, word)], "%s of CPU %d" % (word, cpu))
        equal(r.ipis(), {"init": done["inits"], "sipi": done["sipis"], "smi": done["smi-ipis"]}, "IPIs")
        accepted = dict(r.rows("SELECT detail, count(*) FROM event_v WHERE kind = 'apic-accept' AND detail NOT LIKE "
                               "'%sipi%' GROUP BY detail"))
        equal(accepted.get("mode=init", 0), done["inits"] * (vcpus - 1), "INITs accepted")
        equal(r.one("SELECT count(*) FROM event_v WHERE kind = 'apic-accept' AND detail LIKE 'mode=sipi%'"),
              done["sipis"] * (vcpus - 1), "SIPIs accepted")
        equal(r.one("SELECT count(*) FROM smi_v"), done["relocated"] + done["own-smis"], "SMIs")
        equal(r.one("SELECT count(*) FROM cpu_v"), vcpus, "CPUs")
        equal(r.one("SELECT count(*) FROM loss_v"), 0, "losses")
        equal(r.events("pause"), 0, "pauses of the guest")
        equal((r.meta("closed"), r.integrity()), ("1", "ok"), "the recording is whole")


def what_a_guest_of_two_did():
    with Raw("--smis", "300", "--writes", "200") as raw:
        tracer = raw.trace()
        done = raw.go()
        equal(tracer.wait(), 0, "exit status; stderr: " + tracer.err.text)
        is_as_done(raw.path, done, 2)
        true(instance_of(tracer) not in instances(), "the instance is gone")


def threads_that_begin_later():
    with Raw("--vcpus", "4", "--smis", "20", "--writes", "30", late=True) as raw:
        tracer = raw.trace()
        done = raw.go()
        equal(tracer.wait(), 0, "exit status; stderr: " + tracer.err.text)
        is_as_done(raw.path, done, 4)


def another_guest_is_not_recorded():
    with Raw("--smis", "50") as raw, Raw("--smis", "2000") as other:
        tracer = raw.trace()
        other.go()
        done = raw.go()
        equal(tracer.wait(), 0, "exit status; stderr: " + tracer.err.text)
        is_as_done(raw.path, done, 2)


def the_only_guest_is_found():
    with Raw() as raw:
        tracer = Tracer("record", "--kvm", "-o", raw.path, "--headless")
        said = tracer.err.await_text("\n", 30) and tracer.err.text
        if "more than one process" in said:
            equal(tracer.wait(), 2, "exit status: " + said)
            true(str(raw.pid) in said, "it names them: " + said)
            raise Skip("other guests run under KVM here")
        tracer.await_err(RECORDING) if RECORDING in said else tracer.await_err("recording KVM")
        done = raw.go()
        equal(tracer.wait(), 0, "exit status; stderr: " + tracer.err.text)
        is_as_done(raw.path, done, 2)


def what_is_lost_is_counted():
    """A recorder that sleeps while the buffers run over: read and lost are together what the guest did."""
    smis, writes = 20000, 10000
    with Raw("--smis", str(smis), "--writes", str(writes)) as raw:
        tracer = raw.trace("--buffer", "64")
        tracer.send(signal.SIGSTOP)
        done = raw.go()
        tracer.send(signal.SIGCONT)
        equal(tracer.wait(120), 0, "exit status; stderr: " + tracer.err.text)
        produced = sum(n for word, n in done.items() if ".out." in word or ".in." in word) + \
            2 * (done["inits"] + done["sipis"] + done["smi-ipis"]) + 2 * (done["relocated"] + done["own-smis"])
        with Recording(raw.path) as r:
            lost = r.one("SELECT sum(count) FROM loss_v WHERE source = 'kvm'")
            read = r.one("SELECT count(*) FROM event_v WHERE source = 'kvm' AND kind IN "
                         "('port', 'ipi', 'apic-accept', 'smi-enter', 'smi-leave')")
            true(lost and lost > produced / 2, "losses: %s of %d" % (lost, produced))
            equal(read + lost, produced, "read (%d) and lost (%d) together" % (read, lost))
            equal((int(r.meta("kvm.read")), int(r.meta("kvm.lost"))), (read, lost), "what the kernel counted")
            equal(r.one("SELECT count(*) FROM loss_v WHERE start_ns > end_ns"), 0, "intervals that end before they begin")


def lost_events_are_an_error_under_strict():
    with Raw("--smis", "20000") as raw:
        tracer = raw.trace("--buffer", "64", "--strict")
        tracer.send(signal.SIGSTOP)
        raw.go()
        tracer.send(signal.SIGCONT)
        equal(tracer.wait(120), 5, "exit status; stderr: " + tracer.err.text)


def ends_and_leaves_nothing(sig):
    def test():
        with Raw() as raw:
            tracer = raw.trace()
            true(instance_of(tracer) in instances(), "an instance of its own: %s" % instances())
            equal(tracer.stop(sig), 128 + sig, "exit status; stderr: " + tracer.err.text)
            true(instance_of(tracer) not in instances(), "the instance is gone")
            with Recording(raw.path) as r:
                equal((r.meta("closed"), r.integrity()), ("1", "ok"), "the recording is whole")
            raw.go()
    test.__name__ = "ends_by_signal_%d" % sig
    return test


def killed_and_leaves_nothing():
    with Raw() as raw:
        tracer = raw.trace()
        tracer.stop(signal.SIGKILL)
        until(lambda: instance_of(tracer) not in instances(), 20, "the guard to remove the instance")
        raw.go()


def guard_of(tracer):
    def find():
        for path in glob.glob("/proc/[0-9]*/status"):
            with contextlib.suppress(OSError), open(path, encoding="utf-8") as status:
                text = status.read()
                if "Name:\tsmmtrace-guard" in text and "PPid:\t%d\n" % tracer.pid in text:
                    return int(path.split("/")[2])
        return None
    return until(find, 10, "the guard's process")


def what_a_killed_run_left_is_removed_by_the_next():
    with Raw() as raw:
        tracer = raw.trace()
        os.kill(guard_of(tracer), signal.SIGKILL)
        tracer.stop(signal.SIGKILL)
        true(instance_of(tracer) in instances(), "nobody could remove it")
        second = raw.trace("--force")
        true(instance_of(tracer) not in instances(), "the next run did: %s" % instances())
        true(instance_of(second) in instances(), "it has its own")
        raw.go()
        equal(second.wait(), 0, "exit status; stderr: " + second.err.text)


def asleep_and_awake_again():
    """Ctrl-Z: the kernel goes on recording meanwhile."""
    with Raw("--smis", "100") as raw:
        tracer = raw.trace()
        tracer.send(signal.SIGTSTP)
        until(lambda: open("/proc/%d/stat" % tracer.pid).read().split(") ")[1][0] == "T", 10, "it to sleep")
        done = raw.go()
        tracer.send(signal.SIGCONT)
        equal(tracer.wait(), 0, "exit status; stderr: " + tracer.err.text)
        is_as_done(raw.path, done, 2)


def status_of(pid, key):
    with open("/proc/%d/status" % pid, encoding="utf-8") as status:
        return next(line.split(":")[1].split() for line in status if line.startswith(key + ":"))


PTRACE, DAC_OVERRIDE = 1 << 19, 1 << 1  # linux/capability.h


def rights_are_dropped():
    """Under sudo the recorder becomes its caller again, and the recording is theirs."""
    if os.geteuid() != 0:
        raise Skip("not root")
    with Raw("--smis", "10") as raw:
        os.chmod(raw.folder, 0o777)
        tracer = raw.trace()
        equal(int(status_of(tracer.pid, "CapPrm")[0], 16) & ~(PTRACE | DAC_OVERRIDE), 0, "capabilities of root's")
        equal(tracer.stop(), 130, "exit status; stderr: " + tracer.err.text)
        os.unlink(raw.path)
        tracer = Tracer("record", "--kvm", "-p", str(raw.pid), "-o", raw.path, "--headless",
                        env={"SUDO_UID": "65534", "SUDO_GID": "65534"})
        tracer.await_err(RECORDING)
        equal(status_of(tracer.pid, "Uid"), ["65534"] * 4, "its user")
        for task in os.listdir("/proc/%d/task" % tracer.pid):
            equal(int(status_of(int(task), "CapPrm")[0], 16) & ~PTRACE, 0, "capabilities of thread " + task)
        equal(os.stat(raw.path).st_uid, 65534, "the recording's owner")
        done = raw.go()
        equal(tracer.wait(), 0, "exit status; stderr: " + tracer.err.text)
        is_as_done(raw.path, done, 2)
        true(instance_of(tracer) not in instances(), "the guard removed the instance")


def refusals():
    need_tracing()
    ended = spawn(["true"])
    finish(ended)
    with Raw() as raw:
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all",
                  "--inh-caps=-all"]
        for words, status, said in (
                (["record", "-p", "1"], 2, "--kvm"),
                (["record", "--kvm", "-p", "0x123456789"], 2, "--pid"),
                (["record", "--kvm", "-p", str(os.getpid())], 3, "no KVM guest"),
                (["record", "--kvm", "-p", str(ended.pid)], 3, "no process %d" % ended.pid),
                (["record", "--kvm", "--buffer", "1"], 2, "--buffer"),
                (["attach", "unix:/nonexistent/gdb", "--kvm"], 3, "/nonexistent/gdb"),
                (["attach", ":1", "--kvm", "--kick"], 2, "--stops")):
            result = smmtrace(*words, "--headless", "-o", raw.path)
            equal((result.status, len(result.err.splitlines()), result.out), (status, 1, ""),
                  "answer to %s: %s" % (words, result.err))
            true(said in result.err, "answer to %s: %s" % (words, result.err))
        if os.geteuid() == 0 and os.stat("/sys/kernel/tracing").st_mode & 7 == 0:
            os.chmod(raw.folder, 0o777)
            shown = subprocess.run([*nobody, SMMTRACE, "record", "--kvm", "-p", str(raw.pid), "--headless", "-o",
                                    raw.path], capture_output=True, text=True, check=False)
            equal(shown.returncode, 3, "without rights: " + shown.stderr)
            true("CAP_DAC_OVERRIDE" in shown.stderr, "it names the right that lacks: " + shown.stderr)
        true(not os.path.exists(raw.path), "no recording of what was not traced")


def a_capability_is_enough():
    """CAP_DAC_OVERRIDE opens tracefs, as doctor says and is enough for the guest of another, without its RAM."""
    need_tracing()
    if os.geteuid() != 0:
        raise Skip("not root")
    with Raw() as raw:
        os.chmod(raw.folder, 0o777)
        shown = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                                "--inh-caps=+dac_override", "--ambient-caps=+dac_override",
                                SMMTRACE, "record", "--kvm", "-p", str(raw.pid), "--headless", "--for", "100ms", "-o",
                                raw.path],
                               capture_output=True, text=True, check=False)
        equal(shown.returncode, 0, "with the capability: " + shown.stderr)


def boots(r):
    equal(r.ipis()["init"] > 0 and r.ipis()["sipi"] > 0, True, "INIT and SIPI of SeaBIOS: %s" % r.ipis())
    equal(r.rows("SELECT DISTINCT cpu FROM ipi_v JOIN event_v USING (ts_ns) WHERE kind = 'ipi'"), [(0,)],
          "the CPU that sends them")
    equal(r.one("SELECT count(*) FROM event_v WHERE kind = 'apic-accept' AND cpu != 1"), 0,
          "INITs and SIPIs accepted by another CPU")
    equal(r.one("SELECT count(*) FROM event_v WHERE kind = 'cpu-add'"), 2, "CPUs")
    equal(r.events("pause"), 0, "pauses of the guest")


def run_chooses_kvm():
    need_tracing()
    with Guest("seabios", smp=2, kvm=True) as g:
        tracer = g.start_under("-o", g.path("db.smm"), "--headless")
        g.await_serial(SEABIOS_END, 120)
        g.quit()
        equal(tracer.wait(30), 0, "exit status; stderr: " + tracer.err.text)
        with Recording(g.path("db.smm")) as r:
            boots(r)
            equal((r.meta("closed"), r.integrity()), ("1", "ok"), "the recording is whole")


def attach_without_a_stop():
    """The process is found by its gdbstub, which is not touched: a client would stop the guest."""
    need_tracing()
    with Guest("seabios", smp=2, kvm=True, gdb=True, stopped=True) as g:
        g.start()
        tracer = Tracer("attach", g.target, "--kvm", "-o", g.path("db.smm"), "--headless")
        tracer.await_err("recording")
        g.qmp.call("cont")
        g.await_serial(SEABIOS_END, 120)
        equal(tracer.stop(), 130, "exit status; stderr: " + tracer.err.text)
        true(g.running(), "the guest runs")
        with Recording(g.path("db.smm")) as r:
            equal(r.ipis()["sipi"] > 0, True, "SIPIs of SeaBIOS: %s" % r.ipis())
            equal(r.events("pause"), 0, "pauses of the guest")


def tracepoints_and_stops():
    """--stops beside --kvm: both are recorded, and each thing once."""
    need_tracing()
    with Guest("seabios", smp=2, kvm=True, gdb=True, stopped=True) as g:
        g.start()
        tracer = Tracer("attach", g.target, "--kvm", "--stops", "-o", g.path("db.smm"), "--headless")
        tracer.await_err("recording")
        g.await_serial(SEABIOS_END, 120)
        equal(tracer.stop(), 130, "exit status; stderr: " + tracer.err.text)
        true("--kvm" not in tracer.err.text, "it is given already: " + tracer.err.text)
        with Recording(g.path("db.smm")) as r:
            true(r.events("pause") > 0, "stops are recorded")
            true(r.one("SELECT count(*) FROM event_v WHERE kind = 'ipi' AND source = 'kvm'") > 0, "SIPIs of SeaBIOS")
            equal(r.one("SELECT count(*) FROM event_v WHERE kind = 'ipi' AND source != 'kvm'"), 0, "the same twice")
            equal(r.one("SELECT count(*) FROM event_v WHERE kind = 'cpu-add'"), 2, "CPUs")


def attach_with_stops_says_so():
    need_kvm()
    with Guest("seabios", smp=2, kvm=True, gdb=True) as g:
        g.start()
        tracer = Tracer("attach", g.target, "-o", g.path("db.smm"), "--headless")
        tracer.await_err("recording")
        equal(tracer.stop(), 130, "exit status; stderr: " + tracer.err.text)
        true("--kvm" in tracer.err.text, "it tells of --kvm: " + tracer.err.text)
        with Recording(g.path("db.smm")) as r:
            true(r.events("pause") > 0, "stops are recorded")


run_tests(what_a_guest_of_two_did, threads_that_begin_later, another_guest_is_not_recorded, the_only_guest_is_found,
          what_is_lost_is_counted, lost_events_are_an_error_under_strict, ends_and_leaves_nothing(signal.SIGINT),
          ends_and_leaves_nothing(signal.SIGTERM), killed_and_leaves_nothing,
          what_a_killed_run_left_is_removed_by_the_next, asleep_and_awake_again, rights_are_dropped, refusals,
          a_capability_is_enough, run_chooses_kvm, attach_without_a_stop, tracepoints_and_stops,
          attach_with_stops_says_so)
