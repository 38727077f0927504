/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What one CPU did, as a sequence of words, and the dictionary that both sides of a diff share.
 *
 * A word is a short text without times and addresses (diff-word.h). Some happen as often as luck will
 * have it: a poll, an SMI of the boot. Of a stretch of such words that comes again at once, and again, one
 * is kept and counted, so that memory and comparison do not depend on how often it came. Pure.
 */
#ifndef DB_DIFF_LANE_H
#define DB_DIFF_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Texts beyond this number become one word, whose text says so: no firmware does that many things. */
#define WORDS_MAX 65536
/* How long a stretch may be that repeats, in words. */
#define LANE_STRETCH 32
/* Lines that are kept of a lane; lane_add() drops what is behind, and says so in lane.cut. */
#define LANE_LINES (1u << 20)

struct words;

struct words *words_new(void); /* NULL on no memory */
void words_free(struct words *w);

/* The number of @text, the same for the same text; 0 on no memory. */
uint32_t words_of(struct words *w, const char *text);
/* Lives until words_free(). */
const char *words_text(const struct words *w, uint32_t word);

struct lane_line {
	uint32_t word;
	uint32_t count;     /* how often, in this place; sticks at its maximum */
	int64_t id;         /* of the first event of it */
	uint32_t episode;   /* that it happened in, 0 = none */
	uint8_t step;       /* and the step of it: enum flow_step */
	bool repeats;       /* how often does not matter ... */
	bool polls;         /* ... nor whether at all, at the end of a recording */
};

struct lane {
	struct lane_line *line;
	size_t n, room;
	size_t run;         /* lines at its end that repeat */
	bool cut;           /* something was not kept */
};

/* 0, or -1 without memory. @line->count is 1. */
int lane_add(struct lane *l, const struct lane_line *line);
void lane_free(struct lane *l);

#endif
