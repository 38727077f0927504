/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gdb-handler.h"

#include <string.h>

static uint32_t le16(const uint8_t *p)
{
	return (uint32_t)(p[0] | p[1] << 8);
}

unsigned handler_find_rsms(const uint8_t *code, size_t len, uint64_t linear, uint64_t *out, unsigned max)
{
	unsigned n = 0;

	for (size_t i = 0; i + 1 < len && n < max; i++)
		if (code[i] == 0x0f && code[i + 1] == 0xaa)
			out[n++] = linear + i;
	return n;
}

/* 16-bit instructions that may stand before the first read or jump; all leave memory alone. */
static const struct plain {
	uint8_t mask, opcode;
	uint8_t len;
} plain[] = {
	{ 0xf8, 0xb8, 3 }, /* mov r16, imm16 */
	{ 0xff, 0xfa, 1 }, /* cli */
	{ 0xff, 0xfc, 1 }, /* cld */
	{ 0xff, 0x90, 1 }, /* nop */
};

/* CS-relative reads from a constant offset. */
static const struct cs_read {
	uint8_t bytes[4];
	uint8_t n;    /* opcode bytes before disp16 */
	uint8_t size; /* bytes read */
} cs_read[] = {
	{ { 0x2e, 0xa1 }, 2, 2 },             /* mov ax, [cs:disp16] */
	{ { 0x2e, 0x66, 0xa1 }, 3, 4 },       /* mov eax, [cs:disp16] */
	{ { 0x66, 0x2e, 0xa1 }, 3, 4 },
	{ { 0x2e, 0x66, 0x8b, 0x2e }, 4, 4 }, /* mov ebp, [cs:disp16] */
	{ { 0x66, 0x2e, 0x8b, 0x2e }, 4, 4 },
};

static bool find_cs_read(struct handler *h, const uint8_t *code, size_t len, size_t at)
{
	for (size_t k = 0; k < sizeof(cs_read) / sizeof(cs_read[0]); k++) {
		const struct cs_read *c = &cs_read[k];

		if (at + c->n + 2u > len || memcmp(code + at, c->bytes, c->n))
			continue;
		h->has_entry_read = true;
		h->entry_read = h->smbase + le16(code + at + c->n);
		h->entry_read_len = c->size;
		h->entry_read_next = (uint32_t)(0x8000 + at + c->n + 2u);
		return true;
	}
	return false;
}

static size_t plain_length(const uint8_t *code, size_t len)
{
	if (len >= 2 && code[0] == 0x8c && code[1] >= 0xc0)
		return 2; /* mov r16, sreg */
	for (size_t k = 0; k < sizeof(plain) / sizeof(plain[0]); k++)
		if (len && (code[0] & plain[k].mask) == plain[k].opcode)
			return plain[k].len;
	return 0;
}

static void find_entry_read(struct handler *h, const uint8_t *code, size_t len)
{
	for (size_t at = 0; at < 16 && at < len;) {
		size_t skip;

		if (find_cs_read(h, code, len, at))
			return;
		skip = plain_length(code + at, len - at);
		if (!skip)
			return;
		at += skip;
	}
}

/* The last fxrstor64 [rsp] before the only rsm: its slot is read once an SMI, just before the end. */
static void find_exit_insn(struct handler *h, const uint8_t *code)
{
	static const uint8_t fxrstor64[] = { 0x48, 0x0f, 0xae, 0x0c, 0x24 };
	size_t end = (size_t)(h->rsm[0] - (h->smbase + 0x8000));

	for (size_t i = end; i-- > 0;) {
		if (i + sizeof(fxrstor64) > end || memcmp(code + i, fxrstor64, sizeof(fxrstor64)))
			continue;
		h->has_exit_insn = true;
		h->exit_insn = h->smbase + 0x8000 + i;
		h->exit_next = h->exit_insn + sizeof(fxrstor64);
		return;
	}
}

void handler_learn(struct handler *h, uint64_t smbase, const uint8_t *code, size_t len)
{
	memset(h, 0, sizeof(*h));
	h->smbase = smbase;
	h->rsms = handler_find_rsms(code, len, smbase + 0x8000, h->rsm, HANDLER_MAX_RSMS);
	find_entry_read(h, code, len);
	if (h->rsms == 1)
		find_exit_insn(h, code);
}

enum handler_jump handler_jump(const uint8_t *code, size_t len, uint64_t smbase, uint64_t *where)
{
	static const uint8_t load[] = { 0x2e, 0x66, 0x8b, 0x2e };
	static const uint8_t jump[] = { 0x66, 0xff, 0xe5 };
	size_t at = 0, skip;

	while (at < 16 && at < len && (skip = plain_length(code + at, len - at)) > 0)
		at += skip; /* SeaBIOS: mov ax, cs */
	if (at + 5 <= len && code[at] == 0xea) {
		*where = ((uint64_t)le16(code + at + 3) << 4) + le16(code + at + 1);
		return JUMP_FAR;
	}
	if (len >= 16 && !memcmp(code, load, sizeof(load)) && !memcmp(code + 13, jump, sizeof(jump))) {
		*where = smbase + le16(code + 4);
		return JUMP_POINTER;
	}
	return JUMP_NONE;
}
