/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What turns text into output: JSON strings, wrapped lines; and the programs of the host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../tracer/host.h"
#include "../../tracer/wrap.h"
#include "../../views/json-text.h"

#include <cmocka.h>

static char *written;
static size_t written_len;

static FILE *begin(void)
{
	free(written);
	written = NULL;
	return open_memstream(&written, &written_len);
}

static void assert_json(const char *text, const char *want)
{
	FILE *out = begin();

	json_text(out, text);
	fclose(out);
	assert_string_equal(written, want);
}

static void json_is_escaped(void **state)
{
	(void)state;
	assert_json("", "\"\"");
	assert_json(NULL, "null");
	assert_json("a\"b\\c/", "\"a\\\"b\\\\c/\"");
	assert_json("\n\t\x1b\x7f", "\"\\u000a\\u0009\\u001b\\u007f\"");
	assert_json("\xc3\xa4 \xe2\x96\xbc \xf0\x9f\x98\x80", "\"\xc3\xa4 \xe2\x96\xbc \xf0\x9f\x98\x80\"");
}

static void json_stays_utf8(void **state)
{
	static const char *const bad[] = {
		"\x80", "\xc0\xaf", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
		"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xe2\x96",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		FILE *out = begin();

		json_text(out, bad[i]);
		fclose(out);
		assert_non_null(strstr(written, "\\ufffd"));
		for (size_t c = 0; c < written_len; c++)
			assert_true((unsigned char)written[c] < 0x80);
	}
}

#define X14 "xxxxxxxxxxxxxx"
#define X56 X14 X14 X14 X14

static void lines_are_wrapped(void **state)
{
	FILE *out = begin();

	(void)state;
	fputs("use: ", out);
	wrap_text(out, "one [--two THREE] " X56 " [-o FILE]", 5, 5);
	fclose(out);
	assert_string_equal(written, "use: one [--two THREE] " X56 "\n     [-o FILE]\n");
}

static void a_long_word_stands_alone(void **state)
{
	char word[200];
	FILE *out = begin();

	(void)state;
	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	wrap_text(out, word, 0, 2);
	wrap_text(out, "", 0, 2);
	fclose(out);
	assert_int_equal(written_len, sizeof(word) + 1);
}

static void programs_are_found_and_asked(void **state)
{
	char path[256], line[64];
	char *say[] = { path, (char[]){ "-c" }, (char[]){ "printf 'one\\033\\ntwo\\n'" }, NULL };
	char *hang[] = { path, (char[]){ "-c" }, (char[]){ "sleep 60" }, NULL };

	(void)state;
	assert_true(host_find_program("sh", path, sizeof(path)));
	assert_true(host_first_line(say, 20000, line, sizeof(line)));
	assert_string_equal(line, "one\\x1b");
	assert_false(host_first_line(hang, 50, line, sizeof(line)));
	assert_false(host_find_program("no-such-program-anywhere", path, sizeof(path)));
	hang[0] = (char[]){ "/nonexistent/program" };
	assert_false(host_first_line(hang, 50, line, sizeof(line)));
}

static int free_written(void **state)
{
	(void)state;
	free(written);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_is_escaped),
		cmocka_unit_test(json_stays_utf8),
		cmocka_unit_test(lines_are_wrapped),
		cmocka_unit_test(a_long_word_stands_alone),
		cmocka_unit_test(programs_are_found_and_asked),
	};

	return cmocka_run_group_tests(tests, NULL, free_written);
}
