/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the gdb source says: events, notes, and the pauses it makes the guest suffer. */
#include "gdb-internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../clock.h"

/* Events that a stop tells of, unless they were sampled during it. A pause is our own doing, by our own clock. */
#define OF_A_STOP (1u << EV_SMI_ENTER | 1u << EV_SMI_LEAVE | 1u << EV_SMBASE_WRITE | 1u << EV_SMBASE_FOUND | \
		   1u << EV_HANDOFF | 1u << EV_HANDLER)

static bool is_of_stop(const struct gdb *g, const struct event *ev)
{
	return g->stop && g->stop->text_len && OF_A_STOP >> ev->kind & 1 &&
	       (ev->origin == ORIGIN_OBSERVED || ev->kind == EV_SMI_ENTER);
}

void gdb_put_entry(struct gdb *g, struct event ev, const uint8_t *tail)
{
	struct raw raw = { .state = tail, .state_len = tail ? SMM_STATE_TAIL : 0 };

	if (is_of_stop(g, &ev)) {
		raw.text = g->stop->text;
		raw.len = rsp_stop_kept(g->stop);
		raw.whole = g->stop->text_len > raw.len ? g->stop->text_len : 0;
	}
	event_put(g->args.out, &ev, raw.text || raw.state ? &raw : NULL);
}

void gdb_put(struct gdb *g, struct event ev)
{
	gdb_put_entry(g, ev, NULL);
}

void gdb_note(struct gdb *g, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (g->args.note)
		g->args.note(g->args.note_arg, text);
}

void gdb_set_in_smm(struct gdb *g, struct gcpu *c, bool in_smm)
{
	c->in_smm = in_smm;
	atomic_store(&g->tap.in_smm[c->index], in_smm);
}
void gdb_put_span(struct gdb *g, enum event_kind kind, int64_t from, int64_t until, enum pause_why why)
{
	struct event ev = event_new(kind, SRC_GDB, CPU_UNKNOWN, from);

	event_set(&ev, PAUSE_UNTIL, (uint64_t)until);
	event_set(&ev, PAUSE_WHY, why);
	gdb_put(g, ev);
}

void gdb_put_blind(struct gdb *g, enum event_source source, int cpu, int64_t from, int64_t until,
		   enum pause_why why)
{
	struct event ev = event_new(EV_BLIND, source, cpu, from);

	event_set(&ev, BLIND_UNTIL, (uint64_t)until);
	event_set(&ev, BLIND_WHY, why);
	gdb_put(g, ev);
}

void gdb_pause_begins(struct gdb *g, int64_t ts)
{
	g->pause_start = ts;
}

void gdb_pause_ends(struct gdb *g, enum pause_why why)
{
	int64_t now = clock_now();

	if (!g->pause_start)
		return;
	gdb_put_span(g, EV_PAUSE, g->pause_start, now, why);
	g->stopped_ns += now - g->pause_start;
	if (why == WHY_STOP) {
		g->handling_ns[g->handlings++ % STOPS_KEPT] = (uint32_t)(now - g->pause_start);
		g->stops++;
	}
	g->pause_start = 0;
}

void gdb_foreign_pause(struct gdb *g, int64_t since)
{
	struct event ev = event_new(EV_PAUSE, SRC_GDB, CPU_UNKNOWN, since); /* until when is not known yet */

	event_set(&ev, PAUSE_WHY, WHY_FOREIGN);
	gdb_put(g, ev);
	g->foreign_since = since;
	guard_set_paused(g->args.guard, true);
	rsp_assume_running(g->rsp);
}

void gdb_foreign_over(struct gdb *g, int64_t ts)
{
	if (!g->foreign_since)
		return;
	gdb_put_span(g, EV_PAUSE, g->foreign_since, ts, WHY_FOREIGN);
	g->foreign_since = 0;
	guard_set_paused(g->args.guard, false);
}

void gdb_put_session(struct gdb *g, enum session_what what, int64_t ts)
{
	struct event ev = event_new(EV_SESSION, SRC_TRACER, CPU_UNKNOWN, ts);

	event_set(&ev, SESSION_WHAT, what);
	gdb_put(g, ev);
}
static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

void gdb_stats(const struct gdb *g, struct gdb_stats *out)
{
	unsigned n = g->handlings < STOPS_KEPT ? g->handlings : STOPS_KEPT;
	uint32_t *sorted = malloc((n + 1) * sizeof(*sorted));

	*out = (struct gdb_stats){
		.stops = g->stops, .stopped_ns = g->stopped_ns, .watch_missed = g->watch_missed,
		.unknown_smbase = gdb_late_unknown(g), .server_pid = g->server_pid,
	};
	if (sorted && n) {
		memcpy(sorted, g->handling_ns, n * sizeof(*sorted));
		qsort(sorted, n, sizeof(*sorted), by_value);
		out->handling_median_ns = sorted[n / 2];
	}
	free(sorted);
}
