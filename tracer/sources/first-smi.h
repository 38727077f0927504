/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is the code at the default SMBASE + 0x8000, by its bytes? And the pen that OVMF keeps a
 * hot-added CPU in. Pure: bytes in, addresses out; nothing here is a constant of one build, as the
 * words stand elsewhere in another (edk2 OvmfPkg/CpuHotplugSmm/FirstSmiHandler.nasm: AboutToLeaveSmm
 * at +12, since 2025 at +21; PostSmmPen.nasm).
 */
#ifndef TRACER_SOURCES_FIRST_SMI_H
#define TRACER_SOURCES_FIRST_SMI_H

#include "../event.h"

#define FIRST_SMI_CODE 256u /* bytes looked at */
#define PEN_CODE 32u
#define PEN_FLAG 0xfffu     /* the last byte of its page */

/* Linear addresses; 0 = it has none. */
struct first_smi {
	enum handler_code code;
	bool whole;          /* it was understood up to an RSM, whatever it does */
	unsigned size;       /* bytes of code: to the end of its RSM, else to the last byte that is not 0 */
	uint32_t sum;        /* FNV-1a of them */
	uint64_t gate;       /* the word that is compared with the APIC ID and exchanged */
	uint64_t loop;       /* where a CPU goes back to while it does not match */
	uint64_t pass;       /* behind the gate */
	uint64_t new_smbase; /* the word that is copied to the SMBASE slot */
	uint64_t write;      /* the instruction that does */
	uint64_t about;      /* the byte set to 1 last before the RSM */
	uint64_t rsm;
};

/* @code are the bytes at @smbase + 0x8000. */
void first_smi_decode(struct first_smi *f, uint64_t smbase, const uint8_t *code, size_t len);

/* One of the pair that firmware without a gate exchanges: the NOP handler, and the one that relocates. */
static inline bool first_smi_is_exchanged(const struct first_smi *f)
{
	return f->code == CODE_NOP || f->code == CODE_RELOCATE;
}

/* Is a CPU at the linear address @pc waiting for the gate to open? */
static inline bool first_smi_at_gate(const struct first_smi *f, uint64_t pc)
{
	return f->code == CODE_GATE && pc >= f->loop && pc < f->pass;
}

/* Is this the pen's code: sets the last byte of its page to 1, and halts for ever? */
bool first_smi_is_pen(const uint8_t *code, size_t len);

#endif
