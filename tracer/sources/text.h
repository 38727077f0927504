/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Eating a line of text from the left: each function takes what it names and
 * says so, or takes nothing. The text is never NUL-terminated and not owned.
 */
#ifndef TRACER_SOURCES_TEXT_H
#define TRACER_SOURCES_TEXT_H

#include <stdbool.h>
#include <stdint.h>

struct text {
	const char *at, *end;
};

/* The value of a hexadecimal digit, 99 for anything else. */
unsigned digit_value(char c);

/* @word, where the text stands. */
bool eat(struct text *t, const char *word);

/* Everything up to and with the next @word. */
bool eat_through(struct text *t, const char *word);

/* At least one and at most @max_digits digits of @base (2..16), no sign, no prefix. */
bool eat_number(struct text *t, unsigned base, unsigned max_digits, uint64_t *out);

/* 0x and at most 16 digits. */
bool eat_0x(struct text *t, uint64_t *out);

#endif
