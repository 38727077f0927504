/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A plausible recording of any number of events, always the same for the same number: rounds of SMIs by port
 * 0xb2 on four CPUs, storms and quiet stretches, now and then a scan of the hot-plug registers, a hot-added
 * CPU that is relocated (with its episode), a broken rule, lost events. Written through the program's own writer.
 *
 *     generate FILE EVENTS [SECONDS]
 *
 * With SECONDS it says how many there are, and goes on recording twice for so long, some thousand events a second:
 * somebody can look on the second time. Each time a line tells how many more there are then, and how long the writer
 * was held up at most.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../db/writer.h"
#include "../../tracer/check/check.h"
#include "../../tracer/clock.h"
#include "../../tracer/flow/flow.h"

#define CPUS 4
#define HOT 4             /* the CPU that comes and goes */
#define PLUG_EVERY 16384  /* rounds; all of these are powers of two, so that they fall together too */
#define LOST_EVERY 4096
#define BROKEN_EVERY 512
#define SCAN_EVERY 64
#define STORM_EVERY 1024
#define QUIET_EVERY 65536

static struct {
	struct writer *w;
	struct model model;
	int64_t n, want, now, broken, episodes;
	uint64_t seed;
} g = { .now = 1000000000000, .seed = 88172645463325252 };

static void die(const char *what)
{
	fprintf(stderr, "generate: %s\n", what);
	exit(1);
}

static int64_t any(int64_t below)
{
	g.seed ^= g.seed << 13;
	g.seed ^= g.seed >> 7;
	g.seed ^= g.seed << 17;
	return (int64_t)(g.seed >> 1) % below;
}

/* The event happens @later ns after the one before it. */
static struct event new_event(enum event_kind kind, int cpu, int64_t later)
{
	g.now += later;
	return event_new(kind, kind == EV_SMI_ENTER || kind == EV_SMI_LEAVE ? SRC_GDB : SRC_QEMULOG, cpu, g.now);
}

static void put(const struct event *ev)
{
	struct sink_event se = { .id = ++g.n, .ev = ev, .model = &g.model };
	struct cpu before;
	struct error err;

	if (ev->cpu >= 0) {
		before = g.model.cpu[ev->cpu];
		se.before = &before;
	}
	se.after = model_apply(&g.model, se.id, ev);
	if (writer_sink(g.w)->ops->event(writer_sink(g.w), &se, &err) < 0)
		die(err.text);
}

/* An event with its first @n fields. */
static void put_with(enum event_kind kind, int cpu, int64_t later, unsigned n, const uint64_t *field)
{
	struct event ev = new_event(kind, cpu, later);

	for (unsigned i = 0; i < n; i++)
		event_set(&ev, i, field[i]);
	put(&ev);
}

#define PUT(kind, cpu, later, ...)                                                               \
	put_with(kind, cpu, later, sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t),      \
		 (const uint64_t[]){ __VA_ARGS__ })

static uint64_t base_of(int cpu)
{
	return 0x7ffb7000 + 0x2000 * (uint64_t)cpu;
}

static void put_stay(int cpu, uint64_t base)
{
	PUT(EV_SMI_ENTER, cpu, 5000 + any(5000), base, 0x7e5a1234 + (uint64_t)any(65536), 0x38, 0x80010033, 0x7fc01000);
	PUT(EV_SMI_LEAVE, cpu, 20000 + any(90000), base, 0x7ffd0123, VIA_BREAKPOINT);
}

static void put_round(uint64_t command)
{
	PUT(EV_PORT, 0, 1000, 0xb2, DIR_WRITE, command);
	for (int i = 0; i < CPUS; i++)
		PUT(EV_SMI_ENTER, i, 2000 + any(9000), base_of(i), 0x7e5a1234 + (uint64_t)any(65536), 0x38, 0x80010033,
		    0x7fc01000);
	PUT(EV_PORT, 0, 5000, 0xb2, DIR_READ, command);
	for (int i = 0; i < CPUS; i++)
		PUT(EV_SMI_LEAVE, i, 2000 + any(20000), base_of(i), 0x7ffd0123, VIA_BREAKPOINT);
}

static void put_scan(void)
{
	for (uint64_t i = 0; i <= HOT; i++)
		PUT(EV_CPUHP, 0, 300, 4, DIR_READ, i < HOT, i);
}

static void put_violation(void)
{
	struct violation v = { .id = ++g.broken, .invariant = (unsigned)any(INVARIANT_COUNT), .ts = g.now,
			       .cpu = (int)any(CPUS), .evidence = { g.n - 1, g.n } };
	struct error err;

	snprintf(v.message, sizeof(v.message), "made up: event %" PRId64 " should not have been", g.n);
	if (writer_sink(g.w)->ops->violation(writer_sink(g.w), &v, &err) < 0)
		die(err.text);
}

static void reach(struct episode *ep, enum flow_step step)
{
	ep->at[step] = (struct moment){ .ns = g.now, .id = g.n };
	ep->step = step;
}

/* A hot-added CPU from device_add to its own SMBASE, and its removal. */
static void put_plug(void)
{
	static struct episode ep;
	struct error err;

	ep = (struct episode){ .id = ++g.episodes, .kind = EPISODE_PLUG, .cpu = HOT,
			       .profile = flow_profile_by_name("ovmf"), .status = EPISODE_DONE,
			       .next = FLOW_STEP_COUNT, .start_ns = g.now };
	PUT(EV_CPU_ADD, HOT, 1000, HOT, 4242);
	reach(&ep, STEP_ADDED);
	put_scan();
	put_round(4);
	PUT(EV_IPI, 0, 10000, HOT, IPI_INIT, 0, IPI_ONE, 0x4500);
	PUT(EV_IPI, 0, 10000, HOT, IPI_SIPI, 0x9f, IPI_ONE, 0x469f);
	reach(&ep, STEP_C);
	PUT(EV_SMI_ENTER, HOT, 10000, SMBASE_DEFAULT, 0xfff0, 0xf000);
	reach(&ep, STEP_D_ENTRY);
	PUT(EV_SMBASE_WRITE, HOT, 10000, SMBASE_DEFAULT, base_of(HOT), 0x38020);
	reach(&ep, STEP_D_WRITE);
	PUT(EV_SMI_LEAVE, HOT, 3000, SMBASE_DEFAULT, 0x38029, VIA_BREAKPOINT);
	reach(&ep, STEP_D_RSM);
	put_stay(HOT, base_of(HOT));
	reach(&ep, STEP_PROVED);
	ep.end_ns = g.now;
	PUT(EV_CPU_REMOVE, HOT, 50000000, HOT);
	if (writer_sink(g.w)->ops->episode(writer_sink(g.w), &ep, &err) < 0)
		die(err.text);
}

static void put_loss(void)
{
	PUT(EV_LOST, CPU_UNKNOWN, 1000, (uint64_t)g.now + 4000000, 1 + (uint64_t)any(50));
	g.now += 4000000;
}

static void put_start(void)
{
	for (int i = 0; i < CPUS; i++)
		PUT(EV_CPU_ADD, i, 1000, (uint64_t)i, (uint64_t)i + 4000);
	for (int i = 0; i < CPUS; i++) {
		PUT(EV_SMI_ENTER, i, 10000, SMBASE_DEFAULT, 0xfff0);
		PUT(EV_SMBASE_WRITE, i, 10000, SMBASE_DEFAULT, base_of(i), 0x38020);
		PUT(EV_SMI_LEAVE, i, 10000, SMBASE_DEFAULT, 0x38029, VIA_BREAKPOINT);
	}
}

/* What happens at round @i. */
static void put_turn(int64_t i)
{
	bool storm = i / STORM_EVERY % 8 == 3;

	g.now += storm ? 50000 : i % QUIET_EVERY == QUIET_EVERY / 2 ? 20 * NS_PER_SEC : any(2000000);
	if (i % PLUG_EVERY == PLUG_EVERY / 3)
		put_plug();
	if (i % LOST_EVERY == LOST_EVERY / 3)
		put_loss();
	if (i % SCAN_EVERY == SCAN_EVERY / 3)
		put_scan();
	put_round(i % 3 ? 0 : 4);
	if (i % BROKEN_EVERY == BROKEN_EVERY / 3)
		put_violation();
}

/* A round every millisecond, a commit ten times a second, as the recorder does it. */
static void record_on(int64_t *i, int64_t seconds)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	int64_t end = clock_now() + seconds * NS_PER_SEC, flushed = clock_now(), worst = 0, before = g.n;
	struct error err;

	while (clock_now() < end) {
		int64_t began = clock_now();

		put_turn((*i)++);
		if (began - flushed > NS_PER_SEC / 10) {
			if (writer_sink(g.w)->ops->flush(writer_sink(g.w), &err) < 0)
				die(err.text);
			flushed = began;
		}
		worst = clock_now() - began > worst ? clock_now() - began : worst;
		nanosleep(&moment, NULL);
	}
	printf("%" PRId64 " more, held up for %.1f ms at most\n", g.n - before, (double)worst / 1e6);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	int64_t i = 1;
	struct error err;

	if (argc < 3 || argc > 4 || (g.want = atoll(argv[2])) < 100)
		die("usage: generate FILE EVENTS [SECONDS] (100 or more)");
	g.w = writer_open(argv[1], true, &err);
	if (!g.w)
		die(err.text);
	model_init(&g.model);
	put_start();
	for (; g.n < g.want; i++)
		put_turn(i);
	if (argc == 4) {
		if (writer_sink(g.w)->ops->flush(writer_sink(g.w), &err) < 0)
			die(err.text);
		printf("%" PRId64 " events\n", g.n);
		fflush(stdout);
		record_on(&i, atoll(argv[3]));
		record_on(&i, atoll(argv[3]));
	}
	if (writer_close(g.w, &err) < 0)
		die(err.text);
	printf("%" PRId64 " events\n", g.n);
	return 0;
}
