/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gdb-internal.h"

#include "guestram.h"

struct state {
	uint64_t base;
	uint64_t rsp;
	bool has_rsp;
	int owner; /* or CPU_UNKNOWN */
};

struct scan {
	struct guestram *ram;
	struct state state[EVENT_MAX_CPUS];
	int n;
};

static void take(void *arg, uint32_t smbase, uint32_t revision)
{
	struct scan *s = arg;
	struct state *st = &s->state[s->n];
	uint8_t tail[SMM_STATE_TAIL];
	struct smm_state saved;

	(void)revision;
	if (s->n == EVENT_MAX_CPUS || smbase == SMBASE_DEFAULT)
		return;
	*st = (struct state){ .base = smbase, .owner = CPU_UNKNOWN };
	if (!guestram_read(s->ram, smbase + SMM_STATE_OFFSET, tail, sizeof(tail), NULL) &&
	    !smm_state_decode(tail, sizeof(tail), &saved) && smm_state_has(&saved, SMM_RSP)) {
		st->rsp = saved.value[SMM_RSP];
		st->has_rsp = true;
	}
	s->n++;
}

static bool owned(const struct scan *s, int cpu)
{
	for (int i = 0; i < s->n; i++)
		if (s->state[i].owner == cpu)
			return true;
	return false;
}

/* Firmware gives each CPU a stack of its own, of several pages (edk2: PcdCpuApStackSize, 32 KiB). */
#define ONE_STACK 4096u

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/*
 * A CPU that idles where its last SMI interrupted it still has the stack pointer it saved then; else it is
 * mostly a few calls away from there. Only a state that fits one CPU alone is its.
 */
static void match_by_stack(struct scan *s, const struct monitor_regs *seen, int n, uint64_t within)
{
	for (int i = 0; i < s->n; i++) {
		struct state *st = &s->state[i];
		int hits = 0, owner = CPU_UNKNOWN;

		for (int k = 0; k < n && st->has_rsp && st->owner == CPU_UNKNOWN; k++)
			if (!seen[k].in_smm && !owned(s, seen[k].cpu) && distance(seen[k].rsp, st->rsp) <= within) {
				hits++;
				owner = seen[k].cpu;
			}
		if (hits == 1)
			st->owner = owner;
	}
}

/*
 * One state and one CPU left: they belong together. That holds among all CPUs
 * when there are as many states as CPUs, and among those in SMM in any case, as
 * each of them stored a state when it entered.
 */
static void match_the_last(struct scan *s, const struct monitor_regs *seen, int n, bool in_smm_only)
{
	int state = -1, cpu = CPU_UNKNOWN, states = 0, cpus = 0;

	for (int i = 0; i < s->n; i++)
		if (s->state[i].owner == CPU_UNKNOWN) {
			state = i;
			states++;
		}
	for (int k = 0; k < n; k++)
		if (!owned(s, seen[k].cpu) && (seen[k].in_smm || !in_smm_only)) {
			cpu = seen[k].cpu;
			cpus++;
		}
	if ((in_smm_only || s->n == n) && states == 1 && cpus == 1)
		s->state[state].owner = cpu;
}

static bool base_known(const struct gdb *g, uint64_t base)
{
	for (int i = 0; i < g->cpus; i++)
		if (g->cpu[i].present && g->cpu[i].base == base)
			return true;
	for (int i = 0; i < g->nfound; i++)
		if (g->found[i] == base)
			return true;
	return false;
}

static void report(struct gdb *g, const struct state *st, int64_t ts)
{
	struct gcpu *c = st->owner == CPU_UNKNOWN ? NULL : &g->cpu[st->owner];
	struct event ev = event_new(EV_SMBASE_FOUND, SRC_GUESTRAM, st->owner, ts);

	if (base_known(g, st->base) || (c && c->base != SMBASE_UNKNOWN))
		return;
	if (c) {
		c->base = st->base;
		c->base_assumed = true;
		ev.origin = ORIGIN_INFERRED;
	} else if (g->nfound < EVENT_MAX_CPUS) {
		g->found[g->nfound++] = st->base;
	}
	event_set(&ev, SMBASE_FOUND_SMBASE, st->base);
	event_set(&ev, SMBASE_FOUND_VIA, VIA_SCAN);
	gdb_put(g, ev);
}

void gdb_late_find(struct gdb *g, const struct monitor_regs *seen, int n, int64_t ts)
{
	static struct scan s;
	struct error err;

	if (!g->server_pid) {
		gdb_note(g, "QEMU is not on this host: the SMBASEs of relocated CPUs are learnt only from a relocation");
		return;
	}
	s.n = 0;
	s.ram = guestram_open(g->server_pid, &err);
	if (!s.ram || guestram_find_smbases(s.ram, take, &s, &err) < 0) {
		gdb_note(g, "cannot look for SMBASEs in guest memory: %s", err.text);
		guestram_close(s.ram);
		return;
	}
	guestram_close(s.ram);
	match_by_stack(&s, seen, n, 0);
	match_by_stack(&s, seen, n, ONE_STACK);
	match_the_last(&s, seen, n, true);
	match_the_last(&s, seen, n, false);
	for (int i = 0; i < s.n; i++)
		report(g, &s.state[i], ts);
}

unsigned gdb_late_unknown(const struct gdb *g)
{
	int unknown = 0;

	for (int i = 0; i < g->cpus; i++)
		unknown += g->cpu[i].present && g->cpu[i].base == SMBASE_UNKNOWN;
	return unknown > g->nfound ? (unsigned)(unknown - g->nfound) : 0;
}
