/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "../../tracer/event-text.h"
#include "../../tracer/flow/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct world {
	struct model model;
	struct scene scene;
	int64_t id;
};

static void play_line(struct world *w, const char *line)
{
	struct event ev;
	struct error err;
	struct cpu before;

	if (event_parse(&ev, line, &err) < 0)
		fail_msg("%s: %s", line, err.text);
	if (ev.cpu >= 0)
		before = w->model.cpu[ev.cpu];
	w->id++;
	model_apply(&w->model, w->id, &ev);
	scene_apply(&w->scene, &w->model, ev.cpu >= 0 ? &before : NULL, w->id, &ev);
}

/* Lines separated by newlines. */
static void play(struct world *w, const char *story)
{
	char *copy = strdup(story), *save = NULL;

	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		play_line(w, line);
	free(copy);
}

static int begin(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	model_init(&w->model);
	scene_init(&w->scene);
	*state = w;
	return 0;
}

static int end(void **state)
{
	free(*state);
	return 0;
}

static const char at_the_os[] =
	"t=1000 session what=attach\n"
	"t=1000 cpu=0 cpu-add apic_id=0\n"
	"t=1000 cpu=0 cpu-seen rip=0xe0c9731 cs=0x38 in_smm=0 halted=0\n"
	"t=1000 cpu=0 smbase-found smbase=0xffbf000 via=scan\n";

static void a_cpu_added_at_boot_is_not_hot(void **state)
{
	struct world *w = *state;

	play(w, "t=1 session what=attach\n"
		"t=1 cpu=0 cpu-add apic_id=0\n"
		"t=1 cpu=0 cpu-seen rip=0xfff0 cs=0xf000 in_smm=0 halted=0\n"
		"t=50 cpu=1 cpu-add apic_id=1\n");
	assert_false(w->scene.attached_late);
	assert_false(w->scene.cpu[1].hot);
	assert_false(scene_busy(&w->scene));
}

static void a_cpu_added_later_is_hot(void **state)
{
	struct world *w = *state;

	play(w, at_the_os);
	assert_true(w->scene.attached_late);
	assert_true(w->scene.cpu[0].relocated);
	assert_false(w->scene.cpu[0].hot);
	play(w, "t=2000 cpu=1 cpu-add apic_id=1\n");
	assert_true(w->scene.cpu[1].hot);
	assert_true(scene_busy(&w->scene));
	play(w, "t=3000 cpu=1 cpu-remove apic_id=1\n");
	assert_false(cpuset_has(&w->scene.present, 1));
	assert_false(scene_busy(&w->scene));
}

static void a_round_ends_when_all_are_out(void **state)
{
	struct world *w = *state;
	const struct round *r = &w->scene.round;

	play(w, at_the_os);
	play(w, "t=1000 cpu=1 cpu-add apic_id=1\n"
		"t=1000 cpu=1 smbase-found smbase=0xffc1000 via=scan\n"
		"t=2000 cpu=0 port port=0xb3 dir=write value=0\n"
		"t=2001 cpu=0 port port=0xb2 dir=write value=4\n");
	assert_true(r->open);
	assert_int_equal(r->cmd, 4);
	assert_int_equal(cpuset_count(&r->expected), 2);
	assert_true(w->scene.cpu[1].smi_pending);
	play(w, "t=2002 cpu=1 smi-enter smbase=0xffc1000\n"
		"t=2003 cpu=0 smi-enter smbase=0xffbf000\n"
		"t=2004 cpu=0 port port=0xb2 dir=read value=4\n");
	assert_false(w->scene.cpu[1].smi_pending);
	assert_int_equal(r->monarch, 0);
	assert_int_equal(r->cmd_got, 4);
	assert_int_equal(cpuset_count(&r->inside), 2);
	play(w, "t=2005 cpu=0 smi-leave smbase=0xffbf000 via=breakpoint\n");
	assert_true(r->open);
	assert_true(moment_is(r->monarch_left));
	play(w, "t=2006 cpu=1 smi-leave smbase=0xffc1000 via=breakpoint\n");
	assert_false(r->open);
	assert_int_equal(r->last_leave.ns, 2006);
}

/* A log without thread ids names no CPU: it is told by who is in SMM, or not at all. */
static void an_event_without_a_cpu_is_inside_or_outside(void **state)
{
	struct world *w = *state;
	const struct scene_cpu *hot = &w->scene.cpu[2];

	play(w, at_the_os);
	play(w, "t=1000 cpu=1 cpu-add apic_id=1\n"
		"t=1000 cpu=1 smbase-found smbase=0xffc1000 via=scan\n"
		"t=2000 cpu=2 cpu-add apic_id=2\n"
		"t=2001 cpuhp reg=4 dir=read value=3 selector=2\n");
	assert_int_equal(hot->insert_seen.ns, 2001);
	play(w, "t=2002 port port=0xb2 dir=write value=4\n"
		"t=2003 cpu=0 smi-enter smbase=0xffbf000\n"
		"t=2004 cpuhp reg=5 dir=write value=3 selector=2\n"
		"t=2005 cpuhp reg=8 dir=read value=2 selector=2\n");
	assert_false(moment_is(hot->enumerated)); /* CPU 1 is outside: it may have been the OS */
	play(w, "t=2006 cpu=1 smi-enter smbase=0xffc1000\n"
		"t=2007 cpuhp reg=8 dir=read value=2 selector=2\n"
		"t=2008 ipi target=2 mode=init dest=one\n"
		"t=2009 ipi target=2 mode=sipi vector=0x9f dest=one\n");
	assert_int_equal(hot->enumerated.ns, 2007);
	assert_true(hot->init_from_smm && hot->sipi_from_smm);
	assert_false(moment_is(hot->started));
	play(w, "t=2010 cpu=0 smi-leave smbase=0xffbf000 via=breakpoint\n"
		"t=2011 cpu=1 smi-leave smbase=0xffc1000 via=breakpoint\n"
		"t=2012 ipi target=2 mode=sipi vector=0x9e dest=one\n");
	assert_false(hot->sipi_from_smm);
	assert_int_equal(hot->started.ns, 2012);
}

/* A CPU may be on its way out when the next SMI is raised and taken by another. */
static void rounds_may_overlap(void **state)
{
	struct world *w = *state;

	play(w, at_the_os);
	play(w, "t=1000 cpu=1 cpu-add apic_id=1\n"
		"t=1000 cpu=1 smbase-found smbase=0xffc1000 via=scan\n"
		"t=2000 cpu=0 port port=0xb2 dir=write value=0\n"
		"t=2001 cpu=0 smi-enter smbase=0xffbf000\n"
		"t=2001 cpu=1 smi-enter smbase=0xffc1000\n"
		"t=2002 cpu=0 smi-leave smbase=0xffbf000 via=breakpoint\n"
		"t=2003 cpu=0 port port=0xb2 dir=write value=4\n"
		"t=2004 cpu=0 smi-enter smbase=0xffbf000\n");
	assert_int_equal(w->scene.round.number, 2);
	assert_int_equal(w->scene.round.cmd, 4);
	assert_int_equal(cpuset_count(&w->scene.last.inside), 1);
	play(w, "t=2005 cpu=1 smi-leave smbase=0xffc1000 via=breakpoint\n"
		"t=2006 cpu=1 smi-enter smbase=0xffc1000\n");
	assert_true(cpuset_empty(&w->scene.last.inside));
	assert_int_equal(w->scene.round.number, 2);
	assert_int_equal(cpuset_count(&w->scene.round.inside), 2);
}

/* Commands 2 and 3 are QEMU's own: SCI_EN, no SMI. */
static void acpi_enable_raises_nothing(void **state)
{
	struct world *w = *state;

	play(w, at_the_os);
	play(w, "t=2000 cpu=0 port port=0xb2 dir=write value=2\n");
	assert_false(w->scene.cpu[0].smi_pending);
	assert_int_equal(w->scene.round.number, 0);
}

static void an_init_in_smm_drops_the_smi(void **state)
{
	struct world *w = *state;
	const struct scene_cpu *c = &w->scene.cpu[1];

	play(w, at_the_os);
	play(w, "t=2000 cpu=1 cpu-add apic_id=1\n"
		"t=2001 cpu=0 port port=0xb2 dir=write value=4\n"
		"t=2002 cpu=1 smi-enter smbase=0x30000 rip=0xfff0\n"
		"t=2003 cpu=0 smi-enter smbase=0xffbf000\n"
		"t=2004 cpu=0 ipi target=1 mode=smi dest=one\n"
		"t=2005 cpu=0 ipi target=1 mode=init dest=one\n"
		"t=2006 cpu=1 smi-leave smbase=0x30000 via=reset\n"
		"t=2006 cpu=1 cpu-reset in_smm=1 halted=0 rip=0x805c cs=0x3000\n");
	assert_true(c->init_from_smm);
	assert_true(moment_is(c->reset_in_smm));
	assert_int_equal(c->reset_rip, 0x805c);
	assert_true(moment_is(c->smi_dropped));
	assert_false(c->smi_pending);
	play(w, "t=2010 cpu=0 ipi target=1 mode=sipi vector=0x9f dest=one\n"
		"t=3000 cpu=1 cpu-seen rip=0xc cs=0x9f00 in_smm=0 halted=1\n");
	assert_int_equal(c->sipi_vector, 0x9f);
	assert_true(moment_is(c->pen));
	assert_false(moment_is(c->started));
}

static void a_relocation_is_followed(void **state)
{
	struct world *w = *state;
	const struct scene_cpu *c = &w->scene.cpu[1];

	play(w, at_the_os);
	play(w, "t=2000 cpu=1 cpu-add apic_id=1\n"
		"t=2001 handler code=gate gate=0x30000 new_smbase=0x30008 about=0x3000c pass=0x3805e\n"
		"t=2002 cpu=1 smi-enter smbase=0x30000\n"
		"t=2003 cpu=1 handoff word=gate value=0xffffffffffffffff rip=0x3805e\n"
		"t=2004 cpu=1 smbase-write old=0x30000 new=0xffc1000\n"
		"t=2005 cpu=1 handoff word=about-to-leave value=1\n");
	assert_int_equal(w->scene.word[WORD_ABOUT].addr, 0x3000c);
	assert_true(moment_is(c->gate_pass));
	assert_true(moment_is(c->about));
	assert_int_equal(c->new_smbase, 0xffc1000);
	assert_false(c->relocated);
	play(w, "t=2006 cpu=1 smi-leave smbase=0x30000 via=breakpoint\n");
	assert_true(c->relocated);
	assert_int_equal(c->own_smbase, 0xffc1000);
	assert_false(moment_is(c->own_entry));
	play(w, "t=2007 cpu=1 smi-enter smbase=0xffc1000\n");
	assert_true(moment_is(c->own_entry));
}

static void the_os_and_the_monarch_scan(void **state)
{
	struct world *w = *state;
	const struct scene_cpu *c = &w->scene.cpu[1];

	play(w, at_the_os);
	play(w, "t=2000 cpu=1 cpu-add apic_id=1\n"
		"t=2001 cpu=0 cpuhp reg=4 dir=read value=3 selector=1\n"
		"t=2002 cpu=0 port port=0xb2 dir=write value=4\n"
		"t=2003 cpu=0 smi-enter smbase=0xffbf000\n"
		"t=2004 cpu=0 cpuhp reg=4 dir=read value=3 selector=1\n"
		"t=2005 cpu=0 cpuhp reg=5 dir=write value=3 selector=1\n"
		"t=2006 cpu=0 cpuhp reg=8 dir=read value=7 selector=1\n");
	assert_true(moment_is(c->insert_seen));
	assert_int_equal(w->scene.gpe.ns, 2001);
	assert_int_equal(w->scene.round.found, 1);
	assert_int_equal(w->scene.round.found_cpu[0].apic_id, 7);
	assert_int_equal(w->scene.round.found_cpu[0].status, 3);
	assert_true(moment_is(c->enumerated));
	play(w, "t=2007 cpu=0 smi-leave smbase=0xffbf000 via=breakpoint\n"
		"t=2008 cpu=0 cpuhp reg=4 dir=write value=2 selector=1\n");
	assert_true(moment_is(c->insert_cleared));
	assert_false(c->insert_pending);
}

static void pauses_are_no_guest_time(void **state)
{
	struct world *w = *state;

	play(w, "t=100 pause until=200 why=stop\n"
		"t=150 pause until=250 why=stop\n");
	assert_int_equal(w->scene.paused_ns, 150);
	assert_int_equal(scene_guest_ns(&w->scene, 50, 0, 1050), 850);
	play(w, "t=2000 pause why=foreign\n");
	assert_int_equal(scene_guest_ns(&w->scene, 1000, 150, 5000), 1000);
	play(w, "t=2000 pause until=5000 why=foreign\n");
	assert_int_equal(scene_guest_ns(&w->scene, 1000, 150, 5500), 1500);
}

static void a_system_reset_forgets_the_relocation(void **state)
{
	struct world *w = *state;

	play(w, at_the_os);
	play(w, "t=2000 cpu=0 cpu-reset in_smm=0 rip=0x1234\n");
	assert_false(w->scene.cpu[0].relocated);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_cpu_added_at_boot_is_not_hot, begin, end),
		cmocka_unit_test_setup_teardown(a_cpu_added_later_is_hot, begin, end),
		cmocka_unit_test_setup_teardown(a_round_ends_when_all_are_out, begin, end),
		cmocka_unit_test_setup_teardown(an_event_without_a_cpu_is_inside_or_outside, begin, end),
		cmocka_unit_test_setup_teardown(rounds_may_overlap, begin, end),
		cmocka_unit_test_setup_teardown(acpi_enable_raises_nothing, begin, end),
		cmocka_unit_test_setup_teardown(an_init_in_smm_drops_the_smi, begin, end),
		cmocka_unit_test_setup_teardown(a_relocation_is_followed, begin, end),
		cmocka_unit_test_setup_teardown(the_os_and_the_monarch_scan, begin, end),
		cmocka_unit_test_setup_teardown(pauses_are_no_guest_time, begin, end),
		cmocka_unit_test_setup_teardown(a_system_reset_forgets_the_relocation, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
