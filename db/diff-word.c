/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "diff-word.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

struct telling {
	char *out;
	const struct sink_event *se;
	const struct event *ev;
	const struct scene *s;
	bool in_smm;
};

static void say(const struct telling *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(const struct telling *t, const char *fmt, ...)
{
	int at = snprintf(t->out, WORD_ROOM, "%s", t->in_smm ? "  " : "");
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(t->out + at, WORD_ROOM - (size_t)at, fmt, ap);
	va_end(ap);
}

/* Whose SMBASE is that, seen from the event's CPU? */
static const char *base_role(const struct telling *t, uint64_t smbase, char out[24])
{
	const struct model *m = t->se->model;

	if (smbase == SMBASE_UNKNOWN)
		return "an unknown";
	if (smbase == SMBASE_DEFAULT)
		return "the default";
	for (unsigned i = 0; i < m->cpus; i++)
		if ((int)i != t->ev->cpu && m->cpu[i].smbase == smbase && m->cpu[i].state != STATE_GONE) {
			snprintf(out, 24, "CPU %u's", i);
			return out;
		}
	return "its own";
}

/* An SMI of everyday: at the own SMBASE, and no hot-plug. */
static bool is_everyday(const struct smi *smi)
{
	return smi->smbase != SMBASE_DEFAULT && smi->apm_cmd != APM_CMD_CPU_HOTPLUG;
}

static enum word_use smi_enter(struct telling *t)
{
	const struct smi *smi = &t->se->after->smi;
	char role[24], cause[32];

	if (smi->cause == CAUSE_APM)
		snprintf(cause, sizeof(cause), "port 0xb2 = 0x%02x", (unsigned)smi->apm_cmd & 0xff);
	else
		snprintf(cause, sizeof(cause), "%s", smi->cause == CAUSE_IPI ? "an IPI" : "unknown cause");
	t->in_smm = false;
	say(t, "SMI (%s) at %s SMBASE", cause, base_role(t, smi->smbase, role));
	return is_everyday(smi) ? WORD_REPEATS : WORD_COUNTS;
}

static enum word_use smi_leave(struct telling *t)
{
	t->in_smm = false;
	if (event_get(t->ev, SMI_LEAVE_VIA, VIA_BREAKPOINT) == VIA_RESET) {
		say(t, "no RSM: reset inside SMM");
		return WORD_COUNTS;
	}
	say(t, "RSM");
	return is_everyday(&t->se->before->smi) ? WORD_REPEATS : WORD_COUNTS;
}

static enum word_use smbase_write(struct telling *t)
{
	char from[24], to[24];

	say(t, "SMBASE: from %s to %s", base_role(t, event_get(t->ev, SMBASE_WRITE_OLD, SMBASE_UNKNOWN), from),
	    base_role(t, event_get(t->ev, SMBASE_WRITE_NEW, SMBASE_UNKNOWN), to));
	return WORD_COUNTS;
}

static enum word_use port(struct telling *t)
{
	uint64_t number = event_get(t->ev, PORT_PORT, 0), value = event_get(t->ev, PORT_VALUE, 0);

	if (event_get(t->ev, PORT_DIR, DIR_READ) != DIR_WRITE)
		return WORD_NONE;
	say(t, "out 0x%" PRIx64 ", 0x%02" PRIx64, number, value);
	return number == APM_CNT && value == APM_CMD_CPU_HOTPLUG ? WORD_COUNTS : WORD_REPEATS;
}

static const char *target_role(const struct telling *t)
{
	int cpu = event_has(t->ev, IPI_TARGET) ? model_cpu_of_apic_id(t->se->model, t->ev->arg[IPI_TARGET]) :
		  CPU_UNKNOWN;

	if (cpu == CPU_UNKNOWN)
		return "an APIC ID that no CPU has";
	if (cpu == t->ev->cpu)
		return "itself";
	if (cpuset_has(&t->s->hot, cpu))
		return "the new CPU";
	return t->s->cpu[cpu].relocated ? "a relocated CPU" : "a CPU that is not relocated";
}

static enum word_use ipi(struct telling *t)
{
	static const char *const names[8] = {
		[IPI_SMI] = "SMI", [IPI_NMI] = "NMI", [IPI_INIT] = "INIT", [IPI_SIPI] = "SIPI",
	};
	static const char *const shorthand[4] = {
		[IPI_SELF] = "itself", [IPI_ALL] = "all CPUs", [IPI_OTHERS] = "all other CPUs",
	};
	const char *name = names[event_get(t->ev, IPI_MODE, IPI_FIXED) & 7];
	const char *target = shorthand[event_get(t->ev, IPI_DEST, IPI_ONE) & 3];

	if (!name)
		return WORD_NONE;
	say(t, "sends %s to %s", name, target ? target : target_role(t));
	return event_get(t->ev, IPI_MODE, IPI_FIXED) == IPI_SIPI ? WORD_REPEATS : WORD_COUNTS;
}

static enum word_use reset(struct telling *t)
{
	bool inside = event_get(t->ev, CPU_RESET_IN_SMM, 0);

	t->in_smm = false;
	say(t, inside ? "takes an INIT or reset inside SMM" : "takes an INIT or reset");
	return WORD_COUNTS;
}

static enum word_use scan(struct telling *t)
{
	say(t, "hot-plug registers: scan");
	return WORD_POLLS;
}

/* Of the CPU hot-plug registers, what says more than that they are gone through. */
static enum word_use hotplug_write(struct telling *t, uint64_t reg, uint64_t value, const char *cpu)
{
	if (reg == HP_CONTROL && value & (HP_INSERT | HP_REMOVE | HP_EJECT | HP_FW_REMOVE)) {
		say(t, "hot-plug %s:%s%s%s%s", cpu, value & HP_INSERT ? " clear insert" : "",
		    value & HP_REMOVE ? " clear remove" : "", value & HP_EJECT ? " eject" : "",
		    value & HP_FW_REMOVE ? " leave the eject to the firmware" : "");
		return WORD_COUNTS;
	}
	if (reg == HP_COMMAND && value == HP_GET_ARCH_ID)
		say(t, "hot-plug %s: ask for the APIC ID", cpu);
	else
		return scan(t);
	return WORD_REPEATS;
}

static enum word_use hotplug_read(struct telling *t, uint64_t reg, uint64_t value, const char *cpu)
{
	if (reg == HP_STATUS && value & (HP_INSERT | HP_REMOVE | HP_FW_REMOVE))
		say(t, "hot-plug %s: status%s%s%s%s", cpu, value & HP_ENABLED ? " enabled" : " not enabled",
		    value & HP_INSERT ? " insert" : "", value & HP_REMOVE ? " remove" : "",
		    value & HP_FW_REMOVE ? " fw_remove" : "");
	else if (reg == HP_DATA && t->s->command == HP_GET_ARCH_ID)
		say(t, "hot-plug %s: its APIC ID is %" PRIu64, cpu, value);
	else
		return scan(t);
	return WORD_REPEATS;
}

static enum word_use hotplug(struct telling *t)
{
	uint64_t reg = event_get(t->ev, CPUHP_REG, UINT64_MAX), value = event_get(t->ev, CPUHP_VALUE, 0);
	char cpu[32] = "of an unknown CPU";

	if (event_has(t->ev, CPUHP_SELECTOR))
		snprintf(cpu, sizeof(cpu), "CPU %" PRIu64, t->ev->arg[CPUHP_SELECTOR]);
	if (event_get(t->ev, CPUHP_DIR, DIR_READ) == DIR_WRITE)
		return hotplug_write(t, reg, value, cpu);
	return hotplug_read(t, reg, value, cpu);
}

static enum word_use cpu_remove(struct telling *t)
{
	t->in_smm = false;
	say(t, "is removed");
	return WORD_COUNTS;
}

static enum word_use session(struct telling *t)
{
	static const char *const what[SESSION_COUNT] = {
		[SESSION_KICK] = "smmtrace sends it the lost SMI again",
		[SESSION_TARGET_EXIT] = "the guest ends",
		[SESSION_TARGET_LOST] = "the guest is gone without a word",
	};
	uint64_t n = event_get(t->ev, SESSION_WHAT, SESSION_ATTACH);

	t->in_smm = false;
	if (n >= SESSION_COUNT || !what[n])
		return WORD_NONE;
	say(t, "%s", what[n]);
	return WORD_COUNTS;
}

/* Those of a CPU alone are not asked for an event whose CPU is not known. */
static const struct {
	enum word_use (*tell)(struct telling *t);
	bool of_cpu;
} tellings[EVENT_KIND_COUNT] = {
	[EV_SMI_ENTER] = { smi_enter, true },
	[EV_SMI_LEAVE] = { smi_leave, true },
	[EV_SMBASE_WRITE] = { smbase_write, true },
	[EV_PORT] = { port, false },
	[EV_IPI] = { ipi, false },
	[EV_CPU_RESET] = { reset, true },
	[EV_CPUHP] = { hotplug, false },
	[EV_CPU_REMOVE] = { cpu_remove, true },
	[EV_SESSION] = { session, false },
};

enum word_use word_of_event(char *out, const struct sink_event *se, const struct scene *s)
{
	struct telling t = { out, se, se->ev, s, se->before && cpu_in_smm(se->before) };

	if (se->ev->kind >= EVENT_KIND_COUNT || !tellings[se->ev->kind].tell ||
	    (tellings[se->ev->kind].of_cpu && (!se->before || !se->after)))
		return WORD_NONE;
	return tellings[se->ev->kind].tell(&t);
}
