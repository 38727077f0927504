/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Stories (tests/fixtures/flow), and the episodes that come out. */
#include "../lib/story.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct judge *j;

static int begin(void **state)
{
	struct judge_options o;

	(void)state;
	judge_options_init(&o);
	j = judge_new(&o);
	return j ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	judge_free(j);
	return 0;
}

static void play(const char *text)
{
	struct error err = { 0 };

	if (story_play(j, text, &err) < 0)
		fail_msg("%s", err.text);
}

static void story(const char *name)
{
	struct error err = { 0 };

	if (story_file(j, name, &err) < 0)
		fail_msg("%s: %s", name, err.text);
}

static struct episode *episode(int64_t id, enum episode_kind kind, int cpu)
{
	struct episode *ep = flow_episode(judge_flow(j), id);

	assert_non_null(ep);
	assert_string_equal(episode_kind_name[ep->kind], episode_kind_name[kind]);
	assert_int_equal(ep->cpu, cpu);
	return ep;
}

static void only(int64_t episodes)
{
	assert_null(flow_episode(judge_flow(j), episodes + 1));
}

static void assert_at(const struct episode *ep, enum flow_step step, double ms)
{
	if (ep->at[step].ns != STORY_MS(ms))
		fail_msg("step %s at %.1f ms, not %.1f", flow_step_info[step].name, (double)ep->at[step].ns / 1e6, ms);
}

static void assert_unseen(const struct episode *ep, enum flow_step step)
{
	if (moment_is(ep->at[step]))
		fail_msg("step %s was seen at %.1f ms", flow_step_info[step].name, (double)ep->at[step].ns / 1e6);
}

static void assert_stands(const struct episode *ep, enum episode_status status, const char *step, const char *next)
{
	assert_string_equal(episode_status_name[ep->status], episode_status_name[status]);
	assert_string_equal(flow_step_info[ep->step].name, step);
	assert_string_equal(ep->next == FLOW_STEP_COUNT ? "-" : flow_step_info[ep->next].name, next);
}

static void assert_set(const struct cpuset *s, const char *cpus)
{
	char text[256] = "";

	for (int i = cpuset_next(s, 0); i >= 0; i = cpuset_next(s, i + 1))
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%d", *text ? " " : "", i);
	assert_string_equal(text, cpus);
}

/* ---- plug ---- */

static void the_stock_hang_stands_in_d(void **state)
{
	struct episode *ep;

	(void)state;
	story("flow/os.story");
	only(0);
	story("flow/plug-found.story");
	ep = episode(1, EPISODE_PLUG, 1);
	assert_ptr_equal(ep->profile, flow_profile_by_name("ovmf"));
	assert_stands(ep, EPISODE_RUNNING, "smi", "rendezvous");
	assert_at(ep, STEP_ADDED, 2000.2);
	assert_at(ep, STEP_GPE, 2014.3);
	assert_at(ep, STEP_SMI, 2028.8);
	story("flow/plug-hang.story");
	assert_stands(ep, EPISODE_RUNNING, "c", "d-entry");
	assert_at(ep, STEP_RENDEZVOUS, 2029.1);
	assert_at(ep, STEP_A, 2044.8);
	assert_at(ep, STEP_B, 2045.2);
	assert_at(ep, STEP_C, 2057.4);
	assert_unseen(ep, STEP_D_ENTRY);
	play("@3057 advance");
	assert_stands(ep, EPISODE_RUNNING, "c", "d-entry");
	play("@3500 advance");
	assert_stands(ep, EPISODE_STUCK, "c", "d-entry");
	assert_string_equal(flow_step_info[ep->next].letter, "d");
	assert_int_equal(ep->stuck_ns, STORY_MS(3057.4));
	assert_true(judge_wants_look(j));
	assert_false(judge_wants_look(j));
	assert_set(&ep->rendezvous, "0");
	only(1);
}

static void an_entry_before_its_turn_does_not_count_yet(void **state)
{
	struct episode *ep;

	(void)state;
	story("flow/os.story");
	story("flow/plug-found.story");
	play("@2029 cpu=1 smi-enter smbase=0x30000 rip=0xfff0 cs=0xf000");
	ep = episode(1, EPISODE_PLUG, 1);
	assert_at(ep, STEP_D_ENTRY, 2029);
	assert_stands(ep, EPISODE_RUNNING, "smi", "rendezvous");
	play("@4000 advance");
	assert_stands(ep, EPISODE_STUCK, "smi", "rendezvous");
}

static void a_kick_completes_it(void **state)
{
	struct episode *ep;

	(void)state;
	story("flow/os.story");
	story("flow/plug-found.story");
	story("flow/plug-hang.story");
	story("flow/plug-look.story");
	ep = episode(1, EPISODE_PLUG, 1);
	assert_stands(ep, EPISODE_STUCK, "c", "d-entry");
	story("flow/plug-kick.story");
	assert_at(ep, STEP_D_ENTRY, 5000.2);
	assert_at(ep, STEP_D_PASS, 5000.3);
	assert_at(ep, STEP_D_WRITE, 5000.4);
	assert_at(ep, STEP_D_RSM, 5000.6);
	assert_at(ep, STEP_E, 5001);
	assert_at(ep, STEP_F, 5002);
	assert_at(ep, STEP_CLEAR, 5011);
	assert_at(ep, STEP_ONLINE, 5030);
	assert_stands(ep, EPISODE_DONE, "online", "-");
	assert_int_equal(ep->end_ns, STORY_MS(5030));
	assert_int_equal(ep->stuck_ns, 0);
	assert_unseen(ep, STEP_PROVED);
	while (flow_changed(judge_flow(j)))
		;
	story("flow/next-smi.story");
	assert_at(ep, STEP_PROVED, 7000.1);
	assert_stands(ep, EPISODE_DONE, "online", "-");
	assert_int_equal(ep->end_ns, STORY_MS(5030));
}

static void the_second_one_has_an_ap_in_rendezvous(void **state)
{
	struct episode *ep;

	(void)state;
	story("flow/os.story");
	story("flow/plug-found.story");
	story("flow/plug-hang.story");
	story("flow/plug-kick.story");
	story("flow/next-smi.story");
	story("flow/plug-ap.story");
	ep = episode(2, EPISODE_PLUG, 2);
	assert_at(ep, STEP_RENDEZVOUS, 8028.3);
	assert_set(&ep->rendezvous, "0 1");
	assert_at(ep, STEP_D_ENTRY, 8057.1);
	assert_at(ep, STEP_F, 8060.1);
	assert_stands(ep, EPISODE_DONE, "online", "-");
	assert_set(&episode(1, EPISODE_PLUG, 1)->rendezvous, "0");
	only(2);
}

static void two_at_once_are_two_episodes(void **state)
{
	struct episode *one, *two;

	(void)state;
	story("flow/os.story");
	story("flow/burst.story");
	one = episode(1, EPISODE_PLUG, 1);
	two = episode(2, EPISODE_PLUG, 2);
	assert_at(one, STEP_E, 2057);
	assert_at(one, STEP_F, 2069);
	assert_stands(one, EPISODE_RUNNING, "f", "clear");
	assert_unseen(two, STEP_SMI);
	assert_at(two, STEP_B, 2045.6);
	assert_at(two, STEP_D_RSM, 2067.5);
	assert_at(two, STEP_F, 2069);
	assert_stands(two, EPISODE_RUNNING, "f", "clear");
	assert_set(&two->rendezvous, "0");
}

static void the_design_exchanges_handlers(void **state)
{
	struct episode *ep;

	(void)state;
	story("flow/design.story");
	ep = episode(1, EPISODE_PLUG, 1);
	assert_ptr_equal(ep->profile, flow_profile_by_name("design"));
	assert_at(ep, STEP_A, 2021);
	assert_at(ep, STEP_B, 2023);
	assert_at(ep, STEP_C, 2025);
	assert_at(ep, STEP_D_ENTRY, 2026);
	assert_at(ep, STEP_D_PASS, 2026);
	assert_at(ep, STEP_F, 2029);
	assert_stands(ep, EPISODE_DONE, "online", "-");
}

static void the_design_sends_the_smi_after_the_sipi(void **state)
{
	struct episode *ep;

	(void)state;
	story("flow/design-os.story");
	assert_ptr_equal(flow_profile_now(judge_flow(j)), flow_profile_by_name("design"));
	only(0);
	story("flow/design-found.story");
	ep = episode(1, EPISODE_PLUG, 1);
	assert_ptr_equal(ep->profile, flow_profile_by_name("design"));
	assert_stands(ep, EPISODE_RUNNING, "c", "d-entry");
	assert_at(ep, STEP_ADDED, 2000.2);
	assert_at(ep, STEP_GPE, 2000.8);
	assert_at(ep, STEP_SMI, 2011.1);
	assert_at(ep, STEP_RENDEZVOUS, 2011.2);
	assert_at(ep, STEP_A, 2011.5);
	assert_at(ep, STEP_B, 2012.5);
	assert_at(ep, STEP_C, 2022.7);
	assert_unseen(ep, STEP_D_ENTRY); /* the one before the SIPI ended in the NOP handler */
	story("flow/design-done.story");
	assert_at(ep, STEP_D_ENTRY, 2023.6);
	assert_at(ep, STEP_D_PASS, 2023.6);
	assert_at(ep, STEP_D_WRITE, 2023.7);
	assert_at(ep, STEP_D_RSM, 2023.9);
	assert_at(ep, STEP_E, 2024.2);
	assert_at(ep, STEP_F, 2024.5);
	assert_at(ep, STEP_CLEAR, 2025);
	assert_at(ep, STEP_ONLINE, 2036);
	assert_unseen(ep, STEP_PROVED);
	assert_stands(ep, EPISODE_DONE, "online", "-");
	story("flow/design-unplug.story");
	assert_at(ep, STEP_PROVED, 9002.3);
	ep = episode(2, EPISODE_UNPLUG, 1);
	assert_at(ep, STEP_EJECT, 9003);
	assert_at(ep, STEP_GONE, 9003.4);
	assert_at(ep, STEP_F, 9004);
	assert_set(&ep->rendezvous, "0 1");
	assert_stands(ep, EPISODE_DONE, "f", "-");
	only(2);
}

static void the_designs_own_order_hangs_under_tcg(void **state)
{
	struct episode *ep;

	(void)state;
	story("flow/design-os.story");
	story("flow/design-found.story");
	play("@4000 advance");
	ep = episode(1, EPISODE_PLUG, 1);
	assert_stands(ep, EPISODE_STUCK, "c", "d-entry");
	assert_int_equal(ep->stuck_ns, STORY_MS(3022.7));
	assert_unseen(ep, STEP_D_ENTRY);
}

/* The NOP handler comes back while the CPU is still in the other one: it runs what it entered. */
static void what_a_cpu_entered_it_runs(void **state)
{
	struct episode *ep;

	(void)state;
	story("flow/design-os.story");
	story("flow/design-found.story");
	play("@2023.6 cpu=1 smi-enter smbase=0x30000\n@2023.7 cpu=0 handler code=nop size=2\n"
	     "@2023.8 cpu=1 smbase-write old=0x30000 new=0x7030000");
	ep = episode(1, EPISODE_PLUG, 1);
	assert_at(ep, STEP_D_ENTRY, 2023.6);
	assert_at(ep, STEP_D_PASS, 2023.6);
	assert_stands(ep, EPISODE_RUNNING, "d-write", "d-rsm");
}

/* All CPUs are out, but the relocation handler stays where any new CPU would run it. */
static void without_the_nop_handler_it_is_not_over(void **state)
{
	struct episode *ep;

	(void)state;
	story("flow/design-os.story");
	story("flow/design-found.story");
	play("@2023.5 cpu=0 ipi target=1 mode=smi dest=one\n@2023.6 cpu=1 smi-enter smbase=0x30000\n"
	     "@2023.7 cpu=1 smbase-write old=0x30000 new=0x7030000\n@2023.9 cpu=1 smi-leave smbase=0x30000\n"
	     "@2024.5 cpu=0 smi-leave smbase=0x7020000\n@3100 advance");
	ep = episode(1, EPISODE_PLUG, 1);
	assert_at(ep, STEP_E, 2024.5);
	assert_stands(ep, EPISODE_STUCK, "e", "f");
	play("@3200 cpu=0 handler code=nop size=2");
	assert_stands(ep, EPISODE_RUNNING, "f", "clear");
}

static void only_such_firmware_is_of_the_design(void **state)
{
	static const char *const others[] = {
		"zero size=0", "template size=16", "unknown size=200", "nop size=90", "gate gate=0x30000 pass=0x3805e",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		char text[128];

		snprintf(text, sizeof(text), "@%zu handler code=%s", i + 1, others[i]);
		play(text);
		assert_ptr_not_equal(flow_profile_now(judge_flow(j)), flow_profile_by_name("design"));
	}
	assert_ptr_equal(flow_profile_now(judge_flow(j)), flow_profile_by_name("ovmf"));
}

static void without_a_known_handler_what_all_share_is_followed(void **state)
{
	struct episode *ep;

	(void)state;
	play("@1000 session what=attach\n@1000 cpu=0 cpu-add apic_id=0\n"
	     "@1000 cpu=0 cpu-seen rip=0xe0c9731 cs=0x38 in_smm=0 halted=0\n"
	     "@1000 cpu=0 smbase-found smbase=0xffbf000 via=scan\n");
	story("flow/plug-found.story");
	story("flow/plug-hang.story");
	ep = episode(1, EPISODE_PLUG, 1);
	assert_null(ep->profile);
	assert_unseen(ep, STEP_A);
	assert_at(ep, STEP_B, 2045.2);
	assert_stands(ep, EPISODE_RUNNING, "c", "d-entry");
	story("flow/plug-kick.story");
	assert_stands(ep, EPISODE_DONE, "online", "-");
}

static void a_handler_found_later_tells_the_profile(void **state)
{
	struct episode *ep;

	(void)state;
	play("@1000 session what=attach\n@1000 cpu=0 cpu-add apic_id=0\n"
	     "@1000 cpu=0 cpu-seen rip=0xe0c9731 cs=0x38 in_smm=0 halted=0\n"
	     "@1000 cpu=0 smbase-found smbase=0xffbf000 via=scan\n");
	story("flow/plug-found.story");
	ep = episode(1, EPISODE_PLUG, 1);
	assert_null(ep->profile);
	play("@2028.9 handler code=gate gate=0x30000 about=0x3000c pass=0x3805e");
	assert_ptr_equal(ep->profile, flow_profile_by_name("ovmf"));
	assert_ptr_equal(flow_profile_now(judge_flow(j)), ep->profile);
	story("flow/plug-hang.story");
	assert_at(ep, STEP_B, 2045.2);
}

static void what_was_lost_is_passed_over(void **state)
{
	struct episode *ep;

	(void)state;
	story("flow/os.story");
	play("@2000 cpu=1 cpu-add apic_id=1\n"
	     "@2010 source=qemulog lost until=5000000000 count=100\n");
	play("@5000.2 cpu=1 smi-enter smbase=0x30000\n"
	     "@5000.4 cpu=1 smbase-write old=0x30000 new=0xffc1000\n"
	     "@5000.6 cpu=1 smi-leave smbase=0x30000\n");
	ep = episode(1, EPISODE_PLUG, 1);
	assert_stands(ep, EPISODE_RUNNING, "d-rsm", "e");
	assert_unseen(ep, STEP_C);
	assert_unseen(ep, STEP_D_PASS);
}

static void an_os_that_starts_it_unrelocated_is_no_progress(void **state)
{
	struct episode *ep;

	(void)state;
	story("flow/os.story");
	story("flow/plug-found.story");
	play("@2029.1 cpu=0 smi-enter smbase=0xffbf000\n@2030 cpu=0 smi-leave smbase=0xffbf000\n"
	     "@2040 cpu=0 cpuhp reg=4 dir=write value=2 selector=1\n"
	     "@2050 cpu=0 ipi target=1 mode=init dest=one\n@2051 cpu=0 ipi target=1 mode=sipi vector=0x98 dest=one\n"
	     "@9000 advance");
	ep = episode(1, EPISODE_PLUG, 1);
	assert_stands(ep, EPISODE_STUCK, "rendezvous", "a");
	assert_unseen(ep, STEP_CLEAR);
}

/* ---- time ---- */

static void a_pause_is_no_time(void **state)
{
	struct episode *ep;

	(void)state;
	story("flow/os.story");
	story("flow/plug-found.story");
	story("flow/plug-hang.story");
	ep = episode(1, EPISODE_PLUG, 1);
	play("@2500 pause until=12500000000 why=stop\n@13057 advance");
	assert_stands(ep, EPISODE_RUNNING, "c", "d-entry");
	assert_int_equal(flow_next_deadline(judge_flow(j), judge_scene(j)), STORY_MS(13057.4));
	play("@13058 advance");
	assert_stands(ep, EPISODE_STUCK, "c", "d-entry");
	assert_int_equal(ep->stuck_ns, STORY_MS(13057.4));
}

static void a_pause_without_an_end_goes_on(void **state)
{
	struct episode *ep;

	(void)state;
	story("flow/os.story");
	story("flow/plug-found.story");
	story("flow/plug-hang.story");
	ep = episode(1, EPISODE_PLUG, 1);
	play("@2500 pause why=foreign\n@99000 advance");
	assert_stands(ep, EPISODE_RUNNING, "c", "d-entry");
	assert_true(flow_next_deadline(judge_flow(j), judge_scene(j)) == INT64_MAX);
	play("@99000 pause until=99000000000 why=foreign\n@99600 advance");
	assert_stands(ep, EPISODE_STUCK, "c", "d-entry");
}

static void deadlines_are_the_users(void **state)
{
	struct judge_options o;
	struct error err;

	(void)state;
	judge_options_init(&o);
	assert_int_equal(flow_options_deadline(&o.flow, "gpe=30s,c=250ms", &err), 0);
	assert_int_equal(o.flow.deadline_ns[STEP_GPE], STORY_MS(30000));
	assert_int_equal(o.flow.deadline_ns[STEP_C], STORY_MS(250));
	assert_int_equal(o.flow.deadline_ns[STEP_B], STORY_MS(1000));
	judge_free(j);
	j = judge_new(&o);
	story("flow/os.story");
	story("flow/plug-found.story");
	story("flow/plug-hang.story");
	play("@2308 advance");
	assert_stands(episode(1, EPISODE_PLUG, 1), EPISODE_STUCK, "c", "d-entry");
	assert_int_equal(flow_options_deadline(&o.flow, "3s", &err), 0);
	assert_int_equal(o.flow.deadline_ns[STEP_C], STORY_MS(3000));
	assert_int_equal(o.flow.deadline_ns[STEP_PROVED], 0);
}

static void assert_refused(const char *text, const char *part)
{
	struct flow_options o, before;
	struct error err = { 0 };

	flow_options_init(&o);
	before = o;
	assert_int_equal(flow_options_deadline(&o, text, &err), -ERR_USAGE);
	if (!strstr(err.text, part))
		fail_msg("'%s' says: %s", text, err.text);
	assert_memory_equal(&o, &before, sizeof(o));
}

static void wrong_deadlines_are_refused(void **state)
{
	(void)state;
	assert_refused("rendezvus=2s", "did you mean 'rendezvous'?");
	assert_refused("c=2s,gqe=1s", "'gqe'");
	assert_refused("c=soon", "\"soon\" is not a time");
	assert_refused("c=", "not a time");
	assert_refused("", "missing");
	assert_refused("soon", "not a time");
}

/* ---- ends ---- */

static void a_reset_of_the_machine_cuts_it_short(void **state)
{
	struct episode *ep;

	(void)state;
	story("flow/os.story");
	story("flow/plug-found.story");
	story("flow/plug-hang.story");
	play("@4000 cpu=0 cpu-reset in_smm=1 halted=0\n@4000 cpu=1 cpu-reset in_smm=0 halted=1");
	ep = episode(1, EPISODE_PLUG, 1);
	assert_true(ep->cut_short);
	assert_int_equal(ep->end_ns, STORY_MS(4000));
	assert_int_equal(ep->status, EPISODE_STUCK);
	/* from now on it is a CPU like the other one */
	play("@9000 cpu=0 ipi target=1 mode=smi dest=one\n@9000.1 cpu=1 smi-enter smbase=0x30000");
	assert_stands(episode(2, EPISODE_BOOT, 1), EPISODE_RUNNING, "d-entry", "d-write");
}

static void the_end_of_the_guest_cuts_it_short(void **state)
{
	(void)state;
	story("flow/os.story");
	story("flow/plug-found.story");
	play("@2500 session what=target-exit\n@9000 advance");
	assert_true(episode(1, EPISODE_PLUG, 1)->cut_short);
	assert_stands(episode(1, EPISODE_PLUG, 1), EPISODE_RUNNING, "smi", "rendezvous");
}

static void unplug_ends_with_all_out(void **state)
{
	struct episode *ep;

	(void)state;
	story("flow/os.story");
	story("flow/plug-found.story");
	story("flow/plug-hang.story");
	story("flow/plug-kick.story");
	story("flow/unplug.story");
	ep = episode(2, EPISODE_UNPLUG, 1);
	assert_at(ep, STEP_REQUEST, 9000);
	assert_at(ep, STEP_HAND_OVER, 9005);
	assert_at(ep, STEP_SMI, 9006);
	assert_at(ep, STEP_RENDEZVOUS, 9006.2);
	assert_at(ep, STEP_EJECT, 9008);
	assert_at(ep, STEP_GONE, 9020);
	assert_at(ep, STEP_F, 9020);
	assert_set(&ep->rendezvous, "0 1");
	assert_stands(ep, EPISODE_DONE, "f", "-");
	only(2);
}

/* ---- boot ---- */

static void boot_relocates_one_after_the_other(void **state)
{
	struct episode *ap, *bsp;

	(void)state;
	story("flow/boot.story");
	ap = episode(1, EPISODE_BOOT, 1);
	bsp = episode(2, EPISODE_BOOT, 0);
	assert_at(ap, STEP_SMI, 6168);
	assert_at(ap, STEP_D_ENTRY, 6168.1);
	assert_at(ap, STEP_D_WRITE, 6169);
	assert_at(ap, STEP_D_RSM, 6170);
	assert_at(ap, STEP_PROVED, 9100.2);
	assert_stands(ap, EPISODE_DONE, "d-rsm", "-");
	assert_int_equal(ap->end_ns, STORY_MS(6170));
	assert_at(bsp, STEP_D_RSM, 6182);
	assert_at(bsp, STEP_PROVED, 9100.1);
	assert_stands(bsp, EPISODE_DONE, "d-rsm", "-");
	only(2);
}

static void the_designs_boot_is_a_boot(void **state)
{
	struct episode *ap, *bsp;

	(void)state;
	story("flow/design-boot.story");
	assert_ptr_equal(flow_profile_now(judge_flow(j)), flow_profile_by_name("design"));
	ap = episode(1, EPISODE_BOOT, 1);
	bsp = episode(2, EPISODE_BOOT, 0);
	assert_at(ap, STEP_SMI, 40);
	assert_at(ap, STEP_D_ENTRY, 40.1);
	assert_at(ap, STEP_D_RSM, 40.4);
	assert_stands(ap, EPISODE_DONE, "d-rsm", "-");
	assert_at(bsp, STEP_D_RSM, 41.4);
	assert_stands(bsp, EPISODE_DONE, "d-rsm", "-");
	only(2);
}

static void a_lost_boot_smi_is_stuck(void **state)
{
	(void)state;
	play("@0 session what=attach\n@0 cpu=0 cpu-add apic_id=0\n@0 cpu=1 cpu-add apic_id=1\n"
	     "@100 cpu=0 ipi target=1 mode=smi dest=one\n@2000 advance");
	assert_stands(episode(1, EPISODE_BOOT, 1), EPISODE_STUCK, "smi", "d-entry");
}

static void changes_are_told_once(void **state)
{
	struct flow_options o;
	struct scene *s = calloc(1, sizeof(*s));
	struct model *m = calloc(1, sizeof(*m));
	struct event ev = event_new(EV_CPU_ADD, SRC_FIXTURE, 3, 77);
	struct flow_input in = { 1, &ev, m, s };
	struct flow *f;

	(void)state;
	flow_options_init(&o);
	f = flow_new(&o);
	scene_init(s);
	model_init(m);
	s->cpu[3].hot = true;
	s->cpu[3].added = (struct moment){ 1, 77 };
	flow_event(f, &in);
	assert_int_equal(flow_changed(f)->cpu, 3);
	assert_null(flow_changed(f));
	in.id = 2;
	ev = event_new(EV_PORT, SRC_FIXTURE, 0, 80);
	flow_event(f, &in);
	assert_null(flow_changed(f));
	flow_advance(f, s, 77 + 10000000000);
	assert_int_equal(flow_changed(f)->status, EPISODE_STUCK);
	assert_null(flow_changed(f));
	flow_free(f);
	free(s);
	free(m);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, begin, end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(the_stock_hang_stands_in_d), T(an_entry_before_its_turn_does_not_count_yet),
		T(a_kick_completes_it), T(the_second_one_has_an_ap_in_rendezvous),
		T(two_at_once_are_two_episodes), T(the_design_exchanges_handlers),
		T(the_design_sends_the_smi_after_the_sipi), T(the_designs_own_order_hangs_under_tcg),
		T(what_a_cpu_entered_it_runs), T(without_the_nop_handler_it_is_not_over),
		T(only_such_firmware_is_of_the_design), T(the_designs_boot_is_a_boot),
		T(without_a_known_handler_what_all_share_is_followed),
		T(a_handler_found_later_tells_the_profile), T(what_was_lost_is_passed_over),
		T(an_os_that_starts_it_unrelocated_is_no_progress), T(a_pause_is_no_time),
		T(a_pause_without_an_end_goes_on), T(deadlines_are_the_users), T(wrong_deadlines_are_refused),
		T(a_reset_of_the_machine_cuts_it_short), T(the_end_of_the_guest_cuts_it_short),
		T(unplug_ends_with_all_out), T(boot_relocates_one_after_the_other),
		T(a_lost_boot_smi_is_stuck), T(changes_are_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
