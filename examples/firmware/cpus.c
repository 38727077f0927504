/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cpus.h"

#include "../common/apic.h"
#include "../common/cpuhp.h"
#include "chipset.h"
#include "config.h"
#include "console.h"
#include "cpu.h"
#include "timer.h"

/* What ap.S counts on. */
uint8_t cpu_stack[MAX_CPUS][4096] __attribute__((aligned(16)));
extern const uint8_t ap_code[], ap_code_end[];

static volatile struct {
	unsigned came, woken;
	uint32_t hold_us;
	bool holding;
} cpus[MAX_CPUS];
static volatile bool wide_awake;

unsigned cpus_find(unsigned apic_id[MAX_CPUS])
{
	unsigned n = 0;

	cpuhp_select(0); /* twice: the first one ends the legacy mode of the block */
	for (unsigned i = 0; i < MAX_CPUS; i++) {
		cpuhp_select(i);
		if (!(cpuhp_status() & CPUHP_ENABLED))
			continue;
		unsigned id = cpuhp_command(CPUHP_GET_ARCH_ID);

		if (id < MAX_CPUS)
			apic_id[n++] = id;
		else
			say("boot: APIC ID %u is too high, that CPU sleeps on", id);
	}
	cpuhp_select(MAX_CPUS);
	if (cpuhp_status() & CPUHP_ENABLED)
		say("boot: more than %u CPUs, the rest sleeps on", MAX_CPUS);
	return n;
}

bool cpu_start(unsigned apic_id)
{
	unsigned before = cpus[apic_id].came;
	struct timer t;

	copy(byte_at(AP_PAGE), ap_code, (uint32_t)(ap_code_end - ap_code));
	apic_send(apic_id, ICR_INIT);
	wait_us(10000);
	for (int i = 0; i < 2; i++) {
		apic_send(apic_id, ICR_SIPI | AP_PAGE >> 12);
		wait_us(200);
	}
	t = timer_start(1000000);
	while (cpus[apic_id].came == before)
		if (timer_over(&t))
			return false;
	return true;
}

unsigned cpu_woken(unsigned apic_id)
{
	return cpus[apic_id].woken;
}

void cpus_keep_awake(void)
{
	wide_awake = true;
}

void cpu_hold_smis(unsigned apic_id, uint32_t us)
{
	cpus[apic_id].hold_us = us;
	while (!cpus[apic_id].holding)
		pause();
}

/* A hypervisor may do so. This one writes to port 0xb2 meanwhile, if that is the error of the day. */
static void hold(unsigned apic_id)
{
	struct timer t = timer_start(cpus[apic_id].hold_us);

	hold_smis();
	cpus[apic_id].hold_us = 0;
	cpus[apic_id].holding = true;
	while (!timer_over(&t))
		if (seeded(BUG_COMMAND_OVERWRITTEN) && inb(APM_CNT) == APM_CPU_HOTPLUG) {
			outb(APM_CNT, APM_COMMUNICATE);
			break;
		}
	cpus[apic_id].holding = false;
	take_smis();
}

/* From ap.S. */
void cpu_main(unsigned apic_id)
{
	cpus[apic_id].came++;
	for (;;) {
		if (wide_awake)
			pause();
		else
			halt(); /* nothing but an SMI ends that */
		cpus[apic_id].woken++;
		if (cpus[apic_id].hold_us)
			hold(apic_id);
	}
}
