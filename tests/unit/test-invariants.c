/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every invariant on its two stories (tests/fixtures/invariants): one in which it holds and nothing is
 * broken, one in which it is the first to be. Then what the engine makes of losses, repeats, switches.
 */
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

#define FOLDER "tests/fixtures/invariants/"
#define MAX_EVENTS 3000

struct story {
	struct event ev[MAX_EVENTS];
	unsigned events;
	char also[600]; /* of "# also: NAME ...": what else it breaks */
};

static struct story story;
static struct judge *judge;

/* "x2001/100000 EVENT": 2001 times, 100000 ns apart. */
static void read_event(struct story *s, const char *line)
{
	long long apart = 0;
	unsigned times = 1;
	struct error err;
	struct event ev;
	int at = 0;

	if (*line == 'x')
		assert_int_equal(sscanf(line, "x%u/%lld %n", &times, &apart, &at), 2);
	if (event_parse(&ev, line + at, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(s->events + times <= MAX_EVENTS);
	for (; times; times--, ev.ts += apart)
		s->ev[s->events++] = ev;
}

static void read_line(struct story *s, char *line)
{

	line[strcspn(line, "\n")] = '\0';
	if (!strncmp(line, "# also: ", 8))
		snprintf(s->also, sizeof(s->also), " %s ", line + 8);
	if (*line && *line != '#')
		read_event(s, line);
}

static bool read_story(struct story *s, const char *name, const char *end)
{
	char path[200], line[512];
	FILE *in;

	memset(s, 0, sizeof(*s));
	snprintf(path, sizeof(path), FOLDER "%s.%s", name, end);
	in = fopen(path, "r");
	if (!in) {
		print_error("%s is missing\n", path);
		return false;
	}
	while (fgets(line, sizeof(line), in))
		read_line(s, line);
	fclose(in);
	return true;
}

static void begin(const struct judge_options *o)
{
	judge_free(judge);
	judge = judge_new(o);
	assert_non_null(judge);
}

static int64_t last_ns(const struct story *s)
{
	return s->ev[s->events - 1].ts;
}

/* Play it; with @lost, half of it, a lost event, the other half. */
static void play(const struct story *s, bool lost)
{
	for (unsigned i = 0; i < s->events; i++) {
		if (lost && i == s->events / 2) {
			struct event ev = event_new(EV_LOST, SRC_FIXTURE, CPU_UNKNOWN, s->ev[i].ts);

			assert_int_equal(judge_event(judge, &ev, NULL), 0);
		}
		assert_int_equal(judge_event(judge, &s->ev[i], NULL), 0);
	}
	assert_int_equal(judge_advance(judge, last_ns(s), NULL), 0);
	assert_int_equal(judge_finish(judge, NULL), 0);
}

static struct check_result result(unsigned number)
{
	return checker_result(judge_checker(judge), number);
}

static const struct violation *violation(int64_t id)
{
	return checker_violation(judge_checker(judge), id);
}

static const char *name_of(const struct violation *v)
{
	return invariant_list[v->invariant]->name;
}

/* ---- the stories ---- */

static unsigned wrong;

static void expect(bool ok, unsigned number, const char *story_name, const char *what)
{
	struct check_result r = result(number);

	if (ok)
		return;
	wrong++;
	print_error("%s.%s: %s (%s, exercised %llu, violations %llu, %s)\n", invariant_list[number]->name, story_name,
		    what, check_status_name[r.status], (unsigned long long)r.exercised,
		    (unsigned long long)r.violations, r.why);
	for (int64_t id = 1; violation(id); id++)
		print_error("    %s: %s\n", name_of(violation(id)), violation(id)->message);
}

static void holds_story(unsigned number)
{
	if (!read_story(&story, invariant_list[number]->name, "holds")) {
		wrong++;
		return;
	}
	begin(NULL);
	play(&story, false);
	expect(result(number).status == CHECK_HOLDS, number, "holds", "does not hold");
	expect(!violation(1), number, "holds", "something is broken");
	begin(NULL);
	play(&story, true);
	if (number == INV_event_continuity) /* that is what it is about */
		expect(result(number).status == CHECK_VIOLATED, number, "holds", "a lost event did not violate it");
	else
		expect(result(number).status == CHECK_UNKNOWN && result(number).why[0], number, "holds",
		       "a lost event did not make it unknown");
}

static bool is_allowed(const struct story *s, const struct violation *v)
{
	char word[64];

	snprintf(word, sizeof(word), " %s ", name_of(v));
	return strstr(s->also, word) != NULL;
}

static void violated_story(unsigned number)
{
	if (!read_story(&story, invariant_list[number]->name, "violated")) {
		wrong++;
		return;
	}
	begin(NULL);
	play(&story, false);
	expect(result(number).status == CHECK_VIOLATED, number, "violated", "is not violated");
	expect(violation(1) && (violation(1)->invariant == number || is_allowed(&story, violation(1))), number,
	       "violated", "is not the first to be violated");
	for (int64_t id = 1; violation(id); id++) {
		const struct violation *v = violation(id);

		expect(v->invariant == number || is_allowed(&story, v), number, "violated", "something else is broken");
		expect(v->evidence[0] && v->message[0], number, "violated", "says nothing, or has no evidence");
	}
	begin(NULL);
	play(&story, true);
	expect(result(number).status >= CHECK_UNKNOWN, number, "violated", "a lost event made it good");
}

static void every_invariant_has_its_stories(void **state)
{
	(void)state;
	wrong = 0;
	for (unsigned i = 0; i < INVARIANT_COUNT; i++) {
		if (!invariant_list[i]->event && !invariant_list[i]->time)
			continue;
		holds_story(i);
		violated_story(i);
	}
	assert_int_equal(wrong, 0);
}

static void every_invariant_explains_itself(void **state)
{
	(void)state;
	for (unsigned i = 0; i < INVARIANT_COUNT; i++) {
		const struct invariant *inv = invariant_list[i];

		assert_int_equal(invariant_by_name(inv->name), i);
		assert_true(inv->rule[0] && inv->step[0] && inv->severity < SEVERITY_COUNT);
		if (inv->event || inv->time)
			assert_true(inv->needs && strlen(inv->meaning) > 100);
		if (inv->event)
			assert_true(inv->kinds);
	}
}

/* ---- the engine ---- */

static void play_text(const char *text)
{
	char line[512];

	while (*text) {
		size_t len = strcspn(text, "\n");
		struct error err;
		struct event ev;

		snprintf(line, sizeof(line), "%.*s", (int)len, text);
		text += len + (text[len] == '\n');
		if (event_parse(&ev, line, &err) < 0)
			fail_msg("%s", err.text);
		assert_int_equal(judge_event(judge, &ev, NULL), 0);
	}
	assert_int_equal(judge_finish(judge, NULL), 0);
}

#define BOOT \
	"t=1 session what=attach source=tracer\n" \
	"t=2 cpu=0 cpu-add apic_id=0\n" \
	"t=3 config reg=smi-negotiated value=7 source=gdb\n" \
	"t=4 config reg=mch-9d value=0x1a source=gdb\n" \
	"t=5 cpu=0 smi-enter smbase=0x7ffb7000\n" \
	"t=6 cpu=0 smi-leave smbase=0x7ffb7000\n"
#define PLUG "t=1000 cpu=1 cpu-add apic_id=1\n"
#define SMI4 "t=2000 cpu=0 port port=0xb2 dir=write value=4 source=qemulog\n"

static void a_loss_counts_for_those_that_need_its_source(void **state)
{
	(void)state;
	begin(NULL);
	play_text(BOOT "t=7 lost until=8 count=3 source=qemulog\n" PLUG SMI4);
	assert_int_equal(result(INV_feat_negotiated).status, CHECK_HOLDS);
	assert_int_equal(result(INV_plug_smi_deadline).status, CHECK_UNKNOWN);
	assert_string_equal(result(INV_plug_smi_deadline).why, "qemulog lost 3 events at 0.000 s");
	assert_int_equal(result(INV_sipi_target).status, CHECK_NEVER);

	begin(NULL);
	play_text(BOOT PLUG SMI4 "t=3000 lost until=3001 source=gdb\n");
	assert_int_equal(result(INV_feat_negotiated).status, CHECK_UNKNOWN);
	assert_int_equal(result(INV_plug_smi_deadline).status, CHECK_HOLDS);

	begin(NULL);
	play_text(BOOT PLUG SMI4 "t=3000 lost source=tracer\n");
	assert_int_equal(result(INV_feat_negotiated).status, CHECK_UNKNOWN);
	assert_int_equal(result(INV_plug_smi_deadline).status, CHECK_UNKNOWN);
}

static void blindness_before_the_recording_counts_for_nothing(void **state)
{
	(void)state;
	begin(NULL);
	play_text("t=1000 session what=attach source=tracer\nt=10 blind until=900 why=attach source=tracer\n"
		  "t=1001 config reg=smi-negotiated value=7 source=gdb");
	assert_int_equal(result(INV_feat_negotiated).status, CHECK_HOLDS);
}

/* CPU 1 is there from 1000 on; its points come at 1500; told late, as the recorder does. */
static void a_new_cpu_without_points_matters_when_an_smi_was_raised(void **state)
{
	const char *const rest = "t=2100 cpu=0 smi-enter smbase=0x7ffb7000\n"
				 "t=2200 cpu=0 cpuhp reg=5 dir=write value=3\n"
				 "t=2300 cpu=0 smi-leave smbase=0x7ffb7000\n";
	char text[1000];

	(void)state;
	begin(NULL);
	snprintf(text, sizeof(text), BOOT PLUG SMI4 "%s%s", rest,
		 "t=1000 cpu=1 blind until=1500 why=new-cpu source=gdb\n");
	play_text(text);
	assert_int_equal(result(INV_smm_only_cpuhp).status, CHECK_HOLDS);

	begin(NULL); /* the 4 at 2000 was inside */
	snprintf(text, sizeof(text), BOOT PLUG SMI4 "%s%s", rest,
		 "t=1000 cpu=1 blind until=2500 why=new-cpu source=gdb\n");
	play_text(text);
	assert_int_equal(result(INV_smm_only_cpuhp).status, CHECK_UNKNOWN);
	assert_non_null(strstr(result(INV_smm_only_cpuhp).why, "could not see CPU 1"));

	begin(NULL); /* told before what is inside */
	snprintf(text, sizeof(text), BOOT PLUG "%s" SMI4 "%s",
		 "t=1000 cpu=1 blind until=2500 why=new-cpu source=gdb\n", rest);
	play_text(text);
	assert_int_equal(result(INV_smm_only_cpuhp).status, CHECK_UNKNOWN);

	begin(NULL); /* 2 and 3 raise none */
	snprintf(text, sizeof(text), BOOT PLUG "%s%s%s", "t=1200 cpu=0 port port=0xb2 dir=write value=2\n"
		 "t=1300 cpu=0 port port=0xb2 dir=write value=3\n", rest,
		 "t=1000 cpu=1 blind until=1500 why=new-cpu source=gdb\n");
	play_text(text);
	assert_int_equal(result(INV_smm_only_cpuhp).status, CHECK_HOLDS);
}

#define DEADLINE_PASSED "t=20000000000 cpu=0 port port=0xb3 dir=write value=0 source=qemulog\n"
#define SEEN_PORT "t=500 cpu=0 port port=0xb2 dir=write value=0 source=qemulog\n"

static void what_was_not_seen_may_have_been_lost(void **state)
{
	(void)state;
	begin(NULL);
	play_text(BOOT SEEN_PORT PLUG DEADLINE_PASSED);
	assert_int_equal(result(INV_plug_smi_deadline).status, CHECK_VIOLATED);

	begin(NULL); /* known before: nothing is told */
	play_text(BOOT SEEN_PORT PLUG "t=3000 lost source=qemulog\n" DEADLINE_PASSED);
	assert_int_equal(result(INV_plug_smi_deadline).status, CHECK_UNKNOWN);
	assert_int_equal(result(INV_plug_smi_deadline).violations, 0);

	begin(NULL); /* learnt afterwards: told, and taken back */
	play_text(BOOT SEEN_PORT PLUG DEADLINE_PASSED "t=3000 lost until=4000 source=qemulog\n");
	assert_int_equal(result(INV_plug_smi_deadline).status, CHECK_UNKNOWN);

	begin(NULL); /* a loss that was over before does not help it */
	play_text(BOOT SEEN_PORT "t=600 lost until=700 source=qemulog\n" PLUG DEADLINE_PASSED);
	assert_int_equal(result(INV_plug_smi_deadline).status, CHECK_VIOLATED);
}

static void a_deadline_can_be_set_and_pauses_do_not_count(void **state)
{
	struct judge_options o;

	(void)state;
	judge_options_init(&o);
	o.check.deadline_ns = 5000;
	begin(&o);
	play_text(BOOT SEEN_PORT PLUG "t=5000 cpu=0 port port=0xb3 dir=write value=0\n");
	assert_int_equal(result(INV_plug_smi_deadline).status, CHECK_NEVER);
	play_text("t=6500 cpu=0 port port=0xb3 dir=write value=0\n");
	assert_int_equal(result(INV_plug_smi_deadline).status, CHECK_VIOLATED);

	begin(&o);
	play_text(BOOT SEEN_PORT PLUG "t=2000 pause until=6000 why=stop\nt=6500 cpu=0 port port=0xb3 dir=write value=0\n");
	assert_int_equal(result(INV_plug_smi_deadline).status, CHECK_NEVER);
}

static void the_same_violation_is_told_some_times_and_counted_always(void **state)
{
	int64_t told = 0;

	(void)state;
	begin(NULL);
	play_text(BOOT);
	for (int i = 0; i < 3 * CHECK_TOLD; i++) {
		char line[100];

		snprintf(line, sizeof(line), "t=%d cpu=0 port port=0xb2 dir=write value=4\n", 1000 + i);
		play_text(line);
	}
	assert_int_equal(result(INV_no_spurious_4).violations, 3 * CHECK_TOLD);
	for (int64_t id = 1; violation(id); id++)
		told += violation(id)->invariant == INV_no_spurious_4;
	assert_int_equal(told, CHECK_TOLD);
}

static void inferred_evidence_is_called_so(void **state)
{
	(void)state;
	begin(NULL);
	play_text(BOOT "t=1000 cpu=0 port port=0xb2 dir=write value=4 origin=inferred\n"
		  "t=1001 cpu=0 port port=0xb2 dir=write value=4\n");
	assert_non_null(strstr(violation(2)->message, "no CPU was waiting"));
	for (int64_t id = 1; violation(id); id++)
		if (violation(id)->invariant == INV_no_spurious_4)
			assert_int_equal(strstr(violation(id)->message, "inferred") != NULL, violation(id)->ts == 1000);
}

/* ---- switches ---- */

static void switches_name_invariants(void **state)
{
	const uint64_t all = (1ull << INVARIANT_COUNT) - 1;
	struct check_options o = { 0 };
	struct error err;

	(void)state;
	assert_int_equal(check_options_parse(&o, "cmd-4,broadcast", &err), 0);
	assert_int_equal(o.off, all & ~(1ull << INV_cmd_4 | 1ull << INV_broadcast));
	assert_int_equal(check_options_parse(&o, "-cmd-4,-broadcast", &err), 0);
	assert_int_equal(o.off, 1ull << INV_cmd_4 | 1ull << INV_broadcast);
	assert_int_equal(check_options_parse(&o, "-cmd-4,broadcast", &err), -ERR_USAGE);
	assert_non_null(strstr(err.text, "all"));
	assert_int_equal(check_options_parse(&o, "cmd-4,,broadcast", &err), -ERR_USAGE);
	assert_int_equal(check_options_parse(&o, "", &err), -ERR_USAGE);
	assert_int_equal(check_options_parse(&o, "-brodcast", &err), -ERR_USAGE);
	assert_string_equal(err.text, "no invariant 'brodcast'; did you mean 'broadcast'?");
	assert_int_equal(check_options_parse(&o, "zzzzzzzzzzzzzzzzzzzzzzz", &err), -ERR_USAGE);
	assert_null(strstr(err.text, "did you mean"));
	assert_int_equal(o.off, 1ull << INV_cmd_4 | 1ull << INV_broadcast);
}

static void what_is_switched_off_is_never_exercised(void **state)
{
	struct judge_options o;

	(void)state;
	judge_options_init(&o);
	assert_int_equal(check_options_parse(&o.check, "-no-spurious-4", NULL), 0);
	begin(&o);
	play_text(BOOT "t=1000 cpu=0 port port=0xb2 dir=write value=4\n");
	assert_int_equal(result(INV_no_spurious_4).status, CHECK_NEVER);
	assert_int_equal(result(INV_feat_negotiated).status, CHECK_HOLDS);
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
		cmocka_unit_test(every_invariant_has_its_stories),
		cmocka_unit_test(every_invariant_explains_itself),
		cmocka_unit_test(a_loss_counts_for_those_that_need_its_source),
		cmocka_unit_test(blindness_before_the_recording_counts_for_nothing),
		cmocka_unit_test(a_new_cpu_without_points_matters_when_an_smi_was_raised),
		cmocka_unit_test(what_was_not_seen_may_have_been_lost),
		cmocka_unit_test(a_deadline_can_be_set_and_pauses_do_not_count),
		cmocka_unit_test(the_same_violation_is_told_some_times_and_counted_always),
		cmocka_unit_test(inferred_evidence_is_called_so),
		cmocka_unit_test(switches_name_invariants),
		cmocka_unit_test(what_is_switched_off_is_never_exercised),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
