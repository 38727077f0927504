/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gdb-internal.h"

#include <string.h>

#define DEFAULT_ENTRY (DEFAULT_BASE + 0x8000u)
#define MISSES_ALLOWED 2 /* then watchpoints are given up for that CPU */
#define ENTRY_STRETCH 0x80u /* the 16-bit part of a handler; its end is a far jump */
#define SCAN_BEHIND_WRITE 0x800u
#define STEP_TRIES 3     /* 1 of 2004 steps of QEMU 7.2 comes back without having moved */

/* What one stop is about; lives for that stop. */
struct stop_ctx {
	struct gdb *g;
	const struct rsp_stop *stop;
	int64_t ts;
	struct gcpu *c;
	struct regs regs;
	bool has_tail;     /* g->tail holds the save state at tail_base */
	uint64_t tail_base;
};

static uint64_t linear_pc(const struct gcpu *c, const struct regs *r)
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

/* ---- wanted points ---- */

static void want_default_smi(struct gdb *g, const struct gcpu *c)
{
	points_want(&g->points, RSP_WRITE_WATCH, DEFAULT_BASE + c->slot, 4);
	/* not before the slot was written: 16-bit code beyond 64 KiB derails in a page with a breakpoint */
	for (unsigned i = 0; i < c->reloc_rsms && c->pending != NO_BASE; i++)
		points_want(&g->points, RSP_SW_BREAK, c->reloc_rsm[i], 1);
}

static void want_own_smi(struct gdb *g, const struct gcpu *c)
{
	bool inside = c->in_smm;

	if (c->mode == CAP_WATCH) {
		points_want(&g->points, RSP_READ_WATCH, c->h.entry_read, c->h.entry_read_len);
		points_want(&g->points, RSP_READ_WATCH, c->exit_slot, 8);
		return;
	}
	if (!inside || c->mode == CAP_LEARN)
		points_want(&g->points, RSP_SW_BREAK, c->base + 0x8000, 1);
	for (unsigned i = 0; inside && i < c->h.rsms; i++)
		points_want(&g->points, RSP_SW_BREAK, c->h.rsm[i], 1);
	if (inside && c->mode == CAP_PROBE && !c->exit_learnt)
		points_want(&g->points, RSP_SW_BREAK, c->h.exit_insn, 1);
}

void gdb_capture_want(struct gdb *g)
{
	points_begin(&g->points);
	points_want(&g->points, RSP_SW_BREAK, DEFAULT_ENTRY, 1);
	for (int i = 0; i < g->nfound; i++)
		points_want(&g->points, RSP_SW_BREAK, g->found[i] + 0x8000, 1);
	for (int i = 0; i < g->cpus; i++) {
		const struct gcpu *c = &g->cpu[i];

		if (!c->present)
			continue;
		if (c->in_smm && c->cur == DEFAULT_BASE)
			want_default_smi(g, c);
		if (c->base != NO_BASE)
			want_own_smi(g, c);
	}
}

/* ---- SMI entry ---- */

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
	struct smm_state saved;

	ev.origin = (uint8_t)origin;
	event_set(&ev, SMI_ENTER_SMBASE, base);
	if (s->has_tail && s->tail_base == base && !smm_state_decode(s->g->tail, sizeof(s->g->tail), &saved))
		for (size_t i = 0; i < sizeof(copy) / sizeof(copy[0]); i++)
			if (smm_state_has(&saved, copy[i].from))
				event_set(&ev, copy[i].to, saved.value[copy[i].from]);
	gdb_put(s->g, ev);
}

/* Read code in pieces the stub takes; what cannot be read stays zero. */
static void read_code(struct gdb *g, uint64_t addr, uint8_t *code, size_t len)
{
	memset(code, 0, len);
	rsp_read_memory(g->rsp, addr, code, len, NULL);
}

static void add_reloc_rsms(struct gdb *g, struct gcpu *c, uint64_t addr, size_t len)
{
	uint8_t code[HANDLER_CODE];

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
	switch (handler_jump(code, sizeof(code), DEFAULT_BASE, &where)) {
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

static void learn_own_handler(struct gdb *g, struct gcpu *c)
{
	uint8_t code[HANDLER_CODE];
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
	struct event ev = event_new(EV_BLIND, SRC_GDB, s->c->index, s->c->blind_since);

	if (!s->c->blind_since)
		return;
	event_set(&ev, BLIND_UNTIL, (uint64_t)s->ts);
	event_set(&ev, BLIND_WHY, WHY_NO_SMBASE);
	gdb_put(s->g, ev);
	s->c->blind_since = 0;
}

static int enter(struct stop_ctx *s, uint64_t base, enum event_origin origin, struct error *err)
{
	struct gcpu *c = s->c;
	struct smm_state saved;

	if (read_tail(s, base, err) < 0)
		return -1;
	end_blindness(s);
	if (base == DEFAULT_BASE) {
		if (!smm_state_decode(s->g->tail, sizeof(s->g->tail), &saved))
			c->slot = saved.slot;
		learn_default_handler(s->g, c);
	} else {
		prove_base(s, base);
		if (c->h.smbase != base)
			learn_own_handler(s->g, c);
	}
	put_entry(s, base, origin);
	c->cur = base;
	c->pending = NO_BASE;
	gdb_set_in_smm(s->g, c, true);
	return 0;
}

/* Which SMBASE does this entry belong to? CS.selector holds bits 19:4 of it. */
static uint64_t base_of_entry(const struct stop_ctx *s)
{
	const struct gdb *g = s->g;
	uint64_t base = NO_BASE;
	int hits = 0;

	if (s->c->base != NO_BASE && smbase_selector(s->c->base) == s->regs.cs)
		return s->c->base;
	if (s->regs.cs == smbase_selector(DEFAULT_BASE))
		return DEFAULT_BASE;
	for (int i = 0; i < g->nfound; i++)
		if (smbase_selector(g->found[i]) == s->regs.cs) {
			base = g->found[i];
			hits++;
		}
	for (int i = 0; i < g->cpus; i++)
		if (g->cpu[i].base_assumed && g->cpu[i].base != NO_BASE &&
		    smbase_selector(g->cpu[i].base) == s->regs.cs) {
			base = g->cpu[i].base;
			hits++;
		}
	return hits == 1 ? base : NO_BASE;
}

/* ---- RSM ---- */

static void advance_capture(struct gdb *g, struct gcpu *c)
{
	if (c->mode == CAP_LEARN)
		c->mode = c->h.has_entry_read && c->h.has_exit_insn && !g->args.breakpoints_only ? CAP_PROBE
												   : CAP_TOGGLE;
	else if (c->mode == CAP_PROBE)
		c->mode = c->exit_learnt ? CAP_WATCH : CAP_TOGGLE;
}

static void leave(struct stop_ctx *s, uint64_t rsm, enum event_via via)
{
	struct gcpu *c = s->c;
	struct event ev = event_new(EV_SMI_LEAVE, SRC_GDB, c->index, s->ts);

	event_set(&ev, SMI_LEAVE_SMBASE, c->cur);
	event_set(&ev, SMI_LEAVE_RIP, rsm);
	event_set(&ev, SMI_LEAVE_VIA, via);
	gdb_put(s->g, ev);
	if (c->cur == DEFAULT_BASE) {
		c->base = c->pending != NO_BASE && c->pending != DEFAULT_BASE ? c->pending : c->base;
		c->base_assumed = false;
		c->mode = CAP_LEARN;
		c->h.smbase = NO_BASE;
	} else if (via == VIA_BREAKPOINT) {
		advance_capture(s->g, c);
	}
	c->pending = NO_BASE;
	gdb_set_in_smm(s->g, c, false);
}

static bool is_rsm_of(const struct gcpu *c, uint64_t lin)
{
	const uint64_t *rsm = c->cur == DEFAULT_BASE ? c->reloc_rsm : c->h.rsm;
	unsigned n = c->cur == DEFAULT_BASE ? c->reloc_rsms : c->h.rsms;

	for (unsigned i = 0; i < n; i++)
		if (rsm[i] == lin)
			return true;
	return false;
}

/* ---- watchpoints ---- */

static int slot_written(struct stop_ctx *s, struct error *err)
{
	struct gcpu *c = s->c;
	struct event ev = event_new(EV_SMBASE_WRITE, SRC_GDB, c->index, s->ts);
	uint64_t pc = linear_pc(c, &s->regs);
	uint8_t raw[4];

	if (!c->in_smm || c->cur != DEFAULT_BASE)
		return 0; /* not a relocation: firmware gives back the memory it had borrowed */
	if (rsp_read_memory(s->g->rsp, DEFAULT_BASE + c->slot, raw, sizeof(raw), err) < 0)
		return -1;
	event_set(&ev, SMBASE_WRITE_OLD, c->pending == NO_BASE ? DEFAULT_BASE : c->pending);
	c->pending = (uint32_t)(raw[0] | raw[1] << 8 | raw[2] << 16) | (uint32_t)raw[3] << 24;
	event_set(&ev, SMBASE_WRITE_NEW, c->pending);
	event_set(&ev, SMBASE_WRITE_RIP, pc);
	gdb_put(s->g, ev);
	if (c->reloc_rsms < RELOC_RSMS)
		add_reloc_rsms(s->g, c, pc, SCAN_BEHIND_WRITE);
	return 0;
}

/*
 * A stop comes behind the read, but not always right behind: when the guest was
 * being stopped for another CPU between the two passes of QEMU's watchpoint
 * check, it comes at the end of the translation block (seen: 0x8045 for
 * 0x8007). So what counts is the stretch of code that begins behind the read.
 */
static bool behind_entry_read(const struct gcpu *c, const struct regs *r)
{
	return r->cs == smbase_selector(c->base) && r->rip >= c->h.entry_read_next &&
	       r->rip < c->h.entry_read_next + ENTRY_STRETCH;
}

static bool behind_exit_read(const struct gcpu *c, const struct regs *r)
{
	return r->rip >= c->h.exit_next && r->rip <= c->h.rsm[0];
}

static void missed_something(struct stop_ctx *s)
{
	s->g->watch_missed++;
	if (++s->c->missed >= MISSES_ALLOWED) {
		s->c->mode = CAP_TOGGLE;
		s->g->args.breakpoints_only = true;
		gdb_note(s->g, "CPU %d: watchpoints missed an SMI entry or exit, going back to breakpoints",
			 s->c->index);
	}
}

/*
 * A watchpoint is not hit again, and of two CPUs that hit theirs at once only
 * one is named. So every CPU in WATCH mode is asked where it stands; standing
 * behind its read counts once, as the in_smm state makes it idempotent. 1 = it did, 0 = no, negative = error.
 */
static int check_watched(struct stop_ctx *s, struct error *err)
{
	struct gcpu *c = s->c;

	if (c->mode != CAP_WATCH)
		return 0;
	if (!c->in_smm && behind_entry_read(c, &s->regs)) {
		if (!s->has_tail && rsp_select(s->g->rsp, c->thread, err) < 0)
			return -1;
		return enter(s, c->base, ORIGIN_OBSERVED, err) < 0 ? -1 : 1;
	}
	if (c->in_smm && c->cur == c->base && behind_exit_read(c, &s->regs)) {
		leave(s, c->h.rsm[0], VIA_WATCHPOINT);
		return 1;
	}
	return 0;
}

/* The named CPU stands where the model says it cannot: the other end was missed. */
static int check_missed(struct stop_ctx *s, struct error *err)
{
	struct gcpu *c = s->c;

	if (c->mode != CAP_WATCH || s->stop->watch == RSP_WATCH_NONE)
		return 0;
	if (c->told_early) {
		c->told_early = false;
		return 0;
	}
	if (c->in_smm && s->stop->watch_addr == c->h.entry_read && behind_entry_read(c, &s->regs)) {
		missed_something(s);
		return enter(s, c->base, ORIGIN_OBSERVED, err); /* the pipeline infers the RSM before it */
	}
	if (!c->in_smm && s->stop->watch_addr == c->exit_slot && behind_exit_read(c, &s->regs)) {
		missed_something(s);
		if (enter(s, c->base, ORIGIN_INFERRED, err) < 0)
			return -1;
		leave(s, c->h.rsm[0], VIA_WATCHPOINT);
	}
	return 0;
}

/* ---- one stop ---- */

static int on_breakpoint(struct stop_ctx *s, struct error *err)
{
	struct gcpu *c = s->c;
	uint64_t lin = linear_pc(c, &s->regs);

	if (regs_at_smi_entry(&s->regs)) {
		uint64_t base = base_of_entry(s);

		if (base == NO_BASE || (c->in_smm && c->cur == base && c->mode == CAP_TOGGLE))
			return 0;
		return enter(s, base, ORIGIN_OBSERVED, err);
	}
	if (c->in_smm && is_rsm_of(c, lin))
		leave(s, lin, VIA_BREAKPOINT);
	else if (c->in_smm && c->mode == CAP_PROBE && lin == c->h.exit_insn) {
		c->exit_slot = s->regs.rsp;
		c->exit_learnt = true;
	}
	return 0;
}

static int on_named_cpu(struct stop_ctx *s, struct error *err)
{
	if (s->stop->watch == RSP_WATCH_WRITE)
		return slot_written(s, err);
	if (s->stop->watch != RSP_WATCH_NONE)
		return check_missed(s, err);
	return on_breakpoint(s, err);
}

/* Queue what is to be read: registers of the named and of all watched CPUs, and the likely save state. */
static int plan_jobs(struct gdb *g, struct gcpu *named)
{
	uint64_t base = named->base == NO_BASE ? DEFAULT_BASE : named->base;
	int n = 0;

	for (int i = 0; i < g->cpus; i++) {
		struct gcpu *c = &g->cpu[i];

		if (c == named || !c->present || c->mode != CAP_WATCH)
			continue;
		g->job[n] = (struct rsp_job){ .thread = c->thread, .regs = g->regs[n] };
		n++;
	}
	g->job[n] = (struct rsp_job){ .thread = named->thread, .regs = g->regs[n] };
	if (!named->in_smm) {
		g->job[n].addr = base + SMM_STATE_OFFSET;
		g->job[n].mem = g->tail;
		g->job[n].len = sizeof(g->tail);
	}
	return n + 1;
}

static int check_others(struct gdb *g, const struct rsp_stop *stop, int64_t ts, int n, struct error *err)
{
	for (int k = 0; k < n; k++) {
		struct stop_ctx s = { .g = g, .stop = stop, .ts = ts };
		int seen;

		s.c = gdb_cpu_by_thread(g, g->job[k].thread);
		if (!s.c || !regs_decode(&s.regs, &g->layout, g->job[k].regs, g->job[k].regs_len))
			continue;
		seen = check_watched(&s, err);
		if (seen < 0)
			return -1;
		if (seen)
			s.c->told_early = true;
	}
	return 0;
}

int gdb_capture_stop(struct gdb *g, const struct rsp_stop *stop, int64_t ts, struct error *err)
{
	struct stop_ctx s = { .g = g, .stop = stop, .ts = ts };
	int n, seen;

	s.c = gdb_cpu_by_thread(g, stop->thread);
	if (!s.c)
		return gdb_capture_resume(g, NULL, 0, err);
	n = plan_jobs(g, s.c);
	if (rsp_jobs(g->rsp, g->job, n, err) < 0)
		return -1;
	if (!regs_decode(&s.regs, &g->layout, g->job[n - 1].regs, g->job[n - 1].regs_len))
		return fail(err, ERR_TARGET,
			    "the stub's g packet shrank to %zu bytes",
			    g->job[n - 1].regs_len);
	s.has_tail = g->job[n - 1].len && !g->job[n - 1].failed;
	s.tail_base = g->job[n - 1].addr - SMM_STATE_OFFSET;
	seen = check_watched(&s, err);
	if (seen > 0)
		s.c->told_early = false;
	if (seen < 0 || (!seen && on_named_cpu(&s, err) < 0))
		return -1;
	if (check_others(g, stop, ts, n - 1, err) < 0)
		return -1;
	return gdb_capture_resume(g, s.c, linear_pc(s.c, &s.regs), err);
}

static int step_over(struct gdb *g, struct gcpu *c, uint64_t lin, struct error *err)
{
	struct rsp_stop stop;
	struct rsp_job job = { .thread = c->thread, .regs = g->regs[0] };
	struct regs r;

	for (int i = 0; i < STEP_TRIES; i++) {
		if (rsp_step(g->rsp, c->thread, &stop, err) < 0 || rsp_jobs(g->rsp, &job, 1, err) < 0)
			return -1;
		if (stop.kind == RSP_STOP_EXITED)
			return GDB_EXITED;
		if (!regs_decode(&r, &g->layout, job.regs, job.regs_len) || linear_pc(c, &r) != lin)
			return 0;
	}
	return 0;
}

int gdb_capture_resume(struct gdb *g, struct gcpu *c, uint64_t lin, struct error *err)
{
	int rc = 0;

	gdb_capture_want(g);
	points_sync(&g->points, g->rsp);
	if (c && points_breaks_at(&g->points, lin))
		rc = step_over(g, c, lin, err);
	if (rc)
		return rc;
	return rsp_continue(g->rsp, err);
}

int gdb_capture_new_cpu(struct gdb *g, struct gcpu *c, int64_t ts, struct error *err)
{
	struct rsp_stop none = { 0 };
	struct stop_ctx s = { .g = g, .stop = &none, .ts = ts, .c = c };
	struct rsp_job job = { .thread = c->thread, .regs = g->regs[0] };

	if (rsp_jobs(g->rsp, &job, 1, err) < 0)
		return -1;
	if (!regs_decode(&s.regs, &g->layout, job.regs, job.regs_len) || s.regs.cr0 & 1 ||
	    s.regs.cs != smbase_selector(DEFAULT_BASE) || s.regs.rip <= 0x8000 || s.regs.rip >= 0x9000)
		return 0;
	return enter(&s, DEFAULT_BASE, ORIGIN_INFERRED, err);
}

int gdb_capture_inside(struct gdb *g, struct gcpu *c, struct error *err)
{
	if (c->base == NO_BASE)
		return 0;
	if (rsp_select(g->rsp, c->thread, err) < 0)
		return -1;
	learn_own_handler(g, c);
	c->cur = c->base;
	gdb_set_in_smm(g, c, true);
	return 0;
}
