/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "commands.h"

#include <signal.h>

#include "twin.h"
#include "../db/out-file.h"

#define CONTEXT_MAX 1000

static bool as_json, all, view, ascii;
static const char *out_path, *expression;
static struct filter filter;
static int64_t context = 3;

static const struct opt opts[] = {
	{ 0, "all", OPT_FLAG, &all, NULL, "every difference of each CPU, not the first one only" },
	{ 0, "context", OPT_NUMBER, &context, "N", "lines around a difference (3)" },
	FILTER_OPTION(&expression, ", on both sides"),
	{ 0, "json", OPT_FLAG, &as_json, NULL, "one JSON document" },
	{ 'o', "output", OPT_STRING, &out_path, "FILE", "write to FILE instead of standard output" },
	{ 0, "view", OPT_FLAG, &view, NULL, "show both runs on the terminal, one above the other" },
	{ 0, "ascii", OPT_FLAG, &ascii, NULL, "with --view: draw with ASCII characters only" },
	{ 0, NULL, OPT_FLAG, NULL, NULL, NULL },
};

static int check_options(char **path, struct error *err)
{
	if (context < 0 || context > CONTEXT_MAX)
		return fail(err, ERR_USAGE, "diff: --context takes 0 .. %d", CONTEXT_MAX);
	if (filter_option(&filter, expression, &FILTER_ALL, err) < 0)
		return -(int)err->code;
	if (view && (as_json || out_path))
		return fail(err, ERR_USAGE, "diff: --view shows the runs; --json and -o write");
	if (ascii && !view)
		return fail(err, ERR_USAGE, "diff: --ascii is for --view");
	if (view)
		return twin_can_show(err);
	if (out_file_spares("diff", out_path, path[0], err) < 0)
		return -(int)err->code;
	return out_file_spares("diff", out_path, path[1], err);
}

static int write_diff(const struct diff *d, const struct diff_look *look, struct error *err)
{
	FILE *out = out_file_open(out_path, err);

	if (!out)
		return -(int)err->code;
	if (as_json)
		diff_json(out, d, look);
	else
		diff_text(out, d, look);
	return out_file_close(out, 0, err);
}

/* 0, the number of the signal that ended it, or negative. */
static int tell(const struct diff *d, const struct diff_look *look, struct error *err)
{
	if (view)
		return twin_run(d, look, expression ? &filter : NULL, ascii, err);
	signal(SIGPIPE, SIG_DFL); /* `diff ... | head` ends like any other program there */
	return write_diff(d, look, err);
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	struct diff_look look = { { argv[0], argv[1] }, 0, all };
	struct error err = { 0 };
	struct diff *d = NULL;
	int rc = check_options(argv, &err), status;

	(void)cmd, (void)argc;
	look.context = (size_t)context;
	if (rc >= 0)
		d = diff_open_filtered(argv[0], argv[1], expression ? &filter : NULL, &err);
	rc = d ? tell(d, &look, &err) : -1;
	status = d && d->same && !d->cut ? 0 : ERR_FINDING;
	diff_free(d);
	if (rc < 0)
		return cmd_report(&err);
	return rc ? 128 + rc : status;
}

const struct cmd cmd_diff = {
	.name = "diff",
	.summary = "Compare two recordings: per CPU and per episode, the first thing that differs.",
	.usage = "GOOD BAD [--all] [--context N] [--filter EXPR] [--json] [-o FILE] [--view] [--ascii]",
	.opts = opts,
	.min_args = 2,
	.max_args = 2,
	.run = run,
};
