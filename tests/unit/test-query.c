/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Questions and SQL: what is answered, what is refused, and how it is written. */
#include <fcntl.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include "../../db/commands.h"
#include "../../db/output.h"
#include "../../db/query-names.h"
#include "../../db/query-prompt.h"
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
static int ask_through(struct fixture *f, const char *what, const char *arg, const struct filter *filter,
		       enum output_format format, int64_t limit, struct error *err)
{
	struct query *q = query_open(f->path, what, arg, filter, err);
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

static int ask_with(struct fixture *f, const char *what, const char *arg, enum output_format format,
		    int64_t limit, struct error *err)
{
	return ask_through(f, what, arg, NULL, format, limit, err);
}

/* A question that wants an event gets the INIT of the story. */
static int ask(struct fixture *f, const char *what, enum output_format format, int64_t limit,
	       struct error *err)
{
	const struct question *question = question_by_name(what);

	return ask_with(f, what, question && question->arg ? "6" : NULL, format, limit, err);
}

static const char *answer_of(struct fixture *f, const char *what, enum output_format format)
{
	struct error err = { 0 };

	if (ask(f, what, format, 10 * NS_PER_SEC, &err) < 0)
		fail_msg("%s: %s", what, err.text);
	return f->text;
}

static const char *answer_with(struct fixture *f, const char *what, const char *arg)
{
	struct error err = { 0 };

	if (ask_with(f, what, arg, OUTPUT_TSV, 10 * NS_PER_SEC, &err) < 0)
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
		answer_of(f, q->name, OUTPUT_TSV);
		if (strcmp(q->name, "storms")) /* there is none in the story */
			assert_true(strchr(f->text, '\n') + 1 < strchr(f->text, '\0'));
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

static void smis_and_the_writes_that_raise_them(void **state)
{
	struct fixture *f = *state;

	assert_non_null(strstr(answer_of(f, "smis", OUTPUT_CSV),
		"t_s,cpu,id,smbase,dur_us,cause,apm_cmd,apm_data,saved_rip,ended_by\r\n"
		"0.0,0,4,0x7ffb5000,,apm,0x4,,,\r\n0.0,1,5,0x30000,0.2,apm,0x4,,,reset\r\n"));
	assert_string_equal(answer_of(f, "ports", OUTPUT_CSV),
		"t_s,cpu,port,dir,value,smi_id,origin\r\n0.0,0,0xb2,write,0x4,4,observed\r\n");
	assert_string_equal(answer_of(f, "hotplug", OUTPUT_CSV),
		"t_s,cpu,reg,dir,value,meaning\r\n1.0e-06,0,4,read,0x1,status: enabled\r\n");
	assert_string_equal(answer_of(f, "losses", OUTPUT_CSV),
		"t_s,dur_ms,source,what,count,reason,cpu\r\n1.0e-06,0.0,fixture,lost,12,,\r\n"
		"1.0e-06,0.0,fixture,blind,,attach,\r\n");
}

static void smis_are_counted_by_cause_and_length(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(answer_of(f, "smi-causes", OUTPUT_CSV),
		"cause,apm_cmd,smis,cpus,inside,total_ms,average_us,longest_us,first_id\r\n"
		"apm,0x4,2,2,1,0.0,0.2,0.2,4\r\nunknown,,2,1,1,0.0,0.2,0.2,10\r\n");
	assert_string_equal(answer_of(f, "smi-longest", OUTPUT_CSV),
		"t_s,cpu,id,smbase,dur_us,ended_by,cause,apm_cmd\r\n"
		"0.0,0,4,0x7ffb5000,1.5,still inside,apm,0x4\r\n"
		"1.0e-06,1,13,0x7ffb7000,0.7,still inside,,\r\n"
		"0.0,1,5,0x30000,0.2,reset,apm,0x4\r\n"
		"1.0e-06,1,10,0x30000,0.2,breakpoint,,\r\n");
	assert_string_equal(answer_of(f, "smi-percentiles", OUTPUT_CSV),
		"cpu,smis,p50_us,p90_us,p99_us,longest_us\r\n"
		"1,2,0.2,0.2,0.2,0.2\r\nall,2,0.2,0.2,0.2,0.2\r\n");
}

/* CPU 1 takes 1, 2, ... 100 us in SMM, every 9 ms; behind a gap of 11 ms, 9 more. CPU 0's come too slowly. */
static void storms_and_percentiles_are_found(void **state)
{
	struct fixture *f = *state;
	int64_t ts = 5000000000;
	char line[200];

	(void)fixture_setup(state);
	fixture_teardown((void **)&f);
	f = *state;
	for (int i = 1; i <= 109; i++, ts += i == 101 ? 11000000 : 9000000) {
		snprintf(line, sizeof(line), "t=%lld cpu=1 smi-enter smbase=0x7ffb7000\n"
			 "t=%lld cpu=1 smi-leave via=breakpoint\n", (long long)ts,
			 (long long)ts + (i <= 100 ? i * 1000 : 1000));
		record_lines(f, line);
	}
	for (int i = 0; i < 12; i++) {
		snprintf(line, sizeof(line), "t=%lld cpu=0 smi-enter smbase=0x7ffb5000\n"
			 "t=%lld cpu=0 smi-leave via=breakpoint\n", (long long)ts + i * 20000000ll,
			 (long long)ts + i * 20000000ll + 5000);
		record_lines(f, line);
	}
	finish(f);
	assert_string_equal(answer_of(f, "storms", OUTPUT_CSV),
		"t_s,cpu,smis,dur_ms,per_second,in_smm_ms,apm_cmds,first_id\r\n0.0,1,100,891.0,111.1,5.05,,1\r\n");
	assert_string_equal(answer_of(f, "smi-percentiles", OUTPUT_CSV),
		"cpu,smis,p50_us,p90_us,p99_us,longest_us\r\n"
		"0,12,5.0,5.0,5.0,5.0\r\n1,109,46.0,90.0,99.0,100.0\r\nall,121,40.0,88.0,99.0,100.0\r\n");
}

static void what_happened_around_an_event_is_told(void **state)
{
	struct fixture *f = *state;

	answer_of(f, "around", OUTPUT_CSV);
	assert_non_null(strstr(f->text, "at,id,after_us,cpu,kind,origin,step,broken_rule,detail\r\n"
			       ",1,-0.4,0,cpu-add,observed,,,apic_id=0\r\n"
			       ",2,-0.4,1,cpu-add,observed,plug of CPU 1: added,,apic_id=1\r\n"));
	assert_non_null(strstr(f->text, "\r\n>,6,0.0,0,ipi,observed,,no-init-in-smm,target=1 mode=init"));
	assert_non_null(strstr(f->text, "\r\n,8,0.1,1,cpu-reset,observed,,no-init-in-smm,in_smm=1\r\n"));
	assert_null(strstr(f->text, "pause"));
	assert_non_null(strstr(f->text, "\r\n,19,")); /* the twelfth behind it, without the pause */
	assert_null(strstr(f->text, "\r\n,20,"));
}

static const char *filtered(struct fixture *f, const char *what, const char *expression)
{
	struct filter filter;
	struct error err = { 0 };

	if (filter_option(&filter, expression, &FILTER_ALL, &err) < 0 ||
	    ask_through(f, what, !strcmp(what, "around") ? "6" : NULL, &filter, OUTPUT_CSV, 10 * NS_PER_SEC, &err) < 0)
		fail_msg("%s: %s", what, err.text);
	return f->text;
}

static void a_filter_chooses_rows(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(filtered(f, "SELECT group_concat(id, ' ') AS ids FROM event_v", "smi cpu=1"),
			    "ids\r\n5 7 10 12 13\r\n");
	assert_string_equal(filtered(f, "SELECT group_concat(id, ' ') AS ids FROM event", "after=1.2us"),
			    "ids\r\n15 16 17 18 19 20 21\r\n");
	assert_string_equal(filtered(f, "SELECT group_concat(id, ' ') AS ids FROM event_v", "b2=04"), "ids\r\n3\r\n");
	assert_string_equal(filtered(f, "SELECT group_concat(id, ' ') AS ids FROM event_v", "cpu=? -config"),
			    "ids\r\n15 16\r\n");
	assert_string_equal(filtered(f, "SELECT count(*) AS n FROM main.event", "sipi"), "n\r\n21\r\n");
	assert_non_null(strstr(filtered(f, "events", "mode=sipi"), "\r\n9,1.0e-06,0,ipi,"));
	assert_null(strstr(f->text, "\r\n6,"));
	assert_non_null(strstr(filtered(f, "smis", "cpu=1 smbase=0x30000"), ",1,10,0x30000,"));
	assert_null(strstr(f->text, ",1,13,"));
	assert_non_null(strstr(filtered(f, "around", "cpu=1"), ">,6,0.0,0,ipi"));
	assert_non_null(strstr(f->text, "\r\n,7,0.1,1,smi-leave"));
	assert_null(strstr(f->text, "\r\n,9,"));
	assert_non_null(strstr(filtered(f, "resets", "reset"), ",1,in_smm=1,5\r\n"));
}

/* Where all pass, it is as if there were no filter; where none does, there are no rows. */
static void a_filter_fits_every_question_about_events(void **state)
{
	struct fixture *f = *state;
	char whole[sizeof(f->text)];

	for (const struct question *q = questions; q->name; q++) {
		if (!q->events)
			continue;
		snprintf(whole, sizeof(whole), "%s", answer_of(f, q->name, OUTPUT_CSV));
		assert_string_equal(filtered(f, q->name, "all"), whole);
		assert_string_equal(filtered(f, q->name, "-0xdeadbeef"), whole);
		filtered(f, q->name, "0xdeadbeef");
		assert_true(!strcmp(q->name, "around") || !strchr(f->text, '\n')[1]);
	}
}

static void what_was_concluded_is_not_filtered(void **state)
{
	struct fixture *f = *state;
	struct filter all = FILTER_ALL;
	struct error err = { 0 };

	assert_int_equal(ask_through(f, "hang", NULL, &all, OUTPUT_CSV, NS_PER_SEC, &err), -ERR_USAGE);
	assert_non_null(strstr(err.text, "hang is not about single events"));
	assert_non_null(strstr(err.text, "events, around"));
	assert_int_equal(ask(f, "DELETE FROM event", OUTPUT_CSV, NS_PER_SEC, &err), -ERR_USAGE);
	assert_int_equal(ask_through(f, "CREATE TEMP VIEW x AS SELECT 1", NULL, &all, OUTPUT_CSV, NS_PER_SEC, &err),
			 -ERR_USAGE);
}

static void an_argument_must_be_an_event(void **state)
{
	static const struct {
		const char *what, *arg, *says;
	} bad[] = {
		{ "around", NULL, "query FILE around ID" }, { "around", "22", "no event 22; ids go up to 21" },
		{ "around", "0", "no event 0" }, { "around", "x", "a number" }, { "around", "", "a number" },
		{ "hang", "6", "takes no argument" }, { "SELECT", "1", "takes no argument" },
		{ "smi_v", "6", "takes no argument" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct error err = { 0 };

		assert_int_equal(ask_with(*state, bad[i].what, bad[i].arg, OUTPUT_TSV, 0, &err), -ERR_USAGE);
		if (!strstr(err.text, bad[i].says))
			fail_msg("%s: %s", bad[i].what, err.text);
	}
}

static void a_line_is_taken_apart(void **state)
{
	static const struct {
		const char *line, *what, *arg;
	} cases[] = {
		{ "hang", "hang", NULL }, { "  hang ; ", "hang", NULL }, { "around 12;", "around", "12" },
		{ "around", "around", NULL }, { "SELECT 1 ;;", "SELECT 1", NULL }, { "", NULL, NULL },
		{ " ; ", NULL, NULL }, { "hang 12", "hang 12", NULL }, { "around  x y", "around", "x y" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char line[40], *what, *arg;

		snprintf(line, sizeof(line), "%s", cases[i].line);
		assert_int_equal(!!query_prompt_split(line, &what, &arg), !!cases[i].what);
		if (!cases[i].what)
			continue;
		assert_string_equal(what, cases[i].what);
		assert_int_equal(!!arg, !!cases[i].arg);
		if (arg)
			assert_string_equal(arg, cases[i].arg);
	}
}

static void names_are_completed(void **state)
{
	struct query_names *n = query_names_new();

	(void)state;
	assert_non_null(n);
	assert_string_equal(query_names_find(n, "reloc", NAMES_FIRST, 0), "relocations");
	assert_null(query_names_find(n, "reloc", NAMES_FIRST, 1));
	assert_null(query_names_find(n, "reloc", NAMES_OTHER, 0)); /* no question inside SQL */
	assert_string_equal(query_names_find(n, "NEW_SM", NAMES_OTHER, 0), "new_smbase");
	assert_string_equal(query_names_find(n, "smbase", NAMES_TABLE, 0), "smbase_v");
	assert_null(query_names_find(n, "smbase", NAMES_TABLE, 1));
	assert_string_equal(query_names_find(n, "smi_v", NAMES_OTHER, 0), "smi_v");
	assert_null(query_names_find(n, "smi_v", NAMES_OTHER, 1)); /* each once */
	assert_string_equal(query_names_find(n, "sel", NAMES_FIRST, 0), "SELECT");
	for (size_t i = 0; query_names_find(n, "", NAMES_FIRST, i); i++)
		for (const char *c = query_names_find(n, "", NAMES_FIRST, i); *c; c++)
			assert_in_range(*c, ' ', '~');
	assert_int_equal(query_names_place("  sm", 2), NAMES_FIRST);
	assert_int_equal(query_names_place("select 1 from  s", 15), NAMES_TABLE);
	assert_int_equal(query_names_place("SELECT x FROM a JOIN b", 21), NAMES_TABLE);
	assert_int_equal(query_names_place("SELECT c", 7), NAMES_OTHER);
	assert_int_equal(query_names_place("xfrom c", 6), NAMES_OTHER);
	query_names_free(n);
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

static void raw_lines_are_told_or_why_not(void **state)
{
	struct fixture *f = *state;
	char *why = NULL;
	sqlite3 *db;

	if (sqlite3_open(f->path, &db) ||
	    sqlite3_exec(db, "INSERT INTO event_raw VALUES (6, CAST('a' || char(27) || 'b' AS BLOB), NULL),"
			 " (7, NULL, NULL), (8, CAST('xx' AS BLOB), 9000)", NULL, NULL, &why))
		fail_msg("%s", why);
	assert_non_null(strstr(answer_of(f, "raw", OUTPUT_TSV), "\tfixture\ta\\x1bb\n"));
	assert_non_null(strstr(answer_with(f, "raw", "7"), "\t(raw line not kept)\n"));
	assert_non_null(strstr(answer_with(f, "raw", "8"), "\txx (cut: 9000 bytes)\n"));
	assert_non_null(strstr(answer_with(f, "raw", "9"), "\t(nothing came with it)\n"));
	assert_int_equal(sqlite3_exec(db, "DROP VIEW raw_v; DROP TABLE event_raw", NULL, NULL, NULL), 0);
	sqlite3_close(db);
	assert_non_null(strstr(answer_of(f, "raw", OUTPUT_TSV), "an older smmtrace made this recording"));
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

static int stop_at_a_row(struct answer *a, int columns, const struct cell *cell, struct error *err)
{
	(void)a, (void)columns, (void)cell, (void)err;
	query_stop();
	return 0;
}

static int take_any_names(struct answer *a, int columns, const char *const *name, struct error *err)
{
	(void)a, (void)columns, (void)name, (void)err;
	return 0;
}

static void the_user_can_stop_it(void **state)
{
	struct answer a = { take_any_names, stop_at_a_row };
	struct fixture *f = *state;
	struct error err = { 0 };
	struct query *q = query_open(f->path, "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)"
				     " SELECT x FROM c", NULL, NULL, &err);

	assert_non_null(q);
	assert_false(query_stopped());
	assert_int_equal(query_answer(q, 0, &a, &err), -ERR_USAGE);
	assert_string_equal(err.text, "query: interrupted");
	assert_true(query_stopped());
	query_close(q);
	answer_of(f, "cpus", OUTPUT_CSV); /* the next one is answered */
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
		T(smis_and_the_writes_that_raise_them),
		T(smis_are_counted_by_cause_and_length),
		T(storms_and_percentiles_are_found),
		T(what_happened_around_an_event_is_told),
		T(raw_lines_are_told_or_why_not),
		T(a_filter_chooses_rows),
		T(a_filter_fits_every_question_about_events),
		T(what_was_concluded_is_not_filtered),
		T(an_argument_must_be_an_event),
		T(the_user_can_stop_it),
		cmocka_unit_test(a_line_is_taken_apart),
		cmocka_unit_test(names_are_completed),
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
