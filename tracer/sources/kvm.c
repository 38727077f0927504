/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kvm.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../clock.h"
#include "kvm-events.h"
#include "kvm-process.h"
#include "kvm-ram.h"

#define SCAN_MS 50              /* how often /proc is looked at for new threads */
#define BUSY_MS 3               /* how often guest RAM is sampled while a CPU is relocated */
#define SOON_MS 1               /* when records wait for those of other CPUs */
#define ALL_KB 65536u           /* for all host CPUs in all */
#define BUFFER_KB_MAX 4096u     /* 4 MiB hold about 80000 records */
#define BUFFER_KB_LEAST 256u

struct kvm_live {
	struct live live; /* first */
	struct kvm_args args;
	struct kvm_tracefs *tracefs;
	struct kvm_ram *ram;         /* all events go through it */
	struct kvm_events *events;
	struct kvm_threads *threads;
	int pidfd;             /* readable when the process has ended */
	bool ended;
	int64_t scanned_ns;
	pid_t tid_of[EVENT_MAX_CPUS]; /* that was told by cpu-add; 0 = none */
	pid_t gone[EVENT_MAX_CPUS];   /* told by cpu-remove: records and QMP's answers may be older than that */
	int apic_id[EVENT_MAX_CPUS];   /* as it was told */
	unsigned vcpus;
};

static struct kvm_live *of(struct live *l)
{
	return (struct kvm_live *)l;
}

static void put(struct kvm_live *k, const struct event *ev)
{
	struct event_out *out = kvm_ram_input(k->ram);

	out->put(out, ev);
}

static void put_session(struct kvm_live *k, enum session_what what)
{
	struct event ev = event_new(EV_SESSION, SRC_KVM, CPU_UNKNOWN, clock_now());

	event_set(&ev, SESSION_WHAT, what);
	if (k->args.alone)
		put(k, &ev);
}

/* ---- CPUs and threads ---- */

static void tell_cpu(struct kvm_live *k, pid_t tid, int cpu, int64_t ts)
{
	struct event ev = event_new(EV_CPU_ADD, SRC_KVM, cpu, ts);

	if (cpu < 0 || cpu >= EVENT_MAX_CPUS || k->gone[cpu] == tid ||
	    (k->tid_of[cpu] == tid && k->apic_id[cpu] == kvm_events_apic_id(k->events, cpu)))
		return;
	k->vcpus += !k->tid_of[cpu];
	k->tid_of[cpu] = tid;
	k->apic_id[cpu] = kvm_events_apic_id(k->events, cpu);
	ev.origin = ORIGIN_INFERRED; /* its APIC ID is, until a record of its own names it */
	event_set(&ev, CPU_ADD_APIC_ID, (uint64_t)k->apic_id[cpu]);
	event_set(&ev, CPU_ADD_TID, (uint64_t)tid);
	if (k->args.alone)
		put(k, &ev);
}

void kvm_live_thread(struct live *l, pid_t tid, int cpu)
{
	struct kvm_live *k = of(l);

	kvm_events_thread(k->events, tid, cpu);
	tell_cpu(k, tid, cpu, clock_now());
}

void kvm_live_reset(struct live *l, int64_t ts)
{
	struct kvm_live *k = of(l);

	for (int cpu = 0; cpu < EVENT_MAX_CPUS; cpu++) {
		struct event ev = event_new(EV_CPU_RESET, SRC_KVM, cpu, ts);

		ev.origin = ORIGIN_INFERRED;
		if (k->tid_of[cpu])
			put(k, &ev);
	}
}

/* A thread that ends between being seen and being added is no failure; one that is traced already is added again. */
static void appeared(void *arg, pid_t tid)
{
	struct kvm_live *k = arg;

	kvm_tracefs_trace(k->tracefs, tid, NULL);
}

static void named(void *arg, pid_t tid, int cpu)
{
	kvm_live_thread(arg, tid, cpu);
}

static void gone(void *arg, pid_t tid)
{
	struct kvm_live *k = arg;

	for (int cpu = 0; cpu < EVENT_MAX_CPUS; cpu++) {
		struct event ev = event_new(EV_CPU_REMOVE, SRC_KVM, cpu, clock_now());

		if (k->tid_of[cpu] != tid)
			continue;
		k->tid_of[cpu] = 0;
		k->gone[cpu] = tid;
		if (k->args.alone)
			put(k, &ev);
	}
}

/* A process that ends loses its threads one by one; that is no unplug. */
static bool is_alive(const struct kvm_live *k)
{
	struct pollfd p = { .fd = k->pidfd, .events = POLLIN };

	return poll(&p, 1, 0) == 0;
}

static void scan(struct kvm_live *k)
{
	const struct kvm_threads_out out = { appeared, named, gone, k };

	k->scanned_ns = clock_now();
	if (is_alive(k))
		kvm_threads_scan(k->threads, &out);
}

/* ---- records ---- */

static void point(void *arg, const struct kvm_point *p)
{
	struct kvm_live *k = arg;
	const struct kvm_threads_out out = { appeared, named, gone, k };

	kvm_events_learn(k->events, p);
	if (kvm_events_cpu_of_thread(k->events, p->tid) == CPU_UNKNOWN)
		kvm_threads_look(k->threads, p->tid, &out);
	tell_cpu(k, p->tid, kvm_events_cpu_of_thread(k->events, p->tid), p->ts);
	kvm_events_put(k->events, p);
}

static void lost(void *arg, int64_t from, int64_t until, uint64_t count)
{
	kvm_events_lost(((struct kvm_live *)arg)->events, from, until, count);
}

static int take(struct kvm_live *k, struct error *err)
{
	int rc = kvm_tracefs_read(k->tracefs, err);

	kvm_ram_tick(k->ram, kvm_tracefs_until(k->tracefs));
	return rc;
}

/* ---- in the loop ---- */

static unsigned fds(struct live *l, struct pollfd *p)
{
	p[0] = (struct pollfd){ .fd = kvm_tracefs_fd(of(l)->tracefs), .events = POLLIN };
	p[1] = (struct pollfd){ .fd = of(l)->pidfd, .events = POLLIN };
	return 2;
}

static int handle(struct live *l, const struct pollfd *p, unsigned n, struct error *err)
{
	struct kvm_live *k = of(l);

	(void)n;
	if (p[0].revents && take(k, err) < 0)
		return -ERR_TARGET;
	k->ended = p[1].revents;
	return k->ended ? LIVE_ENDS : LIVE_GOES_ON;
}

static int tick(struct live *l, struct error *err)
{
	struct kvm_live *k = of(l);

	if (clock_now() - k->scanned_ns >= SCAN_MS * 1000000ll)
		scan(k);
	return take(k, err);
}

static int wait_ms(const struct live *l)
{
	const struct kvm_live *k = (const struct kvm_live *)l;

	return kvm_tracefs_waits(k->tracefs) ? SOON_MS : kvm_ram_busy(k->ram) ? BUSY_MS : SCAN_MS;
}

static int rescan(struct live *l, struct error *err)
{
	(void)err;
	scan(of(l));
	return 0;
}

/* ---- beginning and end ---- */

static void free_all(struct kvm_live *k)
{
	if (kvm_tracefs_close(k->tracefs))
		guard_set_instance(k->args.guard, "");
	kvm_threads_free(k->threads);
	kvm_events_free(k->events);
	kvm_ram_free(k->ram);
	if (k->pidfd >= 0)
		close(k->pidfd);
	free(k);
}

static void end(struct live *l)
{
	struct kvm_live *k = of(l);

	kvm_tracefs_finish(k->tracefs, &k->args.stats->ring);
	k->args.stats->used = true;
	k->args.stats->threads = k->vcpus;
	k->args.stats->pid = k->args.pid;
	put_session(k, k->ended ? SESSION_TARGET_EXIT : SESSION_DETACH);
	free_all(k);
}

static const struct live_ops ops = {
	.fds = fds, .handle = handle, .tick = tick, .wait_ms = wait_ms, .rescan = rescan, .close = end,
};

static unsigned usual_kb(void)
{
	unsigned kb = ALL_KB / (unsigned)sysconf(_SC_NPROCESSORS_CONF);

	return kb > BUFFER_KB_MAX ? BUFFER_KB_MAX : kb < BUFFER_KB_LEAST ? BUFFER_KB_LEAST : kb;
}

static int set_up(struct kvm_live *k, struct error *err)
{
	const struct kvm_tracefs_out out = { point, lost, k };
	char path[PATH_MAX];
	struct error why;

	if (kvm_process_check(k->args.pid, err) < 0)
		return -ERR_TARGET;
	k->pidfd = (int)syscall(SYS_pidfd_open, k->args.pid, 0);
	if (k->pidfd < 0)
		return fail_errno(err, ERR_TARGET, "cannot watch process %d", (int)k->args.pid);
	k->threads = kvm_threads_new(k->args.pid);
	k->ram = kvm_ram_new(k->args.out, err);
	k->events = k->ram ? kvm_events_new(kvm_ram_input(k->ram)) : NULL;
	if (!k->threads || !k->events)
		return fail(err, ERR_TARGET, "no memory for the kvm source");
	if (kvm_ram_open(k->ram, k->args.pid, &why) < 0)
		k->args.note(k->args.note_arg, why.text);
	if (kvm_instance_path(path, sizeof(path), err) < 0)
		return -ERR_TARGET;
	guard_set_instance(k->args.guard, path); /* before there is one to be left */
	k->tracefs = kvm_tracefs_open(k->args.buffer_kb ? k->args.buffer_kb : usual_kb(), &out, err);
	if (!k->tracefs)
		return -ERR_TARGET;
	put_session(k, SESSION_ATTACH);
	scan(k);
	return 0;
}

struct live *kvm_live_open(const struct kvm_args *args, struct error *err)
{
	struct kvm_live *k = calloc(1, sizeof(*k));

	if (!k) {
		fail(err, ERR_TARGET, "no memory for the kvm source");
		return NULL;
	}
	k->live.ops = &ops;
	k->args = *args;
	k->pidfd = -1;
	if (set_up(k, err) >= 0)
		return &k->live;
	free_all(k);
	return NULL;
}
