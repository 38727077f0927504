/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The code at the default SMBASE. OVMF's stays behind its gate, and is sampled now and then. Other
 * firmware exchanges a NOP handler for the one that relocates, for a millisecond or so: the first byte
 * is watched then, which tells who did it; and the code is sampled at every stop, before what the CPUs
 * did is recorded, so that of one that enters it is known what it runs.
 */
#include "gdb-internal.h"

#include <string.h>

#define DEFAULT_ENTRY (SMBASE_DEFAULT + SMM_ENTRY_OFFSET)
#define TOLD_OFTEN 64u /* changes of code that nobody calls a handler */

static bool is_same(const struct first_smi *a, const struct first_smi *b)
{
	return a->code == b->code && a->sum == b->sum && a->size == b->size;
}

/* Memory that is no handler changes as its owner likes: that is told, but not for ever. */
static bool worth_telling(struct handoff *h, const struct first_smi *now)
{
	if (!h->has_first || now->code != h->first.code)
		return true;
	if (is_same(now, &h->first))
		return false;
	return now->code != CODE_UNKNOWN || h->unknowns++ < TOLD_OFTEN;
}

/* Firmware that does it goes on doing it, whatever it puts there once in a while. */
static bool goes_on_exchanging(const struct handoff *h, const struct first_smi *now)
{
	bool is_handler = now->code == CODE_GATE || now->code == CODE_TEMPLATE;

	return first_smi_is_exchanged(now) || (h->exchanged && !is_handler && h->unknowns < TOLD_OFTEN);
}

/* What has no words of its own, as the NOP handler: those of the one it was exchanged for last go on. */
static void follow_words(struct handoff *h, const struct first_smi *now)
{
	const uint64_t addr[] = {
		[WORD_GATE] = now->gate, [WORD_NEW_SMBASE] = now->new_smbase, [WORD_ABOUT] = now->about,
	};

	for (size_t i = 0; i < sizeof(addr) / sizeof(*addr); i++) {
		if (h->exchanged && !addr[i])
			continue;
		h->word_known[i] &= h->addr[i] == addr[i];
		h->addr[i] = addr[i];
	}
}

/*
 * While a handler takes the place of another, what is there is neither; and whoever writes it may be at
 * a stop that is on its way to us, and tells more. So both are told only when they last.
 */
static bool in_between(struct handoff *h, const struct first_smi *now, int64_t ts, bool stopped, int writer)
{
	bool is_known = now->code != CODE_UNKNOWN || (now->whole && writer != CPU_UNKNOWN);

	if (!h->exchanged || is_same(now, &h->first) || (stopped && is_known)) {
		h->between_ns = 0;
		return false;
	}
	if (!h->between_ns)
		h->between_ns = ts;
	return ts - h->between_ns < GDB_CODE_EVERY_NS;
}

/* Sampled, or seen being written by @writer. */
static void put_handler(struct gdb *g, int64_t ts, int writer)
{
	const struct first_smi *f = &g->handoff.first;
	bool seen = writer != CPU_UNKNOWN;
	struct event ev = event_new(EV_HANDLER, g->handoff.ram && !seen ? SRC_GUESTRAM : SRC_GDB, writer, ts);

	ev.origin = seen ? ORIGIN_OBSERVED : ORIGIN_INFERRED;
	event_set(&ev, HANDLER_CODE, f->code);
	event_set(&ev, HANDLER_SUM, f->sum);
	event_set(&ev, HANDLER_SIZE, f->size);
	if (f->gate)
		event_set(&ev, HANDLER_GATE, f->gate);
	if (f->new_smbase)
		event_set(&ev, HANDLER_NEW_SMBASE, f->new_smbase);
	if (f->about)
		event_set(&ev, HANDLER_ABOUT, f->about);
	if (f->pass)
		event_set(&ev, HANDLER_PASS, f->pass);
	if (g->handoff.code_ns && !seen)
		event_set(&ev, HANDLER_SINCE, (uint64_t)g->handoff.code_ns);
	gdb_put(g, ev);
}

static void take_code(struct gdb *g, const struct first_smi *now, int64_t ts, int writer)
{
	struct handoff *h = &g->handoff;
	bool tell = worth_telling(h, now);

	if (tell) {
		g->config_due |= !first_smi_is_exchanged(now) || !h->exchanged;
		h->exchanged = goes_on_exchanging(h, now);
		follow_words(h, now);
	}
	h->first = *now;
	h->has_first = true;
	h->between_ns = 0;
	if (tell)
		put_handler(g, ts, writer);
}

void gdb_code_sample(struct gdb *g, int64_t ts, bool stopped, int writer)
{
	struct handoff *h = &g->handoff;
	uint8_t code[FIRST_SMI_CODE];
	struct first_smi now;

	if (ts == h->looked_ns || !gdb_handoff_read(g, stopped, DEFAULT_ENTRY, code, sizeof(code)))
		return;
	h->looked_ns = ts;
	if (!h->has_first || h->between_ns || memcmp(code, h->code, sizeof(code))) {
		memcpy(h->code, code, sizeof(code));
		first_smi_decode(&now, SMBASE_DEFAULT, code, sizeof(code));
		if (in_between(h, &now, ts, stopped, writer))
			return;
		take_code(g, &now, ts, writer);
	}
	h->code_ns = ts;
}

void gdb_code_entered(struct gdb *g, int64_t ts)
{
	struct handoff *h = &g->handoff;
	struct first_smi now;

	if (!h->between_ns)
		return;
	first_smi_decode(&now, SMBASE_DEFAULT, h->code, sizeof(h->code));
	take_code(g, &now, ts, CPU_UNKNOWN);
	h->code_ns = ts;
}

/* May it have changed since the last stop? Nobody exchanges a gated handler. */
static bool may_change(const struct gdb *g)
{
	const struct handoff *h = &g->handoff;

	return h->first.code == CODE_ZERO || h->exchanged ||
	       (h->first.code != CODE_GATE && gdb_handoff_busy(g));
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
