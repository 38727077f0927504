/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What events were made of (tracer/raw.h), as the writer stores it: tables event_raw and smm_state. Called inside
 * the writer's transaction; returns SQLite result codes.
 */
#ifndef DB_EVIDENCE_H
#define DB_EVIDENCE_H

#include <sqlite3.h>

#include "../tracer/sink.h"

struct evidence;

/* Prepare on @db, whose schema is in place. NULL on failure (see sqlite3_errmsg). */
struct evidence *evidence_new(sqlite3 *db);
void evidence_free(struct evidence *e);

int evidence_event(struct evidence *e, const struct sink_event *se);

#endif
