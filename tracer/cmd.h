/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Commands and their options as data. To add a command: write cmd-NAME.c with
 * a const struct cmd, add it to the table in smmtrace.c, write man/smmtrace-NAME.1.
 *
 * cmd_parse() fills the option targets, refuses what it does not know with one
 * line that names the nearest option, and leaves the positional arguments.
 * -h/--help is handled for every command from the same table.
 */
#ifndef TRACER_CMD_H
#define TRACER_CMD_H

#include <stdbool.h>
#include <stdint.h>

#include "../gdbproto/error.h"

enum opt_type {
	OPT_FLAG,   /* bool * */
	OPT_STRING, /* const char ** (points into argv) */
	OPT_NUMBER, /* int64_t *, decimal or 0x */
	OPT_TIME,   /* int64_t *, ns; "250ms", "10s", "2m", "1h", bare number = seconds */
};

struct opt {
	char letter;       /* 0 = long form only */
	const char *name;  /* long form without -- ; NULL ends a table */
	enum opt_type type;
	void *value;
	const char *arg;   /* what the help calls the value: FILE, TIME; NULL for flags */
	const char *help;
};

struct cmd {
	const char *name;
	const char *summary;   /* one line for `smmtrace help` */
	const char *usage;     /* "TARGET [-o FILE] ..." exactly as in the man page synopsis */
	const struct opt *opts; /* ends with a NULL name */
	int min_args, max_args; /* positional arguments; max -1 = any number */
	bool rest_after_dashes; /* everything after "--" is kept as it is (run) */
	/* argv holds the positional arguments only. Returns the exit status. */
	int (*run)(const struct cmd *cmd, int argc, char **argv);
};

/*
 * Parse @argv (argv[0] is the command's name) against @cmd. On success returns
 * the number of positional arguments, moved to the front of @argv + 1 in order and
 * followed by a NULL (argv[argc] must be one, as in main()).
 * Options and positionals mix; "--" ends the options, and with rest_after_dashes it
 * stays, with all behind it, among the positionals.
 * ERR_USAGE with the reason on failure; -1000 after having printed --help to stdout.
 */
#define CMD_HELP_SHOWN (-1000)
int cmd_parse(const struct cmd *cmd, int argc, char **argv, struct error *err);

/* Usage, summary and options of @cmd on stdout. */
void cmd_print_help(const struct cmd *cmd);

/*
 * "smmtrace: TEXT" on stderr; returns err->code. Whatever is not printable ASCII
 * becomes \xNN; text that went through safe_text() before comes out as it is.
 */
int cmd_report(const struct error *err);

#endif
