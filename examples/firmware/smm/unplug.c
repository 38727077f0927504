/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hot-unplug: the OS has stopped using the CPU, the firmware takes it out while it sleeps in SMM. */
#include "../../common/cpuhp.h"
#include "../console.h"
#include "../timer.h"
#include "smm.h"

static void eject(unsigned selector, unsigned apic_id)
{
	smm_cpu[apic_id].present = false;
	cpuhp_select(selector);
	cpuhp_set_status(CPUHP_EJECT); /* at once: QEMU ends the CPU before the write is over */
	rendezvous_ejected(apic_id);
	say("smm: CPU %u is out", apic_id);
}

static void unplug(unsigned selector, unsigned apic_id)
{
	if (seeded(BUG_EJECTED_OUTSIDE))
		rendezvous_release_one(apic_id);
	else
		rendezvous_park(apic_id);
	if (seeded(BUG_EJECTED_LATE))
		rendezvous_release();
	wait_us(seeded(BUG_EJECTED_LATE) || seeded(BUG_EJECTED_OUTSIDE) ? 200000 : 5000); /* they shall be out */
	eject(selector, apic_id);
}

void unplug_all(const struct pending *p)
{
	for (unsigned i = 0; i < p->n; i++)
		if (p->cpu[i].status & CPUHP_FW_REMOVE)
			unplug(p->cpu[i].selector, p->cpu[i].apic_id);
}
