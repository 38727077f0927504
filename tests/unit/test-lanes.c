/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The text grid of the lanes, the axis in words, events as marks: literal pictures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../tracer/event-label.h"
#include "../../tracer/event-text.h"
#include "../../views/marks.h"

#include <cmocka.h>

/* 40 columns of 10 ns; CPU 0 and CPU 1. */
static const struct scale forty = { .from = 1000, .span = 400, .width = 40 };

struct grid {
	struct lanes lanes;
	struct canvas canvas;
};

static struct grid *grid_of(const struct scale *scale, bool utf8)
{
	struct grid *g = calloc(1, sizeof(*g));

	assert_non_null(g);
	assert_true(lanes_init(&g->lanes, 3, scale, utf8));
	assert_true(canvas_resize(&g->canvas, 4, scale->width));
	return g;
}

static void grid_free(struct grid *g)
{
	lanes_free(&g->lanes);
	canvas_free(&g->canvas);
	free(g);
}

static void span(struct grid *g, int cpu, int64_t from, int64_t to, enum lane_state state, const char *label)
{
	struct lane_span s = { .from = from, .to = to, .state = state, .label = label };

	lanes_span(&g->lanes, lane_of_cpu(cpu), &s);
}

static void assert_row(struct grid *g, int row, const char *want)
{
	char have[512];

	assert_string_equal(canvas_row_text(&g->canvas, row, have, sizeof(have)), want);
}

static void assert_flat(struct grid *g, int cpu, const char *want)
{
	canvas_fill(&g->canvas, 0, 0, g->canvas.cols, ' ', CELL_PLAIN);
	lanes_draw_flat(&g->lanes, lane_of_cpu(cpu), &g->canvas, 0, 0);
	assert_row(g, 0, want);
}

static void states_have_shapes(void **state)
{
	struct grid *g = grid_of(&forty, false);

	(void)state;
	span(g, 0, 1000, 1100, LANE_RESET, NULL);
	span(g, 0, 1100, 1200, LANE_RUNNING, NULL);
	span(g, 0, 1200, 1300, LANE_SMM_DEFAULT, NULL);
	span(g, 0, 1300, 1400, LANE_SMM, NULL);
	span(g, 1, 1200, 1300, LANE_UNKNOWN, NULL);
	assert_flat(g, 0, "..........----------[dddddddd][########]");
	assert_flat(g, 1, "                    ::::::::::");
	assert_flat(g, CPU_UNKNOWN, "");
	grid_free(g);
}

static void utf8_has_bars(void **state)
{
	struct grid *g = grid_of(&forty, true);

	(void)state;
	span(g, 0, 1000, 1100, LANE_RESET, NULL);
	span(g, 0, 1100, 1200, LANE_RUNNING, NULL);
	span(g, 0, 1200, 1300, LANE_SMM_DEFAULT, NULL);
	span(g, 0, 1300, 1400, LANE_SMM, NULL);
	assert_flat(g, 0, "··········──────────[dddddddd]▐████████▌");
	grid_free(g);
}

static void bases_are_told_by_letter_even_when_short(void **state)
{
	struct grid *g = grid_of(&forty, false);

	(void)state;
	span(g, 0, 1000, 1400, LANE_RUNNING, NULL);
	span(g, 0, 1011, 1012, LANE_SMM_DEFAULT, NULL);
	span(g, 0, 1051, 1052, LANE_SMM, NULL);
	span(g, 0, 1105, 1115, LANE_SMM, NULL);
	span(g, 0, 1203, 1203, LANE_SMM, NULL); /* no time at all */
	assert_flat(g, 0, "-d---#----[]--------#-------------------");
	grid_free(g);
}

static void several_in_a_column_are_counted(void **state)
{
	struct grid *g = grid_of(&forty, false);

	(void)state;
	for (int i = 0; i < 3; i++)
		span(g, 0, 1000 + 3 * i, 1001 + 3 * i, LANE_SMM, NULL);
	for (int i = 0; i < 12; i++)
		span(g, 0, 1020 + i / 2, 1021 + i / 2, LANE_SMM, NULL);
	span(g, 0, 1031, 1032, LANE_SMM, NULL);
	span(g, 0, 1033, 1034, LANE_SMM_DEFAULT, NULL); /* the default base is what matters */
	lanes_many(&g->lanes, lane_of_cpu(0), 5, 40);
	span(g, 0, 1051, 1052, LANE_SMM, NULL);
	assert_flat(g, 0, "3 +d +");
	assert_int_equal(lanes_count(&g->lanes, lane_of_cpu(0), 0).smis, 3);
	assert_int_equal(lanes_count(&g->lanes, lane_of_cpu(0), 0).smm_ns, 3);
	grid_free(g);
}

static void several_are_bars_in_utf8(void **state)
{
	struct grid *g = grid_of(&forty, true);

	(void)state;
	span(g, 0, 1000, 1001, LANE_SMM, NULL);
	span(g, 0, 1002, 1003, LANE_SMM, NULL);
	span(g, 0, 1020, 1024, LANE_SMM, NULL);
	span(g, 0, 1025, 1029, LANE_SMM, NULL);
	span(g, 0, 1040, 1041, LANE_SMM, NULL);
	span(g, 0, 1060, 1069, LANE_SMM, NULL);
	assert_flat(g, 0, "▂ ▇ ▖ ▌");
	grid_free(g);
}

static void spans_reach_over_both_edges(void **state)
{
	struct grid *g = grid_of(&forty, false);
	struct lane_span open = { .from = 1350, .to = 1381, .state = LANE_SMM, .open = true };

	(void)state;
	span(g, 0, 900, 1030, LANE_SMM, NULL);
	lanes_span(&g->lanes, lane_of_cpu(0), &open);
	span(g, 1, 0, 5000, LANE_SMM_DEFAULT, NULL);
	span(g, 1, 5000, 6000, LANE_SMM, NULL);
	span(g, 1, 0, 10, LANE_SMM, NULL);
	assert_flat(g, 0, "##]                                [##>");
	assert_flat(g, 1, "dddddddddddddddddddddddddddddddddddddddd");
	grid_free(g);
}

static void wide_spans_carry_their_base(void **state)
{
	struct grid *g = grid_of(&forty, false);

	(void)state;
	span(g, 0, 1000, 1200, LANE_SMM, "7ffb3000");
	span(g, 0, 1250, 1350, LANE_SMM, "7ffb3000");
	span(g, 1, 1000, 1250, LANE_SMM_DEFAULT, "30000");
	assert_flat(g, 0, "[# 7ffb3000 #######]     [########]");
	assert_flat(g, 1, "[dd 30000 dddddddddddddd]");
	grid_free(g);
}

static void nobody_knows_what_a_gap_hides(void **state)
{
	struct grid *g = grid_of(&forty, false);

	(void)state;
	span(g, 0, 1000, 1400, LANE_RUNNING, NULL);
	span(g, 0, 1110, 1140, LANE_SMM, NULL);
	lanes_gap(&g->lanes, -1, 1100, 1200);
	lanes_gap(&g->lanes, lane_of_cpu(1), 1300, INT64_MAX);
	assert_flat(g, 0, "----------/[#]//////--------------------");
	assert_flat(g, 1, "          //////////          //////////");
	g->lanes.end_ns = 1050;
	lanes_gap(&g->lanes, lane_of_cpu(1), 1010, 1400);
	lanes_gap(&g->lanes, lane_of_cpu(1), 1210, 1400);
	assert_flat(g, 1, " ////     //////////          //////////");
	grid_free(g);
}

static void the_most_important_mark_wins(void **state)
{
	struct grid *g = grid_of(&forty, false);
	int lane = lane_of_cpu(0);

	(void)state;
	lanes_mark(&g->lanes, lane, 1000, MARK_APM_WRITE, "B2=04");
	lanes_mark(&g->lanes, lane, 1001, MARK_SMBASE_WRITE, "7ffb3000");
	lanes_mark(&g->lanes, lane, 1002, MARK_INIT, ">1");
	lanes_mark(&g->lanes, lane, 1020, MARK_APM_WRITE, "B2=04");
	lanes_mark(&g->lanes, lane, 1021, MARK_PORT_READ, "B2:04");
	lanes_mark(&g->lanes, lane, 1022, MARK_PORT_READ, "B2:04");
	lanes_mark(&g->lanes, lane, 1040, MARK_APM_WRITE, "B2=04");
	lanes_mark(&g->lanes, lane, 1041, MARK_APM_WRITE, "B2=04");
	lanes_mark(&g->lanes, lane, 999, MARK_INIT, NULL);
	lanes_mark(&g->lanes, lane, 1400, MARK_INIT, NULL);
	lanes_mark(&g->lanes, 7, 1000, MARK_INIT, NULL);
	assert_flat(g, 0, "w v 2");
	grid_free(g);
}

static void labels_stand_where_there_is_room(void **state)
{
	struct grid *g = grid_of(&forty, false);
	int lane = lane_of_cpu(0);

	(void)state;
	span(g, 0, 1000, 1400, LANE_RUNNING, NULL);
	lanes_mark(&g->lanes, lane, 1000, MARK_APM_WRITE, "B2=04");
	lanes_mark(&g->lanes, lane, 1040, MARK_INIT, ">1"); /* too near for the label before it */
	lanes_mark(&g->lanes, lane, 1080, MARK_SIPI, "9f>1");
	lanes_mark(&g->lanes, lane, 1081, MARK_SMI_IPI, ">1");
	lanes_mark(&g->lanes, lane, 1180, MARK_SMBASE_WRITE, "7ffb3000");
	lanes_mark(&g->lanes, lane, 1380, MARK_APM_WRITE, "B2=04"); /* the edge is too near */
	lanes_draw_tall(&g->lanes, lane, &g->canvas, 0, 0);
	assert_row(g, 0, "v   I>1 ^9f>1 +1  w7ffb3000           v");
	assert_row(g, 1, "----------------------------------------");
	grid_free(g);
}

static const struct cpu_map two = { .cpus = 2, .apic_id = { 0, 7 } };

static void put(struct grid *g, const char *line)
{
	struct event ev;
	struct error err;

	if (event_parse(&ev, line, &err) < 0)
		fail_msg("%s", err.text);
	marks_put(&g->lanes, &two, &ev);
}

static void ipis_stand_where_sent_and_where_received(void **state)
{
	struct grid *g = grid_of(&forty, false);

	(void)state;
	put(g, "t=1000 cpu=0 ipi mode=init dest=one target=7");
	put(g, "t=1050 cpu=0 ipi mode=sipi vector=0x9f dest=one target=7");
	put(g, "t=1110 cpu=1 ipi mode=smi dest=others");
	put(g, "t=1240 cpu=0 ipi mode=init dest=one target=3"); /* nobody has that APIC ID */
	put(g, "t=1300 cpu=? ipi mode=init dest=all");
	lanes_draw_tall(&g->lanes, lane_of_cpu(0), &g->canvas, 0, 0);
	lanes_draw_tall(&g->lanes, lane_of_cpu(1), &g->canvas, 2, 0);
	assert_row(g, 0, "I>7  ^9f>7 s<1          I>3   I");
	assert_row(g, 2, "I<0  ^<0   s>others           I");
	canvas_fill(&g->canvas, 0, 0, 40, ' ', CELL_PLAIN);
	lanes_draw_labelled(&g->lanes, 0, &g->canvas, 0, 0);
	assert_row(g, 0, "                              I>all");
	grid_free(g);
}

/* Three CPUs run, and CPU 1 sends; rows of marks are told by @row, @rows there are. */
static struct grid *grid_of_arrows(bool utf8, const int *row, int rows)
{
	static const struct cpu_map three = { .cpus = 3, .apic_id = { 0, 1, 2 } };
	static const char *const ipis[] = {
		"t=1000 cpu=1 ipi mode=init dest=one target=0", "t=1050 cpu=1 ipi mode=init dest=one target=2",
		"t=1100 cpu=1 ipi mode=smi dest=all", "t=1150 cpu=1 ipi mode=nmi dest=others",
		"t=1200 cpu=0 ipi mode=init dest=one target=2", "t=1250 cpu=2 ipi mode=init dest=one target=0",
		"t=1300 cpu=0 ipi mode=init dest=one target=2", "t=1302 cpu=0 ipi mode=init dest=one target=1",
		"t=1350 cpu=1 ipi mode=smi dest=self",
	};
	struct grid *g = calloc(1, sizeof(*g));
	bool tall = row[2] > row[1] + 1;

	assert_non_null(g);
	assert_true(lanes_init(&g->lanes, 4, &forty, utf8) && canvas_resize(&g->canvas, rows, 40));
	for (unsigned i = 0; i < sizeof(ipis) / sizeof(*ipis); i++) {
		struct event ev;

		assert_int_equal(event_parse(&ev, ipis[i], NULL), 0);
		marks_put(&g->lanes, &three, &ev);
	}
	for (int cpu = 0; cpu < 3; cpu++) {
		span(g, cpu, 1000, 1400, LANE_RUNNING, NULL);
		(tall ? lanes_draw_tall : lanes_draw_flat)(&g->lanes, lane_of_cpu(cpu), &g->canvas, row[cpu + 1], 0);
	}
	lanes_draw_arrows(&g->lanes, &g->canvas, row, 0, rows, 0);
	return g;
}

static void an_ipi_has_a_head_at_each_target(void **state)
{
	static const char *const want[2][6] = { {
		"I<1       s<1  i<1  I>2  I<2  I>2 +1",
		"A---------A----A----|----A--------------",
		"I>0  I>2  s    i>others  |    I<0  s",
		"-----V----V----V----V----|--------------",
		"     I<1  s<1  i<1  I<0  I>0  I<0",
		"----------------------------------------",
	}, {
		"I<1       ↯<1  i<1  I>2  I<2  I>2 +1",
		"↑─────────↑────↑────│────↑──────────────",
		"I>0  I>2  ↯    i>others  │    I<0  ↯",
		"─────↓────↓────↓────↓────│──────────────",
		"     I<1  ↯<1  i<1  I<0  I>0  I<0",
		"────────────────────────────────────────",
	} };
	static const int row[] = { 0, 0, 2, 4 };

	(void)state;
	for (int utf8 = 0; utf8 < 2; utf8++) {
		struct grid *g = grid_of_arrows(utf8, row, 6);

		for (int i = 0; i < 6; i++)
			assert_row(g, i, want[utf8][i]);
		grid_free(g);
	}
}

/* The marks of neighbours touch: only over a lane between them there is room for a head, and no mark is lost. */
static void heads_hide_no_mark_in_flat_lanes(void **state)
{
	static const char *const want[] = { "I---------s----i----I----I----I---------",
		"I----I----s----i----V----A----I----s----", "-----I----s----i----I----I----I---------" };
	static const int row[] = { 0, 0, 1, 2 };
	struct grid *g = grid_of_arrows(false, row, 3);

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_row(g, i, want[i]);
	grid_free(g);
}

static void a_cpu_receives_nothing_before_it_exists(void **state)
{
	struct cpu_map late = { .cpus = 2, .apic_id = { 0, 1 }, .added_ns = { 0, 1100 } };
	struct event ev;

	(void)state;
	assert_int_equal(event_parse(&ev, "t=1000 cpu=0 ipi mode=init dest=others", NULL), 0);
	assert_false(ipi_reaches(&late, &ev, 1));
	ev.ts = 1100;
	assert_true(ipi_reaches(&late, &ev, 1));
	assert_false(ipi_reaches(&late, &ev, 0));
}

static void every_kind_has_its_mark(void **state)
{
	static const struct { const char *line; char glyph; const char *label; } want[] = {
		{ "t=1 cpu=0 smbase-write new=0x7ffb3000", 'w', "7ffb3000" },
		{ "t=1 cpu=0 smbase-found smbase=0x7ffb3000 via=scan", 'f', "7ffb3000" },
		{ "t=1 cpu=0 port port=0xb2 dir=write value=0x4", 'v', "B2=04" },
		{ "t=1 cpu=0 port port=0xb3 dir=write value=0x4", 'b', "B3=04" },
		{ "t=1 cpu=0 port port=0xb3 dir=read value=0x4", 'u', "B3:04" },
		{ "t=1 cpu=0 port port=0xb2 dir=write", 'v', "B2=?" },
		{ "t=1 cpu=0 ipi mode=init dest=all", 'I', ">all" },
		{ "t=1 cpu=0 ipi mode=sipi vector=0x87 dest=one target=2", '^', "87>2" },
		{ "t=1 cpu=0 ipi mode=smi dest=self", 's', ">self" },
		{ "t=1 cpu=0 ipi mode=nmi", 'i', ">?" },
		{ "t=1 cpu=0 cpu-reset in_smm=0", 'r', "" },
		{ "t=1 cpu=0 cpu-reset in_smm=1", 'R', " in SMM" },
		{ "t=1 cpu=0 cpuhp reg=0xcd8 dir=write value=0x1", 'h', "CD8=01" },
		{ "t=1 cpu=0 cpu-add", '+', "" }, { "t=1 cpu=0 cpu-remove", 'x', "" },
		{ "t=1 cpu=0 cpu-seen", '?', "" }, { "t=1 session what=attach", '*', " attach" },
		{ "t=1 pause until=2 why=stop", '|', "" }, { "t=1 lost until=2 count=3", 'L', " 3 lost" },
		{ "t=1 blind until=2", '~', "" },
		{ "t=1 cpu=0 handoff word=gate value=0x1", 'o', " gate=1" },
		{ "t=1 cpu=0 handoff word=gate value=0xffffffff", 'o', " gate=closed" },
		{ "t=1 handoff word=gate value=0xffffffffffffffff", 'o', " gate=closed" },
		{ "t=1 cpu=0 handoff word=about-to-leave", 'o', " about=?" },
		{ "t=1 cpu=0 handoff word=new-smbase value=0x7ffb5000", 'o', " base=7ffb5000" },
		{ "t=1 handoff value=0x1", 'o', "" },
		{ "t=1 handler code=gate", 'H', " gate" }, { "t=1 config reg=mch-9c", 'c', " mch-9c" },
		{ "t=1 cpu=0 smi-saved smbase=0x7ffb3000", 'm', "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		struct event ev;
		char label[64];

		assert_int_equal(event_parse(&ev, want[i].line, NULL), 0);
		assert_int_equal(lane_glyph[mark_of_event(&ev)].ascii, want[i].glyph);
		assert_string_equal(event_label(label, sizeof(label), &ev), want[i].label);
	}
}

static void no_two_marks_look_alike(void **state)
{
	(void)state;
	for (int m = 0; m < LANE_MARK_COUNT; m++) {
		for (int other = 0; other < m; other++) {
			assert_int_not_equal(lane_glyph[m].ascii, lane_glyph[other].ascii);
			assert_int_not_equal(lane_glyph[m].unicode, lane_glyph[other].unicode);
		}
		for (int up = 0; up < 2; up++)
			for (int utf8 = 0; utf8 < 2; utf8++)
				assert_int_not_equal(lane_mark_glyph((enum lane_mark)m, utf8), lane_head_glyph(up, utf8));
	}
}

static void columns_and_times_agree(void **state)
{
	struct scale odd = { .from = -50, .span = 1003, .width = 71 };

	(void)state;
	for (int col = 0; col < odd.width; col++) {
		assert_int_equal(scale_column(&odd, scale_start(&odd, col)), col);
		assert_int_equal(scale_column(&odd, scale_start(&odd, col + 1) - 1), col);
	}
	assert_int_equal(scale_column(&odd, -51), -1);
	assert_int_equal(scale_column(&odd, INT64_MIN), -1);
	assert_int_equal(scale_column(&odd, 953), 71);
	assert_int_equal(scale_column(&odd, INT64_MAX), 71);
}

static void zooming_keeps_the_cursor(void **state)
{
	struct scale s = { .from = 5000000, .span = 80000000, .width = 80 };
	int64_t cursor = 5000000 + 33 * 1000000 + 500000;

	(void)state;
	for (int i = 0; i < 40; i++) {
		int col = scale_column(&s, cursor);

		s = scale_zoom(&s, cursor, 1, 2);
		assert_in_range(scale_column(&s, cursor), col - 1, col + 1);
	}
	assert_int_equal(s.span, SCALE_MIN_SPAN);
	for (int i = 0; i < 80; i++)
		s = scale_zoom(&s, cursor, 2, 1);
	assert_int_equal(s.span, SCALE_MAX_SPAN);
}

static void times_read_well(void **state)
{
	char t[64];

	(void)state;
	assert_string_equal(time_text(t, sizeof(t), 12840000000, 5000000), "12.840 s");
	assert_string_equal(time_text(t, sizeof(t), -1500, 1), "-0.000001500 s");
	assert_string_equal(time_text(t, sizeof(t), 65000000000, 10000000000), "65 s");
	assert_string_equal(duration_text(t, sizeof(t), 830), "830 ns");
	assert_string_equal(duration_text(t, sizeof(t), 12400), "12.4 us");
	assert_string_equal(duration_text(t, sizeof(t), 3210000), "3.21 ms");
	assert_string_equal(duration_text(t, sizeof(t), 2100000000), "2.10 s");
	assert_string_equal(duration_text(t, sizeof(t), 250000000000), "4 min 10 s");
	assert_string_equal(duration_text(t, sizeof(t), -5), "-5 ns");
	duration_text(t, sizeof(t), INT64_MIN);
	duration_text(t, sizeof(t), INT64_MAX);
	assert_string_equal(short_duration(t, sizeof(t), 5000000), "5 ms");
	assert_string_equal(short_duration(t, sizeof(t), 1500000), "1.5 ms");
	assert_string_equal(short_duration(t, sizeof(t), 0), "0 s");
	assert_string_equal(clock_text(t, sizeof(t), 12847000000), "00:12.847");
	assert_string_equal(clock_text(t, sizeof(t), 3723400000000), "1:02:03.400");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_have_shapes),
		cmocka_unit_test(utf8_has_bars),
		cmocka_unit_test(bases_are_told_by_letter_even_when_short),
		cmocka_unit_test(several_in_a_column_are_counted),
		cmocka_unit_test(several_are_bars_in_utf8),
		cmocka_unit_test(spans_reach_over_both_edges),
		cmocka_unit_test(wide_spans_carry_their_base),
		cmocka_unit_test(nobody_knows_what_a_gap_hides),
		cmocka_unit_test(the_most_important_mark_wins),
		cmocka_unit_test(labels_stand_where_there_is_room),
		cmocka_unit_test(ipis_stand_where_sent_and_where_received),
		cmocka_unit_test(an_ipi_has_a_head_at_each_target),
		cmocka_unit_test(heads_hide_no_mark_in_flat_lanes),
		cmocka_unit_test(a_cpu_receives_nothing_before_it_exists),
		cmocka_unit_test(every_kind_has_its_mark),
		cmocka_unit_test(no_two_marks_look_alike),
		cmocka_unit_test(columns_and_times_agree),
		cmocka_unit_test(zooming_keeps_the_cursor),
		cmocka_unit_test(times_read_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
