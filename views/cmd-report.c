/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "commands.h"
#include "report.h"

static const char *output;

static const struct opt opts[] = {
	{ 'o', "output", OPT_STRING, &output, "FILE", "write there instead of to stdout" },
	{ 0, NULL, OPT_FLAG, NULL, NULL, NULL },
};

/* Writing over the recording would destroy it. */
static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static int write_to(const struct report *rep, const char *path, const char *recording, struct error *err)
{
	FILE *out = stdout;
	int failed;

	if (path && same_file(path, recording))
		return fail(err, ERR_USAGE, "report: -o names the recording itself; name another file");
	if (path)
		out = fopen(path, "w");
	if (!out)
		return fail_errno(err, ERR_OUTPUT, "report: cannot write %.200s", path);
	report_print(rep, out);
	failed = ferror(out) || fflush(out);
	if (out != stdout && fclose(out))
		failed = 1;
	if (failed)
		return fail_errno(err, ERR_OUTPUT, "report: cannot write %.200s", path ? path : "stdout");
	return 0;
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	struct report rep = { 0 };
	struct error err;
	struct reader *r;
	int rc;

	(void)cmd;
	(void)argc;
	signal(SIGPIPE, SIG_DFL); /* `report ... | head` ends like any other program there */
	r = reader_open(argv[0], &err);
	rc = r ? report_read(&rep, r, argv[0], &err) : -1;
	if (rc >= 0)
		rc = write_to(&rep, output, argv[0], &err);
	report_free(&rep);
	reader_close(r);
	return rc < 0 ? cmd_report(&err) : 0;
}

const struct cmd cmd_report_view = {
	.name = "report",
	.summary = "Say what a recording tells about each CPU, as text.",
	.usage = "FILE [-o FILE]",
	.opts = opts,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
