/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An SMI, from tile.S on: who leads it, and what was asked for. */
#include "../../common/apic.h"
#include "../../common/port.h"
#include "../chipset.h"
#include "../console.h"
#include "../cpu.h"
#include "../smm-image.h"
#include "../timer.h"
#include "smm.h"

struct config config;
struct smm_cpu smm_cpu[MAX_CPUS];
static bool plugged; /* there was a hot-plug SMI */
static unsigned smis;

/* ---- before SMRAM is closed ---- */

static void prepare(const struct config *c, uint32_t tseg)
{
	config = *c;
	for (unsigned i = 0; i < MAX_CPUS; i++) {
		smm_cpu[i].smbase = tseg + TILES + i * TILE_SIZE;
		tile_make(smm_cpu[i].smbase, i);
	}
	install_pen();
}

static void add_cpu(unsigned apic_id)
{
	smm_cpu[apic_id].present = true;
}

static uint32_t smbase_of(unsigned apic_id)
{
	return smm_cpu[apic_id].smbase;
}

extern struct relocation relocations_begin[], relocations_end[];

const struct smm_image smm_image __attribute__((section(".header"), used)) = {
	relocations_begin, relocations_end, prepare, install_relocation_handler, install_nop_handler, add_cpu,
	smbase_of,
};

/* ---- what an SMI is for ---- */

/* Synchronous: a driver outside SMM asks for a service, and waits. This one serves nobody. */
static void communicate(void)
{
	if (seeded(BUG_HANDLER_CORRUPTED) && plugged)
		zero(byte_at(DEFAULT_SMBASE + SMI_ENTRY), 64);
}

/* BUG_SECOND_PLUG: it comes while the first is being dealt with. */
static struct pending await_second_plug(void)
{
	struct pending p;

	say("smm: waits for a second CPU");
	do
		p = enumerate();
	while (p.n < 2);
	return p;
}

static void cpu_hotplug(uint8_t command, uint8_t argument)
{
	struct pending p;

	if (command != APM_CPU_HOTPLUG)
		return;
	say("smm: SMI %u, command %u, argument %u: %u CPUs are here", smis, command, argument,
	    1 + rendezvous_followers());
	if (seeded(BUG_SLOW_HANDLER))
		wait_us(2500000);
	p = seeded(BUG_SECOND_PLUG) ? await_second_plug() : enumerate();
	plug_all(&p);
	unplug_all(&p);
	plugged = true;
}

static void count(uint8_t command, uint8_t argument)
{
	(void)command;
	(void)argument;
	smis++;
}

/* Asynchronous: each is called for every SMI, and knows what is meant for it. */
static void (*const root_handlers[])(uint8_t command, uint8_t argument) = { count, cpu_hotplug };

static void dispatch(uint8_t command, uint8_t argument)
{
	if (command == APM_COMMUNICATE && !argument)
		communicate();
	for (unsigned i = 0; i < sizeof(root_handlers) / sizeof(root_handlers[0]); i++)
		root_handlers[i](command, argument);
}

/* ---- */

/* The OS's CPU 0 may be between its two writes of the ICR: what it has written of it comes back. */
static void lead(void)
{
	uint32_t icr_high = apic_read(APIC_ICR_HIGH);

	rendezvous_gather();
	dispatch(inb(APM_CNT), inb(APM_STS));
	apic_write(APIC_ICR_HIGH, icr_high);
	rendezvous_release();
}

void smi_main(unsigned apic_id);

/* The monarch is the boot CPU, as OVMF has it (PlatformSmmBspElection()). */
void smi_main(unsigned apic_id)
{
	if (is_bsp())
		lead();
	else
		rendezvous_follow(apic_id);
}
