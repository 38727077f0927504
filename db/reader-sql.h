/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The one statement of the reader that is composed, not constant. */
#ifndef DB_READER_SQL_H
#define DB_READER_SQL_H

#include "reader.h"

#define READER_EVENT_COLUMNS "id, ts_ns, cpu, kind, source, origin, a0, a1, a2, a3, a4, a5, a6, a7"
#define READER_SQL_MAX 4096

/*
 * Events as @f wants them. Parameters: ?1 first id, ?2 end of ids (not included),
 * ?3 ?4 times, ?5 CPU, ?6 limit (-1 = none).
 */
/* Is it a walk over the index of kinds, rather than a look at every event? */
bool reader_by_index(const struct reader_filter *f);

void reader_events_sql(char sql[READER_SQL_MAX], const struct reader_filter *f);

#endif
