/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "query-names.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "query.h"

static const char schema[] =
#include "db/schema.sql.h"
	;

static const char *const sql_words[] = {
	"SELECT", "FROM", "WHERE", "GROUP BY", "ORDER BY", "LIMIT", "HAVING", "DISTINCT", "JOIN", "LEFT JOIN",
	"UNION ALL", "WITH", "AND", "OR", "NOT", "NULL", "IS", "IN", "LIKE", "BETWEEN", "CASE", "DESC", "AS",
	"count(*)", "min(", "max(", "avg(", "sum(", "round(", "printf(", "coalesce(", "group_concat(",
};

enum name_kind { NAME_VIEW, NAME_COLUMN, NAME_SQL };

struct query_names {
	struct name {
		char *text; /* each once */
		enum name_kind kind;
	} *name;
	size_t n;
};

static bool has(const struct query_names *q, const char *name)
{
	for (size_t i = 0; i < q->n; i++)
		if (!strcmp(q->name[i].text, name))
			return true;
	return false;
}

static int keep(struct query_names *q, const char *name, enum name_kind kind)
{
	struct name *more;
	char *copy;

	if (has(q, name))
		return 0;
	more = realloc(q->name, (q->n + 1) * sizeof(*more));
	if (more)
		q->name = more;
	copy = more ? strdup(name) : NULL;
	if (!copy)
		return -1;
	q->name[q->n++] = (struct name){ copy, kind };
	return 0;
}

static int keep_columns(struct query_names *q, sqlite3 *db, const char *view)
{
	sqlite3_stmt *stmt;
	char sql[128];
	int rc = keep(q, view, NAME_VIEW);

	sqlite3_snprintf(sizeof(sql), sql, "SELECT * FROM %s", view);
	if (rc || sqlite3_prepare_v2(db, sql, -1, &stmt, NULL))
		return -1;
	for (int i = 0; i < sqlite3_column_count(stmt) && !rc; i++)
		rc = keep(q, sqlite3_column_name(stmt, i), NAME_COLUMN);
	sqlite3_finalize(stmt);
	return rc;
}

static int keep_views(struct query_names *q, sqlite3 *db)
{
	sqlite3_stmt *stmt;
	int rc = 0;

	if (sqlite3_exec(db, schema, NULL, NULL, NULL) ||
	    sqlite3_prepare_v2(db, "SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY rowid", -1, &stmt,
			       NULL))
		return -1;
	while (!rc && sqlite3_step(stmt) == SQLITE_ROW)
		rc = keep_columns(q, db, (const char *)sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
	return rc;
}

struct query_names *query_names_new(void)
{
	struct query_names *q = calloc(1, sizeof(*q));
	sqlite3 *db = NULL;
	int rc = !q || sqlite3_open(":memory:", &db) ? -1 : keep_views(q, db);

	for (size_t i = 0; !rc && i < sizeof(sql_words) / sizeof(*sql_words); i++)
		rc = keep(q, sql_words[i], NAME_SQL);
	sqlite3_close(db);
	if (!rc)
		return q;
	query_names_free(q);
	return NULL;
}

void query_names_free(struct query_names *n)
{
	for (size_t i = 0; n && i < n->n; i++)
		free(n->name[i].text);
	if (n)
		free(n->name);
	free(n);
}

enum names_place query_names_place(const char *line, size_t start)
{
	size_t end = start, from;

	while (end && line[end - 1] == ' ')
		end--;
	if (!end)
		return NAMES_FIRST;
	for (from = end; from && line[from - 1] != ' '; from--)
		;
	return end - from == 4 && (!strncasecmp(line + from, "FROM", 4) || !strncasecmp(line + from, "JOIN", 4)) ?
	       NAMES_TABLE : NAMES_OTHER;
}

static bool fits(enum name_kind kind, enum names_place place)
{
	return kind == NAME_VIEW || place == NAMES_OTHER || (place == NAMES_FIRST && kind == NAME_SQL);
}

const char *query_names_find(const struct query_names *n, const char *prefix, enum names_place place,
			     size_t index)
{
	size_t len = strlen(prefix);

	for (const struct question *q = questions; place == NAMES_FIRST && q->name; q++)
		if (!strncasecmp(q->name, prefix, len) && !index--)
			return q->name;
	for (size_t i = 0; i < n->n; i++)
		if (fits(n->name[i].kind, place) && !strncasecmp(n->name[i].text, prefix, len) && !index--)
			return n->name[i].text;
	return NULL;
}
