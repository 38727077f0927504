/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "nearest.h"

#include <string.h>

/* Names here are short; a longer one is nobody's neighbour. */
#define NAME_MAX_LEN 40

static unsigned min2(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/*
 * Edits (insert, delete, replace, swap of neighbours) from @a to @b: optimal string
 * alignment over three rows. Both at most NAME_MAX_LEN long.
 */
static unsigned edits(const char *a, size_t alen, const char *b, size_t blen)
{
	unsigned row[3][NAME_MAX_LEN + 1];

	for (size_t j = 0; j <= blen; j++)
		row[0][j] = (unsigned)j;
	for (size_t i = 1; i <= alen; i++) {
		unsigned *now = row[i % 3], *up = row[(i + 2) % 3], *up2 = row[(i + 1) % 3];

		now[0] = (unsigned)i;
		for (size_t j = 1; j <= blen; j++) {
			unsigned replace = up[j - 1] + (a[i - 1] != b[j - 1]);

			now[j] = min2(replace, min2(up[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = min2(now[j], up2[j - 2] + 1);
		}
	}
	return row[alen % 3][blen];
}

struct nearest nearest_to_len(const char *word, size_t len)
{
	unsigned limit = (unsigned)(len / 3);

	if (limit < 2)
		limit = len < 2 ? 1 : 2;
	return (struct nearest){ .word = word, .len = len, .distance = limit + 1 };
}

struct nearest nearest_to(const char *word)
{
	return nearest_to_len(word, strlen(word));
}

void nearest_try(struct nearest *n, const char *name)
{
	size_t len = strlen(name);
	unsigned distance;

	if (!n->len || n->len > NAME_MAX_LEN || !len || len > NAME_MAX_LEN)
		return;
	/* A word that is a name cut short is nearer than any misspelling. */
	if (n->len < len && n->len >= 2 && !memcmp(name, n->word, n->len))
		distance = 1;
	else
		distance = edits(n->word, n->len, name, len);
	if (distance < n->distance) {
		n->distance = distance;
		n->best = name;
	}
}
