/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What may stand next on the command line, for completions/smmtrace.bash.
 *
 * Everything comes from the tables that the commands themselves use, so a new option, question or invariant
 * is completed without another line here; a new argument wants a line in places[].
 */
#ifndef VIEWS_COMPLETE_H
#define VIEWS_COMPLETE_H

#include "../tracer/cmd.h"

/*
 * @word[0 .. count - 1] stand behind the program's name, and the last one, which may be empty, is completed.
 * Prints a line for each word it can become. Lines in angle brackets ask the shell for names:
 * <files>, <recordings> (files, *.smm before others), <programs>.
 * @commands ends with a NULL.
 */
void complete(const struct cmd *const *commands, int count, char **word);

#endif
