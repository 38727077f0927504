/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Scenarios in the events' text form, and what the model makes of them. */
#include "../../tracer/event-text.h"
#include "../../tracer/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BASE0 0x7ffb7000u
#define BASE1 0x7ffb9000u

static struct model m;
static int64_t id;

static int fresh(void **state)
{
	(void)state;
	model_init(&m);
	id = 0;
	return 0;
}

/* Apply each line of @lines. */
static void play(const char *lines)
{
	char line[256];

	while (*lines) {
		size_t len = strcspn(lines, "\n");
		const struct cpu *changed;
		struct event ev;
		struct error err;

		snprintf(line, sizeof(line), "%.*s", (int)len, lines);
		lines += len + (lines[len] == '\n');
		if (event_parse(&ev, line, &err) < 0)
			fail_msg("%s", err.text);
		changed = model_apply(&m, ++id, &ev);
		assert_ptr_equal(changed, ev.cpu == CPU_UNKNOWN ? NULL : &m.cpu[ev.cpu]);
	}
}

static void nothing_is_known_at_first(void **state)
{
	(void)state;
	assert_int_equal(m.cpus, 0);
	assert_int_equal(m.cpu[0].state, STATE_ABSENT);
	assert_true(m.cpu[0].smbase == SMBASE_UNKNOWN && m.cpu[0].smbase_pending == SMBASE_UNKNOWN);
	assert_true(m.cpu[255].apic_id == -1);
	assert_int_equal(model_cpu_of_apic_id(&m, 0), CPU_UNKNOWN);
	play("t=1 cpu=255 cpu-add apic_id=300");
	assert_int_equal(m.cpus, 256);
	assert_int_equal(model_cpu_of_apic_id(&m, 300), 255);
	assert_int_equal(model_cpu_of_apic_id(&m, UINT64_MAX), CPU_UNKNOWN);
}

static void relocation_takes_effect_at_the_rsm(void **state)
{
	const struct cpu *c = &m.cpu[1];

	(void)state;
	play("t=1 cpu=1 cpu-add apic_id=1\nt=2 cpu=1 cpu-reset\nt=5 cpu=1 smi-enter smbase=0x30000");
	assert_int_equal(c->state, STATE_SMM_DEFAULT);
	assert_int_equal(c->since_ns, 5);
	play("t=6 cpu=1 smbase-write old=0x30000 new=0x7ffb9000");
	assert_true(c->smbase == SMBASE_DEFAULT && c->smbase_pending == BASE1);
	assert_int_equal(c->smbase_write_id, 4);
	play("t=7 cpu=1 smi-leave smbase=0x30000");
	assert_true(c->smbase == BASE1 && c->smbase_before == SMBASE_DEFAULT);
	assert_true(c->smbase_pending == SMBASE_UNKNOWN && !c->smbase_write_id);
	assert_int_equal(c->state, STATE_RUNNING);
	play("t=9 cpu=1 smi-enter smbase=0x7ffb9000");
	assert_int_equal(c->state, STATE_SMM);
	assert_int_equal(c->smis, 2);
	assert_int_equal(c->rsms, 1);
}

static void the_last_of_two_writes_counts(void **state)
{
	(void)state;
	play("t=1 cpu=0 smi-enter smbase=0x30000\nt=2 cpu=0 smbase-write new=0x1000\n"
	     "t=3 cpu=0 smbase-write new=0x7ffb7000\nt=4 cpu=0 smi-leave");
	assert_true(m.cpu[0].smbase == BASE0 && m.cpu[0].smbase_before == SMBASE_DEFAULT);
}

static void a_write_outside_smm_is_ignored(void **state)
{
	(void)state;
	play("t=1 cpu=0 smi-enter smbase=0x30000\nt=2 cpu=0 smbase-write new=0x7ffb7000\nt=3 cpu=0 smi-leave\n"
	     "t=4 cpu=0 smbase-write new=0x0\nt=5 cpu=0 smi-enter smbase=0x7ffb7000\nt=6 cpu=0 smi-leave");
	assert_true(m.cpu[0].smbase == BASE0);
	play("t=7 cpu=0 smi-enter\nt=8 cpu=0 smbase-write old=1\nt=9 cpu=0 smi-leave");
	assert_true(m.cpu[0].smbase == BASE0);
}

static void a_write_does_not_outlive_its_smi(void **state)
{
	(void)state;
	play("t=1 cpu=0 smi-enter smbase=0x30000\nt=2 cpu=0 smbase-write new=0x7ffb7000\n"
	     "t=3 cpu=0 smi-leave via=reset\nt=4 cpu=0 smi-enter smbase=0x30000\nt=5 cpu=0 smi-leave");
	assert_true(m.cpu[0].smbase == SMBASE_DEFAULT);
	assert_int_equal(m.cpu[0].rsms, 1);
}

static const char relocated[] = "t=1 cpu=0 cpu-add apic_id=0\nt=1 cpu=1 cpu-add apic_id=1\n"
	"t=2 cpu=1 smi-enter smbase=0x30000\nt=3 cpu=1 smbase-write new=0x7ffb9000\nt=4 cpu=1 smi-leave\n";

static void init_keeps_the_smbase(void **state)
{
	(void)state;
	play(relocated);
	play("t=5 cpu=0 ipi target=1 mode=init dest=one\nt=6 cpu=1 cpu-reset");
	assert_int_equal(m.cpu[1].state, STATE_RESET);
	assert_true(m.cpu[1].smbase == BASE1);
	play("t=7 cpu=0 ipi target=1 mode=sipi vector=0x9f dest=one");
	assert_int_equal(m.cpu[1].state, STATE_RUNNING);
	assert_int_equal(m.cpu[1].since_ns, 7);
}

static void a_power_on_reset_does_not(void **state)
{
	(void)state;
	play(relocated);
	play("t=5 cpu=1 cpu-reset");
	assert_true(m.cpu[1].smbase == SMBASE_DEFAULT && m.cpu[1].smbase_before == BASE1);
	play(relocated);
	play("t=6 cpu=0 ipi target=1 mode=init dest=one\nt=7 cpu=1 cpu-reset\nt=8 cpu=1 cpu-reset");
	assert_true(m.cpu[1].smbase == SMBASE_DEFAULT); /* one INIT explains one reset */
}

static void init_goes_where_its_shorthand_says(void **state)
{
	(void)state;
	play(relocated);
	play("t=5 cpu=0 ipi mode=init dest=others");
	assert_true(m.cpu[1].init_ipi && !m.cpu[0].init_ipi);
	play("t=6 cpu=0 ipi mode=init dest=self");
	assert_true(m.cpu[0].init_ipi);
	fresh(state);
	play(relocated);
	play("t=5 cpu=0 ipi mode=init dest=all");
	assert_true(m.cpu[0].init_ipi && m.cpu[1].init_ipi);
	fresh(state);
	play(relocated);
	play("t=5 cpu=0 ipi target=9 mode=init dest=one\nt=6 cpu=0 ipi mode=init dest=one\nt=7 cpu=? ipi dest=all\n"
	     "t=8 cpu=? ipi mode=init dest=self\nt=9 cpu=? ipi mode=init dest=17");
	assert_true(!m.cpu[0].init_ipi && !m.cpu[1].init_ipi);
}

static void an_apm_write_is_the_cause_for_every_cpu_once(void **state)
{
	(void)state;
	play("t=1 cpu=0 port port=0xb3 dir=write value=0x11\nt=2 cpu=0 port port=0xb2 dir=write value=0x4\n"
	     "t=3 cpu=1 smi-enter smbase=0x7ffb9000\nt=4 cpu=0 smi-enter smbase=0x7ffb7000");
	for (int i = 0; i < 2; i++) {
		const struct smi *smi = &m.cpu[i].smi;

		assert_int_equal(smi->cause, CAUSE_APM);
		assert_false(smi->cause_inferred);
		assert_true(smi->apm_cmd == 4 && smi->apm_data == 0x11);
	}
	play("t=5 cpu=1 smi-leave\nt=6 cpu=1 smi-enter smbase=0x7ffb9000");
	assert_int_equal(m.cpu[1].smi.cause, CAUSE_UNKNOWN);
	assert_int_equal(m.cpu[1].smi.apm_cmd, SMI_CMD_UNKNOWN);
	play("t=7 cpu=1 smi-leave\nt=8 cpu=? port port=0xb2 dir=write value=0xef\nt=9 cpu=1 smi-enter");
	assert_int_equal(m.cpu[1].smi.apm_cmd, 0xef);
}

static void a_read_of_the_port_is_no_cause(void **state)
{
	(void)state;
	play("t=1 cpu=0 port port=0xb2 dir=read value=4\nt=2 cpu=0 port port=0xb2 value=4\n"
	     "t=3 cpu=0 smi-enter smbase=0x30000");
	assert_int_equal(m.cpu[0].smi.cause, CAUSE_UNKNOWN);
}

static void an_smi_ipi_is_a_cause(void **state)
{
	(void)state;
	play(relocated);
	play("t=5 cpu=0 ipi target=1 mode=smi dest=one icr=0x4200\nt=6 cpu=1 smi-enter smbase=0x7ffb9000");
	assert_int_equal(m.cpu[1].smi.cause, CAUSE_IPI);
	assert_int_equal(m.cpu[1].smi.apm_cmd, SMI_CMD_UNKNOWN);
	play("t=7 cpu=1 smi-leave\nt=8 cpu=1 smi-enter smbase=0x7ffb9000");
	assert_int_equal(m.cpu[1].smi.cause, CAUSE_UNKNOWN);
}

static void without_a_log_the_saved_state_tells_the_cause(void **state)
{
	(void)state;
	play("t=1 cpu=0 smi-enter smbase=0x7ffb7000 rdx=0x100b2 rax=0xffffffffffffff04\n"
	     "t=2 cpu=1 smi-enter smbase=0x7ffb9000 rdx=0x178bfbfd rax=4\nt=3 cpu=2 smi-enter rdx=0xb2");
	assert_int_equal(m.cpu[0].smi.cause, CAUSE_APM);
	assert_true(m.cpu[0].smi.cause_inferred && m.cpu[0].smi.apm_cmd == 4);
	assert_int_equal(m.cpu[0].smi.apm_data, SMI_CMD_UNKNOWN);
	assert_int_equal(m.cpu[1].smi.cause, CAUSE_UNKNOWN);
	assert_int_equal(m.cpu[2].smi.cause, CAUSE_UNKNOWN);
}

static void cpus_come_and_go(void **state)
{
	const struct cpu *c = &m.cpu[1];

	(void)state;
	play(relocated);
	assert_int_equal(c->added_ns, 1);
	play("t=20 cpu=0 ipi target=1 mode=init dest=one\nt=20 cpu=0 ipi target=1 mode=smi dest=one\n"
	     "t=30 cpu=1 cpu-remove apic_id=1");
	assert_int_equal(c->state, STATE_GONE);
	assert_int_equal(c->removed_ns, 30);
	assert_true(c->smbase == SMBASE_UNKNOWN);
	play("t=40 cpu=1 cpu-add apic_id=1\nt=41 cpu=1 cpu-reset");
	assert_int_equal(c->added_ns, 40);
	assert_int_equal(c->removed_ns, 0);
	assert_true(c->smbase == SMBASE_DEFAULT); /* what was sent to the one before is not for it */
	play("t=42 cpu=1 smi-enter smbase=0x30000");
	assert_int_equal(c->smi.cause, CAUSE_UNKNOWN);
}

static void being_met_again_changes_nothing(void **state)
{
	(void)state;
	play(relocated);
	play("t=50 cpu=1 cpu-add apic_id=1\nt=51 cpu=1 cpu-seen in_smm=1");
	assert_true(m.cpu[1].added_ns == 1 && m.cpu[1].smbase == BASE1);
	assert_int_equal(m.cpu[1].state, STATE_RUNNING);
}

static void a_cpu_is_taken_as_it_was_found(void **state)
{
	(void)state;
	play("t=1 cpu=0 cpu-add apic_id=0\nt=1 cpu=1 cpu-add apic_id=1");
	assert_int_equal(m.cpu[0].state, STATE_UNKNOWN);
	play("t=2 cpu=0 cpu-seen in_smm=0 halted=1\nt=2 cpu=1 cpu-seen in_smm=1\n"
	     "t=3 cpu=0 smbase-found smbase=0x7ffb7000 via=scan\nt=3 cpu=1 smbase-found via=scan");
	assert_int_equal(m.cpu[0].state, STATE_RUNNING);
	assert_int_equal(m.cpu[1].state, STATE_SMM);
	assert_true(m.cpu[0].smbase == BASE0 && m.cpu[1].smbase == SMBASE_UNKNOWN);
}

static void a_reset_cpu_runs_when_it_acts(void **state)
{
	(void)state;
	play("t=1 cpu=0 cpu-reset\nt=1 cpu=1 cpu-reset\nt=2 cpu=0 cpuhp reg=0 dir=write value=0");
	assert_int_equal(m.cpu[0].state, STATE_RUNNING);
	/* What we say of it is nothing that it does. */
	play("t=2 cpu=1 blind until=3 why=no-smbase\nt=2 cpu=1 pause until=3 why=stop\nt=3 cpu=1 lost count=1\n"
	     "t=4 cpu=1 session what=suspend\nt=5 cpu=1 smbase-found smbase=0x30000\nt=6 cpu=1 cpu-seen halted=1");
	assert_int_equal(m.cpu[1].state, STATE_RESET);
	assert_int_equal(m.cpu[1].since_ns, 1);
}

static void a_sipi_wakes_only_who_waits_for_it(void **state)
{
	(void)state;
	play(relocated);
	play("t=5 cpu=1 smi-enter smbase=0x7ffb9000\nt=6 cpu=0 ipi target=1 mode=sipi dest=one");
	assert_int_equal(m.cpu[1].state, STATE_SMM);
}

#define TEST(f) cmocka_unit_test_setup(f, fresh)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_known_at_first),
		TEST(relocation_takes_effect_at_the_rsm),
		TEST(the_last_of_two_writes_counts),
		TEST(a_write_outside_smm_is_ignored),
		TEST(a_write_does_not_outlive_its_smi),
		TEST(init_keeps_the_smbase),
		TEST(a_power_on_reset_does_not),
		TEST(init_goes_where_its_shorthand_says),
		TEST(an_apm_write_is_the_cause_for_every_cpu_once),
		TEST(a_read_of_the_port_is_no_cause),
		TEST(an_smi_ipi_is_a_cause),
		TEST(without_a_log_the_saved_state_tells_the_cause),
		TEST(cpus_come_and_go),
		TEST(being_met_again_changes_nothing),
		TEST(a_cpu_is_taken_as_it_was_found),
		TEST(a_reset_cpu_runs_when_it_acts),
		TEST(a_sipi_wakes_only_who_waits_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
