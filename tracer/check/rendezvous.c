/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One SMI of all CPUs: everybody comes, one does the work (UefiCpuPkg/PiSmmCpuDxeSmm/MpService.c,
 * BSPHandler(), SmmWaitForApArrival()).
 */
#include "common.h"

/* PcdCpuSmmApSyncTimeout of OVMF, with SMI broadcast. */
#define AP_SYNC_NS 1000000000ll

struct rendezvous {
	int64_t round;      /* the number of the one that is judged already */
	int64_t kicked;     /* of the one with a kick in it */
	int64_t paused_round, paused; /* the pauses before the round of that number */
};

/* ---- broadcast ---- */

/*
 * A CPU that had to come and did not; CPU_UNKNOWN = none. One that was reset meanwhile cannot; one that was in SMM
 * since the SMI was raised came to it, though others may still have been in the SMI before.
 */
static int absent(const struct scene *s, const struct model *m, const struct round *r)
{
	for (int i = cpuset_next(&r->expected, 0); i >= 0; i = cpuset_next(&r->expected, i + 1))
		if (!cpuset_has(&r->entered, i) && cpuset_has(&s->present, i) && m->cpu[i].state == STATE_RUNNING &&
		    !moment_after(s->cpu[i].reset, r->raised) && m->cpu[i].smi.id < r->raised.id)
			return i;
	return CPU_UNKNOWN;
}

/* It was at the registers before it can have waited for anybody. */
static bool did_not_wait(const struct round *r)
{
	return moment_is(r->scan) && r->monarch != CPU_UNKNOWN && r->scan.ns - r->raised.ns < AP_SYNC_NS;
}

static void judge_broadcast(struct check *c, const struct check_input *in, int missing)
{
	struct rendezvous *v = check_state(c);
	const struct round *r = &in->scene->round;
	struct finding f = finding_here(in, missing, r->raised.id, r->first_entry.id);

	v->round = r->number;
	if (missing == CPU_UNKNOWN)
		check_holds(c);
	else if (did_not_wait(r))
		check_missing(c, &f, r->raised.ns, "CPU %d did not enter SMM, though an SMI was raised for all CPUs, and the "
			      "monarch, CPU %d, did not wait for it", missing, r->monarch);
	else
		check_missing(c, &f, r->raised.ns, "CPU %d did not enter SMM, though an SMI was raised for all CPUs: "
			      "%s without it", missing, ends_round(in) ? "the SMI ended" : "the monarch goes on");
}

/* It comes by the broadcast alone, and the monarch has looked at the registers already: it did not wait. */
static bool comes_late(const struct check_input *in)
{
	const struct round *r = &in->scene->round;
	int cpu = in->ev->cpu;

	return in->ev->kind == EV_SMI_ENTER && in->ev->origin == ORIGIN_OBSERVED && r->open &&
	       cpuset_has(&r->expected, cpu) && !cpuset_has(&r->entered, cpu) &&
	       cpuset_has(&r->inside, r->monarch) && moment_is(r->scan) && !in->scene->cpu[cpu].smi_by_ipi;
}

static void judge_late(struct check *c, const struct check_input *in)
{
	const struct round *r = &in->scene->round;
	struct finding f = finding_here(in, in->ev->cpu, r->raised.id, r->scan.id);

	check_violated(c, &f, "CPU %d came into SMM when the monarch, CPU %d, was at work already", in->ev->cpu,
		       r->monarch);
}

/* At its first look at the registers the monarch must have waited for all; at the end they must have come. */
static void broadcast(struct check *c, const struct check_input *in)
{
	struct rendezvous *v = check_state(c);
	const struct scene *s = in->scene;
	const struct round *r = &s->round;
	bool over = ends_round(in);
	int missing;
	uint64_t features;

	if (v->paused_round != r->number) {
		v->paused_round = r->number;
		v->paused = s->paused_ns;
	}
	if (v->round == r->number || cpuset_count(&r->expected) < 2 ||
	    !scene_config(s, CONFIG_SMI_NEGOTIATED, &features) || !(features & SMI_FEATURE_BROADCAST))
		return;
	if (comes_late(in))
		judge_late(c, in);
	if (!over && (in->ev->kind != EV_CPUHP || !cpuset_has(&r->inside, in->ev->cpu)))
		return;
	missing = absent(s, in->model, r);
	if (over || missing == CPU_UNKNOWN ||
	    scene_guest_ns(s, r->raised.ns, v->paused, in->ev->ts) >= AP_SYNC_NS)
		judge_broadcast(c, in, missing);
}

const struct invariant invariant_broadcast = {
	.name = "broadcast", .severity = SEVERITY_ERROR, .step = "a", .needs = NEED_PORT | NEED_SMM | NEED_CONFIG,
	.kinds = KIND(CPUHP) | KIND(SMI_LEAVE) | KIND(SMI_ENTER),
	.rule = "An SMI by port 0xb2 takes every relocated CPU into SMM before the monarch goes to "
		"work.",
	.meaning = "A CPU that stays outside runs OS code while SMRAM is in use, and can change memory under "
		"the monarch's hands. The SMI got lost, was raised for the writing CPU alone (no "
		"broadcast negotiated, or QEMU older than 2.9), or the CPU sat with SMIs blocked for "
		"longer than PcdCpuSmmApSyncTimeout. One that comes when the monarch is at work already "
		"was not waited for: the count of those who have checked in is wrong, or nobody looks at "
		"it. OVMF's monarch then sends it an SMI of its own, waits once more, and goes on without "
		"it: see rendezvous-no-kick.",
	.event = broadcast, .state = sizeof(struct rendezvous),
};

/* ---- rendezvous-no-kick ---- */

static void rendezvous_no_kick(struct check *c, const struct check_input *in)
{
	struct rendezvous *v = check_state(c);
	const struct round *r = &in->scene->round;
	struct firmware_ipi ipi;
	struct finding f;

	if (is_firmware_ipi(in, &ipi) && ipi.mode == IPI_SMI && ipi.to && ipi.to->relocated) {
		f = finding_here(in, ipi.cpu, ipi.round->raised.id, ipi.round->first_entry.id);
		v->kicked = ipi.round->number;
		check_violated(c, &f, "CPU %d had to send CPU %d an SMI to make it join the rendezvous", in->ev->cpu,
			       ipi.cpu);
	} else if (ends_round(in) && moment_is(r->raised) && cpuset_count(&r->expected) > 1 &&
		   v->kicked != r->number) {
		check_holds(c);
	}
}

const struct invariant invariant_rendezvous_no_kick = {
	.name = "rendezvous-no-kick", .severity = SEVERITY_WARNING, .step = "a",
	.needs = NEED_IPI | NEED_PORT | NEED_SMM,
	.kinds = KIND(IPI) | KIND(SMI_LEAVE),
	.rule = "The monarch never has to send an SMI to a CPU that has its own SMBASE.",
	.meaning = "SmmWaitForApArrival() (UefiCpuPkg/PiSmmCpuDxeSmm/MpService.c) waits "
		"PcdCpuSmmApSyncTimeout, one second in OVMF, for all CPUs, and sends SMIs (ICR 0x4200) to "
		"those that are missing. So such an SMI is a second in which the whole machine stood "
		"still, and a CPU whose share of the broadcast was lost, or came before its last SMI had "
		"ended. After a second write to 0xb2 that was meant as a kick it is to be expected.",
	.event = rendezvous_no_kick, .state = sizeof(struct rendezvous),
};

/* ---- monarch-unique ---- */

static void monarch_unique(struct check *c, const struct check_input *in)
{
	const struct round *r = &in->scene->round;
	bool acts = in->ev->kind != EV_SMI_LEAVE && in->ev->origin == ORIGIN_OBSERVED;
	struct finding f = finding_here(in, in->ev->cpu, r->acted.id, 0);

	if (acts && r->monarch != CPU_UNKNOWN && r->monarch != in->ev->cpu && cpuset_has(&r->inside, in->ev->cpu))
		check_violated(c, &f, "CPU %d does the work of an SMI that CPU %d is at work in already", in->ev->cpu,
			       r->monarch);
	else if (ends_round(in) && r->monarch != CPU_UNKNOWN && cpuset_count(&r->entered) > 1)
		check_holds(c);
}

const struct invariant invariant_monarch_unique = {
	.name = "monarch-unique", .severity = SEVERITY_ERROR, .step = "a",
	.needs = NEED_SMM | NEED_CPUHP | NEED_IPI | NEED_HANDOFF,
	.kinds = KIND(CPUHP) | KIND(IPI) | KIND(HANDOFF) | KIND(SMI_LEAVE),
	.rule = "In one SMI one CPU alone uses the hot-plug registers, sends IPIs and writes the words "
		"of the handshake.",
	.meaning = "Two monarchs walk the same lists without a lock: CPUs are relocated twice or not at "
		"all. The election is PlatformSmmBspElection() (OvmfPkg/Library/SmmCpuFeaturesLib), which "
		"takes the CPU with the BSP bit in IA32_APIC_BASE; a firmware without it lets the first "
		"CPU win, which needs a locked exchange. A CPU that was too late for the rendezvous and "
		"starts one of its own looks like this as well.",
	.event = monarch_unique,
};
