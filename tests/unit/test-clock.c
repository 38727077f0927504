/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../../tracer/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

static int64_t realtime(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * NS_PER_SEC + ts.tv_nsec;
}

static void now_does_not_go_back(void **state)
{
	int64_t last = clock_now();

	(void)state;
	for (int i = 0; i < 1000; i++) {
		int64_t now = clock_now();

		assert_true(now >= last);
		last = now;
	}
}

/* A wall-clock reading between two monotonic ones is converted to between them, give or take the error. */
static void wall_time_is_converted_within_its_error(void **state)
{
	struct clock_sync sync = { 0 };

	(void)state;
	for (int i = 0; i < 100; i++) {
		int64_t before = clock_now();
		int64_t wall = realtime();
		int64_t after = clock_now();
		int64_t ts = clock_from_realtime(&sync, wall);

		assert_true(sync.error > 0);
		/* A slewed clock drifts by at most 500 ppm between measuring and using: 0.5 us in a ms. */
		assert_true(ts >= before - sync.error - 100000);
		assert_true(ts <= after + sync.error + 100000);
	}
}

static void measuring_is_repeated_after_a_second(void **state)
{
	struct clock_sync sync = { 0 };
	int64_t first;

	(void)state;
	clock_from_realtime(&sync, realtime());
	first = sync.measured;
	clock_from_realtime(&sync, realtime());
	assert_true(sync.measured == first || sync.measured - first > NS_PER_SEC);
	sync.measured -= 2 * NS_PER_SEC;
	sync.offset += 5 * NS_PER_SEC;
	clock_from_realtime(&sync, realtime());
	assert_true(sync.measured >= first);
	assert_true(llabs(sync.offset - (clock_now() - realtime())) < NS_PER_SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(now_does_not_go_back),
		cmocka_unit_test(wall_time_is_converted_within_its_error),
		cmocka_unit_test(measuring_is_repeated_after_a_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
