/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <signal.h>
#include <stdio.h>

#include "commands.h"
#include "html.h"
#include "report-json.h"
#include "../db/out-file.h"

static const char *output;
static bool as_html, as_json;

static const struct opt opts[] = {
	{ 'o', "output", OPT_STRING, &output, "FILE", "write there instead of to stdout" },
	{ 0, "html", OPT_FLAG, &as_html, NULL, "one page for a browser, with the timeline" },
	{ 0, "json", OPT_FLAG, &as_json, NULL, "one JSON document" },
	{ 0, NULL, OPT_FLAG, NULL, NULL, NULL },
};

static int write_as_asked(const struct report *rep, struct reader *r, const char *file, FILE *out,
			  struct error *err)
{
	if (as_html)
		return report_html(rep, r, file, out, err);
	if (as_json)
		return report_json(rep, r, file, out, err);
	report_print(rep, out);
	return 0;
}

static int write_report(const struct report *rep, struct reader *r, const char *file, struct error *err)
{
	int rc = out_file_spares("report", output, file, err);
	FILE *out = rc ? NULL : out_file_open(output, err);

	if (!out)
		return -(int)err->code;
	rc = write_as_asked(rep, r, file, out, err);
	return out_file_close(out, rc, err);
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	struct report rep = { 0 };
	struct error err = { 0 };
	struct reader *r;
	int rc;

	(void)cmd;
	(void)argc;
	signal(SIGPIPE, SIG_DFL); /* `report ... | head` ends like any other program there */
	if (as_html && as_json) {
		fail(&err, ERR_USAGE, "report: --html and --json exclude each other");
		return cmd_report(&err);
	}
	r = reader_open(argv[0], &err);
	rc = r ? report_read(&rep, r, argv[0], &err) : -1;
	if (rc >= 0)
		rc = write_report(&rep, r, argv[0], &err);
	report_free(&rep);
	reader_close(r);
	return rc < 0 ? cmd_report(&err) : 0;
}

const struct cmd cmd_report_view = {
	.name = "report",
	.summary = "Say what a recording tells about each CPU: text, page or JSON.",
	.usage = "FILE [--html | --json] [-o FILE]",
	.opts = opts,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
