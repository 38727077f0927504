/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How readers find their way in millions of events: which kinds and CPUs each thousand events hold (table zone),
 * and running sums of each CPU's SMIs (table smi_sum). The recorder writes them as it goes, one row for some
 * hundred events; a reader makes them in memory for a recording that has none. Functions return SQLite's codes.
 */
#ifndef DB_CHART_H
#define DB_CHART_H

#include <sqlite3.h>
#include <stdint.h>

#define CHART_ZONE 1024 /* ids in a zone */
#define CHART_SMIS 32   /* SMIs of a CPU from one sum to the next */

/* For a database of its own; the file's schema has the same. */
#define CHART_SCHEMA \
	"CREATE TABLE zone (first INTEGER PRIMARY KEY, kinds INTEGER NOT NULL, cpus INTEGER NOT NULL) STRICT;" \
	"CREATE TABLE smi_sum (cpu INTEGER NOT NULL, enter_ns INTEGER NOT NULL, smis INTEGER NOT NULL," \
	" smm_ns INTEGER NOT NULL, PRIMARY KEY (cpu, enter_ns)) STRICT, WITHOUT ROWID"

/* The bit of a CPU in zone.cpus; several CPUs may share one. */
static inline int64_t chart_cpu_bit(int cpu)
{
	return INT64_C(1) << (cpu < 0 ? 61 : cpu % 61);
}

struct chart;

/* Writes through @db, which outlives it. NULL: no memory, or the tables are not there. */
struct chart *chart_new(sqlite3 *db);
void chart_free(struct chart *c);

/* Each event, by id. */
int chart_event(struct chart *c, int64_t id, int kind, int cpu);

/* Each stay in SMM that has ended, by id of its entry on that CPU. */
int chart_stay(struct chart *c, int cpu, int64_t enter_ns, int64_t leave_ns);

#endif
