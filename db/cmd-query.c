/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "commands.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "out-file.h"
#include "output.h"
#include "query-prompt.h"
#include "recording.h"
#include "../tracer/clock.h"

static bool as_csv, as_json, as_table, as_list;
static const char *out_path, *expression;
static struct filter filter;
#define LIMIT_SQL (10 * NS_PER_SEC)
#define LIMIT_QUESTION (300 * NS_PER_SEC) /* ours end; but they go through the views of a file */

static int64_t time_limit = -1; /* as it is usual */

static const struct opt opts[] = {
	{ 0, "list", OPT_FLAG, &as_list, NULL, "list the named questions" },
	{ 0, "table", OPT_FLAG, &as_table, NULL, "aligned columns, as on a terminal" },
	{ 0, "csv", OPT_FLAG, &as_csv, NULL, "comma-separated values with a heading" },
	{ 0, "json", OPT_FLAG, &as_json, NULL, "one JSON document" },
	{ 'o', "output", OPT_STRING, &out_path, "FILE", "write to FILE instead of standard output" },
	FILTER_OPTION(&expression, ""),
	{ 0, "time-limit", OPT_TIME, &time_limit, "TIME", "give up after TIME (10s, a question 5m); 0 = never" },
	{ 0, NULL, OPT_FLAG, NULL, NULL, NULL },
};

static int check_options(const char *recording, struct error *err)
{
	if (as_csv + as_json + as_table > 1)
		return fail(err, ERR_USAGE, "query: --table, --csv and --json exclude each other");
	if (!recording && !as_list)
		return fail(err, ERR_USAGE, "query: an argument is missing; usage: smmtrace query %s", cmd_query.usage);
	if (filter_option(&filter, expression, &FILTER_ALL, err) < 0)
		return -(int)ERR_USAGE;
	return recording ? out_file_spares("query", out_path, recording, err) : 0;
}

static enum output_format chosen_format(bool terminal)
{
	if (as_json)
		return OUTPUT_JSON;
	if (as_csv)
		return OUTPUT_CSV;
	return as_table || terminal ? OUTPUT_TABLE : OUTPUT_TSV;
}

static int list_questions(struct answer *a, struct error *err)
{
	int rc = a->begin(a, 2, (const char *const[]){ "question", "answer" }, err);

	for (const struct question *q = questions; q->name && !rc; q++) {
		char name[64];

		snprintf(name, sizeof(name), "%s%s%s", q->name, q->arg ? " " : "", q->arg ? q->arg : "");
		rc = a->row(a, 2, (const struct cell[]){
			{ .type = CELL_TEXT, .text = name, .len = strlen(name) },
			{ .type = CELL_TEXT, .text = q->help, .len = strlen(q->help) } }, err);
	}
	return rc;
}

/* The file must be a recording even where only the list is wanted, or the first question comes later. */
static int check_recording(const char *path, struct error *err)
{
	sqlite3 *db = recording_open(path, err);

	if (!db)
		return -(int)err->code;
	sqlite3_close(db);
	return 0;
}

static int64_t limit_of(const char *what)
{
	if (time_limit >= 0)
		return time_limit;
	return question_by_name(what) ? LIMIT_QUESTION : LIMIT_SQL;
}

/* @q NULL: the list of questions. */
static int answer(FILE *f, struct query *q, const char *what, struct error *err)
{
	bool terminal = isatty(fileno(f));
	struct output *o = output_new(f, chosen_format(terminal), terminal);
	int rc;

	if (!o)
		return fail(err, ERR_OUTPUT, "no memory");
	rc = q ? query_answer(q, limit_of(what), output_answer(o), err) : list_questions(output_answer(o), err);
	if (!rc)
		return output_end(o, err);
	output_drop(o);
	return rc;
}

/* One question of the command line, or the list (@what NULL). */
static int answer_once(const char *path, const char *what, const char *arg, struct error *err)
{
	struct query *q = what ? query_open(path, what, arg, expression ? &filter : NULL, err) : NULL;
	int rc = what && !q ? -(int)err->code : 0;
	FILE *f = rc ? NULL : out_file_open(out_path, err);

	if (!rc)
		rc = f ? out_file_close(f, answer(f, q, what, err), err) : -(int)err->code;
	query_close(q);
	return rc;
}

/* ---- one question after the other ---- */

struct asker {
	struct query_prompt prompt; /* first: its hook finds the rest by it */
	const char *path;
};

static void ask(struct query_prompt *p, const char *what, const char *arg)
{
	struct error err = { 0 };

	if (answer_once(((struct asker *)p)->path, what, arg, &err) < 0)
		cmd_report(&err);
	fflush(stdout);
	clearerr(stdout); /* what Ctrl-C cut short is no failure of the next answer */
}

static int ask_on_terminal(const char *path, struct error *err)
{
	struct asker a = { { ask }, path };

	puts("Ask a question (\"help\" lists them), write a SELECT, or \"quit\"."
	     " Tab completes, Ctrl-C ends an answer.");
	return query_prompt_run(&a.prompt, err);
}

/* ---- the command ---- */

static void stop(int sig)
{
	(void)sig;
	query_stop();
}

/* The first Ctrl-C ends the query, a second one the program. */
static void take_interrupts(void)
{
	struct sigaction sa = { .sa_handler = stop, .sa_flags = (int)SA_RESETHAND };

	sigaction(SIGINT, &sa, NULL);
	signal(SIGPIPE, SIG_DFL); /* `query ... | head` ends like any other program there */
}

static bool wants_prompt(int argc)
{
	return argc == 1 && !as_list && !out_path && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	struct error err = { 0 };
	int rc = check_options(argc ? argv[0] : NULL, &err);

	(void)cmd;
	if (!rc && argc && (argc == 1 || as_list))
		rc = check_recording(argv[0], &err);
	if (!rc && wants_prompt(argc)) {
		rc = ask_on_terminal(argv[0], &err);
		return rc < 0 ? cmd_report(&err) : rc;
	}
	take_interrupts();
	if (!rc)
		rc = answer_once(argv[0], argc > 1 && !as_list ? argv[1] : NULL, argc > 2 ? argv[2] : NULL, &err);
	if (!rc)
		return 0;
	cmd_report(&err);
	return query_stopped() ? 128 + SIGINT : (int)err.code;
}

const struct cmd cmd_query = {
	.name = "query",
	.summary = "Ask a recording: named questions, or read-only SQL.",
	.usage = "[FILE] [QUESTION [ID]|SQL] [--filter EXPR] [--table|--csv|--json] [-o FILE] [--time-limit TIME] [--list]",
	.opts = opts,
	.min_args = 0,
	.max_args = 3,
	.run = run,
};
