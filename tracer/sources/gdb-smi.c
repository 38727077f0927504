/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What one CPU does in SMM: entry, SMBASE write, RSM; and what is learnt about its handlers on the way. */
#include "gdb-internal.h"

#include <string.h>

#define DEFAULT_ENTRY (SMBASE_DEFAULT + 0x8000u)
#define SCAN_BEHIND_WRITE 0x800u

uint64_t gdb_smi_pc(const struct gcpu *c, const struct regs *r)
{
	if (r->cr0 & 1)
		return r->rip;
	if (c->in_smm && smbase_selector(c->cur) == r->cs)
		return c->cur + r->rip;
	return ((uint64_t)r->cs << 4) + r->rip;
}

static int read_tail(struct stop_ctx *s, uint64_t base, struct error *err)
{
	if (s->has_tail && s->tail_base == base)
		return 0;
	s->has_tail = true;
	s->tail_base = base;
	return rsp_read_memory(s->g->rsp, base + SMM_STATE_OFFSET, s->g->tail, sizeof(s->g->tail), err);
}

static void put_entry(struct stop_ctx *s, uint64_t base, enum event_origin origin)
{
	static const struct {
		enum smm_field from;
		unsigned to;
	} copy[] = {
		{ SMM_RIP, SMI_ENTER_RIP }, { SMM_CS, SMI_ENTER_CS }, { SMM_CR0, SMI_ENTER_CR0 },
		{ SMM_CR3, SMI_ENTER_CR3 }, { SMM_EFER, SMI_ENTER_EFER }, { SMM_RAX, SMI_ENTER_RAX },
		{ SMM_RDX, SMI_ENTER_RDX },
	};
	struct event ev = event_new(EV_SMI_ENTER, SRC_GDB, s->c->index, s->ts);
	const uint8_t *tail = s->has_tail && s->tail_base == base ? s->g->tail : NULL;
	struct smm_state saved;

	ev.origin = (uint8_t)origin;
	event_set(&ev, SMI_ENTER_SMBASE, base);
	if (tail && !smm_state_decode(tail, sizeof(s->g->tail), &saved))
		for (size_t i = 0; i < sizeof(copy) / sizeof(copy[0]); i++)
			if (smm_state_has(&saved, copy[i].from))
				event_set(&ev, copy[i].to, saved.value[copy[i].from]);
	gdb_put_entry(s->g, ev, tail);
}

/* Read code in pieces the stub takes; what cannot be read stays zero. */
static void read_code(struct gdb *g, uint64_t addr, uint8_t *code, size_t len)
{
	memset(code, 0, len);
	rsp_read_memory(g->rsp, addr, code, len, NULL);
}

static void add_reloc_rsms(struct gdb *g, struct gcpu *c, uint64_t addr, size_t len)
{
	uint8_t code[HANDLER_BYTES];

	read_code(g, addr, code, len);
	c->reloc_rsms += handler_find_rsms(code, len, addr, c->reloc_rsm + c->reloc_rsms,
					   RELOC_RSMS - c->reloc_rsms);
}

/* Where may the handler at the default base leave? Inline, or where its first jump goes. */
static void learn_default_handler(struct gdb *g, struct gcpu *c)
{
	uint8_t code[0x100];
	uint64_t where;
	uint32_t target;

	c->reloc_rsms = 0;
	add_reloc_rsms(g, c, DEFAULT_ENTRY, sizeof(code));
	read_code(g, DEFAULT_ENTRY, code, sizeof(code));
	switch (handler_jump(code, sizeof(code), SMBASE_DEFAULT, &where)) {
	case JUMP_FAR:
		add_reloc_rsms(g, c, where, 0x200);
		break;
	case JUMP_POINTER:
		read_code(g, where, code, 4);
		target = (uint32_t)(code[0] | code[1] << 8 | code[2] << 16) | (uint32_t)code[3] << 24;
		add_reloc_rsms(g, c, target, 0x200);
		break;
	case JUMP_NONE:
		break;
	}
}

void gdb_smi_learn(struct gdb *g, struct gcpu *c)
{
	uint8_t code[HANDLER_BYTES];
	uint64_t where;

	read_code(g, c->base + 0x8000, code, sizeof(code));
	handler_learn(&c->h, c->base, code, sizeof(code));
	if (!c->h.rsms && handler_jump(code, sizeof(code), c->base, &where) == JUMP_FAR) {
		read_code(g, where, code, 0x200);
		c->h.rsms = handler_find_rsms(code, 0x200, where, c->h.rsm, HANDLER_MAX_RSMS);
	}
	c->mode = CAP_LEARN;
	c->exit_learnt = false;
	c->missed = 0;
}

static void forget_found(struct gdb *g, uint64_t base)
{
	for (int i = 0; i < g->nfound; i++)
		if (g->found[i] == base)
			g->found[i--] = g->found[--g->nfound];
}

/* The SMBASE that a scan promised, or none did, is proven by this entry. */
static void prove_base(struct stop_ctx *s, uint64_t base)
{
	struct gcpu *c = s->c;

	if (c->base == base && !c->base_assumed)
		return;
	if (c->base != base) {
		struct event ev = event_new(EV_SMBASE_FOUND, SRC_GDB, c->index, s->ts);

		event_set(&ev, SMBASE_FOUND_SMBASE, base);
		event_set(&ev, SMBASE_FOUND_VIA, VIA_NEXT);
		gdb_put(s->g, ev);
	}
	for (int i = 0; i < s->g->cpus; i++) /* a wrong guess gives its base back */
		if (&s->g->cpu[i] != c && s->g->cpu[i].base == base && s->g->cpu[i].base_assumed)
			s->g->cpu[i].base = c->base;
	c->base = base;
	c->base_assumed = false;
	forget_found(s->g, base);
}

static void end_blindness(struct stop_ctx *s)
{
	if (!s->c->blind_since)
		return;
	gdb_put_blind(s->g, SRC_GDB, s->c->index, s->c->blind_since, s->ts, WHY_NO_SMBASE);
	s->c->blind_since = 0;
}

int gdb_smi_enter(struct stop_ctx *s, uint64_t base, enum event_origin origin, struct error *err)
{
	struct gcpu *c = s->c;
	struct smm_state saved;

	if (read_tail(s, base, err) < 0)
		return -1;
	end_blindness(s);
	if (base == SMBASE_DEFAULT) {
		gdb_code_entered(s->g, s->ts);
		if (!smm_state_decode(s->g->tail, sizeof(s->g->tail), &saved))
			c->slot = saved.slot;
		learn_default_handler(s->g, c);
	} else {
		prove_base(s, base);
		if (c->h.smbase != base)
			gdb_smi_learn(s->g, c);
	}
	put_entry(s, base, origin);
	c->cur = base;
	c->pending = SMBASE_UNKNOWN;
	c->passed = false;
	gdb_set_in_smm(s->g, c, true);
	return 0;
}

static void advance_capture(struct gdb *g, struct gcpu *c)
{
	if (c->mode == CAP_LEARN)
		c->mode = c->h.has_entry_read && c->h.has_exit_insn && !g->args.breakpoints_only ? CAP_PROBE
												   : CAP_TOGGLE;
	else if (c->mode == CAP_PROBE)
		c->mode = c->exit_learnt ? CAP_WATCH : CAP_TOGGLE;
}

void gdb_smi_leave(struct stop_ctx *s, uint64_t rsm, enum event_via via)
{
	struct gcpu *c = s->c;
	struct event ev = event_new(EV_SMI_LEAVE, SRC_GDB, c->index, s->ts);

	event_set(&ev, SMI_LEAVE_SMBASE, c->cur);
	event_set(&ev, SMI_LEAVE_RIP, rsm);
	event_set(&ev, SMI_LEAVE_VIA, via);
	gdb_put(s->g, ev);
	if (c->cur == SMBASE_DEFAULT) {
		c->base = c->pending != SMBASE_UNKNOWN && c->pending != SMBASE_DEFAULT ? c->pending : c->base;
		c->base_assumed = false;
		c->mode = CAP_LEARN;
		c->h.smbase = SMBASE_UNKNOWN;
	} else if (via == VIA_BREAKPOINT) {
		advance_capture(s->g, c);
	}
	c->pending = SMBASE_UNKNOWN;
	gdb_set_in_smm(s->g, c, false);
}

bool gdb_smi_is_rsm(const struct gcpu *c, uint64_t lin)
{
	const uint64_t *rsm = c->cur == SMBASE_DEFAULT ? c->reloc_rsm : c->h.rsm;
	unsigned n = c->cur == SMBASE_DEFAULT ? c->reloc_rsms : c->h.rsms;

	for (unsigned i = 0; i < n; i++)
		if (rsm[i] == lin)
			return true;
	return false;
}

/* The code may have changed since the CPU's entry, if that was told at another CPU's stop: so it is read again. */
bool gdb_smi_begins_with_rsm(struct gdb *g, const struct gcpu *c, uint64_t lin)
{
	uint8_t code[2];

	if (c->cur != SMBASE_DEFAULT || lin != DEFAULT_ENTRY || g->handoff.watch.first.code == CODE_GATE)
		return false;
	read_code(g, lin, code, sizeof(code));
	return code[0] == 0x0f && code[1] == 0xaa;
}

/*
 * Has the CPU left SMM without our seeing it? Asked only when the slot is written
 * once more in one SMI: that is rare, and the monitor's answer is long.
 */
static bool left_unseen(struct stop_ctx *s)
{
	struct monitor_regs seen[EVENT_MAX_CPUS];
	int n;

	if (s->c->pending == SMBASE_UNKNOWN)
		return false;
	n = gdb_cpus_look(s->g, seen, EVENT_MAX_CPUS, NULL);
	for (int i = 0; i < n; i++)
		if (seen[i].cpu == s->c->index)
			return !seen[i].in_smm;
	return false;
}

/* In 16-bit code that only an SMI at the default SMBASE runs: its entry was not seen. */
static bool in_default_handler(const struct regs *r)
{
	return !(r->cr0 & 1) && r->cs == smbase_selector(SMBASE_DEFAULT) && r->rip > 0x8000 && r->rip < 0x9000;
}

/* The slot at the default base, by a CPU in SMM elsewhere: while a new CPU waits, that is for it. */
static bool writes_for_another(const struct stop_ctx *s)
{
	const struct gcpu *c = s->c;

	return c->in_smm && c->cur != SMBASE_DEFAULT && gdb_handoff_busy(s->g) &&
	       s->stop->watch_addr == SMBASE_DEFAULT + SMM_SLOT_AMD64;
}

static int put_slot_write(struct stop_ctx *s, uint64_t old, uint64_t *now, struct error *err)
{
	struct event ev = event_new(EV_SMBASE_WRITE, SRC_GDB, s->c->index, s->ts);
	uint8_t raw[4];

	if (rsp_read_memory(s->g->rsp, s->stop->watch_addr, raw, sizeof(raw), err) < 0)
		return -1;
	*now = (uint32_t)(raw[0] | raw[1] << 8 | raw[2] << 16) | (uint32_t)raw[3] << 24;
	event_set(&ev, SMBASE_WRITE_OLD, old);
	event_set(&ev, SMBASE_WRITE_NEW, *now);
	event_set(&ev, SMBASE_WRITE_RIP, gdb_smi_pc(s->c, &s->regs));
	gdb_put(s->g, ev);
	return 0;
}

int gdb_smi_slot_written(struct stop_ctx *s, struct error *err)
{
	struct gcpu *c = s->c;
	uint64_t now;

	if (!c->in_smm && in_default_handler(&s->regs) && gdb_smi_enter(s, SMBASE_DEFAULT, ORIGIN_INFERRED, err) < 0)
		return -1;
	if (writes_for_another(s))
		return put_slot_write(s, SMBASE_DEFAULT, &now, err);
	if (!c->in_smm || c->cur != SMBASE_DEFAULT || left_unseen(s))
		return 0; /* not a relocation: firmware gives back the memory it had borrowed */
	if (put_slot_write(s, c->pending == SMBASE_UNKNOWN ? SMBASE_DEFAULT : c->pending, &c->pending, err) < 0)
		return -1;
	if (c->reloc_rsms < RELOC_RSMS)
		add_reloc_rsms(s->g, c, gdb_smi_pc(c, &s->regs), SCAN_BEHIND_WRITE);
	return 0;
}
