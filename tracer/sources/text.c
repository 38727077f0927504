/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "text.h"

#include <string.h>

bool eat(struct text *t, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(t->end - t->at) < len || memcmp(t->at, word, len))
		return false;
	t->at += len;
	return true;
}

bool eat_through(struct text *t, const char *word)
{
	const char *hit = memmem(t->at, (size_t)(t->end - t->at), word, strlen(word));

	if (!hit)
		return false;
	t->at = hit + strlen(word);
	return true;
}

unsigned digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a' + 10);
	return c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10) : 99;
}

bool eat_number(struct text *t, unsigned base, unsigned max_digits, uint64_t *out)
{
	unsigned digits = 0;
	uint64_t value = 0;

	for (; t->at < t->end; t->at++, digits++) {
		unsigned d = digit_value(*t->at);

		if (d >= base)
			break;
		if (digits == max_digits)
			return false;
		value = value * base + d;
	}
	*out = value;
	return digits > 0;
}

bool eat_0x(struct text *t, uint64_t *out)
{
	return eat(t, "0x") && eat_number(t, 16, 16, out);
}
