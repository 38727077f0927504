/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "../../tracer/cmd.h"
#include "../../tracer/nearest.h"

#include <cmocka.h> /* last: its fail() is a macro */

static const char *output;
static bool force, quiet;
static int64_t cpu, duration;

static const struct opt opts[] = {
	{ 'o', "output", OPT_STRING, &output, "FILE", "where to" },
	{ 'f', "force", OPT_FLAG, &force, NULL, "overwrite" },
	{ 'q', "quiet", OPT_FLAG, &quiet, NULL, "say less" },
	{ 0, "cpu", OPT_NUMBER, &cpu, "N", "one CPU" },
	{ 0, "for", OPT_TIME, &duration, "TIME", "how long" },
	{ 0, NULL, OPT_FLAG, NULL, NULL, NULL },
};
static const struct cmd plain = { "attach", "Trace.", "TARGET [-o FILE]", opts, 1, 2, false, NULL };
static const struct cmd runner = { "run", "Run.", "-- ARG...", opts, 1, -1, true, NULL };

static struct error err;
static char *words[16];

/* Parse the words of a NULL-ended list; the positionals are then words[1], words[2] ... */
static int parse(const struct cmd *cmd, ...)
{
	int argc = 0;
	va_list ap;

	output = NULL;
	force = quiet = false;
	cpu = duration = -77;
	memset(&err, 0, sizeof(err));
	words[argc++] = (char *)(uintptr_t)cmd->name;
	va_start(ap, cmd);
	while ((words[argc] = va_arg(ap, char *)))
		argc++;
	va_end(ap);
	return cmd_parse(cmd, argc, words, &err);
}

/* Parsing failed with usage, in one line that says @part. */
static void refused(int status, const char *part)
{
	assert_int_equal(status, -ERR_USAGE);
	assert_int_equal(err.code, ERR_USAGE);
	assert_null(strchr(err.text, '\n'));
	if (!strstr(err.text, part))
		fail_msg("\"%s\" does not say \"%s\"", err.text, part);
}

static void positionals_and_options_mix(void **state)
{
	(void)state;
	assert_int_equal(parse(&plain, ":1234", NULL), 1);
	assert_string_equal(words[1], ":1234");
	assert_int_equal(parse(&plain, "-f", "a", "--output", "x", "b", "--cpu=3", NULL), 2);
	assert_string_equal(words[1], "a");
	assert_string_equal(words[2], "b");
	assert_null(words[3]);
	assert_string_equal(output, "x");
	assert_true(force);
	assert_int_equal(cpu, 3);
	assert_int_equal(parse(&plain, "-", NULL), 1);
}

static void a_value_may_be_glued_or_follow(void **state)
{
	static const char *const forms[][2] = {
		{ "-oFILE", NULL }, { "-o", "FILE" }, { "--output=FILE", NULL }, { "--output", "FILE" },
		{ "-foFILE", NULL }, { "-fo", "FILE" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		assert_int_equal(parse(&plain, "t", forms[i][0], forms[i][1], NULL), 1);
		assert_string_equal(output, "FILE");
	}
	assert_int_equal(parse(&plain, "t", "-o", "-f", NULL), 1);
	assert_string_equal(output, "-f");
	assert_false(force);
	assert_int_equal(parse(&plain, "t", "--output=a=b", NULL), 1);
	assert_string_equal(output, "a=b");
}

static void flags_share_a_dash_and_the_last_value_wins(void **state)
{
	(void)state;
	assert_int_equal(parse(&plain, "-fq", "t", NULL), 1);
	assert_true(force && quiet);
	assert_int_equal(parse(&plain, "-oa", "-ob", "t", NULL), 1);
	assert_string_equal(output, "b");
}

static void dashes_end_the_options(void **state)
{
	(void)state;
	assert_int_equal(parse(&plain, "--", "-f", "--nope", NULL), 2);
	assert_string_equal(words[1], "-f");
	assert_false(force);
	assert_int_equal(parse(&runner, "-f", "--", "qemu", "--", "-o", NULL), 5 - 1);
	assert_string_equal(words[1], "--");
	assert_string_equal(words[2], "qemu");
	assert_string_equal(words[3], "--");
	assert_string_equal(words[4], "-o");
	assert_true(force);
	assert_null(output);
	refused(parse(&runner, "-o", "--", "qemu", NULL), "needs a value (FILE)");
}

static void unknown_options_name_the_nearest(void **state)
{
	(void)state;
	refused(parse(&plain, "t", "--ouput", "x", NULL), "unknown option --ouput; did you mean --output?");
	refused(parse(&plain, "t", "--fro=1s", NULL), "unknown option --fro; did you mean --for?");
	refused(parse(&plain, "t", "--out", NULL), "did you mean --output?");
	refused(parse(&plain, "t", "--hepl", NULL), "did you mean --help?");
	refused(parse(&plain, "t", "--zzzzzzzz", NULL), "see smmtrace attach --help");
	refused(parse(&plain, "t", "-z", NULL), "unknown option -z");
	refused(parse(&plain, "t", "-fz", NULL), "unknown option -z");
	refused(parse(&plain, "t", "--\x1b[31m", NULL), "\\x1b[31m");
}

static void missing_values_and_counts(void **state)
{
	(void)state;
	refused(parse(&plain, "t", "-o", NULL), "option -o needs a value (FILE)");
	refused(parse(&plain, "t", "--for", NULL), "option --for needs a value (TIME)");
	refused(parse(&plain, "t", "--output=", NULL), "empty");
	refused(parse(&plain, "t", "--force=yes", NULL), "takes no value");
	refused(parse(&plain, NULL), "usage: smmtrace attach TARGET [-o FILE]");
	refused(parse(&plain, "a", "b", "c", NULL), "unexpected argument \"c\"");
}

static void times_have_units(void **state)
{
	static const struct {
		const char *word;
		int64_t ns;
	} good[] = {
		{ "250ms", 250000000 }, { "10s", 10000000000 }, { "10", 10000000000 }, { "2m", 120000000000 },
		{ "1h", 3600000000000 }, { "0", 0 }, { "1.5s", 1500000000 }, { "0.25h", 900000000000 },
		{ "3us", 3000 }, { "7ns", 7 }, { "1.0000000019", 1000000001 }, { "1.5us", 1500 },
	};
	static const char *const bad[] = {
		"", "-1s", "s", "10x", "10 s", "1.s", ".5s", "1e3", "10S", "1h2m", "99999999999h",
		"99999999999999999999",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(parse(&plain, "t", "--for", good[i].word, NULL), 1);
		assert_int_equal(duration, good[i].ns);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		refused(parse(&plain, "t", "--for", bad[i], NULL), "option --for");
		assert_int_equal(duration, -77);
	}
}

static void numbers_have_a_range(void **state)
{
	static const char *const bad[] = {
		"x", "1x", "0x", "--1", "9223372036854775808", "0xfffffffffffffffff", "1.5",
	};

	(void)state;
	assert_int_equal(parse(&plain, "t", "--cpu", "0x10", NULL), 1);
	assert_int_equal(cpu, 16);
	assert_int_equal(parse(&plain, "t", "--cpu", "-1", NULL), 1);
	assert_int_equal(cpu, -1);
	assert_int_equal(parse(&plain, "t", "--cpu", "010", NULL), 1);
	assert_int_equal(cpu, 10);
	assert_int_equal(parse(&plain, "t", "--cpu=9223372036854775807", NULL), 1);
	assert_int_equal(cpu, INT64_MAX);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refused(parse(&plain, "t", "--cpu", bad[i], NULL), "option --cpu");
	assert_int_equal(cpu, -77);
}

static void help_stops_the_parse(void **state)
{
	(void)state;
	assert_int_equal(parse(&plain, "--help", NULL), CMD_HELP_SHOWN);
	assert_int_equal(parse(&plain, "-h", "--nope", NULL), CMD_HELP_SHOWN);
	assert_int_equal(parse(&plain, "-fh", NULL), CMD_HELP_SHOWN);
}

static const char *nearest_of(const char *word)
{
	static const char *const names[] = { "attach", "run", "view", "report", "query", "doctor", "list" };
	struct nearest n = nearest_to(word);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		nearest_try(&n, names[i]);
	return n.best ? n.best : "-";
}

static void nearest_names(void **state)
{
	(void)state;
	assert_string_equal(nearest_of("repotr"), "report");
	assert_string_equal(nearest_of("atach"), "attach");
	assert_string_equal(nearest_of("doc"), "doctor");
	assert_string_equal(nearest_of("nur"), "run");
	assert_string_equal(nearest_of("frobnicate"), "-");
	assert_string_equal(nearest_of(""), "-");
	assert_string_equal(nearest_of("attachattachattachattachattachattachattachattach"), "-");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(positionals_and_options_mix),
		cmocka_unit_test(a_value_may_be_glued_or_follow),
		cmocka_unit_test(flags_share_a_dash_and_the_last_value_wins),
		cmocka_unit_test(dashes_end_the_options),
		cmocka_unit_test(unknown_options_name_the_nearest),
		cmocka_unit_test(missing_values_and_counts),
		cmocka_unit_test(times_have_units),
		cmocka_unit_test(numbers_have_a_range),
		cmocka_unit_test(help_stops_the_parse),
		cmocka_unit_test(nearest_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
