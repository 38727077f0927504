/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The derived tables (smi, smbase, cpu, total) and the dictionaries, as the
 * writer fills them.
 *
 * A stay in SMM costs one row write when it ends: while it is open it is kept
 * in memory and reaches the file only with a commit. derive_event() follows
 * what the model concluded (before, after), never the raw event alone.
 *
 * All calls run inside the writer's transaction; they return SQLite result codes.
 */
#ifndef DB_DERIVE_H
#define DB_DERIVE_H

#include <sqlite3.h>

#include "../tracer/sink.h"

struct derive;

/* Fill event_kind, event_field, event_source and word from tracer/event.h. */
int dictionary_fill(sqlite3 *db);

/* Prepare on @db, whose schema is in place. NULL on failure (see sqlite3_errmsg). */
struct derive *derive_new(sqlite3 *db);
void derive_free(struct derive *d);

int derive_event(struct derive *d, const struct sink_event *se);

/* Before a commit: open SMIs, changed CPUs and the totals. */
int derive_flush(struct derive *d);

#endif
