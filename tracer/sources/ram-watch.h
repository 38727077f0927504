/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What lies at the default SMBASE, looked at again and again: the code there, and the words by which monarch
 * and new CPU talk (gate, new SMBASE, about to leave, the pen's flag). What is another than at the last look is
 * told as a `handler` or `handoff` event, inferred: it changed between the two. Whoever sees a write itself
 * tells it through the same account, so that nothing is told twice.
 *
 * Shared by the sources that can read that memory, which say how. One thread at a time.
 */
#ifndef TRACER_SOURCES_RAM_WATCH_H
#define TRACER_SOURCES_RAM_WATCH_H

#include "../event.h"
#include "first-smi.h"

#define RAM_WATCH_EVERY_NS 20000000ll /* what is neither handler for this long is told as such */

struct ram_watch {
	/* The owner's. @read: false = cannot be read now. */
	bool (*read)(void *arg, uint64_t addr, void *out, size_t len);
	void (*put)(void *arg, const struct event *ev);
	void *arg;
	enum event_source source;    /* of what is sampled */

	/* To be read. */
	bool has_first;
	struct first_smi first;      /* what is known of the code */
	bool exchanged;              /* by firmware that has no gate, from time to time */
	bool other_code;             /* set when it is another one, such an exchange apart; the owner clears it */
	uint64_t addr[WORD_COUNT];   /* of the words; 0 = not known */
	bool word_known[WORD_COUNT];
	uint64_t word[WORD_COUNT];   /* as last seen */
	int64_t word_ns[WORD_COUNT]; /* when it was looked at last; 0 = never */
	int64_t looked_ns;           /* when the code was looked at last */

	/* Its own. */
	uint8_t code[FIRST_SMI_CODE];
	unsigned unknowns;           /* changes of code of no known class */
	int64_t code_ns;             /* when the code was last seen to be as it was told; 0 = never */
	int64_t between_ns;          /* since when it is being exchanged, by what was seen; 0 = it is not */
};

/* ---- the code (ram-watch-code.c) ---- */

/*
 * Look at the code, and tell what has changed; once for one @ts. @still: nobody runs meanwhile, so what is whole is
 * not half written. @writer: it was seen being written by that CPU, else CPU_UNKNOWN.
 */
void ram_watch_code(struct ram_watch *w, int64_t ts, bool still, int writer);

/* A CPU enters it: what was seen there last is what it runs. */
void ram_watch_entered(struct ram_watch *w, int64_t ts);

/* ---- the words (ram-watch.c) ---- */

/* Does the code talk by words, so that they are worth a look? */
bool ram_watch_talks(const struct ram_watch *w);

/* Bytes of a word. */
unsigned ram_watch_size(enum handoff_word word);

/* False = the word has no address, or cannot be read. */
bool ram_watch_read(const struct ram_watch *w, enum handoff_word word, uint64_t *value);

/* A CPU was sent to the @page, or halts in it: it is the pen if its code says so. */
void ram_watch_pen(struct ram_watch *w, uint64_t page);

/* Look at one word, and tell it when it has changed. */
void ram_watch_word(struct ram_watch *w, enum handoff_word word, int64_t ts);

/* A handoff event about @word as it was; and telling that it is @value now. */
struct event ram_watch_event(const struct ram_watch *w, enum event_source source, enum handoff_word word, int cpu,
			     int64_t ts);
void ram_watch_tell(struct ram_watch *w, struct event *ev, uint64_t value);

/* The same for a change that was concluded: it happened since the word was looked at last. */
void ram_watch_infer(struct ram_watch *w, enum handoff_word word, int64_t ts, uint64_t value);

#endif
