/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command in port 0xb2 that asks the firmware to look at the hot-plug registers (QEMU hw/acpi/cpu.c). */
#include "rule.h"

#include <stdio.h>

/* ---- cmd-4 ---- */

static bool is_command_read(const struct check_input *in)
{
	const struct event *ev = in->ev;
	const struct round *r = &in->scene->round;

	return ev->kind == EV_PORT && event_get(ev, PORT_PORT, 0) == APM_CNT &&
	       event_get(ev, PORT_DIR, DIR_WRITE) == DIR_READ && event_has(ev, PORT_VALUE) &&
	       cpuset_has(&r->inside, ev->cpu) && !moment_is(r->cmd_read);
}

/* A relocation begins: did its SMI ask for it? The monarch's read says it best. */
static void judge_relocation(struct check *c, const struct check_input *in, const struct firmware_ipi *ipi)
{
	const struct round *r = ipi->round;
	bool read = r->cmd_got != SMI_CMD_UNKNOWN;
	int cmd = read ? r->cmd_got : r->cmd;
	struct finding f = finding_here(in, ipi->cpu, r->raised.id, r->cmd_read.id);

	if (cmd == APM_CMD_CPU_HOTPLUG)
		check_holds(c);
	else if (read)
		check_violated(c, &f, "CPU %d is being relocated in an SMI with command %d in port 0xb2, not %d",
			       ipi->cpu, cmd, APM_CMD_CPU_HOTPLUG);
	else
		check_unknown(c, "the command of the SMI was not seen");
}

/* What each CPU wrote to the port outside SMM; the last one is nobody's. */
struct asked {
	struct moment four;
	struct {
		int64_t id;
		int cmd;
	} other[EVENT_MAX_CPUS + 1];
};

static unsigned place_of(int cpu)
{
	return cpuset_valid(cpu) ? (unsigned)cpu : EVENT_MAX_CPUS;
}

static bool is_command_write(const struct event *ev)
{
	return ev->kind == EV_PORT && event_get(ev, PORT_PORT, 0) == APM_CNT &&
	       event_get(ev, PORT_DIR, DIR_READ) == DIR_WRITE && event_has(ev, PORT_VALUE);
}

static void remember_command(struct asked *a, const struct check_input *in)
{
	unsigned place = place_of(in->ev->cpu);

	if (is_hotplug_smi(in->ev)) {
		a->four = (struct moment){ in->id, in->ev->ts };
	} else if (smm_place(in->model, in->ev->cpu) != SMM_INSIDE) {
		a->other[place].id = in->id;
		a->other[place].cmd = (int)in->ev->arg[PORT_VALUE];
	}
}

/* The OS has done with a CPU that no monarch has seen: what did it ask for, between finding the CPU and this? */
static void judge_request(struct check *c, const struct check_input *in, int cpu)
{
	const struct asked *a = check_state(c);
	const struct scene_cpu *sc = &in->scene->cpu[cpu];
	unsigned place = place_of(in->ev->cpu);
	int64_t since = moment_after(sc->insert_seen, sc->added) ? sc->insert_seen.id : sc->added.id;
	struct finding f = finding_at(in, cpu, sc->added.id, since, a->other[place].id);

	if (sc->hot && plug_concerns_firmware(in->scene, sc) && !moment_after(sc->enumerated, sc->added) &&
	    smm_place(in->model, in->ev->cpu) == SMM_OUTSIDE && !moment_after(a->four, sc->added) &&
	    a->other[place].id > since)
		check_missing(c, &f, sc->added.ns, "the OS asked for the relocation of CPU %d with command %d in port "
			      "0xb2, not %d", cpu, a->other[place].cmd, APM_CMD_CPU_HOTPLUG);
}

static void cmd_4(struct check *c, const struct check_input *in)
{
	const struct scene *s = in->scene;
	struct firmware_ipi ipi;
	struct finding f;

	if (is_hotplug_ipi(in, &ipi) && ipi.mode == IPI_SIPI)
		judge_relocation(c, in, &ipi);
	else if (is_command_write(in->ev))
		remember_command(check_state(c), in);
	else if (clears_insert(in) && selected_cpu(in) != CPU_UNKNOWN)
		judge_request(c, in, selected_cpu(in));
	if (!is_command_read(in) || s->round.cmd != APM_CMD_CPU_HOTPLUG)
		return;
	f = finding_here(in, in->ev->cpu, s->round.raised.id, s->raised_next.id);
	if (in->ev->arg[PORT_VALUE] != APM_CMD_CPU_HOTPLUG)
		check_violated(c, &f, "the OS wrote %d to port 0xb2, but CPU %d read 0x%x from it in SMM: the request "
			       "was overwritten", APM_CMD_CPU_HOTPLUG, in->ev->cpu,
			       (unsigned)in->ev->arg[PORT_VALUE]);
	else
		check_holds(c);
}

const struct invariant invariant_cmd_4 = {
	.name = "cmd-4", .severity = SEVERITY_ERROR, .step = "N", .needs = NEED_PORT | NEED_IPI | NEED_SMM,
	.kinds = KIND(PORT) | KIND(IPI) | KIND(CPUHP),
	.rule = "A relocation is asked for with command 4 in port 0xb2, and that is what the monarch "
		"reads there.",
	.meaning = "CpuHotplugMmi() (OvmfPkg/CpuHotplugSmm/CpuHotplug.c) reads port 0xb2 and leaves at once "
		"unless it finds 4 (ICH9_APM_CNT_CPU_HOTPLUG). The port holds the last write of any CPU, "
		"so another CPU's SMI, a variable access for instance, can overwrite a 4 before the "
		"monarch has read it: the new CPU then stays where it is, and the OS waits for it. An OS "
		"that writes another value asks for something else: QEMU takes 2 and 3 for itself (ACPI "
		"on and off) and raises no SMI, 0 is edk2's communicate buffer. A relocation under "
		"another command is a handler that runs uninvited.",
	.event = cmd_4, .state = sizeof(struct asked),
};

/* ---- plug-smi-deadline ---- */

#define PLUG_SMI_NS 10000000000ll

struct plugs {
	unsigned waiting;
	struct cpuset cpus;
	int64_t other_id;  /* the last write of another command */
	int other;
	struct {
		struct moment added;
		int64_t paused;
	} of[EVENT_MAX_CPUS];
};

static void plug_smi_deadline(struct check *c, const struct check_input *in)
{
	struct plugs *p = check_state(c);
	int cpu = in->ev->cpu;

	if (is_hotplug_smi(in->ev)) {
		for (; p->waiting; p->waiting--)
			check_holds(c);
		p->cpus = (struct cpuset){ { 0 } };
	} else if (is_command_write(in->ev)) {
		p->other_id = in->id;
		p->other = (int)in->ev->arg[PORT_VALUE];
	} else if (in->ev->kind == EV_CPU_REMOVE && cpuset_has(&p->cpus, cpu)) {
		cpuset_remove(&p->cpus, cpu);
		p->waiting--;
	}
	if (scene_is_plug(in->scene, in->ev)) {
		cpuset_add(&p->cpus, cpu);
		p->waiting++;
		p->of[cpu].added = (struct moment){ in->id, in->ev->ts };
		p->of[cpu].paused = in->scene->paused_ns;
	}
}

static void judge_no_smi(struct check *c, const struct model *m, const struct scene *s, int cpu, int64_t now)
{
	struct plugs *p = check_state(c);
	bool other = p->other_id > p->of[cpu].added.id;
	struct finding f = { cpu, now, { p->of[cpu].added.id, other ? p->other_id : 0 } };
	uint64_t features;
	char wrote[32] = "";

	if (other)
		snprintf(wrote, sizeof(wrote), " (it wrote %d)", p->other);
	if (!scene_config(s, CONFIG_SMI_NEGOTIATED, &features))
		check_unknown(c, "not known whether the OS has to raise an SMI: smi-negotiated was not read");
	else if (!(features & SMI_FEATURE_HOTPLUG))
		return;
	else if (!m->apm.ts)
		check_unknown(c, "no write to port 0xb2 was ever seen");
	else
		check_missing(c, &f, p->of[cpu].added.ns, "CPU %d was plugged, and the OS has not written 4 to port "
			      "0xb2 since%s", cpu, wrote);
}

static void plug_smi_deadline_time(struct check *c, const struct model *m, const struct scene *s, int64_t now)
{
	struct plugs *p = check_state(c);

	for (int i = p->waiting ? cpuset_next(&p->cpus, 0) : -1; i >= 0; i = cpuset_next(&p->cpus, i + 1)) {
		if (scene_guest_ns(s, p->of[i].added.ns, p->of[i].paused, now) < check_deadline_ns(c, PLUG_SMI_NS))
			continue;
		cpuset_remove(&p->cpus, i);
		p->waiting--;
		judge_no_smi(c, m, s, i, now);
	}
}

const struct invariant invariant_plug_smi_deadline = {
	.name = "plug-smi-deadline", .severity = SEVERITY_WARNING, .step = "N", .needs = NEED_PORT,
	.kinds = KIND(PORT) | KIND(CPU_ADD) | KIND(CPU_REMOVE),
	.rule = "Within the deadline after a CPU was plugged the OS writes 4 to port 0xb2.",
	.meaning = "QEMU tells the OS of a new CPU by an ACPI GPE (bit 2), whose method \\_SB.CPUS.CSCN "
		"scans the registers at 0xcd8 and writes 4 to 0xb2 before it notifies the OS. No SMI "
		"means: no OS is running yet, the GPE is masked, ACPI is off, or the AML has no SMI write "
		"because the feature was not negotiated when QEMU made the tables (hw/acpi/cpu.c, "
		"opts.smi_path). The firmware has nothing to do with it yet.",
	.event = plug_smi_deadline, .time = plug_smi_deadline_time, .state = sizeof(struct plugs),
};

/* ---- no-spurious-4 ---- */

static bool something_pending(const struct scene *s)
{
	for (int i = 0; i < EVENT_MAX_CPUS; i++)
		if (s->cpu[i].insert_pending || s->cpu[i].fw_remove)
			return true;
	return false;
}

static void no_spurious_4(struct check *c, const struct check_input *in)
{
	struct finding f = finding_here(in, in->ev->cpu, in->scene->gpe.id, 0);

	if (!is_hotplug_smi(in->ev))
		return;
	if (something_pending(in->scene))
		check_holds(c);
	else if (in->scene->attached_late && !moment_is(in->scene->gpe))
		check_unknown(c, "attached late: what was pending before is not known");
	else
		check_violated(c, &f, "4 was written to port 0xb2 while no CPU was waiting to be plugged or ejected");
}

const struct invariant invariant_no_spurious_4 = {
	.name = "no-spurious-4", .severity = SEVERITY_WARNING, .step = "N", .needs = NEED_PORT | NEED_CPUHP,
	.kinds = KIND(PORT),
	.rule = "4 is written to port 0xb2 only while an insert event, or an eject left to the "
		"firmware, is pending.",
	.meaning = "Every such SMI stops all CPUs for a scan that finds nothing. Either the OS cleared "
		"the insert event before it raised the SMI, and then the firmware will never learn of "
		"that CPU, or AML or a driver writes the port on its own. A kick by hand that came too "
		"late looks the same.",
	.event = no_spurious_4,
};
