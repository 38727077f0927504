/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * QEMU's CPU hot-plug register block at port 0xcd8 (docs/specs/acpi_cpu_hotplug.rst).
 * A selector is the index of a possible CPU; most registers act on the selected one.
 */
#ifndef CPUHP_H
#define CPUHP_H

#include "port.h"

enum {
	CPUHP_SELECTOR = 0xcd8, /* W, 32 bits */
	CPUHP_STATUS = 0xcdc,   /* R/W, 8 bits */
	CPUHP_COMMAND = 0xcdd,  /* W, 8 bits */
	CPUHP_DATA = 0xce0,     /* R/W, 32 bits */
};

enum {
	CPUHP_ENABLED = 1 << 0,   /* R: the CPU is present */
	CPUHP_INSERT = 1 << 1,    /* R: it was plugged; W: that is dealt with */
	CPUHP_REMOVE = 1 << 2,    /* R: its removal is asked for; W: that is dealt with */
	CPUHP_EJECT = 1 << 3,     /* W: take it out, at once */
	CPUHP_FW_REMOVE = 1 << 4, /* R, W: the firmware shall eject it at the next SMI */
};

enum {
	CPUHP_GET_PENDING = 0, /* select the next CPU with an event; DATA is the selector */
	CPUHP_GET_ARCH_ID = 3, /* DATA is the APIC ID of the selected CPU */
};

static inline void cpuhp_select(uint32_t selector)
{
	outl(CPUHP_SELECTOR, selector);
}

static inline uint8_t cpuhp_status(void)
{
	return inb(CPUHP_STATUS);
}

static inline void cpuhp_set_status(uint8_t bits)
{
	outb(CPUHP_STATUS, bits);
}

static inline uint32_t cpuhp_command(uint8_t command)
{
	outb(CPUHP_COMMAND, command);
	return inl(CPUHP_DATA);
}

#endif
