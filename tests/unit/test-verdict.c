/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stories (tests/fixtures), and what the verdict tells a person. */
#include "../lib/story.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define DESIGN_HANG "flow/design-os.story", "flow/design-found.story"
#define PLUG_HANG "flow/os.story", "flow/plug-found.story", "flow/plug-hang.story"

static struct judge *j;
static struct verdict last;

static int keep(struct sink *s, const struct verdict *v, struct error *err)
{
	(void)s;
	(void)err;
	last = *v;
	return 0;
}

static int begin(void **state)
{
	static const struct sink_ops ops = { .name = "test", .verdict = keep };
	static struct sink sink = { .ops = &ops };
	struct sink *sinks[] = { &sink };

	(void)state;
	j = judge_new(NULL);
	if (!j)
		return -1;
	judge_sinks(j, sinks, 1);
	memset(&last, 0, sizeof(last));
	return 0;
}

static int end(void **state)
{
	(void)state;
	judge_free(j);
	return 0;
}

/* Files below tests/fixtures, up to a NULL; then the end of the recording. */
static void tell_stories(const char *const *names)
{
	struct error err = { 0 };

	for (; *names; names++)
		if (story_file(j, *names, &err) < 0)
			fail_msg("%s: %s", *names, err.text);
	if (judge_finish(j, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(last.lines >= 1);
	assert_string_equal(last.line[0].subject, "verdict");
}

#define tell(...) tell_stories((const char *const[]){ __VA_ARGS__, NULL })

static void play(const char *text)
{
	struct error err = { 0 };

	if (story_play(j, text, &err) < 0 || judge_finish(j, &err) < 0)
		fail_msg("%s", err.text);
}

static const char *line(const char *subject)
{
	for (unsigned i = 0; i < last.lines; i++)
		if (!strcmp(last.line[i].subject, subject))
			return last.line[i].text;
	return "";
}

static void assert_says(const char *subject, const char *part)
{
	if (!strstr(line(subject), part))
		fail_msg("'%s' is not in %s: %s", part, subject, line(subject));
}

static void assert_silent(const char *subject, const char *part)
{
	if (strstr(line(subject), part))
		fail_msg("'%s' is in %s: %s", part, subject, line(subject));
}

static enum verdict_place place(int cpu)
{
	return verdict_place(judge_model(j), judge_scene(j), cpu);
}

static struct verdict_input input(void)
{
	return (struct verdict_input){ .model = judge_model(j), .scene = judge_scene(j), .flow = judge_flow(j),
				       .checker = judge_checker(j), .now = judge_scene(j)->now };
}

/* ---- the stock hang ---- */

static void assert_told(void)
{
	assert_says("verdict", "STUCK: plug of CPU 1 (APIC ID 1), in step (d) for 1.");
	assert_says("verdict", "(deadline 1.000 s): it waits for CPU 1 to enter SMM at the default SMBASE");
	assert_says("verdict", "CPU 0's INIT reset CPU 1 inside SMM");
	assert_says("verdict", "the SMI that was pending for it was dropped");
	assert_says("verdict", "First broken rule: no-init-in-smm");
	assert_says("verdict", "`smmtrace kick TARGET --cpu 1`");
}

static void the_stock_hang_is_told_whole(void **state)
{
	(void)state;
	tell(PLUG_HANG, "flow/plug-look.story");
	assert_true(last.stuck);
	assert_told();
	assert_says("verdict", "CPU 0, the monarch, is in SMM, polling AboutToLeaveSmm (0x3000c = 0x0) at 0xf9dfd42, "
		    "since 1.029 s: it waits for CPU 1 to write there");
	assert_says("verdict", "CPU 1 is halted in the pen at 9f00:000c, since 1.057 s, with no SMI pending");
	assert_says("CPU 0", "it is the monarch");
	assert_says("CPU 1", "waits for an SMI, or the OS's SIPI; no SMI is pending for it");
	assert_says("first broken rule", "no-init-in-smm (1.046 s)");
	assert_says("what it means", "TCG");
	assert_says("what to do", "--cpu 1");
	assert_true(strlen(line("verdict")) < sizeof(last.line[0].text) - 1);
	assert_non_null(strstr(flow_episode(judge_flow(j), 1)->verdict, "polling AboutToLeaveSmm"));
}

static void without_a_look_it_says_so(void **state)
{
	(void)state;
	tell(PLUG_HANG);
	play("@3100 advance");
	assert_told();
	assert_says("CPU 0", "in SMM, since 1.029 s (by its events; not looked at since)");
	assert_silent("verdict", "AboutToLeaveSmm");
}

static void a_recording_of_the_hang_is_told_the_same(void **state)
{
	(void)state;
	tell("stock-hang.story");
	assert_says("verdict", "STUCK: plug of CPU 1 (APIC ID 1), in step (d)");
	assert_says("verdict", "polling AboutToLeaveSmm (0x3000c");
	assert_says("verdict", "First broken rule: no-init-in-smm");
}

static void once_kicked_it_is_done(void **state)
{
	(void)state;
	tell(PLUG_HANG, "flow/plug-look.story", "flow/plug-kick.story");
	assert_false(last.stuck);
	assert_says("verdict", "Nothing is stuck: 1 plug done; ");
	assert_says("verdict", "First broken rule: no-init-in-smm");
	assert_string_equal(line("what to do"), "");
	assert_string_equal(flow_episode(judge_flow(j), 1)->verdict, "plug of CPU 1 (APIC ID 1): done in 3.029 s, "
			    "SMBASE 0xffc1000, not yet proved by an SMI there.");
	tell("flow/next-smi.story");
	assert_non_null(strstr(flow_episode(judge_flow(j), 1)->verdict, "where its first SMI arrived at 6.000 s"));
}

/* ---- the 2019 design ---- */

static void the_designs_hang_is_told_whole(void **state)
{
	(void)state;
	tell(DESIGN_HANG, "flow/design-look.story");
	assert_true(last.stuck);
	assert_says("verdict", "STUCK: plug of CPU 1 (APIC ID 1), in step (d) for 1.977 s (deadline 1.000 s): it waits for "
		    "CPU 1 to enter SMM at the default SMBASE, with the relocation handler there.");
	assert_says("verdict", "CPU 0, the monarch, is in SMM, polling AboutToLeaveSmm (0x3000c = 0x0) at 0x7028100, "
		    "since 1.011 s: it waits for CPU 1 to write there that it is about to leave SMM");
	assert_says("verdict", "CPU 1 is halted in the pen at 9f00:000c, since 1.023 s, with no SMI pending: it will not "
		    "do so.");
	assert_says("verdict", "CPU 1 took the SMI before its SIPI at 1.011 s (a CPU that waits for a SIPI holds an SMI "
		    "back; QEMU's TCG takes it) and spent it in the NOP handler. None is pending for it since.");
	assert_says("verdict", "`smmtrace kick TARGET --cpu 1`");
	assert_silent("CPU 1", "gate");
	assert_silent("verdict", "OVMF");
	assert_says("what to do", "--cpu 1");
	assert_int_equal(place(0), PLACE_ABOUT_POLL);
	assert_int_equal(place(1), PLACE_PEN);
	assert_true(strlen(line("verdict")) < sizeof(last.line[0].text) - 1);
}

static void the_design_without_a_look(void **state)
{
	(void)state;
	tell(DESIGN_HANG);
	play("@4000 advance");
	assert_says("verdict", "spent it in the NOP handler");
	assert_says("CPU 1", "halted in the pen, since 1.023 s (by its events; not looked at since)");
	assert_silent("verdict", "AboutToLeaveSmm");
}

/* A handler's word is known from its code alone: nobody has seen it written. */
static void the_handler_names_the_word_that_is_polled(void **state)
{
	(void)state;
	tell("flow/design-os.story");
	play("@2000 handler code=relocate size=24 new_smbase=0x30008 about=0x3000c\n@2001 handler code=nop size=2\n"
	     "@2002 cpu=0 smi-enter smbase=0x7020000\n"
	     "@2003 cpu=0 cpu-seen rip=0x7028100 cs=0x8 in_smm=1 halted=0 cr0=0x11 polls=0x3000c polled=0");
	assert_int_equal(place(0), PLACE_ABOUT_POLL);
}

static void in_the_designs_handler_no_gate_is_named(void **state)
{
	(void)state;
	tell(DESIGN_HANG);
	play("@2024 cpu=0 ipi target=1 mode=smi dest=one\n@2024.1 cpu=1 smi-enter smbase=0x30000");
	assert_int_equal(place(1), PLACE_DEFAULT_SMM);
	play("@2025 cpu=1 cpu-seen rip=0x8000 cs=0x3000 in_smm=1 halted=0 cr0=0x10\n@4000 advance");
	assert_int_equal(place(1), PLACE_DEFAULT_SMM);
	assert_says("verdict", "CPU 1 is in SMM at the default SMBASE at 3000:8000");
	assert_silent("verdict", "NOP handler");
	assert_silent("verdict", "kick TARGET");
}

static void an_smi_that_found_no_relocation_handler(void **state)
{
	(void)state;
	tell(DESIGN_HANG);
	play("@2023.3 cpu=0 handler code=nop size=2\n@2024 cpu=0 ipi target=1 mode=smi dest=one\n"
	     "@2024.1 cpu=1 smi-enter smbase=0x30000\n@2024.1 cpu=1 smi-leave smbase=0x30000\n@4000 advance");
	assert_says("verdict", "CPU 1 took the SMI at 1.024 s and spent it in the NOP handler.");
	assert_silent("verdict", "kick TARGET"); /* it would spend that one, too */
	assert_silent("verdict", "before its SIPI");
}

static void the_designs_settings_do_not_speak_of_ovmf(void **state)
{
	(void)state;
	tell("flow/design-os.story");
	play("@1001 config reg=smi-negotiated value=7\n@1001 config reg=smbase-smram value=0");
	assert_says("verdict", "yet CPU hot-plug was negotiated: a new CPU runs in SMM what the OS put at 0x38000.");
	assert_silent("verdict", "OVMF");
}

static void the_design_done_is_told(void **state)
{
	(void)state;
	tell(DESIGN_HANG, "flow/design-done.story", "flow/design-unplug.story");
	assert_false(last.stuck);
	assert_string_equal(flow_episode(judge_flow(j), 1)->verdict, "plug of CPU 1 (APIC ID 1): done in 0.035 s, SMBASE "
			    "0x7030000, where its first SMI arrived at 8.002 s.");
	assert_says("verdict", ": 1 plug, 1 unplug done; ");
}

/* ---- the rule that was broken ---- */

static void a_plug_that_runs_names_the_broken_rule(void **state)
{
	(void)state;
	tell(PLUG_HANG);
	assert_false(last.stuck);
	assert_says("verdict", "plug of CPU 1 (APIC ID 1) is in step (d)");
	assert_says("verdict", "First broken rule: no-init-in-smm");
	assert_says("first broken rule", "no-init-in-smm");
	play("@2500 session what=target-exit");
	assert_says("verdict", "was cut short by the end of QEMU");
	assert_says("verdict", "First broken rule: no-init-in-smm");
}

/* ---- healthy ---- */

static void health_is_one_line(void **state)
{
	(void)state;
	tell("boot-4-cpus.story");
	assert_false(last.stuck);
	assert_says("verdict", "Healthy: 4 boot relocations done; no invariant is violated (");
	assert_string_equal(line("first broken rule"), "");
	assert_string_equal(line("not seen"), "");
	assert_string_equal(line("settings"), "");
}

static void what_was_not_seen_is_named(void **state)
{
	(void)state;
	tell("flow/os.story");
	play("@2000 source=qemulog lost until=3000000000 count=7\n@2000 source=gdb blind until=2500000000 why=suspend");
	assert_says("not seen", "gdb: blind for 0.500 s");
	assert_says("not seen", "qemulog: 7 events lost");
}

/* ---- other ends ---- */

static void a_window_that_cannot_be_hidden(void **state)
{
	(void)state;
	tell("flow/no-window.story");
	assert_says("verdict", "STUCK: plug of CPU 1");
	assert_says("verdict", "cannot hide the memory at the default SMBASE (smbase-smram is off)");
	assert_says("verdict", "none looked at the hot-plug registers");
	assert_says("verdict", "The OS started CPU 1 at 1.060 s although it has no SMBASE of its own");
	assert_silent("verdict", "smmtrace kick");
	assert_true(strlen(line("verdict")) < sizeof(last.line[0].text) - 1);
}

static void features_that_were_not_accepted(void **state)
{
	(void)state;
	tell("flow/no-broadcast.story");
	assert_true(last.stuck);
	assert_says("verdict", "STUCK at boot, without a single SMI");
	assert_says("verdict", "asked for the SMI features 0x6, which QEMU did not accept");
	assert_says("verdict", "need broadcast (0x1)");
	assert_says("CPU 0", "outside SMM at 0xe6d90cb");
}

static void features_that_were_not_offered(void **state)
{
	(void)state;
	tell("flow/no-hotplug.story");
	assert_false(last.stuck);
	assert_silent("verdict", "Healthy");
	assert_says("verdict", "refuse device_add");
	assert_says("verdict", "refuse device_del");
}

static void unplug_alone_that_was_not_offered(void **state)
{
	(void)state;
	play("@0 session what=attach\n@0 cpu=0 cpu-add apic_id=0\n@0 config reg=smi-negotiated value=0x3");
	assert_silent("verdict", "refuse device_add");
	assert_says("verdict", "refuse device_del");
}

static void a_cpu_that_came_after_the_broadcast(void **state)
{
	(void)state;
	tell("flow/os.story", "flow/late-cpu.story");
	assert_says("verdict", "STUCK: plug of CPU 2 (APIC ID 2), in step (d)");
	assert_says("verdict", "No SMI was raised for it before the INIT: it came after the broadcast");
	assert_says("verdict", "kick TARGET --cpu 2");
	assert_says("plug CPU 1", "STUCK: plug of CPU 1");
}

static void an_ap_that_was_late(void **state)
{
	struct episode *ep;

	(void)state;
	tell(PLUG_HANG, "flow/plug-kick.story", "flow/late-ap.story");
	assert_says("verdict", "The monarch had to send an SMI of its own to CPU 1, late for the rendezvous. "
		    "The rendezvous took 1.001 s.");
	ep = flow_episode(judge_flow(j), 2);
	assert_true(cpuset_has(&ep->late, 1) && cpuset_count(&ep->late) == 1);
	assert_int_equal(ep->at[STEP_RENDEZVOUS].ns, STORY_MS(10029.2));
}

static void an_ap_that_never_came(void **state)
{
	(void)state;
	tell(PLUG_HANG, "flow/plug-kick.story");
	play("@9000 cpu=2 cpu-add apic_id=2\n@9014 cpu=0 cpuhp reg=4 dir=read value=3 selector=2\n"
	     "@9028 cpu=0 port port=0xb2 dir=write value=4\n@9028.1 cpu=0 smi-enter smbase=0xffbf000\n"
	     "@12000 advance");
	assert_says("verdict", "STUCK: plug of CPU 2 (APIC ID 2), in step rendezvous");
	assert_says("verdict", "Not in the rendezvous: CPU 1.");
}

static void qemu_died_in_an_unplug(void **state)
{
	(void)state;
	tell(PLUG_HANG, "flow/plug-kick.story", "flow/unplug-crash.story");
	assert_false(last.stuck);
	assert_says("verdict", "unplug of CPU 1 (APIC ID 1) was cut short by the end of QEMU at 8.100 s, in step "
		    "rendezvous");
}

static void qemu_died_when_nothing_went_on(void **state)
{
	(void)state;
	tell(PLUG_HANG, "flow/plug-kick.story", "flow/unplug.story");
	play("@9500 session what=target-exit");
	assert_says("verdict", "QEMU ended at 8.500 s, while no CPU was being relocated, plugged or unplugged "
		    "(the last was unplug of CPU 1, done at 8.020 s)");
}

static void an_os_that_does_not_look(void **state)
{
	(void)state;
	tell("flow/os.story");
	play("@2000 cpu=1 cpu-add apic_id=1\n@13000 advance");
	assert_says("verdict", "in step gpe for 11.000 s (deadline 10.000 s): it waits for the GPE handler to find CPU 1 "
		    "in the hot-plug registers, which the OS owes");
}

/* ---- places ---- */

static void places_by_a_look(void **state)
{
	(void)state;
	tell("flow/os.story", "flow/plug-found.story");
	play("@2029 cpu=1 smi-enter smbase=0x30000\n@2029.1 cpu=0 smi-enter smbase=0xffbf000\n"
	     "@2030 cpu=1 cpu-seen rip=0x8039 cs=0x3000 in_smm=1 halted=0");
	assert_int_equal(place(1), PLACE_GATE_LOOP);
	play("@2031 cpu=1 cpu-seen rip=0x8060 cs=0x3000 in_smm=1 halted=0");
	assert_int_equal(place(1), PLACE_DEFAULT_SMM);
	play("@2032 cpu=1 cpu-seen rip=0x9000 in_smm=1 halted=0 polls=0x30000");
	assert_int_equal(place(1), PLACE_GATE_LOOP);
	play("@2033 cpu=1 cpu-seen rip=0x1 cs=0x38 in_smm=1 halted=1");
	assert_int_equal(place(1), PLACE_SMM_HALTED);
	play("@2034 cpu=0 handoff word=pen-flag addr=0x9ffff value=0\n"
	     "@2034 cpu=0 cpu-seen rip=0xf9dfd42 cs=0x38 in_smm=1 halted=0 polls=0x9ffff");
	assert_int_equal(place(0), PLACE_PEN_POLL);
	play("@2035 cpu=0 cpu-seen rip=0xf9dfd42 cs=0x38 in_smm=1 halted=0 polls=0xf000000");
	assert_int_equal(place(0), PLACE_SMM_SPIN);
	play("@2036 cpu=1 cpu-seen rip=0xfff0 cs=0xf000 in_smm=0 halted=1");
	assert_int_equal(place(1), PLACE_WAIT_SIPI);
	play("@2037 cpu=1 cpu-seen rip=0x1234567 cs=0x10 in_smm=0 halted=1");
	assert_int_equal(place(1), PLACE_HALTED);
}

static void an_old_look_does_not_count(void **state)
{
	(void)state;
	tell("flow/os.story", "flow/plug-found.story");
	play("@2029 cpu=1 cpu-seen rip=0x1234567 cs=0x10 in_smm=0 halted=1\n@2030 cpu=1 smi-enter smbase=0x30000");
	assert_int_equal(place(1), PLACE_GATE_LOOP);
	play("@2031 cpu=1 handoff word=gate addr=0x30000 value=0xffffffffffffffff");
	assert_int_equal(place(1), PLACE_DEFAULT_SMM);
	play("@2032 cpu=1 cpu-remove apic_id=1");
	assert_int_equal(place(1), PLACE_GONE);
	assert_int_equal(place(7), PLACE_UNKNOWN);
}

static void an_ap_waits_for_its_monarch(void **state)
{
	(void)state;
	tell(PLUG_HANG, "flow/plug-kick.story");
	play("@7000 cpu=0 port port=0xb2 dir=write value=0\n@7000.1 cpu=1 smi-enter smbase=0xffc1000\n"
	     "@7000.2 cpu=0 smi-enter smbase=0xffbf000\n@7000.3 cpu=0 port port=0xb2 dir=read value=0");
	assert_int_equal(place(1), PLACE_AP_WAIT);
	assert_int_equal(place(0), PLACE_SMM);
	assert_says("CPU 1", "waits for the monarch to release it, which CPU 0, the monarch, should do");
}

static void a_kick_applies_to_a_lost_smi_only(void **state)
{
	struct verdict_input in;

	(void)state;
	tell(PLUG_HANG);
	in = input();
	assert_int_equal(verdict_kick_cpu(&in), CPU_UNKNOWN); /* not stuck yet */
	play("@3100 advance");
	in = input();
	assert_int_equal(verdict_kick_cpu(&in), 1);
	play("@3200 cpu=0 ipi target=1 mode=smi dest=one"); /* somebody sent it one */
	in = input();
	assert_int_equal(verdict_kick_cpu(&in), CPU_UNKNOWN);
	play("@3300 cpu=1 smi-enter smbase=0x30000");
	in = input();
	assert_int_equal(verdict_kick_cpu(&in), CPU_UNKNOWN);
}

static void more_cpus_than_lines(void **state)
{
	char text[64];

	(void)state;
	play("@0 session what=attach");
	for (int i = 0; i < EVENT_MAX_CPUS; i++) {
		snprintf(text, sizeof(text), "@%d cpu=%d cpu-add apic_id=%d", i + 1, i, i);
		play(text);
	}
	assert_true(last.lines <= VERDICT_LINES);
	assert_says("more CPUs", "which are not told here");
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, begin, end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(the_stock_hang_is_told_whole), T(without_a_look_it_says_so),
		T(a_recording_of_the_hang_is_told_the_same), T(once_kicked_it_is_done), T(health_is_one_line),
		T(what_was_not_seen_is_named), T(a_window_that_cannot_be_hidden),
		T(features_that_were_not_accepted), T(features_that_were_not_offered),
		T(unplug_alone_that_was_not_offered), T(a_cpu_that_came_after_the_broadcast),
		T(an_ap_that_was_late), T(an_ap_that_never_came), T(qemu_died_in_an_unplug),
		T(qemu_died_when_nothing_went_on), T(an_os_that_does_not_look), T(places_by_a_look),
		T(the_designs_hang_is_told_whole), T(the_design_without_a_look),
		T(the_handler_names_the_word_that_is_polled), T(in_the_designs_handler_no_gate_is_named),
		T(an_smi_that_found_no_relocation_handler), T(the_designs_settings_do_not_speak_of_ovmf),
		T(the_design_done_is_told), T(a_plug_that_runs_names_the_broken_rule),
		T(an_old_look_does_not_count), T(an_ap_waits_for_its_monarch),
		T(a_kick_applies_to_a_lost_smi_only), T(more_cpus_than_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
