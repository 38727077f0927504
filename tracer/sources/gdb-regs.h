/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The registers we use, out of a raw `g` packet. Where they lie the stub's own
 * target description says (64-bit and i386 targets of QEMU differ, and later
 * versions may send more); it is looked up by name once, at attach.
 */
#ifndef TRACER_SOURCES_GDB_REGS_H
#define TRACER_SOURCES_GDB_REGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../gdbproto/target-xml.h"

/* Member of struct regs, its name on a 64-bit and on an i386 target. */
#define REGS(_) \
	_(rip, "eip") _(eflags, "eflags") _(rsp, "esp") _(rax, "eax") _(rdx, "edx") \
	_(cs, "cs") _(cr0, "cr0") _(cr3, "cr3") _(efer, "efer")

struct regs {
#define X(name, name32) uint64_t name;
	REGS(X)
#undef X
};

struct regs_layout {
#define X(name, name32) struct { uint16_t at, size; } name;
	REGS(X)
#undef X
	size_t len; /* shortest packet that holds them all */
};

/* ERR_TARGET, naming the register, when the description lacks one: not an x86 QEMU. */
int regs_layout_init(struct regs_layout *l, const struct target_desc *d, struct error *err);

/* False when the packet is too short. */
bool regs_decode(struct regs *r, const struct regs_layout *l, const uint8_t *g, size_t len);

#define EFLAGS_ARITHMETIC 0x8d5u /* OF SF ZF AF PF CF */

/*
 * At the first instruction of an SMI: IP 8000h in real mode, EFLAGS 2 (Intel SDM vol. 3, 32.5). A handler that
 * loops back to its first instruction did so by a flag.
 */
static inline bool regs_at_smi_entry(const struct regs *r)
{
	return r->rip == 0x8000 && !(r->cr0 & 1) && !(r->eflags & EFLAGS_ARITHMETIC);
}

/* The CS selector that an SMI at @smbase starts with. */
static inline uint64_t smbase_selector(uint64_t smbase)
{
	return smbase >> 4 & 0xffff;
}

#endif
