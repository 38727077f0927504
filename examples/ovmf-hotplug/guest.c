/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An EFI program that plays the operating system's part of CPU hot-plug with
 * SMM, as the ACPI code that QEMU gives to an OS does it: find the CPUs with an
 * event, raise SMI command 4 once, then start (or forget) each of them.
 * README.md documents the lines it says on the serial port.
 */
#include "apic.h"
#include "cpuhp.h"
#include "efi.h"

#define APM_CNT 0xb2
#define APM_STS 0xb3
#define APM_CMD_CPU_HOTPLUG 4

#define MAX_CPUS 256
#define PAGE_SIZE 4096
#define ONE_MIB 0x100000

/* The page a new CPU starts in; see trampoline.S. */
struct trampoline {
	uint8_t code[0xff0];
	uint32_t apic_id; /* of the CPU that came last */
	uint32_t count;   /* CPUs that came */
};

extern const uint8_t trampoline_begin[], trampoline_end[];

static struct efi_boot_services *boot;
static volatile struct trampoline *trampoline;
static unsigned cpus;

static unsigned count_cpus(void)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < MAX_CPUS; i++) {
		cpuhp_select(i);
		n += (cpuhp_status() & CPUHP_ENABLED) != 0;
	}
	return n;
}

static int place_trampoline(void)
{
	uint64_t address = ONE_MIB - 1;

	if (boot->allocate_pages(ALLOCATE_MAX_ADDRESS, EFI_LOADER_DATA, 1, &address))
		return -1;
	trampoline = (volatile struct trampoline *)address;
	for (const uint8_t *p = trampoline_begin; p < trampoline_end; p++)
		trampoline->code[p - trampoline_begin] = *p;
	trampoline->count = 0;
	return 0;
}

/* Selectors of all CPUs whose status has @event; returns how many. */
static unsigned find_pending(uint8_t event, uint32_t found[MAX_CPUS])
{
	unsigned n = 0;

	for (uint32_t from = 0; from < MAX_CPUS;) {
		cpuhp_select(from);
		uint32_t selector = cpuhp_command(CPUHP_GET_PENDING);

		if (selector < from || selector >= MAX_CPUS)
			break; /* wrapped: all were seen */
		if (cpuhp_status() & event)
			found[n++] = selector;
		from = selector + 1;
	}
	return n;
}

/* The SMI is taken before the instruction after `pause`; QEMU's TCG takes it late otherwise. */
static void raise_smi(uint8_t command)
{
	say("GUEST-SMI");
	say_number("command", command);
	say_end();
	outb(APM_STS, 0);
	outb(APM_CNT, command);
	__asm__ volatile("pause" : : : "memory");
	say("GUEST-SMI-RETURNED");
	say_end();
}

static void start_cpu(uint32_t apic_id)
{
	uint32_t page = (uint32_t)((uintptr_t)trampoline / PAGE_SIZE);
	uint32_t before = trampoline->count;

	apic_send(apic_id, ICR_INIT);
	boot->stall(10000);
	apic_send(apic_id, ICR_SIPI | page);
	boot->stall(200);
	if (trampoline->count == before)
		apic_send(apic_id, ICR_SIPI | page);
	for (int ms = 0; trampoline->count == before && ms < 2000; ms++)
		boot->stall(1000);
	if (trampoline->count == before || trampoline->apic_id != apic_id) {
		say("GUEST-DEAD");
	} else {
		cpus++;
		say("GUEST-ONLINED");
	}
	say_number("apic", apic_id);
	say_number("cpus", cpus);
	say_end();
}

static void insert(void)
{
	uint32_t selector[MAX_CPUS], apic_id[MAX_CPUS];
	unsigned n = find_pending(CPUHP_INSERT, selector);

	for (unsigned i = 0; i < n; i++) {
		cpuhp_select(selector[i]);
		apic_id[i] = cpuhp_command(CPUHP_GET_ARCH_ID);
		say("GUEST-INSERT");
		say_number("selector", selector[i]);
		say_number("apic", apic_id[i]);
		say_end();
	}
	if (n)
		raise_smi(APM_CMD_CPU_HOTPLUG);
	for (unsigned i = 0; i < n; i++) {
		cpuhp_select(selector[i]);
		cpuhp_set_status(CPUHP_INSERT);
		start_cpu(apic_id[i]);
	}
}

static void eject(uint32_t selector)
{
	say("GUEST-REMOVE");
	say_number("selector", selector);
	say_end();
	cpuhp_select(selector);
	cpuhp_set_status(CPUHP_REMOVE);
	cpuhp_set_status(CPUHP_FW_REMOVE);
	raise_smi(APM_CMD_CPU_HOTPLUG);
	cpuhp_select(selector);
	if (cpuhp_status() & CPUHP_ENABLED) {
		say("GUEST-STILL-THERE");
	} else {
		cpus--;
		say("GUEST-EJECTED");
	}
	say_number("selector", selector);
	say_number("cpus", cpus);
	say_end();
}

static void remove(void)
{
	uint32_t selector[MAX_CPUS];
	unsigned n = find_pending(CPUHP_REMOVE, selector);

	for (unsigned i = 0; i < n; i++)
		eject(selector[i]);
}

uint64_t EFIAPI efi_main(void *image, struct efi_system_table *system);

uint64_t EFIAPI efi_main(void *image, struct efi_system_table *system)
{
	(void)image;
	boot = system->boot;
	cpus = count_cpus();
	if (place_trampoline()) {
		say("GUEST-FAILED no page below 1 MiB\r\n");
		return 1;
	}
	say("GUEST-READY");
	say_number("cpus", cpus);
	say_end();
	for (;;) {
		boot->stall(1000);
		insert();
		remove();
	}
}
