/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common.h"

#include <stdio.h>

/* Settings are read one after the other, in guest time next to none. */
#define READ_NS 100000000ll

struct finding finding_here(const struct check_input *in, int cpu, int64_t because, int64_t also)
{
	return (struct finding){ .cpu = cpu, .ts = in->ev->ts, .evidence = { in->id, because, also } };
}

bool is_hotplug_smi(const struct event *ev)
{
	return ev->kind == EV_PORT && event_get(ev, PORT_PORT, 0) == APM_CNT &&
	       event_get(ev, PORT_DIR, DIR_READ) == DIR_WRITE &&
	       event_get(ev, PORT_VALUE, UINT64_MAX) == APM_CMD_CPU_HOTPLUG;
}

const struct round *round_inside(const struct scene *s, int cpu)
{
	if (cpuset_has(&s->round.inside, cpu))
		return &s->round;
	return cpuset_has(&s->last.inside, cpu) ? &s->last : NULL;
}

bool is_firmware_ipi(const struct check_input *in, struct firmware_ipi *ipi)
{
	const struct event *ev = in->ev;

	if (ev->kind != EV_IPI || !event_has(ev, IPI_TARGET) || event_get(ev, IPI_DEST, IPI_ONE) != IPI_ONE)
		return false;
	ipi->mode = (enum ipi_mode)event_get(ev, IPI_MODE, IPI_FIXED);
	ipi->round = round_inside(in->scene, ev->cpu);
	ipi->apic_id = ev->arg[IPI_TARGET];
	ipi->cpu = model_cpu_of_apic_id(in->model, ipi->apic_id);
	ipi->to = cpuset_valid(ipi->cpu) ? &in->scene->cpu[ipi->cpu] : NULL;
	return ipi->round && (ipi->mode == IPI_INIT || ipi->mode == IPI_SIPI || ipi->mode == IPI_SMI);
}

bool is_hotplug_ipi(const struct check_input *in, struct firmware_ipi *ipi)
{
	return is_firmware_ipi(in, ipi) && ipi->mode != IPI_SMI && ipi->to && ipi->to->hot && !ipi->to->relocated;
}

bool is_stray_sipi(const struct check_input *in, const struct firmware_ipi *ipi)
{
	const struct scene_cpu *t = ipi->to;
	const struct cpu *cpu;

	if (ipi->mode != IPI_SIPI || !t)
		return false;
	cpu = &in->model->cpu[ipi->cpu];
	if (t->init_from_smm && moment_after(t->init, ipi->round->first_entry))
		return t->relocated && moment_after(t->relocation_rsm, t->init) && t->sipis > 1;
	return t->relocated || cpu_in_smm(cpu) || cpu->state == STATE_RUNNING;
}

int selected_cpu(const struct check_input *in)
{
	uint64_t selector = event_get(in->ev, CPUHP_SELECTOR, in->scene->selector);

	return selector < EVENT_MAX_CPUS ? (int)selector : CPU_UNKNOWN;
}

bool clears_insert(const struct check_input *in)
{
	return in->ev->kind == EV_CPUHP && event_get(in->ev, CPUHP_REG, UINT64_MAX) == HP_CONTROL &&
	       event_get(in->ev, CPUHP_DIR, DIR_READ) == DIR_WRITE &&
	       event_get(in->ev, CPUHP_VALUE, 0) & HP_INSERT;
}

bool ends_round(const struct check_input *in)
{
	const struct round *r = &in->scene->round;

	return in->ev->kind == EV_SMI_LEAVE && r->open && cpuset_has(&r->inside, in->ev->cpu) &&
	       cpuset_count(&r->inside) == 1;
}

bool smm_is_watched(const struct scene *s, int cpu)
{
	return cpuset_valid(cpu) && s->cpu[cpu].relocated && s->cpu[cpu].own_smbase != SMBASE_UNKNOWN;
}

bool is_locked_and_read(const struct scene *s, int64_t now)
{
	return moment_is(s->locked) && now - s->locked.ns >= READ_NS;
}

const char *config_why(const struct scene *s, enum config_reg reg, char *out, size_t size)
{
	snprintf(out, size, s->config[reg].tried ? "%s could not be read" : "%s was not read",
		 config_reg_name[reg]);
	return out;
}
