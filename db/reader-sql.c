/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "reader-sql.h"

#include <stdio.h>

#define ALL_KINDS ((1u << EVENT_KIND_COUNT) - 1)
#define FEW_KINDS 8 /* up to here one index walk a kind, merged, beats a look at every event */
/* What recordings are full of. Where none of it is wanted, index walks are better for any number of kinds. */
#define FREQUENT (1u << EV_SMI_ENTER | 1u << EV_SMI_LEAVE | 1u << EV_PORT | 1u << EV_CPUHP | 1u << EV_PAUSE)

bool reader_by_index(const struct reader_filter *f)
{
	uint32_t kinds = f->kinds ? f->kinds & ALL_KINDS : ALL_KINDS;

	return __builtin_popcount(kinds) <= FEW_KINDS || !(kinds & FREQUENT);
}

static const char *cpu_condition(int cpu)
{
	switch (cpu) {
	case READER_ANY_CPU:
		return " AND ?5 IS NOT NULL";
	case CPU_UNKNOWN:
		return " AND ?5 IS NOT NULL AND cpu IS NULL";
	default:
		return " AND cpu = ?5";
	}
}

static void arm(char *sql, size_t *used, const struct reader_filter *f, int kind)
{
	*used += (size_t)snprintf(sql + *used, READER_SQL_MAX - *used,
				  "%sSELECT " READER_EVENT_COLUMNS " FROM event WHERE id >= ?1 AND id < ?2"
				  " AND ts_ns BETWEEN ?3 AND ?4%s", *used ? " UNION ALL " : "",
				  cpu_condition(f->cpu));
	if (kind >= 0)
		*used += (size_t)snprintf(sql + *used, READER_SQL_MAX - *used, " AND kind = %d", kind);
}

/* Every event of the range is looked at. */
static void scan(char *sql, size_t *used, const struct reader_filter *f, uint32_t kinds)
{
	arm(sql, used, f, -1);
	if (kinds != ALL_KINDS)
		*used += (size_t)snprintf(sql + *used, READER_SQL_MAX - *used, " AND %u >> kind & 1", kinds);
}

void reader_events_sql(char sql[READER_SQL_MAX], const struct reader_filter *f)
{
	uint32_t kinds = f->kinds ? f->kinds & ALL_KINDS : ALL_KINDS;
	size_t used = 0;

	if (!kinds)
		arm(sql, &used, f, EVENT_KIND_COUNT); /* kinds that do not exist: nothing */
	else if (!reader_by_index(f))
		scan(sql, &used, f, kinds);
	else
		for (int k = 0; k < EVENT_KIND_COUNT; k++)
			if (kinds >> k & 1)
				arm(sql, &used, f, k);
	snprintf(sql + used, READER_SQL_MAX - used, " ORDER BY id%s LIMIT ?6", f->backwards ? " DESC" : "");
}
