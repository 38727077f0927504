/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The code at the default SMBASE. OVMF's stays behind its gate. Other firmware exchanges a NOP handler for the one
 * that relocates, for a millisecond or so; what is there while it is being written is neither.
 */
#include "ram-watch.h"

#include <string.h>

#include "../model.h"
#include "smm-state.h"

#define DEFAULT_ENTRY (SMBASE_DEFAULT + SMM_ENTRY_OFFSET)
#define TOLD_OFTEN 64u /* changes of code that nobody calls a handler */

static bool is_same(const struct first_smi *a, const struct first_smi *b)
{
	return a->code == b->code && a->sum == b->sum && a->size == b->size;
}

/* Memory that is no handler changes as its owner likes: that is told, but not for ever. */
static bool worth_telling(struct ram_watch *w, const struct first_smi *now)
{
	if (!w->has_first || now->code != w->first.code)
		return true;
	if (is_same(now, &w->first))
		return false;
	return now->code != CODE_UNKNOWN || w->unknowns++ < TOLD_OFTEN;
}

/* Firmware that does it goes on doing it, whatever it puts there once in a while. */
static bool goes_on_exchanging(const struct ram_watch *w, const struct first_smi *now)
{
	bool is_handler = now->code == CODE_GATE || now->code == CODE_TEMPLATE;

	return first_smi_is_exchanged(now) || (w->exchanged && !is_handler && w->unknowns < TOLD_OFTEN);
}

/* What has no words of its own, as the NOP handler: those of the one it was exchanged for last go on. */
static void follow_words(struct ram_watch *w, const struct first_smi *now)
{
	const uint64_t addr[] = {
		[WORD_GATE] = now->gate, [WORD_NEW_SMBASE] = now->new_smbase, [WORD_ABOUT] = now->about,
	};

	for (size_t i = 0; i < sizeof(addr) / sizeof(*addr); i++) {
		if (w->exchanged && !addr[i])
			continue;
		w->word_known[i] &= w->addr[i] == addr[i];
		w->addr[i] = addr[i];
	}
}

/*
 * While a handler takes the place of another, what is there is neither; and whoever writes it may be at
 * a stop that is on its way to us, and tells more. So both are told only when they last.
 */
static bool in_between(struct ram_watch *w, const struct first_smi *now, int64_t ts, bool still, int writer)
{
	bool is_known = now->code != CODE_UNKNOWN || (now->whole && writer != CPU_UNKNOWN);

	if (!w->exchanged || is_same(now, &w->first) || (still && is_known)) {
		w->between_ns = 0;
		return false;
	}
	if (!w->between_ns)
		w->between_ns = ts;
	return ts - w->between_ns < RAM_WATCH_EVERY_NS;
}

/* Sampled, or seen being written by @writer, which only a stop shows. */
static void put_handler(struct ram_watch *w, int64_t ts, int writer)
{
	const struct first_smi *f = &w->first;
	bool seen = writer != CPU_UNKNOWN;
	struct event ev = event_new(EV_HANDLER, seen ? SRC_GDB : w->source, writer, ts);

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
	if (w->code_ns && !seen)
		event_set(&ev, HANDLER_SINCE, (uint64_t)w->code_ns);
	w->put(w->arg, &ev);
}

static void take_code(struct ram_watch *w, const struct first_smi *now, int64_t ts, int writer)
{
	bool tell = worth_telling(w, now);

	if (tell) {
		w->other_code |= !first_smi_is_exchanged(now) || !w->exchanged;
		w->exchanged = goes_on_exchanging(w, now);
		follow_words(w, now);
	}
	w->first = *now;
	w->has_first = true;
	w->between_ns = 0;
	if (tell)
		put_handler(w, ts, writer);
}

void ram_watch_code(struct ram_watch *w, int64_t ts, bool still, int writer)
{
	uint8_t code[FIRST_SMI_CODE];
	struct first_smi now;

	if (ts == w->looked_ns || !w->read(w->arg, DEFAULT_ENTRY, code, sizeof(code)))
		return;
	w->looked_ns = ts;
	if (!w->has_first || w->between_ns || memcmp(code, w->code, sizeof(code))) {
		memcpy(w->code, code, sizeof(code));
		first_smi_decode(&now, SMBASE_DEFAULT, code, sizeof(code));
		if (in_between(w, &now, ts, still, writer))
			return;
		take_code(w, &now, ts, writer);
	}
	w->code_ns = ts;
}

void ram_watch_entered(struct ram_watch *w, int64_t ts)
{
	struct first_smi now;

	if (!w->between_ns)
		return;
	first_smi_decode(&now, SMBASE_DEFAULT, w->code, sizeof(w->code));
	take_code(w, &now, ts, CPU_UNKNOWN);
	w->code_ns = ts;
}
