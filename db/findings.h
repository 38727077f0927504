/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the judge concludes (tracer/judge.h), as the writer stores it: tables episode, episode_step,
 * violation, invariant, verdict. Rows of an invariant are written only when they differ
 * from what stands there, since counts change with every event.
 *
 * All calls run inside the writer's transaction; they return SQLite result codes.
 */
#ifndef DB_FINDINGS_H
#define DB_FINDINGS_H

#include <sqlite3.h>

#include "../tracer/verdict.h"

struct findings;

/* Prepare on @db, whose schema is in place. NULL on failure (see sqlite3_errmsg). */
struct findings *findings_new(sqlite3 *db);
void findings_free(struct findings *f);

int findings_violation(struct findings *f, const struct violation *v);

/* New, or as it is now. */
int findings_episode(struct findings *f, const struct episode *ep);

/* Instead of the one before. */
int findings_verdict(struct findings *f, const struct verdict *v);

/* INVARIANT_COUNT of them. */
int findings_results(struct findings *f, const struct check_result *r);

/* "0 1 2"; "" for the empty set. What does not fit is left out. */
void findings_cpus(char *out, size_t size, const struct cpuset *s);

#endif
