/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The chart of a recording: what is found by it is what a look at every row finds, in recordings made by
 * chance; with the recorder's chart, with one made in memory, made in part, and while the recording grows.
 */
#include "recording-fixture.h"

#include <sqlite3.h>

#include "../../db/chart.h"
#include "../../db/density.h"
#include "../../tracer/check/check.h"
#include "../../tracer/clock.h"
#include "../../views/overview.h"
#include "../../views/seek.h"

#define CPUS 5
#define MANY 12000
#define BUCKETS 90

static uint64_t seed = 88172645463325252;
static int64_t now_ns;

static int64_t any(int64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (int64_t)(seed >> 1) % below;
}

static void enter_or_leave(struct fixture *f, int cpu, int64_t ts)
{
	struct event ev = event_new(cpu_in_smm(&f->model.cpu[cpu]) ? EV_SMI_LEAVE : EV_SMI_ENTER, SRC_GDB, cpu, ts);

	event_set(&ev, 0, 0x30000);
	record(f, &ev);
}

static void lose(struct fixture *f, int cpu, int64_t ts)
{
	struct event ev = event_new(EV_LOST, SRC_QEMULOG, cpu, ts);

	event_set(&ev, LOST_COUNT, 3);
	record(f, &ev);
}

static void break_rule(struct fixture *f, int cpu, int64_t ts)
{
	static int64_t id;
	struct violation v = { .id = ++id, .ts = ts, .cpu = cpu, .message = "by chance" };
	struct error err;

	assert_true(writer_sink(f->writer)->ops->violation(writer_sink(f->writer), &v, &err) >= 0);
}

/* @n events: CPU 4 has few, now and then it is quiet, some (@late) are told after later ones. */
static void record_by_chance(struct fixture *f, int n, bool late)
{
	for (int i = 0; i < n; i++) {
		int cpu = any(2000) == 0 ? 4 : (int)any(4);

		now_ns += any(3000) == 0 ? 40000000 : 1 + any(20000);
		if (any(500) == 0)
			lose(f, any(2) ? cpu : CPU_UNKNOWN, now_ns);
		else if (any(700) == 0)
			break_rule(f, any(2) ? cpu : CPU_UNKNOWN, now_ns);
		else
			enter_or_leave(f, cpu, late && any(50) == 0 ? now_ns - any(90000) : now_ns);
	}
}

/* ---- what a look at every row says ---- */

struct looking {
	int64_t from, to, now;
	struct density *out;
	int row;
};

static int64_t edge(const struct looking *l, int i)
{
	return l->from + (int64_t)((__int128)(l->to - l->from) * i / BUCKETS);
}

static int look_at_smi(void *arg, const struct reader_smi *smi)
{
	struct looking *l = arg;
	int64_t leave = smi->leave_ns ? smi->leave_ns : l->now;

	for (int i = 0; i < BUCKETS; i++) {
		int64_t a = edge(l, i), b = edge(l, i + 1);
		int64_t from = smi->enter_ns > a ? smi->enter_ns : a, to = leave < b ? leave : b;

		for (int row = 0; row <= l->row; row += l->row) {
			l->out[row * BUCKETS + i].smis += smi->enter_ns >= a && smi->enter_ns < b;
			l->out[row * BUCKETS + i].smm_ns += to > from ? to - from : 0;
		}
	}
	return 0;
}

static void add_one(struct looking *l, int cpu, int64_t ts, bool violation)
{
	for (int i = 0; i < BUCKETS; i++)
		for (int row = 0; ts >= edge(l, i) && ts < edge(l, i + 1) && row <= cpu + 1; row += cpu + 1) {
			struct density *d = &l->out[row * BUCKETS + i];

			*(violation ? &d->violations : &d->losses) += 1;
			if (cpu == CPU_UNKNOWN)
				break;
		}
}

static int look_at_violation(void *arg, const struct reader_violation *v)
{
	add_one(arg, v->cpu, v->ts_ns, true);
	return 0;
}

static int look_at_loss(void *arg, int64_t id, const struct event *ev)
{
	(void)id;
	if (ev->kind == EV_LOST)
		add_one(arg, ev->cpu, ev->ts, false);
	return 0;
}

static void look_at_all(struct fixture *f, struct looking *l)
{
	struct reader_filter all = READER_ALL;

	memset(l->out, 0, sizeof(*l->out) * (CPUS + 1) * BUCKETS);
	for (int cpu = 0; cpu < CPUS; cpu++) {
		l->row = density_row(cpu);
		assert_true(reader_smis(f->reader, cpu, INT64_MIN, INT64_MAX, look_at_smi, l, NULL) >= 0);
	}
	assert_true(reader_violations(f->reader, READER_ANY_CPU, INT64_MIN, INT64_MAX, 0, false, look_at_violation, l,
				      NULL) >= 0);
	assert_true(reader_events(f->reader, &all, look_at_loss, l, NULL) >= 0);
}

/* ---- the same from the chart ---- */

static void density_is_right(struct fixture *f, bool times_too)
{
	static struct density got[(CPUS + 1) * BUCKETS], expected[(CPUS + 1) * BUCKETS];
	const struct reader_summary *s = reader_summary(f->reader);
	int64_t span = s->last_ns - s->first_ns;
	struct looking l = { .from = s->first_ns - any(1 + span / 5), .now = s->last_ns + 5, .out = expected };

	assert_int_equal(s->cpus, CPUS);
	l.to = l.from + 1000 + any(2 * span);
	look_at_all(f, &l);
	assert_int_equal(reader_density(f->reader, l.from, l.to, BUCKETS, l.now, got, NULL), 1);
	for (int i = 0; i < (CPUS + 1) * BUCKETS; i++) {
		assert_int_equal(got[i].smis, expected[i].smis);
		assert_int_equal(got[i].violations, expected[i].violations);
		assert_int_equal(got[i].losses, expected[i].losses < DENSITY_LOSSES ? expected[i].losses : DENSITY_LOSSES);
		if (times_too)
			assert_int_equal(got[i].smm_ns, expected[i].smm_ns);
	}
}

struct found {
	const struct reader_filter *f;
	int64_t id[64];
	int n;
};

static int find(void *arg, int64_t id, const struct event *ev)
{
	struct found *found = arg;
	const struct reader_filter *f = found->f;

	if ((f->kinds && !(f->kinds & 1u << ev->kind)) || (f->cpu != READER_ANY_CPU && f->cpu != ev->cpu) ||
	    ev->ts < f->from || ev->ts > f->to)
		return 0;
	found->id[found->n++] = id;
	return found->n == f->limit;
}

/* Events of one CPU, of some kinds, from some time on, in either direction. */
static void events_are_right(struct fixture *f)
{
	const struct reader_summary *s = reader_summary(f->reader);
	struct reader_filter want = READER_ALL, all = READER_ALL;
	struct found expected = { .f = &want }, got = { .f = &want };

	want.cpu = any(3) ? (int)any(CPUS + 2) - 1 : READER_ANY_CPU;
	want.kinds = any(2) ? 0 : any(2) ? 1u << EV_LOST : ~(1u << EV_SMI_ENTER);
	want.from = s->first_ns + any(s->last_ns - s->first_ns);
	want.to = want.from + any(s->last_ns - s->first_ns);
	want.limit = 1 + any(60);
	want.backwards = all.backwards = any(2);
	assert_true(reader_events(f->reader, &all, find, &expected, NULL) >= 0);
	assert_true(reader_events(f->reader, &want, find, &got, NULL) >= 0);
	assert_int_equal(got.n, expected.n);
	assert_memory_equal(got.id, expected.id, sizeof(got.id[0]) * (size_t)got.n);
}

static void all_is_right(struct fixture *f, bool times_too)
{
	for (int i = 0; i < 20; i++)
		events_are_right(f);
	for (int i = 0; i < 3; i++)
		density_is_right(f, times_too);
}

/* ---- tests ---- */

static void an_ended_recording(void **state)
{
	struct fixture *f = *state;

	now_ns = 1000000;
	record_by_chance(f, MANY, false);
	enter_or_leave(f, 4, ++now_ns);
	finish(f);
	look(f);
	all_is_right(f, true);
}

static void events_that_come_late(void **state)
{
	struct fixture *f = *state;

	now_ns = 1000000;
	record_by_chance(f, MANY, true);
	enter_or_leave(f, 4, ++now_ns);
	finish(f);
	look(f);
	all_is_right(f, false);
}

static void a_growing_recording(void **state)
{
	struct fixture *f = *state;
	struct error err;

	now_ns = 1000000;
	for (int i = 0; i < 12; i++) {
		record_by_chance(f, 1 + (int)any(2500), false);
		if (!i)
			enter_or_leave(f, 4, ++now_ns);
		flush(f);
		if (!i)
			look(f);
		else
			assert_int_equal(reader_refresh(f->reader, &err), 1);
		all_is_right(f, true);
	}
}

static int count_smi(void *arg, const struct reader_smi *smi)
{
	int64_t *left = arg; /* the moment, then those before it */

	left[1] += smi->enter_ns < left[0];
	return 0;
}

static int64_t entered_before(struct fixture *f, int cpu, int64_t ts)
{
	int64_t counted[2] = { ts, 0 };

	assert_true(reader_smis(f->reader, cpu, INT64_MIN, INT64_MAX, count_smi, counted, NULL) >= 0);
	return counted[1];
}

/* What is told of many is never more than there is, and a few less at most. */
static void crowds(void **state)
{
	struct density got[2 * (CPUS + 1)];
	struct fixture *f = *state;
	int64_t least;

	now_ns = 1000000;
	record_by_chance(f, 3 * MANY, false);
	enter_or_leave(f, 4, ++now_ns);
	finish(f);
	look(f);
	for (int i = 0; i < 100; i++) {
		int cpu = (int)any(CPUS);
		int64_t ts = any(now_ns + now_ns / 8), all = entered_before(f, cpu, ts);

		assert_int_equal(reader_smis_before(f->reader, cpu, ts, &least, NULL), 0);
		assert_in_range(least, all > CHART_SMIS ? all - CHART_SMIS : 0, all);
	}
	assert_int_equal(reader_density(f->reader, 0, now_ns + 1, 2, now_ns, got, NULL), 1);
	for (int cpu = 0; cpu < CPUS; cpu++) {
		int64_t all = entered_before(f, cpu, now_ns + 1), told = 0;

		for (int i = 0; i < 2; i++)
			told += got[2 * density_row(cpu) + i].smis;
		assert_true(cpu == 4 || all > 2 * DENSITY_CROWD);
		assert_in_range(told, all > DENSITY_CROWD ? all - CHART_SMIS : all, all);
	}
}

struct tally {
	uint32_t kinds;
	int64_t from, to, n;
};

static int tally_event(void *arg, int64_t id, const struct event *ev)
{
	struct tally *t = arg;

	(void)id;
	t->n += t->kinds >> ev->kind & 1 && ev->ts >= t->from && ev->ts <= t->to;
	return 0;
}

static void many_events(void **state)
{
	struct fixture *f = *state;

	now_ns = 1000000;
	record_by_chance(f, MANY, false);
	finish(f);
	look(f);
	for (int i = 0; i < 30; i++) {
		int64_t from = 1000000 + any(now_ns - 1000000);
		struct tally t = { any(2) ? 1u << EV_SMI_ENTER | 1u << EV_LOST : 1u << EV_LOST, from, from + any(now_ns), 0 };
		struct reader_filter all = READER_ALL;

		assert_true(reader_events(f->reader, &all, tally_event, &t, NULL) >= 0);
		assert_int_equal(reader_many_events(f->reader, t.kinds, t.from, t.to, t.n, NULL), 0);
		if (t.n)
			assert_int_equal(reader_many_events(f->reader, t.kinds, t.from, t.to, t.n - 1, NULL), 1);
	}
}

static void read_strip(struct fixture *f, struct overview *o)
{
	const struct reader_summary *s = reader_summary(f->reader);

	assert_int_equal(overview_read(o, f->reader, s->first_ns, s->last_ns, BUCKETS, NULL), 0);
}

/* The strip of a recording that grows is read anew when that shows, and at its end. */
static void the_strip_of_a_growing_recording(void **state)
{
	struct fixture *f = *state;
	struct overview o = { 0 };
	int64_t first, column;

	now_ns = 1000000;
	record_by_chance(f, MANY, false);
	flush(f);
	look(f);
	read_strip(f, &o);
	first = o.last_id;
	column = o.whole.span / BUCKETS;
	now_ns += column / 8;
	lose(f, 0, now_ns);
	flush(f);
	assert_int_equal(reader_refresh(f->reader, NULL), 1);
	read_strip(f, &o);
	assert_int_equal(o.last_id, first);
	now_ns += column / 2;
	lose(f, 0, now_ns);
	flush(f);
	assert_int_equal(reader_refresh(f->reader, NULL), 1);
	read_strip(f, &o);
	assert_int_equal(o.last_id, first + 2);
	lose(f, 0, ++now_ns);
	reader_close(f->reader);
	finish(f);
	look(f);
	read_strip(f, &o);
	assert_int_equal(o.last_id, first + 3);
	overview_free(&o);
}

static void run_sql(struct fixture *f, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void begin_without_chart(struct fixture *f)
{
	now_ns = 1000000;
	record_by_chance(f, MANY, false);
	enter_or_leave(f, 4, ++now_ns);
	finish(f);
	run_sql(f, "DROP TABLE zone; DROP TABLE smi_sum");
	look(f);
}

/* Also in part it must not hide an event. */
static void a_recording_without_chart(void **state)
{
	struct fixture *f = *state;
	int pieces = 0, before = 0;

	begin_without_chart(f);
	assert_in_range(reader_prepared(f->reader), 0, 99);
	while (reader_prepare(f->reader, 1, NULL) == 1) {
		events_are_right(f);
		assert_in_range(reader_prepared(f->reader), before, 99);
		before = reader_prepared(f->reader);
		pieces++;
	}
	assert_true(pieces > 2);
	assert_int_equal(reader_prepared(f->reader), 100);
	all_is_right(f, true);
}

/* Until it is ready, the sums say so. */
static void sums_that_are_not_ready(void **state)
{
	static struct density got[(CPUS + 1) * BUCKETS];
	struct fixture *f = *state;

	begin_without_chart(f);
	assert_int_equal(reader_density(f->reader, 0, now_ns, BUCKETS, now_ns, got, NULL), 0);
	assert_int_equal(got[0].smis, 0);
}

/* Something else that bears the name is not taken for it. */
static void a_chart_that_is_none(void **state)
{
	struct fixture *f = *state;

	now_ns = 1000000;
	record_by_chance(f, MANY / 4, false);
	enter_or_leave(f, 4, ++now_ns);
	finish(f);
	run_sql(f, "DROP TABLE zone; CREATE VIEW zone AS WITH RECURSIVE n (first) AS (SELECT 1 UNION ALL SELECT 1 FROM n)"
		" SELECT first, 0 AS kinds, 0 AS cpus FROM n");
	look(f);
	assert_int_equal(reader_prepare(f->reader, 60 * NS_PER_SEC, NULL), 0);
	all_is_right(f, true);
}

/* Cut in the smallest pieces, a search finds what it finds at once. */
static void a_search_in_pieces(void **state)
{
	static const char *const words[] = { "lost", "cpu4", "smi-leave cpu4", "0xdeadbeef" };
	struct fixture *f = *state;
	struct filter filter = FILTER_DEFAULT;
	int pieces = 0;

	begin_without_chart(f);
	for (int i = 0; i < 8; i++) {
		struct filter find = FILTER_ALL;
		struct seek_piece piece = { .ts = i < 4 ? INT64_MIN : INT64_MAX };
		struct seek what = { .filter = &filter, .cpu = READER_ANY_CPU, .find = &find };
		struct picture_event once = { 0 }, found = { 0 };
		int expected, got;

		assert_int_equal(filter_parse(&find, words[i % 4], &FILTER_ALL, NULL), 0);
		expected = seek_event(f->reader, &what, piece.ts, 0, i >= 4, &once, NULL);
		what.piece = &piece;
		do {
			piece.out = false;
			got = seek_event(f->reader, &what, piece.ts, piece.id, i >= 4, &found, NULL);
			pieces += piece.out;
		} while (!got && piece.out);
		assert_int_equal(got, expected);
		assert_int_equal(got, i % 4 != 3);
		assert_int_equal(found.id, once.id);
	}
	assert_true(pieces > MANY / 64);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_ended_recording), TEST(events_that_come_late), TEST(a_growing_recording),
		TEST(a_recording_without_chart), TEST(sums_that_are_not_ready), TEST(a_chart_that_is_none),
		TEST(a_search_in_pieces), TEST(crowds), TEST(many_events),
		TEST(the_strip_of_a_growing_recording),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
