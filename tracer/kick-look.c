/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What QEMU's monitor says of the guest while it stands. Formats: QEMU 7.2,
 * `info kvm`, `info status`, `info version`, `info lapic` (dump_apic_icr),
 * `gva2gpa`; x86_cpu_dump_state for the registers.
 */
#include "kick-internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../gdbproto/safe-text.h"

#define MONITOR_TEXT 1048576
#define APIC_BASE 0xfee00000ull

/* 8.1 is the first that says nothing when attaching stops a guest: whether it ran is then not known. */
static bool tells_stops(struct rsp *r)
{
	char text[128];
	unsigned major = 0, minor = 0;

	if (rsp_monitor_text(r, "info version", text, sizeof(text), NULL) < 0)
		return true;
	return sscanf(text, "%u.%u", &major, &minor) != 2 || major < 8 || (major == 8 && minor < 1);
}

static int check_runs(struct rsp *r, bool was_running, struct error *err)
{
	char text[128] = "";

	if (was_running)
		return 0;
	if (rsp_monitor_text(r, "info status", text, sizeof(text), err) < 0)
		return -ERR_TARGET;
	if (strstr(text, "prelaunch") || strstr(text, "debug") || tells_stops(r))
		return fail(err, ERR_FINDING, "nothing to kick: the guest is stopped; let it run (HMP or QMP: cont)"
			    " and try again");
	return 0;
}

/* Another debugger may have switched interrupts on in steps (Qqemu.sstep), and QEMU keeps it so. */
static int check_steps(struct rsp *r, struct error *err)
{
	enum { NOIRQ = 2, NOTIMER = 4 };
	const char *reply;
	long len = rsp_ask(r, &reply, err, "qqemu.sstep");
	unsigned long bits = len > 0 ? strtoul(reply, NULL, 16) : 0;

	if (len < 0)
		return (int)len;
	if ((bits & (NOIRQ | NOTIMER)) == (NOIRQ | NOTIMER))
		return 0;
	return fail(err, ERR_TARGET, "cannot kick: the stub takes interrupts in single steps (0x%lx);"
		    " gdb's \"maint packet Qqemu.sstep=0x7\" ends that", bits);
}

int kick_check_machine(struct rsp *r, bool was_running, struct error *err)
{
	char text[256];

	if (!rsp_features(r)->is_qemu)
		return fail(err, ERR_TARGET, "cannot kick: the stub is not QEMU's, so who is in SMM is not known");
	if (rsp_monitor_text(r, "info kvm", text, sizeof(text), err) < 0)
		return -ERR_TARGET;
	if (strstr(text, "enabled"))
		return fail(err, ERR_TARGET, "cannot kick: the guest runs under KVM; this is for TCG");
	if (check_steps(r, err) < 0)
		return -ERR_TARGET;
	return check_runs(r, was_running, err);
}

static void look_at_loop(struct rsp *r, struct kick_cpu *c)
{
	uint8_t code[SPIN_BEFORE + SPIN_AFTER], value[8] = { 0 };
	struct spin_cpu cpu = { .code64 = c->regs.code64 };
	uint64_t from = c->regs.rip - SPIN_BEFORE;

	if (!c->regs.in_smm || c->regs.halted || !kick_is_flat(&c->regs))
		return;
	if (rsp_select(r, kick_thread(c->regs.cpu), NULL) < 0 ||
	    rsp_read_memory(r, from, code, sizeof(code), NULL) < 0 ||
	    !spin_find(&c->spin, code, sizeof(code), from, c->regs.rip, &cpu) ||
	    rsp_read_memory(r, c->spin.addr, value, c->spin.size, NULL) < 0)
		return;
	c->polls = true;
	for (unsigned i = c->spin.size; i-- > 0;)
		c->polled = c->polled << 8 | value[i];
}

int kick_look(struct rsp *r, struct kick_scene *out, struct error *err)
{
	struct monitor_regs regs[EVENT_MAX_CPUS];
	char *text = malloc(MONITOR_TEXT);
	int n;

	if (!text)
		return fail(err, ERR_OUTPUT, "no memory to read registers");
	n = rsp_monitor_text(r, "info registers -a", text, MONITOR_TEXT, err);
	if (n >= 0)
		n = monitor_registers(text, regs, EVENT_MAX_CPUS);
	free(text);
	if (n < 0)
		return n;
	out->n = n;
	for (int i = 0; i < n; i++) {
		out->cpu[i] = (struct kick_cpu){ .regs = regs[i] };
		look_at_loop(r, &out->cpu[i]);
	}
	return n ? 0 : fail(err, ERR_TARGET, "QEMU's monitor shows no CPU");
}

static int apic_id_of(struct rsp *r, const char *slots, int cpu, uint32_t *id, struct error *err)
{
	char path[256], command[300], reply[128] = "", *end = reply;

	if (monitor_cpu_path(slots, cpu, path, sizeof(path))) {
		snprintf(command, sizeof(command), "qom-get %s apic-id", path);
		if (rsp_monitor_text(r, command, reply, sizeof(reply), err) < 0)
			return -ERR_TARGET;
		*id = (uint32_t)strtoul(reply, &end, 10);
	}
	return end != reply ? 0 : fail(err, ERR_TARGET, "QEMU's monitor does not tell the APIC ID of CPU %d", cpu);
}

static int read_apic_id(struct rsp *r, int cpu, uint32_t *id, struct error *err)
{
	char *slots = malloc(MONITOR_TEXT);
	int rc;

	if (!slots)
		return fail(err, ERR_OUTPUT, "no memory to read the list of CPUs");
	rc = rsp_monitor_text(r, "info hotpluggable-cpus", slots, MONITOR_TEXT, err);
	if (rc >= 0)
		rc = apic_id_of(r, slots, cpu, id, err);
	free(slots);
	return rc;
}

static int select_monitor_cpu(struct rsp *r, int cpu, struct error *err)
{
	char command[32], text[128];
	int rc;

	snprintf(command, sizeof(command), "cpu %d", cpu);
	rc = rsp_monitor_text(r, command, text, sizeof(text), err);
	return rc < 0 ? rc : 0;
}

/* The sender's page tables must lead 0xfee00000 to itself. */
static int check_mapped(struct rsp *r, int cpu, struct error *err)
{
	char text[128], safe[64], want[32];

	if (select_monitor_cpu(r, cpu, err) < 0 ||
	    rsp_monitor_text(r, "gva2gpa 0xfee00000", text, sizeof(text), err) < 0)
		return -ERR_TARGET;
	snprintf(want, sizeof(want), "gpa: 0x%llx", APIC_BASE);
	if (!strncmp(text, want, strlen(want)))
		return 0;
	safe_text(safe, sizeof(safe), text, strcspn(text, "\r\n"));
	return fail(err, ERR_FINDING, "cannot kick: CPU %d does not map the local APIC at 0x%llx (%s)", cpu,
		    APIC_BASE, safe);
}

int kick_read_icr2(struct rsp *r, int cpu, uint32_t *icr2, struct error *err)
{
	char text[8192], *at, *end;

	if (select_monitor_cpu(r, cpu, err) < 0 || rsp_monitor_text(r, "info lapic", text, sizeof(text), err) < 0)
		return -ERR_TARGET;
	at = strstr(text, "ICR2");
	if (at) {
		at += strlen("ICR2");
		*icr2 = (uint32_t)strtoul(at, &end, 16);
		if (end != at)
			return 0;
	}
	return fail(err, ERR_TARGET, "QEMU's monitor does not show the local APIC of CPU %d", cpu);
}

int kick_find_apic(struct rsp *r, struct kick_plan *p, struct error *err)
{
	uint32_t unused;

	if (read_apic_id(r, p->lost.regs.cpu, &p->apic_id, err) < 0)
		return -ERR_TARGET;
	if (p->apic_id > 0xfe)
		return fail(err, ERR_FINDING, "cannot kick: APIC ID %u does not fit an xAPIC", p->apic_id);
	if (kick_read_icr2(r, p->sender.regs.cpu, &unused, err) < 0)
		return -ERR_TARGET;
	return check_mapped(r, p->sender.regs.cpu, err);
}
