/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gdb-internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../clock.h"

#define FOREIGN_WAIT_MS 500 /* how long a guest that runs may take to stop */
#define CPUS_CHECK_NS 50000000ll /* how old the thread list may be at a stop */

void gdb_put(struct gdb *g, struct event ev)
{
	g->args.out->put(g->args.out, &ev);
}

void gdb_note(struct gdb *g, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (g->args.note)
		g->args.note(g->args.note_arg, text);
}

void gdb_set_in_smm(struct gdb *g, struct gcpu *c, bool in_smm)
{
	c->in_smm = in_smm;
	atomic_store(&g->tap.in_smm[c->index], in_smm);
}

/* ---- the log's events on their way ---- */

static void wake(struct log_tap *tap)
{
	uint64_t one = 1;

	if (write(tap->wake_fd, &one, sizeof(one)) < 0)
		return; /* already awake */
}

static void tap_put(struct event_out *out, const struct event *ev)
{
	struct log_tap *tap = (struct log_tap *)out;

	if (ev->kind == EV_CPU_RESET && ev->cpu >= 0) {
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
	if (ev->kind == EV_PORT && event_get(ev, PORT_PORT, 0) == 0xb2 && atomic_load(&tap->want_bases)) {
		atomic_store(&tap->apm_seen, true);
		wake(tap);
	}
	tap->next->put(tap->next, ev);
}

/* CPUs that the log says were reset inside SMM are outside now. */
static void take_resets(struct gdb *g)
{
	for (int i = 0; i < g->cpus; i++)
		if (atomic_exchange(&g->tap.reset[i], false))
			gdb_set_in_smm(g, &g->cpu[i], false);
}

/* ---- pauses ---- */

static void put_span(struct gdb *g, enum event_kind kind, int64_t from, int64_t until, enum pause_why why)
{
	struct event ev = event_new(kind, SRC_GDB, CPU_UNKNOWN, from);

	event_set(&ev, PAUSE_UNTIL, (uint64_t)until);
	event_set(&ev, PAUSE_WHY, why);
	gdb_put(g, ev);
}

static void pause_begins(struct gdb *g, int64_t ts)
{
	g->pause_start = ts;
}

static void pause_ends(struct gdb *g, enum pause_why why)
{
	int64_t now = clock_now();

	if (!g->pause_start)
		return;
	put_span(g, EV_PAUSE, g->pause_start, now, why);
	g->stopped_ns += now - g->pause_start;
	if (why == WHY_STOP) {
		g->handling_ns[g->handlings++ % STOPS_KEPT] = (uint32_t)(now - g->pause_start);
		g->stops++;
	}
	g->pause_start = 0;
}

static void put_session(struct gdb *g, enum session_what what, int64_t ts)
{
	struct event ev = event_new(EV_SESSION, SRC_TRACER, CPU_UNKNOWN, ts);

	event_set(&ev, SESSION_WHAT, what);
	gdb_put(g, ev);
}

/* ---- the log ---- */

static void log_arm_guard(struct gdb *g)
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
	log_arm_guard(g);
	for (unsigned i = 0; i < g->plan.ons; i++)
		if (!rsp_monitor_text(g->rsp, g->plan.on[i], reply, sizeof(reply), NULL) && reply[0])
			gdb_note(g, "QEMU refused '%s'", g->plan.on[i]);
}

/* Not having the log is no failure: ports and IPIs are then not recorded, and the user is told. */
static void log_open(struct gdb *g)
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

static void log_switch_off(struct gdb *g)
{
	char reply[1024];

	for (unsigned i = 0; g->log && i < g->plan.offs; i++)
		if (rsp_monitor_text(g->rsp, g->plan.off[i], reply, sizeof(reply), NULL) < 0)
			return;
}

/* ---- attach ---- */

enum found { FOUND_RUNNING, FOUND_PRELAUNCH, FOUND_PAUSED, FOUND_LEFTOVER };

static enum found found_how(struct gdb *g, bool was_running)
{
	char status[128];

	if (was_running || rsp_monitor_text(g->rsp, "info status", status, sizeof(status), NULL) < 0)
		return FOUND_RUNNING;
	if (strstr(status, "prelaunch"))
		return FOUND_PRELAUNCH;
	if (strstr(status, "debug"))
		return FOUND_LEFTOVER;
	return strstr(status, "paused") ? FOUND_PAUSED : FOUND_RUNNING;
}

static void find_bases(struct gdb *g, const struct monitor_regs *seen, int n, int64_t ts)
{
	unsigned unknown;

	gdb_late_find(g, seen, n, ts);
	for (int i = 0; i < n; i++) {
		struct gcpu *c = seen[i].cpu < EVENT_MAX_CPUS ? &g->cpu[seen[i].cpu] : NULL;

		if (c && c->present && seen[i].in_smm && !c->in_smm)
			gdb_capture_inside(g, c, NULL);
	}
	unknown = gdb_late_unknown(g);
	atomic_store(&g->tap.want_bases, unknown > 0);
	for (int i = 0; unknown && i < g->cpus; i++)
		if (g->cpu[i].present && g->cpu[i].base == NO_BASE && !g->cpu[i].blind_since)
			g->cpu[i].blind_since = ts;
	if (unknown)
		gdb_note(g, "%u of %d CPUs: no SMBASE found (not relocated, or no SMI since); looked for again at the"
			    " next write to 0xb2", unknown, g->cpus);
}

static int learn_layout(struct gdb *g, struct error *err)
{
	struct target_desc *d = target_desc_of(g->rsp, err);
	int rc = d ? regs_layout_init(&g->layout, d, err) : -ERR_TARGET;

	target_desc_free(d);
	return rc;
}

static int set_up(struct gdb *g, enum found found, int64_t ts, struct error *err)
{
	struct monitor_regs seen[EVENT_MAX_CPUS];
	int n;

	if (learn_layout(g, err) < 0 || rsp_forget_points(g->rsp, err) < 0)
		return -1;
	log_open(g);
	if (gdb_cpus_refresh(g, ts, err) < 0)
		return -1;
	n = gdb_cpus_seen(g, ts, seen, EVENT_MAX_CPUS, err);
	if (n < 0)
		return -1;
	if (found != FOUND_PRELAUNCH)
		find_bases(g, seen, n, ts);
	gdb_capture_want(g);
	points_sync(&g->points, g->rsp);
	n = rsp_sync(g->rsp, err);
	return n > 0 ? fail(err, ERR_TARGET, "the stub refuses breakpoints") : n;
}

static int start_guest(struct gdb *g, enum found found, struct error *err)
{
	if (found == FOUND_PAUSED && !g->args.resume) {
		gdb_note(g, "the guest is paused and stays so until it is continued (HMP or QMP: cont)");
		g->foreign_pause = true;
		rsp_assume_running(g->rsp);
		return 0;
	}
	if (rsp_continue(g->rsp, err) < 0)
		return -1;
	pause_ends(g, WHY_ATTACH);
	return 0;
}

static struct gdb *gdb_alloc(const struct gdb_args *args, struct error *err)
{
	struct gdb *g = calloc(1, sizeof(*g));

	if (g) {
		g->args = *args;
		g->regs = calloc(EVENT_MAX_CPUS, sizeof(*g->regs));
		g->handling_ns = calloc(STOPS_KEPT, sizeof(*g->handling_ns));
		g->tap.out.put = tap_put;
		g->tap.next = args->out;
		g->tap.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	}
	if (!g || !g->regs || !g->handling_ns || g->tap.wake_fd < 0)
		fail(err, ERR_OUTPUT, "no memory for the gdb source");
	return g;
}

static void gdb_free(struct gdb *g)
{
	qemulog_close(g->log);
	if (g->rsp)
		rsp_close(g->rsp);
	if (g->tap.wake_fd >= 0)
		close(g->tap.wake_fd);
	free(g->handling_ns);
	free(g->regs);
	free(g);
}

struct gdb *gdb_open(const struct gdb_args *args, struct error *err)
{
	struct gdb *g = gdb_alloc(args, err);
	enum found found;
	bool was_running;
	int64_t ts;

	if (!g || !g->handling_ns)
		return NULL;
	g->rsp = rsp_open(args->target, args->timeout_ms, &was_running, err);
	if (!g->rsp) {
		gdb_free(g);
		return NULL;
	}
	ts = clock_now();
	found = found_how(g, was_running);
	g->leave_stopped = !args->own_guest && (found == FOUND_PRELAUNCH || found == FOUND_PAUSED);
	g->server_pid = rsp_server_pid(g->rsp);
	log_arm_guard(g);
	if (found == FOUND_LEFTOVER)
		gdb_note(g, "the guest stood at a breakpoint that a killed debugger left behind; removed");
	put_session(g, SESSION_ATTACH, ts);
	pause_begins(g, ts);
	if (set_up(g, found, ts, err) < 0 || start_guest(g, found, err) < 0) {
		gdb_close(g, false);
		return NULL;
	}
	return g;
}

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
		find_bases(g, seen, n, ts);
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
	take_resets(g);
	return ts;
}

static int paused_by_others(struct gdb *g, const struct rsp_stop *stop, struct error *err)
{
	(void)err;
	if (!g->foreign_pause)
		gdb_note(g, "somebody paused the guest; it stays paused until they continue it");
	pause_begins(g, 0);
	put_span(g, EV_PAUSE, stop->recv_ns, stop->recv_ns, WHY_FOREIGN);
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
	pause_begins(g, stop->recv_ns);
	ts = settle(g, stop->recv_ns);
	if (atomic_exchange(&g->tap.rescan, false) || ts - g->cpus_checked_ns > CPUS_CHECK_NS)
		if (arm_new_cpus(g, ts, err) < 0)
			return -1;
	rc = gdb_capture_stop(g, stop, ts, err);
	if (!rc)
		pause_ends(g, WHY_STOP);
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
	pause_begins(g, stop.recv_ns);
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
		pause_ends(g, stop.signal == 2 ? WHY_INTERRUPT : WHY_STOP);
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
			pause_begins(g, clock_now());
		return true;
	}
	if (g->foreign_pause) {
		/* whether they have continued it in the meantime only its answer tells */
		g->leave_stopped = rsp_probe_running(g->rsp, FOREIGN_WAIT_MS, NULL) == 0;
		pause_begins(g, clock_now());
		return true;
	}
	if (rsp_interrupt(g->rsp, &stop, NULL) < 0 || stop.kind == RSP_STOP_EXITED)
		return false;
	pause_begins(g, stop.recv_ns);
	return true;
}

static void detach(struct gdb *g)
{
	struct monitor_regs seen[EVENT_MAX_CPUS];

	if (!stop_for_detach(g))
		return;
	settle(g, g->pause_start);
	gdb_cpus_seen(g, clock_now(), seen, EVENT_MAX_CPUS, NULL);
	log_switch_off(g);
	remove_points(g);
	if (!g->leave_stopped)
		rsp_detach(g->rsp, NULL);
	pause_ends(g, WHY_DETACH);
}

void gdb_close(struct gdb *g, bool gone)
{
	int64_t ts;

	if (!gone)
		detach(g);
	ts = clock_now();
	report_blind(g, ts);
	put_session(g, gone ? SESSION_TARGET_EXIT : SESSION_DETACH, ts);
	guard_disarm(g->args.guard);
	gdb_free(g);
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

void gdb_stats(const struct gdb *g, struct gdb_stats *out)
{
	unsigned n = g->handlings < STOPS_KEPT ? g->handlings : STOPS_KEPT;
	uint32_t *sorted = malloc((n + 1) * sizeof(*sorted));

	*out = (struct gdb_stats){
		.stops = g->stops, .stopped_ns = g->stopped_ns, .watch_missed = g->watch_missed,
		.unknown_smbase = gdb_late_unknown(g), .server_pid = g->server_pid,
	};
	if (sorted && n) {
		memcpy(sorted, g->handling_ns, n * sizeof(*sorted));
		qsort(sorted, n, sizeof(*sorted), by_value);
		out->handling_median_ns = sorted[n / 2];
	}
	free(sorted);
}
