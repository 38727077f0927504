/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A firmware of the 2019 design on QEMU's TCG: a NOP handler that changes places with the relocation
 * handler. What is healthy breaks no rule, and of each bug the first rule broken names it.
 */
#include "../lib/story.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../lib/played.h"

/* CPUs 0 and 1 are there from the start; 2 is plugged. */
#define BASE(N) "smbase=0x7f0" #N "0000 "
#define SLOT "cpu=2 smbase-write old=0x30000 new="

#define UP \
	"@0 session what=attach source=tracer\n" \
	"@1 cpu=0 cpu-add apic_id=0\n@1 cpu=1 cpu-add apic_id=1\n" \
	"@2 cpu=0 cpu-reset in_smm=0\n@2 cpu=1 cpu-reset in_smm=0\n" \
	"@30 cpu=0 ipi target=1 mode=init dest=one\n@30.1 cpu=1 cpu-reset in_smm=0\n" \
	"@40 cpu=0 ipi target=1 mode=sipi vector=8 dest=one\n@40.2 cpu=0 ipi target=1 mode=sipi vector=8 dest=one\n" \
	"@100 config reg=smi-negotiated value=7\n"
#define BOOT_HANDLER "@100.1 handler code=relocate size=24 new_smbase=0x30008 about=0x3000c origin=inferred\n"
#define RELOCATED \
	"@101 cpu=0 ipi target=1 mode=smi dest=one\n@101.1 cpu=1 smi-enter smbase=0x30000\n" \
	"@101.2 cpu=1 smbase-write old=0x30000 new=0x7f030000\n@101.3 cpu=1 smi-leave smbase=0x30000\n" \
	"@102 cpu=0 ipi target=0 mode=smi dest=one\n@102.1 cpu=0 smi-enter smbase=0x30000\n" \
	"@102.2 cpu=0 smbase-write old=0x30000 new=0x7f020000\n@102.3 cpu=0 smi-leave smbase=0x30000\n"
#define BOOT_NOP "@150 handler code=nop size=2 origin=inferred\n"
#define LOCK(D) \
	"@200 config reg=tseg-base value=0x7f000000\n@200 config reg=tseg-size value=0x1000000\n" \
	"@200 config reg=mch-9c value=2\n@200 config reg=mch-9d value=" D "\n@200 config reg=mch-9e value=3\n" \
	"@200 config reg=smi-en value=0x21\n@200 config reg=gen-pmcon value=0x10\n@600 advance\n"
#define BOOT UP BOOT_HANDLER RELOCATED BOOT_NOP LOCK("0x1a")

#define PLUGGED \
	"@1000 cpu=2 cpu-add apic_id=2\n@1000 cpu=2 cpu-reset in_smm=0\n" \
	"@1010 cpu=0 cpuhp reg=4 dir=read value=3 selector=2\n"
#define COMMAND(N) "@1020 cpu=0 port port=0xb3 dir=write value=0\n@1020 cpu=0 port port=0xb2 dir=write value=" N "\n"
#define ENTRY_0 "@1021 cpu=0 smi-enter " BASE(2) "\n"
#define ENTRY_1 "@1021.1 cpu=1 smi-enter " BASE(3) "\n"
/* The new CPU takes the broadcast before any SIPI. */
#define ENTRY_2 "@1021.2 cpu=2 smi-enter smbase=0x30000\n@1021.3 cpu=2 smi-leave smbase=0x30000\n"
#define ENTRIES ENTRY_0 ENTRY_1 ENTRY_2
#define READ(N) "@1022 cpu=0 port port=0xb2 dir=read value=" N "\n"
#define SCAN \
	"@1022.1 cpu=0 cpuhp reg=4 dir=read value=3 selector=2\n@1022.2 cpu=0 cpuhp reg=5 dir=write value=3 selector=2\n" \
	"@1022.3 cpu=0 cpuhp reg=8 dir=read value=2 selector=2\n"
#define BEGUN PLUGGED COMMAND("4") ENTRIES READ("4") SCAN
#define READY \
	"@1023 cpu=0 handoff word=about-to-leave addr=0x3000c value=0\n" \
	"@1023.1 cpu=0 handoff word=new-smbase addr=0x30008 value=0x7f040000\n" \
	"@1023.2 handler code=relocate size=24 new_smbase=0x30008 about=0x3000c since=1022000000 origin=inferred\n"
#define INIT_2 "@1030 cpu=0 ipi target=2 mode=init dest=one\n@1030.1 cpu=2 cpu-reset in_smm=0\n"
#define SIPI_2(V) "@1040 cpu=0 ipi target=2 mode=sipi dest=one vector=" V "\n@1040.2 cpu=0 ipi target=2 mode=sipi dest=one vector=" V "\n"
#define STARTED INIT_2 SIPI_2("0x9f") \
	"@1041 handoff word=pen-flag addr=0x9ffff value=1 since=1040000000 origin=inferred\n" \
	"@1041.5 handoff word=pen-flag addr=0x9ffff value=0 since=1041000000 origin=inferred\n"
#define SMI_2 "@1042 cpu=0 ipi target=2 mode=smi dest=one\n"
#define ENTERS "@1043 cpu=2 smi-enter smbase=0x30000\n"
#define WRITES(V) "@1043.1 " SLOT V "\n"
#define ABOUT "@1043.2 cpu=2 handoff word=about-to-leave addr=0x3000c value=1\n"
#define LEAVES "@1043.3 cpu=2 smi-leave smbase=0x30000\n"
#define PEN "@1044 handoff word=pen-flag addr=0x9ffff value=1 since=1043300000 origin=inferred\n"
#define NOP "@1045 handler code=nop size=2 since=1043300000 origin=inferred\n"
#define OUT "@1046 cpu=1 smi-leave " BASE(3) "\n@1046.1 cpu=0 smi-leave " BASE(2) "\n"
#define RELOCATION SMI_2 ENTERS WRITES("0x7f040000") ABOUT LEAVES
#define CLEAR "@1050 cpu=0 cpuhp reg=4 dir=write value=2 selector=2\n"
#define ONLINE \
	"@1060 cpu=0 ipi target=2 mode=init dest=one\n@1060.1 cpu=2 cpu-reset in_smm=0\n" \
	"@1070 cpu=0 ipi target=2 mode=sipi vector=8 dest=one\n@1070.2 cpu=0 ipi target=2 mode=sipi vector=8 dest=one\n"
#define OS CLEAR ONLINE
#define LATER "@9000 advance\n"
#define HEALTHY BOOT BEGUN READY STARTED RELOCATION PEN NOP OUT OS

static const struct violation *violation(int64_t id)
{
	return checker_violation(judge_checker(judge), id);
}

/* By time, as the verdict takes them. */
static const struct violation *first(void)
{
	const struct violation *first = violation(1), *v;

	for (int64_t id = 2; (v = violation(id)) != NULL; id++)
		if (v->ts < first->ts)
			first = v;
	return first;
}

static void tell(void)
{
	for (int64_t id = 1; violation(id); id++)
		print_error("    %s, CPU %d: %s\n", invariant_list[violation(id)->invariant]->name, violation(id)->cpu,
			    violation(id)->message);
}

struct bug {
	const char *name;
	unsigned invariant;
	int cpu;
	const char *message, *story;
};

static unsigned wrong;

static void expect_first(const struct bug *b)
{
	const struct violation *v;

	play(b->story);
	v = first();
	if (v && v->invariant == b->invariant && v->cpu == b->cpu && strstr(v->message, b->message))
		return;
	wrong++;
	print_error("%s: the first to be broken is not %s, CPU %d, \"%s\" but, of these:\n", b->name,
		    invariant_list[b->invariant]->name, b->cpu, b->message);
	tell();
}

static enum check_status status(unsigned invariant)
{
	return checker_result(judge_checker(judge), invariant).status;
}

static void expect_good(const char *text)
{
	play(text);
	for (unsigned i = 0; i < INVARIANT_COUNT; i++) {
		struct check_result r = checker_result(judge_checker(judge), i);

		if (r.status != CHECK_VIOLATED && r.status != CHECK_UNKNOWN)
			continue;
		tell();
		fail_msg("%s is %s: %s", invariant_list[i]->name, check_status_name[r.status], r.why);
	}
}

/* ---- health ---- */

static void a_healthy_plug_breaks_nothing(void **state)
{
	static const unsigned asked[] = {
		INV_handler_first, INV_handler_immutable, INV_cmd_4, INV_broadcast, INV_enumerate_first, INV_skip_known,
		INV_smi_before_init, INV_sipi_target, INV_no_sipi_to_running, INV_one_at_default, INV_smbase_value,
		INV_smbase_unique, INV_about_then_rsm, INV_reloc_deadline, INV_gate_closed, INV_rsm_balance,
		INV_clear_after_smi, INV_no_os_sipi_early, INV_smi_storm,
	};

	(void)state;
	expect_good(HEALTHY LATER);
	for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++)
		if (status(asked[i]) != CHECK_HOLDS)
			fail_msg("%s is not asked", invariant_list[asked[i]]->name);
}

/* Found by the scan, and no SMI was raised for it: the monarch's own, behind the SIPI, is its first. */
static void a_cpu_that_came_behind_the_broadcast_is_sent_an_smi(void **state)
{
	(void)state;
	expect_good(BOOT "@900 cpu=3 cpu-add apic_id=3\n@910 cpu=0 cpuhp reg=4 dir=read value=3 selector=3\n"
		    "@920 cpu=0 port port=0xb2 dir=write value=4\n@1000 cpu=2 cpu-add apic_id=2\n" ENTRY_0 ENTRY_1
		    READ("4") SCAN READY STARTED RELOCATION PEN NOP OUT OS LATER);
}

/* On a KVM the pending SMI is taken at the first SIPI, and the second one finds a CPU that is done. */
static void the_second_sipi_may_find_it_relocated(void **state)
{
	(void)state;
	expect_good(BOOT PLUGGED COMMAND("4") ENTRY_0 ENTRY_1 READ("4") SCAN READY
		    "@1030 cpu=0 ipi target=2 mode=init dest=one\n"
		    "@1040 cpu=0 ipi target=2 mode=sipi dest=one vector=0x9f\n@1040.05 cpu=2 smi-enter smbase=0x30000\n"
		    "@1040.06 " SLOT "0x7f040000\n@1040.08 cpu=2 smi-leave smbase=0x30000\n"
		    "@1040.2 cpu=0 ipi target=2 mode=sipi dest=one vector=0x9f\n" NOP OUT OS LATER);
}

/* ---- bugs ---- */

static const struct bug bugs[] = {
	{ "the design's own order, under TCG", INV_smi_before_init, 2,
	  "the SMI raised for CPU 2 was spent in the NOP handler before its INIT, and none was sent since",
	  BOOT BEGUN READY STARTED LATER },
	{ "no relocation handler", INV_handler_first, 2, "takes its SMI in the NOP handler: the relocation handler is not in place",
	  BOOT BEGUN STARTED SMI_2 ENTERS LEAVES LATER },
	{ "the handler was overwritten before the lock", INV_handler_first, 2, "has been overwritten",
	  UP BOOT_HANDLER RELOCATED BOOT_NOP "@190 handler code=unknown size=16 since=160000000 origin=inferred\n"
	  LOCK("0x1a") PLUGGED COMMAND("4") ENTRIES LATER },
	{ "the handler was wiped before the lock", INV_handler_first, 2, "has been overwritten (zero)",
	  UP BOOT_HANDLER RELOCATED BOOT_NOP "@190 handler code=zero size=16 since=160000000 origin=inferred\n"
	  LOCK("0x1a") PLUGGED COMMAND("4") ENTRIES LATER },
	{ "no NOP handler afterwards", INV_gate_closed, 0,
	  "the monarch, CPU 0, left SMM while the relocation handler was at the default SMBASE",
	  BOOT BEGUN READY STARTED RELOCATION PEN OUT OS LATER },
	{ "a monarch that does not wait", INV_broadcast, 1, "CPU 1 came into SMM when the monarch, CPU 0, was at work already",
	  BOOT PLUGGED COMMAND("4") ENTRY_0 ENTRY_2 READ("4") SCAN "@1022.9 cpu=1 smi-enter " BASE(3) "\n" READY STARTED
	  RELOCATION PEN NOP OUT OS LATER },
	{ "a CPU that has to be called", INV_rendezvous_no_kick, 1, "CPU 0 had to send CPU 1 an SMI",
	  BOOT PLUGGED COMMAND("4") ENTRY_0 ENTRY_2 "@2022 cpu=0 ipi target=1 mode=smi dest=one\n"
	  "@2022.1 cpu=1 smi-enter " BASE(3) "\n@2023 cpu=0 port port=0xb2 dir=read value=4\n" },
	{ "two monarchs", INV_monarch_unique, 1, "CPU 1 does the work of an SMI that CPU 0 is at work in already",
	  BOOT BEGUN "@1022.5 cpu=1 cpuhp reg=4 dir=read value=3 selector=2\n" },
	{ "another command", INV_cmd_4, 2, "the OS asked for the relocation of CPU 2 with command 5 in port 0xb2, not 4",
	  BOOT PLUGGED COMMAND("5") ENTRIES READ("5") OUT OS LATER },
	{ "a command that QEMU takes for itself", INV_cmd_4, 2, "with command 2 in port 0xb2, not 4",
	  BOOT PLUGGED COMMAND("2") OS LATER },
	{ "another command, and nothing else", INV_plug_smi_deadline, 2, "has not written 4 to port 0xb2 since (it wrote 5)",
	  BOOT PLUGGED COMMAND("5") ENTRIES READ("5") OUT "@15000 advance\n" },
	{ "a command overwritten", INV_cmd_4, 0, "the OS wrote 4 to port 0xb2, but CPU 0 read 0x0",
	  BOOT PLUGGED COMMAND("4") "@1020.5 cpu=1 port port=0xb2 dir=write value=0\n" ENTRIES READ("0") OUT LATER },
	{ "an INIT to a CPU that is known", INV_skip_known, 1, "init from SMM to CPU 1, which has its own SMBASE",
	  BOOT BEGUN "@1030 cpu=0 ipi target=1 mode=init dest=one\n" },
	{ "a SIPI to a CPU that runs", INV_no_sipi_to_running, 1,
	  "CPU 0 in SMM sends a SIPI (vector 0x9f) to CPU 1, which is relocated and runs at its own SMBASE 0x7f030000",
	  BOOT PLUGGED COMMAND("4") ENTRY_0 ENTRY_2 READ("4") SCAN "@1030 cpu=0 ipi target=1 mode=sipi dest=one vector=0x9f\n" },
	{ "a SIPI to a CPU in the rendezvous", INV_no_sipi_to_running, 1, "CPU 1 gets a SIPI (vector 0x9f) while it is in SMM",
	  BOOT BEGUN "@1030 cpu=0 ipi target=1 mode=sipi dest=one vector=0x9f\n" },
	{ "no INIT before the SIPI", INV_no_sipi_to_running, 2, "to CPU 2, which runs, and got no INIT before",
	  BOOT BEGUN READY SIPI_2("0x9f") },
	{ "a third SIPI when it has come", INV_no_sipi_to_running, 2, "to CPU 2, which is relocated and runs at its own",
	  BOOT BEGUN READY STARTED RELOCATION PEN "@1044.5 cpu=0 ipi target=2 mode=sipi dest=one vector=0x9f\n" NOP OUT },
	{ "a third SIPI while it is in SMM", INV_no_sipi_to_running, 2, "CPU 2 gets a SIPI (vector 0x9f) while it is in SMM",
	  BOOT BEGUN READY STARTED SMI_2 ENTERS "@1043.05 cpu=0 ipi target=2 mode=sipi dest=one vector=0x9f\n" },
	{ "an APIC ID that nobody found", INV_enumerate_first, CPU_UNKNOWN, "init to APIC ID 7",
	  BOOT BEGUN READY "@1030 cpu=0 ipi target=7 mode=init dest=one\n" },
	{ "an INIT while it is in SMM", INV_no_init_in_smm, 2, "the INIT from CPU 0 reset CPU 2 inside SMM",
	  BOOT BEGUN READY STARTED SMI_2 ENTERS "@1043.05 cpu=0 ipi target=2 mode=init dest=one\n"
	  "@1043.06 cpu=2 cpu-reset in_smm=1 cs=0x3000 rip=0x8010\n" },
	{ "a vector in the ROM", INV_sipi_target, 2, "the SIPI sends CPU 2 to 0xf0000, which is not memory",
	  BOOT BEGUN READY INIT_2 SIPI_2("0xf0") LATER },
	{ "another CPU's SMBASE", INV_smbase_unique, 2, "shares handler or save state with CPU 1",
	  BOOT BEGUN READY STARTED SMI_2 ENTERS WRITES("0x7f030000") ABOUT LEAVES },
	{ "overlapping save states", INV_smbase_unique, 2, "shares handler or save state with CPU 1",
	  BOOT BEGUN READY STARTED SMI_2 ENTERS WRITES("0x7f030100") ABOUT LEAVES },
	{ "an unaligned SMBASE", INV_smbase_value, 2, "is not aligned to 4 KiB",
	  BOOT BEGUN READY STARTED SMI_2 ENTERS WRITES("0x7f042300") ABOUT LEAVES },
	{ "an SMBASE outside TSEG", INV_smbase_value, 2, "are not inside TSEG",
	  BOOT BEGUN READY STARTED SMI_2 ENTERS WRITES("0x50000") ABOUT LEAVES },
	{ "the default SMBASE again", INV_smbase_value, 2, "is the default one",
	  BOOT BEGUN READY STARTED SMI_2 ENTERS WRITES("0x30000") ABOUT LEAVES },
	{ "no write at all", INV_about_then_rsm, 2, "before it has written its SMBASE",
	  BOOT BEGUN READY STARTED SMI_2 ENTERS ABOUT LEAVES },
	{ "no write, and it says nothing", INV_reloc_deadline, 2, "has been in SMM and has no SMBASE of its own 1.0 s after the SIPI",
	  BOOT BEGUN READY STARTED SMI_2 ENTERS LEAVES LATER },
	{ "no write, by a handler that is not understood", INV_reloc_deadline, 2,
	  "the monarch, CPU 0, left SMM, and CPU 2, which it has started, has no SMBASE of its own",
	  BOOT BEGUN "@1023.2 handler code=unknown size=24 since=1022000000 origin=inferred\n" STARTED SMI_2 ENTERS LEAVES
	  NOP OUT OS LATER },
	{ "a handler corrupted in another SMI", INV_handler_immutable, CPU_UNKNOWN, "from nop to unknown",
	  BOOT COMMAND("0") ENTRY_0 ENTRY_1 "@1023.2 handler code=unknown size=24 since=1022000000 origin=inferred\n" OUT },
	{ "the monarch writes the slot", INV_smbase_write_in_window, 0, "CPU 0, in SMM at its own SMBASE",
	  BOOT BEGUN READY STARTED SMI_2 ENTERS "@1043.1 cpu=0 smbase-write old=0x30000 new=0x7f040000\n" },
	{ "no RSM", INV_about_then_rsm, 2, "has not left SMM",
	  BOOT BEGUN READY STARTED SMI_2 ENTERS WRITES("0x7f040000") ABOUT LATER },
	{ "no RSM, and it says nothing", INV_reloc_deadline, 2, "CPU 2 has not left SMM 1.0 s after it entered it at the default",
	  BOOT BEGUN READY STARTED SMI_2 ENTERS WRITES("0x7f040000") LATER },
	{ "it does not come back to the pen", INV_reloc_deadline, 2, "has not arrived in the pen",
	  BOOT BEGUN READY STARTED RELOCATION LATER },
	{ "two at once", INV_one_at_default, 3, "CPU 3 relocates itself at the default SMBASE while CPU 2 has not left it",
	  BOOT PLUGGED "@1000 cpu=3 cpu-add apic_id=3\n" COMMAND("4") ENTRIES READ("4") SCAN READY STARTED SMI_2 ENTERS
	  "@1043.05 cpu=3 smi-enter smbase=0x30000\n" },
	{ "two at once, at boot", INV_one_at_default, 0, "CPU 0 relocates itself at the default SMBASE while CPU 1 has not left it",
	  UP BOOT_HANDLER "@101 cpu=1 smi-enter smbase=0x30000\n@101.1 cpu=0 smi-enter smbase=0x30000\n" },
	{ "SMRAM left open", INV_smram_locked, 0, "SMRAM is not locked (MCH 0x9d is 0xa)",
	  UP BOOT_HANDLER RELOCATED BOOT_NOP LOCK("0xa") BEGUN READY STARTED RELOCATION PEN NOP OUT OS LATER },
	{ "an event that is not cleared", INV_clear_after_smi, 2, "the OS starts CPU 2 before it has cleared its insert event",
	  BOOT BEGUN READY STARTED RELOCATION PEN NOP OUT ONLINE LATER },
	{ "a spurious hot-plug SMI", INV_no_spurious_4, 0, "while no CPU was waiting to be plugged or ejected",
	  BOOT COMMAND("4") ENTRY_0 ENTRY_1 READ("4") OUT LATER },
	{ "an AP that is not released", INV_rsm_balance, 1, "CPU 1 has not left SMM 1.0 s after the monarch, CPU 0",
	  BOOT BEGUN READY STARTED RELOCATION PEN NOP "@1046.1 cpu=0 smi-leave " BASE(2) "\n" OS
	  "@1100 cpu=0 port port=0xb2 dir=write value=0\n@1101 cpu=0 smi-enter " BASE(2) "\n@1102 cpu=2 smi-enter " BASE(4) "\n"
	  "@2102 cpu=0 ipi target=1 mode=smi dest=one\n" LATER },
	{ "a slow handler", INV_rsm_balance, 0, "CPU 0, the monarch, entered SMM at SMBASE 0x7f020000 and has not left 2.0 s later",
	  BOOT PLUGGED COMMAND("4") "@1020.9 cpu=1 smi-enter " BASE(3) "\n" ENTRY_0 ENTRY_2 READ("4")
	  "@3020.95 advance\n@3600 cpu=0 cpuhp reg=4 dir=read value=3 selector=2\n" },
};

static void of_each_bug_the_first_rule_broken_names_it(void **state)
{
	(void)state;
	wrong = 0;
	for (size_t i = 0; i < sizeof(bugs) / sizeof(*bugs); i++)
		expect_first(&bugs[i]);
	assert_int_equal(wrong, 0);
}

/* ---- storms ---- */

static void writes(unsigned n, int64_t from_ns, int64_t apart)
{
	struct event ev = event_new(EV_PORT, SRC_QEMULOG, 0, from_ns);

	event_set(&ev, PORT_PORT, APM_CNT);
	event_set(&ev, PORT_DIR, DIR_WRITE);
	event_set(&ev, PORT_VALUE, 0);
	for (; n; n--, ev.ts += apart)
		assert_int_equal(judge_event(judge, &ev, NULL), 0);
}

static uint64_t storms(void)
{
	return checker_result(judge_checker(judge), INV_smi_storm).violations;
}

static void a_storm_is_told_once(void **state)
{
	(void)state;
	play(BOOT);
	writes(2000, STORY_MS(2000), 300000);
	assert_int_equal(storms(), 0);
	writes(4000, STORY_MS(2600), 300000);
	assert_int_equal(storms(), 1);
	writes(3000, STORY_MS(20000), 300000);
	assert_int_equal(storms(), 2);
	assert_string_equal(first()->message, "2001 SMIs were raised by port 0xb2 within 0.60 s, the last one with command "
			    "0: the machine does little else");
}

/* While smmtrace holds the guest, no time passes for it. */
static void the_time_a_tracer_takes_does_not_hide_a_storm(void **state)
{
	struct event pause = event_new(EV_PAUSE, SRC_GDB, CPU_UNKNOWN, 0);

	(void)state;
	play(BOOT);
	for (int i = 0; i < 2100; i++) {
		int64_t at = STORY_MS(2000.0 + 4 * i);

		writes(1, at, 0);
		pause.ts = at + 300000;
		event_set(&pause, PAUSE_UNTIL, (uint64_t)at + 3900000);
		event_set(&pause, PAUSE_WHY, WHY_STOP);
		assert_int_equal(judge_event(judge, &pause, NULL), 0);
	}
	assert_int_equal(storms(), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_healthy_plug_breaks_nothing),
		cmocka_unit_test(a_cpu_that_came_behind_the_broadcast_is_sent_an_smi),
		cmocka_unit_test(the_second_sipi_may_find_it_relocated),
		cmocka_unit_test(of_each_bug_the_first_rule_broken_names_it),
		cmocka_unit_test(a_storm_is_told_once),
		cmocka_unit_test(the_time_a_tracer_takes_does_not_hide_a_storm),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
