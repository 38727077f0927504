/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd.h"

#include <stdio.h>

#include "wrap.h"

#define OPTION_COLUMN 26 /* where the text of an option begins */

static void put_option(char letter, const char *name, const char *arg, const char *text)
{
	int at;

	if (letter)
		at = printf("  -%c, --%s", letter, name);
	else
		at = printf("      --%s", name);
	if (arg)
		at += printf(" %s", arg);
	if (at + 2 > OPTION_COLUMN) {
		putchar('\n');
		at = 0;
	}
	printf("%*s", OPTION_COLUMN - at, "");
	wrap_text(stdout, text, OPTION_COLUMN, OPTION_COLUMN);
}

void cmd_print_help(const struct cmd *cmd)
{
	int at = printf("Usage: smmtrace %s", cmd->name);

	if (*cmd->usage) {
		putchar(' ');
		wrap_text(stdout, cmd->usage, at + 1, at + 1);
	} else {
		putchar('\n');
	}
	putchar('\n');
	wrap_text(stdout, cmd->summary, 0, 0);
	printf("\nOptions:\n");
	for (const struct opt *o = cmd->opts; o && o->name; o++)
		put_option(o->letter, o->name, o->arg, o->help);
	put_option('h', "help", NULL, "show this help");
}
