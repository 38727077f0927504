/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gdb-internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "spin.h"

#define MONITOR_TEXT 1048576 /* `info registers -a` is 3.5 KiB a CPU */

struct gcpu *gdb_cpu_by_thread(struct gdb *g, struct rsp_thread t)
{
	/* QEMU: thread id = cpu_index + 1 (gdbstub.c, cpu_gdb_index) */
	if (t.tid == 0 || t.tid > EVENT_MAX_CPUS || !g->cpu[t.tid - 1].present)
		return NULL;
	return &g->cpu[t.tid - 1];
}

static bool apic_id_of(struct gdb *g, const char *slots, int cpu, uint64_t *id)
{
	char path[256], command[300], reply[128], *end;

	if (!monitor_cpu_path(slots, cpu, path, sizeof(path)))
		return false;
	snprintf(command, sizeof(command), "qom-get %s apic-id", path);
	if (rsp_monitor_text(g->rsp, command, reply, sizeof(reply), NULL) < 0)
		return false;
	*id = strtoull(reply, &end, 10);
	return end != reply;
}

/* A hot-added CPU exists from the moment on that the log first spoke of it. */
static void announce(struct gdb *g, struct gcpu *c, const char *slots, int64_t ts)
{
	int64_t born = atomic_load(&g->tap.born[c->index]);
	struct event ev = event_new(EV_CPU_ADD, SRC_GDB, c->index, born && born < ts ? born : ts);
	uint64_t id;

	if (apic_id_of(g, slots, c->index, &id)) {
		c->apic_id = (int64_t)id;
		event_set(&ev, CPU_ADD_APIC_ID, id);
	}
	if (c->tid)
		event_set(&ev, CPU_ADD_TID, (uint64_t)c->tid);
	gdb_put(g, ev);
}

static void appear(struct gdb *g, int index, struct rsp_thread thread)
{
	struct gcpu *c = &g->cpu[index];

	*c = (struct gcpu){
		.index = index, .thread = thread, .present = true,
		.base = SMBASE_UNKNOWN, .pending = SMBASE_UNKNOWN, .slot = SMM_SLOT_AMD64, .apic_id = -1,
	};
	if (index >= g->cpus)
		g->cpus = index + 1;
	atomic_store(&g->tap.cpus, g->cpus);
}

static void disappear(struct gdb *g, struct gcpu *c, int64_t ts)
{
	gdb_put(g, event_new(EV_CPU_REMOVE, SRC_GDB, c->index, ts));
	gdb_set_in_smm(g, c, false);
	c->present = false;
	c->base = SMBASE_UNKNOWN;
	atomic_store(&g->tap.ejecting, 0);
}

/* tids and APIC IDs of the CPUs whose @fresh flag is set. */
static void learn_about(struct gdb *g, const bool *fresh, int64_t ts)
{
	static char slots[MONITOR_TEXT];
	char text[16384];
	int tid[EVENT_MAX_CPUS] = { 0 };

	if (rsp_monitor_text(g->rsp, "info cpus", text, sizeof(text), NULL) >= 0)
		monitor_cpu_tids(text, tid, EVENT_MAX_CPUS);
	slots[0] = '\0';
	rsp_monitor_text(g->rsp, "info hotpluggable-cpus", slots, sizeof(slots), NULL);
	for (int i = 0; i < g->cpus; i++) {
		g->cpu[i].tid = tid[i];
		if (fresh[i])
			announce(g, &g->cpu[i], slots, ts);
		if (tid[i] && g->log)
			qemulog_set_cpu_tid(g->log, i, tid[i]);
	}
}

int gdb_cpus_refresh(struct gdb *g, int64_t ts, struct error *err)
{
	struct rsp_thread thread[EVENT_MAX_CPUS];
	bool here[EVENT_MAX_CPUS] = { false }, fresh[EVENT_MAX_CPUS] = { false };
	int n = rsp_threads(g->rsp, thread, EVENT_MAX_CPUS, err), grown = 0;

	if (n < 0)
		return n;
	g->cpus_checked_ns = ts;
	for (int i = 0; i < n; i++) {
		int index = (int)thread[i].tid - 1;

		if (index < 0 || index >= EVENT_MAX_CPUS)
			continue;
		here[index] = true;
		if (g->cpu[index].present)
			continue;
		appear(g, index, thread[i]);
		fresh[index] = true;
		grown = 1;
	}
	for (int i = 0; i < g->cpus; i++)
		if (g->cpu[i].present && !here[i])
			disappear(g, &g->cpu[i], ts);
	if (grown)
		learn_about(g, fresh, ts);
	return grown;
}

/* The selected CPU, in SMM, stands at the linear address @pc. */
static bool find_spin(struct gdb *g, uint64_t pc, const struct monitor_regs *r, struct spin *spin)
{
	struct spin_cpu cpu = { .gpr = r->gpr, .code64 = r->code64 };
	uint8_t code[SPIN_BEFORE + SPIN_AFTER];
	uint64_t from = pc - SPIN_BEFORE;

	if (first_smi_at_gate(&g->handoff.watch.first, pc)) {
		*spin = (struct spin){ .addr = g->handoff.watch.first.gate, .size = 8 };
		return true;
	}
	return rsp_read_memory(g->rsp, from, code, sizeof(code), NULL) >= 0 &&
	       spin_find(spin, code, sizeof(code), from, pc, &cpu);
}

/* A CPU in SMM that does not halt spins on something: what, and which value does it find there? */
static void look_at_spin(struct gdb *g, const struct monitor_regs *r, struct event *ev)
{
	uint64_t pc = r->cr0 & 1 ? r->rip : r->cs_base + r->rip, polled = 0;
	uint8_t value[8] = { 0 };
	struct spin spin;

	if (!r->in_smm || r->halted || r->cpu >= EVENT_MAX_CPUS || !g->cpu[r->cpu].present)
		return;
	if (rsp_select(g->rsp, g->cpu[r->cpu].thread, NULL) < 0 || !find_spin(g, pc, r, &spin))
		return;
	event_set(ev, CPU_SEEN_POLLS, spin.addr);
	if (rsp_read_memory(g->rsp, spin.addr, value, spin.size, NULL) < 0)
		return;
	for (unsigned i = spin.size; i-- > 0;)
		polled = polled << 8 | value[i];
	event_set(ev, CPU_SEEN_POLLED, polled);
}

int gdb_cpus_look(struct gdb *g, struct monitor_regs *out, int max, struct error *err)
{
	char *text = malloc(MONITOR_TEXT);
	int n;

	if (!text)
		return fail(err, ERR_OUTPUT, "no memory to read registers");
	n = rsp_monitor_text(g->rsp, "info registers -a", text, MONITOR_TEXT, err);
	if (n >= 0)
		n = monitor_registers(text, out, max);
	free(text);
	return n;
}

int gdb_cpus_seen(struct gdb *g, int64_t ts, struct monitor_regs *out, int max, struct error *err)
{
	int n = gdb_cpus_look(g, out, max, err);

	for (int i = 0; i < n; i++) {
		struct event ev = event_new(EV_CPU_SEEN, SRC_GDB, out[i].cpu, ts);

		event_set(&ev, CPU_SEEN_RIP, out[i].rip);
		event_set(&ev, CPU_SEEN_CS, out[i].cs);
		event_set(&ev, CPU_SEEN_IN_SMM, out[i].in_smm);
		event_set(&ev, CPU_SEEN_HALTED, out[i].halted);
		event_set(&ev, CPU_SEEN_CR0, out[i].cr0);
		event_set(&ev, CPU_SEEN_RSP, out[i].rsp);
		look_at_spin(g, &out[i], &ev);
		gdb_put(g, ev);
	}
	return n;
}
