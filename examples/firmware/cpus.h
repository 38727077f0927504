/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The CPUs outside SMM: starting them, and what they do then. */
#ifndef CPUS_H
#define CPUS_H

#include <stdbool.h>
#include <stdint.h>

#include "layout.h"

/* Those that are there at power-on; fills in @apic_id, how many. The first is the BSP. */
unsigned cpus_find(unsigned apic_id[MAX_CPUS]);

/* INIT-SIPI-SIPI; false: it did not come within a second. */
bool cpu_start(unsigned apic_id);

/* What the CPU does from then on: it halts, and counts how often something woke it. */
unsigned cpu_woken(unsigned apic_id);

/* From its next SMI on each CPU runs in a loop instead, so that it can be asked for things: */
void cpus_keep_awake(void);
/* It shall hold SMIs back for @us. Returns when it has begun. */
void cpu_hold_smis(unsigned apic_id, uint32_t us);

#endif
