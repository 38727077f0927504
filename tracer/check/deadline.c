/* SPDX-License-Identifier: GPL-3.0-or-later */
/* reloc-deadline: a relocation's places to hang. */
#include "rule.h"

#include <inttypes.h>
#include <stdio.h>

#define RELOC_DEADLINE (1 * RULE_S)

/* What is waited for. */
enum stage { STAGE_NONE, STAGE_PASS, STAGE_ABOUT, STAGE_RSM, STAGE_PEN, STAGE_COUNT };

struct stage_text {
	const char *not_yet, *since;
};

static const struct stage_text with_gate[STAGE_COUNT] = {
	[STAGE_PASS] = { "has not come through the gate", "the SIPI" },
	[STAGE_ABOUT] = { "has not said that it is about to leave SMM", "it passed the gate" },
	[STAGE_RSM] = { "has not left SMM", "it said that it is about to" },
	[STAGE_PEN] = { "has not arrived in the pen", "it left the default SMBASE" },
};

static const struct stage_text without_gate[STAGE_COUNT] = {
	[STAGE_PASS] = { "has not entered SMM at the default SMBASE", "the SIPI" },
	[STAGE_ABOUT] = { "has not left SMM", "it entered it at the default SMBASE" },
	[STAGE_RSM] = { "has not left SMM", "it said that it is about to" },
	[STAGE_PEN] = { "has not arrived in the pen", "it left the default SMBASE" },
};

/* It was there, and left as it came: through a NOP, or a handler that does not write. */
static const struct stage_text in_vain = { "has been in SMM and has no SMBASE of its own", "the SIPI" };

struct reloc_state {
	uint8_t stage[EVENT_MAX_CPUS];
	int monarch[EVENT_MAX_CPUS];  /* who sent the SIPI */
	struct wait sipi[EVENT_MAX_CPUS]; /* that one */
	struct waits waits;
};

static void await(struct reloc_state *st, const struct check_input *in, int cpu, enum stage stage)
{
	if (st->stage[cpu] == STAGE_NONE || st->stage[cpu] >= stage)
		return;
	st->stage[cpu] = (uint8_t)stage;
	waits_start(&st->waits, cpu, in);
}

/* It left without a new SMBASE: all the same, what it was sent the SIPI for has not come. */
static void back_to_sipi(struct reloc_state *st, int cpu)
{
	st->stage[cpu] = STAGE_PASS;
	st->waits.cpu[cpu] = st->sipi[cpu];
	if (st->waits.cpu[cpu].ns < st->waits.soonest)
		st->waits.soonest = st->waits.cpu[cpu].ns;
}

static void stop(struct reloc_state *st, int cpu)
{
	st->stage[cpu] = STAGE_NONE;
	waits_stop(&st->waits, cpu);
}

/* Unless it was found overdue at this stage, and that told. */
static void done(struct check *c, int cpu)
{
	struct reloc_state *st = check_state(c);

	if (cpuset_has(&st->waits.on, cpu))
		check_holds(c);
	stop(st, cpu);
}

/* The monarch does something that it only does when it is through with the last CPU. */
static void monarch_goes_on(struct check *c, int monarch, int but)
{
	struct reloc_state *st = check_state(c);

	for (int i = 0; i < EVENT_MAX_CPUS; i++)
		if (st->stage[i] >= STAGE_RSM && st->monarch[i] == monarch && i != but)
			done(c, i);
}

/* The OS starts it: the monarch has let it go, seen in the pen or not. */
static void os_ipi(struct check *c, const struct check_input *in)
{
	struct reloc_state *st = check_state(c);
	struct cpuset to = scene_ipi_targets(in->scene, in->model, in->ev);

	for (int i = cpuset_next(&to, 0); i >= 0; i = cpuset_next(&to, i + 1))
		if (st->stage[i] >= STAGE_RSM)
			stop(st, i);
}

static void reloc_ipi(struct check *c, const struct check_input *in)
{
	struct reloc_state *st = check_state(c);
	uint64_t mode = event_get(in->ev, IPI_MODE, IPI_FIXED);
	enum smm_place from = smm_place(in->model, in->ev->cpu);
	struct cpuset to;

	if ((mode == IPI_INIT || mode == IPI_SIPI) && from == SMM_OUTSIDE)
		os_ipi(c, in);
	if (mode != IPI_SIPI || from != SMM_INSIDE)
		return;
	to = scene_ipi_targets(in->scene, in->model, in->ev);
	for (int i = cpuset_next(&to, 0); i >= 0; i = cpuset_next(&to, i + 1)) {
		monarch_goes_on(c, in->ev->cpu, i);
		if (in->scene->cpu[i].relocated || in->scene->cpu[i].sipis)
			continue; /* the second one of INIT-SIPI-SIPI */
		st->stage[i] = STAGE_PASS;
		st->monarch[i] = in->ev->cpu;
		waits_start(&st->waits, i, in);
		st->sipi[i] = st->waits.cpu[i];
	}
}

/* A sampled word names nobody: the only CPU that can be meant, being at @stage or at one from there on. */
static int only_at(const struct reloc_state *st, enum stage stage)
{
	int only = CPU_UNKNOWN;

	for (int i = 0; i < EVENT_MAX_CPUS; i++)
		if (st->stage[i] == stage || (stage == STAGE_RSM && st->stage[i] > stage)) {
			if (only != CPU_UNKNOWN)
				return CPU_UNKNOWN;
			only = i;
		}
	return only;
}

static void reloc_word(struct check *c, const struct check_input *in)
{
	struct reloc_state *st = check_state(c);
	uint64_t word = event_get(in->ev, HANDOFF_WORD, WORD_COUNT);
	bool set = event_get(in->ev, HANDOFF_VALUE, 0);
	int passed = gate_passed_by(in), cpu = in->ev->cpu;

	if (passed != CPU_UNKNOWN)
		await(st, in, passed, STAGE_ABOUT);
	if (word == WORD_ABOUT && set) {
		cpu = cpu == CPU_UNKNOWN ? only_at(st, STAGE_ABOUT) : cpu;
		if (cpuset_valid(cpu))
			await(st, in, cpu, STAGE_RSM);
	} else if (word == WORD_PEN && set) {
		cpu = cpu == CPU_UNKNOWN ? only_at(st, STAGE_RSM) : cpu;
		if (cpuset_valid(cpu) && st->stage[cpu] >= STAGE_RSM)
			done(c, cpu);
	}
}

/* The monarch leaves. Without a gate: is a CPU that it has started still where it was, and nobody waits for it? */
static void monarch_gives_up(struct check *c, const struct check_input *in)
{
	struct reloc_state *st = check_state(c);
	int monarch = in->ev->cpu;

	for (int i = 0; i < EVENT_MAX_CPUS && !gate_in_force(in->scene); i++) {
		struct finding f = finding_at(in, i, st->sipi[i].id, in->scene->cpu[i].default_leave.id, 0);

		if (!st->stage[i] || st->stage[i] >= STAGE_RSM || st->monarch[i] != monarch || i == monarch)
			continue;
		if (cpuset_has(&st->waits.on, i))
			check_missing(c, &f, st->sipi[i].ns, "the monarch, CPU %d, left SMM, and CPU %d, which it has started, has "
				      "no SMBASE of its own", monarch, i);
		stop(st, i);
	}
}

/* Without a gate the entry is the pass. */
static void reloc_enter(struct check *c, const struct check_input *in)
{
	struct reloc_state *st = check_state(c);

	if (event_get(in->ev, SMI_ENTER_SMBASE, SMBASE_UNKNOWN) == SMBASE_DEFAULT && entry_relocates(in->scene))
		await(st, in, in->ev->cpu, STAGE_ABOUT);
}

/* OVMF's monarch waits for the pen's flag; another's does if it has cleared it since the SIPI. */
static bool pen_is_awaited(const struct check_input *in, int cpu)
{
	const struct word_value *pen = &in->scene->word[WORD_PEN];

	return gate_in_force(in->scene) ||
	       (pen->known && !pen->value && moment_after(pen->when, in->scene->cpu[cpu].sipi));
}

static bool nobody_saw_the_slot(const struct check_input *in)
{
	const struct cpu *c = &in->model->cpu[in->ev->cpu];

	return is_unstopped(in->ev) && c->state == STATE_SMM_DEFAULT && c->smbase_pending == SMBASE_UNKNOWN;
}

/* Its RSM ends a relocation without a pen; where there is one, the monarch's RSM shows that it saw the CPU there. */
static void reloc_leave(struct check *c, const struct check_input *in)
{
	struct reloc_state *st = check_state(c);
	int cpu = in->ev->cpu;
	bool rsm = event_get(in->ev, SMI_LEAVE_VIA, VIA_BREAKPOINT) != VIA_RESET;

	if (!rsm)
		return;
	if (st->stage[cpu] && nobody_saw_the_slot(in)) {
		check_unknown(c, "what a CPU wrote to its SMBASE slot was not seen");
		stop(st, cpu);
	} else if (st->stage[cpu] && in->model->cpu[cpu].smbase_pending != SMBASE_UNKNOWN) {
		await(st, in, cpu, STAGE_PEN);
		if (!pen_is_awaited(in, cpu))
			done(c, cpu);
	} else if (st->stage[cpu] > STAGE_PASS && cpuset_has(&st->waits.on, cpu) && !gate_in_force(in->scene)) {
		back_to_sipi(st, cpu);
	}
	monarch_goes_on(c, cpu, CPU_UNKNOWN);
	monarch_gives_up(c, in);
}

static void reloc_deadline(struct check *c, const struct check_input *in)
{
	struct reloc_state *st = check_state(c);
	int cpu = in->ev->cpu;

	if (in->ev->kind == EV_IPI)
		reloc_ipi(c, in);
	else if (in->ev->kind == EV_HANDOFF)
		reloc_word(c, in);
	else if (!cpuset_valid(cpu))
		return;
	else if (in->ev->kind == EV_SMI_ENTER)
		reloc_enter(c, in);
	else if (in->ev->kind == EV_SMI_LEAVE)
		reloc_leave(c, in);
	else if (in->ev->kind == EV_SMBASE_WRITE && cpu_in_smm(&in->model->cpu[cpu]))
		await(st, in, cpu, STAGE_ABOUT);
	else if (in->ev->kind == EV_CPU_REMOVE || (in->ev->kind == EV_CPU_RESET &&
		 !in->model->cpu[cpu].init_ipi))
		stop(st, cpu);
}

static struct stage_text text_of(const struct scene *s, enum stage stage, int cpu)
{
	if (gate_in_force(s))
		return with_gate[stage];
	if (stage == STAGE_PASS && moment_after(s->cpu[cpu].default_leave, s->cpu[cpu].sipi))
		return in_vain;
	return without_gate[stage];
}

static void reloc_overdue(struct check *c, const struct model *m, const struct scene *s, int64_t now)
{
	struct reloc_state *st = check_state(c);
	int64_t deadline = check_deadline_ns(c, RELOC_DEADLINE);
	int cpu;

	(void)m;
	while ((cpu = waits_overdue(&st->waits, s, deadline, now)) >= 0) {
		const struct wait *w = &st->waits.cpu[cpu];
		const struct scene_cpu *monarch = &s->cpu[st->monarch[cpu]];
		struct stage_text text = text_of(s, st->stage[cpu], cpu);
		struct finding f = finding_overdue(st->waits.over_ns, cpu, st->sipi[cpu].id, w->id);
		char polls[48] = "";

		if (event_has(&monarch->seen_event, CPU_SEEN_POLLS) && monarch->seen.ns >= w->ns)
			snprintf(polls, sizeof(polls), ", which polls %#" PRIx64,
				 monarch->seen_event.arg[CPU_SEEN_POLLS]);
		check_missing(c, &f, w->ns, "CPU %d %s %.1f s after %s; the monarch is CPU %d%s", cpu,
			      text.not_yet, rule_seconds(deadline), text.since, st->monarch[cpu], polls);
	}
}

const struct invariant invariant_reloc_deadline = {
	.name = "reloc-deadline", .severity = SEVERITY_ERROR, .step = "d",
	.needs = NEED_IPI | NEED_HANDOFF | NEED_SMBASE | NEED_SMM,
	.kinds = KIND(IPI) | KIND(HANDOFF) | KIND(SMI_ENTER) | KIND(SMI_LEAVE) | KIND(SMBASE_WRITE) |
		KIND(CPU_RESET) | KIND(CPU_REMOVE),
	.rule = "after the SIPI the new CPU passes the gate (without one: enters the relocation handler), says that "
		"it is about to leave, leaves, and arrives in the pen, each within the deadline; the monarch waits for it",
	.meaning =
	"The relocation hangs, and with it every CPU that is held in SMM. Where it hangs tells why. Not "
	"through the gate: the new CPU took no SMI (smi-before-init, smi-survives-init), was reset in it "
	"(no-init-in-smm), or the gate is open for another APIC ID; without a gate, it has not entered SMM "
	"at the default SMBASE since the SIPI, or only where the NOP handler was. Through the gate but not "
	"about to leave: it faulted in the relocation handler, wrote elsewhere, or never executes RSM. Not "
	"in the pen: its RSM returned to something else than the pen, whose page the OS can write. The "
	"monarch waits in SmbaseRelocate() (OvmfPkg/CpuHotplugSmm/Smbase.c), first on AboutToLeaveSmm at "
	"the default SMBASE, then on the last byte of the pen's page. Firmware before edk2 cbccf99592 sent "
	"no SMI of its own and hung here whenever a CPU was added behind the broadcast (BZ2929).",
	.event = reloc_deadline, .time = reloc_overdue, .state = sizeof(struct reloc_state),
};
