/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All CPUs come together in an SMI, and stay until the monarch lets them go. */
#include "../../common/apic.h"
#include "../../common/port.h"
#include "../chipset.h"
#include "../cpu.h"
#include "../timer.h"
#include "smm.h"

#define SYNC_US 1000000  /* how long the monarch waits: edk2's PcdCpuSmmApSyncTimeout in OVMF */
#define ALONE_US 5000000 /* how long an AP waits for a monarch that does not come */

static struct {
	volatile bool here, leaving, park;
} ap[MAX_CPUS];
static volatile bool led; /* the monarch is in SMM */

/* The monarch is CPU 0. */
static bool is_missing(unsigned i)
{
	return i && smm_cpu[i].present && !ap[i].here;
}

static bool all_here(void)
{
	for (unsigned i = 0; i < MAX_CPUS; i++)
		if (is_missing(i))
			return false;
	return true;
}

static bool wait_for_all(void)
{
	struct timer t = timer_start(SYNC_US);

	while (!all_here()) {
		if (timer_over(&t))
			return false;
		pause();
	}
	return true;
}

void rendezvous_gather(void)
{
	led = true;
	if (seeded(BUG_MONARCH_DOES_NOT_WAIT) || wait_for_all())
		return;
	for (unsigned i = 0; i < MAX_CPUS; i++)
		if (is_missing(i))
			apic_send(i, ICR_SMI);
	wait_for_all();
}

unsigned rendezvous_followers(void)
{
	unsigned n = 0;

	for (unsigned i = 1; i < MAX_CPUS; i++)
		n += ap[i].here;
	return n;
}

void rendezvous_release_one(unsigned apic_id)
{
	ap[apic_id].here = false;
}

/* BUG_AP_NOT_RELEASED: from the first hot-plug's SMI on. */
static bool is_forgotten(unsigned i)
{
	static bool forgotten;

	if (!seeded(BUG_AP_NOT_RELEASED))
		return false;
	forgotten |= inb(APM_CNT) == APM_CPU_HOTPLUG;
	return i == 1 && forgotten;
}

/* The monarch is the last to leave: its OS must not find another CPU in SMM. */
static void await_leaving(unsigned i)
{
	while (!ap[i].leaving)
		pause();
}

void rendezvous_release(void)
{
	led = false;
	for (unsigned i = 1; i < MAX_CPUS; i++) {
		bool waits = ap[i].here;

		if (is_forgotten(i))
			continue;
		rendezvous_release_one(i);
		if (waits)
			await_leaving(i);
	}
}

void rendezvous_park(unsigned apic_id)
{
	ap[apic_id].park = true;
	rendezvous_release_one(apic_id);
}

void rendezvous_ejected(unsigned apic_id)
{
	ap[apic_id].park = false;
}

/* false: none came. No timer is read while one is there: QEMU 7.2 blocks that during an eject. */
static bool await_monarch(const volatile bool *here)
{
	struct timer t = timer_start(ALONE_US);

	while (*here && !led) {
		if (timer_over(&t))
			return false;
		pause();
	}
	return true;
}

/* BUG_TWO_MONARCHS: CPU 1 looks for new CPUs as well, while the monarch is at work on them. */
static void usurp(unsigned apic_id)
{
	static bool done;

	if (!seeded(BUG_TWO_MONARCHS) || apic_id != 1 || done || !plugging)
		return;
	done = true;
	enumerate();
}

void rendezvous_follow(unsigned apic_id)
{
	volatile bool *here = &ap[apic_id].here;

	ap[apic_id].leaving = false;
	*here = true;
	while (*here) {
		if (!await_monarch(here))
			*here = false;
		while (*here && led) {
			usurp(apic_id);
			pause();
		}
	}
	while (ap[apic_id].park)
		halt();
	ap[apic_id].leaving = true;
}
