/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "timer.h"

#include "../common/port.h"
#include "chipset.h"

static uint32_t now(void)
{
	return inl(PMBASE + PM_TIMER) & 0xffffff;
}

struct timer timer_start(uint32_t us)
{
	return (struct timer){ now(), us * 179 / 50 + 1 };
}

bool timer_over(struct timer *t)
{
	uint32_t at = now(), passed = (at - t->last) & 0xffffff;

	t->last = at;
	t->left = passed < t->left ? t->left - passed : 0;
	return !t->left;
}

void wait_us(uint32_t us)
{
	struct timer t = timer_start(us);

	while (!timer_over(&t))
		pause();
}
