/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "record.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"
#include "pipeline.h"
#include "sources/qmp.h"

/* A sink that wakes the loop at the event the user waits for. */
struct until_sink {
	struct sink sink; /* first */
	enum event_kind kind;
	enum episode_status status; /* EPISODE_RUNNING = none */
	int fd;
};

struct recorder {
	const struct record_args *args;
	struct record_result *out;
	struct guard *guard;
	struct pipeline *pipeline;
	struct gdb *gdb;
	struct qmp *qmp;       /* NULL = none given, or no more */
	int64_t qmp_asked_ns;
	struct until_sink until;
	int signal_fd, timer_fd;
	enum gdb_status target;
};

static void come_to_end(struct until_sink *u)
{
	uint64_t one = 1;

	if (write(u->fd, &one, sizeof(one)) < 0)
		return; /* signalled already */
}

static int until_event(struct sink *s, const struct sink_event *se, struct error *err)
{
	struct until_sink *u = (struct until_sink *)s;

	(void)err;
	if (se->ev->kind == u->kind)
		come_to_end(u);
	return 0;
}

/* Every CPU's boot relocation is done at some time: nobody waits for that. */
static int until_episode(struct sink *s, const struct episode *ep, struct error *err)
{
	struct until_sink *u = (struct until_sink *)s;

	(void)err;
	if (ep->status != u->status || u->status == EPISODE_RUNNING || ep->cut_short)
		return 0;
	if (ep->kind != EPISODE_BOOT || ep->status == EPISODE_STUCK)
		come_to_end(u);
	return 0;
}

static const struct sink_ops until_ops = {
	.name = "until", .event = until_event, .episode = until_episode,
};

static int open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTSTP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int open_timer(int64_t ns)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	struct itimerspec when = { .it_value = { ns / NS_PER_SEC, ns % NS_PER_SEC } };

	if (fd >= 0 && ns)
		timerfd_settime(fd, 0, &when, NULL);
	return fd;
}

static int attach(struct recorder *r, bool resume, struct error *err)
{
	struct gdb_args ga = {
		.target = r->args->target, .timeout_ms = r->args->timeout_ms, .guard = r->guard,
		.out = pipeline_input(r->pipeline), .breakpoints_only = r->args->breakpoints_only,
		.no_log = r->args->no_log, .own_guest = r->args->own_guest, .resume = resume,
		.note = r->args->note, .note_arg = r->args->arg,
	};

	r->gdb = gdb_open(&ga, err);
	return r->gdb ? 0 : -(int)(err->code ? err->code : ERR_TARGET);
}

static void add_stats(struct recorder *r)
{
	struct gdb_stats now, *sum = &r->out->gdb;

	gdb_stats(r->gdb, &now);
	now.stops += sum->stops;
	now.stopped_ns += sum->stopped_ns;
	now.watch_missed += sum->watch_missed;
	*sum = now;
}

static void detach(struct recorder *r)
{
	if (!r->gdb)
		return;
	add_stats(r);
	gdb_close(r->gdb, r->target);
	r->gdb = NULL;
}

static void put(struct recorder *r, struct event ev)
{
	struct event_out *out = pipeline_input(r->pipeline);

	out->put(out, &ev);
}

static void put_session(struct recorder *r, enum session_what what)
{
	struct event ev = event_new(EV_SESSION, SRC_TRACER, CPU_UNKNOWN, clock_now());

	event_set(&ev, SESSION_WHAT, what);
	put(r, ev);
}

/* Ctrl-Z: a sleeping tracer must hold nothing of the guest's. */
static int suspend(struct recorder *r, struct error *err)
{
	struct event blind = event_new(EV_BLIND, SRC_TRACER, CPU_UNKNOWN, clock_now());
	int rc;

	detach(r);
	put_session(r, SESSION_SUSPEND);
	raise(SIGSTOP);
	put_session(r, SESSION_RESUME);
	rc = attach(r, false, err);
	event_set(&blind, BLIND_UNTIL, (uint64_t)clock_now());
	event_set(&blind, BLIND_WHY, WHY_SUSPEND);
	put(r, blind);
	return rc;
}

/* How often guest RAM is sampled: while a CPU comes or goes, and otherwise. */
#define BUSY_MS 3
#define QMP_MS 50
#define IDLE_MS 250
#define QMP_EVERY_NS (QMP_MS * 1000000ll) /* how often QMP is asked for the CPUs */

enum { GOES_ON = 0, ENDS = 1 };

static int on_signal(struct recorder *r, struct error *err)
{
	struct signalfd_siginfo info;

	if (read(r->signal_fd, &info, sizeof(info)) != sizeof(info))
		return GOES_ON;
	if (info.ssi_signo == SIGTSTP)
		return suspend(r, err);
	r->out->signal = (int)info.ssi_signo;
	return ENDS;
}

static int on_target(struct recorder *r, int rc)
{
	r->target = rc < 0 ? GDB_FAILED : (enum gdb_status)rc;
	return rc == GDB_EXITED ? ENDS : rc;
}

/* Ask now and then; QEMU's answers and events come over its descriptor. */
static void ask_qmp(struct recorder *r)
{
	if (!r->qmp || clock_now() - r->qmp_asked_ns < QMP_EVERY_NS)
		return;
	r->qmp_asked_ns = clock_now();
	qmp_ask(r->qmp, NULL);
}

/* A CPU came or went. Without QMP the recording goes on. */
static int on_qmp(struct recorder *r, struct error *err)
{
	struct error why;
	int changed = qmp_handle(r->qmp, &why);

	if (changed >= 0)
		return changed ? gdb_rescan(r->gdb, err) : 0;
	r->args->note(r->args->arg, why.text);
	qmp_close(r->qmp);
	r->qmp = NULL;
	return 0;
}

/* An episode is stuck: look at the guest; and once that told who lost an SMI, help if we are to. */
static int look(struct recorder *r, struct error *err)
{
	uint64_t count;
	bool wanted;
	int cpu;

	if (read(pipeline_look_fd(r->pipeline), &count, sizeof(count)) < 0)
		return 0; /* before the two are taken: what comes in between wakes us again */
	wanted = pipeline_take_look(r->pipeline);
	cpu = pipeline_take_kick(r->pipeline);
	if (r->args->kick && cpu != CPU_UNKNOWN)
		return gdb_kick(r->gdb, cpu, err);
	return wanted ? gdb_look(r->gdb, err) : 0;
}

static int turn(struct recorder *r, struct error *err)
{
	struct pollfd p[] = {
		{ .fd = gdb_fd(r->gdb), .events = POLLIN },
		{ .fd = gdb_wake_fd(r->gdb), .events = POLLIN },
		{ .fd = r->signal_fd, .events = POLLIN },
		{ .fd = r->timer_fd, .events = POLLIN },
		{ .fd = r->until.fd, .events = POLLIN },
		{ .fd = pipeline_failed_fd(r->pipeline), .events = POLLIN },
		{ .fd = pipeline_look_fd(r->pipeline), .events = POLLIN },
		{ .fd = r->qmp ? qmp_fd(r->qmp) : -1, .events = POLLIN },
	};
	int rc = GOES_ON, busy = pipeline_busy(r->pipeline) || gdb_busy(r->gdb);

	if (poll(p, sizeof(p) / sizeof(p[0]), busy ? BUSY_MS : r->qmp ? QMP_MS : IDLE_MS) < 0)
		return errno == EINTR ? GOES_ON : fail_errno(err, ERR_TARGET, "cannot wait for the target");
	if (p[3].revents || p[4].revents || p[5].revents)
		return ENDS;
	if (p[0].revents)
		rc = on_target(r, gdb_handle(r->gdb, err));
	if (!rc && p[1].revents)
		rc = on_target(r, gdb_wake(r->gdb, err));
	if (!rc && p[6].revents)
		rc = on_target(r, look(r, err));
	if (!rc && p[7].revents)
		rc = on_target(r, on_qmp(r, err));
	if (!rc && p[2].revents)
		rc = on_signal(r, err);
	if (rc)
		return rc;
	gdb_tick(r->gdb);
	ask_qmp(r);
	return 0;
}

static int open_all(struct recorder *r, struct error *err)
{
	r->signal_fd = open_signals();
	r->timer_fd = open_timer(r->args->for_ns);
	r->until = (struct until_sink){ .sink.ops = &until_ops, .kind = r->args->until,
					.status = r->args->until_episode,
					.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
	if (r->signal_fd < 0 || r->timer_fd < 0 || r->until.fd < 0)
		return fail_errno(err, ERR_OUTPUT, "cannot set up the recorder");
	r->guard = guard_start(r->args->target, err);
	if (!r->guard)
		return -ERR_OUTPUT;
	r->pipeline = pipeline_start(r->args->judge, err);
	if (!r->pipeline)
		return -ERR_OUTPUT;
	if (r->args->qmp && !(r->qmp = qmp_open(r->args->qmp, r->args->timeout_ms, err)))
		return -ERR_TARGET;
	return 0;
}

static int begin(struct recorder *r, struct error *err)
{
	struct sink *sinks[PIPELINE_MAX_SINKS];
	int n = r->args->begin(r->args->arg, sinks, err);

	if (n < 0)
		return n;
	if (r->args->until != RECORD_NO_UNTIL || r->args->until_episode != EPISODE_RUNNING)
		sinks[n++] = &r->until.sink;
	pipeline_deliver(r->pipeline, sinks, (unsigned)n);
	return 0;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* The first failure counts; a sink's is known only when the pipeline has ended. */
static int close_all(struct recorder *r, int rc, struct error *err)
{
	struct error sink_err = { 0 };
	int failed = 0;

	detach(r);
	if (r->pipeline)
		failed = pipeline_finish(r->pipeline, &sink_err);
	guard_end(r->guard);
	qmp_close(r->qmp);
	close_fd(r->signal_fd);
	close_fd(r->timer_fd);
	close_fd(r->until.fd);
	if (rc >= 0 && failed) {
		*err = sink_err;
		return failed;
	}
	return rc < 0 ? rc : 0;
}

int record_run(const struct record_args *args, struct record_result *out, struct error *err)
{
	struct recorder r = { .args = args, .out = out, .signal_fd = -1, .timer_fd = -1, .until.fd = -1 };
	int rc;

	*out = (struct record_result){ 0 };
	rc = open_all(&r, err);
	if (!rc)
		rc = attach(&r, args->own_guest, err);
	if (!rc)
		rc = begin(&r, err);
	while (!rc)
		rc = turn(&r, err);
	return close_all(&r, rc, err);
}
