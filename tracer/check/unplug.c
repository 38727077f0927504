/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hot-unplug: in which order, and that nothing is heard of the CPU afterwards. */
#include "rule.h"

static bool register_access(const struct check_input *in, unsigned reg, enum event_dir dir, int *cpu)
{
	uint64_t selector = event_get(in->ev, CPUHP_SELECTOR, in->scene->selector);

	*cpu = selector < EVENT_MAX_CPUS ? (int)selector : CPU_UNKNOWN;
	return in->ev->kind == EV_CPUHP && event_get(in->ev, CPUHP_REG, UINT64_MAX) == reg &&
	       event_get(in->ev, CPUHP_DIR, DIR_READ) == (uint64_t)dir && *cpu != CPU_UNKNOWN;
}

static bool ejects(const struct check_input *in, int *cpu)
{
	return register_access(in, HP_CONTROL, DIR_WRITE, cpu) && event_get(in->ev, CPUHP_VALUE,
			0) & HP_EJECT;
}

/* Found in this round with the firmware's eject request. */
static const struct found_cpu *found_request(const struct round *r, int cpu)
{
	for (unsigned i = 0; i < r->found; i++)
		if (r->found_cpu[i].selector == (uint64_t)cpu && r->found_cpu[i].status & HP_FW_REMOVE)
			return &r->found_cpu[i];
	return NULL;
}

/* ---- eject-order ---- */

/* What should have come before the eject and did not; NULL = nothing. */
static const char *missing_before(const struct check_input *in, int cpu)
{
	const struct scene_cpu *sc = &in->scene->cpu[cpu];
	const struct round *r = &in->scene->round;

	if (sc->remove_pending)
		return "the OS has not cleared the remove event";
	if (!moment_after(sc->handed_over, sc->added))
		return "the OS has not handed it over (0x10)";
	if (!moment_after(r->raised, sc->handed_over))
		return "no SMI was raised since the OS handed it over";
	if (r->cmd != SMI_CMD_UNKNOWN && r->cmd != APM_CMD_CPU_HOTPLUG)
		return "the SMI's command was not 4";
	if (!found_request(r, cpu) && !r->found_more)
		return "the monarch did not find the request in this SMI";
	return NULL;
}

static void eject_in_smm(struct check *c, const struct check_input *in, int cpu)
{
	const struct scene_cpu *sc = &in->scene->cpu[cpu];
	const struct round *r = &in->scene->round;
	const struct found_cpu *found = found_request(r, cpu);
	struct finding f = finding_at(in, cpu, sc->handed_over.id, r->raised.id, found ? found->id : 0);
	const char *missing = missing_before(in, cpu);

	if (!moment_is(r->raised) && !moment_is(sc->handed_over)) {
		check_unknown(c, "the beginning of an unplug was not seen");
		return;
	}
	if (r->monarch != CPU_UNKNOWN && r->monarch != in->ev->cpu)
		check_violated(c, &f, "CPU %d ejects CPU %d, but CPU %d is the monarch", in->ev->cpu, cpu,
			       r->monarch);
	else if (missing)
		check_missing(c, &f, sc->added.ns, "CPU %d ejects CPU %d: %s", in->ev->cpu, cpu, missing);
	else if (smm_place(in->model, cpu) == SMM_UNSEEN)
		check_unknown(c,
			      "the SMBASE of the ejected CPU is not known: whether it was in SMM was not "
			      "seen");
	else if (smm_place(in->model, cpu) == SMM_OUTSIDE)
		check_missing(c, &f, r->raised.ns, "CPU %d ejects CPU %d, which is not parked in SMM",
			      in->ev->cpu, cpu);
	else
		check_holds(c);
}

static void eject_order(struct check *c, const struct check_input *in)
{
	const struct scene_cpu *sc;
	uint64_t features;
	bool firmwares_task;
	struct finding f;
	int cpu;

	if (!ejects(in, &cpu))
		return;
	sc = &in->scene->cpu[cpu];
	f = finding_at(in, cpu, sc->handed_over.id, 0, 0);
	firmwares_task = moment_after(sc->handed_over, sc->added) ||
			 (scene_config(in->scene, CONFIG_SMI_NEGOTIATED, &features) &&
			  features & SMI_FEATURE_HOT_UNPLUG);
	switch (smm_place(in->model, in->ev->cpu)) {
	case SMM_INSIDE:
		eject_in_smm(c, in, cpu);
		break;
	case SMM_OUTSIDE: /* the way of machines without hot-unplug SMIs */
		if (firmwares_task)
			check_violated(c, &f,
				       "CPU %d ejects CPU %d outside SMM, though that is the firmware's task",
				       in->ev->cpu, cpu);
		break;
	case SMM_UNSEEN:
		check_unknown(c, "it is not known whether the CPU that ejected was in SMM");
		break;
	}
}

const struct invariant invariant_eject_order = {
	.name = "eject-order", .severity = SEVERITY_ERROR, .step = "U",
	.needs = NEED_CPUHP | NEED_PORT | NEED_SMM,
	.kinds = KIND(CPUHP),
	.rule = "remove is cleared (0x04), handed over (0x10), raised (4 to 0xb2), found and ejected (0x08) "
		"by the monarch while the CPU is parked in SMM",
	.meaning =
	"A CPU vanished at the wrong moment: outside SMM the others may wait for it at their next "
	"rendezvous until the time-out, and its SMBASE slot stays in use. The OS's part is QEMU's ACPI "
	"code: the scan clears the remove event, _EJ0 writes 0x10 and raises the SMI. The firmware's part "
	"is UnplugCpus() in OvmfPkg/CpuHotplugSmm, which takes the CPU out of the rendezvous "
	"(RemoveProcessor), and EjectCpu(), which parks it and lets the BSP write 0x08 on the way out. "
	"With pc-q35-5.2 and older, or ICH9-LPC.x-smi-cpu-hotunplug=off, the firmware takes no part, and "
	"QEMU refuses device_del once SMI broadcast is negotiated.",
	.event = eject_order,
};

/* ---- eject-final ---- */

struct final_state {
	int64_t left_round, left_id; /* a CPU left SMM in this round before the eject that was asked for */
	int left_cpu;
};

static bool gone(const struct scene_cpu *c)
{
	return moment_after(c->ejected, c->added);
}

static void heard_of(struct check *c, const struct check_input *in, int cpu, const char *what)
{
	const struct scene_cpu *sc = &in->scene->cpu[cpu];
	struct finding f = finding_at(in, cpu, sc->ejected.id, sc->removed.id, 0);

	check_violated(c, &f, "CPU %d was ejected, but %s", cpu, what);
}

/* An AP leaves while a CPU of its round still waits to be ejected. */
static void ap_leaves(struct check *c, const struct check_input *in)
{
	struct final_state *st = check_state(c);
	const struct round *r = &in->scene->round;

	if (in->ev->cpu == r->monarch || !cpuset_has(&r->inside, in->ev->cpu) || st->left_round == r->number)
		return;
	for (unsigned i = 0; i < r->found; i++) {
		uint64_t cpu = r->found_cpu[i].selector;

		if (!(r->found_cpu[i].status & HP_FW_REMOVE) || cpu >= EVENT_MAX_CPUS ||
		    cpu == (uint64_t)in->ev->cpu ||
		    gone(&in->scene->cpu[cpu]))
			continue;
		st->left_round = r->number;
		st->left_id = in->id;
		st->left_cpu = in->ev->cpu;
	}
}

static void on_eject(struct check *c, const struct check_input *in, int cpu)
{
	struct final_state *st = check_state(c);
	const struct round *r = &in->scene->round;
	struct finding f = finding_at(in, cpu, st->left_id, 0, 0);

	if (smm_place(in->model, in->ev->cpu) != SMM_INSIDE)
		return;
	if (r->number && st->left_round == r->number)
		check_violated(c, &f, "CPU %d left SMM before CPU %d was ejected", st->left_cpu, cpu);
	else
		check_holds(c);
}

/* Behind the hand-over and its SMI the OS must find the CPU gone. */
static void on_status(struct check *c, const struct check_input *in, int cpu)
{
	const struct scene_cpu *sc = &in->scene->cpu[cpu];
	struct moment raised = moment_is(in->scene->raised_next) ? in->scene->raised_next :
		in->scene->round.raised;
	struct finding f = finding_at(in, cpu, sc->handed_over.id, raised.id, 0);

	if (smm_place(in->model, in->ev->cpu) == SMM_OUTSIDE && event_get(in->ev, CPUHP_VALUE,
	    0) & HP_FW_REMOVE &&
	    moment_after(sc->handed_over, sc->added) && moment_after(raised, sc->handed_over) && !gone(sc))
		check_violated(c, &f,
			       "the OS looks at CPU %d behind its SMI, and the firmware has not ejected it "
			       "yet", cpu);
}

static void on_ipi(struct check *c, const struct check_input *in)
{
	int target = model_cpu_of_apic_id(in->model, event_get(in->ev, IPI_TARGET, UINT64_MAX));

	if (event_get(in->ev, IPI_DEST, IPI_ALL) == IPI_ONE && target != CPU_UNKNOWN &&
	    gone(&in->scene->cpu[target]))
		heard_of(c, in, target, "it is sent an IPI");
}

static void eject_final(struct check *c, const struct check_input *in)
{
	int cpu = in->ev->cpu;

	switch (in->ev->kind) {
	case EV_CPUHP:
		if (ejects(in, &cpu))
			on_eject(c, in, cpu);
		else if (register_access(in, HP_STATUS, DIR_READ, &cpu))
			on_status(c, in, cpu);
		break;
	case EV_IPI:
		on_ipi(c, in);
		break;
	case EV_SMI_ENTER:
		if (cpuset_valid(cpu) && gone(&in->scene->cpu[cpu]))
			heard_of(c, in, cpu, "enters SMM");
		break;
	case EV_SMI_LEAVE:
		if (cpuset_valid(cpu) && gone(&in->scene->cpu[cpu]) && cpu_in_smm(&in->model->cpu[cpu]))
			heard_of(c, in, cpu, "leaves SMM");
		else if (cpuset_valid(cpu))
			ap_leaves(c, in);
		break;
	}
}

const struct invariant invariant_eject_final = {
	.name = "eject-final", .severity = SEVERITY_WARNING, .step = "U",
	.needs = NEED_CPUHP | NEED_SMM | NEED_IPI,
	.kinds = KIND(CPUHP) | KIND(IPI) | KIND(SMI_ENTER) | KIND(SMI_LEAVE),
	.rule = "no CPU leaves the SMI of an unplug before the eject, the OS finds the CPU gone behind it, "
		"and nothing is heard of it afterwards",
	.meaning =
	"The OS went on before the firmware had finished: an AP that left SMM early can release ACPI's "
	"lock, and the next scan or plug meets a CPU that is half gone. In edk2 before 121af960e2 (PR "
	"6138) the BSP lets the APs go before it ejects; so every unplug with another AP may show this on "
	"such firmware. An OS that reads the status behind its write to 0xb2 and still finds 0x10 there "
	"ran on before its SMI: QEMU's TCG raises it a few instructions late. An ejected CPU that enters "
	"or leaves SMM, or is sent an IPI, was kept in a list that RemoveProcessor() should have taken it "
	"from, or QEMU did not destroy it.",
	.event = eject_final, .state = sizeof(struct final_state),
};
