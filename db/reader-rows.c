/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "reader-rows.h"

#include <inttypes.h>
#include <string.h>

#include "recording.h"

int reader_fail(struct reader *r, struct error *err)
{
	return recording_fail(err, ERR_CORRUPT, r->db, "cannot read %s", r->path);
}

bool get_int(sqlite3_stmt *q, int i, int64_t unknown, int64_t *value)
{
	int type = sqlite3_column_type(q, i);

	*value = type == SQLITE_INTEGER ? sqlite3_column_int64(q, i) : unknown;
	return type == SQLITE_INTEGER || type == SQLITE_NULL;
}

bool get_ints(sqlite3_stmt *q, int n, int64_t *value)
{
	bool good = true;

	for (int i = 0; i < n; i++)
		good = get_int(q, i, value[i], &value[i]) && good;
	return good;
}

int bad_row(struct reader *r, const char *table, int64_t id, struct error *err)
{
	return fail(err, ERR_CORRUPT, "%s is damaged: row %" PRId64 " of table '%s'", r->path, id, table);
}

static bool holds(const struct kept_row *k, sqlite3 *db, const char *sql)
{
	return k->q && sqlite3_db_handle(k->q) == db && !strcmp(sqlite3_sql(k->q), sql);
}

/* The slot that holds @sql and is free to run it, or the one to give up for it; NULL = all are running. */
static struct kept_row *slot_for(struct reader *r, sqlite3 *db, const char *sql)
{
	struct kept_row *oldest = NULL;

	for (struct kept_row *k = r->kept; k < r->kept + READER_KEPT; k++) {
		if (k->running)
			continue;
		if (holds(k, db, sql))
			return k;
		if (!oldest || k->used < oldest->used)
			oldest = k;
	}
	return oldest;
}

/* To prepare a statement costs more than to run most of ours, which come again with every key. */
static struct kept_row *take_statement(struct reader *r, sqlite3 *db, const char *sql)
{
	struct kept_row *k = slot_for(r, db, sql);

	if (!k)
		return NULL;
	if (!holds(k, db, sql)) {
		sqlite3_finalize(k->q);
		k->q = NULL;
		if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &k->q, NULL))
			return NULL;
	}
	k->running = true;
	k->used = ++r->uses;
	return k;
}

void forget_statements(struct reader *r)
{
	for (int i = 0; i < READER_KEPT; i++) {
		sqlite3_finalize(r->kept[i].q);
		r->kept[i] = (struct kept_row){ 0 };
	}
}

static int rows_of(struct reader *r, sqlite3 *db, const char *sql, int n, const int64_t *bind,
		   int (*row)(sqlite3_stmt *q, void *arg), void *arg, struct error *err)
{
	struct kept_row *k = take_statement(r, db, sql);
	int rc = SQLITE_DONE, said = 0;

	if (!k || !k->q)
		return reader_fail(r, err);
	for (int i = 0; i < n; i++)
		sqlite3_bind_int64(k->q, i + 1, bind[i]);
	while (!said && (rc = sqlite3_step(k->q)) == SQLITE_ROW)
		said = row(k->q, arg);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		said = reader_fail(r, err);
	sqlite3_reset(k->q);
	k->running = false;
	return said;
}

int each_row(struct reader *r, const char *sql, int n, const int64_t *bind,
	     int (*row)(sqlite3_stmt *q, void *arg), void *arg, struct error *err)
{
	return rows_of(r, r->db, sql, n, bind, row, arg, err);
}

int each_chart_row(struct reader *r, const char *sql, int n, const int64_t *bind,
		   int (*row)(sqlite3_stmt *q, void *arg), void *arg, struct error *err)
{
	return rows_of(r, r->chart.db, sql, n, bind, row, arg, err);
}

int one_number(sqlite3_stmt *q, void *arg)
{
	int64_t *value = arg;

	get_int(q, 0, *value, value);
	return 1;
}
