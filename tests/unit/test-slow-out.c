/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An output that is never waited for, on real pipes. */
#include "../../views/slow-out.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int ends[2];

static struct slow_out on_a_pipe(void)
{
	assert_int_equal(pipe(ends), 0);
	return (struct slow_out){ .fd = ends[1] };
}

static void nothing_to_write_is_fine(void **state)
{
	struct slow_out o = on_a_pipe();

	(void)state;
	assert_int_equal(slow_out_push(&o, 0), 0);
	close(ends[0]);
	close(ends[1]);
}

static void lines_arrive_whole_and_in_order(void **state)
{
	struct slow_out o = on_a_pipe();
	char got[32] = "";

	(void)state;
	slow_out_line(&o, "one");
	slow_out_line(&o, "two");
	assert_int_equal(slow_out_push(&o, 1000), 0);
	assert_int_equal(read(ends[0], got, sizeof(got) - 1), 8);
	assert_string_equal(got, "one\ntwo\n");
	assert_int_equal(o.n, 0);
	slow_out_free(&o);
	close(ends[0]);
	close(ends[1]);
}

/* What a full pipe does not take stays, beyond the limit lines are counted, and a push returns. */
static void a_reader_that_sleeps_costs_lines_only(void **state)
{
	struct slow_out o = on_a_pipe();
	static char line[1000];
	size_t kept;

	(void)state;
	memset(line, 'x', sizeof(line) - 1);
	for (unsigned i = 0; i < SLOW_OUT_MAX / sizeof(line) + 100; i++)
		slow_out_line(&o, line);
	assert_true(o.dropped > 0);
	kept = o.n;
	assert_int_equal(slow_out_push(&o, 0), 0);
	assert_true(o.n < kept && o.n > 0);
	assert_int_equal(slow_out_push(&o, 10), 0);
	slow_out_free(&o);
	close(ends[0]);
	close(ends[1]);
}

static void a_reader_that_left_is_no_error(void **state)
{
	struct slow_out o = on_a_pipe();

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	close(ends[0]);
	slow_out_line(&o, "one");
	assert_int_equal(slow_out_push(&o, 0), 0);
	assert_true(o.gone);
	slow_out_line(&o, "two");
	assert_int_equal(o.n, 0);
	assert_int_equal(o.dropped, 0);
	slow_out_free(&o);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_to_write_is_fine),
		cmocka_unit_test(lines_arrive_whole_and_in_order),
		cmocka_unit_test(a_reader_that_sleeps_costs_lines_only),
		cmocka_unit_test(a_reader_that_left_is_no_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
