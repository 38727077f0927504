/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd-value.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../gdbproto/safe-text.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int refuse(const char *word, const char *why, struct error *err)
{
	char safe[64];

	return fail(err, ERR_USAGE, "\"%s\" is %s", safe_text(safe, sizeof(safe), word, strlen(word)), why);
}

int cmd_number(const char *word, int64_t *out, struct error *err)
{
	const char *digits = word + (*word == '-' || *word == '+');
	bool hex = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
	char *end;
	long long value;

	if (!is_digit(*digits))
		return refuse(word, "not a number (decimal or 0x...)", err);
	errno = 0;
	value = strtoll(word, &end, hex ? 16 : 10);
	if (*end)
		return refuse(word, "not a number (decimal or 0x...)", err);
	if (errno == ERANGE)
		return refuse(word, "too large: it must fit 64 bits", err);
	*out = value;
	return 0;
}

static const struct {
	const char *name;
	int64_t ns;
} units[] = {
	{ "", 1000000000 }, { "s", 1000000000 }, { "ms", 1000000 }, { "us", 1000 }, { "ns", 1 },
	{ "m", 60 * INT64_C(1000000000) }, { "h", 3600 * INT64_C(1000000000) },
};

static int64_t unit_ns(const char *name)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(units[i].name, name))
			return units[i].ns;
	return 0;
}

/* Digits behind the point as billionths; more than nine are beyond a nanosecond and fall away. */
static int64_t billionths(const char **at)
{
	int64_t value = 0, scale = 1000000000;

	for (; is_digit(**at); (*at)++) {
		scale /= 10;
		value += (**at - '0') * scale;
	}
	return value;
}

int cmd_time(const char *word, int64_t *out, struct error *err)
{
	static const char shape[] = "not a time such as 250ms, 10s, 1.5m or 2h";
	const char *at = word;
	int64_t whole = 0, part = 0, unit, total;
	bool too_long = false;

	if (!is_digit(*at))
		return refuse(word, shape, err);
	for (; is_digit(*at); at++)
		too_long |= __builtin_mul_overflow(whole, 10, &whole) ||
			    __builtin_add_overflow(whole, *at - '0', &whole);
	if (*at == '.' && is_digit(at[1])) {
		at++;
		part = billionths(&at);
	}
	unit = unit_ns(at);
	if (!unit)
		return refuse(word, shape, err);
	/* part < 1e9 and unit <= 3.6e12: split, so that the product stays inside 64 bits. */
	part = unit >= 1000000000 ? part * (unit / 1000000000) : part / (1000000000 / unit);
	if (too_long || __builtin_mul_overflow(whole, unit, &total) ||
	    __builtin_add_overflow(total, part, &total))
		return refuse(word, "too long a time", err);
	*out = total;
	return 0;
}
