/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd.h"

#include <stdio.h>
#include <string.h>

#define WIDTH 79
#define OPTION_COLUMN 26 /* where the text of an option begins */

/* Length of the next piece that must stay on one line: a word, or a group in brackets. */
static int piece(const char *text)
{
	int len = 0, depth = 0;

	for (; text[len] && (text[len] != ' ' || depth > 0); len++)
		depth += (text[len] == '[') - (text[len] == ']');
	return len;
}

/* Write @text from column @at, broken at spaces, later lines indented by @indent. Ends the line. */
static void put_wrapped(const char *text, int at, int indent)
{
	bool first = true;

	while (*text) {
		int len = piece(text);

		if (!first && at + 1 + len > WIDTH) {
			printf("\n%*s", indent, "");
			at = indent;
		} else if (!first) {
			putchar(' ');
			at++;
		}
		printf("%.*s", len, text);
		at += len;
		text += len;
		text += strspn(text, " ");
		first = false;
	}
	putchar('\n');
}

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
	put_wrapped(text, OPTION_COLUMN, OPTION_COLUMN);
}

void cmd_print_help(const struct cmd *cmd)
{
	int at = printf("Usage: smmtrace %s", cmd->name);

	if (*cmd->usage) {
		putchar(' ');
		put_wrapped(cmd->usage, at + 1, at + 1);
	} else {
		putchar('\n');
	}
	putchar('\n');
	put_wrapped(cmd->summary, 0, 0);
	printf("\nOptions:\n");
	for (const struct opt *o = cmd->opts; o && o->name; o++)
		put_option(o->letter, o->name, o->arg, o->help);
	put_option('h', "help", NULL, "show this help");
}
