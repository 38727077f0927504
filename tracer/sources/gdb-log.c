/* SPDX-License-Identifier: GPL-3.0-or-later */
/* QEMU's log next to the stub: switched on and off through the monitor, its events looked at on their way. */
#include "gdb-internal.h"

#include <unistd.h>

#include "../flow/scene.h"

static void wake(struct log_tap *tap)
{
	uint64_t one = 1;

	if (write(tap->wake_fd, &one, sizeof(one)) < 0)
		return; /* already awake */
}

/*
 * An SMI may have left a save state that was not there before. Looking costs the
 * guest a stop, and a CPU that is never relocated has none: so the 1st, 2nd,
 * 4th, 8th ... write to 0xb2.
 */
static bool worth_a_look(struct log_tap *tap, const struct event *ev)
{
	if (ev->kind != EV_PORT || event_get(ev, PORT_PORT, 0) != 0xb2 ||
	    event_get(ev, PORT_DIR, DIR_READ) != DIR_WRITE || !atomic_load(&tap->want_bases))
		return false;
	tap->apm_writes++;
	return !(tap->apm_writes & (tap->apm_writes - 1));
}

static bool sent_from_smm(struct log_tap *tap, const struct event *ev)
{
	for (int i = 0; i < atomic_load(&tap->cpus); i++)
		if ((ev->cpu == CPU_UNKNOWN || ev->cpu == i) && atomic_load(&tap->in_smm[i]))
			return true;
	return false;
}

/* What a hot-plug does, to be looked into at a stop. */
static void note_hotplug(struct log_tap *tap, const struct event *ev)
{
	if (ev->kind == EV_PORT && event_get(ev, PORT_PORT, 0) == APM_CNT &&
	    event_get(ev, PORT_DIR, DIR_READ) == DIR_WRITE && event_get(ev, PORT_VALUE, 0) == APM_CMD_CPU_HOTPLUG)
		atomic_store(&tap->hotplug_smi, true);
	if (ev->kind == EV_IPI && event_get(ev, IPI_MODE, IPI_FIXED) == IPI_SIPI && sent_from_smm(tap, ev))
		atomic_store(&tap->sipi_page, event_get(ev, IPI_VECTOR, 0) << 12);
}

/* The eject takes the CPU away before the monarch's RSM, which is one of the next stops. */
static bool ejects(const struct event *ev)
{
	return ev->kind == EV_CPUHP && event_get(ev, CPUHP_REG, 0) == HP_CONTROL &&
	       event_get(ev, CPUHP_DIR, DIR_READ) == DIR_WRITE && event_get(ev, CPUHP_VALUE, 0) & HP_EJECT;
}

static void look_at(struct log_tap *tap, const struct event *ev)
{
	if (ev->kind == EV_CPU_RESET && ev->cpu >= 0 && ev->cpu < EVENT_MAX_CPUS) {
		if (ev->cpu >= atomic_load(&tap->cpus)) {
			long long never = 0;

			atomic_compare_exchange_strong(&tap->born[ev->cpu], &never, ev->ts);
			atomic_store(&tap->rescan, true);
			wake(tap);
		} else if (atomic_load(&tap->in_smm[ev->cpu])) {
			atomic_store(&tap->reset[ev->cpu], true);
			wake(tap);
		}
	}
	note_hotplug(tap, ev);
	if (ejects(ev))
		atomic_store(&tap->ejecting, EJECT_STOPS);
	if (worth_a_look(tap, ev)) {
		atomic_store(&tap->apm_seen, true);
		wake(tap);
	}
}

void gdb_log_tap(struct event_out *out, const struct event *ev)
{
	gdb_log_tap_raw(out, ev, NULL);
}

void gdb_log_tap_raw(struct event_out *out, const struct event *ev, const struct raw *raw)
{
	struct log_tap *tap = (struct log_tap *)out;

	look_at(tap, ev);
	event_put(tap->next, ev, raw);
}

/* CPUs that the log says were reset inside SMM are outside now. */
void gdb_log_take_resets(struct gdb *g)
{
	for (int i = 0; i < g->cpus; i++)
		if (atomic_exchange(&g->tap.reset[i], false))
			gdb_set_in_smm(g, &g->cpu[i], false);
}
void gdb_log_arm_guard(struct gdb *g)
{
	guard_arm(g->args.guard, g->leave_stopped, (const char(*)[GUARD_UNDO_SIZE])g->plan.off,
		  g->log ? g->plan.offs : 0);
	guard_set_file(g->args.guard, g->log && g->plan.input == QEMULOG_FIFO ? g->plan.fifo : "");
}

static void log_switch_on(struct gdb *g)
{
	char reply[1024];

	for (unsigned i = 0; i < g->plan.asks; i++) {
		if (rsp_monitor_text(g->rsp, g->plan.ask[i], reply, sizeof(reply), NULL) < 0)
			return;
		qemulog_plan_reply(&g->plan, i, reply);
	}
	gdb_log_arm_guard(g);
	for (unsigned i = 0; i < g->plan.ons; i++)
		if (!rsp_monitor_text(g->rsp, g->plan.on[i], reply, sizeof(reply), NULL) && reply[0])
			gdb_note(g, "QEMU refused '%s'", g->plan.on[i]);
}

/* Not having the log is no failure: ports and IPIs are then not recorded, and the user is told. */
void gdb_log_open(struct gdb *g)
{
	struct error err;

	if (g->args.no_log)
		return;
	if (!g->server_pid) {
		gdb_note(g, "port accesses, IPIs and resets are not recorded: QEMU is not on this host");
		return;
	}
	if (qemulog_plan(g->server_pid, &g->plan, &err) < 0 ||
	    !(g->log = qemulog_open(&g->plan, &g->tap.out, &err))) {
		gdb_note(g, "port accesses, IPIs and resets are not recorded: %s", err.text);
		return;
	}
	if (g->plan.note[0])
		gdb_note(g, "%s", g->plan.note);
	log_switch_on(g);
}

void gdb_log_switch_off(struct gdb *g)
{
	char reply[1024];

	for (unsigned i = 0; g->log && i < g->plan.offs; i++)
		if (rsp_monitor_text(g->rsp, g->plan.off[i], reply, sizeof(reply), NULL) < 0)
			return;
}
