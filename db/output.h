/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rows as a person or a program wants them: an aligned table, tab-separated
 * lines, CSV (RFC 4180) or one JSON document (RFC 8259), written as they come.
 *
 * Cells are untrusted. A table, and anything that goes to a terminal, shows
 * only printable ASCII (safe_text); tab-separated text escapes backslash, tab and
 * control characters; JSON replaces what is no UTF-8. NULL is "-" in a table, null
 * in JSON, empty elsewhere.
 */
#ifndef DB_OUTPUT_H
#define DB_OUTPUT_H

#include <stdio.h>

#include "query.h"

enum output_format { OUTPUT_TABLE, OUTPUT_TSV, OUTPUT_CSV, OUTPUT_JSON };

struct output;

/* @f is borrowed. @terminal: what is written will be looked at directly. NULL on no memory. */
struct output *output_new(FILE *f, enum output_format format, bool terminal);

/* Where the rows go in. */
struct answer *output_answer(struct output *o);

/* Write what is still held back, end the document, free @o. ERR_OUTPUT if anything was not written. */
int output_end(struct output *o, struct error *err);

/* Free @o after a failure; nothing more is written. */
void output_drop(struct output *o);

#endif
