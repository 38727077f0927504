/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "first-smi.h"

#include <string.h>

#include "gdb-handler.h"
#include "insn16.h"
#include "smm-state.h"

enum {
	OP_MOV_TO_MEMORY = 0x89, OP_MOV_FROM_MEMORY = 0x8b, OP_LOAD_EAX = 0xa1, OP_STORE_EAX = 0xa3,
	OP_MOV_EBX_IMM = 0xbb, OP_SET_BYTE = 0xc6, OP_JZ = 0x74, OP_JMP = 0xeb, OP_HLT = 0xf4, OP_CLI = 0xfa,
	OP_RSM = 0x0faa, OP_CMPXCHG8B = 0x0fc7,
};

/* The walk over a handler, from its first byte on. */
struct walk {
	struct first_smi *f;
	uint64_t smbase;
	const uint8_t *code;
	size_t len, at;
	struct insn16 in;
	bool knows_slot;     /* the address of an SMBASE slot was taken */
	bool writes_slot;
	bool plain;          /* so far nothing but registers */
	uint64_t loaded;     /* the last word loaded from a constant address */
};

static uint64_t linear(const struct walk *w, uint32_t offset)
{
	return w->in.cs_relative ? w->smbase + offset : offset;
}

static bool next(struct walk *w)
{
	return insn16_decode(&w->in, w->code + w->at, w->len - w->at);
}

static bool is_slot(const struct walk *w, uint64_t addr)
{
	return addr == w->smbase + SMM_SLOT_AMD64 || addr == w->smbase + SMM_SLOT_I386;
}

/* lock cmpxchg8b [gate]; jz pass; pause; jmp loop */
static void take_gate(struct walk *w)
{
	uint64_t gate = linear(w, w->in.disp), back = 0, pass = 0;
	size_t at = w->at + w->in.len;
	struct insn16 in;

	for (int i = 0; i < 4 && at < w->len && insn16_decode(&in, w->code + at, w->len - at); i++) {
		int64_t target = (int64_t)at + in.target;

		if (in.opcode == OP_JZ && target > (int64_t)at)
			pass = w->smbase + SMM_ENTRY_OFFSET + (uint64_t)target;
		if (in.opcode == OP_JMP && target >= 0 && target <= (int64_t)w->at)
			back = w->smbase + SMM_ENTRY_OFFSET + (uint64_t)target;
		at += in.len;
	}
	if (!pass || !back)
		return;
	w->f->gate = gate;
	w->f->pass = pass;
	w->f->loop = back;
}

static void take_store(struct walk *w)
{
	bool slot = w->in.absolute ? is_slot(w, linear(w, w->in.disp)) : w->knows_slot;

	if (!slot || w->writes_slot)
		return;
	w->writes_slot = true;
	w->f->new_smbase = w->loaded;
	w->f->write = w->smbase + SMM_ENTRY_OFFSET + w->at;
}

static void take(struct walk *w)
{
	const struct insn16 *in = &w->in;

	if (in->opcode == OP_MOV_EBX_IMM || (in->opcode >= 0xb8 && in->opcode <= 0xbf))
		w->knows_slot |= is_slot(w, in->imm);
	if (in->opcode == OP_CMPXCHG8B && in->lock && in->absolute && in->reg == 1 && !w->f->gate)
		take_gate(w);
	else if ((in->opcode == OP_LOAD_EAX || in->opcode == OP_MOV_FROM_MEMORY) && in->absolute)
		w->loaded = linear(w, in->disp);
	else if (in->opcode == OP_STORE_EAX || (in->opcode == OP_MOV_TO_MEMORY && in->memory))
		take_store(w);
	else if (in->opcode == OP_SET_BYTE && in->absolute && in->imm == 1)
		w->f->about = linear(w, in->disp);
	w->plain &= !in->memory && !in->relative;
}

static enum handler_code class_of(const struct walk *w)
{
	if (!w->f->rsm)
		return CODE_UNKNOWN;
	if (w->writes_slot)
		return w->f->gate ? CODE_GATE : CODE_RELOCATE;
	return w->plain ? CODE_NOP : CODE_UNKNOWN;
}

static void walk(struct walk *w)
{
	for (; w->at < w->len && next(w); w->at += w->in.len) {
		if (w->in.opcode == OP_RSM) {
			w->f->rsm = w->smbase + SMM_ENTRY_OFFSET + w->at;
			w->f->size = (unsigned)(w->at + w->in.len);
			return;
		}
		take(w);
	}
}

static unsigned used(const uint8_t *code, size_t len)
{
	while (len && !code[len - 1])
		len--;
	return (unsigned)len;
}

/* http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint32_t fnv1a(const uint8_t *p, size_t len)
{
	uint32_t sum = 2166136261u;

	while (len--)
		sum = (sum ^ *p++) * 16777619u;
	return sum;
}

/* Addresses that belong to no handler of this class are not told. */
static void keep_what_fits(struct first_smi *f)
{
	if (f->code != CODE_GATE)
		f->gate = f->loop = f->pass = 0;
	if (f->code != CODE_GATE && f->code != CODE_RELOCATE)
		f->new_smbase = f->write = f->about = 0;
	if (f->code == CODE_UNKNOWN || f->code == CODE_TEMPLATE)
		f->rsm = 0;
}

void first_smi_decode(struct first_smi *f, uint64_t smbase, const uint8_t *code, size_t len)
{
	struct walk w = { .f = f, .smbase = smbase, .code = code, .len = len, .plain = true };
	uint64_t where;

	memset(f, 0, sizeof(*f));
	if (!used(code, len)) {
		f->code = CODE_ZERO;
	} else if (handler_jump(code, len, smbase, &where) != JUMP_NONE) {
		f->code = CODE_TEMPLATE;
	} else {
		walk(&w);
		f->whole = f->rsm != 0;
		f->code = class_of(&w);
	}
	keep_what_fits(f);
	if (!f->rsm)
		f->size = used(code, len);
	f->sum = fnv1a(code, f->size);
}

bool first_smi_is_pen(const uint8_t *code, size_t len)
{
	bool flag = false, cli = false;
	struct insn16 in;

	for (size_t at = 0; at < len && insn16_decode(&in, code + at, len - at); at += in.len) {
		flag |= in.opcode == OP_SET_BYTE && in.absolute && in.disp == PEN_FLAG && in.imm == 1;
		if (in.opcode == OP_HLT)
			return flag && cli;
		cli = in.opcode == OP_CLI;
	}
	return false;
}
