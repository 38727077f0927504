/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "insn16.h"

#include <string.h>

/*
 * What follows an opcode: . nothing, m ModRM, b imm8, w imm16, z imm of operand size, r rel8,
 * R rel of operand size, o address of address size, f far pointer, B ModRM and imm8, Z ModRM and
 * imm of operand size, t group 3 byte, T group 3 word; p prefix, x two-byte opcode, ? not decoded.
 */
static const char one_byte[] =
	"mmmmbz..mmmmbz.x" "mmmmbz..mmmmbz.." "mmmmbzp.mmmmbzp." "mmmmbzp.mmmmbzp."
	"................" "................" "..mmppppzZbB...." "rrrrrrrrrrrrrrrr"
	"BZ?Bmmmmmmmmmmmm" "..........f....." "oooo....bz......" "bbbbbbbbzzzzzzzz"
	"BBw.mmBZ?.w..b.." "mmmmbb..mmmmmmmm" "rrrrbbbbRRfr...." "p.pp..tT......mm";

static const char two_byte[] =
	"mm??......?.????" "????????????????" "mmmm????????????" "....????????????"
	"mmmmmmmmmmmmmmmm" "????????????????" "????????????????" "????????????????"
	"RRRRRRRRRRRRRRRR" "mmmmmmmmmmmmmmmm" "...mBm??...mBmmm" "mmmmmmmm??Bmmmmm"
	"mm?????m........" "????????????????" "????????????????" "????????????????";

struct cursor {
	const uint8_t *code;
	size_t at, len;
	bool wide, wide_address;
};

static bool take(struct cursor *c, unsigned bytes, uint32_t *out)
{
	*out = 0;
	if (c->len - c->at < bytes)
		return false;
	for (unsigned i = 0; i < bytes; i++)
		*out |= (uint32_t)c->code[c->at + i] << 8 * i;
	c->at += bytes;
	return true;
}

static void take_prefix(struct cursor *c, struct insn16 *in, uint8_t byte)
{
	c->wide |= byte == 0x66;
	c->wide_address |= byte == 0x67;
	in->cs_relative |= byte == 0x2e;
	in->lock |= byte == 0xf0;
	c->at++;
}

/* 32-bit addressing: mod 00 rm 101 is disp32, rm 100 has a SIB byte (SDM vol. 2, table 2-2). */
static bool operand32(struct cursor *c, struct insn16 *in, unsigned mod, unsigned rm)
{
	uint32_t sib = 0;

	if (rm == 4 && !take(c, 1, &sib))
		return false;
	in->absolute = mod == 0 && (rm == 5 || (rm == 4 && sib == 0x25));
	if (mod == 1)
		return take(c, 1, &in->disp);
	if (mod == 2 || rm == 5 || (rm == 4 && (sib & 7) == 5))
		return take(c, 4, &in->disp);
	return true;
}

/* 16-bit addressing: mod 00 rm 110 is disp16 (table 2-1). */
static bool operand16(struct cursor *c, struct insn16 *in, unsigned mod, unsigned rm)
{
	in->absolute = mod == 0 && rm == 6;
	if (mod == 1)
		return take(c, 1, &in->disp);
	return mod == 2 || in->absolute ? take(c, 2, &in->disp) : true;
}

static bool take_modrm(struct cursor *c, struct insn16 *in)
{
	uint32_t modrm;

	if (!take(c, 1, &modrm))
		return false;
	in->reg = modrm >> 3 & 7;
	in->memory = modrm < 0xc0;
	if (!in->memory)
		return true;
	return c->wide_address ? operand32(c, in, modrm >> 6, modrm & 7) :
				 operand16(c, in, modrm >> 6, modrm & 7);
}

static bool take_relative(struct cursor *c, struct insn16 *in, unsigned bytes)
{
	uint32_t raw;

	if (!take(c, bytes, &raw))
		return false;
	in->relative = true;
	in->target = (int64_t)c->at + (bytes == 1 ? (int8_t)raw : bytes == 2 ? (int16_t)raw : (int32_t)raw);
	return true;
}

static bool take_rest(struct cursor *c, struct insn16 *in, char form)
{
	unsigned size = c->wide ? 4 : 2;
	uint32_t selector;

	switch (form) {
	case '.': return true;
	case 'm': return take_modrm(c, in);
	case 'b': return take(c, 1, &in->imm);
	case 'w': return take(c, 2, &in->imm);
	case 'z': return take(c, size, &in->imm);
	case 'B': return take_modrm(c, in) && take(c, 1, &in->imm);
	case 'Z': return take_modrm(c, in) && take(c, size, &in->imm);
	case 't': return take_modrm(c, in) && (in->reg > 1 || take(c, 1, &in->imm));
	case 'T': return take_modrm(c, in) && (in->reg > 1 || take(c, size, &in->imm));
	case 'r': return take_relative(c, in, 1);
	case 'R': return take_relative(c, in, size);
	case 'f': return take(c, size, &in->imm) && take(c, 2, &selector);
	case 'o':
		in->memory = in->absolute = true;
		return take(c, c->wide_address ? 4 : 2, &in->disp);
	}
	return false;
}

bool insn16_decode(struct insn16 *in, const uint8_t *code, size_t len)
{
	struct cursor c = { .code = code, .len = len < 15 ? len : 15 };
	char form;

	_Static_assert(sizeof(one_byte) == 257 && sizeof(two_byte) == 257, "one letter for each opcode");
	memset(in, 0, sizeof(*in));
	while (c.at < c.len && one_byte[code[c.at]] == 'p')
		take_prefix(&c, in, code[c.at]);
	if (c.at == c.len)
		return false;
	in->opcode = code[c.at++];
	form = one_byte[in->opcode];
	if (form == 'x') {
		if (c.at == c.len)
			return false;
		in->opcode = 0x0f00u | code[c.at];
		form = two_byte[code[c.at++]];
	}
	in->wide = c.wide;
	if (!take_rest(&c, in, form))
		return false;
	in->len = (unsigned)c.at;
	return true;
}
