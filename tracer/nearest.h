/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * "Did you mean ...?": the known name nearest to a word that is none.
 *
 * Feed the names one by one; the best one so far stands in .best, which stays
 * NULL when nothing is near enough to be meant (more than a third of the word,
 * at least 2, edits away). Names are borrowed and must outlive the record.
 *
 *   struct nearest n = nearest_to("repotr");
 *   for (...) nearest_try(&n, name);
 *   if (n.best) ...
 */
#ifndef TRACER_NEAREST_H
#define TRACER_NEAREST_H

#include <stddef.h>

struct nearest {
	const char *word;
	size_t len;           /* of word that counts */
	unsigned distance;    /* of best, or the limit that no name has met */
	const char *best;
};

struct nearest nearest_to(const char *word);

/* The same for the first @len bytes of @word. */
struct nearest nearest_to_len(const char *word, size_t len);

void nearest_try(struct nearest *n, const char *name);

#endif
