/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "marks.h"

#include <stdio.h>

#include "../tracer/event-label.h"

int cpu_map_find(const struct cpu_map *map, uint64_t apic_id)
{
	for (unsigned i = 0; i < map->cpus; i++)
		if (map->apic_id[i] >= 0 && (uint64_t)map->apic_id[i] == apic_id)
			return (int)i;
	return CPU_UNKNOWN;
}

bool ipi_reaches(const struct cpu_map *map, const struct event *ev, int cpu)
{
	if (!event_has(ev, IPI_DEST) || ev->ts < map->added_ns[cpu])
		return false;
	switch (ev->arg[IPI_DEST]) {
	case IPI_ONE:
		return event_has(ev, IPI_TARGET) && (uint64_t)map->apic_id[cpu] == ev->arg[IPI_TARGET] &&
		       cpu_map_find(map, ev->arg[IPI_TARGET]) == cpu;
	case IPI_SELF:
		return ev->cpu == cpu;
	case IPI_ALL:
		return true;
	case IPI_OTHERS:
		return ev->cpu != cpu;
	}
	return false;
}

static enum lane_mark ipi_mark(const struct event *ev)
{
	switch (event_get(ev, IPI_MODE, IPI_FIXED)) {
	case IPI_INIT:
		return MARK_INIT;
	case IPI_SIPI:
		return MARK_SIPI;
	case IPI_SMI:
		return MARK_SMI_IPI;
	}
	return MARK_OTHER_IPI;
}

static enum lane_mark port_mark(const struct event *ev)
{
	if (event_get(ev, PORT_DIR, DIR_READ) != DIR_WRITE)
		return MARK_PORT_READ;
	return event_get(ev, PORT_PORT, 0) == 0xb2 ? MARK_APM_WRITE : MARK_PORT_WRITE;
}

enum lane_mark mark_of_event(const struct event *ev)
{
	static const uint8_t mark[EVENT_KIND_COUNT] = {
		[EV_SMI_ENTER] = LANE_MARK_COUNT, [EV_SMI_LEAVE] = LANE_MARK_COUNT,
		[EV_SMBASE_WRITE] = MARK_SMBASE_WRITE, [EV_SMBASE_FOUND] = MARK_SMBASE_FOUND,
		[EV_CPUHP] = MARK_CPUHP, [EV_CPU_ADD] = MARK_CPU_ADD, [EV_CPU_REMOVE] = MARK_CPU_REMOVE,
		[EV_CPU_SEEN] = MARK_SEEN, [EV_SESSION] = MARK_SESSION, [EV_PAUSE] = MARK_PAUSE,
		[EV_LOST] = MARK_LOST, [EV_BLIND] = MARK_BLIND,
		[EV_CONFIG] = MARK_CONFIG, [EV_HANDOFF] = MARK_HANDOFF, [EV_HANDLER] = MARK_HANDLER, [EV_ACCEPT] = MARK_ACCEPT,
		[EV_SMI_SAVED] = MARK_SAVED,
	};

	switch (ev->kind) {
	case EV_PORT:
		return port_mark(ev);
	case EV_IPI:
		return ipi_mark(ev);
	case EV_CPU_RESET:
		return event_get(ev, CPU_RESET_IN_SMM, 0) ? MARK_RESET_IN_SMM : MARK_RESET;
	}
	return (enum lane_mark)mark[ev->kind];
}

static void put_arrivals(struct lanes *l, const struct cpu_map *map, const struct event *ev)
{
	struct cpuset to = { 0 };
	char label[LANE_LABEL] = "";

	if (ev->cpu != CPU_UNKNOWN)
		snprintf(label, sizeof(label), "<%d", ev->cpu);
	for (int cpu = 0; cpu < (int)map->cpus; cpu++) {
		if (cpu == ev->cpu || !ipi_reaches(map, ev, cpu))
			continue;
		lanes_mark(l, lane_of_cpu(cpu), ev->ts, mark_of_event(ev), label);
		cpuset_add(&to, cpu);
	}
	lanes_arrow(l, lane_of_cpu(ev->cpu), &to, ev->ts);
}

void marks_put_gap(struct lanes *l, const struct event *ev)
{
	int lane = ev->cpu == CPU_UNKNOWN ? -1 : lane_of_cpu(ev->cpu);

	if (ev->kind == EV_LOST && event_has(ev, LOST_UNTIL))
		lanes_gap(l, lane, ev->ts, (int64_t)ev->arg[LOST_UNTIL]);
	if (ev->kind == EV_BLIND && event_has(ev, BLIND_UNTIL))
		lanes_gap(l, lane, ev->ts, (int64_t)ev->arg[BLIND_UNTIL]);
}

void marks_put(struct lanes *l, const struct cpu_map *map, const struct event *ev)
{
	enum lane_mark mark = mark_of_event(ev);
	char label[LANE_LABEL];

	if (mark == LANE_MARK_COUNT)
		return;
	lanes_mark(l, lane_of_cpu(ev->cpu), ev->ts, mark, event_label(label, sizeof(label), ev));
	if (ev->kind == EV_IPI)
		put_arrivals(l, map, ev);
}
