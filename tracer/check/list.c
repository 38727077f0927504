/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of all invariants, and the switches that name them. */
#include "check.h"

#include <string.h>

#include "../nearest.h"

const struct invariant *const invariant_list[INVARIANT_COUNT] = {
#define X(N) [INV_##N] = &invariant_##N,
	INVARIANTS(X)
#undef X
};

static unsigned by_name(const char *name, size_t len)
{
	unsigned i = 0;

	while (i < INVARIANT_COUNT &&
	       (strlen(invariant_list[i]->name) != len || memcmp(invariant_list[i]->name, name, len)))
		i++;
	return i;
}

unsigned invariant_by_name(const char *name)
{
	return by_name(name, strlen(name));
}

static int no_such(const char *name, size_t len, struct error *err)
{
	struct nearest near = nearest_to_len(name, len);
	int shown = len > 60 ? 60 : (int)len;

	for (unsigned i = 0; i < INVARIANT_COUNT; i++)
		nearest_try(&near, invariant_list[i]->name);
	if (near.best)
		return fail(err, ERR_USAGE, "no invariant '%.*s'; did you mean '%s'?", shown, name, near.best);
	return fail(err, ERR_USAGE, "no invariant '%.*s'; see smmtrace list invariants", shown, name);
}

int check_options_parse(struct check_options *o, const char *list, struct error *err)
{
	const uint64_t all = (1ull << INVARIANT_COUNT) - 1;
	bool but = *list == '-';
	uint64_t named = 0;

	for (const char *word = list; word; word = strchr(word, ',') ? strchr(word, ',') + 1 : NULL) {
		size_t len = strcspn(word, ",");
		unsigned i;

		if (!len)
			return fail(err, ERR_USAGE, "an empty name in the list of invariants '%.60s'", list);
		if ((*word == '-') != but)
			return fail(err, ERR_USAGE, "invariants are named either all with '-' in front "
				    "(all but these) or all without (only these): '%.60s'", list);
		i = by_name(word + but, len - but);
		if (i == INVARIANT_COUNT)
			return no_such(word + but, len - but, err);
		named |= 1ull << i;
	}
	o->off = but ? named : all & ~named;
	return 0;
}
