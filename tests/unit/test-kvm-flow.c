/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What KVM's tracepoints show of a guest, and what guest RAM read beside them adds: a firmware of the 2019 design
 * boots, a CPU is plugged. No stops, no resets, no configuration. What is healthy breaks no rule, and what nobody can
 * tell is unknown until it can.
 */
#include "../lib/story.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../lib/played.h"

#define K " source=kvm\n"
#define R " origin=inferred source=guestram\n"
#define BASE(N) "smbase=0x7f0" #N "0000"
#define ENTERS(AT, CPU, BASE_) "@" AT " cpu=" CPU " smi-enter " BASE_ K
#define LEAVES(AT, CPU, BASE_) "@" AT " cpu=" CPU " smi-leave " BASE_ " via=tracepoint" K
#define IPI(AT, TO, MODE) \
	"@" AT " cpu=0 ipi target=" TO " mode=" MODE " dest=one" K "@" AT " cpu=" TO " apic-accept mode=" MODE K
#define SIPI(AT, TO, V) \
	"@" AT " cpu=0 ipi target=" TO " mode=sipi vector=" V " dest=one" K \
	"@" AT " cpu=" TO " apic-accept mode=sipi vector=" V K
#define WRITTEN(AT, CPU, TO) "@" AT " cpu=" CPU " smbase-write old=0x30000 new=" TO
#define DEFAULT "smbase=0x30000"

#define UP \
	"@0 session what=attach source=tracer\n@1 cpu=0 cpu-add apic_id=0 source=tracer\n" \
	"@1 cpu=1 cpu-add apic_id=1 source=tracer\n" \
	"@30 cpu=0 ipi mode=init dest=others" K "@30 cpu=1 apic-accept mode=init" K \
	"@40 cpu=0 ipi mode=sipi vector=8 dest=others" K "@40 cpu=1 apic-accept mode=sipi vector=8" K
#define GOES_1 IPI("101", "1", "smi") ENTERS("101.1", "1", DEFAULT)
#define GOES_0 IPI("102", "0", "smi") ENTERS("102.1", "0", DEFAULT)
#define BOOT_RAM \
	UP GOES_1 WRITTEN("101.3", "1", "0x7f030000") R LEAVES("101.3", "1", DEFAULT) \
	GOES_0 WRITTEN("102.3", "0", "0x7f020000") R LEAVES("102.3", "0", DEFAULT) \
	"@150 handler code=nop size=2" R
#define BOOT_BLIND UP GOES_1 LEAVES("101.3", "1", DEFAULT) GOES_0 LEAVES("102.3", "0", DEFAULT)
/* The first SMI of all proves both. */
#define PROOF \
	"@500 cpu=0 port port=0xb2 dir=write value=0" K \
	WRITTEN("102.3", "0", "0x7f020000") " origin=inferred" K ENTERS("500.1", "0", BASE(2)) \
	WRITTEN("101.3", "1", "0x7f030000") " origin=inferred" K ENTERS("500.2", "1", BASE(3)) \
	LEAVES("500.8", "0", BASE(2)) LEAVES("500.9", "1", BASE(3))

#define PLUGGED \
	"@1000 cpu=2 cpu-add apic_id=2 source=tracer\n" \
	"@1010 cpu=0 cpuhp reg=4 dir=read value=3 selector=2" K "@1020 cpu=0 port port=0xb2 dir=write value=4" K
#define WORK \
	ENTERS("1021", "0", BASE(2)) ENTERS("1021.1", "1", BASE(3)) "@1022 cpu=0 port port=0xb2 dir=read value=4" K \
	"@1022.1 cpu=0 cpuhp reg=4 dir=read value=3 selector=2" K \
	"@1022.2 cpu=0 cpuhp reg=5 dir=write value=3 selector=2" K \
	"@1022.3 cpu=0 cpuhp reg=8 dir=read value=2 selector=2" K
#define READY "@1023 handler code=relocate size=24 since=1022000000" R
#define STARTED IPI("1030", "2", "init") SIPI("1040", "2", "0x9f") SIPI("1040.2", "2", "0x9f")
#define RELOCATES(HOW) ENTERS("1041", "2", DEFAULT) HOW LEAVES("1041.3", "2", DEFAULT)
#define NOP "@1045 handler code=nop size=2 since=1041000000" R
#define OUT LEAVES("1046", "1", BASE(3)) LEAVES("1046.1", "0", BASE(2))
#define OS \
	"@1050 cpu=0 cpuhp reg=4 dir=write value=2 selector=2" K \
	IPI("1060", "2", "init") SIPI("1070", "2", "8") SIPI("1070.2", "2", "8")
#define BY_RAM WRITTEN("1041.3", "2", "0x7f040000") R
#define NEXT_SMI \
	"@3000 cpu=0 port port=0xb2 dir=write value=0" K ENTERS("3000.1", "0", BASE(2)) ENTERS("3000.2", "1", BASE(3)) \
	WRITTEN("1041.3", "2", "0x7f040000") " origin=inferred" K ENTERS("3000.3", "2", BASE(4)) \
	LEAVES("3001", "0", BASE(2)) LEAVES("3001.1", "1", BASE(3)) LEAVES("3001.2", "2", BASE(4))

static struct episode *episode_of(enum episode_kind kind, int cpu)
{
	struct episode *ep, *last = NULL;

	for (int64_t id = 1; (ep = flow_episode(judge_flow(judge), id)) != NULL; id++)
		if (ep->kind == kind && ep->cpu == cpu)
			last = ep;
	return last;
}

static const char *verdict_of(enum episode_kind kind, int index)
{
	static char text[1024];
	const struct verdict_input in = {
		.model = judge_model(judge), .scene = judge_scene(judge), .flow = judge_flow(judge),
		.checker = judge_checker(judge),
	};

	verdict_of_episode(text, sizeof(text), &in, episode_of(kind, index));
	return text;
}

static void expect_unbroken(void)
{
	const struct violation *v = checker_violation(judge_checker(judge), 1);

	if (v)
		fail_msg("%s: %s", invariant_list[v->invariant]->name, v->message);
}

static void expect(enum episode_kind kind, int cpu, enum episode_status status, enum flow_step step)
{
	struct episode *ep = episode_of(kind, cpu);

	assert_non_null(ep);
	if (ep->status != status || ep->step != step)
		fail_msg("%s of CPU %d is %s in %s", episode_kind_name[kind], cpu, episode_status_name[ep->status],
			 flow_step_info[ep->step].name);
}

static const struct cpu *cpu(int index)
{
	return &judge_model(judge)->cpu[index];
}

static void with_guest_ram_every_step_is_seen(void **state)
{
	static const enum flow_step steps[] = {
		STEP_ADDED, STEP_GPE, STEP_SMI, STEP_RENDEZVOUS, STEP_A, STEP_B, STEP_C, STEP_D_ENTRY, STEP_D_PASS,
		STEP_D_WRITE, STEP_D_RSM, STEP_E, STEP_F, STEP_CLEAR, STEP_ONLINE,
	};
	struct episode *ep;

	(void)state;
	play(BOOT_RAM PLUGGED WORK READY STARTED RELOCATES(BY_RAM) NOP OUT OS "@9000 advance\n");
	expect_unbroken();
	expect(EPISODE_BOOT, 0, EPISODE_DONE, STEP_D_RSM);
	expect(EPISODE_BOOT, 1, EPISODE_DONE, STEP_D_RSM);
	expect(EPISODE_PLUG, 2, EPISODE_DONE, STEP_ONLINE);
	ep = episode_of(EPISODE_PLUG, 2);
	assert_string_equal(ep->profile->name, "design");
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (!ep->at[steps[i]].id)
			fail_msg("%s was not reached", flow_step_info[steps[i]].name);
	assert_true(cpu(2)->smbase == 0x7f040000);
}

/* The relocation handler is there for a millisecond; who comes out relocated was in it. */
static void a_handler_that_nobody_saw_was_there_all_the_same(void **state)
{
	(void)state;
	play(BOOT_RAM PLUGGED WORK STARTED RELOCATES(BY_RAM) OUT OS "@9000 advance\n");
	expect_unbroken();
	expect(EPISODE_PLUG, 2, EPISODE_DONE, STEP_ONLINE);
	assert_int_equal(episode_of(EPISODE_PLUG, 2)->at[STEP_B].id, 0);
	assert_true(episode_of(EPISODE_PLUG, 2)->at[STEP_D_PASS].id);
}

static void without_guest_ram_the_next_smi_proves_it(void **state)
{
	(void)state;
	play(BOOT_BLIND "@400 advance\n");
	expect_unbroken();
	assert_true(cpu(0)->smbase == SMBASE_UNKNOWN && cpu(1)->smbase == SMBASE_UNKNOWN);
	play(BOOT_BLIND PROOF);
	expect_unbroken();
	expect(EPISODE_BOOT, 0, EPISODE_DONE, STEP_D_RSM);
	expect(EPISODE_BOOT, 1, EPISODE_DONE, STEP_D_RSM);
	assert_true(episode_of(EPISODE_BOOT, 0)->at[STEP_PROVED].id && episode_of(EPISODE_BOOT, 1)->at[STEP_PROVED].id);
	assert_true(cpu(0)->smbase == 0x7f020000 && cpu(0)->smbase_before == SMBASE_DEFAULT);
	play(BOOT_BLIND PROOF PLUGGED WORK STARTED RELOCATES("") OUT OS NEXT_SMI "@9000 advance\n");
	expect_unbroken();
	expect(EPISODE_PLUG, 2, EPISODE_DONE, STEP_ONLINE);
	assert_true(cpu(2)->smbase == 0x7f040000);
}

/* Nothing is stuck for which nobody can tell how far it is. */
static void what_cannot_be_told_yet_is_not_stuck(void **state)
{
	(void)state;
	play(BOOT_BLIND "@60000 advance\n");
	expect(EPISODE_BOOT, 0, EPISODE_RUNNING, STEP_D_ENTRY);
	assert_non_null(strstr(verdict_of(EPISODE_BOOT, 0), "its next SMI will tell"));
	assert_null(strstr(verdict_of(EPISODE_BOOT, 0), "STUCK"));
}

static void a_slot_that_was_looked_at_and_holds_the_default_is_known(void **state)
{
	(void)state;
	play(UP GOES_1 LEAVES("101.3", "1", DEFAULT) "@101.3 cpu=1 smbase-found smbase=0x30000 via=scan" R
	     "@60000 advance\n");
	expect_unbroken();
	assert_true(cpu(1)->smbase == SMBASE_DEFAULT);
	assert_int_equal(episode_of(EPISODE_BOOT, 1)->status, EPISODE_STUCK);
}

static void a_cpu_that_never_gets_its_smi_is_stuck(void **state)
{
	(void)state;
	play(BOOT_RAM PLUGGED WORK READY STARTED "@9000 advance\n");
	assert_int_equal(episode_of(EPISODE_PLUG, 2)->status, EPISODE_STUCK);
	assert_int_equal(episode_of(EPISODE_PLUG, 2)->next, STEP_D_ENTRY);
}

/* KVM holds it back, as a real CPU does. */
static void an_init_that_comes_in_smm_waits_for_the_rsm(void **state)
{
	(void)state;
	play(BOOT_RAM ENTERS("300", "1", BASE(3)) IPI("301", "1", "init"));
	assert_true(cpu_in_smm(cpu(1)) && cpu(1)->init_held);
	play(BOOT_RAM ENTERS("300", "1", BASE(3)) IPI("301", "1", "init") LEAVES("302", "1", BASE(3)));
	expect_unbroken();
	assert_int_equal(cpu(1)->state, STATE_RESET);
	assert_true(cpu(1)->smbase == 0x7f030000 && !cpu(1)->init_held);
	play(BOOT_RAM IPI("301", "1", "init"));
	assert_int_equal(cpu(1)->state, STATE_RESET);
	play(BOOT_RAM IPI("301", "1", "init") SIPI("310", "1", "8"));
	assert_int_equal(cpu(1)->state, STATE_RUNNING);
}

static void an_entry_at_the_default_smbase_may_be_a_reset(void **state)
{
	struct check_result r;

	(void)state;
	play(BOOT_RAM ENTERS("300", "1", BASE(3)) LEAVES("301", "1", BASE(3))
	     "@5000 cpu=1 smbase-found smbase=0x30000 via=next-entry" K ENTERS("5000", "1", DEFAULT)
	     WRITTEN("5001", "1", "0x7f030000") R LEAVES("5001", "1", DEFAULT));
	expect_unbroken();
	r = checker_result(judge_checker(judge), INV_relocated_entry);
	assert_int_equal(r.status, CHECK_UNKNOWN);
	assert_non_null(strstr(r.why, "reset"));
	expect(EPISODE_BOOT, 1, EPISODE_DONE, STEP_D_RSM);
}

/* QMP tells of a reset of the machine; the INITs of before were executed and are none that it waits for. */
static void a_reset_that_qmp_told_brings_back_the_default_smbase(void **state)
{
	(void)state;
	play(BOOT_RAM PLUGGED WORK READY STARTED "@1042 cpu=0 cpu-reset origin=inferred" K
	     "@1042 cpu=1 cpu-reset origin=inferred" K "@1042 cpu=2 cpu-reset origin=inferred" K "@9000 advance\n");
	expect_unbroken();
	for (int i = 0; i < 3; i++)
		assert_true(cpu(i)->smbase == SMBASE_DEFAULT && cpu(i)->state == STATE_RESET);
	assert_true(episode_of(EPISODE_PLUG, 2)->cut_short);
	assert_int_not_equal(episode_of(EPISODE_PLUG, 2)->status, EPISODE_STUCK);
}

/* It is KVM's word that makes it so: who sees resets as well, knows. */
static void the_same_seen_by_the_gdbstub_is_no_reset(void **state)
{
	(void)state;
	play(BOOT_RAM ENTERS("300", "1", BASE(3)) LEAVES("301", "1", BASE(3))
	     "@5000 cpu=1 smi-enter smbase=0x30000 source=gdb\n");
	assert_int_equal(checker_result(judge_checker(judge), INV_relocated_entry).status, CHECK_VIOLATED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_guest_ram_every_step_is_seen),
		cmocka_unit_test(a_handler_that_nobody_saw_was_there_all_the_same),
		cmocka_unit_test(without_guest_ram_the_next_smi_proves_it),
		cmocka_unit_test(what_cannot_be_told_yet_is_not_stuck),
		cmocka_unit_test(a_slot_that_was_looked_at_and_holds_the_default_is_known),
		cmocka_unit_test(a_cpu_that_never_gets_its_smi_is_stuck),
		cmocka_unit_test(an_init_that_comes_in_smm_waits_for_the_rsm),
		cmocka_unit_test(an_entry_at_the_default_smbase_may_be_a_reset),
		cmocka_unit_test(a_reset_that_qmp_told_brings_back_the_default_smbase),
		cmocka_unit_test(the_same_seen_by_the_gdbstub_is_no_reset),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
