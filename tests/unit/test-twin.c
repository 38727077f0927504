/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two runs on one screen: its rows at every size, a whole picture; how a window moves with its cursor. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../views/twin-picture.h"

#include <cmocka.h>

/* ---- rows ---- */

static void assert_rows(const struct group_rows *y, int lanes)
{
	assert_int_equal(y->end - y->first, y->tall ? 2 * lanes - 1 : y->lanes);
	assert_in_range(y->lanes, 1, lanes);
	assert_int_equal(y->first, y->axis + GROUP_AXIS_ROWS + (y->episode > 0));
}

static void assert_layout(int rows, int good, int bad, int bits)
{
	struct twin_want want = {
		.lanes = { good, bad }, .episode = { bits & 1, bits & 2 }, .detail = bits & 4,
	};
	struct twin_layout y = twin_layout_of(rows, 80, &want);

	assert_rows(&y.group[0], good);
	assert_rows(&y.group[1], bad);
	assert_int_equal(y.group[0].axis, 1);
	assert_int_equal(y.group[1].axis, y.group[0].end);
	assert_int_equal(y.pane_row, y.group[1].end);
	assert_true(y.pane_end - y.pane_row >= 6);
	assert_int_equal(y.pane_end, rows - 1);
}

static void two_groups_and_a_pane_fill_every_screen(void **state)
{
	(void)state;
	for (int rows = PICTURE_MIN_ROWS; rows < 70; rows++)
		for (int good = 1; good < 40; good += 3)
			for (int bad = 1; bad < 40; bad += 2)
				for (int bits = 0; bits < 8; bits++)
					assert_layout(rows, good, bad, bits);
}

static void what_one_group_leaves_the_other_gets(void **state)
{
	struct twin_want few_below = { .lanes = { 20, 2 } }, few_above = { .lanes = { 2, 20 } };
	struct twin_layout y = twin_layout_of(50, 80, &few_below);

	(void)state;
	assert_true(y.group[0].lanes == 20 && y.group[1].lanes == 2 && y.group[1].tall);
	y = twin_layout_of(50, 80, &few_above);
	assert_true(y.group[1].lanes == 20 && y.group[0].lanes == 2 && y.group[0].tall);
}

static void rows_and_lanes_agree(void **state)
{
	struct group_rows tall = group_rows_of(1, 3, 10, true), flat = group_rows_of(1, 30, 10, false);

	(void)state;
	assert_true(tall.tall && !flat.tall);
	assert_int_equal(group_name_row(&tall, 0, 0), 4);
	assert_int_equal(group_name_row(&tall, 0, 2), 8);
	assert_int_equal(group_name_row(&flat, 5, 4), -1);
	assert_int_equal(group_name_row(&flat, 5, 15), -1);
	for (int lane = 0; lane < 3; lane++)
		assert_int_equal(group_lane_at(&tall, 0, 3, group_name_row(&tall, 0, lane)), lane);
	for (int lane = 5; lane < 15; lane++)
		assert_int_equal(group_lane_at(&flat, 5, 30, group_name_row(&flat, 5, lane)), lane);
	assert_int_equal(group_lane_at(&flat, 5, 30, flat.first - 1), -1);
	assert_int_equal(group_lane_at(&flat, 5, 30, flat.end), -1);
	assert_int_equal(group_scroll(&flat, 0, 12, 30), 3);
	assert_int_equal(group_scroll(&flat, 20, 12, 30), 12);
	assert_int_equal(group_scroll(&flat, 25, 29, 30), 20);
	assert_int_equal(group_scroll(&tall, 2, 2, 3), 0);
}

/* ---- the window and the cursor ---- */

static void the_cursor_goes_by_columns(void **state)
{
	struct scale s = { .from = 0, .span = 40000, .width = 40 };
	int64_t at = scale_step(&s, 0, 1);

	(void)state;
	assert_int_equal(at, scale_middle(&s, 1));
	assert_int_equal(scale_step(&s, at, -1), scale_middle(&s, 0));
	assert_int_equal(s.from, 0);
	at = scale_step(&s, scale_middle(&s, 39), 1); /* over the edge: the window goes along */
	assert_int_equal(s.from, 10000);
	assert_int_equal(at, scale_middle(&s, 30));
	at = scale_pan(&s, at, -10000);
	assert_int_equal(s.from, 0);
	assert_int_equal(at, scale_middle(&s, 30));
	scale_zoom_at(&s, at, 1, 2);
	assert_int_equal(s.span, 20000);
	assert_int_equal(scale_column(&s, at), 30);
	scale_zoom_at(&s, -5, 2, 1); /* outside: round the middle */
	assert_int_equal(s.span, 40000);
	scale_centre(&s, 100000, 0);
	assert_int_equal(scale_column(&s, 100000), 20);
	scale_show(&s, INT64_MIN, 0);
	assert_true(s.from == -TIME_LIMIT && s.span == SCALE_MIN_SPAN);
}

/* ---- a whole picture ---- */

#define COLS 69 /* 60 of 1 us each */

static struct lanes *run_of(int cpus, const struct scale *scale, bool utf8)
{
	struct lane_span runs = { scale->from, scale->from + scale->span, LANE_RUNNING, false, NULL };
	struct lanes *l = calloc(1, sizeof(*l));

	assert_non_null(l);
	assert_true(lanes_init(l, cpus + 1, scale, utf8));
	for (int cpu = 0; cpu < cpus; cpu++)
		lanes_span(l, lane_of_cpu(cpu), &runs);
	return l;
}

static const struct picture_event event = {
	.id = 7, .ev = { .ts = 9010000, .kind = EV_SMI_ENTER, .cpu = 0, .source = SRC_GDB },
};

/* The good run is aligned at 1.02 ms, the bad one at 9.01 ms; the good one sends an IPI 10 us later. */
static void draw(struct canvas *c, bool utf8, const struct diff_spots *spots)
{
	struct twin_want want = { .lanes = { 3, 2 } };
	struct twin_picture p = {
		.utf8 = utf8, .layout = twin_layout_of(20, COLS, &want), .title = { "good.smm", "bad.smm" },
		.focus = DIFF_BAD, .cursor_ns = 10000, .aligned_ns = { 1020000, 9010000 },
		.aligned_at = "plug of CPU 1 begins",
		.same = !spots->n, .spots = spots, .spot = spots->spot, .spot_lane = 1,
		.text = spots->n ? "CPU 0, in the plug\n- sends SMI\n+ nothing more\n" : "no difference\n",
		.events = { .utf8 = utf8, .first_ns = 9000000, .list = &event, .listed = 1, .chosen = 0 },
	};

	assert_true(canvas_resize(c, 20, COLS));
	for (int i = 0; i < DIFF_SIDES; i++) {
		struct scale scale = { .from = p.aligned_ns[i] - 5000, .span = 60000, .width = 60 };
		struct lanes *l = run_of(2 - i, &scale, utf8);

		if (i == DIFF_GOOD)
			lanes_mark(l, 1, 1030000, MARK_SMI_IPI, ">1");
		p.group[i] = (struct lane_group){
			.utf8 = utf8, .rows = p.layout.group[i], .first_ns = i ? 9000000 : 1000000,
			.lanes = l, .scale = scale, .cursor_ns = p.aligned_ns[i] + p.cursor_ns,
			.lane = i == p.focus ? 1 : -1,
		};
	}
	twin_picture_draw(c, &p);
	for (int i = 0; i < DIFF_SIDES; i++) {
		struct lanes *l = (struct lanes *)(uintptr_t)p.group[i].lanes;

		lanes_free(l);
		free(l);
	}
}

static void assert_screen(struct canvas *c, const char *const *want, int rows)
{
	char have[1024];

	for (int i = 0; i < rows; i++)
		assert_string_equal(canvas_row_text(c, i, have, sizeof(have)), want[i]);
}

static struct diff_spot one = {
	.lane = 0, .at = { { 1030000, 5 }, { 9012000, 0 } }, .common = { { 1020000, 4 }, { 9010000, 4 } },
};
static const struct diff_spots one_spot = { &one, 1, 3 }, no_spots;

static void two_runs_are_one_picture(void **state)
{
	static const char *const want[2][20] = { {
		" smmtrace diff  - good.smm  + bad.smm              difference 1 of 3",
		" - good       0.00002 s           +20 us              +40 us",
		"--------------|---------D---------+-------------------+--------------",
		" machine",
		"                        s>1",
		" CPU 0  D------------------------------------------------------------",
		"",
		" CPU 1   ------------------------------------------------------------",
		">+ bad                  0.00002 s           +20 us",
		"--------------|-D-------V-------------------+-------------------+----",
		" machine",
		"",
		">CPU 0  D------------------------------------------------------------",
		"-- +10.0 us  good 0.000030 s  bad 0.000020 s - | plug of CPU 1 beg --",
		" CPU 0, in the plug",
		" - sends SMI",
		" + nothing more",
		">    0.000010 s [ smi-enter    cpu0",
		"",
		" q quit  ? help  n N difference  z to it  e episode  Tab other run  +",
	}, {
		" smmtrace diff  - good.smm  + bad.smm              difference 1 of 3",
		" - good       0.00002 s           +20 us              +40 us",
		"──────────────║─────────≠─────────┬───────────────────┬──────────────",
		" machine",
		"                        ↯>1",
		" CPU 0  ≠────────────────────────────────────────────────────────────",
		"",
		" CPU 1   ────────────────────────────────────────────────────────────",
		"▶+ bad                  0.00002 s           +20 us",
		"──────────────║─≠───────▼───────────────────┬───────────────────┬────",
		" machine",
		"",
		"▶CPU 0  ≠────────────────────────────────────────────────────────────",
		"── +10.0 us  good 0.000030 s  bad 0.000020 s ─ ║ plug of CPU 1 beg ──",
		" CPU 0, in the plug",
		" - sends SMI",
		" + nothing more",
		">    0.000010 s [ smi-enter    cpu0",
		"",
		" q quit  ? help  n N difference  z to it  e episode  Tab other run  +",
	} };
	struct canvas c = { 0 };

	(void)state;
	for (int utf8 = 0; utf8 < 2; utf8++) {
		draw(&c, utf8, &one_spot);
		assert_screen(&c, want[utf8], 20);
	}
	canvas_free(&c);
}

static void two_runs_may_be_the_same(void **state)
{
	struct canvas c = { 0 };
	char row[300];

	(void)state;
	draw(&c, false, &no_spots);
	assert_non_null(strstr(canvas_row_text(&c, 0, row, sizeof(row)), " no difference"));
	for (int i = 1; i < 12; i++)
		assert_null(strchr(canvas_row_text(&c, i, row, sizeof(row)), 'D'));
	canvas_free(&c);
}

/* Page by page, and nothing is left out. */
static void a_long_text_has_pages(void **state)
{
	struct canvas c = { 0 };
	char text[1000] = "", row[100], want[100];
	int line = 0, top = 0;

	(void)state;
	for (int i = 0; i < 50; i++)
		sprintf(text + strlen(text), "line %d\n", i);
	do {
		assert_true(canvas_resize(&c, 20, 40));
		top = twin_picture_text(&c, text, top);
		for (int i = 1; i < 19 && line < 50; i++, line++) {
			snprintf(want, sizeof(want), "line %d", line);
			assert_string_equal(canvas_row_text(&c, i, row, sizeof(row)), want);
		}
		assert_true(!top || top == line);
	} while (top);
	assert_int_equal(line, 50);
	canvas_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_groups_and_a_pane_fill_every_screen),
		cmocka_unit_test(what_one_group_leaves_the_other_gets),
		cmocka_unit_test(rows_and_lanes_agree),
		cmocka_unit_test(the_cursor_goes_by_columns),
		cmocka_unit_test(two_runs_are_one_picture),
		cmocka_unit_test(two_runs_may_be_the_same),
		cmocka_unit_test(a_long_text_has_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
