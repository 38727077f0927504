/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Questions asked one after the other on a terminal: a line editor with completion and a history, which
 * $XDG_STATE_HOME/smmtrace/history keeps (~/.local/state without that variable). query-prompt.c alone
 * includes readline.
 *
 * Ctrl-C ends the answer that is given, or empties the line; Ctrl-D, "quit" and "exit" leave. "help" lists
 * the questions. The terminal is as it was found whenever an answer is given, and at the end.
 */
#ifndef DB_QUERY_PROMPT_H
#define DB_QUERY_PROMPT_H

#include <stdbool.h>

#include "../gdbproto/error.h"

struct query_prompt {
	/* Answer @what, with @arg if the question wants one; it tells its failures itself. "help" comes as NULL. */
	void (*ask)(struct query_prompt *p, const char *what, const char *arg);
};

/* Until the user leaves: 0. 128 + the signal that ended it. Negative on no memory. */
int query_prompt_run(struct query_prompt *p, struct error *err);

/* What a line asks: cuts it in place. False when it asks nothing. @arg NULL = none. Pure. */
bool query_prompt_split(char *line, char **what, char **arg);

#endif
