/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * When the code at the default SMBASE is looked at. OVMF's stays behind its gate, and is sampled now and then. Other
 * firmware exchanges a NOP handler for the one that relocates, for a millisecond or so: the first byte
 * is watched then, which tells who did it; and the code is sampled at every stop, before what the CPUs
 * did is recorded, so that of one that enters it is known what it runs.
 */
#include "gdb-internal.h"

#define DEFAULT_ENTRY (SMBASE_DEFAULT + SMM_ENTRY_OFFSET)

void gdb_code_sample(struct gdb *g, int64_t ts, bool stopped, int writer)
{
	struct ram_watch *w = &g->handoff.watch;

	ram_watch_code(w, ts, stopped, writer);
	g->config_due |= w->other_code;
	w->other_code = false;
}

void gdb_code_entered(struct gdb *g, int64_t ts)
{
	struct ram_watch *w = &g->handoff.watch;

	ram_watch_entered(w, ts);
	g->config_due |= w->other_code;
	w->other_code = false;
}

/* May it have changed since the last stop? Nobody exchanges a gated handler. */
static bool may_change(const struct gdb *g)
{
	const struct ram_watch *w = &g->handoff.watch;

	return w->first.code == CODE_ZERO || w->exchanged || (w->first.code != CODE_GATE && gdb_handoff_busy(g));
}

bool gdb_code_is_exchange(const struct rsp_stop *stop)
{
	return stop->watch == RSP_WATCH_WRITE && stop->watch_addr == DEFAULT_ENTRY;
}

void gdb_code_before_look(struct gdb *g, const struct rsp_stop *stop, int64_t ts)
{
	if (g->handoff.ram && may_change(g) && !gdb_code_is_exchange(stop))
		gdb_code_sample(g, ts, true, CPU_UNKNOWN);
}

void gdb_code_want(struct gdb *g)
{
	points_want(&g->points, RSP_WRITE_WATCH, DEFAULT_ENTRY, 1);
}
