/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Durations in ns, kept to be ranked. All zero is empty; samples_free() makes it so again. */
#ifndef VIEWS_SAMPLES_H
#define VIEWS_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct samples {
	int64_t *ns;
	size_t n, room;
};

/* False when there is no memory. */
bool samples_add(struct samples *s, int64_t ns);

/* By length, once all are there: before samples_rank(). */
void samples_sort(struct samples *s);

/*
 * The shortest of which @percent % are not longer (nearest rank): a length that was measured, nothing
 * in between. 0 is the shortest, 100 the longest. There must be one.
 */
int64_t samples_rank(const struct samples *s, unsigned percent);

void samples_free(struct samples *s);

#endif
