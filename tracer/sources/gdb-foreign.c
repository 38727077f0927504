/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A pause that is not ours: somebody stopped the guest over QMP or the monitor, and theirs is it to
 * continue it, which QEMU does not tell the stub. A stop of ours tells; but a guest that hangs makes
 * none. So a paused QEMU whose CPU time grows is asked: it runs again.
 */
#include "gdb-internal.h"

#include <time.h>

#include "../clock.h"

#define SAMPLE_NS (1 * NS_PER_SEC)
#define ANSWER_MS 5000 /* it runs, so it will answer */

static int64_t cpu_time(pid_t pid)
{
	struct timespec ts;
	clockid_t id;

	if (clock_getcpuclockid(pid, &id) || clock_gettime(id, &ts))
		return -1;
	return ts.tv_sec * NS_PER_SEC + ts.tv_nsec;
}

/* Did QEMU use half a CPU or more in the last second? Paused, it uses next to none. */
static bool evidently_runs(struct gdb *g, int64_t now)
{
	int64_t used = cpu_time(g->server_pid), before = g->sampled_cpu_ns, since = g->sampled_ns;

	if (used < 0 || (since > g->foreign_since && now - since < SAMPLE_NS))
		return false;
	g->sampled_ns = now;
	g->sampled_cpu_ns = used;
	return since > g->foreign_since && used - before > (now - since) / 2;
}

int gdb_foreign_check(struct gdb *g, struct rsp_stop *stop, struct error *err)
{
	int64_t now = clock_now(), since = g->sampled_ns;
	int ran;

	if (!g->foreign_since || !g->server_pid || !evidently_runs(g, now))
		return 0;
	ran = rsp_probe_running(g->rsp, ANSWER_MS, err);
	if (ran == 0)
		rsp_assume_running(g->rsp);
	if (ran <= 0)
		return ran;
	gdb_foreign_over(g, since);
	*stop = (struct rsp_stop){ .kind = RSP_STOP_SIGNAL, .signal = SIGNAL_INTERRUPT,
				   .thread = g->cpu[0].thread, .recv_ns = clock_now() };
	return 1;
}
