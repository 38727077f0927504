/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stddef.h>

#include "commands.h"

#include "timeline.h"

static bool ascii, no_follow;
static const char *expression;

static const struct opt opts[] = {
	{ 0, "ascii", OPT_FLAG, &ascii, NULL, "draw with ASCII characters only" },
	{ 0, "no-follow", OPT_FLAG, &no_follow, NULL, "do not go with the end of a live recording" },
	FILTER_OPTION(&expression, ", to begin with"),
	{ 0, NULL, OPT_FLAG, NULL, NULL, NULL },
};

static int run(const struct cmd *cmd, int argc, char **argv)
{
	struct filter filter;
	struct timeline_options options = { .ascii = ascii, .follow = !no_follow, .wake_fd = -1, .filter = &filter };
	struct error err;
	int rc;

	(void)cmd;
	(void)argc;
	rc = filter_option(&filter, expression, &FILTER_DEFAULT, &err);
	if (rc >= 0)
		rc = timeline_run(argv[0], &options, &err);
	if (rc < 0)
		return cmd_report(&err);
	return rc ? 128 + rc : 0;
}

const struct cmd cmd_view = {
	.name = "view",
	.summary = "Show a recording as a timeline, also one still being written.",
	.usage = "FILE [--filter EXPR] [--ascii] [--no-follow]",
	.opts = opts,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
