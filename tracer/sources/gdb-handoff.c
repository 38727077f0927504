/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The words by which monarch and new CPU talk. NewSmbase and AboutToLeaveSmm are watched, the way
 * through the gate is a breakpoint; the gate itself is not watched, since a waiting CPU exchanges it
 * with itself at every turn. So it, the pen's flag and the code are sampled: at stops, and in between
 * without one where guest RAM can be read from outside.
 */
#include "gdb-internal.h"

#include "../clock.h"
#include "guestram.h"
#include "smm-state.h"

static bool read_ram(void *arg, uint64_t addr, void *out, size_t len)
{
	struct gdb *g = arg;

	if (g->handoff.ram)
		return guestram_read(g->handoff.ram, addr, out, len, NULL) >= 0;
	return rsp_read_memory(g->rsp, addr, out, len, NULL) >= 0; /* only at stops */
}

static void put_event(void *arg, const struct event *ev)
{
	gdb_put(arg, *ev);
}

void gdb_handoff_open(struct gdb *g)
{
	struct handoff *h = &g->handoff;
	struct error err;

	h->watch.read = read_ram;
	h->watch.put = put_event;
	h->watch.arg = g;
	if (!h->ram && g->server_pid) {
		h->ram = guestram_open(g->server_pid, &err);
		if (!h->ram && !h->told)
			gdb_note(g, "the gate and the pen of a hot-added CPU are looked at only at stops: %s", err.text);
		h->told = true;
	}
	h->watch.source = h->ram ? SRC_GUESTRAM : SRC_GDB;
}

void gdb_handoff_close(struct gdb *g)
{
	guestram_close(g->handoff.ram);
	g->handoff.ram = NULL;
}

/* ---- the words ---- */

/* The stop for its write may be on its way to us, and tells who it was. */
static bool is_watched(const struct ram_watch *w, enum handoff_word word)
{
	return w->exchanged && (word == WORD_NEW_SMBASE || word == WORD_ABOUT);
}

static void sample_words(struct gdb *g, int64_t ts, bool stopped)
{
	struct ram_watch *w = &g->handoff.watch;

	ram_watch_pen(w, atomic_load(&g->tap.sipi_page));
	for (enum handoff_word word = 0; word < WORD_COUNT; word++)
		if (stopped || !is_watched(w, word))
			ram_watch_word(w, word, ts);
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
	if (ts - h->watch.looked_ns >= RAM_WATCH_EVERY_NS || !h->watch.has_first)
		gdb_code_sample(g, ts, true, CPU_UNKNOWN);
	if (ram_watch_talks(&h->watch) && (h->ram || gdb_handoff_busy(g)))
		sample_words(g, ts, true);
}

void gdb_tick(struct gdb *g)
{
	int64_t ts = clock_now();

	if (!g->handoff.ram)
		return;
	gdb_code_sample(g, ts, false, CPU_UNKNOWN);
	if (ram_watch_talks(&g->handoff.watch))
		sample_words(g, ts, false);
}

/* ---- points ---- */

static const enum handoff_word watched[] = { WORD_NEW_SMBASE, WORD_ABOUT };

void gdb_handoff_want(struct gdb *g)
{
	const struct ram_watch *w = &g->handoff.watch;

	if (gdb_handoff_busy(g)) /* that of each CPU in it is wanted anyway; here: somebody else's hand */
		points_want(&g->points, RSP_WRITE_WATCH, SMBASE_DEFAULT + SMM_SLOT_AMD64, 4);
	if (!ram_watch_talks(w))
		return;
	if (w->first.code == CODE_GATE)
		points_want(&g->points, RSP_SW_BREAK, w->first.pass, 1);
	else
		gdb_code_want(g);
	for (size_t i = 0; i < sizeof(watched) / sizeof(*watched); i++)
		if (w->addr[watched[i]])
			points_want(&g->points, RSP_WRITE_WATCH, w->addr[watched[i]], ram_watch_size(watched[i]));
}

static void word_written(struct stop_ctx *s, enum handoff_word word)
{
	struct ram_watch *w = &s->g->handoff.watch;
	struct event ev = ram_watch_event(w, SRC_GDB, word, s->c->index, s->ts);
	uint64_t value;

	event_set(&ev, HANDOFF_RIP, gdb_smi_pc(s->c, &s->regs));
	if (ram_watch_read(w, word, &value))
		ram_watch_tell(w, &ev, value);
}

/*
 * Of two CPUs that stop at once one is named. What stopped the other is told at its next stop, which may be much
 * later and elsewhere, or when its RSM behind the write was told: a word that stands as it was last seen is not told
 * as written by a CPU that is outside SMM.
 */
static bool is_stale(const struct stop_ctx *s, enum handoff_word word)
{
	const struct ram_watch *w = &s->g->handoff.watch;
	uint64_t value;

	return !s->c->in_smm && w->word_known[word] && ram_watch_read(w, word, &value) && value == w->word[word];
}

bool gdb_handoff_written(struct stop_ctx *s)
{
	struct gdb *g = s->g;
	const struct ram_watch *w = &g->handoff.watch;

	if (gdb_code_is_exchange(s->stop)) {
		if (g->handoff.ram || s->c->in_smm)
			gdb_code_sample(g, s->ts, true, s->c->index);
		return true;
	}
	for (size_t i = 0; i < sizeof(watched) / sizeof(*watched); i++)
		if (w->addr[watched[i]] && s->stop->watch_addr == w->addr[watched[i]]) {
			if (!is_stale(s, watched[i]))
				word_written(s, watched[i]);
			return true;
		}
	return false;
}

/* Only a CPU whose APIC ID the gate held gets here; if nobody saw it opened, it was since the last sample. */
static void opened_unseen(struct stop_ctx *s)
{
	struct ram_watch *w = &s->g->handoff.watch;

	if (s->c->apic_id < 0 || (w->word_known[WORD_GATE] && w->word[WORD_GATE] != UINT64_MAX))
		return;
	ram_watch_infer(w, WORD_GATE, s->ts, (uint64_t)s->c->apic_id);
}

int gdb_handoff_passed(struct stop_ctx *s, struct error *err)
{
	struct ram_watch *w = &s->g->handoff.watch;
	struct event ev;

	if (!s->c->in_smm && gdb_smi_enter(s, SMBASE_DEFAULT, ORIGIN_INFERRED, err) < 0)
		return -1;
	if (s->c->passed)
		return 0;
	s->c->passed = true;
	opened_unseen(s);
	ev = ram_watch_event(w, SRC_GDB, WORD_GATE, s->c->index, s->ts);
	event_set(&ev, HANDOFF_RIP, w->first.pass);
	ram_watch_tell(w, &ev, UINT64_MAX);
	return 0;
}
