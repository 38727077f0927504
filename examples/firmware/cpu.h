/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Instructions that C has no words for. */
#ifndef CPU_H
#define CPU_H

#include <stdbool.h>
#include <stdint.h>

#define MSR_APIC_BASE 0x1bu
#define APIC_BASE_BSP (1u << 8)
#define MSR_EFER 0xc0000080u
#define EFER_SVME (1u << 12)

/* Low halves; the high ones stay as they are. */
static inline uint32_t rdmsr(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return low;
}

static inline void set_msr_bits(uint32_t msr, uint32_t bits)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	__asm__ volatile("wrmsr" : : "a"(low | bits), "d"(high), "c"(msr));
}

static inline bool is_bsp(void)
{
	return rdmsr(MSR_APIC_BASE) & APIC_BASE_BSP;
}

static inline void halt(void)
{
	__asm__ volatile("hlt" : : : "memory");
}

/* The global interrupt flag of AMD's SVM: while it is clear, an SMI stays pending (APM vol. 2, 15.17). */
static inline void hold_smis(void)
{
	set_msr_bits(MSR_EFER, EFER_SVME);
	__asm__ volatile("clgi" : : : "memory");
}

static inline void take_smis(void)
{
	__asm__ volatile("stgi" : : : "memory");
}

static inline void copy(volatile void *to, const void *from, uint32_t size)
{
	volatile uint8_t *t = to;
	const uint8_t *f = from;

	while (size--)
		*t++ = *f++;
}

static inline void zero(volatile void *at, uint32_t size)
{
	volatile uint8_t *t = at;

	while (size--)
		*t++ = 0;
}

/* A word in memory that other CPUs, or assembly, write as well. */
static inline volatile uint8_t *byte_at(uint32_t address)
{
	return (volatile uint8_t *)(uintptr_t)address;
}

static inline volatile uint32_t *word_at(uint32_t address)
{
	return (volatile uint32_t *)(uintptr_t)address;
}

#endif
