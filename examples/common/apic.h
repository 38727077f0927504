/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The local APIC's interrupt command register (Intel SDM vol. 3, 11.6.1), xAPIC mode. */
#ifndef APIC_H
#define APIC_H

#include <stdint.h>

#define APIC_BASE 0xfee00000u
#define APIC_ICR_LOW 0x300u
#define APIC_ICR_HIGH 0x310u

#define ICR_PENDING 0x1000u /* R: the last one has not been delivered yet */
#define ICR_SMI 0x4200u
#define ICR_INIT 0x4500u
#define ICR_SIPI 0x4600u /* | page of the code to run */

static inline void apic_write(uint32_t reg, uint32_t value)
{
	*(volatile uint32_t *)(uintptr_t)(APIC_BASE + reg) = value;
}

static inline uint32_t apic_read(uint32_t reg)
{
	return *(volatile uint32_t *)(uintptr_t)(APIC_BASE + reg);
}

static inline void apic_send(uint32_t apic_id, uint32_t what)
{
	apic_write(APIC_ICR_HIGH, apic_id << 24);
	apic_write(APIC_ICR_LOW, what);
}

#endif
