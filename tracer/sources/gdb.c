/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The attached source: stops, what the log asks for, and the way out. */
#include "gdb-internal.h"

#include <unistd.h>

#include "../clock.h"

#define FOREIGN_WAIT_MS 500 /* how long a guest that runs may take to stop */
#define CPUS_CHECK_NS 50000000ll /* how old the thread list may be at a stop */

int gdb_fd(const struct gdb *g)
{
	return rsp_fd(g->rsp);
}

int gdb_wake_fd(const struct gdb *g)
{
	return g->tap.wake_fd;
}

/* ---- stops ---- */

/* A hot-added CPU has no points until all are sent again. */
static int arm_new_cpus(struct gdb *g, int64_t ts, struct error *err)
{
	int64_t since = g->cpus_checked_ns;
	int known = g->cpus, grown = gdb_cpus_refresh(g, ts, err);

	if (grown <= 0)
		return grown;
	points_reinsert(&g->points, g->rsp);
	if (rsp_sync(g->rsp, err) < 0) /* removals are refused where a CPU lacks the point */
		return -1;
	for (int i = known; i < g->cpus; i++) {
		int64_t born = atomic_exchange(&g->tap.born[i], 0);
		struct event ev = event_new(EV_BLIND, SRC_GDB, i, born ? born : since);

		event_set(&ev, BLIND_UNTIL, (uint64_t)ts);
		event_set(&ev, BLIND_WHY, WHY_NEW_CPU);
		gdb_put(g, ev);
		if (gdb_capture_new_cpu(g, &g->cpu[i], ts, err) < 0)
			return -1;
	}
	return 0;
}

static int look_again_for_bases(struct gdb *g, int64_t ts)
{
	struct monitor_regs seen[EVENT_MAX_CPUS];
	int n = gdb_cpus_seen(g, ts, seen, EVENT_MAX_CPUS, NULL);

	if (n > 0)
		gdb_find_bases(g, seen, n, ts);
	return 0;
}

/* Before a stop is looked at: the log first, so that causes come before effects. */
static int64_t settle(struct gdb *g, int64_t ts)
{
	if (g->log) {
		int64_t latest = qemulog_drain(g->log, ts);

		if (latest >= ts)
			ts = latest + 1;
	}
	gdb_log_take_resets(g);
	return ts;
}

static int paused_by_others(struct gdb *g, const struct rsp_stop *stop, struct error *err)
{
	(void)err;
	if (!g->foreign_pause)
		gdb_note(g, "somebody paused the guest; it stays paused until they continue it");
	gdb_pause_begins(g, 0);
	gdb_put_span(g, EV_PAUSE, stop->recv_ns, stop->recv_ns, WHY_FOREIGN);
	g->foreign_pause = true;
	rsp_assume_running(g->rsp);
	return 0;
}

static int handle_stop(struct gdb *g, const struct rsp_stop *stop, struct error *err)
{
	int64_t ts;
	int rc;

	if (stop->kind == RSP_STOP_EXITED)
		return GDB_EXITED;
	if (stop->signal == 2)
		return paused_by_others(g, stop, err);
	g->foreign_pause = false;
	gdb_pause_begins(g, stop->recv_ns);
	ts = settle(g, stop->recv_ns);
	if (atomic_exchange(&g->tap.rescan, false) || ts - g->cpus_checked_ns > CPUS_CHECK_NS)
		if (arm_new_cpus(g, ts, err) < 0)
			return -1;
	rc = gdb_capture_stop(g, stop, ts, err);
	if (!rc)
		gdb_pause_ends(g, WHY_STOP);
	return rc;
}

int gdb_handle(struct gdb *g, struct error *err)
{
	for (;;) {
		struct rsp_stop stop;
		int rc = rsp_wait_stop(g->rsp, 0, &stop, err);

		if (rc < 0 || stop.kind == RSP_STOP_NONE)
			return rc;
		rc = handle_stop(g, &stop, err);
		if (rc)
			return rc;
	}
}

int gdb_wake(struct gdb *g, struct error *err)
{
	struct rsp_stop stop;
	uint64_t count;
	int64_t ts;
	int rc;

	if (read(g->tap.wake_fd, &count, sizeof(count)) < 0 || !rsp_running(g->rsp) || g->foreign_pause)
		return 0;
	if (rsp_interrupt(g->rsp, &stop, err) < 0)
		return -1;
	if (stop.kind == RSP_STOP_EXITED)
		return GDB_EXITED;
	gdb_pause_begins(g, stop.recv_ns);
	ts = settle(g, stop.recv_ns);
	atomic_store(&g->tap.rescan, false);
	if (arm_new_cpus(g, ts, err) < 0)
		return -1;
	if (atomic_exchange(&g->tap.apm_seen, false) && atomic_load(&g->tap.want_bases))
		look_again_for_bases(g, ts);
	if (stop.signal == 2)
		rc = gdb_capture_resume(g, NULL, 0, err);
	else
		rc = gdb_capture_stop(g, &stop, ts, err);
	if (!rc)
		gdb_pause_ends(g, stop.signal == 2 ? WHY_INTERRUPT : WHY_STOP);
	return rc;
}

/* ---- detach ---- */

static void report_blind(struct gdb *g, int64_t ts)
{
	for (int i = 0; i < g->cpus; i++) {
		struct event ev = event_new(EV_BLIND, SRC_GDB, i, g->cpu[i].blind_since);

		if (!g->cpu[i].blind_since)
			continue;
		event_set(&ev, BLIND_UNTIL, (uint64_t)ts);
		event_set(&ev, BLIND_WHY, WHY_NO_SMBASE);
		gdb_put(g, ev);
	}
}

static void remove_points(struct gdb *g)
{
	points_begin(&g->points);
	points_sync(&g->points, g->rsp);
	rsp_sync(g->rsp, NULL);
}

/* Bring the guest to a stop we can talk in. False: it no longer answers. */
static bool stop_for_detach(struct gdb *g)
{
	struct rsp_stop stop;

	if (!rsp_running(g->rsp)) {
		if (!g->pause_start)
			gdb_pause_begins(g, clock_now());
		return true;
	}
	if (g->foreign_pause) {
		/* whether they have continued it in the meantime only its answer tells */
		g->leave_stopped = rsp_probe_running(g->rsp, FOREIGN_WAIT_MS, NULL) == 0;
		gdb_pause_begins(g, clock_now());
		return true;
	}
	if (rsp_interrupt(g->rsp, &stop, NULL) < 0 || stop.kind == RSP_STOP_EXITED)
		return false;
	gdb_pause_begins(g, stop.recv_ns);
	return true;
}

static void detach(struct gdb *g)
{
	struct monitor_regs seen[EVENT_MAX_CPUS];

	if (!stop_for_detach(g))
		return;
	settle(g, g->pause_start);
	gdb_cpus_seen(g, clock_now(), seen, EVENT_MAX_CPUS, NULL);
	gdb_log_switch_off(g);
	remove_points(g);
	if (!g->leave_stopped)
		rsp_detach(g->rsp, NULL);
	gdb_pause_ends(g, WHY_DETACH);
}

void gdb_close(struct gdb *g, bool gone)
{
	int64_t ts;

	if (!gone)
		detach(g);
	ts = clock_now();
	report_blind(g, ts);
	gdb_put_session(g, gone ? SESSION_TARGET_EXIT : SESSION_DETACH, ts);
	guard_disarm(g->args.guard);
	gdb_free(g);
}
