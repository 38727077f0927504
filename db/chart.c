/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chart.h"

#include <stdlib.h>

#include "../tracer/event.h"

enum statement { PUT_ZONE, PUT_SUM, LATER_SUMS, STATEMENTS };

static const char *const statement_sql[STATEMENTS] = {
	[PUT_ZONE] = "INSERT OR REPLACE INTO zone (first, kinds, cpus) VALUES (?, ?, ?)",
	[PUT_SUM] = "INSERT OR REPLACE INTO smi_sum (cpu, enter_ns, smis, smm_ns) VALUES (?, ?, ?, ?)",
	[LATER_SUMS] = "UPDATE smi_sum SET smis = smis + 1, smm_ns = smm_ns + ?3 WHERE cpu = ?1 AND enter_ns > ?2",
};

struct sum {
	int64_t smis, smm_ns;   /* up to now */
	int64_t newest_ns;      /* the latest entry among them */
	int64_t told;           /* of them, when a sum was last written */
};

struct chart {
	sqlite3_stmt *stmt[STATEMENTS];
	int64_t zone, kinds, cpus; /* number of the zone being filled; what it holds */
	struct sum sum[EVENT_MAX_CPUS];
};

struct chart *chart_new(sqlite3 *db)
{
	struct chart *c = calloc(1, sizeof(*c));

	for (int i = 0; c && i < STATEMENTS; i++)
		if (sqlite3_prepare_v3(db, statement_sql[i], -1, SQLITE_PREPARE_PERSISTENT, &c->stmt[i], NULL)) {
			chart_free(c);
			return NULL;
		}
	return c;
}

void chart_free(struct chart *c)
{
	if (!c)
		return;
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(c->stmt[i]);
	free(c);
}

static int put(struct chart *c, enum statement s, int n, const int64_t *v)
{
	sqlite3_stmt *q = c->stmt[s];
	int rc;

	for (int i = 0; i < n; i++)
		sqlite3_bind_int64(q, i + 1, v[i]);
	rc = sqlite3_step(q);
	sqlite3_reset(q);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int chart_event(struct chart *c, int64_t id, int kind, int cpu)
{
	int64_t zone = (id - 1) / CHART_ZONE;
	int rc = SQLITE_OK;

	if (zone != c->zone) {
		if (c->kinds)
			rc = put(c, PUT_ZONE, 3, (const int64_t[]){ c->zone * CHART_ZONE + 1, c->kinds, c->cpus });
		c->zone = zone;
		c->kinds = c->cpus = 0;
	}
	c->kinds |= INT64_C(1) << (kind & 63);
	c->cpus |= chart_cpu_bit(cpu);
	return rc;
}

int chart_stay(struct chart *c, int cpu, int64_t enter_ns, int64_t leave_ns)
{
	struct sum *s = &c->sum[cpu];
	int64_t lasted = leave_ns > enter_ns ? leave_ns - enter_ns : 0;
	bool in_order = !s->smis || enter_ns > s->newest_ns;
	int rc = SQLITE_OK;

	if (!in_order)
		rc = put(c, LATER_SUMS, 3, (const int64_t[]){ cpu, enter_ns, lasted });
	else if (!s->smis || s->smis - s->told >= CHART_SMIS) {
		rc = put(c, PUT_SUM, 4, (const int64_t[]){ cpu, enter_ns, s->smis, s->smm_ns });
		s->told = s->smis;
	}
	s->smis++;
	s->smm_ns += lasted;
	if (in_order)
		s->newest_ns = enter_ns;
	return rc;
}
