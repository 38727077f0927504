/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the judge concludes, stored and read back; and files that lie about it. */
#include <sqlite3.h>

#include "recording-fixture.h"
#include "../../tracer/verdict.h"

static void add(char *out, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void add(char *out, size_t size, const char *fmt, ...)
{
	size_t used = strlen(out);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out + used, size - used, fmt, ap);
	va_end(ap);
}

static void tell_violation(struct fixture *f, int64_t id, int64_t ts, int cpu, const char *message)
{
	struct sink *s = writer_sink(f->writer);
	struct violation v = { .id = id, .invariant = INV_one_at_default, .ts = ts, .cpu = cpu,
			       .evidence = { id, 0, 100 + id } };

	snprintf(v.message, sizeof(v.message), "%s", message);
	assert_int_equal(s->ops->violation(s, &v, NULL), 0);
}

static void tell_episode(struct fixture *f, const struct episode *ep)
{
	struct sink *s = writer_sink(f->writer);

	assert_int_equal(s->ops->episode(s, ep, NULL), 0);
}

static void tell_verdict(struct fixture *f, unsigned lines, const char *text)
{
	struct sink *s = writer_sink(f->writer);
	struct verdict *v = calloc(1, sizeof(*v));

	v->lines = lines;
	for (unsigned i = 0; i < lines; i++) {
		snprintf(v->line[i].subject, sizeof(v->line[i].subject), "CPU %u", i);
		snprintf(v->line[i].text, sizeof(v->line[i].text), "%s", text);
	}
	assert_int_equal(s->ops->verdict(s, v, NULL), 0);
	free(v);
}

static int see_violation(void *arg, const struct reader_violation *v)
{
	struct fixture *f = arg;

	add(f->text, sizeof(f->text), "%lld@%lld cpu %d %s %s %s '%.40s' %lld,%lld,%lld,%lld;", (long long)v->id,
	    (long long)v->ts_ns, v->cpu, v->invariant, v->severity, v->step, v->message,
	    (long long)v->evidence[0], (long long)v->evidence[1], (long long)v->evidence[2],
	    (long long)v->evidence[3]);
	return 0;
}

static int see_id(void *arg, const struct reader_violation *v)
{
	struct fixture *f = arg;

	add(f->text, sizeof(f->text), "%lld ", (long long)v->id);
	return 0;
}

static const char *violations(struct fixture *f, int cpu, int64_t from, int64_t to, int64_t limit, bool backwards)
{
	f->text[0] = '\0';
	assert_int_equal(reader_violations(f->reader, cpu, from, to, limit, backwards, see_id, f, NULL), 0);
	return f->text;
}

static void violations_are_found_by_time_and_cpu(void **state)
{
	struct fixture *f = *state;

	tell_violation(f, 1, 300, 0, "late");
	tell_violation(f, 2, 100, 1, "early");
	tell_violation(f, 3, 200, CPU_UNKNOWN, "nobody's");
	tell_violation(f, 4, 200, 1, "at once");
	finish(f);
	look(f);
	assert_string_equal(violations(f, READER_ANY_CPU, 0, 1000, 0, false), "2 3 4 1 ");
	assert_string_equal(violations(f, READER_ANY_CPU, INT64_MIN, INT64_MAX, 2, true), "1 4 ");
	assert_string_equal(violations(f, READER_ANY_CPU, 101, 299, 0, false), "3 4 ");
	assert_string_equal(violations(f, 1, 0, 1000, 0, false), "2 4 ");
	assert_string_equal(violations(f, CPU_UNKNOWN, 0, 1000, 0, false), "3 ");
	assert_string_equal(violations(f, 7, 0, 1000, 0, false), "");
	f->text[0] = '\0';
	reader_violations(f->reader, CPU_UNKNOWN, 0, 1000, 0, false, see_violation, f, NULL);
	assert_string_equal(f->text, "3@200 cpu -1 one-at-default error d 'nobody's' 3,0,103,0;");
	assert_int_equal(reader_summary(f->reader)->violations, 4);
	assert_false(reader_summary(f->reader)->stuck);
	assert_false(reader_summary(f->reader)->verdict);
}

static int see_episode(void *arg, const struct reader_episode *ep)
{
	struct fixture *f = arg;

	add(f->text, sizeof(f->text), "%lld %s cpu %d %s/%s/%s %lld-%lld stuck %lld [%s]", (long long)ep->id,
	    ep->kind, ep->cpu, ep->status, ep->step, ep->next, (long long)ep->start_ns, (long long)ep->end_ns,
	    (long long)ep->stuck_ns, ep->rendezvous);
	for (unsigned i = 0; i < ep->steps; i++)
		add(f->text, sizeof(f->text), " %s(%s)@%lld:%lld", ep->at[i].name, ep->at[i].letter,
		    (long long)ep->at[i].ts_ns, (long long)ep->at[i].event);
	add(f->text, sizeof(f->text), ";");
	return 0;
}

static const char *episodes(struct fixture *f)
{
	f->text[0] = '\0';
	assert_int_equal(reader_episodes(f->reader, see_episode, f, NULL), 0);
	return f->text;
}

static void an_episode_stands_as_it_was_last(void **state)
{
	struct fixture *f = *state;
	struct episode ep = { .id = 1, .kind = EPISODE_PLUG, .cpu = 2, .status = EPISODE_STUCK, .step = STEP_GPE,
			      .next = STEP_SMI, .start_ns = 100, .stuck_ns = 900 };

	ep.at[STEP_ADDED] = (struct moment){ 1, 100 };
	ep.at[STEP_GPE] = (struct moment){ 4, 250 };
	tell_episode(f, &ep);
	flush(f);
	look(f);
	assert_true(reader_summary(f->reader)->stuck);
	assert_string_equal(episodes(f), "1 plug cpu 2 stuck/gpe/smi 100-0 stuck 900 [] added()@100:1"
			    " gpe()@250:4;");
	ep.status = EPISODE_DONE;
	ep.step = STEP_ONLINE;
	ep.next = FLOW_STEP_COUNT;
	ep.stuck_ns = 0;
	ep.end_ns = 2000;
	ep.at[STEP_GPE].id = 0;
	ep.at[STEP_C] = (struct moment){ 9, 200 };
	cpuset_add(&ep.rendezvous, 0);
	cpuset_add(&ep.rendezvous, 255);
	tell_episode(f, &ep);
	flush(f);
	assert_int_equal(reader_refresh(f->reader, NULL), 1);
	assert_false(reader_summary(f->reader)->stuck);
	assert_string_equal(episodes(f), "1 plug cpu 2 done/online/ 100-2000 stuck 0 [0 255] added()@100:1"
			    " c(c)@200:9;");
}

static int see_line(void *arg, const char *subject, const char *text)
{
	struct fixture *f = arg;

	add(f->text, sizeof(f->text), "%s: %.20s;", subject, text);
	return 0;
}

static void the_last_verdict_stands(void **state)
{
	struct fixture *f = *state;

	tell_verdict(f, 3, "first");
	tell_verdict(f, 2, "last");
	finish(f);
	look(f);
	f->text[0] = '\0';
	assert_int_equal(reader_verdict(f->reader, see_line, f, NULL), 0);
	assert_string_equal(f->text, "CPU 0: last;CPU 1: last;");
	assert_true(reader_summary(f->reader)->verdict);
}

static int see_result(void *arg, const struct reader_result *r)
{
	struct fixture *f = arg;

	if (strcmp(r->status, "never"))
		add(f->text, sizeof(f->text), "%s %s %s %lld %lld '%s';", r->name, r->severity, r->status,
		    (long long)r->exercised, (long long)r->violations, r->why);
	return 0;
}

static void results_are_replaced(void **state)
{
	struct check_result r[INVARIANT_COUNT] = { 0 };
	struct fixture *f = *state;
	struct sink *s = writer_sink(f->writer);

	r[INV_gate_closed] = (struct check_result){ CHECK_HOLDS, 1, 0, "" };
	assert_int_equal(s->ops->results(s, r, NULL), 0);
	r[INV_gate_closed] = (struct check_result){ CHECK_UNKNOWN, 3, 0, "the log was lost" };
	assert_int_equal(s->ops->results(s, r, NULL), 0);
	finish(f);
	look(f);
	f->text[0] = '\0';
	assert_int_equal(reader_results(f->reader, see_result, f, NULL), 0);
	assert_string_equal(f->text, "gate-closed error unknown 3 0 'the log was lost';");
	assert_string_equal(text_of(f, "SELECT count(*) || ' ' || max(number) FROM invariant_v"), "38 38");
}

/* Change the closed file as an enemy would. */
static void change(struct fixture *f, const char *sql)
{
	char *why = NULL;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &why))
		fail_msg("%s", why);
	sqlite3_close(db);
}

static int see_length(void *arg, const struct reader_violation *v)
{
	struct fixture *f = arg;
	size_t len = strlen(v->message);

	/* "x" and then two-byte characters: cut behind a whole one. */
	add(f->text, sizeof(f->text), "%zu %02x%02x;", len, (unsigned char)v->message[len - 2],
	    (unsigned char)v->message[len - 1]);
	return 0;
}

static void a_long_text_is_cut_behind_a_character(void **state)
{
	struct fixture *f = *state;

	tell_violation(f, 1, 1, 0, "x");
	tell_violation(f, 2, 2, 0, "x");
	finish(f);
	change(f, "UPDATE violation SET message = 'x' || replace(hex(zeroblob(5000)), '00', char(233))"
	       " WHERE id = 1; UPDATE violation SET message = 'xx' || replace(hex(zeroblob(5000)), '00', char(233))"
	       " WHERE id = 2");
	look(f);
	f->text[0] = '\0';
	assert_int_equal(reader_violations(f->reader, READER_ANY_CPU, 0, 10, 0, false, see_length, f, NULL), 0);
	assert_string_equal(f->text, "511 c3a9;510 c3a9;");
}

#define LOOSE "DROP TABLE %s; CREATE TABLE %s (%s); INSERT INTO %s VALUES (%s)"

static void bad_rows_are_told(void **state)
{
	static const char episode[] = "id INTEGER, kind TEXT, cpu INTEGER, profile TEXT, status TEXT, step TEXT,"
		" next TEXT, start_ns INTEGER, end_ns INTEGER, stuck_ns INTEGER, rendezvous TEXT,"
		" cut_short INTEGER, verdict TEXT";
	static const char violation[] = "id INTEGER, ts_ns INTEGER, cpu INTEGER, invariant TEXT, severity TEXT,"
		" step TEXT, message TEXT, e0 INTEGER, e1 INTEGER, e2 INTEGER, e3 INTEGER";
	static const char step[] = "episode INTEGER, position INTEGER, step TEXT, letter TEXT, ts_ns INTEGER,"
		" event INTEGER";
	static const char invariant[] = "number INTEGER, name TEXT, severity TEXT, step TEXT, status TEXT,"
		" exercised INTEGER, violations INTEGER, why TEXT";
	static const char verdict[] = "position INTEGER, subject TEXT, text TEXT";
	static const struct {
		const char *table, *columns, *row;
		int rc;
	} cases[] = {
		{ "episode", episode, "1, 'plug', 0, NULL, 'done', 'c', NULL, 5, 6, NULL, NULL, 0, NULL", 0 },
		{ "episode", episode, "1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL", 0 },
		{ "episode", episode, "1, 'plug', 256, NULL, 'done', 'c', NULL, 5, 6, NULL, NULL, 0, NULL", -4 },
		{ "episode", episode, "1, 'plug', 0, NULL, x'00', 'c', NULL, 5, 6, NULL, NULL, 0, NULL", -4 },
		{ "episode", episode, "1, 'plug', 0, NULL, 'done', 'c', NULL, -5, 6, NULL, NULL, 0, NULL", -4 },
		{ "episode_step", step, "1, 1, 'c', 'c', 'soon', 7", -4 },
		{ "violation", violation, "1, 1, -7, 'a', 'b', 'c', 'd', 0, 0, 0, 0", -4 },
		{ "violation", violation, "1, 1, 0, 'a', 'b', 'c', x'ff', 0, 0, 0, 0", -4 },
		{ "violation", violation, "1, 1, 0, 'a', 'b', 'c', 'd', 'x', 0, 0, 0", -4 },
		{ "invariant", invariant, "1, 'a', 'b', 'c', 'd', -1, 0, NULL", -4 },
		{ "invariant", invariant, "1, 'a', 'b', 'c', 'd', 1, 1.5, NULL", -4 },
		{ "verdict", verdict, "1, 'a', x'00'", -4 },
	};
	struct fixture *f = *state;
	struct episode ep = { .id = 1, .kind = EPISODE_BOOT, .start_ns = 1 };

	tell_episode(f, &ep);
	finish(f);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *t = cases[i].table;
		struct error err = { 0 };
		char sql[1200];
		int rc;

		snprintf(sql, sizeof(sql), LOOSE, t, t, cases[i].columns, t, cases[i].row);
		change(f, sql);
		look(f);
		f->text[0] = '\0';
		rc = reader_episodes(f->reader, see_episode, f, &err);
		rc = rc ? rc : reader_violations(f->reader, READER_ANY_CPU, 0, 10, 0, false, see_id, f, &err);
		rc = rc ? rc : reader_results(f->reader, see_result, f, &err);
		rc = rc ? rc : reader_verdict(f->reader, see_line, f, &err);
		if (rc != cases[i].rc)
			fail_msg("%s: %s: %d", t, cases[i].row, rc);
		reader_close(f->reader);
		f->reader = NULL;
		snprintf(sql, sizeof(sql), "DELETE FROM %s", t);
		change(f, sql);
		if (!strcmp(t, "episode"))
			change(f, "INSERT INTO episode (id, start_ns) VALUES (1, 1)");
	}
}

/* More steps than there are, each of the same time: the first ones are told. */
static void too_many_steps_are_survived(void **state)
{
	struct fixture *f = *state;
	struct episode ep = { .id = 1, .kind = EPISODE_BOOT, .start_ns = 1 };

	tell_episode(f, &ep);
	finish(f);
	change(f, "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1000)"
	       " INSERT INTO episode_step SELECT 1, n, 'c', 'c', 5, n FROM c");
	look(f);
	assert_non_null(strstr(episodes(f), "c(c)@5:32;"));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(violations_are_found_by_time_and_cpu),
		T(an_episode_stands_as_it_was_last),
		T(the_last_verdict_stands),
		T(results_are_replaced),
		T(a_long_text_is_cut_behind_a_character),
		T(bad_rows_are_told),
		T(too_many_steps_are_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
