/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "commands.h"

#include <inttypes.h>
#include <signal.h>
#include <unistd.h>

#include "export.h"
#include "out-file.h"

static const struct export_format *const formats[] = {
	&export_perfetto, &export_chrome, &export_jsonl, &export_csv,
};
#define FORMATS (sizeof(formats) / sizeof(*formats))

static bool wanted[FORMATS];
static const char *out_path, *expression;
static struct filter filter;

static const struct opt opts[] = {
	{ 0, "perfetto", OPT_FLAG, &wanted[0], NULL, "a timeline as Perfetto's protobuf (ui.perfetto.dev)" },
	{ 0, "chrome", OPT_FLAG, &wanted[1], NULL, "a timeline as Trace Event JSON (chrome://tracing)" },
	{ 0, "jsonl", OPT_FLAG, &wanted[2], NULL, "every event, a JSON object a line" },
	{ 0, "csv", OPT_FLAG, &wanted[3], NULL, "every event, a line of one table (RFC 4180)" },
	FILTER_OPTION(&expression, ""),
	{ 'o', "output", OPT_STRING, &out_path, "FILE", "write to FILE instead of standard output" },
	{ 0, NULL, OPT_FLAG, NULL, NULL, NULL },
};

static int choose(const char *recording, const struct export_format **format, struct error *err)
{
	unsigned n = 0;

	for (unsigned i = 0; i < FORMATS; i++)
		if (wanted[i]) {
			*format = formats[i];
			n++;
		}
	if (n != 1)
		return fail(err, ERR_USAGE, "export: %s", n ?
			    "--perfetto, --chrome, --jsonl and --csv exclude each other" :
			    "say in which format: --perfetto, --chrome, --jsonl or --csv");
	if (filter_option(&filter, expression, &FILTER_ALL, err) < 0)
		return -ERR_USAGE;
	if (out_file_spares("export", out_path, recording, err) < 0)
		return -ERR_USAGE;
	if (!out_path && (*format)->binary && isatty(STDOUT_FILENO))
		return fail(err, ERR_USAGE, "export: --%s is binary, not for a terminal; use -o FILE, or a "
			    "pipe", (*format)->name);
	return 0;
}

static int export_to(struct reader *r, const struct export_format *format, struct export_count *count,
		     struct error *err)
{
	FILE *out = out_file_open(out_path, err);

	if (!out)
		return -(int)ERR_OUTPUT;
	return out_file_close(out, export_recording(r, format, expression ? &filter : NULL, out, count, err), err);
}

static void tell_left_out(const struct export_count *count)
{
	struct error note;

	if (!count->unknown)
		return;
	fail(&note, ERR_OK, "export: %" PRId64 " of %" PRId64 " events are of kinds that this smmtrace does not"
	     " know, and were left out", count->unknown, count->unknown + count->events);
	cmd_report(&note);
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	const struct export_format *format = NULL;
	struct export_count count = { 0 };
	struct reader *r = NULL;
	struct error err = { 0 };
	int rc = choose(argv[0], &format, &err);

	(void)cmd, (void)argc;
	signal(SIGPIPE, SIG_DFL); /* `export ... | head` ends like any other program there */
	if (!rc && !(r = reader_open(argv[0], &err)))
		rc = -(int)err.code;
	if (!rc)
		rc = export_to(r, format, &count, &err);
	reader_close(r);
	if (rc)
		return cmd_report(&err);
	tell_left_out(&count);
	return 0;
}

const struct cmd cmd_export = {
	.name = "export",
	.summary = "Write a recording in the formats of others: Perfetto, Chrome, JSON lines, CSV.",
	.usage = "FILE --perfetto|--chrome|--jsonl|--csv [--filter EXPR] [-o FILE]",
	.opts = opts,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
