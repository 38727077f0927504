/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ram-watch.h"

static const unsigned word_size[WORD_COUNT] = {
	[WORD_GATE] = 8, [WORD_NEW_SMBASE] = 4, [WORD_ABOUT] = 1, [WORD_PEN] = 1,
};

bool ram_watch_talks(const struct ram_watch *w)
{
	return w->has_first && (w->first.code == CODE_GATE || w->exchanged);
}

unsigned ram_watch_size(enum handoff_word word)
{
	return word_size[word];
}

bool ram_watch_read(const struct ram_watch *w, enum handoff_word word, uint64_t *value)
{
	uint8_t raw[8];

	*value = 0;
	if (!w->addr[word] || !w->read(w->arg, w->addr[word], raw, word_size[word]))
		return false;
	for (unsigned i = word_size[word]; i-- > 0;)
		*value = *value << 8 | raw[i];
	return true;
}

void ram_watch_pen(struct ram_watch *w, uint64_t page)
{
	uint8_t code[PEN_CODE];

	if (!page || page + PEN_FLAG == w->addr[WORD_PEN] || !w->read(w->arg, page, code, sizeof(code)) ||
	    !first_smi_is_pen(code, sizeof(code)))
		return;
	w->addr[WORD_PEN] = page + PEN_FLAG;
	w->word_known[WORD_PEN] = false;
}

/* ---- events ---- */

struct event ram_watch_event(const struct ram_watch *w, enum event_source source, enum handoff_word word, int cpu,
			     int64_t ts)
{
	struct event ev = event_new(EV_HANDOFF, source, cpu, ts);

	event_set(&ev, HANDOFF_WORD, word);
	event_set(&ev, HANDOFF_ADDR, w->addr[word]);
	if (w->word_known[word])
		event_set(&ev, HANDOFF_OLD, w->word[word]);
	return ev;
}

void ram_watch_tell(struct ram_watch *w, struct event *ev, uint64_t value)
{
	enum handoff_word word = (enum handoff_word)ev->arg[HANDOFF_WORD];

	event_set(ev, HANDOFF_VALUE, value);
	w->word_known[word] = true;
	w->word[word] = value;
	w->put(w->arg, ev);
}

static void infer(struct ram_watch *w, enum handoff_word word, int64_t since, int64_t ts, uint64_t value)
{
	struct event ev = ram_watch_event(w, w->source, word, CPU_UNKNOWN, ts);

	ev.origin = ORIGIN_INFERRED;
	if (since && event_has(&ev, HANDOFF_OLD))
		event_set(&ev, HANDOFF_SINCE, (uint64_t)since);
	ram_watch_tell(w, &ev, value);
}

void ram_watch_infer(struct ram_watch *w, enum handoff_word word, int64_t ts, uint64_t value)
{
	infer(w, word, w->word_ns[word], ts, value);
}

void ram_watch_word(struct ram_watch *w, enum handoff_word word, int64_t ts)
{
	int64_t since = w->word_ns[word];
	uint64_t value;

	if (!ram_watch_read(w, word, &value))
		return;
	w->word_ns[word] = ts;
	if (!w->word_known[word] || w->word[word] != value)
		infer(w, word, since, ts, value);
}
