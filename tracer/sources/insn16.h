/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One 16-bit x86 instruction: how long it is, what memory it names, where it jumps. Pure. Enough to
 * walk hand-written real-mode code such as SMI handlers; what is not known is not decoded
 * (Intel SDM vol. 2, appendix A: one-byte opcode map).
 */
#ifndef TRACER_SOURCES_INSN16_H
#define TRACER_SOURCES_INSN16_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct insn16 {
	unsigned len;       /* bytes, prefixes included */
	unsigned opcode;    /* 0xf4; 0x0faa for two bytes */
	unsigned reg;       /* of the ModRM byte */
	bool memory;        /* it has a memory operand ... */
	bool absolute;      /* ... at a constant address: disp */
	bool cs_relative;   /* through CS (prefix 2eh) */
	bool lock;
	bool wide;          /* 32-bit operands (prefix 66h) */
	uint32_t disp;
	uint32_t imm;       /* immediate, 0 when it has none */
	bool relative;      /* a jump or call, to target */
	int64_t target;     /* offset from the first byte of the instruction */
};

/* False when @code does not hold a whole instruction that is known. */
bool insn16_decode(struct insn16 *in, const uint8_t *code, size_t len);

#endif
