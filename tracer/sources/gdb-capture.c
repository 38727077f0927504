/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a stop means, which points are wanted next, and on. */
#include "gdb-internal.h"

#define MISSES_ALLOWED 2 /* then watchpoints are given up for that CPU */
#define ENTRY_STRETCH 0x80u /* the 16-bit part of a handler; its end is a far jump */
#define STEP_TRIES 3     /* 1 of 2004 steps of QEMU 7.2 comes back without having moved */

/* ---- wanted points ---- */

static void want_default_smi(struct gdb *g, const struct gcpu *c)
{
	points_want(&g->points, RSP_WRITE_WATCH, SMBASE_DEFAULT + c->slot, 4);
	/* not before the slot was written: 16-bit code beyond 64 KiB derails in a page with a breakpoint */
	for (unsigned i = 0; i < c->reloc_rsms && c->pending != SMBASE_UNKNOWN; i++)
		points_want(&g->points, RSP_SW_BREAK, c->reloc_rsm[i], 1);
	if (first_smi_is_exchanged(&g->handoff.watch.first)) /* it stays within them */
		points_want(&g->points, RSP_SW_BREAK, g->handoff.watch.first.rsm, 1);
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
	points_want(&g->points, RSP_SW_BREAK, SMBASE_DEFAULT + 0x8000, 1);
	gdb_handoff_want(g);
	for (int i = 0; i < g->nfound; i++)
		points_want(&g->points, RSP_SW_BREAK, g->found[i] + 0x8000, 1);
	for (int i = 0; i < g->cpus; i++) {
		const struct gcpu *c = &g->cpu[i];

		if (!c->present)
			continue;
		if (c->in_smm && c->cur == SMBASE_DEFAULT)
			want_default_smi(g, c);
		if (c->base != SMBASE_UNKNOWN)
			want_own_smi(g, c);
	}
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
		return gdb_smi_enter(s, c->base, ORIGIN_OBSERVED, err) < 0 ? -1 : 1;
	}
	if (c->in_smm && c->cur == c->base && behind_exit_read(c, &s->regs)) {
		gdb_smi_leave(s, c->h.rsm[0], VIA_WATCHPOINT);
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
		return gdb_smi_enter(s, c->base, ORIGIN_OBSERVED, err); /* the pipeline infers the RSM before it */
	}
	if (!c->in_smm && s->stop->watch_addr == c->exit_slot && behind_exit_read(c, &s->regs)) {
		missed_something(s);
		if (gdb_smi_enter(s, c->base, ORIGIN_INFERRED, err) < 0)
			return -1;
		gdb_smi_leave(s, c->h.rsm[0], VIA_WATCHPOINT);
	}
	return 0;
}

/* ---- one stop ---- */

/* Which SMBASE does this entry belong to? CS.selector holds bits 19:4 of it. */
static uint64_t base_of_entry(const struct stop_ctx *s)
{
	const struct gdb *g = s->g;
	uint64_t base = SMBASE_UNKNOWN;
	int hits = 0;

	if (s->c->base != SMBASE_UNKNOWN && smbase_selector(s->c->base) == s->regs.cs)
		return s->c->base;
	if (s->regs.cs == smbase_selector(SMBASE_DEFAULT))
		return SMBASE_DEFAULT;
	for (int i = 0; i < g->nfound; i++)
		if (smbase_selector(g->found[i]) == s->regs.cs) {
			base = g->found[i];
			hits++;
		}
	for (int i = 0; i < g->cpus; i++)
		if (g->cpu[i].base_assumed && g->cpu[i].base != SMBASE_UNKNOWN &&
		    smbase_selector(g->cpu[i].base) == s->regs.cs) {
			base = g->cpu[i].base;
			hits++;
		}
	return hits == 1 ? base : SMBASE_UNKNOWN;
}

/* Told already: from its registers, when another CPU's stop came first. */
static bool entry_is_told(struct gcpu *c, uint64_t base)
{
	bool told = c->in_smm && c->cur == base && (c->mode == CAP_TOGGLE || c->told_early);

	if (told)
		c->told_early = false;
	return told;
}

static int on_entry(struct stop_ctx *s, struct error *err)
{
	struct gcpu *c = s->c;
	uint64_t base = base_of_entry(s);

	if (base == SMBASE_UNKNOWN) {
		c->told_early = false;
		return 0;
	}
	return entry_is_told(c, base) ? 0 : gdb_smi_enter(s, base, ORIGIN_OBSERVED, err);
}

static int on_breakpoint(struct stop_ctx *s, struct error *err)
{
	struct gcpu *c = s->c;
	uint64_t lin = gdb_smi_pc(c, &s->regs);

	if (regs_at_smi_entry(&s->regs))
		return on_entry(s, err);
	if (lin == s->g->handoff.watch.first.pass && lin)
		return gdb_handoff_passed(s, err);
	if (c->in_smm && gdb_smi_is_rsm(c, lin))
		gdb_smi_leave(s, lin, VIA_BREAKPOINT);
	else if (c->in_smm && c->mode == CAP_PROBE && lin == c->h.exit_insn) {
		c->exit_slot = s->regs.rsp;
		c->exit_learnt = true;
	}
	return 0;
}

/* It stands behind the write, where a breakpoint may be: that one is stepped over, so it is now or never. */
static int on_write(struct stop_ctx *s, struct error *err)
{
	if (!gdb_handoff_written(s) && gdb_smi_slot_written(s, err) < 0)
		return -1;
	return on_breakpoint(s, err);
}

static int on_named_cpu(struct stop_ctx *s, struct error *err)
{
	if (s->stop->watch == RSP_WATCH_WRITE)
		return on_write(s, err);
	if (s->stop->watch != RSP_WATCH_NONE)
		return check_missed(s, err);
	return on_breakpoint(s, err);
}

/* On its way through the default base, or before it. */
static bool relocating(const struct gcpu *c)
{
	return (c->in_smm && c->cur == SMBASE_DEFAULT) || (c->hot && c->base == SMBASE_UNKNOWN);
}

/*
 * Of two CPUs that stand at a breakpoint one is named; the other is when the guest went on, and what
 * followed from it has been recorded. So a relocation counts from the first stop that shows it. 1, 0, negative.
 */
static int check_relocating(struct stop_ctx *s, struct error *err)
{
	struct gcpu *c = s->c;
	uint64_t lin = gdb_smi_pc(c, &s->regs);

	if (!relocating(c))
		return 0;
	if (c->in_smm && gdb_smi_is_rsm(c, lin) && !regs_at_smi_entry(&s->regs)) {
		gdb_smi_leave(s, lin, VIA_BREAKPOINT);
		return 0;
	}
	if (c->in_smm || !regs_at_smi_entry(&s->regs) || s->regs.cs != smbase_selector(SMBASE_DEFAULT))
		return 0;
	if (rsp_select(s->g->rsp, c->thread, err) < 0 ||
	    gdb_smi_enter(s, SMBASE_DEFAULT, ORIGIN_OBSERVED, err) < 0)
		return -1;
	return 1;
}

/* Queue what is to be read: registers of the named and of all watched CPUs, and the likely save state. */
static int plan_jobs(struct gdb *g, struct gcpu *named)
{
	uint64_t base = named->base == SMBASE_UNKNOWN ? SMBASE_DEFAULT : named->base;
	int n = 0;

	for (int i = 0; i < g->cpus; i++) {
		struct gcpu *c = &g->cpu[i];

		if (c == named || !c->present || !(c->mode == CAP_WATCH || relocating(c)))
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
		seen = s.c->mode == CAP_WATCH ? check_watched(&s, err) : check_relocating(&s, err);
		if (seen < 0)
			return -1;
		if (seen)
			s.c->told_early = true;
	}
	return 0;
}

int gdb_capture_look(struct gdb *g, const struct rsp_stop *stop, int64_t ts, struct stopped_at *at,
		     struct error *err)
{
	struct stop_ctx s = { .g = g, .stop = stop, .ts = ts };
	int n, seen;

	*at = (struct stopped_at){ 0 };
	s.c = gdb_cpu_by_thread(g, stop->thread);
	if (!s.c)
		return 0;
	n = plan_jobs(g, s.c);
	if (rsp_jobs(g->rsp, g->job, n, err) < 0)
		return -1;
	if (!regs_decode(&s.regs, &g->layout, g->job[n - 1].regs, g->job[n - 1].regs_len))
		return fail(err, ERR_TARGET, "the stub's g packet shrank to %zu bytes", g->job[n - 1].regs_len);
	s.has_tail = g->job[n - 1].len && !g->job[n - 1].failed;
	s.tail_base = g->job[n - 1].addr - SMM_STATE_OFFSET;
	seen = check_watched(&s, err);
	if (seen > 0) /* an interrupt names any CPU; the stop for its read may still follow */
		s.c->told_early = stop->watch == RSP_WATCH_NONE;
	if (seen < 0 || (!seen && on_named_cpu(&s, err) < 0))
		return -1;
	if (check_others(g, stop, ts, n - 1, err) < 0)
		return -1;
	*at = (struct stopped_at){ s.c, gdb_smi_pc(s.c, &s.regs), ts };
	return 0;
}

/* Step over what is at @lin. *moved: it was executed. */
static int step_over(struct gdb *g, struct gcpu *c, uint64_t lin, struct rsp_stop *stop, bool *moved,
		     struct error *err)
{
	struct rsp_job job = { .thread = c->thread, .regs = g->regs[0] };
	struct regs r;

	for (int i = 0; i < STEP_TRIES; i++) {
		if (rsp_step(g->rsp, c->thread, stop, err) < 0 || rsp_jobs(g->rsp, &job, 1, err) < 0)
			return -1;
		if (stop->kind == RSP_STOP_EXITED)
			return GDB_EXITED;
		if (stop->signal == SIGNAL_INTERRUPT)
			return 0; /* it does not execute: an INIT is pending, and takes it away once it runs */
		if (!regs_decode(&r, &g->layout, job.regs, job.regs_len))
			return 0;
		*moved = gdb_smi_pc(c, &r) != lin;
		if (*moved)
			return 0;
	}
	return 0;
}

/* Off the breakpoint it stands at. That may be a handler's first instruction, and its RSM: then it has left by this. */
static int step_off(struct gdb *g, const struct stopped_at *at, struct error *err)
{
	const struct rsp_stop *told = g->stop;
	struct rsp_stop step = { 0 };
	struct stop_ctx s = { .g = g, .stop = &step, .ts = at->ts, .c = at->c };
	bool leaves = at->c->in_smm && gdb_smi_begins_with_rsm(g, at->c, at->pc), moved = false;
	int rc = step_over(g, at->c, at->pc, &step, &moved, err);

	if (rc || !leaves || !moved)
		return rc;
	g->stop = &step;
	gdb_smi_leave(&s, at->pc, VIA_BREAKPOINT);
	g->stop = told;
	gdb_capture_want(g);
	points_sync(&g->points, g->rsp);
	return 0;
}

int gdb_capture_resume(struct gdb *g, const struct stopped_at *at, struct error *err)
{
	int rc = 0;

	gdb_capture_want(g);
	points_sync(&g->points, g->rsp);
	if (at->c && points_breaks_at(&g->points, at->pc))
		rc = step_off(g, at, err);
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
	    s.regs.cs != smbase_selector(SMBASE_DEFAULT) || s.regs.rip <= 0x8000 || s.regs.rip >= 0x9000)
		return 0;
	return gdb_smi_enter(&s, SMBASE_DEFAULT, ORIGIN_INFERRED, err);
}

int gdb_capture_inside(struct gdb *g, struct gcpu *c, struct error *err)
{
	if (c->base == SMBASE_UNKNOWN)
		return 0;
	if (rsp_select(g->rsp, c->thread, err) < 0)
		return -1;
	gdb_smi_learn(g, c);
	c->cur = c->base;
	gdb_set_in_smm(g, c, true);
	return 0;
}
