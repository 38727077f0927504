/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The boot CPU's way from reset to the operating system. */
#include "../common/apic.h"
#include "chipset.h"
#include "config.h"
#include "console.h"
#include "cpu.h"
#include "cpus.h"
#include "features.h"
#include "options.h"
#include "os.h"
#include "smm-image.h"
#include "timer.h"

static struct smm_image *smm;
static unsigned apic_id[MAX_CPUS], cpus;

static void load_smm(const uint8_t *image, const uint8_t *end)
{
	uint32_t tseg = tseg_base();

	zero(byte_at(tseg), TILES);
	copy(byte_at(tseg), image, (uint32_t)(end - image));
	smm = (struct smm_image *)tseg;
	struct relocation *r = (struct relocation *)(tseg + (uint32_t)smm->relocations);
	struct relocation *last = (struct relocation *)(tseg + (uint32_t)smm->relocations_end);

	for (; r < last; r++)
		if ((r->info & 0xff) == RELOCATE_RELATIVE)
			*word_at(tseg + r->offset) += tseg;
	say("boot: smm.elf is at %x", (unsigned)tseg);
	smm->prepare(&config, tseg);
}

static void start_all(void)
{
	unsigned run = 1;

	for (unsigned i = 1; i < cpus; i++)
		if (cpu_start(apic_id[i]))
			run++;
		else
			say("boot: CPU %u does not start", apic_id[i]);
	say("boot: %u CPUs run", run);
}

/* ---- the initial relocations ---- */

static void send_smi(unsigned i)
{
	*word_at(NEW_SMBASE) = smm->smbase_of(apic_id[i]);
	*byte_at(ABOUT_TO_LEAVE) = 0;
	apic_send(apic_id[i], ICR_SMI);
}

/* The handler says so one instruction before its RSM; that the CPU is out shows when it goes on. */
static void await_relocation(unsigned i, unsigned woken)
{
	while (!*byte_at(ABOUT_TO_LEAVE))
		pause();
	while (i && cpu_woken(apic_id[i]) == woken)
		pause();
	smm->add_cpu(apic_id[i]);
	say("boot: CPU %u has SMBASE %x", apic_id[i], (unsigned)smm->smbase_of(apic_id[i]));
}

/* BUG_BOOT_AT_ONCE: they all sit in the handler before it lets them go. */
static void relocate_at_once(void)
{
	for (unsigned i = 1; i < cpus; i++) {
		*byte_at(DAWDLES) = 0;
		send_smi(i);
		while (!*byte_at(DAWDLES))
			pause();
	}
	*byte_at(GO_ON) = 1;
	wait_us(20000);
	for (unsigned i = 1; i < cpus; i++)
		smm->add_cpu(apic_id[i]);
}

static void relocate_all(void)
{
	smm->install_relocation_handler();
	if (seeded(BUG_BOOT_AT_ONCE))
		relocate_at_once();
	for (unsigned i = seeded(BUG_BOOT_AT_ONCE) ? cpus : 1; i <= cpus; i++) {
		unsigned cpu = i % cpus, woken = cpu_woken(apic_id[cpu]); /* the boot CPU comes last */

		send_smi(cpu);
		await_relocation(cpu, woken);
	}
	smm->install_nop_handler();
	say("boot: the NOP handler is at the default SMBASE");
}

/* ---- */

static void lock(void)
{
	smram_close();
	smi_lock();
	if (seeded(BUG_HANDLER_OVERWRITTEN))
		zero(byte_at(DEFAULT_SMBASE + SMI_ENTRY), 256);
	smram_lock();
	say("boot: SMRAM is locked");
}

/* reset.S jumps to the first byte of the image, which is a jump to here. */
void boot_main(const uint8_t *smm_image, const uint8_t *smm_image_end) __attribute__((noreturn));
__asm__(".section .text.first, \"ax\"\n\tjmp boot_main\n\t.previous");

void boot_main(const uint8_t *smm_image, const uint8_t *smm_image_end)
{
	say("boot: begin");
	options_read();
	chipset_init();
	features_negotiate();
	cpus = cpus_find(apic_id);
	start_all();
	if (smbase_window_open() < 0) {
		say("boot: this machine has no SMRAM at the default SMBASE: no SMM, and the end");
		for (;;)
			halt();
	}
	say("boot: the 128 KiB at the default SMBASE are ours");
	load_smm(smm_image, smm_image_end);
	relocate_all();
	lock();
	os_run(cpus);
}
