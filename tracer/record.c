/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "record.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"
#include "pipeline.h"
#include "record-open.h"
#include "rights.h"

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
	struct live *live[LIVE_MAX_SOURCES];
	bool over[LIVE_MAX_SOURCES]; /* to be closed at the end of the turn */
	unsigned sources;
	struct until_sink until;
	int signal_fd, timer_fd;
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
	int rc = 0;

	for (unsigned i = 0; i < r->sources; i++)
		if (r->live[i]->ops->suspend)
			r->live[i]->ops->suspend(r->live[i]);
	put_session(r, SESSION_SUSPEND);
	raise(SIGSTOP);
	put_session(r, SESSION_RESUME);
	for (unsigned i = 0; i < r->sources && !rc; i++)
		if (r->live[i]->ops->resume)
			rc = r->live[i]->ops->resume(r->live[i], err);
	return rc;
}

/* How often, at least, sources are given their turn: while a CPU comes or goes, and otherwise. */
#define BUSY_MS 3
#define IDLE_MS 250

static int on_signal(struct recorder *r, struct error *err)
{
	struct signalfd_siginfo info;

	if (read(r->signal_fd, &info, sizeof(info)) != sizeof(info))
		return LIVE_GOES_ON;
	if (info.ssi_signo == SIGTSTP)
		return suspend(r, err);
	r->out->signal = (int)info.ssi_signo;
	return LIVE_ENDS;
}

/* An episode is stuck: look at the guest; and once that told who lost an SMI, help if we are to. */
static int look(struct recorder *r, struct error *err)
{
	uint64_t count;
	bool wanted, kick;
	int cpu;

	if (read(pipeline_look_fd(r->pipeline), &count, sizeof(count)) < 0)
		return 0; /* before the two are taken: what comes in between wakes us again */
	wanted = pipeline_take_look(r->pipeline);
	cpu = pipeline_take_kick(r->pipeline);
	kick = r->args->kick && cpu != CPU_UNKNOWN;
	for (unsigned i = 0; i < r->sources; i++) {
		struct live *l = r->live[i];

		if (kick && l->ops->kick)
			return l->ops->kick(l, cpu, err);
		if (wanted && l->ops->look)
			return l->ops->look(l, err);
	}
	return 0;
}

static int rescan(struct recorder *r, struct error *err)
{
	int rc = 0;

	for (unsigned i = 0; i < r->sources && !rc; i++)
		if (r->live[i]->ops->rescan)
			rc = r->live[i]->ops->rescan(r->live[i], err);
	return rc;
}

static void remove_source(struct recorder *r, unsigned i)
{
	r->live[i]->ops->close(r->live[i]);
	r->sources--;
	memmove(&r->live[i], &r->live[i + 1], (r->sources - i) * sizeof(r->live[0]));
}

static int after(struct recorder *r, unsigned i, int rc, struct error *err)
{
	if (rc == LIVE_CHANGED)
		return rescan(r, err);
	r->over[i] |= rc == LIVE_OVER;
	return rc == LIVE_OVER ? LIVE_GOES_ON : rc;
}

/* The recording ends with its last source. */
static int sweep(struct recorder *r)
{
	for (unsigned i = r->sources; i-- > 0;)
		if (r->over[i])
			remove_source(r, i);
	memset(r->over, 0, sizeof(r->over));
	return r->sources ? LIVE_GOES_ON : LIVE_ENDS;
}

enum { WAIT_SIGNAL, WAIT_TIMER, WAIT_UNTIL, WAIT_FAILED, WAIT_LOOK, WAIT_OWN };

/* One wait: descriptors of the sources behind our own. */
struct wait {
	struct pollfd p[WAIT_OWN + LIVE_MAX_SOURCES * LIVE_MAX_FDS];
	unsigned n;
	unsigned first[LIVE_MAX_SOURCES + 1];
	int ms;
};

static void prepare(struct recorder *r, struct wait *w)
{
	const int own[WAIT_OWN] = {
		[WAIT_SIGNAL] = r->signal_fd, [WAIT_TIMER] = r->timer_fd, [WAIT_UNTIL] = r->until.fd,
		[WAIT_FAILED] = pipeline_failed_fd(r->pipeline), [WAIT_LOOK] = pipeline_look_fd(r->pipeline),
	};

	w->ms = pipeline_busy(r->pipeline) ? BUSY_MS : IDLE_MS;
	for (w->n = 0; w->n < WAIT_OWN; w->n++)
		w->p[w->n] = (struct pollfd){ .fd = own[w->n], .events = POLLIN };
	for (unsigned i = 0; i < r->sources; i++) {
		struct live *l = r->live[i];
		int ms = l->ops->wait_ms ? l->ops->wait_ms(l) : IDLE_MS;

		w->first[i] = w->n;
		w->n += l->ops->fds(l, &w->p[w->n]);
		w->ms = ms < w->ms ? ms : w->ms;
	}
	w->first[r->sources] = w->n;
}

static bool is_ready(const struct wait *w, unsigned i)
{
	for (unsigned k = w->first[i]; k < w->first[i + 1]; k++)
		if (w->p[k].revents)
			return true;
	return false;
}

/* In the order of opening: QMP's answer about who is which CPU before the records of those. */
static int handle(struct recorder *r, const struct wait *w, struct error *err)
{
	int rc = 0;

	for (unsigned i = 0; i < r->sources && !rc; i++)
		if (is_ready(w, i))
			rc = after(r, i, r->live[i]->ops->handle(r->live[i], &w->p[w->first[i]],
								  w->first[i + 1] - w->first[i], err), err);
	return rc;
}

static int tick(struct recorder *r, struct error *err)
{
	int rc = 0;

	for (unsigned i = 0; i < r->sources && !rc; i++)
		if (!r->over[i] && r->live[i]->ops->tick)
			rc = after(r, i, r->live[i]->ops->tick(r->live[i], err), err);
	return rc;
}

static int turn(struct recorder *r, struct error *err)
{
	struct wait w;
	int rc;

	prepare(r, &w);
	if (poll(w.p, w.n, w.ms) < 0)
		return errno == EINTR ? LIVE_GOES_ON : fail_errno(err, ERR_TARGET, "cannot wait for the target");
	if (w.p[WAIT_TIMER].revents || w.p[WAIT_UNTIL].revents || w.p[WAIT_FAILED].revents)
		return LIVE_ENDS;
	rc = handle(r, &w, err);
	if (!rc && w.p[WAIT_LOOK].revents)
		rc = look(r, err);
	if (!rc)
		rc = tick(r, err);
	if (!rc)
		rc = sweep(r);
	if (!rc && w.p[WAIT_SIGNAL].revents)
		rc = on_signal(r, err);
	return rc;
}

static int open_all(struct recorder *r, struct error *err)
{
	int n;

	r->signal_fd = open_signals();
	r->timer_fd = open_timer(r->args->for_ns);
	r->until = (struct until_sink){ .sink.ops = &until_ops, .kind = r->args->until,
					.status = r->args->until_episode,
					.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
	if (r->signal_fd < 0 || r->timer_fd < 0 || r->until.fd < 0)
		return fail_errno(err, ERR_OUTPUT, "cannot set up the recorder");
	r->guard = guard_start(record_uses_gdb(r->args) ? r->args->target : NULL, err);
	if (!r->guard)
		return -ERR_OUTPUT;
	r->pipeline = pipeline_start(r->args->judge, err);
	if (!r->pipeline)
		return -ERR_OUTPUT;
	n = record_open_sources(r->args, r->guard, pipeline_input(r->pipeline), r->out, r->live, err);
	r->sources = n < 0 ? 0 : (unsigned)n;
	if (n < 0)
		return n;
	return r->args->drop_rights ? rights_drop(err) : 0;
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

	while (r->sources)
		remove_source(r, r->sources - 1);
	if (r->pipeline)
		failed = pipeline_finish(r->pipeline, &sink_err);
	guard_end(r->guard);
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
		rc = begin(&r, err);
	while (!rc)
		rc = turn(&r, err);
	return close_all(&r, rc, err);
}
