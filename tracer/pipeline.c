/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pipeline.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

#define TICK_NS 20000000ll   /* how often the thread looks at the queue */
#define FLUSH_NS 100000000ll /* how often the sinks are flushed */

struct entry {
	struct event ev;
	struct raw *raw; /* of raw_keep() */
};

struct batch {
	struct entry *at;
	size_t n, room;
};

struct pipeline {
	struct event_out out; /* first: put() finds the pipeline by it */
	struct raw_room raws;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct batch queue;    /* under lock */
	struct event lost;     /* under lock: what was dropped, count 0 = nothing */
	bool finishing;        /* under lock */
	bool delivering;       /* under lock: the sinks are there */

	struct batch held;     /* waiting for the horizon, in time order */
	struct judge *judge;
	const struct model *model; /* the judge's */
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

static bool batch_add(struct batch *b, const struct entry *e)
{
	if (b->n == b->room) {
		size_t room = b->room ? b->room * 2 : 1024;
		struct entry *grown = realloc(b->at, room * sizeof(*grown));

		if (!grown)
			return false;
		b->at = grown;
		b->room = room;
	}
	b->at[b->n++] = *e;
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
	struct entry e = { .ev = *ev, .raw = raw_keep(&p->raws, raw) };
	bool kept;

	pthread_mutex_lock(&p->lock);
	kept = p->queue.n < PIPELINE_MAX_QUEUED && batch_add(&p->queue, &e);
	if (!kept)
		count_lost(p, ev);
	pthread_mutex_unlock(&p->lock);
	if (!kept)
		raw_drop(&p->raws, e.raw);
}

static void put(struct event_out *out, const struct event *ev)
{
	put_raw(out, ev, NULL);
}

/* Keep @held sorted by time; equal times keep the order of arrival. */
static void hold(struct pipeline *p, const struct entry *e)
{
	struct batch *b = &p->held;
	size_t i;

	if (!batch_add(b, e)) {
		raw_drop(&p->raws, e->raw);
		pthread_mutex_lock(&p->lock);
		count_lost(p, &e->ev);
		pthread_mutex_unlock(&p->lock);
		return;
	}
	for (i = b->n - 1; i > 0 && b->at[i - 1].ev.ts > e->ev.ts; i--)
		b->at[i] = b->at[i - 1];
	b->at[i] = *e;
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

static void deliver(struct pipeline *p, const struct event *ev, const struct raw *raw)
{
	if (!p->err.code)
		check_sink(p, judge_event_raw(p->judge, ev, raw, &p->err));
}

/* An SMI that ended unseen: by INIT inside SMM, or before the next entry of the same CPU. */
static void close_open_smi(struct pipeline *p, const struct event *ev, enum event_via via)
{
	const struct cpu *c = &p->model->cpu[ev->cpu];
	struct event leave = event_new(EV_SMI_LEAVE, SRC_TRACER, ev->cpu, ev->ts);

	leave.origin = via == VIA_NEXT ? ORIGIN_INFERRED : ORIGIN_OBSERVED;
	if (c->smi.smbase != SMBASE_UNKNOWN)
		event_set(&leave, SMI_LEAVE_SMBASE, c->smi.smbase);
	event_set(&leave, SMI_LEAVE_VIA, via);
	deliver(p, &leave, NULL);
}

/*
 * A log without thread ids does not say who wrote the port. The CPU whose saved
 * state shows `out 0xb2, al` with that value, next in time, was it (inferred).
 */
static void attribute_port(struct pipeline *p, struct event *ev, size_t next)
{
	uint64_t port = event_get(ev, PORT_PORT, 0);

	for (size_t i = next; i < p->held.n; i++) {
		const struct event *e = &p->held.at[i].ev;

		if (e->kind != EV_SMI_ENTER || (event_get(e, SMI_ENTER_RDX, 0) & 0xffff) != 0xb2)
			continue;
		if (port == 0xb2 && (event_get(e, SMI_ENTER_RAX, 0) & 0xff) != event_get(ev, PORT_VALUE, 0))
			continue;
		ev->cpu = e->cpu;
		ev->origin = ORIGIN_INFERRED;
		return;
	}
}

/* Only a CPU in SMM does this. */
static bool proves_smm(const struct event *ev)
{
	if (ev->kind == EV_CPU_RESET)
		return event_get(ev, CPU_RESET_IN_SMM, 0);
	if (ev->kind == EV_HANDOFF) /* observed at the gate: it went through */
		return ev->origin == ORIGIN_OBSERVED && event_get(ev, HANDOFF_WORD, WORD_COUNT) == WORD_GATE &&
		       event_get(ev, HANDOFF_VALUE, 0) == UINT64_MAX;
	return ev->kind == EV_SMBASE_WRITE;
}

/*
 * An entry that nobody saw: the CPU was faster than its breakpoints. It was not before the SMI was
 * raised, if that is known since the CPU came to the state it seemed to be in, and not after @ev.
 */
static void open_unseen_smi(struct pipeline *p, const struct event *ev)
{
	const struct cpu *c = &p->model->cpu[ev->cpu];
	const struct apm_write *apm = &p->model->apm;
	bool raised = apm->ts && apm->ts >= c->since_ns && apm->ts <= ev->ts;
	struct event enter = event_new(EV_SMI_ENTER, SRC_TRACER, ev->cpu, raised ? apm->ts : ev->ts);

	enter.origin = ORIGIN_INFERRED;
	if (c->smbase != SMBASE_UNKNOWN)
		event_set(&enter, SMI_ENTER_SMBASE, c->smbase);
	else if (ev->kind != EV_CPU_RESET)
		event_set(&enter, SMI_ENTER_SMBASE, SMBASE_DEFAULT);
	deliver(p, &enter, NULL);
}

/*
 * The RSM is told when the handler's last step before it is seen. An INIT can still hit the CPU there,
 * inside SMM: no SMI was raised since it seemed to leave, so that is the SMI it was in.
 */
static bool was_just_leaving(const struct pipeline *p, const struct event *ev)
{
	const struct cpu *c = &p->model->cpu[ev->cpu];

	return ev->kind == EV_CPU_RESET && c->smi.id && c->rsms && c->state == STATE_RUNNING && !c->smi_ipi &&
	       p->model->apm.ts <= c->since_ns;
}

/* Everything that follows from the order of events alone. @next: what comes after it in held. */
static void complete(struct pipeline *p, struct event *ev, const struct raw *raw, size_t next)
{
	bool in_smm = ev->cpu >= 0 && ev->cpu < EVENT_MAX_CPUS && cpu_in_smm(&p->model->cpu[ev->cpu]);

	if (ev->cpu >= 0 && ev->cpu < EVENT_MAX_CPUS && !in_smm && proves_smm(ev) &&
	    !was_just_leaving(p, ev)) {
		open_unseen_smi(p, ev);
		in_smm = true;
	}
	if (ev->kind == EV_PORT && ev->cpu == CPU_UNKNOWN && event_get(ev, PORT_DIR, 0) == DIR_WRITE)
		attribute_port(p, ev, next);
	else if (ev->kind == EV_CPU_RESET && in_smm)
		close_open_smi(p, ev, VIA_RESET);
	else if (ev->kind == EV_SMI_ENTER && in_smm)
		close_open_smi(p, ev, VIA_NEXT);
	deliver(p, ev, raw);
}

/* Forget the first @n of those held. */
static void drop_held(struct pipeline *p, size_t n)
{
	struct batch *b = &p->held;

	if (!n)
		return;
	for (size_t i = 0; i < n; i++)
		raw_drop(&p->raws, b->at[i].raw);
	memmove(b->at, b->at + n, (b->n - n) * sizeof(*b->at));
	b->n -= n;
}

static void deliver_until(struct pipeline *p, int64_t until)
{
	struct batch *b = &p->held;
	size_t i;

	for (i = 0; i < b->n && b->at[i].ev.ts <= until; i++)
		complete(p, &b->at[i].ev, b->at[i].raw, i + 1);
	drop_held(p, i);
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
static bool take(struct pipeline *p, struct batch *taken, bool *delivering)
{
	struct timespec until;
	struct entry lost = { .raw = NULL };
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
	lost.ev = p->lost;
	if (event_has(&lost.ev, LOST_COUNT) && batch_add(taken, &lost))
		p->lost.known = 0;
	finishing = p->finishing;
	*delivering = p->delivering;
	pthread_mutex_unlock(&p->lock);
	return finishing;
}

static void *run(void *arg)
{
	struct pipeline *p = arg;
	struct batch taken = { 0 };
	bool finishing, delivering;

	do {
		finishing = take(p, &taken, &delivering);
		for (size_t i = 0; i < taken.n; i++)
			hold(p, &taken.at[i]);
		taken.n = 0;
		if (delivering)
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
	judge_free(p->judge);
	pthread_cond_destroy(&p->wake);
	pthread_mutex_destroy(&p->lock);
	drop_held(p, p->held.n);
	free(p->queue.at);
	free(p->held.at);
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
	p->raws.limit = PIPELINE_MAX_RAW;
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
	p->model = p->judge ? judge_model(p->judge) : NULL;
	if (p->failed_fd < 0 || p->look_fd < 0 || !p->judge || pthread_create(&p->thread, NULL, run, p)) {
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
	p->delivering = true;
	pthread_mutex_unlock(&p->lock);
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
	pthread_join(p->thread, NULL);
	rc = -(int)p->err.code;
	if (rc && err)
		*err = p->err;
	pipeline_free(p);
	return rc;
}
