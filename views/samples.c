/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "samples.h"

#include <stdlib.h>

bool samples_add(struct samples *s, int64_t ns)
{
	if (s->n == s->room) {
		size_t room = s->room ? s->room * 2 : 256;
		int64_t *more = realloc(s->ns, room * sizeof(*more));

		if (!more)
			return false;
		s->ns = more;
		s->room = room;
	}
	s->ns[s->n++] = ns;
	return true;
}

static int by_length(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

void samples_sort(struct samples *s)
{
	if (s->n)
		qsort(s->ns, s->n, sizeof(*s->ns), by_length);
}

int64_t samples_rank(const struct samples *s, unsigned percent)
{
	size_t place = (s->n * percent + 99) / 100;

	return s->ns[place ? place - 1 : 0];
}

void samples_free(struct samples *s)
{
	free(s->ns);
	*s = (struct samples){ 0 };
}
