/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The SMM save state by revision id: what a CPU stored when it entered SMM.
 *
 * The map ends at SMBASE + 0x10000 and its revision id stands at SMBASE +
 * 0xfefc in every layout. Two layouts are known, AMD64 (0x20064) and i386
 * (0x20000; bit 16, I/O restart, may be set too), both as QEMU writes them
 * (target/i386/tcg/sysemu/smm_helper.c; KVM's arch/x86/kvm/smm.h agrees). Which
 * one is used depends on the emulator's target, not on the mode the CPU was in.
 * An unknown revision decodes nothing: a field is never guessed.
 */
#ifndef TRACER_SOURCES_SMM_STATE_H
#define TRACER_SOURCES_SMM_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SMM_STATE_TAIL 512u      /* the part of the map that is decoded */
#define SMM_STATE_OFFSET 0xfe00u /* it starts at SMBASE + this */
#define SMM_ENTRY_OFFSET 0x8000u /* the first instruction of an SMI */
#define SMM_SLOT_AMD64 0xff00u   /* the SMBASE slot, from SMBASE */
#define SMM_SLOT_I386 0xfef8u
#define SMM_REVISION_OFFSET 0xfefcu
#define SMM_REVISION_AMD64 0x20064u
#define SMM_REVISION_I386 0x20000u

/* Every decoded field; a layout without one leaves its bit in @known clear. */
#define SMM_FIELDS(_) \
	_(SMBASE, smbase) _(RIP, rip) _(RFLAGS, rflags) _(CS, cs) _(CS_BASE, cs_base) _(SS, ss) \
	_(DS, ds) _(ES, es) _(FS, fs) _(FS_BASE, fs_base) _(GS, gs) _(GS_BASE, gs_base) \
	_(TR, tr) _(LDTR, ldtr) _(GDT_BASE, gdt_base) _(IDT_BASE, idt_base) \
	_(CR0, cr0) _(CR3, cr3) _(CR4, cr4) _(EFER, efer) _(DR6, dr6) _(DR7, dr7) \
	_(RAX, rax) _(RCX, rcx) _(RDX, rdx) _(RBX, rbx) _(RSP, rsp) _(RBP, rbp) _(RSI, rsi) _(RDI, rdi) \
	_(R8, r8) _(R9, r9) _(R10, r10) _(R11, r11) _(R12, r12) _(R13, r13) _(R14, r14) _(R15, r15)

enum smm_field {
#define X(F, name) SMM_##F,
	SMM_FIELDS(X)
#undef X
	SMM_FIELD_COUNT
};

extern const char *const smm_field_name[SMM_FIELD_COUNT];

struct smm_state {
	uint32_t revision;            /* as read, also when it is unknown */
	const char *layout;           /* "amd64", "i386", NULL = unknown revision */
	uint32_t slot;                /* offset of the SMBASE slot from SMBASE; 0 = unknown */
	uint64_t known;               /* bit i: value[i] holds a value */
	uint64_t value[SMM_FIELD_COUNT];
};

static inline bool smm_state_has(const struct smm_state *st, enum smm_field f)
{
	return st->known >> f & 1;
}

/*
 * Decode the last @len bytes of a save-state map, that is the bytes
 * [SMBASE + 0x10000 - len, SMBASE + 0x10000). @len must be at least
 * SMM_STATE_TAIL. 0 = decoded; -1 = too short or unknown revision, then
 * @out->revision says which (0 when too short) and nothing is known.
 */
int smm_state_decode(const uint8_t *tail, size_t len, struct smm_state *out);

/* Offset of the SMBASE slot from SMBASE for @revision, 0 if it is unknown. */
uint32_t smm_slot_offset(uint32_t revision);

#endif
