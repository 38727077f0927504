/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The registers we use, out of a raw `g` packet. QEMU's x86 stubs have one
 * layout for 64-bit targets and one for i386, told apart by their length
 * (target/i386/gdbstub.c; gdb-xml/i386-64bit.xml, i386-32bit.xml).
 */
#ifndef TRACER_SOURCES_GDB_REGS_H
#define TRACER_SOURCES_GDB_REGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct regs {
	uint64_t rip, rsp, rax, rdx;
	uint32_t cs;
	uint64_t cr0, cr3, efer;
};

/* False when the packet is neither of the known layouts. */
bool regs_decode(struct regs *r, const uint8_t *g, size_t len);

/* At the first instruction of an SMI: IP 8000h in real mode (Intel SDM vol. 3, 32.5). */
static inline bool regs_at_smi_entry(const struct regs *r)
{
	return r->rip == 0x8000 && !(r->cr0 & 1);
}

/* The CS selector that an SMI at @smbase starts with. */
static inline uint32_t smbase_selector(uint64_t smbase)
{
	return (uint32_t)(smbase >> 4) & 0xffff;
}

#endif
