/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rsm-balance: every stay in SMM ends, the monarch's first of all. */
#include "rule.h"

#include <inttypes.h>

#define SMI_DEADLINE (2 * RULE_S)       /* of a hot-plug's SMI */
#define RELEASED_DEADLINE (1 * RULE_S)  /* for the others, once the monarch has left */
#define LONG_SMI_DEADLINE (120 * RULE_S) /* of any other: at ReadyToLock edk2 works for seconds, on a busy host a minute */

struct balance_state {
	struct waits inside, released;
	int monarch[EVENT_MAX_CPUS];    /* that released it */
	int64_t monarch_ns;             /* when the last monarch that was told of was overdue */
};

static void out(struct balance_state *st, int cpu)
{
	waits_stop(&st->inside, cpu);
	waits_stop(&st->released, cpu);
}

/* The monarch leaves: now the others have no more to wait for. */
static void release(struct balance_state *st, const struct check_input *in)
{
	const struct round *r = round_inside(in->scene, in->ev->cpu);

	if (!r || r->monarch != in->ev->cpu)
		return;
	for (int i = cpuset_next(&r->inside, 0); i >= 0; i = cpuset_next(&r->inside, i + 1)) {
		if (i == in->ev->cpu || !cpuset_has(&st->inside.on, i))
			continue;
		waits_start(&st->released, i, in);
		st->monarch[i] = in->ev->cpu;
	}
}

static void rsm_balance(struct check *c, const struct check_input *in)
{
	struct balance_state *st = check_state(c);
	int cpu = in->ev->cpu;

	if (!cpuset_valid(cpu))
		return;
	switch (in->ev->kind) {
	case EV_SMI_ENTER:
		out(st, cpu);
		waits_start(&st->inside, cpu, in);
		break;
	case EV_SMI_LEAVE: /* a reset in SMM is no-init-in-smm's business */
		out(st, cpu);
		if (event_get(in->ev, SMI_LEAVE_VIA, VIA_BREAKPOINT) == VIA_RESET)
			break;
		check_holds(c);
		release(st, in);
		break;
	case EV_CPU_SEEN: /* outside: it left unseen */
		if (!event_get(in->ev, CPU_SEEN_IN_SMM, 1))
			out(st, cpu);
		break;
	default:
		out(st, cpu);
	}
}

/* It was handed to the firmware to be ejected: it stays parked in SMM until it is gone. */
static bool being_ejected(const struct scene_cpu *c)
{
	return c->fw_remove || moment_after(c->ejected, c->added);
}

/* QEMU's TCG lets a hot-added CPU take an SMI at once; it waits at the gate until the OS asks for it. */
static bool at_the_gate(const struct scene *s, const struct cpu *c, const struct scene_cpu *sc)
{
	return gate_in_force(s) && c->state == STATE_SMM_DEFAULT && sc->hot &&
	       !moment_after(sc->gate_pass, sc->default_entry);
}

static void lost_in_smm(struct check *c, const struct cpu *m, struct finding f, bool monarch, int64_t deadline)
{
	check_missing(c, &f, m->smi.enter_ns,
		      "CPU %d%s entered SMM at SMBASE %#" PRIx64 "%s and has not left %.1f s later",
		      f.cpu, monarch ? ", the monarch," : "", m->smi.smbase,
		      m->state == STATE_SMM_DEFAULT ? ", the default one," : "", rule_seconds(deadline));
}

static void left_behind(struct check *c, const struct model *m, const struct scene *s, int64_t now)
{
	struct balance_state *st = check_state(c);
	int64_t deadline = check_deadline_ns(c, RELEASED_DEADLINE);
	int cpu;

	while ((cpu = waits_overdue(&st->released, s, deadline, now)) >= 0) {
		const struct wait *w = &st->released.cpu[cpu];
		struct finding f = finding_overdue(st->released.over_ns, cpu, m->cpu[cpu].smi.id, w->id);

		if (being_ejected(&s->cpu[cpu]))
			continue;
		waits_stop(&st->inside, cpu);
		check_missing(c, &f, w->ns, "CPU %d has not left SMM %.1f s after the monarch, CPU %d", cpu,
			      rule_seconds(deadline), st->monarch[cpu]);
	}
}

/* Those that wait for a monarch are told of behind it: it may have come an instant later than they. */
static void balance_overdue(struct check *c, const struct model *m, const struct scene *s, int64_t now)
{
	struct balance_state *st = check_state(c);
	bool hotplug = s->round.cmd == APM_CMD_CPU_HOTPLUG;
	int64_t deadline = hotplug ? check_deadline_ns(c, SMI_DEADLINE) : LONG_SMI_DEADLINE;
	int monarch = cpuset_has(&s->round.inside, s->round.monarch) ? s->round.monarch : CPU_UNKNOWN, cpu;
	struct cpuset others = { { 0 } };
	int64_t over[EVENT_MAX_CPUS];

	left_behind(c, m, s, now);
	while ((cpu = waits_overdue(&st->inside, s, deadline, now)) >= 0) {
		over[cpu] = st->inside.over_ns;
		if (being_ejected(&s->cpu[cpu]) || at_the_gate(s, &m->cpu[cpu], &s->cpu[cpu]))
			continue;
		if (cpu != monarch) {
			cpuset_add(&others, cpu);
			continue;
		}
		st->monarch_ns = over[cpu];
		lost_in_smm(c, &m->cpu[cpu], finding_overdue(over[cpu], cpu, m->cpu[cpu].smi.id, 0), true, deadline);
	}
	for (cpu = cpuset_next(&others, 0); cpu >= 0; cpu = cpuset_next(&others, cpu + 1)) {
		bool held = cpuset_has(&s->round.inside, cpu) && monarch != CPU_UNKNOWN;
		int64_t ts = held && over[cpu] < st->monarch_ns ? st->monarch_ns : over[cpu];

		if (held && cpuset_has(&st->inside.on, monarch))
			cpuset_add(&st->inside.on, cpu); /* not yet */
		else
			lost_in_smm(c, &m->cpu[cpu], finding_overdue(ts, cpu, m->cpu[cpu].smi.id, 0), false, deadline);
	}
}

const struct invariant invariant_rsm_balance = {
	.name = "rsm-balance", .severity = SEVERITY_ERROR, .step = "f",
	.needs = NEED_SMM | NEED_CPUHP,
	.kinds = KIND(SMI_ENTER) | KIND(SMI_LEAVE) | KIND(CPU_SEEN) | KIND(CPU_RESET) | KIND(CPU_REMOVE),
	.rule = "every CPU that enters SMM leaves it by RSM within the deadline (2 s in a "
		"hot-plug, else 120 s), and soon after the monarch, unless it is being ejected",
	.meaning =
	"A CPU is lost in SMM; the OS sees it stand still, and soon its watchdog. When it is the monarch, "
	"it may be slow, which the OS feels as well; else look at what it waits for: in a hot-plug that is "
	"reloc-deadline's matter, otherwise a fault in SMM code (edk2 PR 6118: code patched at run time; "
	"CET stacks: ef91b07388) or an assertion that stops in CpuDeadLoop() (ConfigSmmCodeAccessCheck on "
	"absent CPUs, #6968). When it is another one, the monarch did not release it, or it missed the "
	"release (semaphore race, d49364779c).",
	.event = rsm_balance, .time = balance_overdue, .state = sizeof(struct balance_state),
};
