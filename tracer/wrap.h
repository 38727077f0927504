/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text broken at spaces into lines of at most WRAP_WIDTH columns, for help and tables. */
#ifndef TRACER_WRAP_H
#define TRACER_WRAP_H

#include <stdio.h>

#define WRAP_WIDTH 79

/*
 * Write the ASCII @text to @out, where column @at is reached already, and end
 * the line. Later lines start at column @indent. "[-o FILE]" stays in one piece.
 */
void wrap_text(FILE *out, const char *text, int at, int indent);

#endif
