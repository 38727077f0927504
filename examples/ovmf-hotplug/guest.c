/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An EFI program that plays the operating system's part of CPU hot-plug with
 * SMM, as the ACPI code that QEMU gives to an OS does it: find the CPUs with an
 * event, raise SMI command 4 once, then start (or forget) each of them. Options
 * make it err on purpose. README.md documents the lines it says on the serial port.
 */
#include <stddef.h>

#include "../common/apic.h"
#include "../common/cpuhp.h"
#include "efi.h"
#include "options.h"
#include "serial.h"

#define APM_CNT 0xb2
#define APM_STS 0xb3
#define APM_CMD_CPU_HOTPLUG 4

#define MAX_CPUS 256
#define PAGE_SIZE 4096
#define ONE_MIB 0x100000
#define ARRAY_SIZE(a) (sizeof(a) / sizeof(*(a)))

/* The page a new CPU starts in; see trampoline.S. */
struct trampoline {
	uint8_t code[0xff0];
	uint32_t apic_id; /* of the CPU that came last */
	uint32_t count;   /* CPUs that came */
};

extern const uint8_t trampoline_begin[], trampoline_end[];

static struct efi_boot_services *boot;
static volatile struct trampoline *trampoline;
static unsigned cpus, options;
static uint8_t uncleared[MAX_CPUS]; /* NO_CLEAR: selectors whose insert event was dealt with */

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

	if (boot->allocate_pages(ALLOCATE_MAX_ADDRESS, EFI_LOADER_DATA, 1, &address)) {
		say("GUEST-FAILED no page below 1 MiB\r\n");
		return -1;
	}
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
static void out_and_pause(uint8_t command)
{
	outb(APM_CNT, command);
	__asm__ volatile("pause" : : : "memory");
	say("GUEST-SMI-RETURNED");
}

/* Under TCG the status is the one from before the SMI; a real CPU takes the SMI first. */
static void out_and_look(uint8_t command)
{
	outb(APM_CNT, command);
	uint8_t status = cpuhp_status();

	say("GUEST-SMI-RETURNED");
	say_number("status", status);
}

static void raise_smi(uint8_t command)
{
	say("GUEST-SMI");
	say_number("command", command);
	say_end();
	outb(APM_STS, 0);
	if (options & NO_PAUSE)
		out_and_look(command);
	else
		out_and_pause(command);
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

struct plugged {
	uint32_t selector, apic_id;
};

/* CPUs with an insert event that were not dealt with; returns how many. */
static unsigned find_plugged(struct plugged found[MAX_CPUS])
{
	uint32_t selector[MAX_CPUS];
	unsigned n = find_pending(CPUHP_INSERT, selector), fresh = 0;

	for (unsigned i = 0; i < n; i++) {
		if (uncleared[selector[i]])
			continue;
		cpuhp_select(selector[i]);
		found[fresh++] = (struct plugged){ selector[i], cpuhp_command(CPUHP_GET_ARCH_ID) };
	}
	return fresh;
}

static void announce(const struct plugged *cpu)
{
	say("GUEST-INSERT");
	say_number("selector", cpu->selector);
	say_number("apic", cpu->apic_id);
	say_end();
}

static void clear_event(const struct plugged *cpu)
{
	if (options & NO_CLEAR) {
		uncleared[cpu->selector] = 1;
		return;
	}
	cpuhp_select(cpu->selector);
	cpuhp_set_status(CPUHP_INSERT);
}

static void start(const struct plugged *cpu)
{
	start_cpu(cpu->apic_id);
}

/* The steps of an insertion, in the right order, and what moves or drops one. */
static const struct step {
	void (*each)(const struct plugged *cpu); /* NULL: the SMI, once for all */
	unsigned when, unless;                   /* options */
} insert_steps[] = {
	{ announce, 0, 0 },
	{ clear_event, CLEAR_EARLY, 0 },
	{ start, SIPI_EARLY, 0 },
	{ NULL, 0, NO_SMI },
	{ clear_event, 0, CLEAR_EARLY },
	{ start, 0, SIPI_EARLY },
};

static void insert(void)
{
	struct plugged cpu[MAX_CPUS];
	unsigned n = find_plugged(cpu);

	for (const struct step *s = insert_steps; n && s < insert_steps + ARRAY_SIZE(insert_steps); s++) {
		if ((options & s->when) != s->when || options & s->unless)
			continue;
		if (!s->each)
			raise_smi(APM_CMD_CPU_HOTPLUG);
		for (unsigned i = 0; s->each && i < n; i++)
			s->each(&cpu[i]);
	}
}

static void eject(uint32_t selector)
{
	say("GUEST-REMOVE");
	say_number("selector", selector);
	say_end();
	uncleared[selector] = 0;
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

/* The options that @image was started with; an unknown word ends the guest. */
static int read_options(void *image)
{
	struct efi_loaded_image *loaded;
	uint32_t at = 0;

	if (boot->handle_protocol(image, &EFI_LOADED_IMAGE, (void **)&loaded))
		return 0;
	for (struct word word; (word = next_word(loaded, &at)).length;) {
		unsigned flag = option_flag(word);

		if (!flag) {
			say("GUEST-FAILED an unknown option\r\n");
			return -1;
		}
		options |= flag;
	}
	return 0;
}

uint64_t EFIAPI efi_main(void *image, struct efi_system_table *system);

uint64_t EFIAPI efi_main(void *image, struct efi_system_table *system)
{
	boot = system->boot;
	cpus = count_cpus();
	if (read_options(image) || place_trampoline())
		return 1;
	say("GUEST-READY");
	say_number("cpus", cpus);
	say_end();
	for (unsigned ms = 1;; ms++) {
		boot->stall(1000);
		insert();
		remove();
		if (options & SMI_WITHOUT_EVENT && ms % 1000 == 0)
			raise_smi(APM_CMD_CPU_HOTPLUG);
	}
}
