/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Time, by the ACPI PM timer: 24 bits at 3.579545 MHz (ACPI 6.4, 4.8.2.1). It stands while the guest does. */
#ifndef TIMER_H
#define TIMER_H

#include <stdbool.h>
#include <stdint.h>

struct timer {
	uint32_t last, left; /* ticks */
};

/* At most 20 s. */
struct timer timer_start(uint32_t us);
/* To be asked at least every 4 s. */
bool timer_over(struct timer *t);
void wait_us(uint32_t us);

static inline void pause(void)
{
	__asm__ volatile("pause" : : : "memory");
}

#endif
