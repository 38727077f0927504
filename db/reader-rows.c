/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "reader-rows.h"

#include <inttypes.h>

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

int each_row(struct reader *r, const char *sql, int n, const int64_t *bind,
	     int (*row)(sqlite3_stmt *q, void *arg), void *arg, struct error *err)
{
	sqlite3_stmt *q;
	int rc = SQLITE_DONE, said = 0;

	if (sqlite3_prepare_v2(r->db, sql, -1, &q, NULL))
		return reader_fail(r, err);
	for (int i = 0; i < n; i++)
		sqlite3_bind_int64(q, i + 1, bind[i]);
	while (!said && (rc = sqlite3_step(q)) == SQLITE_ROW)
		said = row(q, arg);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		said = reader_fail(r, err);
	sqlite3_finalize(q);
	return said;
}

int one_number(sqlite3_stmt *q, void *arg)
{
	int64_t *value = arg;

	get_int(q, 0, *value, value);
	return 1;
}
