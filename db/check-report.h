/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `smmtrace check` says: a re-check as text for people, or as one JSON document. */
#ifndef DB_CHECK_REPORT_H
#define DB_CHECK_REPORT_H

#include <stdio.h>

#include "recheck.h"

struct check_totals {
	unsigned status[CHECK_STATUS_COUNT]; /* invariants of each status */
	uint64_t violations;
};

struct check_totals check_totals(const struct recheck *c);

/* The table, each violation, the verdict when something is stuck, one line of summary. */
void check_text(FILE *out, const struct recheck *c);

/* One invariant: its rule, what it means when it is broken, how it stands, its violations. */
void check_explain(FILE *out, const struct recheck *c, unsigned number);

void check_json(FILE *out, const struct recheck *c);

#endif
