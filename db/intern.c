/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "intern.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS (2 * INTERN_MAX)

/* FNV-1a */
static unsigned hash(unsigned list, const char *text)
{
	uint32_t h = 2166136261u ^ list;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 16777619u;
	return h % SLOTS;
}

uint64_t intern_text(struct intern *t, unsigned list, const char *text, bool *fresh)
{
	unsigned i = hash(list, text);

	*fresh = false;
	for (; t->slot[i].text; i = (i + 1) % SLOTS)
		if (t->slot[i].list == list && !strcmp(t->slot[i].text, text))
			return t->slot[i].number;
	if (t->count == INTERN_MAX || !(t->slot[i].text = strdup(text)))
		return 0;
	t->slot[i].list = list;
	t->slot[i].number = ++t->count;
	*fresh = true;
	return t->slot[i].number;
}

void intern_clear(struct intern *t)
{
	for (unsigned i = 0; i < SLOTS; i++)
		free(t->slot[i].text);
	memset(t, 0, sizeof(*t));
}
