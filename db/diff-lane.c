/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "diff-lane.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS (4 * WORDS_MAX)

struct words {
	uint32_t slot[SLOTS]; /* of a text's hash: its number, 0 = free */
	char *text[WORDS_MAX + 1];
	uint32_t n;           /* numbers in use */
};

static const char too_many[] = "(something; there are too many different things to keep)";

struct words *words_new(void)
{
	return calloc(1, sizeof(struct words));
}

void words_free(struct words *w)
{
	for (uint32_t i = 1; w && i <= w->n; i++)
		free(w->text[i]);
	free(w);
}

/* FNV-1a */
static uint32_t hash(const char *text)
{
	uint32_t h = 2166136261u;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 16777619u;
	return h;
}

static uint32_t *find_slot(struct words *w, const char *text)
{
	uint32_t at = hash(text) % SLOTS;

	while (w->slot[at] && strcmp(w->text[w->slot[at]], text))
		at = (at + 1) % SLOTS;
	return &w->slot[at];
}

uint32_t words_of(struct words *w, const char *text)
{
	uint32_t *slot = find_slot(w, text);

	if (!*slot && w->n >= WORDS_MAX - 1 && strcmp(text, too_many))
		return words_of(w, too_many);
	if (!*slot) {
		w->text[w->n + 1] = strdup(text);
		if (!w->text[w->n + 1])
			return 0;
		*slot = ++w->n;
	}
	return *slot;
}

const char *words_text(const struct words *w, uint32_t word)
{
	return w->text[word];
}

static int make_room(struct lane *l)
{
	size_t room = l->room ? 2 * l->room : 256;
	struct lane_line *more;

	if (l->n < l->room)
		return 0;
	more = realloc(l->line, room * sizeof(*more));
	if (!more)
		return -1;
	l->line = more;
	l->room = room;
	return 0;
}

/* Are the last @len lines those before them once more? */
static bool ends_in_two(const struct lane *l, size_t len)
{
	const struct lane_line *last = l->line + l->n - 1;

	for (size_t i = 0; i < len; i++)
		if (last[-(ptrdiff_t)i].word != last[-(ptrdiff_t)(i + len)].word)
			return false;
	return true;
}

/* The last @len lines go into those before them. */
static void fold(struct lane *l, size_t len)
{
	for (size_t i = l->n - len; i < l->n; i++) {
		struct lane_line *into = &l->line[i - len];
		uint32_t sum = into->count + l->line[i].count;

		into->count = sum < into->count ? UINT32_MAX : sum;
	}
	l->n -= len;
	l->run -= len;
}

int lane_add(struct lane *l, const struct lane_line *line)
{
	if (l->n == LANE_LINES) {
		l->cut = true;
		return 0;
	}
	if (make_room(l) < 0)
		return -1;
	l->line[l->n++] = *line;
	l->run = line->repeats ? l->run + 1 : 0;
	for (size_t len = 1; len <= LANE_STRETCH && 2 * len <= l->run; len++)
		if (ends_in_two(l, len)) {
			fold(l, len);
			break;
		}
	return 0;
}

void lane_free(struct lane *l)
{
	free(l->line);
	*l = (struct lane){ 0 };
}
