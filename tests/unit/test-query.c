/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Questions and SQL: what is answered, what is refused, and how it is written. */
#include <fcntl.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include "../../db/commands.h"
#include "../../db/output.h"
#include "../../tracer/clock.h"
#include "../../tracer/verdict.h"
#include "recording-fixture.h"

static const char story[] =
	"t=1000000000 cpu=0 cpu-add apic_id=0\n"
	"t=1000000000 cpu=1 cpu-add apic_id=1\n"
	"t=1000000100 cpu=0 port port=0xb2 dir=write value=4\n"
	"t=1000000200 cpu=0 smi-enter smbase=0x7ffb5000\n"
	"t=1000000300 cpu=1 smi-enter smbase=0x30000\n"
	"t=1000000400 cpu=0 ipi target=1 mode=init vector=0 dest=one\n"
	"t=1000000500 cpu=1 smi-leave via=reset\n"
	"t=1000000500 cpu=1 cpu-reset in_smm=1\n"
	"t=1000000600 cpu=0 ipi target=1 mode=sipi vector=0x9f dest=one\n"
	"t=1000000700 cpu=1 smi-enter smbase=0x30000\n"
	"t=1000000800 cpu=1 smbase-write old=0x30000 new=0x7ffb7000 rip=0x38084\n"
	"t=1000000900 cpu=1 smi-leave via=breakpoint\n"
	"t=1000001000 cpu=1 smi-enter smbase=0x7ffb7000\n"
	"t=1000001100 cpu=1 pause until=1000001350 why=stop\n"
	"t=1000001200 cpu=? lost until=1000001300 count=12\n"
	"t=1000001300 cpu=? blind until=1000001400 why=attach\n"
	"t=1000001400 cpu=0 cpuhp reg=4 dir=read value=1\n"
	"t=1000001500 cpu=? config reg=smi-en value=0x1\n"
	"t=1000001600 cpu=? config reg=smi-en value=0x21\n"
	"t=1000001650 cpu=? config reg=mch-9d\n"
	"t=1000001700 cpu=1 handoff word=gate addr=0x30008 old=0xffffffffffffffff value=0x1 since=1000001600";

/* What query_open() and query_answer() say to @what, as text in f->text. */
static int ask(struct fixture *f, const char *what, enum output_format format, int64_t limit,
	       struct error *err)
{
	struct query *q = query_open(f->path, what, err);
	FILE *out = fmemopen(f->text, sizeof(f->text), "w");
	struct output *o = output_new(out, format, false);
	int rc = q ? query_answer(q, limit, output_answer(o), err) : -(int)err->code;

	f->text[0] = '\0';
	if (!rc)
		rc = output_end(o, err);
	else
		output_drop(o);
	fclose(out);
	query_close(q);
	return rc;
}

static const char *answer_of(struct fixture *f, const char *what, enum output_format format)
{
	struct error err = { 0 };

	if (ask(f, what, format, 10 * NS_PER_SEC, &err) < 0)
		fail_msg("%s: %s", what, err.text);
	return f->text;
}

static void record_findings(struct fixture *f)
{
	struct sink *s = writer_sink(f->writer);
	struct violation v = { .id = 1, .invariant = INV_no_init_in_smm, .ts = 1000000500, .cpu = 1,
			       .evidence = { 6, 8 }, .message = "INIT in SMM" };
	struct episode *ep = calloc(1, sizeof(*ep));
	struct verdict *say = calloc(1, sizeof(*say));
	struct check_result result[INVARIANT_COUNT] = { 0 };

	*ep = (struct episode){ .id = 1, .kind = EPISODE_PLUG, .cpu = 1, .status = EPISODE_STUCK, .step = STEP_C,
				.next = STEP_D_ENTRY, .start_ns = 1000000000, .stuck_ns = 1000001000,
				.verdict = "it waits" };
	ep->at[STEP_ADDED] = (struct moment){ 2, 1000000000 };
	ep->at[STEP_C] = (struct moment){ 9, 1000000600 };
	cpuset_add(&ep->rendezvous, 0);
	cpuset_add(&ep->rendezvous, 1);
	say->stuck = true;
	say->lines = 2;
	snprintf(say->line[0].subject, sizeof(say->line[0].subject), "verdict");
	snprintf(say->line[0].text, sizeof(say->line[0].text), "the plug of CPU 1 has been stuck in step d for"
		 " two seconds because CPU 1 does not come");
	snprintf(say->line[1].subject, sizeof(say->line[1].subject), "first broken rule");
	snprintf(say->line[1].text, sizeof(say->line[1].text), "no-init-in-smm");
	result[INV_no_init_in_smm] = (struct check_result){ CHECK_VIOLATED, 2, 1, "" };
	result[INV_one_at_default] = (struct check_result){ CHECK_UNKNOWN, 1, 0, "nobody looked" };
	assert_int_equal(s->ops->violation(s, &v, NULL), 0);
	assert_int_equal(s->ops->episode(s, ep, NULL), 0);
	assert_int_equal(s->ops->episode(s, ep, NULL), 0); /* told again, it is still one */
	assert_int_equal(s->ops->verdict(s, say, NULL), 0);
	assert_int_equal(s->ops->verdict(s, say, NULL), 0);
	assert_int_equal(s->ops->results(s, result, NULL), 0);
	free(ep);
	free(say);
}

static int story_setup(void **state)
{
	int rc = fixture_setup(state);
	struct fixture *f = *state;

	record_lines(f, story);
	record_findings(f);
	finish(f);
	return rc;
}

static void every_question_has_an_answer(void **state)
{
	struct fixture *f = *state;

	for (const struct question *q = questions; q->name; q++) {
		assert_true(*q->help);
		assert_true(strchr(answer_of(f, q->name, OUTPUT_TSV), '\n') + 1 < strchr(f->text, '\0'));
	}
}

static void relocations_are_told_with_their_proof(void **state)
{
	assert_string_equal(answer_of(*state, "relocations", OUTPUT_TSV),
		"t_s\tcpu\told_smbase\tnew_smbase\trip\teffective_us\tnext_entry\n"
		"1.0e-06\t1\t0x30000\t0x7ffb7000\t0x38084\t0.1\t0x7ffb7000\n");
}

static void an_init_into_smm_is_seen(void **state)
{
	struct fixture *f = *state;

	assert_non_null(strstr(answer_of(f, "sipis", OUTPUT_CSV), "0,1,one,init,,5\r\n"));
	assert_non_null(strstr(f->text, "0,1,one,sipi,0x9f000,\r\n"));
	assert_non_null(strstr(answer_of(f, "resets", OUTPUT_CSV), ",1,in_smm=1,5\r\n"));
}

static void a_summary_per_cpu_adds_up(void **state)
{
	assert_string_equal(answer_of(*state, "cpus", OUTPUT_TABLE),
		"cpu  apic_id  state      smbase  smis  without_rsm  relocations  in_smm_ms  longest_us\n"
		"  0        0  smm    0x7ffb5000     1            1            0          -           -\n"
		"  1        1  smm    0x7ffb7000     3            2            1      0.000         0.2\n");
}

static void a_hang_reads_well(void **state)
{
	assert_string_equal(answer_of(*state, "hang", OUTPUT_TABLE),
		"subject            says\n"
		"verdict            the plug of CPU 1 has been stuck in step d for two seconds because CPU 1 does not\n"
		"                   come\n"
		"first broken rule  no-init-in-smm\n");
}

static void findings_are_told(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(answer_of(f, "episodes", OUTPUT_CSV),
		"id,kind,cpu,profile,status,step,next,t_s,dur_ms,rendezvous,verdict\r\n"
		"1,plug,1,,stuck,c,d-entry,0.0,0.002,0 1,it waits\r\n");
	assert_string_equal(answer_of(f, "steps", OUTPUT_CSV),
		"episode,cpu,step,letter,t_s,after_ms,event\r\n"
		"1,1,added,,0.0,,2\r\n1,1,c,c,1.0e-06,0.001,9\r\n");
	assert_string_equal(answer_of(f, "violations", OUTPUT_CSV),
		"t_s,cpu,invariant,severity,step,evidence,message\r\n"
		"1.0e-06,1,no-init-in-smm,error,c,6 8,INIT in SMM\r\n");
	assert_non_null(strstr(answer_of(f, "invariants", OUTPUT_CSV),
			       ",no-init-in-smm,c,error,violated,2,1,\r\n"));
	assert_non_null(strstr(f->text, ",one-at-default,d,error,unknown,1,0,nobody looked\r\n"));
}

static void settings_and_words_are_told(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(answer_of(f, "config", OUTPUT_CSV),
		"t_s,reg,value,id\r\n2.0e-06,smi-en,0x21,19\r\n2.0e-06,mch-9d,,20\r\n");
	assert_non_null(strstr(answer_of(f, "config_v", OUTPUT_CSV), "1000001500,smi-en,0x1,0,18,"));
	assert_non_null(strstr(answer_of(f, "handoffs", OUTPUT_CSV),
			       ",1,gate,0x30008,0xffffffffffffffff,0x1,,observed,0.1\r\n"));
}

/* What schema 1 had, as far as it differs. */
static void become_schema_1(struct fixture *f)
{
	sqlite3 *db;
	char *why = NULL;

	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	if (sqlite3_exec(db, "DROP VIEW step_v; DROP VIEW invariant_v; DROP VIEW hang_v; DROP VIEW config_v;"
			 "DROP VIEW handoff_v; DROP VIEW violation_v; DROP VIEW episode_v;"
			 "DROP TABLE episode_step; DROP TABLE invariant; DROP TABLE verdict;"
			 "DROP TABLE episode; DROP TABLE violation;"
			 "CREATE TABLE episode (id INTEGER PRIMARY KEY, kind TEXT, cpu INTEGER, profile TEXT,"
			 " status TEXT, step TEXT, start_ns INTEGER, end_ns INTEGER, verdict TEXT) STRICT;"
			 "CREATE TABLE violation (id INTEGER PRIMARY KEY, ts_ns INTEGER, cpu INTEGER,"
			 " invariant TEXT, severity TEXT, step TEXT, message TEXT) STRICT;"
			 "CREATE VIEW episode_v AS SELECT * FROM episode;"
			 "CREATE VIEW violation_v AS SELECT * FROM violation; PRAGMA user_version = 1",
			 NULL, NULL, &why))
		fail_msg("%s", why);
	sqlite3_close(db);
}

static void an_old_recording_has_an_excuse(void **state)
{
	struct fixture *f = *state;

	become_schema_1(f);
	for (const struct question *q = questions; q->name; q++) {
		answer_of(f, q->name, OUTPUT_TSV);
		assert_int_equal(!!strstr(f->text, "smmtrace check FILE"), q->finding);
	}
	look(f);
	assert_false(reader_summary(f->reader)->judged);
	assert_int_equal(reader_summary(f->reader)->events, 21);
}

static void views_can_be_asked_by_name(void **state)
{
	assert_string_equal(answer_of(*state, "loss_v", OUTPUT_CSV),
			    "source,start_ns,end_ns,count,cpu,id\r\n"
			    "fixture,1000001200,1000001300,12,,15\r\n");
}

static void sql_is_refused_unless_it_reads(void **state)
{
	static const char *const bad[] = {
		"DELETE FROM event", "DROP TABLE event", "CREATE TABLE x (a)", "ATTACH '/tmp/x.db' AS x",
		"PRAGMA query_only = OFF", "PRAGMA user_version", "VACUUM INTO '/tmp/x.db'", "BEGIN",
		"REINDEX", "SELECT load_extension('x')", "SELECT * FROM pragma_table_info('event')",
		"SELECT 1; SELECT 2", "SELECT 1; DELETE FROM event", "WITH x AS (SELECT 1) DELETE FROM event",
		"", " ; ", "-- nothing", "SELECT", "SELECT no_column FROM smi_v", "SELECT * FROM no_table",
		"relocation", "zzzzz",
		"SELECT \"not a column\" FROM smi_v", "EXPLAIN DELETE FROM event",
	};
	struct fixture *f = *state;
	struct stat before, after;

	assert_int_equal(stat(f->path, &before), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct error err = { 0 };

		assert_int_equal(ask(f, bad[i], OUTPUT_TSV, NS_PER_SEC, &err), -ERR_USAGE);
		assert_int_equal(strncmp(err.text, "query: ", 7), 0);
		assert_null(strchr(err.text, '\n'));
		assert_string_equal(f->text, "");
	}
	assert_int_equal(stat(f->path, &after), 0);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	assert_int_equal(access("/tmp/x.db", F_OK), -1);
}

static void the_nearest_name_is_told(void **state)
{
	struct error err = { 0 };

	ask(*state, "relocatons", OUTPUT_TSV, 0, &err);
	assert_non_null(strstr(err.text, "\"relocations\""));
}

static void comments_and_semicolons_may_follow(void **state)
{
	assert_string_equal(answer_of(*state, "SELECT 1 AS a; -- all ; \n /* really */ ;", OUTPUT_TSV),
			    "a\n1\n");
}

static void an_endless_query_is_stopped(void **state)
{
	struct error err = { 0 };
	int64_t began = clock_now();

	assert_int_equal(ask(*state, "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)"
			     " SELECT count(*) FROM c", OUTPUT_JSON, NS_PER_SEC / 5, &err), -ERR_USAGE);
	assert_non_null(strstr(err.text, "time limit"));
	assert_true(clock_now() - began < 20 * NS_PER_SEC);
	assert_string_equal(((struct fixture *)*state)->text, "");
}

static void a_huge_value_is_refused(void **state)
{
	struct error err = { 0 };

	assert_int_equal(ask(*state, "SELECT zeroblob(500000000)", OUTPUT_TSV, NS_PER_SEC, &err), -ERR_USAGE);
}

#define NASTY \
	"SELECT char(27) || '[2J' AS a, 'a' || char(9) || 'b\"c,' || char(10) AS b, x'00ff' AS c," \
	" 1e999 AS d, NULL AS e, -9223372036854775807 - 1 AS f, 0.5 AS g, CAST(x'c3a9ff' AS TEXT) AS h," \
	" char(0x9b) AS \"i\"\"j\""

static void tsv_escapes(void **state)
{
	assert_string_equal(answer_of(*state, NASTY, OUTPUT_TSV),
		"a\tb\tc\td\te\tf\tg\th\ti\"j\n"
		"\\x1b[2J\ta\\tb\"c,\\n\t\\x00\xff\tInf\t\t-9223372036854775808\t0.5\t\xc3\xa9\xff\t"
		"\xc2\x9b\n");
}

static void csv_quotes(void **state)
{
	assert_string_equal(answer_of(*state, "SELECT 'a\"b' AS \"x,y\", 'plain' AS p,"
		" 'two' || char(10) || 'lines' AS l, NULL AS n", OUTPUT_CSV),
		"\"x,y\",p,l,n\r\n\"a\"\"b\",plain,\"two\nlines\",\r\n");
}

static void json_is_one_valid_document(void **state)
{
	assert_string_equal(answer_of(*state, NASTY, OUTPUT_JSON),
		"{\"schema\": 1, \"rows\": [\n"
		"    {\"a\": \"\\u001b[2J\", \"b\": \"a\\u0009b\\\"c,\\u000a\", \"c\": \"00ff\", \"d\": null,"
		" \"e\": null, \"f\": -9223372036854775808, \"g\": 0.5, \"h\": \"\xc3\xa9\\ufffd\","
		" \"i\\\"j\": \"\\u009b\"}\n]}\n");
	assert_string_equal(answer_of(*state, "SELECT 1 WHERE 0", OUTPUT_JSON),
			    "{\"schema\": 1, \"rows\": []}\n");
}

static void a_table_is_safe_and_aligned(void **state)
{
	assert_string_equal(answer_of(*state, "SELECT 'x' || char(27) AS name, 5 AS n"
				      " UNION ALL SELECT 'longer', 1234567", OUTPUT_TABLE),
		"name          n\n"
		"x\\x1b         5\n"
		"longer  1234567\n");
	assert_string_equal(answer_of(*state, "SELECT 1 AS only WHERE 0", OUTPUT_TABLE), "only\n");
}

static void a_long_table_has_one_heading(void **state)
{
	const char *text = answer_of(*state, "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c"
		" WHERE n < 1100) SELECT n % 10 AS n FROM c", OUTPUT_TABLE);
	int lines = 0;

	for (const char *at = text; *at; at++)
		lines += *at == '\n';
	assert_int_equal(lines, 1101);
	assert_int_equal(strncmp(text, "n\n1\n2\n", 6), 0);
	assert_null(strstr(text + 1, "n"));
}

/* `smmtrace query` with these words; its exit status. */
static int command(const char *const words[])
{
	static char copy[10][PATH_MAX + 16];
	char *argv[10] = { NULL };
	struct error err;
	int argc, rc;

	for (argc = 0; words[argc]; argc++) {
		snprintf(copy[argc], sizeof(copy[argc]), "%s", words[argc]);
		argv[argc] = copy[argc];
	}
	rc = cmd_parse(&cmd_query, argc, argv, &err);
	return rc < 0 ? (int)err.code : cmd_query.run(&cmd_query, rc, argv + 1);
}

#define QUERY(...) command((const char *const[]){ "query", __VA_ARGS__, NULL })

static void the_command_writes_a_file_and_spares_the_recording(void **state)
{
	struct fixture *f = *state;
	char out[PATH_MAX + 16], text[200] = "";
	int fd;

	snprintf(out, sizeof(out), "%s.csv", f->path);
	assert_int_equal(QUERY(f->path, "pauses", "--csv", "-o", out), 0);
	fd = open(out, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0 && read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	assert_string_equal(text, "why,stops,total_ms,average_us,longest_us\r\nstop,1,0.0,0.3,0.3\r\n");
	assert_int_equal(QUERY(f->path, "pausen", "-o", out), ERR_USAGE);
	fd = open(out, O_RDONLY | O_CLOEXEC);
	assert_true(read(fd, text, sizeof(text) - 1) > 0); /* a mistyped question did not empty it */
	close(fd);
	unlink(out);
	assert_int_equal(QUERY(f->path, "cpus", "-o", f->path), ERR_USAGE);
	look(f);
	assert_int_equal(reader_summary(f->reader)->events, 21);
}

static void the_command_knows_bad_files(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(QUERY("/etc/passwd", "cpus", "-o", "/dev/null"), ERR_CORRUPT);
	assert_int_equal(QUERY("/etc/passwd", "--list", "-o", "/dev/null"), ERR_CORRUPT);
	assert_int_equal(QUERY("/no/such", "cpus", "-o", "/dev/null"), ERR_USAGE);
	assert_int_equal(QUERY(f->path, "cpus", "-o", "/no/such/x"), ERR_OUTPUT);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, story_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(every_question_has_an_answer),
		T(relocations_are_told_with_their_proof),
		T(an_init_into_smm_is_seen),
		T(a_summary_per_cpu_adds_up),
		T(a_hang_reads_well),
		T(findings_are_told),
		T(settings_and_words_are_told),
		T(an_old_recording_has_an_excuse),
		T(views_can_be_asked_by_name),
		T(sql_is_refused_unless_it_reads),
		T(the_nearest_name_is_told),
		T(comments_and_semicolons_may_follow),
		T(an_endless_query_is_stopped),
		T(a_huge_value_is_refused),
		T(tsv_escapes),
		T(csv_quotes),
		T(json_is_one_valid_document),
		T(a_table_is_safe_and_aligned),
		T(a_long_table_has_one_heading),
		T(the_command_writes_a_file_and_spares_the_recording),
		T(the_command_knows_bad_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
