/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qemulog-trace.h"

#include <string.h>

#define PORT_APM_CNT 0xb2u
#define APIC_ICR_LOW 0x300u
#define APIC_ICR_HIGH 0x310u
#define ICR_LOGICAL (1u << 11)
#define ICR_ASSERT (1u << 14)
#define ICR_LEVEL (1u << 15)

enum shape { PORT, ICR, CPUHP };

/* The registers of the block at 0xcd8, QEMU docs/specs/acpi_cpu_hotplug.rst. */
enum cpuhp_reg {
	HP_SELECTOR = 0, /* write */
	HP_DATA2 = 0,    /* read */
	HP_FLAGS = 4,    /* read */
	HP_CONTROL = 4,  /* write */
	HP_CMD = 5,
	HP_DATA = 8,
	HP_ANY = -1,
};

/*
 * A trace event of QEMU: the text in front of each of its numbers. @fixed is the
 * value where the name alone says it; an event without second number and without
 * @fixed writes its first one.
 */
static const struct rule {
	const char *name;
	const char *before[2];
	enum shape shape;
	enum event_dir dir;
	int reg;
	unsigned fixed;
} rules[] = {
	{ "apm_io_write", { " write addr=", " val=" }, PORT, DIR_WRITE, 0, 0 },
	{ "apm_io_read", { " read addr=", " val=" }, PORT, DIR_READ, 0, 0 },
	{ "apic_mem_writel", { " ", " = " }, ICR, DIR_WRITE, 0, 0 },
	{ "cpuhp_acpi_write_idx", { " set active cpu idx: ", NULL }, CPUHP, DIR_WRITE, HP_SELECTOR, 0 },
	{ "cpuhp_acpi_read_flags", { " idx[", "] flags: " }, CPUHP, DIR_READ, HP_FLAGS, 0 },
	{ "cpuhp_acpi_write_cmd", { " idx[", "] cmd: " }, CPUHP, DIR_WRITE, HP_CMD, 0 },
	{ "cpuhp_acpi_read_cmd_data", { " idx[", "] data: " }, CPUHP, DIR_READ, HP_DATA, 0 },
	{ "cpuhp_acpi_read_cmd_data2", { " idx[", "] data: " }, CPUHP, DIR_READ, HP_DATA2, 0 },
	{ "cpuhp_acpi_write_ost_ev", { " idx[", "] OST EVENT: " }, CPUHP, DIR_WRITE, HP_DATA, 0 },
	{ "cpuhp_acpi_write_ost_status", { " idx[", "] OST STATUS: " }, CPUHP, DIR_WRITE, HP_DATA, 0 },
	{ "cpuhp_acpi_clear_inserting_evt", { " idx[", NULL }, CPUHP, DIR_WRITE, HP_CONTROL, 0x02 },
	{ "cpuhp_acpi_clear_remove_evt", { " idx[", NULL }, CPUHP, DIR_WRITE, HP_CONTROL, 0x04 },
	{ "cpuhp_acpi_ejecting_cpu", { " ", NULL }, CPUHP, DIR_WRITE, HP_CONTROL, 0x08 },
	{ "cpuhp_acpi_ejecting_invalid_cpu", { " ", NULL }, CPUHP, DIR_WRITE, HP_CONTROL, 0x08 },
	{ "cpuhp_acpi_fw_remove_cpu", { " ", NULL }, CPUHP, DIR_WRITE, HP_CONTROL, 0x10 },
	{ "cpuhp_acpi_fw_remove_invalid_cpu", { " ", NULL }, CPUHP, DIR_WRITE, HP_CONTROL, 0x10 },
	{ "cpuhp_acpi_invalid_idx_selected", { " ", NULL }, CPUHP, DIR_READ, HP_ANY, 0 },
};

static const struct rule *rule_of(struct text *t)
{
	const char *end = memchr(t->at, ' ', (size_t)(t->end - t->at));
	size_t len = end ? (size_t)(end - t->at) : 0;

	for (size_t i = 0; len && i < sizeof(rules) / sizeof(*rules); i++) {
		if (strlen(rules[i].name) != len || memcmp(rules[i].name, t->at, len))
			continue;
		t->at = end;
		return &rules[i];
	}
	return NULL;
}

static bool make_port(const struct rule *r, const uint64_t num[2], struct event *ev)
{
	if (num[0] > 1)
		return false;
	event_set(ev, PORT_PORT, PORT_APM_CNT + num[0]);
	event_set(ev, PORT_DIR, r->dir);
	event_set(ev, PORT_VALUE, num[1]);
	return true;
}

static bool make_cpuhp(const struct rule *r, const uint64_t num[2], struct event *ev)
{
	event_set(ev, CPUHP_SELECTOR, num[0]);
	if (r->reg == HP_ANY)
		return true;
	event_set(ev, CPUHP_REG, (uint64_t)r->reg);
	event_set(ev, CPUHP_DIR, r->dir);
	event_set(ev, CPUHP_VALUE, r->fixed ? r->fixed : r->before[1] ? num[1] : num[0]);
	return true;
}

static bool make_ipi(struct qemulog_thread *th, const uint64_t num[2], struct event *ev)
{
	uint32_t icr = (uint32_t)num[1];
	unsigned mode = icr >> 8 & 7, dest = icr >> 18 & 3;

	if (num[0] == APIC_ICR_HIGH) {
		th->icr2 = icr;
		th->icr2_known = true;
	}
	if (num[0] != APIC_ICR_LOW || (mode != IPI_SMI && mode != IPI_INIT && mode != IPI_SIPI))
		return false;
	if (mode == IPI_INIT && (icr & ICR_LEVEL) && !(icr & ICR_ASSERT))
		return false;
	event_set(ev, IPI_MODE, mode);
	event_set(ev, IPI_DEST, dest);
	if (mode == IPI_SIPI)
		event_set(ev, IPI_VECTOR, icr & 0xff);
	if (dest == IPI_ONE && th->icr2_known && !(icr & ICR_LOGICAL))
		event_set(ev, IPI_TARGET, th->icr2 >> 24);
	event_set(ev, IPI_ICR, (th->icr2_known ? (uint64_t)th->icr2 << 32 : 0) | icr);
	return true;
}

enum qemulog_taken qemulog_trace_event(struct text line, struct qemulog_thread *th, struct event *ev)
{
	static const enum event_kind kind_of[] = { [PORT] = EV_PORT, [ICR] = EV_IPI, [CPUHP] = EV_CPUHP };
	const struct rule *r = rule_of(&line);
	uint64_t num[2] = { 0, 0 };
	bool made;

	if (!r)
		return QEMULOG_FOREIGN;
	for (int i = 0; i < 2 && r->before[i]; i++)
		if (!eat(&line, r->before[i]) || !eat_0x(&line, &num[i]))
			return QEMULOG_FOREIGN;
	*ev = event_new(kind_of[r->shape], SRC_QEMULOG, th->cpu, 0);
	if (r->shape == PORT)
		made = make_port(r, num, ev);
	else if (r->shape == ICR)
		made = make_ipi(th, num, ev);
	else
		made = make_cpuhp(r, num, ev);
	return made ? QEMULOG_EVENT : QEMULOG_KNOWN;
}
