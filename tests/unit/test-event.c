/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The text form of events: every kind there and back, and lines that are no events. */
#include "../../tracer/event-text.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct error err;

/* A line the way tracer/event-text.h writes it. */
static void line_of(char *out, size_t size, const struct event *ev)
{
	char cpu[16] = "?", detail[400];

	if (ev->cpu != CPU_UNKNOWN)
		snprintf(cpu, sizeof(cpu), "%d", ev->cpu);
	snprintf(out, size, "t=%" PRId64 " cpu=%s %s %s%s%s", ev->ts, cpu, event_info[ev->kind].name,
		 event_detail(detail, sizeof(detail), ev), ev->origin == ORIGIN_INFERRED ? " origin=inferred" : "",
		 ev->source == SRC_GDB ? " source=gdb" : "");
}

static void assert_same(const struct event *a, const struct event *b)
{
	assert_true(a->ts == b->ts && a->cpu == b->cpu && a->kind == b->kind && a->source == b->source);
	assert_int_equal(a->origin, b->origin);
	assert_int_equal(a->known, b->known);
	for (unsigned i = 0; i < EVENT_ARGS; i++)
		assert_int_equal(a->arg[i], b->arg[i]);
}

static void there_and_back(const struct event *ev)
{
	struct event back;
	char line[512];

	line_of(line, sizeof(line), ev);
	if (event_parse(&back, line, &err) < 0)
		fail_msg("%s: %s", line, err.text);
	assert_same(ev, &back);
}

static void every_kind_comes_back(void **state)
{
	static const uint64_t values[] = { 0, 1, 3, 0x38000, 0x7f7d0000, UINT64_MAX };

	(void)state;
	for (unsigned k = 0; k < EVENT_KIND_COUNT; k++)
		for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
			struct event ev = event_new(k, v % 2 ? SRC_GDB : SRC_FIXTURE, (int)k, 1020 + (int64_t)v);

			there_and_back(&ev); /* nothing known */
			for (unsigned i = 0; i < event_info[k].fields; i++) {
				struct event one = ev;

				event_set(&one, i, values[v]);
				there_and_back(&one);
			}
			for (unsigned i = 0; i < event_info[k].fields; i++)
				event_set(&ev, i, values[v] + i);
			ev.cpu = CPU_UNKNOWN;
			ev.origin = ORIGIN_INFERRED;
			there_and_back(&ev);
		}
}

static void every_kind_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (unsigned k = 0; k < EVENT_KIND_COUNT; k++) {
		const struct event_info *info = &event_info[k];

		assert_int_equal(event_kind_by_name(info->name, strlen(info->name)), k);
		assert_int_equal(event_kind_by_name(info->name, strlen(info->name) - 1), EVENT_KIND_COUNT);
		assert_true(info->fields > 0 && info->fields <= EVENT_ARGS);
		assert_true(info->help && *info->help);
		for (unsigned j = 0; j < k; j++)
			assert_true(info->glyph != event_info[j].glyph);
	}
	assert_int_equal(event_kind_by_name("", 0), EVENT_KIND_COUNT);
}

static void values_are_written_as_people_say_them(void **state)
{
	static const struct {
		const char *line, *detail;
	} cases[] = {
		{ "port port=0xb2 dir=write value=4", "port=0xb2 dir=write value=0x4" },
		{ "ipi target=1 mode=sipi vector=0x9f dest=one icr=0x469f",
		  "target=1 mode=sipi vector=0x9f dest=one icr=0x469f" },
		{ "ipi mode=2 dest=2", "mode=smi dest=all" },
		{ "smi-leave smbase=0x30000 via=next-entry", "smbase=0x30000 via=next-entry" },
		{ "session what=target-exit", "what=target-exit" },
		{ "pause until=17 why=new-cpu", "until=17 why=new-cpu" },
		{ "cpu-reset in_smm=1 halted=0", "in_smm=1 halted=0" },
		{ "smi-leave via=77", "via=77" }, /* a word of a newer version */
		{ "cpu-seen", "" },
	};
	char detail[200];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct event ev;

		assert_int_equal(event_parse(&ev, cases[i].line, &err), 0);
		assert_string_equal(event_detail(detail, sizeof(detail), &ev), cases[i].detail);
		assert_int_equal(ev.cpu, CPU_UNKNOWN);
		assert_int_equal(ev.source, SRC_FIXTURE);
	}
}

static void what_is_not_known_is_not_written(void **state)
{
	struct event ev = event_new(EV_SMI_ENTER, SRC_GDB, 0, 0);
	char text[32];

	(void)state;
	assert_string_equal(event_arg_text(text, sizeof(text), &ev, SMI_ENTER_RIP), "?");
	ev.arg[SMI_ENTER_RIP] = 7; /* not marked as known */
	assert_string_equal(event_arg_text(text, sizeof(text), &ev, SMI_ENTER_RIP), "?");
	assert_string_equal(event_detail(text, sizeof(text), &ev), "");
}

static void a_small_buffer_cuts_the_detail(void **state)
{
	struct event ev;
	char whole[400], cut[400];

	(void)state;
	assert_int_equal(event_parse(&ev, "smi-enter smbase=0x30000 rip=0x1e0c9731 cs=0x38 cr0=0x80010033", &err), 0);
	event_detail(whole, sizeof(whole), &ev);
	for (size_t size = 1; size < strlen(whole) + 3; size++) {
		event_detail(cut, size, &ev);
		assert_true(strlen(cut) < size);
		assert_memory_equal(cut, whole, strlen(cut));
	}
}

static void hostile_lines_are_refused(void **state)
{
	static const char *const lines[] = {
		"", " ", "t=1", "cpu=0", "nonsense", "smi-enterr", "smi-enter smi-leave", "smbase=1 smi-enter",
		"smi-enter smbase", "smi-enter smbase=", "smi-enter smbase=-1", "smi-enter smbase=0x",
		"smi-enter smbase=0x1g", "smi-enter smbase=0x10000000000000000", "smi-enter nosuch=1",
		"smi-enter =1", "smi-enter =", "=", "smi-enter cpu=256", "smi-enter cpu=-1", "smi-enter cpu=",
		"t= smi-enter", "t=x smi-enter", "t=-5 smi-enter", "t=9223372036854775808 smi-enter",
		"smi-enter origin=guessed", "smi-enter source=nobody", "port dir=sideways", "ipi mode=INIT",
		"smi-enter smbase=1=2", "smi-enter\nsmi-leave", "smi-enter smbase=%n%s", "smi-enter \x1b[2J",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct event ev;

		err.text[0] = '\0';
		if (event_parse(&ev, lines[i], &err) >= 0)
			fail_msg("taken: '%s'", lines[i]);
		assert_int_equal(err.code, ERR_CORRUPT);
		assert_true(err.text[0]);
		assert_true(event_parse(&ev, lines[i], NULL) < 0);
	}
}

static void a_line_without_end_is_refused(void **state)
{
	static char line[100000];
	struct event ev;

	(void)state;
	memset(line, 'a', sizeof(line) - 1);
	assert_true(event_parse(&ev, line, &err) < 0);
	memcpy(line, "smi-enter ", 10);
	assert_true(event_parse(&ev, line, &err) < 0);
	memset(line, ' ', sizeof(line) - 1);
	assert_true(event_parse(&ev, line, &err) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_comes_back),
		cmocka_unit_test(every_kind_has_a_name_of_its_own),
		cmocka_unit_test(values_are_written_as_people_say_them),
		cmocka_unit_test(what_is_not_known_is_not_written),
		cmocka_unit_test(a_small_buffer_cuts_the_detail),
		cmocka_unit_test(hostile_lines_are_refused),
		cmocka_unit_test(a_line_without_end_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
