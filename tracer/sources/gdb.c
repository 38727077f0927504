/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The attached source: stops, what the log asks for, and the way out. */
#include "gdb-internal.h"

#include <errno.h>
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
	g->config_due = true;
	gdb_handoff_open(g);
	points_reinsert(&g->points, g->rsp);
	if (rsp_sync(g->rsp, err) < 0) /* removals are refused where a CPU lacks the point */
		return -1;
	for (int i = known; i < g->cpus; i++) {
		int64_t born = atomic_exchange(&g->tap.born[i], 0);

		gdb_put_blind(g, SRC_GDB, i, born ? born : since, ts, WHY_NEW_CPU);
		g->cpu[i].hot = true;
		if (gdb_capture_new_cpu(g, &g->cpu[i], ts, err) < 0)
			return -1;
	}
	return 0;
}

/* Where the CPUs are, and how the machine stands: what a hang is explained with. */
static void look(struct gdb *g, int64_t ts)
{
	struct monitor_regs seen[EVENT_MAX_CPUS];

	gdb_cpus_seen(g, ts, seen, EVENT_MAX_CPUS, NULL);
	gdb_config_read(g, ts);
}

static int look_again_for_bases(struct gdb *g, int64_t ts)
{
	struct monitor_regs seen[EVENT_MAX_CPUS];
	int n = gdb_cpus_seen(g, ts, seen, EVENT_MAX_CPUS, NULL);

	if (n > 0)
		gdb_find_bases(g, seen, n, ts);
	return 0;
}

/*
 * Before a stop is looked at: the log first, so that causes come before effects. What the log wanted
 * a look for until now is looked at in this stop, and needs no further one.
 */
static int64_t settle(struct gdb *g, int64_t ts)
{
	uint64_t count;

	if (g->log) {
		int64_t latest = qemulog_drain(g->log, ts);

		if (latest >= ts)
			ts = latest + 1;
	}
	if (read(g->tap.wake_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		gdb_note(g, "the log's wake-up cannot be read");
	gdb_log_take_resets(g);
	return ts;
}

/* A CPU that the log says is being ejected is worth a look at the thread list, for a while. */
static bool ejecting(struct gdb *g)
{
	return atomic_load(&g->tap.ejecting) > 0 && atomic_fetch_sub(&g->tap.ejecting, 1) > 0;
}

/* Everything that a stop may mean, then on. */
static int take_all(struct gdb *g, const struct rsp_stop *stop, bool look_for_cpus, enum pause_why why,
		    struct error *err)
{
	struct stopped_at at;
	int64_t ts;
	int rc;

	gdb_foreign_over(g, stop->recv_ns);
	gdb_pause_begins(g, stop->recv_ns);
	ts = settle(g, stop->recv_ns);
	if (atomic_exchange(&g->tap.rescan, false) || look_for_cpus || ejecting(g))
		if (arm_new_cpus(g, ts, err) < 0)
			return -1;
	if (atomic_exchange(&g->tap.apm_seen, false) && atomic_load(&g->tap.want_bases))
		look_again_for_bases(g, ts);
	gdb_code_before_look(g, stop, ts);
	if (gdb_capture_look(g, stop, ts, &at, err) < 0)
		return -1;
	gdb_handoff_at_stop(g, at.c, ts);
	if (g->look_due)
		look(g, ts);
	else
		gdb_config_at_stop(g, ts);
	g->look_due = false;
	if (g->kick_due != CPU_UNKNOWN && gdb_kick_at_stop(g, ts, err) < 0)
		return -1;
	rc = gdb_capture_resume(g, &at, err);
	if (!rc)
		gdb_pause_ends(g, why);
	return rc;
}

/* The same, and what is told is made of the packet of @stop. */
static int take_stop(struct gdb *g, const struct rsp_stop *stop, bool look_for_cpus, enum pause_why why,
		     struct error *err)
{
	int rc;

	g->stop = stop;
	rc = take_all(g, stop, look_for_cpus, why, err);
	g->stop = NULL;
	return rc;
}

static int handle_stop(struct gdb *g, const struct rsp_stop *stop, struct error *err)
{
	if (stop->kind == RSP_STOP_EXITED)
		return GDB_EXITED;
	if (stop->signal == SIGNAL_TRAP)
		return take_stop(g, stop, !g->log || stop->recv_ns - g->cpus_checked_ns > CPUS_CHECK_NS, WHY_STOP,
				 err);
	if (!g->foreign_since)
		gdb_note(g, "somebody paused the guest; it stays paused until they continue it");
	gdb_foreign_over(g, stop->recv_ns);
	gdb_foreign_pause(g, stop->recv_ns);
	return 0;
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

/* Stop the guest and take everything in, new CPUs too. */
static int interrupt(struct gdb *g, struct error *err)
{
	struct rsp_stop stop;

	if (!rsp_running(g->rsp) || g->foreign_since)
		return 0;
	if (rsp_interrupt(g->rsp, &stop, err) < 0)
		return -1;
	if (stop.signal != SIGNAL_INTERRUPT)
		return handle_stop(g, &stop, err); /* it came first; the log is looked at there, too */
	return take_stop(g, &stop, true, WHY_INTERRUPT, err);
}

int gdb_wake(struct gdb *g, struct error *err)
{
	uint64_t count;

	return read(g->tap.wake_fd, &count, sizeof(count)) < 0 ? 0 : interrupt(g, err);
}

int gdb_look(struct gdb *g, struct error *err)
{
	g->look_due = true;
	return interrupt(g, err);
}

int gdb_look_after_pause(struct gdb *g, struct error *err)
{
	struct rsp_stop stop;
	int rc = gdb_foreign_check(g, &stop, err);

	return rc > 0 ? take_stop(g, &stop, true, WHY_INTERRUPT, err) : rc;
}

int gdb_rescan(struct gdb *g, struct error *err)
{
	return interrupt(g, err);
}

int gdb_kick(struct gdb *g, int cpu, struct error *err)
{
	g->kick_due = cpu;
	return interrupt(g, err);
}

bool gdb_busy(const struct gdb *g)
{
	return gdb_handoff_busy(g);
}

/* ---- detach ---- */

/* Told at the end: without the log whatever rests on it is not known. */
static void report_no_log(struct gdb *g, int64_t ts)
{
	if (!g->log && g->attached_ns)
		gdb_put_blind(g, SRC_QEMULOG, CPU_UNKNOWN, g->attached_ns, ts, WHY_NO_LOG);
}

static void report_blind(struct gdb *g, int64_t ts)
{
	for (int i = 0; i < g->cpus; i++) {
		if (g->cpu[i].blind_since)
			gdb_put_blind(g, SRC_GDB, i, g->cpu[i].blind_since, ts, WHY_NO_SMBASE);
	}
}

static int remove_points(struct gdb *g)
{
	points_begin(&g->points);
	points_sync(&g->points, g->rsp);
	return rsp_sync(g->rsp, NULL);
}

/* Bring the guest to a stop we can talk in. 1 = by this @stop, 0 = it stood, negative = it no longer answers. */
static int stop_for_detach(struct gdb *g, struct rsp_stop *stop)
{
	int ran;

	if (!rsp_running(g->rsp))
		return 0;
	if (!g->foreign_since)
		return rsp_interrupt(g->rsp, stop, NULL) < 0 || stop->kind == RSP_STOP_EXITED ? -1 : 1;
	/* whether they have continued it in the meantime only its answer tells */
	ran = rsp_probe_running(g->rsp, FOREIGN_WAIT_MS, NULL);
	g->leave_stopped = ran == 0;
	gdb_foreign_over(g, clock_now());
	return ran < 0 ? ran : 0;
}

/* False when the guest could not be given back; the guard then tries. */
static bool detach(struct gdb *g)
{
	struct stopped_at at = { 0 };
	struct rsp_stop stop;
	int stopped = stop_for_detach(g, &stop);
	int64_t ts = clock_now();

	if (stopped < 0)
		return false;
	if (!g->pause_start)
		gdb_pause_begins(g, stopped ? stop.recv_ns : ts);
	ts = settle(g, g->pause_start);
	g->stop = stopped ? &stop : NULL;
	if (stopped)
		gdb_capture_look(g, &stop, ts, &at, NULL);
	g->stop = NULL;
	gdb_handoff_at_stop(g, at.c, ts);
	look(g, clock_now());
	gdb_log_switch_off(g);
	if (remove_points(g) < 0 || (!g->leave_stopped && rsp_detach(g->rsp, NULL) < 0))
		return false;
	gdb_pause_ends(g, WHY_DETACH);
	return true;
}

void gdb_close(struct gdb *g, enum gdb_status how)
{
	bool given_back = how == GDB_EXITED || (how == GDB_GOES_ON && detach(g));
	int64_t ts = clock_now();

	report_blind(g, ts);
	report_no_log(g, ts);
	gdb_put_session(g, !given_back ? SESSION_TARGET_LOST : how == GDB_EXITED ? SESSION_TARGET_EXIT :
						SESSION_DETACH, ts);
	if (given_back)
		guard_disarm(g->args.guard);
	gdb_free(g);
}
