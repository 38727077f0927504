/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../../gdbproto/safe-text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void plain_text_is_kept(void **state)
{
	char out[32];

	(void)state;
	assert_string_equal(safe_text(out, sizeof(out), "q35, 2 CPUs ~", 13), "q35, 2 CPUs ~");
	assert_string_equal(safe_text(out, sizeof(out), "", 0), "");
}

static void every_other_byte_is_escaped(void **state)
{
	char out[64];

	(void)state;
	assert_string_equal(safe_text(out, sizeof(out), "\033[2J\n", 5), "\\x1b[2J\\x0a");
	assert_string_equal(safe_text(out, sizeof(out), "a\0b\x7f\xff\\", 6), "a\\x00b\\x7f\\xff\\x5c");
}

static void what_fits_is_not_cut(void **state)
{
	char out[8];

	(void)state;
	assert_string_equal(safe_text(out, sizeof(out), "1234567", 7), "1234567");
	assert_string_equal(safe_text(out, sizeof(out), "123\n", 4), "123\\x0a");
}

static void what_does_not_fit_ends_in_dots(void **state)
{
	char out[8], least[4];

	(void)state;
	assert_string_equal(safe_text(out, sizeof(out), "12345678", 8), "1234...");
	assert_string_equal(safe_text(out, sizeof(out), "1\n\n", 3), "1...");
	assert_string_equal(safe_text(out, sizeof(out), "\n\n", 2), "\\x0a...");
	assert_string_equal(safe_text(least, sizeof(least), "abcd", 4), "...");
	assert_string_equal(safe_text(least, sizeof(least), "abc", 3), "abc");
}

/* Any length and any size: only printable bytes, always terminated inside the buffer. */
static void nothing_is_written_outside(void **state)
{
	char in[64], out[40];

	(void)state;
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (char)(i * 37);
	for (size_t size = 4; size < 32; size++) {
		for (size_t len = 0; len <= sizeof(in); len++) {
			memset(out, 'Z', sizeof(out));
			safe_text(out, size, in, len);
			assert_non_null(memchr(out, '\0', size));
			assert_int_equal(out[size], 'Z');
			for (const char *p = out; *p; p++)
				assert_in_range((unsigned char)*p, ' ', '~');
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_text_is_kept),
		cmocka_unit_test(every_other_byte_is_escaped),
		cmocka_unit_test(what_fits_is_not_cut),
		cmocka_unit_test(what_does_not_fit_ends_in_dots),
		cmocka_unit_test(nothing_is_written_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
