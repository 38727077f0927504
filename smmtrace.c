/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "db/commands.h"
#include "gdbproto/safe-text.h"
#include "tracer/cmd.h"
#include "tracer/nearest.h"
#include "tracer/wrap.h"
#include "views/commands.h"
#include "views/complete.h"

#define SUMMARY_COLUMN 11

/* In the order in which a newcomer wants them. */
static const struct cmd *const commands[] = {
	&cmd_attach, &cmd_run, &cmd_record, &cmd_view, &cmd_report_view, &cmd_check, &cmd_query, &cmd_diff, &cmd_export,
	&cmd_import, &cmd_kick, &cmd_doctor, &cmd_list, NULL,
};

static const char what[] = "smmtrace traces System Management Mode of a QEMU guest and stores it in SQLite.";

static const struct cmd *find_command(const char *name)
{
	for (const struct cmd *const *c = commands; *c; c++)
		if (!strcmp((*c)->name, name))
			return *c;
	return NULL;
}

static int unknown_command(const char *name)
{
	struct nearest near = nearest_to(name);
	struct error err;
	char safe[64];

	safe_text(safe, sizeof(safe), name, strlen(name));
	nearest_try(&near, "help");
	for (const struct cmd *const *c = commands; *c; c++)
		nearest_try(&near, (*c)->name);
	if (near.best)
		fail(&err, ERR_USAGE, "no command \"%s\"; did you mean \"smmtrace %s\"?", safe, near.best);
	else
		fail(&err, ERR_USAGE, "no command \"%s\"; \"smmtrace help\" lists them", safe);
	return cmd_report(&err);
}

static int show_overview(void)
{
	printf("Usage: smmtrace COMMAND [ARG...]\n"
	       "       smmtrace help [COMMAND]\n"
	       "       smmtrace --version\n"
	       "\n%s\n\nCommands:\n", what);
	for (const struct cmd *const *c = commands; *c; c++)
		wrap_text(stdout, (*c)->summary, printf("  %-8s ", (*c)->name), SUMMARY_COLUMN);
	printf("  %-8s %s\n"
	       "\nExit status: 0 fine, 1 findings, 2 usage, 3 target, 4 damaged input, 5 events\n"
	       "lost (--strict), 6 output not written, 130 ended with Ctrl-C; the manual page\n"
	       "smmtrace(1) says more.\n",
	       "help", "Show this, or the options of one command.");
	return 0;
}

static int show_help(int argc, char **argv)
{
	struct error err;

	if (argc < 2)
		return show_overview();
	if (argc > 2) {
		fail(&err, ERR_USAGE, "help: takes one command; usage: smmtrace help [COMMAND]");
		return cmd_report(&err);
	}
	if (!strcmp(argv[1], "help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "--help"))
		return show_overview();
	if (!find_command(argv[1]))
		return unknown_command(argv[1]);
	cmd_print_help(find_command(argv[1]));
	return 0;
}

static int show_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("smmtrace %s\n", SMMTRACE_VERSION);
	return 0;
}

/* Not for people: what completions/smmtrace.bash asks. */
static int show_completions(int argc, char **argv)
{
	if (argc > 1)
		complete(commands, argc - 1, argv + 1);
	return 0;
}

/* What main() answers itself, before any command. */
static const struct builtin {
	const char *word;
	int (*run)(int argc, char **argv);
} builtins[] = {
	{ "help", show_help }, { "-h", show_help }, { "--help", show_help }, { "--version", show_version },
	{ "--complete", show_completions },
};

static int run_command(const struct cmd *cmd, int argc, char **argv)
{
	struct error err;
	int count = cmd_parse(cmd, argc, argv, &err);

	if (count == CMD_HELP_SHOWN)
		return 0;
	if (count < 0)
		return cmd_report(&err);
	return cmd->run(cmd, count, argv + 1);
}

static int dispatch(int argc, char **argv)
{
	struct error err;
	const struct cmd *cmd;

	if (argc < 2) {
		fail(&err, ERR_USAGE, "no command given; \"smmtrace help\" lists them");
		return cmd_report(&err);
	}
	for (size_t i = 0; i < sizeof(builtins) / sizeof(builtins[0]); i++)
		if (!strcmp(argv[1], builtins[i].word))
			return builtins[i].run(argc - 1, argv + 1);
	if (argv[1][0] == '-') {
		char safe[64];

		fail(&err, ERR_USAGE, "unknown option %s; options follow the command, see smmtrace --help",
		     safe_text(safe, sizeof(safe), argv[1], strlen(argv[1])));
		return cmd_report(&err);
	}
	cmd = find_command(argv[1]);
	return cmd ? run_command(cmd, argc - 1, argv + 1) : unknown_command(argv[1]);
}

/*
 * Output that never arrived is not success: a full disk or a closed pipe behind
 * stdout ends in ERR_OUTPUT unless something worse is known already. A command may
 * have told it; a reader that left (EPIPE) needs no line about it.
 */
static int flush_output(int status)
{
	struct error err;
	bool failed = ferror(stdout);

	errno = 0;
	failed |= fflush(stdout) == EOF;
	failed |= fclose(stdout) == EOF;
	if (!failed)
		return status;
	if (!errno)
		errno = EIO;
	fail_errno(&err, ERR_OUTPUT, "standard output cannot be written");
	if (errno != EPIPE && status != ERR_OUTPUT)
		cmd_report(&err);
	return status ? status : (int)ERR_OUTPUT;
}

int main(int argc, char **argv)
{
	/* A reader that went away is a failed write, not the end of a tracer with breakpoints in a guest. */
	signal(SIGPIPE, SIG_IGN);
	return flush_output(dispatch(argc, argv));
}
