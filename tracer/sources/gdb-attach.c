/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Attach: find out how the guest stands, clean up, learn, set everything up, let it run. */
#include "gdb-internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../clock.h"

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

void gdb_find_bases(struct gdb *g, const struct monitor_regs *seen, int n, int64_t ts)
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
		if (g->cpu[i].present && g->cpu[i].base == SMBASE_UNKNOWN && !g->cpu[i].blind_since)
			g->cpu[i].blind_since = ts;
	if (unknown && unknown != g->unknown_told)
		gdb_note(g, "%u of %d CPUs: no SMBASE found (not relocated, or no SMI since); looked for again at"
			    " later writes to 0xb2", unknown, g->cpus);
	g->unknown_told = unknown;
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
	gdb_log_open(g);
	if (gdb_cpus_refresh(g, ts, err) < 0)
		return -1;
	n = gdb_cpus_seen(g, ts, seen, EVENT_MAX_CPUS, err);
	if (n < 0)
		return -1;
	if (found != FOUND_PRELAUNCH)
		gdb_find_bases(g, seen, n, ts);
	gdb_handoff_open(g);
	gdb_handoff_at_stop(g, NULL, ts);
	gdb_config_read(g, ts);
	gdb_capture_want(g);
	points_sync(&g->points, g->rsp);
	n = rsp_sync(g->rsp, err);
	return n > 0 ? fail(err, ERR_TARGET, "the stub refuses breakpoints") : n;
}

static int start_guest(struct gdb *g, enum found found, struct error *err)
{
	if (found == FOUND_PAUSED && !g->args.resume) {
		gdb_note(g, "the guest is paused and stays so until it is continued (HMP or QMP: cont)");
		gdb_foreign_pause(g, g->pause_start);
		g->pause_start = 0;
		g->leave_stopped = false; /* if it stands at the end, it is again not ours to resume */
		gdb_log_arm_guard(g);
		return 0;
	}
	if (rsp_continue(g->rsp, err) < 0)
		return -1;
	gdb_pause_ends(g, WHY_ATTACH);
	return 0;
}

static struct gdb *gdb_alloc(const struct gdb_args *args, struct error *err)
{
	struct gdb *g = calloc(1, sizeof(*g));

	if (g) {
		g->args = *args;
		g->kick_due = CPU_UNKNOWN;
		g->regs = calloc(EVENT_MAX_CPUS, sizeof(*g->regs));
		g->handling_ns = calloc(STOPS_KEPT, sizeof(*g->handling_ns));
		g->tap.out.put = gdb_log_tap;
		g->tap.out.put_raw = gdb_log_tap_raw;
		g->tap.next = args->out;
		g->tap.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	}
	if (!g || !g->regs || !g->handling_ns || g->tap.wake_fd < 0)
		fail(err, ERR_OUTPUT, "no memory for the gdb source");
	return g;
}

void gdb_free(struct gdb *g)
{
	qemulog_close(g->log);
	gdb_handoff_close(g);
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
	gdb_log_arm_guard(g);
	if (found == FOUND_LEFTOVER)
		gdb_note(g, "the guest stood at a breakpoint that a killed debugger left behind; removed");
	gdb_put_session(g, SESSION_ATTACH, ts);
	g->attached_ns = ts;
	gdb_pause_begins(g, ts);
	if (set_up(g, found, ts, err) < 0 || start_guest(g, found, err) < 0) {
		gdb_close(g, GDB_GOES_ON);
		return NULL;
	}
	return g;
}
