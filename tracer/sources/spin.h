/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What does a spinning CPU wait for? A spin loop of firmware is a load, a test, a
 * conditional jump, `pause` and a jump back. Pure: bytes of 32- or 64-bit code in,
 * the address of the load out.
 */
#ifndef TRACER_SOURCES_SPIN_H
#define TRACER_SOURCES_SPIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPIN_BEFORE 32u /* bytes wanted before the instruction pointer */
#define SPIN_AFTER 32u  /* and from it on */

struct spin {
	uint64_t addr;  /* of the memory polled */
	unsigned size;  /* bytes loaded: 1, 4 or 8 */
};

/* Of the CPU that runs it: the 16 general registers, NULL = not known; 64-bit code, or 32-bit. */
struct spin_cpu {
	const uint64_t *gpr;
	bool code64;
};

/*
 * @code holds @len bytes that lie at @linear; @rip is inside. True when a `pause`
 * stands near @rip and a backward jump around it spans a load or compare with
 * an absolute or RIP-relative operand, or, where the registers are known, begins with
 * one through a register that the load does not overwrite.
 */
bool spin_find(struct spin *s, const uint8_t *code, size_t len, uint64_t linear, uint64_t rip,
	       const struct spin_cpu *cpu);

#endif
