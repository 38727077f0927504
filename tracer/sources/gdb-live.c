/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gdb-live.h"

#include <stdlib.h>

#include "../clock.h"
#include "kvm-ram.h"

#define BUSY_MS 3    /* how often guest RAM is sampled while a CPU comes or goes */
#define IDLE_MS 250

struct gdb_live {
	struct live live; /* first */
	struct gdb_args args;
	struct gdb *gdb;  /* NULL = suspended */
	struct kvm_ram *ram; /* all events go through it; NULL = not asked for */
	enum gdb_status status;
	struct gdb_stats *stats;
	int64_t suspended_ns;
};

static struct gdb_live *of(struct live *l)
{
	return (struct gdb_live *)l;
}

/* What the target answered is also how it will be left. */
static int told(struct gdb_live *g, int rc)
{
	if (rc)
		g->status = rc < 0 ? GDB_FAILED : (enum gdb_status)rc;
	return rc < 0 ? rc : rc == GDB_EXITED ? LIVE_ENDS : LIVE_GOES_ON;
}

static unsigned fds(struct live *l, struct pollfd *p)
{
	struct gdb *g = of(l)->gdb;

	p[0] = (struct pollfd){ .fd = gdb_fd(g), .events = POLLIN };
	p[1] = (struct pollfd){ .fd = gdb_wake_fd(g), .events = POLLIN };
	return 2;
}

static int handle(struct live *l, const struct pollfd *p, unsigned n, struct error *err)
{
	struct gdb_live *g = of(l);
	int rc = 0;

	(void)n;
	if (p[0].revents)
		rc = told(g, gdb_handle(g->gdb, err));
	if (!rc && p[1].revents)
		rc = told(g, gdb_wake(g->gdb, err));
	return rc;
}

static int tick(struct live *l, struct error *err)
{
	struct gdb_live *g = of(l);
	int rc = told(g, gdb_look_after_pause(g->gdb, err));

	if (!rc)
		gdb_tick(g->gdb);
	if (!rc && g->ram)
		kvm_ram_tick(g->ram, clock_now()); /* what happens, happens at a stop: it was put */
	return rc;
}

static int wait_ms(const struct live *l)
{
	return gdb_busy(((const struct gdb_live *)l)->gdb) ? BUSY_MS : IDLE_MS;
}

static int look(struct live *l, struct error *err)
{
	return told(of(l), gdb_look(of(l)->gdb, err));
}

static int kick(struct live *l, int cpu, struct error *err)
{
	return told(of(l), gdb_kick(of(l)->gdb, cpu, err));
}

static int rescan(struct live *l, struct error *err)
{
	return told(of(l), gdb_rescan(of(l)->gdb, err));
}

static void detach(struct gdb_live *g)
{
	struct gdb_stats now, *sum = g->stats;

	if (!g->gdb)
		return;
	gdb_stats(g->gdb, &now);
	now.stops += sum->stops;
	now.stopped_ns += sum->stopped_ns;
	now.watch_missed += sum->watch_missed;
	*sum = now;
	gdb_close(g->gdb, g->status);
	g->gdb = NULL;
}

static void suspend(struct live *l)
{
	of(l)->suspended_ns = clock_now();
	detach(of(l));
}

static void open_ram(struct gdb_live *g)
{
	struct gdb_stats st;
	struct error err;

	gdb_stats(g->gdb, &st);
	if (!st.server_pid)
		fail(&err, ERR_TARGET, "guest memory is not read: the QEMU behind the gdbstub is not on this host");
	if (!st.server_pid || kvm_ram_open(g->ram, st.server_pid, &err) < 0)
		g->args.note(g->args.note_arg, err.text);
}

static int attach(struct gdb_live *g, struct error *err)
{
	g->gdb = gdb_open(&g->args, err);
	if (!g->gdb)
		return -(int)(err->code ? err->code : ERR_TARGET);
	if (g->ram)
		open_ram(g);
	return 0;
}

/* What gdb tells goes through it. The code at the default SMBASE and its words are gdb's own matter. */
static int beside_ram(struct gdb_live *g, struct error *err)
{
	if (!g->args.guest_ram)
		return 0;
	g->ram = kvm_ram_new(g->args.out, err);
	if (!g->ram)
		return -ERR_TARGET;
	kvm_ram_states_only(g->ram);
	g->args.out = kvm_ram_input(g->ram);
	return 0;
}

static int resume(struct live *l, struct error *err)
{
	struct gdb_live *g = of(l);
	struct event blind = event_new(EV_BLIND, SRC_TRACER, CPU_UNKNOWN, g->suspended_ns);
	int rc;

	g->args.resume = false;
	rc = attach(g, err);
	event_set(&blind, BLIND_UNTIL, (uint64_t)clock_now());
	event_set(&blind, BLIND_WHY, WHY_SUSPEND);
	g->args.out->put(g->args.out, &blind);
	return rc;
}

static void end(struct live *l)
{
	detach(of(l));
	kvm_ram_free(of(l)->ram);
	free(l);
}

static const struct live_ops ops = {
	.fds = fds, .handle = handle, .tick = tick, .wait_ms = wait_ms, .look = look, .kick = kick,
	.rescan = rescan, .suspend = suspend, .resume = resume, .close = end,
};

struct live *gdb_live_open(const struct gdb_args *args, struct gdb_stats *stats, struct error *err)
{
	struct gdb_live *g = calloc(1, sizeof(*g));

	if (!g) {
		fail(err, ERR_TARGET, "no memory for the gdb source");
		return NULL;
	}
	*g = (struct gdb_live){ .live = { &ops }, .args = *args, .stats = stats };
	if (beside_ram(g, err) >= 0 && attach(g, err) >= 0)
		return &g->live;
	kvm_ram_free(g->ram);
	free(g);
	return NULL;
}
