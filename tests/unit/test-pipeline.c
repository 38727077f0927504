/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Order, completion, overflow and failing sinks: the pipeline as a source and a sink see it. */
#include "../../tracer/clock.h"
#include "../../tracer/event-text.h"
#include "../../tracer/pipeline.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define KEPT 4096
#define PATIENCE_MS 60000

/* A sink that remembers. */
struct recorder {
	struct sink sink; /* first */
	struct event ev[KEPT];
	enum cpu_state before[KEPT], after[KEPT];
	int64_t delivered_ns[KEPT];
	uint64_t n, lost, losses, flushes;
	int64_t fail_at;       /* id of the event it fails at; 0 = never */
	bool fail_flush;
	sem_t *wait_first;     /* holds the pipeline in the first event until posted */
	sem_t *told_event, *told_flush; /* posted at each */
};

static struct error err;

static int take(struct sink *s, const struct sink_event *se, struct error *e)
{
	struct recorder *r = (struct recorder *)s;

	errno = ENOSPC;
	if (se->id == r->fail_at)
		return fail_errno(e, ERR_OUTPUT, "cannot write");
	if (r->n == 0 && r->wait_first)
		sem_wait(r->wait_first);
	if (se->ev->kind == EV_LOST) {
		r->lost += se->ev->arg[LOST_COUNT];
		r->losses++;
	}
	if (r->n < KEPT) {
		r->ev[r->n] = *se->ev;
		r->before[r->n] = se->before ? se->before->state : STATE_ABSENT;
		r->after[r->n] = se->after ? se->after->state : STATE_ABSENT;
		r->delivered_ns[r->n] = clock_now();
	}
	r->n++;
	if (se->id != (int64_t)r->n)
		return fail_errno(e, ERR_OUTPUT, "an id was left out");
	if (r->told_event)
		sem_post(r->told_event);
	return 0;
}

static int flushed(struct sink *s, struct error *e)
{
	struct recorder *r = (struct recorder *)s;

	r->flushes++;
	if (r->told_flush)
		sem_post(r->told_flush);
	return r->fail_flush ? fail_errno(e, ERR_OUTPUT, "cannot flush") : 0;
}

static const struct sink_ops ops = { .name = "recorder", .event = take, .flush = flushed };

static struct recorder *recorder_new(void)
{
	struct recorder *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	r->sink.ops = &ops;
	return r;
}

static struct pipeline *start(struct recorder *r)
{
	struct sink *sinks[] = { &r->sink };
	struct pipeline *p = pipeline_start(NULL, &err);

	assert_non_null(p);
	pipeline_deliver(p, sinks, 1);
	return p;
}

static void put_event(struct pipeline *p, const struct event *ev)
{
	struct event_out *out = pipeline_input(p);

	out->put(out, ev);
}

/* Put each line of @lines, @base ns later than it says. */
static void put_lines(struct pipeline *p, const char *lines, int64_t base)
{
	char line[256];

	while (*lines) {
		size_t len = strcspn(lines, "\n");
		struct event ev;

		snprintf(line, sizeof(line), "%.*s", (int)len, lines);
		lines += len + (lines[len] == '\n');
		if (event_parse(&ev, line, &err) < 0)
			fail_msg("%s", err.text);
		ev.ts += base;
		put_event(p, &ev);
	}
}

/* Run @lines through a pipeline of their own. */
static struct recorder *replay(const char *lines)
{
	struct recorder *r = recorder_new();
	struct pipeline *p = start(r);

	put_lines(p, lines, clock_now() + 3600 * NS_PER_SEC); /* all are held until the end */
	assert_int_equal(pipeline_finish(p, &err), 0);
	return r;
}

/* Event number @i of @r is @kind with this detail and origin. */
static void assert_event(const struct recorder *r, unsigned i, const char *kind, const char *detail, int origin)
{
	char text[300];

	assert_true(i < r->n);
	assert_string_equal(event_info[r->ev[i].kind].name, kind);
	assert_string_equal(event_detail(text, sizeof(text), &r->ev[i]), detail);
	assert_int_equal(r->ev[i].origin, origin);
}

static void sources_are_put_in_one_order(void **state)
{
	struct recorder *r = replay("t=30 cpu=0 smi-enter\nt=50 cpu=0 smi-leave\nt=10 cpu=0 port port=0xb2\n"
				    "t=40 cpu=1 cpuhp reg=1\nt=20 cpu=0 ipi mode=smi\nt=40 cpu=1 cpuhp reg=2");
	static const enum event_kind want[] = { EV_PORT, EV_IPI, EV_SMI_ENTER, EV_CPUHP, EV_CPUHP, EV_SMI_LEAVE };

	(void)state;
	assert_int_equal(r->n, 6);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(r->ev[i].kind, want[i]);
	assert_true(r->ev[3].arg[CPUHP_REG] == 1 && r->ev[4].arg[CPUHP_REG] == 2); /* equal times: as put */
	assert_true(r->before[2] == STATE_ABSENT && r->after[2] == STATE_SMM && r->before[5] == STATE_SMM);
	assert_int_equal(r->flushes, 1);
	free(r);
}

/* Until the horizon has passed, an earlier event may still come. */
static void an_event_waits_for_the_horizon(void **state)
{
	struct recorder *r = recorder_new();
	struct pipeline *p;
	struct timespec limit;
	sem_t told;

	(void)state;
	sem_init(&told, 0, 0);
	r->told_event = &told;
	p = start(r);
	put_lines(p, "t=0 cpu=0 cpuhp reg=1", clock_now());
	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += PATIENCE_MS / 1000;
	assert_int_equal(sem_timedwait(&told, &limit), 0);
	assert_int_equal(pipeline_finish(p, &err), 0);
	assert_true(r->delivered_ns[0] - r->ev[0].ts >= PIPELINE_HORIZON_NS);
	assert_true(r->flushes > 0);
	sem_destroy(&told);
	free(r);
}

/* Nothing happens, and still the sinks are asked to become durable. */
static void sinks_are_flushed_without_events(void **state)
{
	struct recorder *r = recorder_new();
	struct pipeline *p;
	sem_t told;

	(void)state;
	sem_init(&told, 0, 0);
	r->told_flush = &told;
	p = start(r);
	for (int i = 0; i < 2; i++)
		sem_wait(&told);
	assert_int_equal(pipeline_finish(p, &err), 0);
	assert_true(r->n == 0 && r->flushes >= 3);
	sem_destroy(&told);
	free(r);
}

static void a_reset_inside_smm_ends_the_smi(void **state)
{
	struct recorder *r = replay("t=1 cpu=1 cpu-add apic_id=1\nt=2 cpu=1 smi-enter smbase=0x30000\n"
				    "t=3 cpu=0 ipi target=1 mode=init dest=one\nt=4 cpu=1 cpu-reset in_smm=1\n"
				    "t=5 cpu=1 cpu-reset in_smm=0");

	(void)state;
	assert_int_equal(r->n, 6);
	assert_event(r, 3, "smi-leave", "smbase=0x30000 via=reset", ORIGIN_OBSERVED);
	assert_int_equal(r->ev[3].ts, r->ev[4].ts);
	assert_int_equal(r->ev[3].source, SRC_TRACER);
	assert_event(r, 4, "cpu-reset", "in_smm=1", ORIGIN_OBSERVED);
	assert_int_equal(r->before[4], STATE_RESET);
	assert_event(r, 5, "cpu-reset", "in_smm=0", ORIGIN_OBSERVED);
	free(r);
}

/* QEMU gives a vCPU its new state, and KVM tells that as a leaving; without a reset before it, it is an RSM. */
static void the_leaving_of_a_reset_is_no_rsm(void **state)
{
	struct recorder *r = replay("t=1 cpu=1 smi-enter smbase=0x30000 source=kvm\n"
				    "t=4 cpu=1 cpu-reset origin=inferred source=kvm\n"
				    "t=5 cpu=1 smi-leave smbase=0x30000 via=tracepoint source=kvm\n"
				    "t=6 cpu=1 smi-enter smbase=0x30000 source=kvm\n"
				    "t=7 cpu=1 smi-leave smbase=0x30000 via=tracepoint source=kvm");

	(void)state;
	assert_int_equal(r->n, 5);
	assert_event(r, 1, "smi-leave", "smbase=0x30000 via=reset", ORIGIN_INFERRED);
	assert_event(r, 2, "cpu-reset", "", ORIGIN_INFERRED);
	assert_event(r, 4, "smi-leave", "smbase=0x30000 via=tracepoint", ORIGIN_OBSERVED);
	assert_int_equal(r->before[3], STATE_RESET);
	free(r);
}

static void a_missed_rsm_is_concluded_from_the_next_entry(void **state)
{
	struct recorder *r = replay("t=1 cpu=0 smi-enter smbase=0x30000\nt=2 cpu=0 smbase-write new=0x7ffb7000\n"
				    "t=3 cpu=1 smi-enter\nt=9 cpu=0 smi-enter smbase=0x7ffb7000");

	(void)state;
	assert_int_equal(r->n, 5);
	assert_event(r, 3, "smi-leave", "smbase=0x30000 via=next-entry", ORIGIN_INFERRED);
	assert_int_equal(r->ev[3].cpu, 0);
	assert_event(r, 4, "smi-enter", "smbase=0x7ffb7000", ORIGIN_OBSERVED);
	assert_int_equal(r->before[4], STATE_RUNNING);
	free(r);
	r = replay("t=1 cpu=0 smi-enter\nt=2 cpu=0 smi-enter"); /* its base is not known: not told */
	assert_event(r, 1, "smi-leave", "via=next-entry", ORIGIN_INFERRED);
	free(r);
}

/* The CPU was faster than its breakpoints: what it did proves that it was in SMM, since the raise at the earliest. */
static void an_entry_nobody_saw_is_concluded_from_what_follows(void **state)
{
	struct recorder *r = replay("t=1 cpu=1 cpu-reset in_smm=0\nt=2 cpu=0 port port=0xb2 dir=write value=4\n"
				    "t=3 cpu=0 ipi target=1 mode=init dest=one\nt=4 cpu=1 cpu-reset in_smm=1 cs=0x3000");

	(void)state;
	assert_int_equal(r->n, 6);
	assert_event(r, 3, "smi-enter", "smbase=0x30000", ORIGIN_INFERRED);
	assert_int_equal(r->ev[3].ts, r->ev[1].ts);
	assert_event(r, 4, "smi-leave", "smbase=0x30000 via=reset", ORIGIN_OBSERVED);
	free(r);
	r = replay("t=1 cpu=0 port port=0xb2 dir=write value=4\nt=2 cpu=1 cpu-reset in_smm=0\n"
		   "t=3 cpu=1 handoff word=gate old=1 value=0xffffffffffffffff\n"
		   "t=4 cpu=1 smbase-write new=0xffc1000");
	assert_int_equal(r->n, 5);
	assert_event(r, 2, "smi-enter", "smbase=0x30000", ORIGIN_INFERRED);
	assert_int_equal(r->ev[2].ts, r->ev[3].ts); /* that write was before the CPU's time */
	free(r);
	r = replay("t=1 cpu=0 port port=0xb2 dir=write value=4\nt=2 cpu=1 smi-enter smbase=0xffc1000\n"
		   "t=3 cpu=1 smi-leave smbase=0xffc1000 via=watchpoint\nt=4 cpu=1 cpu-reset in_smm=1");
	assert_int_equal(r->n, 4); /* an INIT right before the RSM: not another SMI */
	free(r);
	r = replay("t=1 cpu=1 cpu-reset in_smm=0\n"
		   "t=2 cpu=? handoff word=gate value=0xffffffffffffffff origin=inferred\nt=3 cpu=1 cpu-reset in_smm=0");
	assert_int_equal(r->n, 3); /* none of these proves anything */
	free(r);
}

static void a_port_write_without_a_cpu_finds_its_writer(void **state)
{
	struct recorder *r = replay("t=1 cpu=? port port=0xb3 dir=write value=0x11\n"
				    "t=2 cpu=? port port=0xb2 dir=write value=0x4\n"
				    "t=3 cpu=1 smi-enter rdx=0x178bfbfd rax=4\nt=4 cpu=2 smi-enter rdx=0xb2 rax=5\n"
				    "t=5 cpu=0 smi-enter rdx=0xffff00b2 rax=0xffffff04");

	(void)state;
	assert_int_equal(r->ev[1].cpu, 0);
	assert_event(r, 1, "port", "port=0xb2 dir=write value=0x4", ORIGIN_INFERRED);
	assert_int_equal(r->ev[0].origin, ORIGIN_INFERRED);
	free(r);
}

static void what_nobody_shows_stays_unknown(void **state)
{
	struct recorder *r = replay("t=1 cpu=? port port=0xb2 dir=write value=4\nt=2 cpu=1 smi-enter rdx=7 rax=4\n"
				    "t=3 cpu=? port port=0xb2 dir=read value=4\nt=4 cpu=0 port port=0xb2 dir=write value=9\n"
				    "t=5 cpu=1 smi-enter rdx=0xb2 rax=9");

	(void)state;
	assert_true(r->ev[0].cpu == CPU_UNKNOWN && r->ev[0].origin == ORIGIN_OBSERVED);
	assert_true(r->ev[2].cpu == CPU_UNKNOWN && r->ev[2].origin == ORIGIN_OBSERVED);
	assert_true(r->ev[3].cpu == 0 && r->ev[3].origin == ORIGIN_OBSERVED); /* it was said */
	free(r);
}

/* An entry that came before the write does not show it. */
static void an_earlier_entry_is_not_the_writers(void **state)
{
	struct recorder *r = replay("t=1 cpu=1 smi-enter rdx=0xb2 rax=4\nt=2 cpu=1 smi-leave\n"
				    "t=3 cpu=? port port=0xb2 dir=write value=4");

	(void)state;
	assert_int_equal(r->ev[2].cpu, CPU_UNKNOWN);
	free(r);
}

static void overflow_is_counted(void **state)
{
	enum { MORE = 1000 };
	struct recorder *r = recorder_new();
	struct event ev = event_new(EV_CPUHP, SRC_FIXTURE, 0, 1);
	struct pipeline *p;
	sem_t go;

	(void)state;
	sem_init(&go, 0, 0);
	r->wait_first = &go;
	p = start(r);
	/* The pipeline takes some of these, then stands in the sink, then the queue is full. */
	for (uint64_t i = 0; i < 2ull * PIPELINE_MAX_QUEUED + MORE; i++, ev.ts++)
		put_event(p, &ev);
	sem_post(&go);
	assert_int_equal(pipeline_finish(p, &err), 0);
	assert_true(r->lost > 0);
	assert_int_equal(r->n - r->losses + r->lost, 2ull * PIPELINE_MAX_QUEUED + MORE);
	sem_destroy(&go);
	free(r);
}

/* Wait for the failure the way the poll loop does. */
static void await_failure(struct pipeline *p)
{
	struct pollfd fd = { .fd = pipeline_failed_fd(p), .events = POLLIN };

	assert_int_equal(poll(&fd, 1, PATIENCE_MS), 1);
}

static void a_failing_sink_ends_with_its_error(void **state)
{
	struct recorder *bad = recorder_new(), *good = recorder_new();
	struct sink *sinks[] = { &good->sink, &bad->sink };
	struct pipeline *p = pipeline_start(NULL, &err);

	(void)state;
	assert_non_null(p);
	pipeline_deliver(p, sinks, 2);
	bad->fail_at = 2;
	put_lines(p, "t=1 cpu=0 cpuhp reg=1\nt=2 cpu=0 cpuhp reg=2\nt=3 cpu=0 cpuhp reg=3", 0);
	await_failure(p);
	assert_int_equal(pipeline_finish(p, &err), -ERR_OUTPUT);
	assert_int_equal(err.code, ERR_OUTPUT);
	assert_non_null(strstr(err.text, "No space left on device"));
	assert_int_equal(bad->n, 1);
	assert_int_equal(good->n, 2); /* nothing more is written anywhere */
	free(bad);
	free(good);
}

static void a_failing_flush_ends_it_too(void **state)
{
	struct recorder *r = recorder_new();
	struct pipeline *p;

	(void)state;
	r->fail_flush = true;
	p = start(r);
	await_failure(p);
	assert_int_equal(pipeline_finish(p, NULL), -ERR_OUTPUT);
	free(r);
}

enum { WRITERS = 4, EACH = 20000 };

static void *write_many(void *arg)
{
	struct pipeline *p = arg;
	struct event ev = event_new(EV_CPUHP, SRC_FIXTURE, 0, 0);

	for (int i = 0; i < EACH; i++) {
		ev.ts = clock_now();
		put_event(p, &ev);
	}
	return NULL;
}

static void any_thread_may_put(void **state)
{
	struct recorder *r = recorder_new();
	struct pipeline *p = start(r);
	pthread_t t[WRITERS];

	(void)state;
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, write_many, p), 0);
	for (int i = 0; i < WRITERS; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(pipeline_finish(p, &err), 0);
	assert_int_equal(r->n, WRITERS * EACH);
	free(r);
}

static void events_wait_for_their_sinks(void **state)
{
	struct recorder *r = recorder_new();
	struct sink *sinks[] = { &r->sink };
	struct pipeline *p = pipeline_start(NULL, &err);

	(void)state;
	assert_non_null(p);
	put_lines(p, "t=1 cpu=0 cpuhp reg=1\nt=2 cpu=0 cpuhp reg=2", 0);
	pipeline_deliver(p, sinks, 1);
	assert_int_equal(pipeline_finish(p, &err), 0);
	assert_int_equal(r->n, 2);
	free(r);
}

static void without_sinks_it_ends_all_the_same(void **state)
{
	struct pipeline *p = pipeline_start(NULL, &err);

	(void)state;
	assert_non_null(p);
	put_lines(p, "t=1 cpu=0 cpuhp reg=1", 0);
	assert_int_equal(pipeline_finish(p, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sources_are_put_in_one_order),
		cmocka_unit_test(an_event_waits_for_the_horizon),
		cmocka_unit_test(sinks_are_flushed_without_events),
		cmocka_unit_test(a_reset_inside_smm_ends_the_smi),
		cmocka_unit_test(the_leaving_of_a_reset_is_no_rsm),
		cmocka_unit_test(a_missed_rsm_is_concluded_from_the_next_entry),
		cmocka_unit_test(an_entry_nobody_saw_is_concluded_from_what_follows),
		cmocka_unit_test(a_port_write_without_a_cpu_finds_its_writer),
		cmocka_unit_test(what_nobody_shows_stays_unknown),
		cmocka_unit_test(an_earlier_entry_is_not_the_writers),
		cmocka_unit_test(overflow_is_counted),
		cmocka_unit_test(a_failing_sink_ends_with_its_error),
		cmocka_unit_test(a_failing_flush_ends_it_too),
		cmocka_unit_test(any_thread_may_put),
		cmocka_unit_test(events_wait_for_their_sinks),
		cmocka_unit_test(without_sinks_it_ends_all_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
