/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Events as marks in lanes. Pure. An IPI is marked where it was sent and, as far
 * as the target is known, where it arrives.
 */
#ifndef VIEWS_MARKS_H
#define VIEWS_MARKS_H

#include "lanes.h"
#include "../tracer/event.h"

/* Which CPU has which APIC ID (-1 unknown), and since when it exists; what reader_cpus() told. */
struct cpu_map {
	unsigned cpus;
	int64_t apic_id[EVENT_MAX_CPUS];
	int64_t added_ns[EVENT_MAX_CPUS];
};

int cpu_map_find(const struct cpu_map *map, uint64_t apic_id);

/* Does the IPI @ev go to @cpu? False when its destination is not known. */
bool ipi_reaches(const struct cpu_map *map, const struct event *ev, int cpu);

/* LANE_MARK_COUNT for smi-enter and smi-leave, which are spans. */
enum lane_mark mark_of_event(const struct event *ev);

/* Put the marks, each with its event_label(), (and, for lost and blind, the gap) of @ev into @l. */
void marks_put(struct lanes *l, const struct cpu_map *map, const struct event *ev);

/* Just the gap. */
void marks_put_gap(struct lanes *l, const struct event *ev);

#endif
