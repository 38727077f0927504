/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The timeline without a terminal: whole screens from whole recordings, and what
 * it finds in them. Called with "FILE [--live]" it records the scenario on stdin
 * instead (tests/lib/scenario.h), for tests that drive the program itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/scenario.h"
#include "../../views/detail.h"
#include "../../views/feed.h"
#include "../../views/insight.h"
#include "../../views/keys.h"
#include "../../views/links.h"
#include "../../views/picture.h"
#include "../../views/seek.h"

#include <cmocka.h>

static const char hang[] =
	"t=1000000000 session what=attach\n"
	"t=1000000000 cpu=0 cpu-add apic_id=0\n"
	"t=1000000000 cpu=1 cpu-add apic_id=1\n"
	"t=1000000000 cpu=1 cpu-reset in_smm=0 halted=1\n"
	"t=1000000000 cpu=0 cpu-seen in_smm=0 halted=0\n"
	"t=1010000000 cpu=0 port port=0xb2 dir=write value=0x4\n"
	"t=1011000000 cpu=0 smi-enter smbase=0x7ffb3000 rip=0x1000 rax=0x4 rdx=0xb2\n"
	"t=1012000000 cpu=1 smi-enter smbase=0x30000 rip=0xfff0\n"
	"t=1025000000 cpu=1 smbase-write old=0x30000 new=0x7ffb5000 rip=0x38084\n"
	"t=1030000000 cpu=0 ipi mode=init dest=one target=1\n"
	"t=1030000000 cpu=1 cpu-reset in_smm=1 halted=0 rip=0x805c\n"
	"t=1030000000 cpu=1 smi-leave smbase=0x30000 via=reset\n"
	"t=1050000000 cpu=0 ipi mode=sipi vector=0x9f dest=one target=1\n"
	"t=1060000000 lost until=1065000000 count=3\n"
	"t=1070000000 session what=detach\n";

struct stage {
	char path[240];
	struct reader *reader;
	struct feed feed;
	struct lanes lanes;
	struct canvas canvas;
	struct filter filter;
};

static void record_text(const char *path, const char *text)
{
	FILE *in = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	struct error err = { 0 };

	assert_non_null(in);
	if (scenario_record(path, in, 0, &err) < 0)
		fail_msg("%s", err.text);
	fclose(in);
}

static struct stage *stage_of(const char *text)
{
	struct stage *s = calloc(1, sizeof(*s));
	struct error err = { 0 };
	int fd;

	assert_non_null(s);
	snprintf(s->path, sizeof(s->path), "%.200s/smmtrace-test.XXXXXX",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	fd = mkstemp(s->path);
	assert_true(fd >= 0);
	close(fd);
	record_text(s->path, text);
	s->filter = FILTER_DEFAULT;
	s->reader = reader_open(s->path, &err);
	if (!s->reader || feed_prepare(&s->feed, s->reader, 0, &err) < 0)
		fail_msg("%s", err.text);
	return s;
}

static void stage_free(struct stage *s)
{
	reader_close(s->reader);
	lanes_free(&s->lanes);
	canvas_free(&s->canvas);
	unlink(s->path);
	free(s);
}

static int fill(struct stage *s, int64_t from, int64_t span, int width, bool utf8)
{
	struct scale scale = { .from = from, .span = span, .width = width };
	struct error err = { 0 };
	int got;

	assert_true(lanes_init(&s->lanes, (int)s->feed.cpus.cpus + 1, &scale, utf8));
	s->lanes.end_ns = s->feed.now_ns;
	got = feed_lanes(&s->feed, &s->lanes, &s->filter, 0, (int)s->feed.cpus.cpus - 1, &err);
	if (got < 0)
		fail_msg("%s", err.text);
	return got;
}

/* The first @rows rows; on failure the whole screen is told. */
static void assert_screen(struct canvas *c, const char *const *want, int rows)
{
	char have[1024];
	int same = 0;

	while (same < rows && !strcmp(canvas_row_text(c, same, have, sizeof(have)), want[same]))
		same++;
	if (same == rows)
		return;
	for (int i = 0; i < c->rows; i++)
		print_error("%s\n", canvas_row_text(c, i, have, sizeof(have)));
	fail_msg("row %d is not as it should be: %s", same, want[same]);
}

static struct picture picture_of(struct stage *s, int rows, int cols, bool utf8)
{
	struct picture p = {
		.utf8 = utf8, .layout = layout_of(rows, cols, s->lanes.lanes, &(struct layout_want){ 0 }), .title = "hang.db",
		.life = LIFE_ENDED, .first_ns = s->feed.first_ns, .now_ns = s->feed.now_ns, .smis = 2,
		.lost = 3, .cpus = 2, .scale = s->lanes.scale, .lanes = &s->lanes, .lane = 1, .chosen = -1,
		.filter = "",
		.cursor_ns = 1025000000,
	};

	assert_true(canvas_resize(&s->canvas, rows, cols));
	return p;
}

static void a_hang_is_one_picture(void **state)
{
	static const char *const want[] = {
		" smmtrace  hang.db   ended 00:00.070  2 CPUs  SMI 2  lost 3  stopped 0 ns (0 %)",
		"         0.00 s        +20 ms        +40 ms        +60 ms        +80 ms",
		"---------+-------------+--V----------+-------------+-------------+--------------",
		" machine * attach                                  L////  * detach",
		"         ++1    vB2=04        I>1           ^9f>1",
		">CPU 0   -------[## 7ffb3000 #V#############V#############>",
		"         r+1              w   R in SMM +1   ^<0",
		" CPU 1   ........[d 30000 dddd]..............------/////---",
		"-- 0.025 s  CPU 0: 1 SMI here, 1.41 ms in SMM ----------------------------------",
	};
	struct stage *s = stage_of(hang);
	struct picture p;

	(void)state;
	assert_int_equal(fill(s, 1000000000, 100000000, 71, false), 0);
	p = picture_of(s, 24, 80, false);
	picture_draw(&s->canvas, &p);
	assert_screen(&s->canvas, want, 9);
	stage_free(s);
}

static void utf8_is_drawn_with_bars(void **state)
{
	static const char *const want[] = {
		" smmtrace  hang.db   ended 00:00.070  2 CPUs  SMI 2  lost 3  stopped 0 ns (0 %)",
		"         0.00 s        +20 ms        +40 ms        +60 ms        +80 ms",
		"─────────┬─────────────┬──▼──────────┬─────────────┬─────────────┬──────────────",
		" machine * attach                                  L╱╱╱╱  * detach",
		"         ++1    ▼B2=04        I>1           ▲9f>1",
		"▶CPU 0   ───────▐██ 7ffb3000 █↓█████████████↓█████████████▶",
		"         ↺+1              ◆   R in SMM +1   ▲<0",
		" CPU 1   ········[d 30000 dddd]··············──────╱╱╱╱╱───",
		"── 0.025 s  CPU 0: 1 SMI here, 1.41 ms in SMM ──────────────────────────────────",
	};
	struct stage *s = stage_of(hang);
	struct picture p;

	(void)state;
	fill(s, 1000000000, 100000000, 71, true);
	p = picture_of(s, 24, 80, true);
	picture_draw(&s->canvas, &p);
	assert_screen(&s->canvas, want, 9);
	stage_free(s);
}

static void the_pane_tells_the_stay_under_the_cursor(void **state)
{
	struct stage *s = stage_of(hang);
	struct reader_smi smi;
	struct error err = { 0 };
	char text[256];
	struct picture p;

	(void)state;
	fill(s, 1000000000, 100000000, 71, false);
	assert_int_equal(detail_smi(s->reader, 0, 1025000000, 1025000001, &smi, &err), 1);
	p = picture_of(s, 24, 80, false);
	p.smi = &smi;
	picture_draw(&s->canvas, &p);
	canvas_row_text(&s->canvas, p.layout.pane_row, text, sizeof(text));
	assert_non_null(strstr(text, " CPU 0: in SMM for 59.0 ms and still inside at 0x7ffb3000, APM 04 --"));
	assert_int_equal(detail_smi(s->reader, 1, 1025000000, 1025000001, &smi, &err), 1);
	p.lane = 2;
	picture_draw(&s->canvas, &p);
	canvas_row_text(&s->canvas, p.layout.pane_row, text, sizeof(text));
	assert_non_null(strstr(text, " CPU 1: in SMM for 18.0 ms at 0x30000, APM 04 --"));
	stage_free(s);
}

static void a_window_knows_what_was_before_it(void **state)
{
	struct stage *s = stage_of(hang);

	(void)state;
	fill(s, 1040000000, 5000000, 40, false); /* between INIT and SIPI: no event at all */
	assert_true(canvas_resize(&s->canvas, 3, 40));
	lanes_draw_flat(&s->lanes, 1, &s->canvas, 0, 0);
	lanes_draw_flat(&s->lanes, 2, &s->canvas, 1, 0);
	assert_screen(&s->canvas, (const char *const[]){ "### 7ffb3000 ###########################",
		"........................................" }, 2);
	fill(s, 1062000000, 1000000, 40, false); /* inside the lost interval, after the SIPI */
	assert_true(canvas_resize(&s->canvas, 3, 40));
	lanes_draw_flat(&s->lanes, 2, &s->canvas, 0, 0);
	assert_screen(&s->canvas, (const char *const[]){ "////////////////////////////////////////" }, 1);
	stage_free(s);
}

static void the_filter_hides_marks_but_no_state(void **state)
{
	struct stage *s = stage_of(hang);
	struct error err;

	(void)state;
	assert_int_equal(filter_parse(&s->filter, "port", &FILTER_DEFAULT, &err), 0);
	fill(s, 1000000000, 100000000, 71, false);
	assert_true(canvas_resize(&s->canvas, 2, 71));
	lanes_draw_flat(&s->lanes, 1, &s->canvas, 0, 0);
	lanes_draw_flat(&s->lanes, 2, &s->canvas, 1, 0);
	assert_screen(&s->canvas, (const char *const[]){ "-------v## 7ffb3000 #############################>",
		"........[d 30000 dddd]..............------/////---" }, 2);
	stage_free(s);
}

static void too_much_is_sampled(void **state)
{
	struct stage *s = stage_of(hang);
	struct scenario *more = calloc(1, sizeof(*more));
	struct error err = { 0 };
	char line[200];

	(void)state;
	reader_close(s->reader);
	assert_int_equal(scenario_open(more, s->path, &err), 0);
	for (int i = 0; i < 2 * FEED_ROWS; i++) {
		snprintf(line, sizeof(line), "t=%d cpu=0 port port=0xb2 dir=write value=0x1", 1000 + 100 * i);
		assert_int_equal(scenario_event(more, line, &err), 0);
		snprintf(line, sizeof(line), "t=%d cpu=0 smi-enter smbase=0x7000", 1010 + 100 * i);
		assert_int_equal(scenario_event(more, line, &err), 0);
		snprintf(line, sizeof(line), "t=%d cpu=0 smi-leave smbase=0x7000", 1050 + 100 * i);
		assert_int_equal(scenario_event(more, line, &err), 0);
	}
	assert_int_equal(scenario_close(more, 0, &err), 0);
	free(more);
	s->reader = reader_open(s->path, &err);
	assert_non_null(s->reader);
	assert_int_equal(feed_prepare(&s->feed, s->reader, 0, &err), 0);
	assert_int_equal(fill(s, 1000, 200 * FEED_ROWS, 20, false), 1);
	assert_true(canvas_resize(&s->canvas, 3, 20));
	lanes_draw_tall(&s->lanes, 1, &s->canvas, 0, 0);
	assert_screen(&s->canvas, (const char *const[]){ "++++++++++++++++++++", "++++++++++++++++++++" }, 2);
	assert_int_equal(fill(s, 1000, 400, 20, false), 0);
	assert_true(canvas_resize(&s->canvas, 3, 20));
	lanes_draw_tall(&s->lanes, 1, &s->canvas, 0, 0);
	assert_screen(&s->canvas, (const char *const[]){ "v    v    v    v", "[#]--[#]--[#]--[#]--" }, 2);
	stage_free(s);
}

static void assert_seek(struct stage *s, const struct seek *what, int64_t ts, int64_t id, bool backwards,
			int64_t want)
{
	struct picture_event found = { 0 };
	struct error err = { 0 };
	int got = seek_event(s->reader, what, ts, id, backwards, &found, &err);

	assert_int_equal(got, want != 0);
	if (want)
		assert_int_equal(found.id, want);
}

static void events_are_found(void **state)
{
	struct stage *s = stage_of(hang);
	struct seek lane = { .filter = &s->filter, .cpu = 1 };
	struct seek machine = { .filter = &s->filter, .cpu = CPU_UNKNOWN };
	struct seek marks = { .filter = &s->filter, .cpu = READER_ANY_CPU, .interest = true };
	struct filter find = FILTER_ALL;
	struct seek words = { .filter = &s->filter, .cpu = READER_ANY_CPU, .find = &find };

	(void)state;
	assert_int_equal(filter_parse(&find, "cpu1 smi", &FILTER_ALL, NULL), 0);
	assert_seek(s, &lane, 1012000000, 8, false, 9);
	assert_seek(s, &lane, 1012000000, 8, true, 4);
	assert_seek(s, &lane, 1030000000, 11, false, 12); /* the same moment */
	assert_seek(s, &lane, 1030000000, 12, false, 0);
	assert_seek(s, &machine, INT64_MIN, 0, false, 1);
	assert_seek(s, &machine, 1000000000, 1, false, 14);
	assert_seek(s, &marks, 1010000000, 6, false, 9);
	assert_seek(s, &marks, 1025000000, 9, false, 10);
	assert_seek(s, &words, 1000000000, 0, false, 8);
	assert_seek(s, &words, 1012000000, 8, false, 12);
	assert_seek(s, &words, INT64_MAX, 0, true, 12);
	stage_free(s);
}

static void the_list_surrounds_the_chosen_event(void **state)
{
	struct stage *s = stage_of(hang);
	struct seek any = { .filter = &s->filter, .cpu = READER_ANY_CPU };
	struct picture_event list[21];
	struct error err = { 0 };
	int chosen;

	(void)state;
	assert_int_equal(seek_around(s->reader, &any, 1030000000, 10, 3, list, &chosen, &err), 7);
	assert_int_equal(chosen, 3);
	for (int i = 0; i < 7; i++)
		assert_int_equal(list[i].id, 7 + i);
	assert_int_equal(seek_around(s->reader, &any, 1000000000, 1, 10, list, &chosen, &err), 11);
	assert_int_equal(chosen, 0);
	assert_int_equal(seek_around(s->reader, &any, 1028000000, 0, 2, list, &chosen, &err), 4);
	assert_int_equal(chosen, -1);
	assert_int_equal(list[0].id, 8);
	assert_int_equal(list[3].id, 11);
	stage_free(s);
}

static void detail_says_every_field(void **state)
{
	static const char *const want[] = {
		"smbase-write of cpu1 at 0.025000000 s   event 9, observed by fixture",
		"the SMBASE slot of the save state was written by a CPU in SMM; effective at its RSM",
		"> inside the SMI event 8      0.012000 s  smi-enter    cpu1   smbase=0x30000 rip=0xfff0",
		"- takes effect   event 12     0.030000 s  smi-leave    cpu1   smbase=0x30000 via=reset",
		"  old        0x30000              the default",
		"  new        0x7ffb5000           entry at 0x7ffbd000",
		"  rip        0x38084              ",
		"SMI 8 of cpu1: entered at 0.012000 s, 18.0 ms, smbase 0x30000, cause apm, command 0x04",
	};
	struct stage *s = stage_of(hang);
	struct picture_event e = { .id = 9 };
	struct detail *d = calloc(1, sizeof(*d));
	struct links links;
	struct reader_smi smi;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(reader_event(s->reader, 9, &e.ev, &err), 1);
	assert_int_equal(links_of_event(&links, s->reader, &s->feed.cpus, &e, &err), 0);
	assert_int_equal(detail_smi(s->reader, 1, e.ev.ts, e.ev.ts, &smi, &err), 1);
	detail_write(d, &(struct detail_of){ .event = &e, .smi = &smi }, &(struct detail_links){ &links, 0 }, 1000000000,
		     80);
	assert_int_equal(d->lines, 8);
	for (int i = 0; i < 8; i++)
		assert_string_equal(d->line[i], want[i]);
	free(d);
	stage_free(s);
}

/* The lines of a detail of @kind that was made of @raw. */
static struct detail *detail_made_of(enum event_kind kind, const struct reader_raw *raw, int cols)
{
	struct picture_event e = { .id = 5, .ev = event_new(kind, SRC_QEMULOG, 0, 1) };
	struct detail *d = calloc(1, sizeof(*d));
	struct links none = { .count = 0 };

	detail_write(d, &(struct detail_of){ .event = &e, .raw = raw }, &(struct detail_links){ &none, 0 }, 0, cols);
	return d;
}

static bool has_line(const struct detail *d, const char *text)
{
	for (int i = 0; i < d->lines; i++)
		if (strstr(d->line[i], text))
			return true;
	return false;
}

static void assert_lines(enum event_kind kind, const struct reader_raw *raw, int cols, const char *const *want)
{
	struct detail *d = detail_made_of(kind, raw, cols);

	for (; *want; want++)
		if (!has_line(d, *want))
			fail_msg("no \"%s\"", *want);
	assert_in_range(d->lines, 1, DETAIL_LINES);
	free(d);
}

#define LINES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void a_detail_tells_what_the_event_was_made_of(void **state)
{
	struct reader_raw raw = { .kept = true, .has_text = true, .len = 11, .text = "a\x1b[31m\nb\xff\0c" };
	FILE *f = fopen("tests/fixtures/smm-state-amd64.bin", "re");

	(void)state;
	assert_lines(EV_PORT, &raw, 80, LINES("raw line  a\\x1b[31m", "          b\\xff\\x00c"));
	assert_lines(EV_PORT, &(struct reader_raw){ .kept = true, .dropped = true }, 80, LINES("raw line not kept"));
	raw.whole = 1000000;
	memset(raw.text, '\n', raw.len = sizeof(raw.text));
	assert_lines(EV_PORT, &raw, 80, LINES("more bytes: smmtrace query FILE raw 5", "the raw line had 1000000 bytes"));
	memset(raw.text, 0xff, raw.len);
	assert_lines(EV_SMI_ENTER, &raw, 80, LINES("saved state: it was not read at this entry"));
	assert_lines(EV_SMI_ENTER, &(struct reader_raw){ .kept = false }, 80, LINES("an older smmtrace"));

	assert_non_null(f);
	raw.state_len = fread(raw.state, 1, sizeof(raw.state), f);
	fclose(f);
	assert_lines(EV_SMI_ENTER, &raw, 80, LINES("revision id 0x20064 (amd64), long mode",
		     "  smbase   0xffbf000   rip      0xd6c9804   rflags   0x246", "  r15      0x1"));
	assert_lines(EV_SMI_ENTER, &raw, 40, LINES("  rip      0xd6c9804", "  r15      0x1"));
	raw.state[0xfc] = 0x65;
	assert_lines(EV_SMI_ENTER, &raw, 80, LINES("its revision id 0x20065 is not known"));
}

/* Three lines, of one, three and one rows in 30 columns. */
static void a_long_detail_is_scrolled(void **state)
{
	static const char *const line[] = { "first", "a line that is so long that it takes several rows of it", "last" };
	struct detail_pane p = { .line = line, .lines = 3, .chosen = -1 };
	int rows = detail_pane_rows(&p, 3, 30);
	struct canvas c = { 0 };
	char text[200];

	(void)state;
	assert_int_equal(rows, 5);
	assert_string_equal(detail_pane_place(text, sizeof(text), &p, rows, 30), "");
	assert_string_equal(detail_pane_place(text, sizeof(text), &p, 2, 30), " rows 1-2 of 5 ");
	assert_int_equal(detail_pane_top(&p, 100, 2, 30), 3);
	assert_int_equal(detail_pane_top(&p, -1, 2, 30), 0);
	assert_int_equal(detail_pane_reveal(&p, 2, 2, 30), 3);
	p.top = 3;
	assert_int_equal(detail_pane_reveal(&p, 0, 2, 30), 0);
	assert_int_equal(detail_pane_line_at(&p, 0, 30), 1);
	assert_int_equal(detail_pane_line_at(&p, 1, 30), 2);
	assert_int_equal(detail_pane_line_at(&p, 2, 30), -1);
	assert_true(canvas_resize(&c, 6, 30));
	detail_pane_draw(&c, &p, 3, 5);
	assert_string_equal(canvas_row_text(&c, 2, text, sizeof(text)), "");
	assert_string_equal(canvas_row_text(&c, 4, text, sizeof(text)), " last");
	assert_string_equal(canvas_row_text(&c, 5, text, sizeof(text)), "");
	canvas_free(&c);
}

static void every_size_and_number_of_lanes_fits(void **state)
{
	(void)state;
	for (int rows = PICTURE_MIN_ROWS; rows < 80; rows++)
		for (int lanes = 1; lanes <= 257; lanes += lanes < 20 ? 1 : 50)
			for (int bits = 0; bits < 8; bits++) {
				struct layout_want want = { bits & 1, lanes % 2, bits & 2, bits & 4 };
				struct layout y = layout_of(rows, bits & 4 ? 132 : 80, lanes, &want);
				int height = y.group.tall ? 2 * y.group.lanes - 1 : y.group.lanes;

				assert_in_range(y.group.lanes, 1, lanes);
				if (y.pane_col)
					assert_true(y.group.first + height <= y.pane_end && y.lane_cols < y.pane_col);
				else
					assert_int_equal(y.pane_row - y.group.first, height);
				assert_int_equal(y.pane_end, y.overview_row ? rows - 2 : rows - 1);
				assert_int_equal(y.pane_row + y.pane_rows, y.pane_end);
				assert_true(y.pane_rows >= 4);
			}
}

static const char plug[] =
	"t=1000000000 session what=attach\n"
	"t=1000000000 cpu=0 cpu-add apic_id=0\n"
	"t=1010000000 cpu=1 cpu-add apic_id=1\n"
	"t=1020000000 cpu=0 port port=0xb2 dir=write value=0x4\n"
	"t=1021000000 cpu=0 smi-enter smbase=0x7ffb3000 rip=0x1000 rax=0x4 rdx=0xb2\n"
	"t=1022000000 cpu=1 smi-enter smbase=0x30000 rip=0xfff0\n"
	"t=1030000000 cpu=0 handoff word=gate addr=0x30004 old=0xffffffff value=0x1\n"
	"t=1032000000 handler code=gate size=100\n"
	"t=1040000000 cpu=0 ipi mode=init dest=one target=1\n"
	"t=1040000000 cpu=1 cpu-reset in_smm=1 halted=0 rip=0x805c\n"
	"t=1040000000 cpu=1 smi-leave smbase=0x30000 via=reset\n"
	"violation 1040000000 1 no-init-in-smm 9,10,0,0 INIT from CPU 0 reset it inside SMM (at 0x3805c)\n"
	"t=1050000000 cpu=0 ipi mode=sipi vector=0x9f dest=one target=1\n"
	"violation 1050000000 0 smi-survives-init 12,0,0,0 the SMI that was pending is gone\n"
	"episode 1 boot 0 done none 900000000 950000000 0 d-entry@900000000:1\n"
	"episode 2 plug 1 stuck d-pass 1010000000 0 1080000000 added@1010000000:3 smi@1020000000:4 "
	"rendezvous@1021000000:5 a@1022000000:6 b@1030000000:7 c@1050000000:12\n"
	"verdict verdict: STUCK: plug of CPU 1, step c. CPU 0, the monarch, polls AboutToLeaveSmm. It waits.\n"
	"verdict CPU 1: halted in the pen\n"
	"t=1090000000 session what=detach\n";

static struct insight *insight_of(struct stage *s)
{
	struct insight *f = calloc(1, sizeof(*f));
	struct error err = { 0 };

	assert_non_null(f);
	if (insight_read(f, s->reader, &err) < 0 || insight_mark(f, s->reader, &s->lanes, &err) < 0)
		fail_msg("%s", err.text);
	return f;
}

static void show_findings(struct stage *s, struct picture *p, const struct insight *f, int rows)
{
	*p = picture_of(s, rows, s->lanes.width + PICTURE_GUTTER, s->lanes.utf8);
	p->layout = layout_of(rows, s->lanes.width + PICTURE_GUTTER, s->lanes.lanes,
			      &(struct layout_want){ .episode = true });
	p->violations = f->violations;
	p->lost = 0;
	p->cursor_ns = 1040000000;
	p->episode = (struct episode_lane){
		.insight = f, .chosen = insight_episode_at(f, p->cursor_ns), .scale = s->lanes.scale,
		.now_ns = s->feed.now_ns, .utf8 = s->lanes.utf8,
	};
	picture_draw(&s->canvas, p);
}

static void a_plug_that_is_stuck_is_one_picture(void **state)
{
	static const char *const want[] = {
		" smmtrace  hang.db           ended 00:00.090  2 CPUs  SMI 2  violated 2  lost 0",
		"         0.00 s        +20 ms        +40 ms        +60 ms        +80 ms",
		"---------+-------------+-------------V-------------+-------------+--------------",
		" plug 1         |added-||(a)--|(b)----------|(c)-----------------STUCK...",
		" machine * attach              H gate                                   * detach",
		"         +             vB2=04 o      I>1    ! smi-survives-init +1",
		">CPU 0   ::::::::::::::[######|(b)###V######V(c)############# 7ffb3000 #>",
		"                +                    !      ^<0",
		" CPU 1          ::::::::[(a)d 30000 d].......----------------------------",
	};
	struct stage *s = stage_of(plug);
	struct insight *f;
	struct picture p;
	char status[400];

	(void)state;
	fill(s, 1000000000, 100000000, 71, false);
	f = insight_of(s);
	insight_status(status, sizeof(status), f, s->feed.now_ns);
	assert_string_equal(status, "STUCK plug of CPU 1, step (d), 40.0 ms: "
			    "CPU 0, the monarch, polls AboutToLeaveSmm");
	show_findings(s, &p, f, 24);
	assert_screen(&s->canvas, want, 9);
	insight_free(f);
	free(f);
	stage_free(s);
}

static void a_wide_screen_names_the_steps(void **state)
{
	static const char *const want[] = {
		" smmtrace  hang.db                                           ended 00:00.090  2 CPUs"
		"  SMI 2  violated 2  lost 0  stopped 0 ns (0 %)",
		"                     0.02 s                  +10 ms                   +20 ms        "
		"           +30 ms                  +40 ms",
		"─────────────────────┬───────────────────────┬────────────────────────▼─────────────"
		"───────────┬───────────────────────┬────────────",
		" plug 1  ────────────│─│──│(a)───────────────│(b)───────────────────────────────────"
		"───────────│(c)─────────────────────────────────",
		" machine                                          H gate",
		"                     ▼B2=04                  ○ gate=1                 I>1           "
		"           ! smi-survives-init +1",
		"▶CPU 0   ┄┄┄┄┄┄┄┄┄┄┄┄──▐rendezvous███████████│(b)█████████████████████↓████████████"
		"████████████↓(c)█████████████████████ 7ffb3000 ██",
		"                                                                      ! no-init-in-s"
		"mm +2      ▲<0",
		" CPU 1   ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄[(a)dddddddddddddddddddddddddddddddd 30000 d]·············"
		"············────────────────────────────────────",
	};
	struct stage *s = stage_of(plug);
	struct insight *f;
	struct picture p;

	(void)state;
	fill(s, 1015000000, 50000000, 123, true);
	f = insight_of(s);
	show_findings(s, &p, f, 43);
	assert_screen(&s->canvas, want, 9);
	insight_free(f);
	free(f);
	stage_free(s);
}

static void no_episode_no_row(void **state)
{
	struct stage *s = stage_of(hang);
	struct insight *f;
	char status[64];

	(void)state;
	fill(s, 1000000000, 100000000, 71, false);
	f = insight_of(s);
	assert_int_equal(f->episodes, 0);
	assert_int_equal(f->violations, 0);
	assert_null(insight_episode_at(f, 1040000000));
	assert_string_equal(insight_status(status, sizeof(status), f, 1), "");
	assert_int_equal(layout_of(24, 80, 3, &(struct layout_want){ .episode = true }).group.episode, 3);
	assert_int_equal(layout_of(24, 80, 3, &(struct layout_want){ 0 }).group.episode, 0);
	assert_int_equal(layout_of(16, 80, 30, &(struct layout_want){ 0 }).group.first, 3);
	insight_free(f);
	free(f);
	stage_free(s);
}

static void a_broken_rule_tells_what_proves_it(void **state)
{
	struct stage *s = stage_of(plug);
	struct detail *d = calloc(1, sizeof(*d));
	struct reader_violation v = { 0 };
	struct links links;
	struct error err = { 0 };
	char line[300];

	(void)state;
	assert_int_equal(insight_seek(s->reader, 1000000000, 0, false, &v, &err), 1);
	assert_string_equal(insight_line(line, sizeof(line), &v), "no-init-in-smm  CPU 1  (c) "
			    "INIT from CPU 0 reset it inside SMM (at 0x3805c)");
	assert_int_equal(links_of_violation(&links, s->reader, &v, &err), 0);
	detail_violation(d, &v, &(struct detail_links){ &links, 1 }, 1000000000);
	assert_string_equal(d->line[0], "broken rule 1 at 0.040000000 s   error");
	assert_string_equal(d->line[1], line);
	assert_int_equal(strncmp(d->line[4], "the rule: ", 10), 0);
	assert_string_equal(d->line[2],
			    "- proved by      event 9      0.040000 s  ipi          cpu0   target=1 mode=init dest=one");
	assert_int_equal(insight_seek(s->reader, v.ts_ns, v.id, false, &v, &err), 1);
	assert_string_equal(v.invariant, "smi-survives-init");
	assert_int_equal(insight_seek(s->reader, v.ts_ns, v.id, false, &v, &err), 0);
	assert_int_equal(insight_seek(s->reader, v.ts_ns, v.id, true, &v, &err), 1);
	assert_string_equal(v.invariant, "no-init-in-smm");
	assert_int_equal(insight_seek(s->reader, v.ts_ns, v.id, true, &v, &err), 0);
	free(d);
	stage_free(s);
}

/* The event that the link @why of event @id leads to; 0 = there is none. */
static int64_t link_to(struct stage *s, int64_t id, const char *why)
{
	struct picture_event e = { .id = id };
	struct error err = { 0 };
	struct links l;

	assert_int_equal(reader_event(s->reader, id, &e.ev, &err), 1);
	assert_int_equal(links_of_event(&l, s->reader, &s->feed.cpus, &e, &err), 0);
	for (int i = 0; i < l.count; i++)
		if (!strcmp(l.at[i].why, why))
			return l.at[i].to.id;
	return 0;
}

static void causes_and_effects_are_found(void **state)
{
	struct stage *s = stage_of(hang);

	(void)state;
	assert_int_equal(link_to(s, 7, "raised by"), 6);       /* the SMI: the write to 0xb2 */
	assert_int_equal(link_to(s, 6, "next SMI"), 7);
	assert_int_equal(link_to(s, 7, "left at"), 0);         /* it is still inside */
	assert_int_equal(link_to(s, 8, "left at"), 12);
	assert_int_equal(link_to(s, 12, "entered at"), 8);
	assert_int_equal(link_to(s, 12, "ended by"), 11);
	assert_int_equal(link_to(s, 10, "target resets"), 11); /* the INIT */
	assert_int_equal(link_to(s, 11, "last INIT to it"), 10);
	assert_int_equal(link_to(s, 4, "last INIT to it"), 0); /* a reset before any INIT */
	assert_int_equal(link_to(s, 13, "target then"), 0);    /* the SIPI: nothing of CPU 1 follows */
	stage_free(s);
}

static void the_overview_shows_all_and_the_window(void **state)
{
	struct stage *s = stage_of(plug);
	struct scale window = { .from = 1020000000, .span = 20000000, .width = 71 };
	struct overview o = { 0 };
	struct error err = { 0 };

	(void)state;
	assert_int_equal(overview_read(&o, s->reader, 1000000000, 1089999999, 45, &err), 0);
	assert_true(canvas_resize(&s->canvas, 1, 60));
	overview_draw(&o, &window, 1030000000, false, &s->canvas, 0, 10);
	assert_screen(&s->canvas, (const char *const[]){ " overview           [########]!====!===================" }, 1);
	assert_true(canvas_at(&s->canvas, 0, 25)->cursor);
	overview_free(&o);
	stage_free(s);
}

static int take_bookmark(void *arg, const struct bookmark *b)
{
	return !bookmarks_put(arg, b);
}

static void bookmarks_are_kept_in_the_file(void **state)
{
	static const struct bookmark one = { 1030000000, 1, "why here?" }, two = { 1010000000, CPU_UNKNOWN, "start" },
				     none = { 1030000000, 1, "" };
	struct stage *s = stage_of(hang);
	struct bookmarks *l = calloc(1, sizeof(*l));
	struct error err = { 0 };

	(void)state;
	assert_int_equal(reader_bookmarks(s->reader, take_bookmark, l, &err), 0);
	assert_int_equal(l->count, 0);
	if (reader_keep_bookmark(s->reader, &one, &err) < 0 || reader_keep_bookmark(s->reader, &two, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(reader_bookmarks(s->reader, take_bookmark, l, &err), 0);
	assert_int_equal(l->count, 2);
	assert_string_equal(bookmarks_next(l, 1010000000, false)->text, "why here?");
	assert_string_equal(bookmarks_next(l, 1030000000, true)->text, "start");
	assert_null(bookmarks_next(l, 1030000000, false));
	assert_int_equal(reader_keep_bookmark(s->reader, &none, &err), 0);
	l->count = 0;
	assert_int_equal(reader_bookmarks(s->reader, take_bookmark, l, &err), 0);
	assert_int_equal(l->count, 1);
	assert_int_equal(reader_summary(s->reader)->smis, 2); /* the reader goes on */
	free(l);
	stage_free(s);
}

static void a_bookmark_of_a_hostile_file_is_harmless(void **state)
{
	struct bookmarks *l = calloc(1, sizeof(*l));
	struct bookmark b = { 1, 0, "a\033[31mb" };

	(void)state;
	assert_true(bookmarks_put(l, &b));
	assert_string_equal(l->at[0].text, "a\\x1b[31mb");
	for (int i = 2; i <= BOOKMARKS; i++) {
		b.ts_ns = i;
		assert_true(bookmarks_put(l, &b));
	}
	b.ts_ns = BOOKMARKS + 1;
	assert_false(bookmarks_put(l, &b));
	free(l);
}

static void many_cpus_get_a_row_each(void **state)
{
	struct stage *s = stage_of("t=1000 cpu=0 cpu-add\nt=1000 cpu=40 cpu-add\n"
				   "t=2000 cpu=40 smi-enter smbase=0x30000\n"
				   "t=3000 cpu=40 smi-leave smbase=0x30000\nt=9000 session what=detach\n");
	char text[512];
	struct picture p;

	(void)state;
	fill(s, 1000, 8000, 71, false);
	p = picture_of(s, 24, 80, false);
	p.lane = 41;
	p.top_lane = 42 - p.layout.group.lanes;
	picture_draw(&s->canvas, &p);
	assert_false(p.layout.group.tall);
	assert_string_equal(canvas_row_text(&s->canvas, p.layout.pane_row - 1, text, sizeof(text)),
			    ">CPU 40  +:::::::[dddddddd]-----------------------------------------------------");
	stage_free(s);
}

static void help_tells_every_key_and_mark(void **state)
{
	struct canvas c = { 0 };
	char screen[2 * 24 * 100] = "", row[400];
	size_t used = 0;

	(void)state;
	assert_int_equal(picture_help_pages(&key_page_timeline, 24), 2);
	assert_int_equal(picture_help_pages(&key_page_timeline, 43), 1);
	for (int i = 0; i < 2 * 24; i++) {
		assert_true(canvas_resize(&c, 24, 80));
		picture_help(&c, &key_page_timeline, false, i / 24);
		used += (size_t)snprintf(screen + used, sizeof(screen) - used, "%s",
					 canvas_row_text(&c, i % 24, row, sizeof(row)));
	}
	for (int a = 0; a < ACTION_COUNT; a++) {
		if (!strstr(screen, key_info[a].help) || !strstr(screen, key_info[a].keys))
			fail_msg("help does not tell '%s %s'", key_info[a].keys, key_info[a].help);
	}
	for (int m = 0; m < LANE_MARK_COUNT; m++) {
		const char *found = strstr(screen, lane_glyph[m].help);

		if (!found)
			fail_msg("help does not tell '%s'", lane_glyph[m].help);
		if (found && strlen(lane_glyph[m].help) > 23)
			fail_msg("no gap behind '%s'", lane_glyph[m].help);
	}
	assert_non_null(strstr(screen, key_page_timeline.mouse));
	if (!strstr(screen, "several") || !strstr(screen, "any key"))
		fail_msg("help has no room for the states or the way out");
	canvas_free(&c);
}

static void no_key_means_two_things(void **state)
{
	(void)state;
	for (int a = 0; a < ACTION_COUNT; a++)
		for (int i = 0; i < 4 && key_info[a].code[i]; i++)
			assert_int_equal(key_action(key_info[a].code[i]), a);
	assert_int_equal(key_action('%'), ACTION_COUNT);
	assert_int_equal(key_action(0), ACTION_COUNT);
}

static void damaged_times_do_no_harm(void **state)
{
	struct stage *s = stage_of("t=0 cpu=0 cpu-add\nt=1000000000000000000 cpu=0 smi-enter smbase=0x30000\n"
				   "t=1 cpu=0 lost until=18446744073709551615 count=1\n");
	struct picture p;

	(void)state;
	fill(s, -(INT64_C(1) << 61), INT64_C(1) << 40, 71, true);
	fill(s, INT64_C(1) << 61, INT64_C(1) << 40, 71, true);
	p = picture_of(s, 24, 80, true);
	picture_draw(&s->canvas, &p);
	stage_free(s);
}

static void text_of_others_is_cut_to_the_canvas(void **state)
{
	struct canvas c = { 0 };
	char text[64];

	(void)state;
	assert_true(canvas_resize(&c, 2, 8));
	canvas_text(&c, 0, 4, CELL_PLAIN, "a\x1b[2J");
	canvas_text(&c, 1, -2, CELL_PLAIN, "\xff\xc3\xa9\xe2\x96\x88\xf0\x9f\x98\x80" "z");
	canvas_text(&c, 9, 0, CELL_PLAIN, "outside");
	assert_string_equal(canvas_row_text(&c, 0, text, sizeof(text)), "    a?[2");
	assert_string_equal(canvas_row_text(&c, 1, text, sizeof(text)), "\xe2\x96\x88????z");
	canvas_free(&c);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hang_is_one_picture),
		cmocka_unit_test(utf8_is_drawn_with_bars),
		cmocka_unit_test(the_pane_tells_the_stay_under_the_cursor),
		cmocka_unit_test(a_window_knows_what_was_before_it),
		cmocka_unit_test(the_filter_hides_marks_but_no_state),
		cmocka_unit_test(too_much_is_sampled),
		cmocka_unit_test(events_are_found),
		cmocka_unit_test(the_list_surrounds_the_chosen_event),
		cmocka_unit_test(detail_says_every_field),
		cmocka_unit_test(a_detail_tells_what_the_event_was_made_of),
		cmocka_unit_test(a_long_detail_is_scrolled),
		cmocka_unit_test(every_size_and_number_of_lanes_fits),
		cmocka_unit_test(a_plug_that_is_stuck_is_one_picture),
		cmocka_unit_test(a_wide_screen_names_the_steps),
		cmocka_unit_test(no_episode_no_row),
		cmocka_unit_test(a_broken_rule_tells_what_proves_it),
		cmocka_unit_test(causes_and_effects_are_found),
		cmocka_unit_test(the_overview_shows_all_and_the_window),
		cmocka_unit_test(bookmarks_are_kept_in_the_file),
		cmocka_unit_test(a_bookmark_of_a_hostile_file_is_harmless),
		cmocka_unit_test(many_cpus_get_a_row_each),
		cmocka_unit_test(help_tells_every_key_and_mark),
		cmocka_unit_test(no_key_means_two_things),
		cmocka_unit_test(damaged_times_do_no_harm),
		cmocka_unit_test(text_of_others_is_cut_to_the_canvas),
	};

	return argc > 1 ? scenario_main(argc, argv) : cmocka_run_group_tests(tests, NULL, NULL);
}
