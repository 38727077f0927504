/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A recording judged again: the same findings as when it was recorded, and told where they are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "../../db/check-report.h"
#include "../../db/commands.h"
#include "../lib/scenario.h"

#include <cmocka.h>

static char dir[200], path[256];
static char *text;

static int begin(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "%s/smmtrace-test.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/r.smm", dir);
	return 0;
}

static int end(void **state)
{
	(void)state;
	unlink(path);
	rmdir(dir);
	free(text);
	text = NULL;
	return 0;
}

static FILE *open_story(const char *name)
{
	char file[200], line[1024];
	FILE *story, *in = tmpfile();

	snprintf(file, sizeof(file), "tests/fixtures/%s", name);
	story = fopen(file, "re");
	assert_non_null(story);
	fputs("judge\n", in);
	while (fgets(line, sizeof(line), story))
		fputs(line, in);
	fclose(story);
	rewind(in);
	return in;
}

/* Record a story of tests/fixtures through the judge, as it would be live. */
static void record_story(const char *name)
{
	struct error err = { 0 };
	FILE *in = open_story(name);

	if (scenario_record(path, in, 1, &err) < 0)
		fail_msg("%s: %s", name, err.text);
	fclose(in);
}

#define TICK_NS 20000000ll

/* The same with a clock that ticks between the events, as the pipeline's does. */
static void record_ticking(const char *name)
{
	struct scenario *s = calloc(1, sizeof(*s));
	FILE *in = open_story(name);
	struct error err = { 0 };
	int64_t now = 0, ts;
	char line[1024];

	assert_int_equal(scenario_open(s, path, &err), 0);
	while (fgets(line, sizeof(line), in)) {
		if (sscanf(line, "t=%" SCNd64, &ts) == 1 && !now)
			now = ts;
		while (!strncmp(line, "t=", 2) && now + TICK_NS < ts)
			assert_int_equal(judge_advance(s->judge, now += TICK_NS, &err), 0);
		if (scenario_line(s, line, &err) < 0)
			fail_msg("%s: %s", name, err.text);
	}
	fclose(in);
	assert_int_equal(scenario_close(s, 0, &err), 0);
	free(s);
}

static void change(const char *sql)
{
	sqlite3 *db;
	char *why = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &why))
		fail_msg("%s", why);
	sqlite3_close(db);
}

static struct recheck *check_with(struct recheck_switches switches)
{
	struct error err = { 0 };
	struct recheck *c = recheck_run(path, &switches, &err);

	if (!c)
		fail_msg("%s", err.text);
	return c;
}

static struct recheck *check_it(void)
{
	return check_with((struct recheck_switches){ NULL, NULL, NULL });
}

static const char *told(const struct recheck *c, void (*tell)(FILE *out, const struct recheck *c))
{
	size_t len;
	FILE *out;

	free(text);
	out = open_memstream(&text, &len);
	tell(out, c);
	fclose(out);
	return text;
}

static void a_recheck_finds_the_same(void **state)
{
	static const char *const stories[] = {
		"stock-hang.story", "completed-hotplug.story", "boot-4-cpus.story", "two-plugs.story",
		"unplug.story",
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(stories) / sizeof(*stories); i++) {
		struct recheck *c;

		(i % 2 ? record_ticking : record_story)(stories[i / 2]);
		c = check_it();
		if (c->stored != STORED_SAME)
			fail_msg("%s: %s: %s", stories[i / 2], recheck_stored_name[c->stored], c->difference[0]);
		assert_int_equal(reader_summary(c->reader)->violations > 0, check_totals(c).violations > 0);
		recheck_free(c);
	}
}

static int see_broken(void *arg, const struct reader_violation *v)
{
	struct recheck *c = arg;
	const struct violation *again = checker_violation(judge_checker(c->judge), v->id);

	assert_non_null(again);
	assert_int_equal(v->ts_ns, again->ts);
	assert_string_equal(v->message, again->message);
	return 0;
}

static void the_stock_hang_is_told(void **state)
{
	struct recheck *c;

	(void)state;
	record_story("stock-hang.story");
	c = check_it();
	assert_int_equal(reader_violations(c->reader, READER_ANY_CPU, INT64_MIN, INT64_MAX, 0, false, see_broken,
					   c, NULL), 0);
	told(c, check_text);
	assert_non_null(strstr(text, "CPU 1  no-init-in-smm (error, step c)  events "));
	assert_non_null(strstr(text, "the INIT from CPU 0 reset CPU 1 inside SMM"));
	assert_non_null(strstr(text, " of 38 invariants "));
	assert_null(strstr(text, "differs"));
	told(c, check_json);
	assert_non_null(strstr(text, "\"stored\": \"same\""));
	assert_non_null(strstr(text, "{\"invariant\": \"no-init-in-smm\", \"id\": 1, "));
	recheck_free(c);
}

static void a_difference_is_told(void **state)
{
	struct recheck *c;

	(void)state;
	record_story("stock-hang.story");
	change("UPDATE invariant SET status = 'holds' WHERE name = 'no-init-in-smm';"
	       "DELETE FROM violation WHERE invariant = 'no-init-in-smm';"
	       "UPDATE violation SET e0 = 3 WHERE invariant = 'smi-survives-init'");
	c = check_it();
	assert_int_equal(c->stored, STORED_DIFFERS);
	told(c, check_text);
	assert_non_null(strstr(text, "differs: no-init-in-smm: holds when recorded, violated now\n"));
	assert_non_null(strstr(text, "(no-init-in-smm, CPU 1) is found now and was not"));
	assert_non_null(strstr(text, "(smi-survives-init, CPU 1) was recorded and is not"));
	recheck_free(c);
}

static void what_cannot_be_compared_is_said(void **state)
{
	struct recheck *c;

	(void)state;
	record_story("stock-hang.story");
	c = check_with((struct recheck_switches){ .check = "one-at-default" });
	assert_int_equal(c->stored, STORED_OTHER);
	assert_int_equal(check_totals(c).violations, 0);
	recheck_free(c);
	change("UPDATE meta SET value = '0' WHERE key = 'closed'");
	c = check_it();
	assert_int_equal(c->stored, STORED_OPEN);
	recheck_free(c);
	change("DELETE FROM invariant");
	c = check_it();
	assert_int_equal(c->stored, STORED_NONE);
	recheck_free(c);
}

/* The recorder's switches hold for a re-check; the file's own may be damaged. */
static void the_recorders_switches_are_used(void **state)
{
	const struct recheck_switches none = { NULL, NULL, NULL };
	struct error err = { 0 };
	struct recheck *c;

	(void)state;
	record_story("stock-hang.story");
	change("INSERT INTO meta VALUES ('check', '-no-init-in-smm')");
	c = check_it();
	assert_int_equal(checker_result(judge_checker(c->judge), INV_no_init_in_smm).status, CHECK_NEVER);
	assert_int_equal(checker_result(judge_checker(c->judge), INV_smi_survives_init).status, CHECK_VIOLATED);
	recheck_free(c);
	change("UPDATE meta SET value = 'no such thing' WHERE key = 'check'");
	assert_null(recheck_run(path, &none, &err));
	assert_int_equal(err.code, ERR_CORRUPT);
}

/* Ids that the file has are the ids of evidence; what is not known is skipped. */
static void gaps_and_unknown_kinds_keep_their_ids(void **state)
{
	const struct violation *v;
	struct recheck *c;
	int64_t before[CHECK_EVIDENCE];

	(void)state;
	record_story("stock-hang.story");
	c = check_it();
	v = checker_violation(judge_checker(c->judge), 1);
	assert_non_null(v);
	memcpy(before, v->evidence, sizeof(before));
	recheck_free(c);
	change("UPDATE event SET id = -10 * id; UPDATE event SET id = -id; INSERT INTO event SELECT 10 * max(id) + 1, max(ts_ns), 0, 31, 0, 0,"
	       " 1, 2, 3, 4, 5, 6, 7, 8 FROM event; INSERT INTO event SELECT 15, min(ts_ns), 0, 200, 0, 0,"
	       " 1, 2, 3, 4, 5, 6, 7, 8 FROM event");
	c = check_it();
	v = checker_violation(judge_checker(c->judge), 1);
	for (int i = 0; i < CHECK_EVIDENCE; i++)
		assert_int_equal(v->evidence[i], 10 * before[i]);
	recheck_free(c);
}

/* Whatever stands in the events, judging them ends. */
static void hostile_events_are_survived(void **state)
{
	static const char *const changes[] = {
		"UPDATE event SET ts_ns = (id * 7919) % 4611686018427387904",
		"UPDATE event SET ts_ns = 4611686018427387904 - ts_ns % 1000",
		"UPDATE event SET cpu = id % 256",
		"UPDATE event SET cpu = NULL",
		"UPDATE event SET kind = id % 18",
		"UPDATE event SET a0 = -1, a1 = -1, a2 = -1, a3 = -1, a4 = -1, a5 = -1, a6 = -1, a7 = -1",
		"UPDATE event SET a0 = NULL, a1 = 9223372036854775807, a2 = 255",
		"UPDATE event SET kind = 12, a0 = NULL",
		"DELETE FROM event",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		struct recheck *c;

		record_story(i % 2 ? "unplug.story" : "stock-hang.story");
		change(changes[i]);
		c = check_it();
		told(c, check_text);
		told(c, check_json);
		recheck_free(c);
	}
}

static int run_check(const char *option, const char *value)
{
	static char calls[16][4][256]; /* options point into them for good */
	static int call;
	char (*words)[256] = calls[call++], *argv[5] = { NULL };
	int argc = 2 + (option != NULL) + (value != NULL), rc;
	struct error err;

	assert_true(call <= 16);
	snprintf(words[0], sizeof(words[0]), "check");
	snprintf(words[1], sizeof(words[1]), "%s", path);
	snprintf(words[2], sizeof(words[2]), "%s", option ? option : "");
	snprintf(words[3], sizeof(words[3]), "%s", value ? value : "");
	for (int i = 0; i < argc; i++)
		argv[i] = words[i];
	rc = cmd_parse(&cmd_check, argc, argv, &err);
	return rc < 0 ? (int)err.code : cmd_check.run(&cmd_check, rc, argv + 1);
}

/* Options stay set from one run of a command to the next, so the plain runs come first. */
static void the_exit_status_tells(void **state)
{
	(void)state;
	record_story("completed-hotplug.story");
	change("DELETE FROM event");
	assert_int_equal(run_check(NULL, NULL), 0);
	record_story("stock-hang.story");
	assert_int_equal(run_check(NULL, NULL), 1);
	assert_int_equal(run_check("--profile", "ovfm"), ERR_USAGE);
	assert_int_equal(run_check("--profile", "auto"), 1);
	assert_int_equal(run_check("--deadline", "zzz=1s"), ERR_USAGE);
	assert_int_equal(run_check("--deadline", "2s"), 1);
	assert_int_equal(run_check("--check", "no-such"), ERR_USAGE);
	assert_int_equal(run_check("--check", "one-at-default"), 0);
	assert_int_equal(run_check("--explain", "no-init"), ERR_USAGE);
	assert_int_equal(run_check("--explain", "no-init-in-smm"), 0);
	change("INSERT OR REPLACE INTO total VALUES ('lost', 7)");
	assert_int_equal(run_check("--strict", NULL), 5);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		T(a_recheck_finds_the_same),
		T(the_stock_hang_is_told),
		T(a_difference_is_told),
		T(what_cannot_be_compared_is_said),
		T(the_recorders_switches_are_used),
		T(gaps_and_unknown_kinds_keep_their_ids),
		T(hostile_events_are_survived),
		T(the_exit_status_tells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
