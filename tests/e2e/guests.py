#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 1800
"""The guests of examples/ do what they say, and each way to spoil a hot-plug spoils it. Nothing is traced."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from guest import *

BOOTED_WITH_IT = "qemu64-x86_64-cpu,id=hot1,socket-id=0,core-id=1,thread-id=0"


def ready(g):
    """Start @g and wait for its OS; the serial offset behind."""
    g.start()
    return g.await_serial("GUEST-READY cpus=", 60)


def says(g, text, since=0, seconds=30):
    return g.await_serial(re.compile(text), seconds, since)


def lines(g, since):
    """The guest's words since then, without numbers."""
    return re.findall(r"GUEST-([A-Z-]+)", g.serial.text[since:])


def kick_costs_a_second(g):
    """The monarch has the kick latched: it comes back, misses the new CPU and sends it a directed SMI."""
    before = g.independent()["ipis"]["smi"]
    begin, since = time.monotonic(), len(g.serial.text)
    g.kick()
    behind = says(g, "GUEST-SMI-RETURNED", since)
    true(time.monotonic() - begin >= 0.95, "a second in SMM: %.3f s" % (time.monotonic() - begin))
    until(lambda: g.independent()["ipis"]["smi"] == before + 1, 5, "one directed SMI")
    return behind


def efi_plugs_two_and_unplugs():
    with efi_hotplug(log=True) as g:
        since = ready(g)
        g.plug("hot1")
        g.await_hang(1)
        true("GUEST-ONLINED" not in g.serial.text, "it is not online before the kick")
        since = says(g, "GUEST-ONLINED apic=1 cpus=2", kick_costs_a_second(g))
        g.plug("hot2")
        g.await_hang(2)
        true(g.registers(1)["smm"], "CPU 1 is in the rendezvous, in SMM")
        g.kick()
        since = says(g, "GUEST-ONLINED apic=2 cpus=3", since)
        g.unplug("hot2")
        says(g, "GUEST-EJECTED selector=2 cpus=2", since)
        g.qmp.await_event("DEVICE_DELETED")
        replug(g)


def replug(g):
    """QEMU 7.2 corrupts its heap and dies. One that lives must do the plug like any other."""
    try:
        g.plug_and_kick(2, "hot3")
        print("# QEMU survives a plug after an unplug")
    except (Failure, OSError) as why:
        print("# a plug after an unplug:", why)
        status = finish(g.process)
        print("# QEMU ended with %d: %s" % (status, g.stderr.strip()))
        true(status in (-signal.SIGABRT, -signal.SIGSEGV), "it crashed")


def linux_plugs_and_unplugs():
    with linux_hotplug() as g:
        ready(g)
        since = g.plug_and_kick(1)
        true("apic=1 cpus=2" in g.serial.text, "two CPUs are online")
        true(not g.registers(0)["smm"], "the monarch left SMM")
        free = len(g.free_slots())
        g.unplug("hot1")
        says(g, "GUEST-EJECTED apic=1 cpus=1", since)
        equal(len(g.free_slots()), free + 1, "free slots when the guest says that it is ejected")


def no_smbase_window():
    """The firmware's hot-plug driver is not there: the CPU joins with the default SMBASE, nobody hangs."""
    with efi_hotplug(log=True, args=["-global", "mch.smbase-smram=off"]) as g:
        ready(g)
        at_boot = g.independent()["ipis"]["smi"]
        g.plug()
        g.await_online(1)
        account = g.independent()
        true((0xb2, 4) in account["apm_writes"], "the guest raised command 4")
        equal([read for read in account["apm_reads"] if read == (0xb2, 4)], [], "handlers that asked for it")
        equal(account["ipis"]["smi"], at_boot, "SMIs sent by the monarch to relocate it")


def no_broadcast():
    """The firmware asks for features that do not go together, and loops for ever before its first SMI."""
    def loops():
        places = set()
        for _ in range(10):
            places.add(g.registers()["rip"])
            time.sleep(0.1)
        return len(places) == 1 and places.pop() > 0x100000
    with efi_hotplug(log=True, args=["-global", "ICH9-LPC.x-smi-broadcast=off"]) as g:
        g.start()
        until(loops, 60, "the firmware loops")
        equal(g.serial.text.count("GUEST-"), 0, "lines of the guest")
        equal(g.independent()["enters"], 0, "SMIs")


def refused(reply):
    return reply.get("error", {}).get("desc", "nothing was refused")


def old_machine_refuses_device_add():
    with efi_hotplug(machine="pc-q35-5.0") as g:
        ready(g)
        slot = g.free_slots()[0]
        reply = g.qmp.ask("device_add", driver=slot["type"], id="hot1", **slot["props"])
        true("cpu hotplug with SMI wasn't enabled by firmware" in refused(reply), refused(reply))


def old_machine_refuses_device_del():
    smp = "1,sockets=1,cores=3,maxcpus=3"
    with efi_hotplug(machine="pc-q35-5.2", smp=smp, args=["-device", BOOTED_WITH_IT]) as g:
        ready(g)
        reply = g.qmp.ask("device_del", id="hot1")
        true("cpu hot-unplug with SMI wasn't enabled by firmware" in refused(reply), refused(reply))


def cpu_plugged_behind_the_broadcast():
    """The firmware finds a second CPU's event while it handles the first, and starts to relocate it."""
    with efi_hotplug() as g:
        ready(g)
        g.plug_behind_broadcast("hot1", "hot2")
        g.await_hang(2)
        equal(lines(g, 0), ["READY", "INSERT", "SMI"], "the OS has not seen CPU 2, nor got back from the SMI")
        g.kick()
        says(g, "GUEST-ONLINED apic=1 cpus=2")
        behind = says(g, "GUEST-INSERT selector=2 apic=2")
        says(g, "GUEST-ONLINED apic=2 cpus=3", behind)


def burst_comes_online():
    with efi_hotplug() as g:
        ready(g)
        g.burst("hot1", "hot2")
        g.kick_until_online(1, 2)


def late_smi_lets_the_os_look():
    """Without `pause` behind it, the OUT is followed by a read of the status from before the SMI."""
    with efi_hotplug("no-pause", args=["-device", BOOTED_WITH_IT]) as g:
        since = ready(g)
        g.unplug("hot1")
        behind = says(g, "GUEST-SMI-RETURNED status=17\r", since)
        says(g, "GUEST-EJECTED selector=1 cpus=1", behind)


def joins_without_smi(option, *expected):
    """The CPU comes online though the firmware never relocated it."""
    with efi_hotplug(option, log=True) as g:
        since = ready(g)
        at_boot = g.independent()["ipis"]["smi"]
        g.plug()
        says(g, "GUEST-ONLINED apic=1 cpus=2", since)
        equal(lines(g, since), list(expected), "what the guest did")
        equal(g.independent()["ipis"]["smi"], at_boot, "SMIs sent by the monarch to relocate it")


def sipi_early():
    with efi_hotplug("sipi-early") as g:
        since = ready(g)
        g.plug()
        says(g, "GUEST-SMI command=4", since)
        equal(lines(g, since), ["INSERT", "ONLINED", "SMI"], "what the guest did")


def no_clear():
    with efi_hotplug("no-clear") as g:
        since = g.plug_and_kick(1) if ready(g) else 0
        equal(lines(g, 0).count("SMI"), 1, "SMIs for one plug")
        g.plug_and_kick(2)
        equal(lines(g, since), ["INSERT", "SMI", "SMI-RETURNED", "ONLINED"], "the second plug")


def smi_without_event():
    with efi_hotplug("smi-without-event") as g:
        since = ready(g)
        for _ in range(2):
            since = says(g, "GUEST-SMI command=4\r\nGUEST-SMI-RETURNED\r\n", since)
        true("INSERT" not in g.serial.text, "nothing was plugged")


def unknown_word():
    with efi_hotplug("no-paws") as g:
        g.start()
        g.await_serial("GUEST-FAILED an unknown option", 60)


run_tests(efi_plugs_two_and_unplugs, linux_plugs_and_unplugs, no_smbase_window, no_broadcast,
          old_machine_refuses_device_add, old_machine_refuses_device_del, cpu_plugged_behind_the_broadcast,
          burst_comes_online, late_smi_lets_the_os_look,
          case(joins_without_smi, "no-smi", "INSERT", "ONLINED"),
          case(joins_without_smi, "clear-early", "INSERT", "SMI", "SMI-RETURNED", "ONLINED"),
          sipi_early, no_clear, smi_without_event, unknown_word)
