/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The manual page of the invariants, made from their table (`make manual`). */
#ifndef VIEWS_INVARIANTS_PAGE_H
#define VIEWS_INVARIANTS_PAGE_H

#include <stdio.h>

/* smmtrace-invariants(7) as roff (man macros). */
void invariants_page(FILE *out);

#endif
