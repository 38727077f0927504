/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The APIC ID gate of the relocation handler: who opens and passes it, one at a time, and is it closed again. */
#include "rule.h"

#include <inttypes.h>

/* ---- gate-protocol ---- */

static void opened(struct check *c, const struct check_input *in, uint64_t id)
{
	const struct round *r = &in->scene->round;
	int writer = in->ev->cpu;
	struct finding f = finding_at(in, writer, r->acted.id, 0, 0);

	if (writer == CPU_UNKNOWN || smm_place(in->model, writer) == SMM_UNSEEN)
		check_holds(c); /* as far as it can be judged: closed, then an APIC ID */
	else if (smm_place(in->model, writer) == SMM_OUTSIDE)
		check_violated(c, &f, "CPU %d opened the gate for APIC ID %" PRIu64 " outside SMM", writer,
			       id);
	else if (r->open && r->monarch != CPU_UNKNOWN && r->monarch != writer)
		check_violated(c, &f,
			       "CPU %d opened the gate for APIC ID %" PRIu64 ", but CPU %d is the monarch",
			       writer, id,
			       r->monarch);
	else
		check_holds(c);
}

static void closed(struct check *c, const struct check_input *in, uint64_t id)
{
	int writer = in->ev->cpu, owner = model_cpu_of_apic_id(in->model, id);
	struct finding f = finding_at(in, writer, in->scene->word[WORD_GATE].when.id, 0, 0);

	if (writer == CPU_UNKNOWN || owner == CPU_UNKNOWN || writer == owner)
		check_holds(c);
	else
		check_violated(c, &f,
			       "CPU %d closed the gate, which was open for APIC ID %" PRIu64 " (CPU %d)",
			       writer, id, owner);
}

/* From one APIC ID to another: a sampled gate may have been closed between two looks. */
static void handed_on(struct check *c, const struct check_input *in, uint64_t from, uint64_t to)
{
	struct finding f = finding_at(in, in->ev->cpu, in->scene->word[WORD_GATE].when.id, 0, 0);

	if (in->ev->origin == ORIGIN_INFERRED)
		check_unknown(c, "the gate was looked at now and then, and may have been closed in between");
	else
		check_violated(c, &f,
			       "the gate went from APIC ID %" PRIu64 " to %" PRIu64 " without being closed",
			       from, to);
}

static void gate_protocol(struct check *c, const struct check_input *in)
{
	const struct word_value *w = &in->scene->word[WORD_GATE];
	uint64_t value = event_get(in->ev, HANDOFF_VALUE, 0), before = event_get(in->ev, HANDOFF_OLD,
			w->value);

	if (event_get(in->ev, HANDOFF_WORD, WORD_COUNT) != WORD_GATE || !event_has(in->ev, HANDOFF_VALUE) ||
	    !gate_in_force(in->scene) || (!w->known && before != GATE_CLOSED))
		return; /* or it is installed just now */
	if (before == value)
		return;
	if (before == GATE_CLOSED)
		opened(c, in, value);
	else if (value == GATE_CLOSED)
		closed(c, in, before);
	else
		handed_on(c, in, before, value);
}

const struct invariant invariant_gate_protocol = {
	.name = "gate-protocol", .severity = SEVERITY_ERROR, .step = "a",
	.needs = NEED_HANDOFF | NEED_SMM,
	.kinds = KIND(HANDOFF),
	.rule = "the gate goes from closed to an APIC ID by the monarch only, and back to closed by the CPU "
		"of that APIC ID only",
	.meaning =
	"ApicIdGate (FIRST_SMI_HANDLER_CONTEXT in OvmfPkg/CpuHotplugSmm) is the only thing that lets "
	"hot-added CPUs relocate one at a time: all of them may wait in front of it, and `lock cmpxchg` "
	"from its own APIC ID to -1 takes one through. When somebody else writes it, or it goes from one "
	"APIC ID to the next without a -1 between, two CPUs can run the relocation handler at once and "
	"overwrite each other's save state. Look at SmbaseRelocate() in Smbase.c, which must find -1 "
	"before it stores an APIC ID, and at FirstSmiHandler.nasm; a CPU outside SMM that can write here "
	"means that the default SMRAM is not hidden (smbase-window).",
	.event = gate_protocol,
};

/* ---- one-at-default ---- */

struct default_state {
	struct cpuset working;        /* CPUs that run the relocation handler */
	int64_t since[EVENT_MAX_CPUS], ns[EVENT_MAX_CPUS];
};

static void begins(struct check *c, const struct check_input *in, int cpu)
{
	struct default_state *st = check_state(c);
	int other = cpuset_next(&st->working, 0);
	struct finding f;

	if (cpuset_has(&st->working, cpu))
		return;
	if (other == CPU_UNKNOWN) {
		check_holds(c);
	} else {
		f = finding_at(in, cpu, st->since[other], 0, 0);
		check_missing(c, &f, st->ns[other],
			      "CPU %d relocates itself at the default SMBASE while CPU %d has not left it",
			      cpu,
			      other);
	}
	cpuset_add(&st->working, cpu);
	st->since[cpu] = in->id;
	st->ns[cpu] = in->ev->ts;
}

static void one_at_default(struct check *c, const struct check_input *in)
{
	struct default_state *st = check_state(c);
	int cpu = in->ev->cpu, passed = gate_passed_by(in);

	switch (in->ev->kind) {
	case EV_SMI_ENTER:
		if (event_get(in->ev, SMI_ENTER_SMBASE, SMBASE_UNKNOWN) == SMBASE_DEFAULT &&
		    entry_relocates(in->scene) &&
		    cpuset_valid(cpu))
			begins(c, in, cpu);
		break;
	case EV_HANDOFF: /* a sampled gate may tell of a CPU that has left since */
		if (passed != CPU_UNKNOWN && in->model->cpu[passed].state == STATE_SMM_DEFAULT)
			begins(c, in, passed);
		break;
	case EV_SMBASE_WRITE:
		if (cpuset_valid(cpu) && in->model->cpu[cpu].state == STATE_SMM_DEFAULT)
			begins(c, in, cpu);
		break;
	default: /* RSM, reset, removal */
		cpuset_remove(&st->working, cpu);
	}
}

const struct invariant invariant_one_at_default = {
	.name = "one-at-default", .severity = SEVERITY_ERROR, .step = "d",
	.needs = NEED_SMM | NEED_SMBASE | NEED_HANDOFF,
	.kinds = KIND(SMI_ENTER) | KIND(HANDOFF) | KIND(SMBASE_WRITE) | KIND(SMI_LEAVE) | KIND(CPU_RESET) |
		KIND(CPU_REMOVE),
	.rule = "at most one CPU at a time runs the relocation handler at the default SMBASE; others may "
		"only wait before its gate",
	.meaning =
	"Every CPU that is not relocated saves its state at 0x3fe00 and takes its new SMBASE from the slot "
	"there. When two are inside at once, they get each other's SMBASE or return to each other's RIP: a "
	"crash that looks random. At boot it means that the BSP sent the next SMI before the last CPU had "
	"set mRebased (SmmRelocateBases() in UefiCpuPkg/PiSmmCpuDxeSmm, SmmRelocationLib in newer edk2; "
	"coreboot had this with parallel relocation), at a hot-plug that the gate let two pass, or, where "
	"there is none (the 2019 design), that the monarch sent the next CPU INIT, SIPI and SMI before this "
	"one had left. CPUs that spin before the gate, as hot-added ones do under QEMU's TCG, are not "
	"counted.",
	.event = one_at_default, .state = sizeof(struct default_state),
};

/* ---- gate-closed ---- */

struct closed_state {
	struct opening {
		bool open, sampled;
		int opener;          /* or CPU_UNKNOWN */
		struct moment opened;
		struct moment left;  /* the monarch has, when the last that was heard of the gate was: open */
	} gate;
	int64_t relocating;          /* the round in which the relocation handler was put there, or run */
};

static void remember_opening(struct opening *st, const struct check_input *in)
{
	*st = (struct opening){
		.open = true, .sampled = in->ev->origin == ORIGIN_INFERRED,
		.opener = in->ev->cpu != CPU_UNKNOWN ? in->ev->cpu : in->scene->round.monarch,
		.opened = { in->id, in->ev->ts },
	};
}

static void left_open(struct check *c, const struct check_input *in, struct moment left)
{
	const struct closed_state *st = check_state(c);
	struct finding f = finding_at(in, st->gate.opener, st->gate.opened.id, left.id, 0);

	check_violated(c, &f, "the monarch, CPU %d, left SMM while the gate at the default SMBASE was open",
		       st->gate.opener);
}

/* A sampled gate is closed: was it so when the monarch left? */
static void settle(struct check *c, const struct check_input *in)
{
	struct closed_state *st = check_state(c);
	int64_t open_at = (int64_t)event_get(in->ev, HANDOFF_SINCE, 0);

	if (!moment_is(st->gate.left))
		check_holds(c);
	else if (open_at > st->gate.left.ns)
		left_open(c, in, st->gate.left);
	else
		check_unknown(c, "the gate was looked at now and then: not when the monarch left");
	st->gate = (struct opening){ 0 };
}

static void opener_leaves(struct check *c, const struct check_input *in)
{
	struct closed_state *st = check_state(c);

	if (!st->gate.sampled) {
		left_open(c, in, (struct moment){ in->id, in->ev->ts });
		st->gate = (struct opening){ 0 };
	} else if (!moment_is(st->gate.left)) {
		st->gate.left = (struct moment){ in->id, in->ev->ts };
	}
}

static void watch_gate(struct check *c, const struct check_input *in)
{
	struct closed_state *st = check_state(c);
	bool gate = in->ev->kind == EV_HANDOFF && event_get(in->ev, HANDOFF_WORD, WORD_COUNT) == WORD_GATE;

	if (gate_opens(in))
		remember_opening(&st->gate, in);
	else if (!st->gate.open)
		return;
	else if (gate && event_get(in->ev, HANDOFF_VALUE, 0) == GATE_CLOSED)
		settle(c, in);
	else if (in->ev->kind == EV_SMI_LEAVE && in->ev->cpu == st->gate.opener)
		opener_leaves(c, in);
}

/* Without a gate. What is seen of the code is as old as the last stop, and a monarch's RSM is one. */
static void monarch_leaves(struct check *c, const struct check_input *in)
{
	const struct closed_state *st = check_state(c);
	const struct scene *s = in->scene;
	const struct round *r = round_inside(s, in->ev->cpu);
	struct finding f = finding_at(in, in->ev->cpu, s->handler_when.id, 0, 0);

	if (!r || r->monarch != in->ev->cpu || st->relocating != r->number || !moment_is(s->locked))
		return;
	if (handler_code_now(s) == CODE_NOP)
		check_holds(c);
	else if (handler_code_now(s) != CODE_RELOCATE)
		return;
	else if (in->ev->origin == ORIGIN_INFERRED || is_unstopped(in->ev))
		check_unknown(c, "the monarch's RSM was not stopped at, nor the code at the default SMBASE then");
	else
		check_violated(c, &f, "the monarch, CPU %d, left SMM while the relocation handler was at the default SMBASE",
			       in->ev->cpu);
}

static bool relocates(const struct check_input *in)
{
	const struct event *ev = in->ev;

	if (ev->kind == EV_HANDLER)
		return event_get(ev, HANDLER_CODE, CODE_UNKNOWN) == CODE_RELOCATE;
	return ev->kind == EV_SMI_LEAVE && cpuset_valid(ev->cpu) &&
	       in->model->cpu[ev->cpu].state == STATE_SMM_DEFAULT &&
	       in->model->cpu[ev->cpu].smbase_pending != SMBASE_UNKNOWN;
}

static void gate_closed(struct check *c, const struct check_input *in)
{
	struct closed_state *st = check_state(c);
	int cpu = in->ev->cpu;

	if (in->ev->kind == EV_CPU_RESET) {
		if (cpuset_valid(cpu) && cpu == st->gate.opener && !in->model->cpu[cpu].init_ipi)
			st->gate = (struct opening){ 0 }; /* the machine was reset */
		return;
	}
	if (event_get(in->ev, SMI_LEAVE_VIA, VIA_BREAKPOINT) == VIA_RESET && in->ev->kind == EV_SMI_LEAVE)
		return;
	if (relocates(in) && in->scene->round.open)
		st->relocating = in->scene->round.number;
	watch_gate(c, in);
	if (in->ev->kind == EV_SMI_LEAVE)
		monarch_leaves(c, in);
}

const struct invariant invariant_gate_closed = {
	.name = "gate-closed", .severity = SEVERITY_ERROR, .step = "f",
	.needs = NEED_HANDOFF | NEED_HANDLER | NEED_SMM,
	.kinds = KIND(HANDOFF) | KIND(HANDLER) | KIND(SMI_LEAVE) | KIND(CPU_RESET),
	.rule = "before the monarch leaves SMM, the gate at the default SMBASE is closed again, or the NOP handler "
		"back in the relocation handler's place",
	.meaning =
	"The 2019 design puts the NOP handler back when all new CPUs are relocated; in OVMF the gate at -1 "
	"does the same. A relocation handler that stays relocates the next CPU that takes an SMI there, and "
	"a gate that stays open for an APIC ID the next CPU with that ID, at any SMI, with the SMBASE that "
	"was left in NewSmbase, while no monarch watches: a CPU in SMM that the firmware does not know of, "
	"perhaps on top of another one's save state. SmbaseRelocate() (OvmfPkg/CpuHotplugSmm/Smbase.c) "
	"waits for AboutToLeaveSmm, which the new CPU writes behind the gate; leaving without it means that "
	"the wait was cut short, or AboutToLeaveSmm was set by somebody else.",
	.event = gate_closed, .state = sizeof(struct closed_state),
};
