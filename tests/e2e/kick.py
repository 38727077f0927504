#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 900
"""kick on the real hang: QEMU's TCG loses the SMI of a hot-added CPU, kick sends it again.

One guest, in the order in which things happen to it. A proxy between kick and the stub writes down what kick
says, and kills it where it would hurt most.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from guest import *

EXAMPLE = os.path.join(ROOT, "examples", "ovmf-hotplug")
PAGE = 4096


class Proxy:
    """A stub's socket in front of another; .packets is what went to the stub.

    @trap is (pattern, n, signal): when the n-th packet that matches has been answered, signal the client;
    SIGKILL also keeps everything else from it.
    """

    def __init__(self, folder, stub, trap=None):
        self.stub, self.trap, self.packets, self.victim = stub, trap, [], None
        self.path = os.path.join(folder, "proxy-%d.sock" % time.monotonic_ns())
        self.target, self.sprung = "unix:" + self.path, False
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(4)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                self._pump(self.listener.accept()[0])

    def _pump(self, client):
        server = socket.socket(socket.AF_UNIX)
        server.connect(self.stub)
        answers = threading.Thread(target=self._answers, args=(server, client), daemon=True)
        self.armed, pending = False, b""
        answers.start()
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                pending += data
                while match := re.search(rb"\$([^#]*)#..", pending):
                    pending = pending[match.end():]
                    self._note(match.group(1).decode("latin-1"))
                server.sendall(data)
        server.shutdown(socket.SHUT_RDWR)
        answers.join()
        server.close()
        client.close()

    def _note(self, packet):
        self.packets.append(packet)
        if self.trap and not self.sprung and re.match(self.trap[0], packet):
            self.armed = sum(bool(re.match(self.trap[0], p)) for p in self.packets) == self.trap[1]

    def _answers(self, server, client):
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                if self.armed and b"$" in data:
                    self.armed, self.sprung = False, True
                    self.victim.send(self.trap[2])
                    if self.trap[2] == signal.SIGKILL:
                        self.victim.process.wait()
                client.sendall(data)

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def boot():
    need("gcc", "make")
    folder = tempfile.mkdtemp()
    subprocess.run(["make", "-s", "-C", EXAMPLE, "O=" + folder], check=True, stdin=subprocess.DEVNULL)
    g = Guest(smp="1,maxcpus=3", gdb=True, kernel=os.path.join(folder, "guest.efi"))
    g.args = ["-object", "memory-backend-file,id=ram,share=on,size=256M,mem-path=" + g.path("ram"),
              "-machine", "memory-backend=ram",
              "-chardev", "socket,id=mon,server=on,wait=off,path=" + g.path("mon"), "-mon", "chardev=mon"]
    g.start()
    g.await_serial("GUEST-READY", 120)
    return g


def plug_until_it_hangs(g, new):
    since = len(g.serial.text)
    g.plug("hot%d" % new)
    g.await_serial("GUEST-SMI command=4", 30, since)

    def hung():
        return g.registers(0)["smm"] and g.registers(new)["halted"] and not g.registers(new)["smm"]
    def done():
        return "GUEST-ONLINED" in g.serial.text[since:]
    until(lambda: done() or (hung() and spinning(g)), 60, "the monarch's loop", 0.2)
    if done():
        raise Skip("on this busy host CPU %d took its SMI behind the INIT: its plug did not hang" % new)


def spinning(g):
    """The monarch stays within 32 bytes for longer than any of the firmware's delays lasts on a busy host."""
    seen = []
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        seen.append(g.registers(0)["rip"])
        if max(seen) - min(seen) >= 32:
            return False
        time.sleep(0.05)
    return True


def state(g):
    """The monarch's registers but RIP and RFLAGS, which its loop changes, and its loop's page, out of RAM."""
    g.qmp.call("stop")
    text = g.qmp.hmp("info registers", 0)
    g.qmp.call("cont")
    regs = dict(re.findall(r"\b(R[A-Z0-9]{1,2}) *=([0-9a-f]{16})", text))
    rip = int(regs.pop("RIP"), 16)
    true(len(regs) == 16, "all general registers: %s" % regs)
    return regs, rip, page(g, rip), re.search(r"ICR2\s+(\w+)", g.qmp.hmp("info lapic", 0)).group(1)


def page(g, rip):
    with open(g.path("ram"), "rb") as ram:
        ram.seek(rip & -PAGE)
        return ram.read(PAGE)


def same(g, before, what):
    regs, rip, code, icr2 = state(g)
    equal(regs, before[0], what + ": the monarch's registers")
    true(abs(rip - before[1]) < 32, what + ": it is still in its loop")
    true(code == before[2], what + ": the page of its code")
    equal(icr2, before[3], what + ": ICR2")


def refused(g, status, words, *options, target=None):
    """One line on stderr, nothing on stdout, the guest runs on."""
    result = smmtrace("kick", target or g.target, *options)
    print("  %s" % result.err.strip())
    equal((result.status, result.out, len(result.err.splitlines())), (status, "", 1),
          "status, stdout, lines on stderr: " + result.err)
    true(words in result.err, "%r is said: %s" % (words, result.err))


def a_guest_that_does_not_hang_is_left_alone(g):
    with Proxy(g.dir, g.path("gdb.sock")) as proxy:
        refused(g, 1, "no CPU is in SMM", target=proxy.target)
        refused(g, 1, "no CPU is in SMM", "--cpu", "0", target=proxy.target)
        refused(g, 2, "there is no CPU 7", "--cpu", "7", target=proxy.target)
        writes_nothing(proxy)
    refused(g, 2, "there is no CPU -1", "--cpu=-1")
    true(g.running(), "the guest runs")


def writes_nothing(proxy):
    true(len(proxy.packets) > 5, "packets: %s" % proxy.packets)
    changes = [p for p in proxy.packets if p[0] in "MPXZ" or p.startswith("vCont;s")]
    equal(changes, [], "packets that change something")


def a_paused_guest_stays_paused(g):
    g.qmp.call("stop")
    refused(g, 1, "the guest is stopped")
    equal(g.running(), False, "running")
    g.qmp.call("cont")


def a_monitor_is_no_stub(g):
    refused(g, 3, "monitor", "--timeout", "1s", target="unix:" + g.path("mon"))


def the_hang(g):
    plug_until_it_hangs(g, 1)


def a_dry_run_writes_nothing(g):
    before = state(g)
    with Proxy(g.dir, g.path("gdb.sock")) as proxy:
        result = smmtrace("kick", proxy.target, "--dry-run")
        equal((result.status, result.err), (0, ""), "status, stderr")
        writes_nothing(proxy)
    true("CPU 0 is in SMM" in result.out and "0x3000c" in result.out, "who waits for what: " + result.out)
    true("would make CPU 0 send an SMI to CPU 1, APIC ID 1" in result.out, "what it would do: " + result.out)
    same(g, before, "after a dry run")


def the_cpu_in_smm_is_not_kicked(g):
    before = state(g)
    refused(g, 1, "CPU 0 is in SMM itself", "--cpu", "0")
    same(g, before, "afterwards")


def another_debugger_holds_the_stub(g):
    with socket.socket(socket.AF_UNIX) as debugger:
        debugger.connect(g.path("gdb.sock"))
        until(lambda: not g.running(), 20, "the debugger stops the guest")
        refused(g, 3, "another debugger", "--timeout", "1s")
    # it leaves without a word, so the guest stands; QEMU then takes kick's call, which nobody holds any more
    until(lambda: g.qmp.call("cont") or spinning(g) and g.running(), 20, "the guest runs again", 0.2)


def ctrl_c_leaves_it_as_it_was(g):
    before = state(g)
    with Proxy(g.dir, g.path("gdb.sock"), (r"qRcmd,696e666f2072656769", 1, signal.SIGINT)) as proxy:
        proxy.victim = Tracer("kick", proxy.target)
        equal(proxy.victim.wait(), 130, "exit status")
        writes_nothing(proxy)
    true(g.running(), "the guest runs")
    same(g, before, "after Ctrl-C")


def killed_in_the_middle(g, pattern, n):
    """kill -9 when the stub has answered that packet: the guard puts everything back."""
    with Proxy(g.dir, g.path("gdb.sock"), (pattern, n, signal.SIGKILL)) as proxy:
        proxy.victim = Tracer("kick", proxy.target)
        equal(proxy.victim.wait(), -signal.SIGKILL, "exit status")
        until(lambda: any(p.startswith("D") for p in proxy.packets), 30, "the guard detaches")
        until(g.running, 10, "the guest runs again")
        return proxy.packets


def a_killed_kick_is_undone(g):
    before = state(g)
    for pattern, n in ((r"M\w+,2:8907", 1), (r"P", 2), (r"P", 3), (r"vCont;s", 1), (r"M\w+,2:8907", 2)):
        killed_in_the_middle(g, pattern, n)
        same(g, before, "killed at %s number %d" % (pattern, n))
    true("GUEST-ONLINED" not in g.serial.text, "it hangs still")


def it_goes_on(g):
    _, rip, code, _ = state(g)
    with Proxy(g.dir, g.path("gdb.sock")) as proxy:
        result = smmtrace("kick", proxy.target)
        print(result.out)
        equal((result.status, result.err), (0, ""), "status, stderr")
        equal([p for p in proxy.packets if p[0] in "Zz"], [], "breakpoints")
    for words in ("CPU 1 is not in SMM, halted at 9f00:", "wrote 0x01000000 to ICR2 (0xfee00310) of CPU 0",
                  "wrote 0x00004200 to ICR (0xfee00300) of CPU 0", "read back: as before", "it took effect"):
        true(words in result.out, "%r is said: %s" % (words, result.out))
    g.await_serial("GUEST-ONLINED apic=1 cpus=2", 60)
    true(g.running(), "the guest runs")
    true(page(g, rip) == code, "the page of the monarch's code")


def a_second_kick_finds_nothing(g):
    refused(g, 1, "no CPU is in SMM")


def killed_behind_the_smi_it_goes_on_as_well(g):
    plug_until_it_hangs(g, 2)
    _, rip, code, _ = state(g)
    killed_in_the_middle(g, r"vCont;s", 2)
    g.await_serial("GUEST-ONLINED apic=2 cpus=3", 60)
    true(page(g, rip) == code, "the page of the monarch's code")


run_tests(shared(boot, a_guest_that_does_not_hang_is_left_alone, a_paused_guest_stays_paused,
                 a_monitor_is_no_stub, the_hang, a_dry_run_writes_nothing, the_cpu_in_smm_is_not_kicked,
                 another_debugger_holds_the_stub, ctrl_c_leaves_it_as_it_was, a_killed_kick_is_undone,
                 it_goes_on, a_second_kick_finds_nothing, killed_behind_the_smi_it_goes_on_as_well))
