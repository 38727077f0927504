/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A question or SQL asked from within the timeline; the answer as lines of text. */
#ifndef VIEWS_ASK_H
#define VIEWS_ASK_H

#include "../gdbproto/error.h"

#define ASK_ROWS 500 /* at most; what is left out is said */

/*
 * Answer @what (a name of `query --list`, with its argument if it wants one, or a SELECT) from the recording at
 * @path: a table, for the caller to free(). NULL with the reason in @err. Takes five seconds at most.
 */
char *ask(const char *path, const char *what, struct error *err);

#endif
