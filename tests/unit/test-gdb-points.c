/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What reaches the stub when the wanted points change. */
#include "../../tracer/sources/gdb-points.h"
#include "fake-stub.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PATIENCE 20000

static const struct fake_line lines[] = {
	{ "qSupported", "PacketSize=1000;multiprocess+" }, { "qqemu.sstepbits", "ENABLE=1,NOIRQ=2,NOTIMER=4" },
	{ "vCont?", "vCont;c;C;s;S" }, { "qfThreadInfo", "mp01.01" }, { "qsThreadInfo", "l" },
	{ "z1,dead", "E22" }, { "Z", "OK" }, { "z", "OK" }, { NULL, NULL },
};

static struct fake fake;
static struct points ps;
static struct rsp *rsp;
static struct error err;

static int begin(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	memset(&ps, 0, sizeof(ps));
	fake.lines = lines;
	fake_start(&fake);
	rsp = rsp_open(fake.target, PATIENCE, NULL, &err);
	return rsp ? 0 : -1;
}

/* What the stub got of z and Z, parted by '|'. */
static void assert_packets(const char *want)
{
	char got[2048] = "";

	rsp_close(rsp);
	fake_end(&fake);
	for (char *save, *p = strtok_r(fake.log, "|", &save); p; p = strtok_r(NULL, "|", &save))
		if (*p == 'z' || *p == 'Z')
			snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s", *got ? "|" : "", p);
	assert_string_equal(got, want);
}

static int sync_points(void)
{
	points_sync(&ps, rsp);
	return rsp_sync(rsp, &err);
}

static void only_the_difference_is_sent(void **state)
{
	(void)state;
	points_begin(&ps);
	points_want(&ps, RSP_SW_BREAK, 0x38000, 1);
	points_want(&ps, RSP_WRITE_WATCH, 0x3ff00, 4);
	assert_int_equal(sync_points(), 0);
	assert_int_equal(sync_points(), 0); /* nothing new */
	points_begin(&ps);
	points_want(&ps, RSP_SW_BREAK, 0x38000, 1);
	points_want(&ps, RSP_READ_WATCH, 0x3ff00, 4);
	assert_int_equal(sync_points(), 0);
	points_begin(&ps);
	assert_int_equal(sync_points(), 0);
	assert_packets("Z0,38000,1|Z2,3ff00,4|z2,3ff00,4|Z3,3ff00,4|z0,38000,1|z3,3ff00,4");
}

static void what_two_want_is_inserted_once(void **state)
{
	(void)state;
	points_begin(&ps);
	points_want(&ps, RSP_SW_BREAK, 0x38000, 1);
	points_want(&ps, RSP_SW_BREAK, 0x38000, 1);
	points_want(&ps, RSP_HW_BREAK, 0x38000, 1);
	points_want(&ps, RSP_WRITE_WATCH, 0x38000, 1);
	points_want(&ps, RSP_WRITE_WATCH, 0x38000, 4);
	assert_int_equal(sync_points(), 0);
	assert_packets("Z0,38000,1|Z1,38000,1|Z2,38000,1|Z2,38000,4");
}

static void what_changed_twice_between_two_stops_is_not_sent(void **state)
{
	(void)state;
	points_begin(&ps);
	points_want(&ps, RSP_SW_BREAK, 0x1000, 1);
	points_begin(&ps);
	assert_int_equal(sync_points(), 0);
	assert_false(points_breaks_at(&ps, 0x1000));
	assert_packets("");
}

/* A new CPU has none of the points: a removal may be refused, the insertion counts. */
static void a_new_cpu_gets_what_the_others_have(void **state)
{
	(void)state;
	points_begin(&ps);
	points_want(&ps, RSP_HW_BREAK, 0xdead, 1);
	points_want(&ps, RSP_SW_BREAK, 0x38000, 1);
	assert_int_equal(sync_points(), 0);
	points_want(&ps, RSP_SW_BREAK, 0x39000, 1); /* wanted, not inserted yet */
	points_reinsert(&ps, rsp);
	assert_int_equal(rsp_sync(rsp, &err), 1);
	assert_int_equal(sync_points(), 0);
	assert_packets("Z1,dead,1|Z0,38000,1|z1,dead,1|Z1,dead,1|z0,38000,1|Z0,38000,1|Z0,39000,1");
}

static void breakpoints_are_known_where_they_are_inserted(void **state)
{
	(void)state;
	points_begin(&ps);
	points_want(&ps, RSP_SW_BREAK, 0x38000, 1);
	points_want(&ps, RSP_HW_BREAK, 0x39000, 1);
	points_want(&ps, RSP_READ_WATCH, 0x3a000, 1);
	assert_false(points_breaks_at(&ps, 0x38000));
	assert_int_equal(sync_points(), 0);
	assert_true(points_breaks_at(&ps, 0x38000) && points_breaks_at(&ps, 0x39000));
	assert_false(points_breaks_at(&ps, 0x3a000) || points_breaks_at(&ps, 0x38001));
	points_begin(&ps); /* still in the guest */
	assert_true(points_breaks_at(&ps, 0x38000));
	assert_int_equal(sync_points(), 0);
	assert_false(points_breaks_at(&ps, 0x38000));
	assert_packets("Z0,38000,1|Z1,39000,1|Z3,3a000,1|z0,38000,1|z1,39000,1|z3,3a000,1");
}

static void a_full_table_is_counted_and_its_places_are_used_again(void **state)
{
	(void)state;
	points_begin(&ps);
	for (unsigned i = 0; i < POINTS_MAX + 3; i++)
		points_want(&ps, RSP_SW_BREAK, i, 1);
	assert_int_equal(ps.n, POINTS_MAX);
	assert_int_equal(ps.refused, 3);
	points_begin(&ps); /* none was inserted: all are free */
	for (unsigned i = 0; i < POINTS_MAX; i++)
		points_want(&ps, RSP_WRITE_WATCH, i, 4);
	assert_int_equal(ps.refused, 3);
	assert_packets("");
}

#define TEST(f) cmocka_unit_test_setup(f, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_the_difference_is_sent),
		TEST(what_two_want_is_inserted_once),
		TEST(what_changed_twice_between_two_stops_is_not_sent),
		TEST(a_new_cpu_gets_what_the_others_have),
		TEST(breakpoints_are_known_where_they_are_inserted),
		TEST(a_full_table_is_counted_and_its_places_are_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
