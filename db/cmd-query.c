/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "commands.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output.h"
#include "recording.h"
#include "../tracer/clock.h"

static bool as_csv, as_json, as_table, as_list;
static const char *out_path;
static int64_t time_limit = 10 * NS_PER_SEC;

static const struct opt opts[] = {
	{ 0, "list", OPT_FLAG, &as_list, NULL, "list the named questions" },
	{ 0, "table", OPT_FLAG, &as_table, NULL, "aligned columns, as on a terminal" },
	{ 0, "csv", OPT_FLAG, &as_csv, NULL, "comma-separated values with a heading" },
	{ 0, "json", OPT_FLAG, &as_json, NULL, "one JSON document" },
	{ 'o', "output", OPT_STRING, &out_path, "FILE", "write to FILE instead of standard output" },
	{ 0, "time-limit", OPT_TIME, &time_limit, "TIME", "give up after TIME (10s); 0 = never" },
	{ 0, NULL, OPT_FLAG, NULL, NULL, NULL },
};

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static int check_options(const char *recording, struct error *err)
{
	if (as_csv + as_json + as_table > 1)
		return fail(err, ERR_USAGE, "query: --table, --csv and --json exclude each other");
	if (out_path && same_file(out_path, recording))
		return fail(err, ERR_USAGE, "query: -o %s would overwrite the recording", out_path);
	return 0;
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

	for (const struct question *q = questions; q->name && !rc; q++)
		rc = a->row(a, 2, (const struct cell[]){
			{ .type = CELL_TEXT, .text = q->name, .len = strlen(q->name) },
			{ .type = CELL_TEXT, .text = q->help, .len = strlen(q->help) } }, err);
	return rc;
}

/* The file must be a recording even where only the list is wanted. */
static int check_recording(const char *path, struct error *err)
{
	sqlite3 *db = recording_open(path, err);

	if (!db)
		return -(int)err->code;
	sqlite3_close(db);
	return 0;
}

/* @q NULL: the list of questions. */
static int answer(FILE *f, struct query *q, struct error *err)
{
	bool terminal = isatty(fileno(f));
	struct output *o = output_new(f, chosen_format(terminal), terminal);
	int rc;

	if (!o)
		return fail(err, ERR_OUTPUT, "no memory");
	rc = q ? query_answer(q, time_limit, output_answer(o), err) : list_questions(output_answer(o), err);
	if (!rc)
		return output_end(o, err);
	output_drop(o);
	return rc;
}

static int answer_to_file(struct query *q, struct error *err)
{
	FILE *f = fopen(out_path, "we");
	int rc;

	if (!f)
		return fail_errno(err, ERR_OUTPUT, "cannot write %s", out_path);
	rc = answer(f, q, err);
	if (fclose(f) && !rc)
		rc = fail_errno(err, ERR_OUTPUT, "cannot write %s", out_path);
	return rc;
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	struct error err = { 0 };
	struct query *q = NULL;
	int rc = check_options(argv[0], &err);

	(void)cmd;
	signal(SIGPIPE, SIG_DFL); /* `query ... | head` ends like any other program there */
	if (!rc && (argc < 2 || as_list))
		rc = check_recording(argv[0], &err);
	else if (!rc && !(q = query_open(argv[0], argv[1], &err)))
		rc = -(int)err.code;
	if (!rc)
		rc = out_path ? answer_to_file(q, &err) : answer(stdout, q, &err);
	query_close(q);
	return rc ? cmd_report(&err) : 0;
}

const struct cmd cmd_query = {
	.name = "query",
	.summary = "Ask a recording: named questions, or read-only SQL.",
	.usage = "FILE [QUESTION|SQL] [--table|--csv|--json] [-o FILE] [--time-limit TIME] [--list]",
	.opts = opts,
	.min_args = 1,
	.max_args = 2,
	.run = run,
};
