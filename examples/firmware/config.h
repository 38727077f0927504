/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What was asked for on the command line. Boot reads it; SMM has a copy, which the OS cannot change. */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>

#include "bugs.h"

/* In which order the monarch brings a new CPU to its SMI: opt/org.smmtrace/order. */
enum order {
	/*
	 * The design's: the broadcast SMI is pending for the new CPU, and it takes it behind the SIPI. QEMU's TCG
	 * has it taken before; the monarch then waits for ever.
	 */
	ORDER_DESIGN,
	/* The CPU that comes to the pen without having been relocated is sent one more SMI. */
	ORDER_SIPI_FIRST,
};

struct config {
	enum bug bug;
	enum order order;
};

extern struct config config;

static inline bool seeded(enum bug bug)
{
	return config.bug == bug;
}

#endif
