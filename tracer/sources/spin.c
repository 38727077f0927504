/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "spin.h"

/* A loop as offsets into the code: [from, back], where back is its backward jump. */
struct loop {
	size_t from, back;
};

static int32_t le32(const uint8_t *p)
{
	return (int32_t)((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
}

static bool is_short_jump(uint8_t opcode)
{
	return opcode == 0xeb || (opcode & 0xf0) == 0x70;
}

static bool has_pause(const uint8_t *code, size_t from, size_t to)
{
	for (size_t i = from; i + 1 < to; i++)
		if (code[i] == 0xf3 && code[i + 1] == 0x90)
			return true;
	return false;
}

/* The backward short jump whose loop holds @at and a pause. */
static bool find_loop(struct loop *l, const uint8_t *code, size_t len, size_t at)
{
	for (size_t i = 0; i + 1 < len; i++) {
		long target = (long)i + 2 + (int8_t)code[i + 1];

		if (!is_short_jump(code[i]) || target < 0 || target > (long)at || i < at ||
		    !has_pause(code, (size_t)target, i))
			continue;
		*l = (struct loop){ (size_t)target, i };
		return true;
	}
	return false;
}

/* Opcodes with a ModRM memory operand that is read: mov, cmp, test; b6 is movzx, behind 0f. */
static const struct load {
	uint8_t opcode;
	uint8_t size; /* without REX.W */
} loads[] = {
	{ 0x8a, 1 }, { 0x8b, 4 }, { 0x80, 1 }, { 0x83, 4 }, { 0x81, 4 },
	{ 0x38, 1 }, { 0x39, 4 }, { 0x3a, 1 }, { 0x3b, 4 }, { 0xf6, 1 }, { 0x84, 1 }, { 0x85, 4 },
	{ 0xb6, 1 },
};

static unsigned load_size(const uint8_t *code, size_t at)
{
	uint8_t opcode = code[at];

	if ((opcode == 0xb6) != (at > 0 && code[at - 1] == 0x0f))
		return 0;
	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
		if (loads[i].opcode == opcode)
			return loads[i].size;
	return 0;
}

/* Bytes of immediate behind the operand, which RIP-relative addresses count from. */
static unsigned immediate(uint8_t opcode)
{
	return opcode == 0x80 || opcode == 0x83 || opcode == 0xf6 ? 1 : opcode == 0x81 ? 4 : 0;
}

/*
 * mod=00 rm=101: disp32, in 64-bit code RIP + disp32; mod=00 rm=100 with SIB 25h: disp32 alone
 * (SDM vol. 2, 2.2.1.6).
 */
static bool constant_operand(struct spin *s, const uint8_t *p, size_t room, uint64_t linear, bool code64)
{
	uint8_t opcode = p[0];

	if (room < 7)
		return false;
	if ((p[1] & 0xc7) == 0x05) {
		s->addr = code64 ? linear + 6 + immediate(opcode) + (uint64_t)(int64_t)le32(p + 2)
				 : (uint32_t)le32(p + 2);
		return true;
	}
	if ((p[1] & 0xc7) == 0x04 && p[2] == 0x25) {
		s->addr = code64 ? (uint64_t)(int64_t)le32(p + 3) : (uint32_t)le32(p + 3);
		return true;
	}
	return false;
}

/* mov al, [disp32]; mov eax, [disp32]: in 64-bit code their address has eight bytes, and nobody uses them. */
static bool accumulator_load(struct spin *s, const uint8_t *p, size_t room)
{
	if ((p[0] != 0xa0 && p[0] != 0xa1) || room < 5)
		return false;
	s->size = p[0] == 0xa0 ? 1 : 4;
	s->addr = (uint32_t)le32(p + 1);
	return true;
}

static bool reads_into_register(uint8_t opcode)
{
	return opcode == 0x8a || opcode == 0x8b || opcode == 0xb6;
}

/* [reg], [reg + disp8], [reg + disp32]; rm=100 is a SIB byte, mod=00 rm=101 no register. @rex 0 = no prefix. */
static bool register_operand(struct spin *s, const uint8_t *p, size_t room, uint8_t rex, const uint64_t *gpr)
{
	unsigned mod = p[1] >> 6, base = (p[1] & 7u) | (rex & 1u) << 3, into = (p[1] >> 3 & 7u) | (rex & 4u) << 1;

	if (!gpr || room < 6 || mod == 3 || (p[1] & 7) == 4 || (mod == 0 && (p[1] & 7) == 5) ||
	    (reads_into_register(p[0]) && into == base))
		return false;
	s->addr = gpr[base];
	if (mod == 1)
		s->addr += (uint64_t)(int64_t)(int8_t)p[2];
	if (mod == 2)
		s->addr += (uint64_t)(int64_t)le32(p + 2);
	return true;
}

/* The load that a loop begins with, or its pause precedes: only there it is sure that an instruction begins. */
static bool first_load(struct spin *s, const struct loop *l, const uint8_t *code, size_t len, size_t at,
		       const struct spin_cpu *cpu)
{
	size_t first = l->from + (has_pause(code, l->from, l->from + 2) ? 2 : 0);
	uint8_t rex = cpu->code64 && (code[first] & 0xf0) == 0x40 ? code[first] : 0;

	if (!cpu->code64 && at == first && accumulator_load(s, code + at, len - at))
		return true;
	at -= at > first && code[at] == 0xb6;
	if (at != first + (rex != 0))
		return false;
	at += code[at] == 0x0f;
	return s->size && register_operand(s, code + at, len - at, rex, cpu->gpr);
}

bool spin_find(struct spin *s, const uint8_t *code, size_t len, uint64_t linear, uint64_t rip,
	       const struct spin_cpu *cpu)
{
	struct loop l;

	if (rip < linear || rip >= linear + len || !find_loop(&l, code, len, (size_t)(rip - linear)))
		return false;
	for (size_t i = l.from; i < l.back; i++) {
		s->size = load_size(code, i);
		if (!(s->size && constant_operand(s, code + i, len - i, linear + i, cpu->code64)) &&
		    !first_load(s, &l, code, len, i, cpu))
			continue;
		if (!cpu->code64)
			s->addr = (uint32_t)s->addr;
		else if (i > 0 && (code[i - 1] & 0xf8) == 0x48 && s->size == 4)
			s->size = 8;
		return true;
	}
	return false;
}
