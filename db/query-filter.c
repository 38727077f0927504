/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "query-filter.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "reader-sql.h"
#include "recording.h"

#define COLUMNS (6 + EVENT_ARGS) /* of table event, from id on */

/* Of these the id is that of an event; event_v is another matter. */
static const char *const views[] = {
	"smi_v", "smbase_v", "port_v", "ipi_v", "cpuhp_v", "config_v", "handoff_v", "loss_v", "blind_v", "pause_v",
};

static const char schema[] =
#include "db/schema.sql.h"
	;

/* Kinds that recordings are full of. */
#define FREQUENT (KIND_BIT(EV_SMI_ENTER) | KIND_BIT(EV_SMI_LEAVE) | KIND_BIT(EV_PORT) | KIND_BIT(EV_CPUHP) | \
		  KIND_BIT(EV_PAUSE))

/* A row may hold anything; what is no event does not pass. */
static bool event_of(sqlite3_value **v, struct event *ev)
{
	int64_t n[COLUMNS];

	for (int i = 1; i < COLUMNS; i++)
		n[i] = sqlite3_value_int64(v[i]);
	if (sqlite3_value_type(v[2]) == SQLITE_NULL)
		n[2] = CPU_UNKNOWN;
	if (n[2] < CPU_UNKNOWN || n[2] >= EVENT_MAX_CPUS || n[3] < 0 || n[3] >= EVENT_KIND_COUNT || n[4] < 0 ||
	    n[4] >= EVENT_SOURCE_COUNT || (n[5] != ORIGIN_OBSERVED && n[5] != ORIGIN_INFERRED))
		return false;
	*ev = event_new((enum event_kind)n[3], (enum event_source)n[4], (int)n[2], n[1]);
	ev->origin = (uint8_t)n[5];
	for (unsigned i = 0; i < event_info[ev->kind].fields; i++)
		if (sqlite3_value_type(v[6 + i]) == SQLITE_INTEGER)
			event_set(ev, i, (uint64_t)n[6 + i]);
	return true;
}

static void event_takes(sqlite3_context *context, int n, sqlite3_value **v)
{
	const struct filter *f = sqlite3_user_data(context);
	struct event ev;

	(void)n;
	sqlite3_result_int(context, event_of(v, &ev) && filter_takes(f, &ev));
}

static int64_t number(sqlite3 *db, const char *sql, int64_t bind, int64_t none)
{
	sqlite3_stmt *stmt = NULL;
	int64_t value = none;

	if (!sqlite3_prepare_v2(db, sql, -1, &stmt, NULL)) {
		sqlite3_bind_int64(stmt, 1, bind);
		if (sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_type(stmt, 0) == SQLITE_INTEGER)
			value = sqlite3_column_int64(stmt, 0);
	}
	sqlite3_finalize(stmt);
	return value;
}

static int64_t total(sqlite3 *db, const char *name)
{
	char sql[80];

	snprintf(sql, sizeof(sql), "SELECT value FROM total WHERE name = '%s'", name);
	return number(db, sql, 0, 0);
}

/* Ids grow with time, but for disorder_ns: the smallest id that an event of @ts can have. */
static int64_t id_at(sqlite3 *db, int64_t ts)
{
	int64_t low = number(db, "SELECT min(id) FROM event", 0, 0);
	int64_t high = number(db, "SELECT max(id) FROM event", 0, 0) + 1;

	while (low < high) {
		int64_t middle = low + (high - low) / 2;

		if (number(db, "SELECT ts_ns FROM event WHERE id >= ?1 ORDER BY id LIMIT 1", middle, INT64_MAX) < ts)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void add(char *sql, size_t *used, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void add(char *sql, size_t *used, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	*used += (size_t)vsnprintf(sql + *used, READER_SQL_MAX - *used, fmt, ap);
	va_end(ap);
}

/* The ids between which the filter's times lie, " AND id >= 7 AND id < 12", or "". */
static void range_of(char range[READER_SQL_MAX], sqlite3 *db, const struct filter *f)
{
	int64_t first, last, slack = total(db, "disorder_ns"), edge;
	size_t used = 0;

	range[0] = '\0';
	filter_times(f, &first, &last);
	if (first > INT64_MIN && !__builtin_sub_overflow(first, slack, &edge))
		add(range, &used, " AND id >= %" PRId64, id_at(db, edge));
	if (last < INT64_MAX && !__builtin_add_overflow(last, slack, &edge) && edge < INT64_MAX)
		add(range, &used, " AND id < %" PRId64, id_at(db, edge + 1));
}

static int exec(sqlite3 *db, const char *sql, struct error *err)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) ?
	       recording_fail(err, ERR_CORRUPT, db, "query: the filter cannot be applied") : 0;
}

static int hide_table(sqlite3 *db, const struct filter *f, const char *range, struct error *err)
{
	const char *separator = "";
	char sql[READER_SQL_MAX];
	size_t used = 0;
	bool one = !(f->kinds & (f->kinds - 1));

	/* By the index of kinds, those of one are in order; of others it takes a sort, good for rare ones. */
	add(sql, &used, "CREATE TEMP VIEW event AS SELECT * FROM main.event WHERE %skind IN (",
	    one || !(f->kinds & FREQUENT) ? "" : "+");
	for (int k = 0; k < EVENT_KIND_COUNT; k++)
		if (f->kinds & KIND_BIT(k)) {
			add(sql, &used, "%s%d", separator, k);
			separator = ", ";
		}
	add(sql, &used, ")");
	if (f->cpu != FILTER_ANY_CPU && f->cpu != CPU_UNKNOWN)
		add(sql, &used, " AND cpu = %d", f->cpu);
	add(sql, &used, "%s AND event_takes(" READER_EVENT_COLUMNS ")", range);
	return exec(db, sql, err);
}

/* Our own text of it once more: among temporary views, its "event" is the filtered one. */
static int hide_event_v(sqlite3 *db, struct error *err)
{
	static const char head[] = "CREATE VIEW event_v AS";
	const char *text = strstr(schema, head) + sizeof(head) - 1;
	char sql[READER_SQL_MAX];

	snprintf(sql, sizeof(sql), "CREATE TEMP VIEW event_v AS%.*s", (int)strcspn(text, ";"), text);
	return exec(db, sql, err);
}

/* Each row is asked for its event; of rare kinds there is a list of them. */
static int hide_view(sqlite3 *db, const struct filter *f, const char *range, const char *view, struct error *err)
{
	char sql[READER_SQL_MAX];

	snprintf(sql, sizeof(sql), f->kinds & FREQUENT ?
		 "CREATE TEMP VIEW %s AS SELECT * FROM main.%s v WHERE EXISTS"
		 " (SELECT 1 FROM temp.event e WHERE e.id = v.id)%s" :
		 "CREATE TEMP VIEW %s AS SELECT * FROM main.%s WHERE id IN (SELECT id FROM temp.event)%s", view, view,
		 range);
	return exec(db, sql, err);
}

int query_filter(sqlite3 *db, struct filter *filter, struct error *err)
{
	char range[READER_SQL_MAX];
	int rc;

	filter->begin_ns = total(db, "first_ns");
	range_of(range, db, filter);
	if (sqlite3_create_function(db, "event_takes", COLUMNS, SQLITE_UTF8 | SQLITE_DETERMINISTIC, filter,
				    event_takes, NULL, NULL))
		return fail(err, ERR_OUTPUT, "no memory");
	rc = exec(db, "PRAGMA query_only = OFF", err); /* the file stays mode=ro */
	if (!rc)
		rc = hide_table(db, filter, range, err);
	if (!rc)
		rc = hide_event_v(db, err);
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]) && !rc; i++)
		rc = hide_view(db, filter, range, views[i], err);
	return rc ? rc : exec(db, "PRAGMA query_only = ON", err);
}
