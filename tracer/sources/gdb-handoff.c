/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The words by which monarch and new CPU talk. NewSmbase and AboutToLeaveSmm are watched, the way
 * through the gate is a breakpoint; the gate itself is not watched, since a waiting CPU exchanges it
 * with itself at every turn. So it, the pen's flag and the code are sampled: at stops, and in between
 * without one where guest RAM can be read from outside.
 */
#include "gdb-internal.h"

#include <string.h>

#include "../clock.h"
#include "guestram.h"
#include "smm-state.h"

static const unsigned word_size[WORD_COUNT] = {
	[WORD_GATE] = 8, [WORD_NEW_SMBASE] = 4, [WORD_ABOUT] = 1, [WORD_PEN] = 1,
};

/* Does the code talk by such words, so that they are worth a look? */
static bool talks(const struct handoff *h)
{
	return h->has_first && (h->first.code == CODE_GATE || h->exchanged);
}

void gdb_handoff_open(struct gdb *g)
{
	struct error err;

	if (g->handoff.ram || !g->server_pid)
		return;
	g->handoff.ram = guestram_open(g->server_pid, &err);
	if (!g->handoff.ram && !g->handoff.told)
		gdb_note(g, "the gate and the pen of a hot-added CPU are looked at only at stops: %s", err.text);
	g->handoff.told = true;
}

void gdb_handoff_close(struct gdb *g)
{
	guestram_close(g->handoff.ram);
	g->handoff.ram = NULL;
}

bool gdb_handoff_read(struct gdb *g, bool stopped, uint64_t addr, void *out, size_t len)
{
	if (g->handoff.ram)
		return guestram_read(g->handoff.ram, addr, out, len, NULL) >= 0;
	return stopped && rsp_read_memory(g->rsp, addr, out, len, NULL) >= 0;
}

static bool read_word(struct gdb *g, bool stopped, enum handoff_word word, uint64_t *value)
{
	uint64_t addr = g->handoff.addr[word];
	uint8_t raw[8];

	*value = 0;
	if (!addr || !gdb_handoff_read(g, stopped, addr, raw, word_size[word]))
		return false;
	for (unsigned i = word_size[word]; i-- > 0;)
		*value = *value << 8 | raw[i];
	return true;
}

/* ---- events ---- */

static struct event word_event(const struct gdb *g, enum handoff_word word, int cpu, int64_t ts)
{
	struct event ev = event_new(EV_HANDOFF, SRC_GDB, cpu, ts);

	event_set(&ev, HANDOFF_WORD, word);
	event_set(&ev, HANDOFF_ADDR, g->handoff.addr[word]);
	if (g->handoff.word_known[word])
		event_set(&ev, HANDOFF_OLD, g->handoff.word[word]);
	return ev;
}

static void put_word(struct gdb *g, struct event *ev, enum handoff_word word, uint64_t value)
{
	event_set(ev, HANDOFF_VALUE, value);
	g->handoff.word_known[word] = true;
	g->handoff.word[word] = value;
	gdb_put(g, *ev);
}

/* @since: when it was looked at last, 0 = never. */
static void put_inferred(struct gdb *g, struct event *ev, int64_t since)
{
	ev->origin = ORIGIN_INFERRED;
	ev->source = g->handoff.ram ? SRC_GUESTRAM : SRC_GDB;
	if (since && event_has(ev, HANDOFF_OLD))
		event_set(ev, HANDOFF_SINCE, (uint64_t)since);
}

static void sample_word(struct gdb *g, enum handoff_word word, int64_t ts, bool stopped)
{
	struct event ev = word_event(g, word, CPU_UNKNOWN, ts);
	int64_t since = g->handoff.word_ns[word];
	uint64_t value;

	if (!read_word(g, stopped, word, &value))
		return;
	g->handoff.word_ns[word] = ts;
	if (g->handoff.word_known[word] && g->handoff.word[word] == value)
		return;
	put_inferred(g, &ev, since);
	put_word(g, &ev, word, value);
}

/* ---- the words ---- */

/* A page that a CPU in SMM sent a SIPI to, or that a CPU halts in, is the pen if its code says so. */
static void find_pen(struct gdb *g, bool stopped)
{
	uint64_t page = atomic_load(&g->tap.sipi_page);
	uint8_t code[PEN_CODE];

	if (!page || page + PEN_FLAG == g->handoff.addr[WORD_PEN] || !gdb_handoff_read(g, stopped, page, code, sizeof(code)) ||
	    !first_smi_is_pen(code, sizeof(code)))
		return;
	g->handoff.addr[WORD_PEN] = page + PEN_FLAG;
	g->handoff.word_known[WORD_PEN] = false;
}

/* The stop for its write may be on its way to us, and tells who it was. */
static bool is_watched(const struct handoff *h, enum handoff_word word)
{
	return h->exchanged && (word == WORD_NEW_SMBASE || word == WORD_ABOUT);
}

static void sample_words(struct gdb *g, int64_t ts, bool stopped)
{
	find_pen(g, stopped);
	for (enum handoff_word word = 0; word < WORD_COUNT; word++)
		if (stopped || !is_watched(&g->handoff, word))
			sample_word(g, word, ts, stopped);
}

bool gdb_handoff_busy(const struct gdb *g)
{
	for (int i = 0; i < g->cpus; i++)
		if (g->cpu[i].present && g->cpu[i].hot && g->cpu[i].base == SMBASE_UNKNOWN)
			return true;
	return false;
}

void gdb_handoff_at_stop(struct gdb *g, const struct gcpu *c, int64_t ts)
{
	struct handoff *h = &g->handoff;

	if (!h->ram && (!c || !c->in_smm || rsp_select(g->rsp, c->thread, NULL) < 0))
		return;
	if (ts - h->looked_ns >= GDB_CODE_EVERY_NS || !h->has_first)
		gdb_code_sample(g, ts, true, CPU_UNKNOWN);
	if (talks(h) && (h->ram || gdb_handoff_busy(g)))
		sample_words(g, ts, true);
}

void gdb_tick(struct gdb *g)
{
	int64_t ts = clock_now();

	if (!g->handoff.ram)
		return;
	gdb_code_sample(g, ts, false, CPU_UNKNOWN);
	if (talks(&g->handoff))
		sample_words(g, ts, false);
}

/* ---- points ---- */

static const enum handoff_word watched[] = { WORD_NEW_SMBASE, WORD_ABOUT };

void gdb_handoff_want(struct gdb *g)
{
	const struct handoff *h = &g->handoff;

	if (gdb_handoff_busy(g)) /* that of each CPU in it is wanted anyway; here: somebody else's hand */
		points_want(&g->points, RSP_WRITE_WATCH, SMBASE_DEFAULT + SMM_SLOT_AMD64, 4);
	if (!talks(h))
		return;
	if (h->first.code == CODE_GATE)
		points_want(&g->points, RSP_SW_BREAK, h->first.pass, 1);
	else
		gdb_code_want(g);
	for (size_t i = 0; i < sizeof(watched) / sizeof(*watched); i++)
		if (h->addr[watched[i]])
			points_want(&g->points, RSP_WRITE_WATCH, h->addr[watched[i]], word_size[watched[i]]);
}

static void word_written(struct stop_ctx *s, enum handoff_word word)
{
	struct event ev = word_event(s->g, word, s->c->index, s->ts);
	uint64_t value;

	event_set(&ev, HANDOFF_RIP, gdb_smi_pc(s->c, &s->regs));
	if (read_word(s->g, true, word, &value))
		put_word(s->g, &ev, word, value);
}

/*
 * Of two CPUs that stop at once one is named. What stopped the other is told at its next stop, which may be much
 * later and elsewhere, or when its RSM behind the write was told: a word that stands as it was last seen is not told
 * as written by a CPU that is outside SMM.
 */
static bool is_stale(const struct stop_ctx *s, enum handoff_word word)
{
	const struct handoff *h = &s->g->handoff;
	uint64_t value;

	return !s->c->in_smm && h->word_known[word] && read_word(s->g, true, word, &value) && value == h->word[word];
}

bool gdb_handoff_written(struct stop_ctx *s)
{
	struct gdb *g = s->g;

	if (gdb_code_is_exchange(s->stop)) {
		if (g->handoff.ram || s->c->in_smm)
			gdb_code_sample(g, s->ts, true, s->c->index);
		return true;
	}
	for (size_t i = 0; i < sizeof(watched) / sizeof(*watched); i++)
		if (g->handoff.addr[watched[i]] && s->stop->watch_addr == g->handoff.addr[watched[i]]) {
			if (!is_stale(s, watched[i]))
				word_written(s, watched[i]);
			return true;
		}
	return false;
}

/* Only a CPU whose APIC ID the gate held gets here; if nobody saw it opened, it was since the last sample. */
static void opened_unseen(struct stop_ctx *s)
{
	struct gdb *g = s->g;
	struct event ev = word_event(g, WORD_GATE, CPU_UNKNOWN, s->ts);

	if (s->c->apic_id < 0 || (g->handoff.word_known[WORD_GATE] && g->handoff.word[WORD_GATE] != UINT64_MAX))
		return;
	put_inferred(g, &ev, g->handoff.word_ns[WORD_GATE]);
	put_word(g, &ev, WORD_GATE, (uint64_t)s->c->apic_id);
}

int gdb_handoff_passed(struct stop_ctx *s, struct error *err)
{
	struct gdb *g = s->g;
	struct event ev;

	if (!s->c->in_smm && gdb_smi_enter(s, SMBASE_DEFAULT, ORIGIN_INFERRED, err) < 0)
		return -1;
	if (s->c->passed)
		return 0;
	s->c->passed = true;
	opened_unseen(s);
	ev = word_event(g, WORD_GATE, s->c->index, s->ts);
	event_set(&ev, HANDOFF_RIP, g->handoff.first.pass);
	put_word(g, &ev, WORD_GATE, UINT64_MAX);
	return 0;
}
