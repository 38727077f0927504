/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole guests (tests/fixtures/NAME.story), and exactly which invariants each breaks, keeps, or never touches. */
#include "../../tracer/event-text.h"
#include "../../tracer/judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAX_EVENTS 20000

static struct judge *judge;
static struct event played[MAX_EVENTS + 1]; /* by id */
static int64_t last_id;

static void begin(void)
{
	judge_free(judge);
	judge = judge_new(NULL);
	assert_non_null(judge);
	last_id = 0;
}

static void play_event(const struct event *ev)
{
	assert_true(last_id < MAX_EVENTS);
	played[++last_id] = *ev;
	assert_int_equal(judge_event(judge, ev, NULL), 0);
}

static void play_line(const char *line)
{
	struct event ev;
	struct error err;

	if (event_parse(&ev, line, &err) < 0)
		fail_msg("%s", err.text);
	play_event(&ev);
}

static void play_story(const char *name)
{
	char path[200], line[512];
	FILE *in;

	snprintf(path, sizeof(path), "tests/fixtures/%s.story", name);
	in = fopen(path, "r");
	if (!in)
		fail_msg("%s cannot be read", path);
	while (fgets(line, sizeof(line), in)) {
		line[strcspn(line, "\n")] = '\0';
		if (*line && *line != '#')
			play_line(line);
	}
	fclose(in);
}

static int64_t now(void)
{
	return played[last_id].ts;
}

static struct check_result result(unsigned number)
{
	return checker_result(judge_checker(judge), number);
}

static const struct violation *violation(int64_t id)
{
	return checker_violation(judge_checker(judge), id);
}

static enum event_kind kind_of(int64_t id)
{
	assert_true(id > 0 && id <= last_id);
	return played[id].kind;
}

/* The names of those with @status, in order, a space before each. */
static const char *names(enum check_status status)
{
	static char out[CHECK_STATUS_COUNT][2000];
	size_t used = 0;

	out[status][0] = '\0';
	for (unsigned i = 0; i < INVARIANT_COUNT; i++)
		if (result(i).status == status)
			used += (size_t)snprintf(out[status] + used, sizeof(out[status]) - used, " %s",
						 invariant_list[i]->name);
	return out[status];
}

static void tell_violations(void)
{
	for (int64_t id = 1; violation(id); id++)
		print_error("    %s: %s\n", invariant_list[violation(id)->invariant]->name,
			    violation(id)->message);
}

/* Those that are not named hold. */
static void expect(const char *violated, const char *unknown, const char *never)
{
	if (strcmp(names(CHECK_VIOLATED), violated))
		tell_violations();
	assert_string_equal(names(CHECK_VIOLATED), violated);
	assert_string_equal(names(CHECK_UNKNOWN), unknown);
	assert_string_equal(names(CHECK_NEVER), never);
}

#define UNPLUG " eject-order eject-final"
#define PLUG " enumerate-first skip-known smi-before-init handler-before-sipi sipi-target"
#define HAND_OVER " about-then-rsm reloc-deadline gate-closed"
#define OS_PART " clear-after-smi no-os-sipi-early"
#define BEFORE " smram-locked handler-first handler-immutable cmd-4 plug-smi-deadline no-spurious-4"
#define RENDEZVOUS " broadcast rendezvous-no-kick monarch-unique"
#define BEHIND " smm-only-cpuhp" PLUG " smi-survives-init gate-protocol" HAND_OVER OS_PART UNPLUG
#define NO_HOT_PLUG BEFORE BEHIND

/* ---- the hang ---- */

static void the_stock_hang_breaks_four_rules_and_the_init_is_the_first(void **state)
{
	const struct violation *v;

	(void)state;
	begin();
	play_story("stock-hang");
	expect(" no-init-in-smm smi-survives-init reloc-deadline rsm-balance", "",
	       RENDEZVOUS " about-then-rsm gate-closed" OS_PART UNPLUG);
	v = violation(1);
	assert_int_equal(v->invariant, INV_no_init_in_smm);
	assert_int_equal(v->cpu, 1);
	assert_int_equal(kind_of(v->evidence[0]), EV_SMI_ENTER);
	assert_int_equal(kind_of(v->evidence[1]), EV_IPI);
	assert_int_equal(played[v->evidence[1]].arg[IPI_MODE], IPI_INIT);
	assert_int_equal(kind_of(v->evidence[2]), EV_CPU_RESET);
	assert_string_equal(v->message, "the INIT from CPU 0 reset CPU 1 inside SMM (at 3000:805c)");
	v = violation(2);
	assert_int_equal(v->invariant, INV_smi_survives_init);
	assert_int_equal(played[v->evidence[0]].arg[IPI_MODE], IPI_SMI);
	assert_int_equal(played[v->evidence[1]].arg[IPI_MODE], IPI_INIT);
	assert_int_equal(kind_of(v->evidence[2]), EV_CPU_RESET);
	assert_int_equal(violation(3)->invariant, INV_reloc_deadline);
	assert_non_null(strstr(violation(3)->message,
			"CPU 1 has not come through the gate 1.0 s after the SIPI"));
	assert_int_equal(violation(4)->invariant, INV_rsm_balance);
	assert_non_null(strstr(violation(4)->message, "CPU 0, the monarch,"));
	assert_null(violation(5));
}

/* The words are not seen in every set-up; the deadline then tells of the SMI. */
static void without_the_words_the_deadline_tells_of_the_dropped_smi(void **state)
{
	struct event ev;
	static struct event seen[MAX_EVENTS + 1];
	int64_t events;

	(void)state;
	begin();
	play_story("stock-hang");
	memcpy(seen, played, sizeof(seen));
	events = last_id;
	begin();
	for (int64_t id = 1; id <= events; id++) {
		ev = seen[id];
		if (ev.kind != EV_HANDOFF && ev.kind != EV_CPU_SEEN)
			play_event(&ev);
	}
	assert_int_equal(result(INV_smi_survives_init).status, CHECK_VIOLATED);
	assert_int_equal(result(INV_reloc_deadline).status, CHECK_VIOLATED);
	assert_int_equal(violation(1)->invariant, INV_no_init_in_smm);
}

/* ---- plugs and unplugs ---- */

static void a_kicked_plug_breaks_only_what_the_kick_mends(void **state)
{
	(void)state;
	begin();
	play_story("completed-hotplug");
	expect(" no-init-in-smm smi-survives-init", "", UNPLUG);
}

static void two_plugs_break_the_same_twice(void **state)
{
	(void)state;
	begin();
	play_story("two-plugs");
	expect(" no-init-in-smm smi-survives-init", "", UNPLUG);
	assert_int_equal(result(INV_no_init_in_smm).violations, 2);
	assert_int_equal(result(INV_smi_survives_init).violations, 2);
	assert_int_equal(violation(1)->cpu, 1);
	assert_int_equal(violation(3)->cpu, 2);
}

static void a_plug_on_a_machine_that_keeps_the_smi_breaks_nothing(void **state)
{
	(void)state;
	begin();
	play_story("attached-late-plug");
	expect("", " handler-before-sipi", " about-then-rsm" UNPLUG);
}

static void an_unplug_breaks_nothing(void **state)
{
	(void)state;
	begin();
	play_story("unplug");
	expect("", "",
	       " handler-first plug-smi-deadline" PLUG " no-sipi-to-running no-init-in-smm smi-survives-init"
	       " gate-protocol one-at-default smbase-write-in-window smbase-value smbase-unique "
		"about-then-rsm"
	       " relocated-entry reloc-deadline gate-closed" OS_PART);
}

/* ---- healthy guests ---- */

static void round_of_four(int64_t start)
{
	char line[200];

	snprintf(line, sizeof(line), "t=%lld cpu=0 port port=0xb2 dir=write value=0x0", (long long)start);
	play_line(line);
	for (int cpu = 0; cpu < 4; cpu++) {
		snprintf(line, sizeof(line), "t=%lld cpu=%d smi-enter smbase=%#x",
			 (long long)start + 1000 + cpu, cpu,
			 0xffbf000 + cpu * 0x2000);
		play_line(line);
	}
	for (int cpu = 0; cpu < 4; cpu++) {
		snprintf(line, sizeof(line), "t=%lld cpu=%d smi-leave smbase=%#x",
			 (long long)start + 9000 + cpu, cpu,
			 0xffbf000 + cpu * 0x2000);
		play_line(line);
	}
}

static void a_boot_of_four_cpus_and_600_smis_each_break_nothing(void **state)
{
	(void)state;
	begin();
	play_story("boot-4-cpus");
	for (int i = 0; i < 600; i++)
		round_of_four(now() + 5000000);
	expect("", "", NO_HOT_PLUG);
	assert_true(result(INV_rsm_balance).exercised >= 2400);
}

static void seabios_breaks_nothing(void **state)
{
	(void)state;
	begin();
	play_story("seabios");
	expect("", "", " feat-negotiated feat-subset apmc-enabled smbase-window" BEFORE RENDEZVOUS BEHIND);
}

static void a_system_reset_in_smm_breaks_nothing(void **state)
{
	(void)state;
	begin();
	play_story("system-reset");
	expect("", "", NO_HOT_PLUG);
}

/* It is only when the deadline has passed that a CPU is lost in SMM. */
static void waiting_at_the_gate_is_no_fault(void **state)
{
	(void)state;
	begin();
	play_story("waiting-at-gate");
	assert_null(violation(1));
	assert_int_equal(result(INV_one_at_default).status, CHECK_HOLDS);
	assert_int_equal(judge_advance(judge, now() + 60000000000, NULL), 0);
	assert_string_equal(names(CHECK_VIOLATED), " plug-smi-deadline"); /* the OS never asks */
}

/* ---- losses ---- */

static void lost_events_leave_only_what_was_seen(void **state)
{
	(void)state;
	begin();
	play_line("t=1 lost count=3 source=tracer");
	play_story("stock-hang");
	assert_string_equal(names(CHECK_HOLDS), "");
	assert_int_equal(result(INV_no_init_in_smm).status, CHECK_VIOLATED);
}

static void a_target_that_goes_without_a_word_is_told(void **state)
{
	(void)state;
	begin();
	play_story("completed-hotplug");
	play_line("t=20000000000 session what=target-exit");
	assert_int_equal(result(INV_event_continuity).status, CHECK_HOLDS);

	begin();
	play_story("stock-hang");
	play_line("t=16000000000 session what=target-lost");
	assert_int_equal(result(INV_event_continuity).status, CHECK_VIOLATED);
	assert_non_null(strstr(violation(5)->message, "went away without a word while CPUs were in SMM"));
	assert_non_null(strstr(violation(5)->message, "15.999"));
}

static int teardown(void **state)
{
	(void)state;
	judge_free(judge);
	judge = NULL;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_stock_hang_breaks_four_rules_and_the_init_is_the_first),
		cmocka_unit_test(without_the_words_the_deadline_tells_of_the_dropped_smi),
		cmocka_unit_test(a_kicked_plug_breaks_only_what_the_kick_mends),
		cmocka_unit_test(two_plugs_break_the_same_twice),
		cmocka_unit_test(a_plug_on_a_machine_that_keeps_the_smi_breaks_nothing),
		cmocka_unit_test(an_unplug_breaks_nothing),
		cmocka_unit_test(a_boot_of_four_cpus_and_600_smis_each_break_nothing),
		cmocka_unit_test(seabios_breaks_nothing),
		cmocka_unit_test(a_system_reset_in_smm_breaks_nothing),
		cmocka_unit_test(waiting_at_the_gate_is_no_fault),
		cmocka_unit_test(lost_events_leave_only_what_was_seen),
		cmocka_unit_test(a_target_that_goes_without_a_word_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
