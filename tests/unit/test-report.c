/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The report, literally; and the lines of the headless output. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/scenario.h"
#include "../../views/report.h"
#include "../../views/text.h"

#include <cmocka.h>

static const char plug[] =
	"meta target unix:/run/gdb.sock\n"
	"t=1000000000 session what=attach\n"
	"t=1000000000 cpu=0 cpu-add apic_id=0\n"
	"t=1000001000 cpu=0 cpu-reset in_smm=0\n"
	"t=1001000000 cpu=0 ipi mode=smi dest=self\n"
	"t=1001010000 cpu=0 smi-enter smbase=0x30000 rip=0x1000\n"
	"t=1001200000 cpu=0 smbase-write old=0x30000 new=0x7ffb3000 rip=0x7ffdc005\n"
	"t=1001310000 cpu=0 smi-leave smbase=0x30000\n"
	"t=1002000000 port port=0xb2 dir=write value=0x0\n"
	"t=1002010000 cpu=0 smi-enter smbase=0x7ffb3000 rip=0x1000\n"
	"t=1002110000 cpu=0 smi-leave smbase=0x7ffb3000\n"
	"t=1002110000 pause until=1002610000 why=stop\n"
	"t=1003000000 cpu=0 port port=0xb2 dir=write value=0x4\n"
	"t=1003010000 cpu=0 smi-enter smbase=0x7ffb3000 rip=0x1000\n"
	"t=1003010000 cpu=1 cpu-add apic_id=1\n"
	"t=1003011000 cpu=1 smi-enter smbase=0x30000 rip=0xfff0\n"
	"t=1004000000 cpu=0 cpuhp reg=0xcd8 dir=write value=0x0 selector=0\n"
	"t=1004000000 cpu=0 cpuhp reg=0xcdc dir=read value=0x3 selector=1\n"
	"t=1005000000 cpu=0 ipi mode=init dest=one target=1\n"
	"t=1005001000 cpu=1 cpu-reset in_smm=1 halted=0 rip=0x805c\n"
	"t=1005001000 cpu=1 smi-leave smbase=0x30000 via=reset\n"
	"t=1015000000 cpu=0 ipi mode=sipi vector=0x9f dest=one target=1\n"
	"t=1016000000 blind until=1016500000 why=new-cpu\n"
	"t=4000000000 cpu=0 cpu-seen rip=0xf9dfd42 cs=0x38 in_smm=1 halted=0\n"
	"t=4000000000 cpu=1 cpu-seen rip=0xc cs=0x9f00 in_smm=0 halted=1\n"
	"t=4000000000 session what=detach\n";

static const char plug_report[] =
	"SMM report of plug.db\n"
	"\n"
	"  state          closed cleanly\n"
	"  target         unix:/run/gdb.sock\n"
	"  recorded       (time), by smmtrace " SMMTRACE_VERSION "\n"
	"  length         3.00 s, 25 events, 2 CPUs, 4 SMIs\n"
	"  lost           nothing\n"
	"  blind          1 interval, 500 us in all: a source may have missed things\n"
	"  guest stopped  1 time, 500 us in all (0.0 %): stop 1\n"
	"  port 0xb2      2 writes, 1 of them by an unknown CPU\n"
	"\n"
	"How long SMIs took, by cause\n"
	"                     SMIs        p50        p90        p99        max\n"
	"  apm                   2     100 us    1.99 ms    1.99 ms    1.99 ms\n"
	"  ipi                   1     300 us     300 us     300 us     300 us\n"
	"  all                   3     300 us    1.99 ms    1.99 ms    1.99 ms\n"
	"\n"
	"Rendezvous: from the write to port 0xb2 until the CPU was in SMM\n"
	"                     SMIs        p50        p90        p99        max\n"
	"  CPU 0                 2    10.0 us    10.0 us    10.0 us    10.0 us\n"
	"  CPU 1                 1    11.0 us    11.0 us    11.0 us    11.0 us\n"
	"  all                   3    10.0 us    11.0 us    11.0 us    11.0 us\n"
	"\n"
	"CPU 0, APIC ID 0\n"
	"  SMBASE         0x30000 -> 0x7ffb3000, written at 0.001200 s, rip 0x7ffdc005\n"
	"                 effective at 0.001310 s, proved by 2 entries there, the first\n"
	"                 at 0.002010 s\n"
	"  SMIs           3 entries, 2 RSMs, one still inside\n"
	"  time in SMM    min 100 us, median 100 us, p90 300 us, p99 300 us, max 300 us\n"
	"  causes         apm 2, ipi 1 (commands: 0x00 1, 0x04 1)\n"
	"  resets         1, none inside SMM\n"
	"  IPIs sent      INIT 1, SIPI 1, SMI 1\n"
	"  IPIs received  SMI 1\n"
	"  hot-plug block 1 write, 1 read\n"
	"\n"
	"CPU 1, APIC ID 1\n"
	"  SMBASE         0x30000, the default; no write of it was seen\n"
	"  SMIs           1 entry, 0 RSMs\n"
	"                 1 ended by a reset, without RSM\n"
	"  time in SMM    min 1.99 ms, median 1.99 ms, p90 1.99 ms, p99 1.99 ms, max\n"
	"                 1.99 ms\n"
	"  causes         apm 1 (commands: 0x04 1)\n"
	"  resets         1\n"
	"                 INSIDE SMM at 0.005001 s, at rip 0x805c\n"
	"  IPIs received  INIT 1, SIPI 1\n"
	"\n"
	"Where each CPU is, 3.000000 s after the first event\n"
	"  CPU 0          in SMM since 0.003010 s at SMBASE 0x7ffb3000\n"
	"                 STILL IN SMM for 3.00 s; the last event of another CPU was\n"
	"                 2.99 s before the end\n"
	"                 seen at 3.000000 s: in SMM, running at 0038:0xf9dfd42\n"
	"  CPU 1          outside SMM, since 0.015000 s\n"
	"                 seen at 3.000000 s: outside SMM, halted at 9f00:0xc\n";

/* The report on a recording of @text, its time of day made "(time)"; to be freed. */
static char *report_on(const char *text)
{
	char path[200], *out = NULL;
	FILE *in = fmemopen((void *)(uintptr_t)text, strlen(text), "r"), *mem;
	struct report rep = { 0 };
	struct error err = { 0 };
	struct reader *r;
	size_t len;

	snprintf(path, sizeof(path), "%.100s/smmtrace-report.XXXXXX",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	close(mkstemp(path));
	if (scenario_record(path, in, 0, &err) < 0)
		fail_msg("%s", err.text);
	fclose(in);
	r = reader_open(path, &err);
	if (!r || report_read(&rep, r, "plug.db", &err) < 0)
		fail_msg("%s", err.text);
	snprintf(rep.started, sizeof(rep.started), "(time)");
	mem = open_memstream(&out, &len);
	report_print(&rep, mem);
	fclose(mem);
	report_free(&rep);
	reader_close(r);
	unlink(path);
	return out;
}

/* The lines of @out from the one that begins with @first hold @want. */
static void assert_says(char *out, const char *want)
{
	if (!strstr(out, want))
		fail_msg("\"%s\" is not in the report:\n%s", want, out);
}

static void the_report_of_a_stuck_plug(void **state)
{
	char *out = report_on(plug);

	(void)state;
	assert_string_equal(out, plug_report);
	free(out);
}

static const char judged[] =
	"t=1000000000 session what=attach\n"
	"t=1000000000 cpu=0 cpu-add apic_id=0\n"
	"t=1000000000 config reg=smi-negotiated value=0x3\n"
	"t=1000000000 config reg=smi-requested value=0x0\n"
	"t=1000000000 config reg=gen-pmcon\n"
	"t=1010000000 cpu=1 cpu-add apic_id=1\n"
	"t=1040000000 cpu=0 ipi mode=init dest=one target=1\n"
	"episode 1 boot 0 done none 1000000000 1001000000 0 d-entry@1000000000:1 proved@1001000000:1\n"
	"episode 2 plug 1 stuck d-pass 1010000000 0 2050000000 added@1010000000:6 smi@1020000000:7 c@1050000000:7\n"
	"episode 3 unplug 2 done none 1100000000 1200000000 0 request@1100000000:7 gone@1200000000:7\n"
	"episode 4 plug 3 running gpe 1300000000 0 0 added@1300000000:7\n"
	"violation 1040000000 1 no-init-in-smm 7,0,0,0 INIT from CPU 0 reset it inside SMM, at 0x3805c of the "
	"relocation handler\n"
	"violation 1050000000 -1 smi-survives-init 0,0,0,0 gone \033[31mred\n"
	"result no-init-in-smm violated 1 1 -\n"
	"result gate-protocol unknown 3 0 the handshake was not seen\n"
	"result rsm-balance holds 7 0 -\n"
	"results\n"
	"verdict verdict: STUCK: the plug of CPU 1. CPU 0, the monarch, is in SMM and polls AboutToLeaveSmm: it "
	"waits for CPU 1.\n"
	"verdict CPU 1: halted in the pen\n"
	"verdict first broken rule: no-init-in-smm\n";

static void lines_fit_a_terminal(void **state)
{
	static const char *const recording[] = { plug, judged };

	(void)state;
	for (int i = 0; i < 2; i++) {
		char *out = report_on(recording[i]);

		for (char *line = strtok(out, "\n"); line; line = strtok(NULL, "\n"))
			assert_true(strlen(line) <= 80);
		free(out);
	}
}

static void what_was_concluded_comes_first(void **state)
{
	static const char want[] =
		"SMM report of plug.db\n"
		"\n"
		"Verdict\n"
		"                 STUCK: the plug of CPU 1. CPU 0, the monarch, is in SMM and\n"
		"                 polls AboutToLeaveSmm: it waits for CPU 1.\n"
		"  CPU 1          halted in the pen\n"
		"  first broken rule\n"
		"                 no-init-in-smm\n"
		"\n"
		"Recording\n"
		"  state          closed cleanly\n";
	char *out = report_on(judged);

	(void)state;
	if (strncmp(out, want, sizeof(want) - 1))
		fail_msg("the report begins with:\n%.1000s", out);
	free(out);
}

static void episodes_rules_and_settings_are_told(void **state)
{
	char *out = report_on(judged);

	(void)state;
	assert_says(out,
		"\nRelocations, plugs and unplugs\n"
		"  plug, CPU 1    from 0.010000 s on, STUCK since 1.050000 s behind step c; no\n"
		"                 d-pass\n"
		"                 added, smi +10.0 ms, c +30.0 ms\n"
		"  unplug, CPU 2  from 0.100000 s on, through in 100 ms\n"
		"                 request, gone +100 ms\n"
		"  plug, CPU 3    from 0.300000 s on, not over: step added; no gpe\n"
		"                 added\n"
		"  boot           1 CPU relocated\n"
		"\nRules (smmtrace list invariants)\n"
		"  broken         2 times\n"
		"  0.040000 s     no-init-in-smm CPU 1 (c) INIT from CPU 0 reset it inside SMM,\n"
		"                 at 0x3805c of the relocation handler\n"
		"  0.050000 s     smi-survives-init (c) gone \\x1b[31mred\n"
		"  judged         1 hold, 1 broken, 1 unknown, 35 never exercised\n"
		"  unknown        gate-protocol: the handshake was not seen\n"
		"\nSettings of the machine, as they were read last\n"
		"  smi-requested  0x0 (none)\n"
		"  smi-negotiated 0x3 (broadcast, CPU hot-plug)\n"
		"  gen-pmcon      could not be read\n");
	free(out);
}

static void nothing_recorded_is_said(void **state)
{
	char *out = report_on("");

	(void)state;
	assert_says(out, "length         0 ns, 0 events, 0 CPUs, 0 SMIs");
	assert_says(out, "no CPU was seen");
	free(out);
}

static void an_unproved_and_a_contradicted_base_are_told(void **state)
{
	char *out = report_on("t=1 cpu=0 cpu-add\n"
			      "t=10 cpu=0 smi-enter smbase=0x30000\n"
			      "t=20 cpu=0 smbase-write new=0x7000\n"
			      "t=30 cpu=0 smi-leave\n"
			      "t=1 cpu=1 cpu-add\n"
			      "t=10 cpu=1 smi-enter smbase=0x30000\n"
			      "t=20 cpu=1 smbase-write old=0x30000 new=0x7000\n"
			      "t=30 cpu=1 smi-leave\nt=40 cpu=1 smi-enter smbase=0x9000\n"
			      "t=50 cpu=1 smi-leave\n"
			      "t=1 cpu=2 cpu-add\n"
			      "t=10 cpu=2 smi-enter smbase=0x30000\n"
			      "t=20 cpu=2 smbase-write old=0x30000 new=0x7000\n");

	(void)state;
	assert_says(out, "an unknown base -> 0x7000, written at 0.000000 s\n");
	assert_says(out, "not proved: no SMI was taken since");
	assert_says(out, "CONTRADICTED: an SMI was entered at 0x9000 afterwards");
	assert_says(out, "NOT EFFECTIVE: no RSM has followed");
	free(out);
}

static void a_reset_makes_the_default_base_right_again(void **state)
{
	char *out = report_on("t=1 cpu=0 cpu-add\n"
			      "t=10 cpu=0 smi-enter smbase=0x30000\n"
			      "t=20 cpu=0 smbase-write old=0x30000 new=0x7000\n"
			      "t=30 cpu=0 smi-leave\nt=40 cpu=0 smi-enter smbase=0x7000\n"
			      "t=50 cpu=0 smi-leave\n"
			      "t=60 cpu=0 cpu-reset in_smm=0\n"
			      "t=70 cpu=0 smi-enter smbase=0x30000\nt=80 cpu=0 smi-leave\n");

	(void)state;
	assert_null(strstr(out, "CONTRADICTED"));
	assert_says(out, "3 entries, 3 RSMs, balanced");
	free(out);
}

static void loss_is_told(void **state)
{
	char *out = report_on("t=1 cpu=0 cpu-add\nt=5 lost until=9 count=4\nt=20 lost until=30 count=1\n");

	(void)state;
	assert_says(out, "lost           5 events in 2 intervals: counts below are too low");
	free(out);
}

/* All lines that a sink with @flags and @filter (NULL = none) writes for @text; to be freed. */
static char *lines_through(const char *text, unsigned flags, const struct filter *filter)
{
	struct model *model = calloc(1, sizeof(*model));
	char *copy = strdup(text), *save = NULL, *out = NULL;
	size_t len;
	FILE *mem = open_memstream(&out, &len);
	struct error err = { 0 };
	struct sink *sink = text_sink_open(mem, flags, filter, &err);
	struct findings *findings = calloc(1, sizeof(*findings));
	int64_t id = 0;

	model_init(model);
	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct event ev;
		struct cpu before;
		struct sink_event se = { .ev = &ev, .model = model };
		int told = findings_line(findings, sink, line, &err);

		assert_true(told >= 0);
		if (told)
			continue;
		se.id = ++id;
		assert_int_equal(event_parse(&ev, line, &err), 0);
		if (ev.cpu >= 0) {
			before = model->cpu[ev.cpu];
			se.before = &before;
		}
		se.after = model_apply(model, id, &ev);
		assert_int_equal(sink->ops->event(sink, &se, &err), 0);
	}
	assert_int_equal(sink->ops->flush(sink, &err), 0);
	text_sink_close(sink);
	fclose(mem);
	free(copy);
	free(findings);
	free(model);
	return out;
}

static char *lines_of(const char *text, unsigned flags)
{
	return lines_through(text, flags, NULL);
}

static const char scene[] =
	"t=5000000000 session what=attach\n"
	"t=5000000000 cpu=1 cpu-add apic_id=1\n"
	"t=5001000000 port port=0xb2 dir=write value=0x4\n"
	"t=5012345678 cpu=1 smi-enter smbase=0x30000 rip=0x1e0c9731\n"
	"t=5012400000 pause until=5012500000 why=stop\n"
	"t=5012600000 cpu=1 cpuhp reg=0xcd8 dir=read value=0x1\n"
	"t=5012700000 cpu=1 cpuhp reg=0xcd8 dir=write value=0x1\n"
	"t=5013345678 cpu=1 smi-leave smbase=0x30000 via=next-entry origin=inferred\n"
	"t=4999000000 cpu=1 cpu-seen\n";

static void events_are_lines(void **state)
{
	char *out = lines_of(scene, 0);

	(void)state;
	assert_string_equal(out,
		"+0.000000 cpu? session what=attach\n"
		"+0.000000 cpu1 cpu-add apic_id=1\n"
		"+0.001000 cpu? port port=0xb2 dir=write value=0x4\n"
		"+0.012345 cpu1 smi-enter smbase=0x30000 rip=0x1e0c9731 cause=apm cmd=0x04\n"
		"+0.012700 cpu1 cpuhp reg=0xcd8 dir=write value=0x1\n"
		"+0.013345 cpu1 smi-leave smbase=0x30000 via=next-entry dur=0.001000 origin=inferred\n"
		"-0.001000 cpu1 cpu-seen\n");
	free(out);
}

static void all_means_all(void **state)
{
	char *out = lines_of(scene, TEXT_ALL);

	(void)state;
	assert_says(out, "+0.012400 cpu? pause until=5012500000 why=stop\n");
	assert_says(out, "+0.012600 cpu1 cpuhp reg=0xcd8 dir=read value=0x1\n");
	free(out);
}

static const char stuck[] =
	"t=1000000000 session what=attach\n"
	"t=1100000000 cpu=1 cpu-add apic_id=1\n"
	"episode 1 boot 0 running d-write 1000000000 0 0 d-entry@1000000000:1\n"
	"episode 1 boot 0 done none 1000000000 1100000000 0 d-entry@1000000000:1 proved@1100000000:2\n"
	"episode 2 plug 1 running gpe 1100000000 0 0 added@1100000000:2\n"
	"episode 2 plug 1 running gpe 1100000000 0 0 added@1100000000:2\n"
	"violation 1200000000 1 no-init-in-smm 1,2,0,0 INIT from CPU 0 reset CPU 1 in SMM\n"
	"violation 1200000000 -1 one-at-default 0,0,0,0 two CPUs are there\n"
	"episode 2 plug 1 running d-entry 1100000000 0 0 added@1100000000:2 c@1300000000:2\n"
	"verdict verdict: the plug of CPU 1 goes on\n"
	"episode 2 plug 1 stuck d-entry 1100000000 0 2300000000 added@1100000000:2 c@1300000000:2\n"
	"verdict CPU 0: in SMM, not seen: STUCK\n"
	"verdict CPU 1: told twice without a look is told once\n"
	"t=2400000000 cpu=0 cpu-seen in_smm=1\n"
	"verdict what to do: smmtrace kick\n"
	"episode 2 plug 1 done none 1100000000 2500000000 0 added@1100000000:2 online@2500000000:3\n";

static void what_was_concluded_stands_between_the_events(void **state)
{
	char *out = lines_of(stuck, 0);

	(void)state;
	assert_string_equal(out,
		"+0.000000 cpu? session what=attach\n"
		"+0.100000 cpu1 cpu-add apic_id=1\n"
		"+0.100000 cpu0 boot 0: done in 100 ms\n"
		"+0.100000 cpu1 plug 1: step added\n"
		"+0.200000 cpu1 VIOLATED no-init-in-smm (c) error: INIT from CPU 0 reset CPU 1 in SMM"
		" [events 1 2]\n"
		"+0.200000 cpu? VIOLATED one-at-default (d) error: two CPUs are there\n"
		"+0.300000 cpu1 plug 1: step c (c)\n"
		"+1.300000 cpu1 plug 1: STUCK behind step c, no d-entry for 1.00 s\n"
		"+1.300000 verdict: the plug of CPU 1 goes on\n"
		"+1.300000 CPU 0: in SMM, not seen: STUCK\n"
		"+1.400000 cpu0 cpu-seen in_smm=1\n"
		"+1.400000 verdict: the plug of CPU 1 goes on\n"
		"+1.400000 CPU 0: in SMM, not seen: STUCK\n"
		"+1.400000 CPU 1: told twice without a look is told once\n"
		"+1.400000 what to do: smmtrace kick\n"
		"+1.500000 cpu1 plug 1: done in 1.40 s\n");
	free(out);
}

static void all_tells_the_steps_of_a_boot_too(void **state)
{
	char *out = lines_of(stuck, TEXT_ALL);

	(void)state;
	assert_says(out, "+0.000000 cpu0 boot 0: step d-entry (d)\n");
	free(out);
}

static void a_full_disk_ends_the_lines(void **state)
{
	FILE *full = fopen("/dev/full", "w");
	struct error err = { 0 };
	struct sink *sink = text_sink_open(full, 0, NULL, &err);
	struct event ev = event_new(EV_CPU_ADD, SRC_FIXTURE, 0, 1);
	struct sink_event se = { .id = 1, .ev = &ev };

	(void)state;
	assert_int_equal(sink->ops->event(sink, &se, &err), 0);
	assert_int_equal(sink->ops->flush(sink, &err), -ERR_OUTPUT);
	assert_non_null(strstr(err.text, "No space left"));
	text_sink_close(sink);
	fclose(full);
}

/* What is concluded is told all the same. */
static void a_filter_chooses_lines(void **state)
{
	struct filter f = FILTER_DEFAULT;
	char *out;

	(void)state;
	assert_int_equal(filter_parse(&f, "cpu=1 smi after=12ms before=13.3s", &FILTER_DEFAULT, NULL), 0);
	out = lines_through(scene, 0, &f);
	assert_string_equal(out, "+0.012345 cpu1 smi-enter smbase=0x30000 rip=0x1e0c9731 cause=apm cmd=0x04\n"
			    "+0.013345 cpu1 smi-leave smbase=0x30000 via=next-entry dur=0.001000 origin=inferred\n");
	free(out);
	assert_int_equal(filter_parse(&f, "pause", &FILTER_DEFAULT, NULL), 0);
	out = lines_through(scene, 0, &f);
	assert_string_equal(out, "+0.012400 cpu? pause until=5012500000 why=stop\n");
	free(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_report_of_a_stuck_plug),
		cmocka_unit_test(lines_fit_a_terminal),
		cmocka_unit_test(what_was_concluded_comes_first),
		cmocka_unit_test(episodes_rules_and_settings_are_told),
		cmocka_unit_test(nothing_recorded_is_said),
		cmocka_unit_test(an_unproved_and_a_contradicted_base_are_told),
		cmocka_unit_test(a_reset_makes_the_default_base_right_again),
		cmocka_unit_test(loss_is_told),
		cmocka_unit_test(events_are_lines),
		cmocka_unit_test(a_filter_chooses_lines),
		cmocka_unit_test(all_means_all),
		cmocka_unit_test(what_was_concluded_stands_between_the_events),
		cmocka_unit_test(all_tells_the_steps_of_a_boot_too),
		cmocka_unit_test(a_full_disk_ends_the_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
