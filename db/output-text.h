/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One untrusted value, written so that neither a terminal nor a parser can be fooled by it. */
#ifndef DB_OUTPUT_TEXT_H
#define DB_OUTPUT_TEXT_H

#include <stdio.h>

#include "query.h"
#include "../gdbproto/safe-text.h"

/*
 * For a table: text by safe_text(), "-" for NULL, reals with @digits behind the
 * point (-1 = as they come). Returns @out.
 */
const char *cell_safe(char *out, size_t size, const struct cell *c, int digits);

/* Does it hold anything that a terminal would not show as it is? */
bool cell_is_unsafe(const struct cell *c);

/* A number, or an address in text form: belongs to the right edge of its column. */
bool cell_is_number(const struct cell *c);

void put_tsv(FILE *f, const struct cell *c);
void put_csv(FILE *f, const struct cell *c);

/* Numbers bare, infinities null, blobs as hex text, text escaped. */
void put_json(FILE *f, const struct cell *c);

#endif
