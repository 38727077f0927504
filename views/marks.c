/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "marks.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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

static const char *ipi_target(char *out, size_t size, const struct event *ev)
{
	uint64_t dest = event_get(ev, IPI_DEST, 4);

	if (dest == IPI_ONE && event_has(ev, IPI_TARGET))
		snprintf(out, size, "%" PRIu64, ev->arg[IPI_TARGET]);
	else if (dest > IPI_ONE && dest <= IPI_OTHERS)
		snprintf(out, size, "%s", ipi_dest_name[dest]);
	else
		snprintf(out, size, "?");
	return out;
}

static void ipi_label(char *out, size_t size, const struct event *ev)
{
	uint64_t mode = event_get(ev, IPI_MODE, 8);
	char target[24];

	ipi_target(target, sizeof(target), ev);
	if (mode == IPI_SIPI && event_has(ev, IPI_VECTOR))
		snprintf(out, size, "%02" PRIx64 ">%s", ev->arg[IPI_VECTOR], target);
	else
		snprintf(out, size, ">%s", target);
}

/* "B2=04" for a write, "B2:04" for a read. */
static void io_label(char *out, size_t size, const struct event *ev, unsigned port, unsigned dir,
		     unsigned value)
{
	char text[24] = "?";

	if (event_has(ev, value))
		snprintf(text, sizeof(text), "%02" PRIx64, ev->arg[value]);
	snprintf(out, size, "%" PRIX64 "%c%s", event_get(ev, port, 0),
		 event_get(ev, dir, DIR_READ) == DIR_WRITE ? '=' : ':', text);
}

static void word_label(char *out, size_t size, const struct event *ev, unsigned field)
{
	event_has(ev, field) ? (void)snprintf(out, size, "%" PRIx64, ev->arg[field]) : (void)(out[0] = '\0');
}

/* "gate=1", "gate=closed": the word and what it holds now. */
static void handoff_label(char *out, size_t size, const struct event *ev)
{
	static const char *const name[WORD_COUNT] = {
		[WORD_GATE] = "gate", [WORD_NEW_SMBASE] = "base", [WORD_ABOUT] = "about", [WORD_PEN] = "pen",
	};
	uint64_t word = event_get(ev, HANDOFF_WORD, WORD_COUNT), value = event_get(ev, HANDOFF_VALUE, 0);

	if (word >= WORD_COUNT)
		return;
	if (!event_has(ev, HANDOFF_VALUE))
		snprintf(out, size, " %s=?", name[word]);
	else if (word == WORD_GATE && (value == UINT32_MAX || value == UINT64_MAX))
		snprintf(out, size, " %s=closed", name[word]);
	else
		snprintf(out, size, " %s=%" PRIx64, name[word], value);
}

static void named_label(char *out, size_t size, const struct event *ev, unsigned field, const char *const *name,
			unsigned names)
{
	if (event_get(ev, field, names) < names)
		snprintf(out, size, " %s", name[ev->arg[field]]);
}

const char *mark_label(char *out, size_t size, const struct event *ev)
{
	out[0] = '\0';
	switch (ev->kind) {
	case EV_SMBASE_WRITE:
		word_label(out, size, ev, SMBASE_WRITE_NEW);
		break;
	case EV_SMBASE_FOUND:
		word_label(out, size, ev, SMBASE_FOUND_SMBASE);
		break;
	case EV_PORT:
		io_label(out, size, ev, PORT_PORT, PORT_DIR, PORT_VALUE);
		break;
	case EV_CPUHP:
		io_label(out, size, ev, CPUHP_REG, CPUHP_DIR, CPUHP_VALUE);
		break;
	case EV_IPI:
		ipi_label(out, size, ev);
		break;
	case EV_CPU_RESET:
		snprintf(out, size, "%s", event_get(ev, CPU_RESET_IN_SMM, 0) ? " in SMM" : "");
		break;
	case EV_SESSION:
		named_label(out, size, ev, SESSION_WHAT, session_what_name, SESSION_COUNT);
		break;
	case EV_HANDOFF:
		handoff_label(out, size, ev);
		break;
	case EV_HANDLER:
		named_label(out, size, ev, HANDLER_CODE, handler_code_name, CODE_COUNT);
		break;
	case EV_ACCEPT:
		named_label(out, size, ev, ACCEPT_MODE, ipi_mode_name, IPI_RSVD7 + 1);
		break;
	case EV_CONFIG:
		named_label(out, size, ev, CONFIG_REG, config_reg_name, CONFIG_REG_COUNT);
		break;
	case EV_LOST:
		snprintf(out, size, " %" PRIu64 " lost", event_get(ev, LOST_COUNT, 0));
		break;
	}
	return out;
}

static void put_arrivals(struct lanes *l, const struct cpu_map *map, const struct event *ev)
{
	int lane = lane_of_cpu(ev->cpu), low = lane, high = lane;
	char label[LANE_LABEL] = "";

	if (ev->cpu != CPU_UNKNOWN)
		snprintf(label, sizeof(label), "<%d", ev->cpu);
	for (int cpu = 0; cpu < (int)map->cpus; cpu++) {
		if (cpu == ev->cpu || !ipi_reaches(map, ev, cpu))
			continue;
		lanes_mark(l, lane_of_cpu(cpu), ev->ts, mark_of_event(ev), label);
		low = low < lane_of_cpu(cpu) ? low : lane_of_cpu(cpu);
		high = high > lane_of_cpu(cpu) ? high : lane_of_cpu(cpu);
	}
	if (low < high)
		lanes_arrow(l, lane, low, high, ev->ts);
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
	lanes_mark(l, lane_of_cpu(ev->cpu), ev->ts, mark, mark_label(label, sizeof(label), ev));
	if (ev->kind == EV_IPI)
		put_arrivals(l, map, ev);
}
