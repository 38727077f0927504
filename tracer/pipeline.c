/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "arrange.h"
#include "clock.h"

#define TICK_NS 20000000ll   /* how often the thread looks at the queue */
#define FLUSH_NS 100000000ll /* how often the sinks are flushed */

struct batch {
	struct queued {
		struct event ev;
		struct raw *raw; /* of raw_keep() */
	} *at;
	size_t n, room;
};

struct pipeline {
	struct event_out out; /* first: put() finds the pipeline by it */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct batch queue;    /* under lock */
	struct event lost;     /* under lock: what was dropped, count 0 = nothing */
	bool finishing;        /* under lock */
	bool started;          /* the thread, with the sinks */

	struct arrange *held;  /* waiting for the horizon, in time order */
	struct judge *judge;
	struct sink *sink[PIPELINE_MAX_SINKS];
	unsigned sinks;
	int64_t flushed_ns;
	int failed_fd, look_fd;
	atomic_bool busy;
	atomic_bool wants_look;
	atomic_int kick_cpu;
	int offered;             /* what kick_cpu was set to last */
	struct error err;
};

static bool batch_add(struct batch *b, const struct event *ev, struct raw *raw)
{
	if (b->n == b->room) {
		size_t room = b->room ? b->room * 2 : 1024;
		struct queued *grown = realloc(b->at, room * sizeof(*grown));

		if (!grown)
			return false;
		b->at = grown;
		b->room = room;
	}
	b->at[b->n++] = (struct queued){ *ev, raw };
	return true;
}

static void count_lost(struct pipeline *p, const struct event *ev)
{
	if (!event_has(&p->lost, LOST_COUNT))
		p->lost = event_new(EV_LOST, SRC_TRACER, CPU_UNKNOWN, ev->ts);
	event_set(&p->lost, LOST_UNTIL, (uint64_t)ev->ts);
	event_set(&p->lost, LOST_COUNT, event_get(&p->lost, LOST_COUNT, 0) + 1);
}

static void put_raw(struct event_out *out, const struct event *ev, const struct raw *raw)
{
	struct pipeline *p = (struct pipeline *)out;
	struct raw *copy = raw_keep(arrange_raws(p->held), raw);
	bool kept;

	pthread_mutex_lock(&p->lock);
	kept = p->queue.n < PIPELINE_MAX_QUEUED && batch_add(&p->queue, ev, copy);
	if (!kept)
		count_lost(p, ev);
	pthread_mutex_unlock(&p->lock);
	if (!kept)
		raw_drop(arrange_raws(p->held), copy);
}

static void put(struct event_out *out, const struct event *ev)
{
	put_raw(out, ev, NULL);
}

static void hold(struct pipeline *p, const struct queued *q)
{
	if (arrange_hold_raw(p->held, &q->ev, q->raw))
		return;
	pthread_mutex_lock(&p->lock);
	count_lost(p, &q->ev);
	pthread_mutex_unlock(&p->lock);
}

static void signal_fd(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) < 0)
		return; /* already signalled */
}

static void check_sink(struct pipeline *p, int rc)
{
	if (rc < 0)
		signal_fd(p->failed_fd);
}

static void deliver_until(struct pipeline *p, int64_t until)
{
	bool failed = p->err.code;
	int rc = arrange_deliver(p->held, until, failed ? NULL : &p->err);

	if (!failed)
		check_sink(p, rc);
}

static void flush(struct pipeline *p)
{
	for (unsigned i = 0; i < p->sinks && !p->err.code; i++)
		if (p->sink[i]->ops->flush)
			check_sink(p, p->sink[i]->ops->flush(p->sink[i], &p->err));
	p->flushed_ns = clock_now();
}

/* Each time the verdict comes to it that a CPU lost its SMI, once; and not before somebody has looked at it. */
static bool offer_kick(struct pipeline *p)
{
	int cpu = judge_kick_cpu(p->judge);
	const struct scene_cpu *c = cpu == CPU_UNKNOWN ? NULL : &judge_scene(p->judge)->cpu[cpu];
	bool news = c && cpu != p->offered;

	if (c && !moment_after(c->seen, c->sipi))
		return false;
	p->offered = cpu;
	if (news)
		atomic_store(&p->kick_cpu, cpu);
	return news;
}

/* Deliver what is old enough, and let time pass for what was not heard. */
static void go_on(struct pipeline *p, bool finishing)
{
	int64_t until = clock_now() - PIPELINE_HORIZON_NS;

	deliver_until(p, finishing ? INT64_MAX : until);
	if (!p->err.code)
		check_sink(p, finishing ? judge_finish(p->judge, &p->err) :
					  judge_advance(p->judge, until, &p->err));
	if (judge_wants_look(p->judge)) {
		atomic_store(&p->wants_look, true);
		signal_fd(p->look_fd);
	}
	if (offer_kick(p))
		signal_fd(p->look_fd);
	atomic_store(&p->busy, scene_busy(judge_scene(p->judge)));
	if (finishing || clock_now() - p->flushed_ns >= FLUSH_NS)
		flush(p);
}

/* Take what has been put. Returns whether the pipeline is to finish. */
static bool take(struct pipeline *p, struct batch *taken)
{
	struct timespec until;
	struct batch empty = *taken;
	bool finishing;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += TICK_NS;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&p->lock);
	if (!p->finishing)
		pthread_cond_timedwait(&p->wake, &p->lock, &until);
	*taken = p->queue;
	p->queue = empty;
	if (event_has(&p->lost, LOST_COUNT) && batch_add(taken, &p->lost, NULL))
		p->lost.known = 0;
	finishing = p->finishing;
	pthread_mutex_unlock(&p->lock);
	return finishing;
}

static void *run(void *arg)
{
	struct pipeline *p = arg;
	struct batch taken = { 0 };
	bool finishing;

	do {
		finishing = take(p, &taken);
		for (size_t i = 0; i < taken.n; i++)
			hold(p, &taken.at[i]);
		taken.n = 0;
		go_on(p, finishing);
	} while (!finishing);
	free(taken.at);
	return NULL;
}

static void pipeline_free(struct pipeline *p)
{
	if (p->failed_fd >= 0)
		close(p->failed_fd);
	if (p->look_fd >= 0)
		close(p->look_fd);
	arrange_free(p->held);
	judge_free(p->judge);
	pthread_cond_destroy(&p->wake);
	pthread_mutex_destroy(&p->lock);
	free(p->queue.at);
	free(p);
}

struct pipeline *pipeline_start(const struct judge_options *o, struct error *err)
{
	struct pipeline *p = calloc(1, sizeof(*p));
	pthread_condattr_t attr;

	if (!p) {
		fail(err, ERR_OUTPUT, "no memory for the pipeline");
		return NULL;
	}
	p->out.put = put;
	p->out.put_raw = put_raw;
	atomic_init(&p->kick_cpu, CPU_UNKNOWN);
	p->offered = CPU_UNKNOWN;
	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->wake, &attr);
	pthread_condattr_destroy(&attr);
	p->failed_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	p->look_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	p->judge = judge_new(o);
	p->held = p->judge ? arrange_new(p->judge) : NULL;
	if (p->failed_fd < 0 || p->look_fd < 0 || !p->held) {
		fail_errno(err, ERR_OUTPUT, "cannot start the pipeline");
		pipeline_free(p);
		return NULL;
	}
	return p;
}

void pipeline_deliver(struct pipeline *p, struct sink *const *sinks, unsigned n)
{
	pthread_mutex_lock(&p->lock);
	p->sinks = n < PIPELINE_MAX_SINKS ? n : PIPELINE_MAX_SINKS;
	memcpy(p->sink, sinks, p->sinks * sizeof(*sinks));
	judge_sinks(p->judge, sinks, p->sinks);
	pthread_mutex_unlock(&p->lock);
	p->started = !pthread_create(&p->thread, NULL, run, p);
	if (p->started)
		return;
	fail_errno(&p->err, ERR_OUTPUT, "cannot start the pipeline");
	signal_fd(p->failed_fd);
}

struct event_out *pipeline_input(struct pipeline *p)
{
	return &p->out;
}

int pipeline_failed_fd(const struct pipeline *p)
{
	return p->failed_fd;
}

int pipeline_look_fd(const struct pipeline *p)
{
	return p->look_fd;
}

bool pipeline_take_look(struct pipeline *p)
{
	return atomic_exchange(&p->wants_look, false);
}

int pipeline_take_kick(struct pipeline *p)
{
	return atomic_exchange(&p->kick_cpu, CPU_UNKNOWN);
}

bool pipeline_busy(const struct pipeline *p)
{
	return atomic_load(&p->busy);
}

int pipeline_finish(struct pipeline *p, struct error *err)
{
	int rc;

	pthread_mutex_lock(&p->lock);
	p->finishing = true;
	pthread_cond_signal(&p->wake);
	pthread_mutex_unlock(&p->lock);
	if (p->started)
		pthread_join(p->thread, NULL);
	rc = -(int)p->err.code;
	if (rc && err)
		*err = p->err;
	pipeline_free(p);
	return rc;
}
