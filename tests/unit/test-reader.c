/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The reader: cursors, following a living recording, and files that lie. */
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include "recording-fixture.h"

/* Three CPUs, one relocation, a stay that does not end, one event out of order. */
static const char story[] =
	"t=100 cpu=0 cpu-add apic_id=0\n"
	"t=100 cpu=2 cpu-add apic_id=9\n"
	"t=200 cpu=0 port port=0xb2 dir=write value=4\n"
	"t=210 cpu=0 smi-enter smbase=0x7ffb5000 rip=0x1234\n"
	"t=220 cpu=2 smi-enter smbase=0x30000\n"
	"t=205 cpu=? ipi target=9 mode=smi dest=one\n"
	"t=230 cpu=2 smbase-write old=0x30000 new=0x7ffb9000\n"
	"t=240 cpu=2 smi-leave smbase=0x30000 via=breakpoint\n"
	"t=300 cpu=0 smi-leave smbase=0x7ffb5000 via=breakpoint\n"
	"t=310 cpu=0 port port=0xb3 dir=read value=0\n"
	"t=400 cpu=2 smi-enter smbase=0x7ffb9000\n"
	"t=500 cpu=2 pause until=510 why=stop\n";

struct seen {
	char text[2000];
	int stop_after;
};

static void add(struct seen *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(struct seen *s, const char *fmt, ...)
{
	size_t used = strlen(s->text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->text + used, sizeof(s->text) - used, fmt, ap);
	va_end(ap);
}

static int see_event(void *arg, int64_t id, const struct event *ev)
{
	struct seen *s = arg;

	add(s, "%s%lld", *s->text ? " " : "", (long long)id);
	assert_true(ev->kind < EVENT_KIND_COUNT);
	return s->stop_after && --s->stop_after == 0 ? 42 : 0;
}

static const char *ids(struct fixture *f, struct seen *s, struct reader_filter filter)
{
	s->text[0] = '\0';
	assert_int_equal(reader_events(f->reader, &filter, see_event, s, NULL), 0);
	return s->text;
}

#define BITS(k) (1u << EV_##k)

static void the_filter_selects(void **state)
{
	struct reader_filter all = READER_ALL, f1;
	struct fixture *f = *state;
	struct seen s = { .text = "" };

	record_lines(f, story);
	finish(f);
	look(f);
	assert_string_equal(ids(f, &s, all), "1 2 3 4 5 6 7 8 9 10 11 12");
	f1 = all, f1.backwards = true, f1.limit = 3;
	assert_string_equal(ids(f, &s, f1), "12 11 10");
	f1 = all, f1.kinds = BITS(SMI_ENTER);
	assert_string_equal(ids(f, &s, f1), "4 5 11");
	f1 = all, f1.kinds = BITS(SMI_ENTER) | BITS(PORT), f1.backwards = true;
	assert_string_equal(ids(f, &s, f1), "11 10 5 4 3");
	f1 = all, f1.kinds = ~BITS(PORT);
	assert_string_equal(ids(f, &s, f1), "1 2 4 5 6 7 8 9 11 12");
	f1 = all, f1.kinds = 1u << 31;
	assert_string_equal(ids(f, &s, f1), "");
	f1 = all, f1.cpu = 2;
	assert_string_equal(ids(f, &s, f1), "2 5 7 8 11 12");
	f1 = all, f1.cpu = CPU_UNKNOWN;
	assert_string_equal(ids(f, &s, f1), "6");
	f1 = all, f1.from = 200, f1.to = 220;
	assert_string_equal(ids(f, &s, f1), "3 4 5 6");
	f1 = all, f1.from = 205, f1.to = 205;
	assert_string_equal(ids(f, &s, f1), "6");
	f1 = all, f1.from = 501;
	assert_string_equal(ids(f, &s, f1), "");
	f1 = all, f1.to = 99;
	assert_string_equal(ids(f, &s, f1), "");
	f1 = all, f1.from = 400, f1.to = 300;
	assert_string_equal(ids(f, &s, f1), "");
}

/* Every range against every event, one by one: times that repeat and step back are all found. */
static void a_time_range_is_exact(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < KEPT - 1; i++) {
		struct event ev = event_new(EV_PORT, SRC_GDB, 0, 1000 + i / 3 * 10 - (i % 7 == 3 ? 45 : 0));

		record(f, &ev);
	}
	finish(f);
	look(f);
	for (int64_t from = 940; from < 1340; from += 7)
		for (int64_t to = from; to < 1340; to += 31) {
			struct reader_filter filter = READER_ALL;
			struct seen s = { .text = "" }, expected = { .text = "" };

			filter.from = from, filter.to = to;
			for (int64_t id = 1; id <= f->n; id++)
				if (f->sent[id].ts >= from && f->sent[id].ts <= to)
					see_event(&expected, id, &f->sent[id]);
			assert_string_equal(ids(f, &s, filter), expected.text);
		}
}

static void a_callback_can_stop(void **state)
{
	struct reader_filter all = READER_ALL;
	struct fixture *f = *state;
	struct seen s = { .text = "", .stop_after = 2 };

	record_lines(f, story);
	finish(f);
	look(f);
	assert_int_equal(reader_events(f->reader, &all, see_event, &s, NULL), 42);
	assert_string_equal(s.text, "1 2");
}

static int see_smi(void *arg, const struct reader_smi *smi)
{
	struct seen *s = arg;

	add(s, "%s%lld@%lld-%lld", *s->text ? " " : "", (long long)smi->id, (long long)smi->enter_ns,
	    (long long)smi->leave_ns);
	return 0;
}

static const char *smis(struct fixture *f, struct seen *s, int cpu, int64_t from, int64_t to)
{
	s->text[0] = '\0';
	assert_int_equal(reader_smis(f->reader, cpu, from, to, see_smi, s, NULL), 0);
	return s->text;
}

static void smis_that_overlap_are_found(void **state)
{
	struct fixture *f = *state;
	struct seen s = { .text = "" };

	record_lines(f, story);
	finish(f);
	look(f);
	assert_string_equal(smis(f, &s, 2, 0, 1000), "5@220-240 11@400-0");
	assert_string_equal(smis(f, &s, 2, 239, 399), "5@220-240");
	assert_string_equal(smis(f, &s, 2, 241, 399), "");
	assert_string_equal(smis(f, &s, 2, 900, 1000), "11@400-0");
	assert_string_equal(smis(f, &s, 2, 0, 220), "5@220-240");
	assert_string_equal(smis(f, &s, 0, INT64_MIN, INT64_MAX), "4@210-300");
	assert_string_equal(smis(f, &s, 1, 0, 1000), "");
}

static int see_smi_values(void *arg, const struct reader_smi *smi)
{
	struct seen *s = arg;

	add(s, "%d %llx %d %d %d %llx;", smi->cpu, (unsigned long long)smi->smbase, (int)smi->cause,
	    smi->apm_cmd, smi->apm_data, (unsigned long long)smi->saved_rip);
	return 0;
}

static int see_cpu(void *arg, const struct reader_cpu *cpu)
{
	struct seen *s = arg;

	add(s, "%d:%lld %s %llx;", cpu->cpu, (long long)cpu->apic_id, cpu_state_name[cpu->state],
	    (unsigned long long)cpu->smbase);
	return 0;
}

static void values_and_unknowns_come_back(void **state)
{
	struct fixture *f = *state;
	struct seen s = { .text = "" };

	record_lines(f, story);
	finish(f);
	look(f);
	reader_smis(f->reader, 0, 0, 1000, see_smi_values, &s, NULL);
	assert_string_equal(s.text, "0 7ffb5000 1 4 -1 1234;");
	s.text[0] = '\0';
	assert_int_equal(reader_cpus(f->reader, see_cpu, &s, NULL), 0);
	assert_string_equal(s.text, "0:0 running 7ffb5000;2:9 smm 7ffb9000;");
	assert_int_equal(reader_summary(f->reader)->cpus, 3);
	assert_int_equal(reader_summary(f->reader)->last_id, 12);
	assert_null(reader_meta(f->reader, "no such key"));
	assert_string_equal(reader_meta(f->reader, "closed"), "1");
}

static void a_living_recording_is_followed(void **state)
{
	struct reader_filter all = READER_ALL;
	struct fixture *f = *state;
	struct seen s = { .text = "" };

	record_lines(f, "t=1 cpu=0 smi-enter smbase=0x30000");
	look(f);
	assert_true(reader_summary(f->reader)->live);
	assert_int_equal(reader_summary(f->reader)->events, 0);
	assert_int_equal(reader_refresh(f->reader, NULL), 0);
	flush(f);
	assert_string_equal(ids(f, &s, all), "");
	assert_int_equal(reader_refresh(f->reader, NULL), 1);
	assert_string_equal(ids(f, &s, all), "1");
	assert_int_equal(reader_summary(f->reader)->events, 1);
	assert_int_equal(reader_refresh(f->reader, NULL), 0);
}

/* A viewer in another process that refreshes until the recording is closed. */
static void follow_to_the_end(const char *path, int ready)
{
	struct reader *r = reader_open(path, NULL);
	int rc = 0;

	if (!r || write(ready, "r", 1) != 1)
		_exit(1);
	while (rc >= 0 && !reader_summary(r)->closed) {
		usleep(20000);
		rc = reader_refresh(r, NULL);
	}
	_exit(rc < 0 || reader_summary(r)->live || reader_summary(r)->events != 1);
}

static void a_follower_does_not_keep_the_file_from_becoming_one(void **state)
{
	struct fixture *f = *state;
	int fd[2], status;
	char c;
	pid_t pid;

	assert_int_equal(pipe(fd), 0);
	pid = fork();
	if (!pid)
		follow_to_the_end(f->path, fd[1]);
	assert_int_equal(read(fd[0], &c, 1), 1);
	record_lines(f, "t=1 cpu=0 smi-enter smbase=0x30000");
	flush(f);
	finish(f);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_false(exists_beside(f, "-wal"));
	close(fd[0]);
	close(fd[1]);
}

/* A reader that never refreshes keeps the -wal in use: it stays, and nothing is lost. */
static void an_idle_reader_costs_no_data(void **state)
{
	struct fixture *f = *state;

	look(f);
	record_lines(f, story);
	finish(f);
	assert_int_equal(reader_summary(f->reader)->events, 0);
	reader_close(f->reader);
	look(f);
	assert_int_equal(reader_summary(f->reader)->events, 12);
	assert_true(reader_summary(f->reader)->closed);
	assert_false(reader_summary(f->reader)->live);
}

/* Leave a recording as a crash does: in a child that is killed. */
static void crash(struct fixture *f)
{
	int status;
	pid_t pid;

	finish(f);
	pid = fork();
	if (!pid) {
		struct fixture own = *f;

		unlink(own.path);
		own.n = 0;
		begin_recording(&own);
		record_lines(&own, story);
		flush(&own);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

/* Open it in a child that may not write to the directory. 0 if that went as expected. */
static int look_without_rights(struct fixture *f, int64_t events, const char *expected_error)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		struct error err = { 0 };
		struct reader *r;

		if (chmod(f->dir, 0555) || (!getuid() && setuid(65534)))
			_exit(1);
		r = reader_open(f->path, &err);
		if (!r)
			_exit(!expected_error || err.code != ERR_CORRUPT ||
			      !strstr(err.text, expected_error));
		_exit(expected_error || reader_summary(r)->events != events || reader_summary(r)->live);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	chmod(f->dir, 0755);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void remove_beside(struct fixture *f, const char *suffix)
{
	char name[PATH_MAX + 16];

	snprintf(name, sizeof(name), "%s%s", f->path, suffix);
	unlink(name);
}

static void a_crashed_recording_is_read_where_nothing_can_be_written(void **state)
{
	struct fixture *f = *state;

	crash(f);
	assert_true(exists_beside(f, "-wal"));
	assert_int_equal(look_without_rights(f, 12, NULL), 0);
}

static void a_crashed_recording_without_its_shm_is_read_or_explained(void **state)
{
	struct fixture *f = *state;

	crash(f);
	remove_beside(f, "-shm");
	assert_int_equal(look_without_rights(f, 12, "copy it together"), 0);
	look(f); /* in a directory that can be written it is simply read */
	assert_int_equal(reader_summary(f->reader)->events, 12);
}

/* As after the end of a recording that an idle reader watched: all in one file, which still says WAL. */
static void a_whole_file_in_wal_mode_is_read_alone(void **state)
{
	struct fixture *f = *state;
	sqlite3 *db;

	crash(f);
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	remove_beside(f, "-wal");
	remove_beside(f, "-shm");
	assert_int_equal(look_without_rights(f, 12, NULL), 0);
	assert_false(exists_beside(f, "-wal"));
}

/* Change the closed file with SQL of an enemy, then expect @code, or 0 for "opens". */
static struct error after(struct fixture *f, const char *sql)
{
	struct error err = { 0 };
	char *why = NULL;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL);
	if (sqlite3_exec(db, sql, NULL, NULL, &why))
		fail_msg("%s", why);
	sqlite3_close(db);
	f->reader = reader_open(f->path, &err);
	return err;
}

static void other_schemas_are_refused(void **state)
{
	static const struct {
		const char *sql, *expected;
	} cases[] = {
		{ "PRAGMA user_version = 3", "newer smmtrace" },
		{ "PRAGMA user_version = 2; PRAGMA application_id = 1", "not a recording" },
		{ "PRAGMA application_id = 1397574996; DROP VIEW port_v", "'port_v'" },
		{ "CREATE VIEW port_v AS SELECT 1; DROP TABLE total", "'total'" },
		{ "CREATE VIEW total AS SELECT 'events' AS name, 1 AS value", "'total'" },
		{ "DROP VIEW total; CREATE TABLE total (name TEXT, value TEXT)", "'total'" },
		{ "DROP TABLE total; CREATE TABLE total (name TEXT, value INTEGER);"
		  "INSERT INTO total VALUES ('last_ns', -9223372036854775807 - 1)", "'last_ns'" },
		{ "DROP TABLE total; CREATE TABLE total (name TEXT, value INTEGER); DROP TABLE event;"
		  "CREATE VIRTUAL TABLE event USING fts5(id)", "'event'" },
	};
	struct fixture *f = *state;

	record_lines(f, story);
	finish(f);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct error err = after(f, cases[i].sql);

		assert_null(f->reader);
		assert_int_equal(err.code, ERR_CORRUPT);
		assert_non_null(strstr(err.text, cases[i].expected));
	}
}

/* Replace table event by one without STRICT, so that it may hold anything. */
#define LOOSE_EVENTS \
	"DROP TABLE event; CREATE TABLE event (id INTEGER PRIMARY KEY, ts_ns INTEGER, cpu INTEGER," \
	" kind INTEGER, source INTEGER, origin INTEGER, a0 INTEGER, a1 INTEGER, a2 INTEGER, a3 INTEGER," \
	" a4 INTEGER, a5 INTEGER, a6 INTEGER, a7 INTEGER);"

static void bad_rows_are_told_and_unknown_kinds_skipped(void **state)
{
	static const struct {
		const char *row;
		int rc;
	} cases[] = {
		{ "1, 5, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1", 0 },
		{ "1, 5, 0, 99, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1", 0 },
		{ "1, 5, 0, -1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1", 0 },
		{ "1, 5, 0, 0, 77, 0, 1, 1, 1, 1, 1, 1, 1, 1", 0 },
		{ "1, 5, 256, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1", -ERR_CORRUPT },
		{ "1, 5, -2, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1", -ERR_CORRUPT },
		{ "1, 5, 4294967296, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1", -ERR_CORRUPT },
		{ "1, -5, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1", -ERR_CORRUPT },
		{ "1, 9223372036854775807, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1", -ERR_CORRUPT },
		{ "1, 5, 0, 0, 0, 9, 1, 1, 1, 1, 1, 1, 1, 1", -ERR_CORRUPT },
		{ "1, 'x', 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1", 0 }, /* is in no range of times */
		{ "1, 5, 0, 0, 0, 0, x'00', 1, 1, 1, 1, 1, 1, 1", -ERR_CORRUPT },
		{ "1000000000000, 5, 0, 0, 0, 0, 1.5, 1, 1, 1, 1, 1, 1, 1", -ERR_CORRUPT },
	};
	struct fixture *f = *state;

	finish(f);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct reader_filter all = READER_ALL;
		struct seen s = { .text = "" };
		struct error err;
		char sql[800];

		snprintf(sql, sizeof(sql), "%s INSERT INTO event VALUES (%s)", LOOSE_EVENTS, cases[i].row);
		err = after(f, sql);
		assert_non_null(f->reader);
		assert_int_equal(reader_events(f->reader, &all, see_event, &s, &err), cases[i].rc);
		reader_close(f->reader);
		f->reader = NULL;
	}
}

static void ids_that_cannot_be_are_told(void **state)
{
	static const char *const ids_[] = { "9223372036854775807", "-5", "-9223372036854775808" };
	struct fixture *f = *state;

	finish(f);
	for (size_t i = 0; i < sizeof(ids_) / sizeof(*ids_); i++) {
		struct error err;
		char sql[800];

		snprintf(sql, sizeof(sql), "%s INSERT INTO event VALUES"
			 " (%s, 5, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1)", LOOSE_EVENTS, ids_[i]);
		err = after(f, sql);
		assert_null(f->reader);
		assert_int_equal(err.code, ERR_CORRUPT);
	}
}

static int no_row(void *arg, int columns, const char *const *value, const char *const *name)
{
	(void)arg, (void)columns, (void)value, (void)name;
	return 0;
}

static int no_violation(void *arg, const struct reader_violation *v)
{
	(void)arg;
	return strlen(v->message) >= sizeof(v->message);
}

static int no_episode(void *arg, const struct reader_episode *ep)
{
	(void)arg;
	return strlen(ep->verdict) >= sizeof(ep->verdict);
}

static int no_result(void *arg, const struct reader_result *r)
{
	(void)arg;
	return strlen(r->why) >= sizeof(r->why);
}

static int no_line(void *arg, const char *subject, const char *text)
{
	(void)arg;
	return !*subject && !*text;
}

static void a_view_cannot_write_or_reach_out(void **state)
{
	struct fixture *f = *state;
	struct error err;

	finish(f);
	after(f, "DROP VIEW meta_v;"
		 "CREATE VIEW meta_v AS SELECT load_extension('/tmp/x') AS key, 1 AS value");
	assert_non_null(f->reader);
	assert_true(reader_rows(f->reader, "SELECT * FROM meta_v", no_row, NULL, &err) < 0);
	assert_true(reader_rows(f->reader, "DELETE FROM meta", no_row, NULL, &err) < 0);
	assert_true(reader_rows(f->reader, "ATTACH '/tmp/smmtrace-none' AS x", no_row, NULL, &err) < 0);
	assert_true(reader_rows(f->reader, "SELECT no_such_column FROM cpu_v", no_row, NULL, &err) < 0);
}

/* Cut the file at many places, and change bytes all over it: an error or an answer, never a crash. */
static void damaged_files_are_survived(void **state)
{
	struct reader_filter all = READER_ALL;
	struct fixture *f = *state;
	char *good;
	struct stat st;
	int fd, opened = 0;

	record_lines(f, story);
	finish(f);
	assert_int_equal(stat(f->path, &st), 0);
	good = malloc((size_t)st.st_size);
	fd = open(f->path, O_RDWR | O_CLOEXEC);
	assert_int_equal(read(fd, good, (size_t)st.st_size), st.st_size);
	for (int i = 0; i < 600; i++) {
		struct seen s = { .text = "" };
		struct error err = { 0 };

		assert_int_equal(pwrite(fd, good, (size_t)st.st_size, 0), st.st_size);
		for (int k = 0; k < 1 + i % 20; k++)
			assert_int_equal(pwrite(fd, &(char){ (char)(i * 31 + k * 7) }, 1,
						(i * 7919l + k * 104729l) % st.st_size), 1);
		if (i % 3 == 0)
			assert_int_equal(ftruncate(fd, st.st_size * i / 600), 0);
		f->reader = reader_open(f->path, &err);
		if (!f->reader) {
			assert_int_equal(err.code, ERR_CORRUPT);
			assert_true(strlen(err.text) > 10);
			continue;
		}
		opened++;
		reader_events(f->reader, &all, see_event, &s, &err);
		reader_cpus(f->reader, see_cpu, &s, &err);
		reader_smis(f->reader, 2, 0, 1000, see_smi, &s, &err);
		reader_rows(f->reader, "SELECT * FROM event_v, smi_v", no_row, NULL, &err);
		reader_violations(f->reader, READER_ANY_CPU, 0, 1000, 0, false, no_violation, NULL, &err);
		reader_episodes(f->reader, no_episode, NULL, &err);
		reader_results(f->reader, no_result, NULL, &err);
		reader_verdict(f->reader, no_line, NULL, &err);
		reader_close(f->reader);
		f->reader = NULL;
	}
	assert_true(opened > 10);
	close(fd);
	free(good);
}

static void what_is_no_recording_says_so(void **state)
{
	struct fixture *f = *state;
	struct error err = { 0 };
	int fd;

	finish(f);
	assert_null(reader_open("/no/such/file", &err));
	assert_int_equal(err.code, ERR_USAGE);
	assert_null(reader_open(f->dir, &err));
	assert_int_equal(err.code, ERR_CORRUPT);
	fd = open(f->path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	assert_null(reader_open(f->path, &err));
	assert_non_null(strstr(err.text, "not a recording"));
	assert_int_equal(write(fd, "#!/bin/sh\necho this is long enough to be read as something\n", 59), 59);
	assert_null(reader_open(f->path, &err));
	assert_int_equal(err.code, ERR_CORRUPT);
	assert_non_null(strstr(err.text, "not a recording"));
	close(fd);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(the_filter_selects),
		T(a_time_range_is_exact),
		T(a_callback_can_stop),
		T(smis_that_overlap_are_found),
		T(values_and_unknowns_come_back),
		T(a_living_recording_is_followed),
		T(a_follower_does_not_keep_the_file_from_becoming_one),
		T(an_idle_reader_costs_no_data),
		T(a_crashed_recording_is_read_where_nothing_can_be_written),
		T(a_crashed_recording_without_its_shm_is_read_or_explained),
		T(a_whole_file_in_wal_mode_is_read_alone),
		T(other_schemas_are_refused),
		T(bad_rows_are_told_and_unknown_kinds_skipped),
		T(ids_that_cannot_be_are_told),
		T(a_view_cannot_write_or_reach_out),
		T(damaged_files_are_survived),
		T(what_is_no_recording_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
