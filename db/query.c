/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "query.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query-filter.h"
#include "recording.h"
#include "../gdbproto/safe-text.h"
#include "../tracer/clock.h"
#include "../tracer/cmd-value.h"
#include "../tracer/nearest.h"

#define HEAP_LIMIT (512ll << 20) /* what a query may use of memory */
#define PROGRESS_STEPS 1000

static const int allowed[] = { SQLITE_SELECT, SQLITE_READ, SQLITE_FUNCTION, SQLITE_RECURSIVE };

static int authorize(void *arg, int action, const char *a, const char *b, const char *c, const char *d)
{
	(void)arg, (void)a, (void)c, (void)d;
	if (action == SQLITE_FUNCTION && b && !sqlite3_stricmp(b, "load_extension"))
		return SQLITE_DENY;
	for (size_t i = 0; i < sizeof(allowed) / sizeof(*allowed); i++)
		if (allowed[i] == action)
			return SQLITE_OK;
	return SQLITE_DENY;
}

struct query {
	sqlite3 *db;
	sqlite3_stmt *stmt;
	int version;      /* of the schema */
	bool has_raw;     /* it has the tables of what events were made of */
	bool named;       /* a question of ours: a value that is too big is the file's */
	struct filter filter;
	int64_t deadline; /* CLOCK_MONOTONIC ns, 0 = none */
};

static volatile sig_atomic_t stopped;

void query_stop(void)
{
	stopped = 1;
}

bool query_stopped(void)
{
	return stopped;
}

static int must_end(void *arg)
{
	const struct query *q = arg;

	return stopped || (q->deadline && clock_now() > q->deadline);
}

static bool is_name(const char *what)
{
	static const char name_chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

	return *what && !what[strspn(what, name_chars)];
}

const struct question *question_by_name(const char *name)
{
	for (const struct question *q = questions; q->name; q++)
		if (!strcmp(q->name, name))
			return q;
	return NULL;
}

static int unknown_name(const char *name, struct error *err)
{
	struct nearest near = nearest_to(name);
	char safe[64];

	for (const struct question *q = questions; q->name; q++)
		nearest_try(&near, q->name);
	safe_text(safe, sizeof(safe), name, strlen(name));
	if (near.best)
		return fail(err, ERR_USAGE, "query: no question \"%s\"; did you mean \"%s\"?", safe,
			    near.best);
	return fail(err, ERR_USAGE, "query: no question \"%s\"; \"query FILE --list\" lists them", safe);
}

/* Why SQLite refused, in the words of who asked. */
/* A question of ours that SQLite does not understand is the fault of the file, whose views are its own. */
static int query_fail(const struct query *q, struct error *err)
{
	char safe[300];
	const char *why = sqlite3_errmsg(q->db);

	safe_text(safe, sizeof(safe), why, strlen(why));
	switch (sqlite3_errcode(q->db)) {
	case SQLITE_INTERRUPT:
		return fail(err, ERR_USAGE, "query: stopped at the time limit; --time-limit 60s allows more");
	case SQLITE_AUTH:
		return fail(err, ERR_USAGE, "query: a query may only read, with SELECT");
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_IOERR:
		return fail(err, ERR_CORRUPT, "query: the recording is damaged: %s", safe);
	case SQLITE_FULL:
		return fail(err, ERR_OUTPUT, "query: no room for temporary files");
	default:
		if (q->named)
			return fail(err, ERR_CORRUPT, "query: the recording is damaged: %s", safe);
		return fail(err, ERR_USAGE, "query: %s", safe);
	}
}

/* Only blanks, semicolons and comments behind the statement? */
static bool nothing_follows(sqlite3 *db, const char *tail)
{
	sqlite3_stmt *more = NULL;
	int rc = 0;

	while (!rc && !more && *tail)
		rc = sqlite3_prepare_v2(db, tail, -1, &more, &tail);
	sqlite3_finalize(more);
	return !rc && !more;
}

static int prepare(struct query *q, const char *sql, struct error *err)
{
	const char *tail;

	if (sqlite3_prepare_v2(q->db, sql, -1, &q->stmt, &tail))
		return query_fail(q, err);
	if (!q->stmt)
		return fail(err, ERR_USAGE, "query: nothing to ask; \"query FILE --list\" lists questions");
	if (!nothing_follows(q->db, tail))
		return fail(err, ERR_USAGE, "query: one statement at a time");
	if (!sqlite3_stmt_readonly(q->stmt))
		return fail(err, ERR_USAGE, "query: a query may only read, with SELECT");
	return 0;
}

/* In place of a question about findings, of a recording that cannot hold any. */
static const char no_findings[] =
	"SELECT 'not stored' AS subject, 'an older smmtrace made this recording, which has no place for it;"
	" \"smmtrace check FILE\" judges it' AS says";

static const char no_raw[] =
	"SELECT ?1 AS id, 'not kept: an older smmtrace made this recording, which has no place for it' AS raw";

static const char *sql_of(const struct question *question, const struct query *q)
{
	if (question->raw && !q->has_raw)
		return no_raw;
	if (q->version >= RECORDING_FINDINGS)
		return question->sql;
	if (question->finding)
		return no_findings;
	return question->sql_1 ? question->sql_1 : question->sql;
}

/* The event that @arg names, as ?1; it must be there. */
static int bind_event(struct query *q, const char *name, const char *arg, struct error *err)
{
	sqlite3_stmt *look = NULL;
	int64_t id, last = 0;
	int got = -1;

	if (cmd_number(arg, &id, NULL) < 0)
		return fail(err, ERR_USAGE, "query: %s takes the id of an event, a number", name);
	sqlite3_bind_int64(q->stmt, 1, id);
	if (!sqlite3_prepare_v2(q->db, "SELECT max(id), coalesce(sum(id = ?1), 0) FROM (SELECT id FROM main.event"
				" WHERE id = ?1 UNION ALL SELECT max(id) FROM main.event)", -1, &look, NULL)) {
		sqlite3_bind_int64(look, 1, id);
		got = sqlite3_step(look);
		last = got == SQLITE_ROW ? sqlite3_column_int64(look, 0) : 0;
		got = got == SQLITE_ROW ? sqlite3_column_int(look, 1) > 0 : -1;
	}
	sqlite3_finalize(look);
	if (got < 0)
		return query_fail(q, err);
	if (!got)
		return fail(err, ERR_USAGE, "query: there is no event %" PRId64 "; ids go up to %" PRId64, id, last);
	return 0;
}

static int resolve_question(struct query *q, const struct question *question, const char *arg,
			    struct error *err)
{
	int rc;

	if (question->arg && !arg)
		return fail(err, ERR_USAGE, "query: %s needs the id of an event: query FILE %s %s", question->name,
			    question->name, question->arg);
	rc = prepare(q, sql_of(question, q), err);
	return rc || !arg ? rc : bind_event(q, question->name, arg, err);
}

/* A question's SQL, or a whole view, or a statement as it is. */
static int resolve(struct query *q, const char *what, const char *arg, struct error *err)
{
	const struct question *question = question_by_name(what);
	char sql[128];

	if (arg && !(question && question->arg))
		return fail(err, ERR_USAGE, "query: \"%.40s\" takes no argument; SQL is one word, in quotes", what);
	q->named = question;
	if (question)
		return resolve_question(q, question, arg, err);
	if (!is_name(what))
		return prepare(q, what, err);
	snprintf(sql, sizeof(sql), "SELECT * FROM \"%.64s\"", what);
	if (sqlite3_prepare_v2(q->db, sql, -1, &q->stmt, NULL))
		return unknown_name(what, err);
	return 0;
}

/* A question about what was concluded, or about the whole, would only seem to be filtered. */
static int check_filter(const char *what, struct error *err)
{
	const struct question *question = question_by_name(what);
	char names[300] = "";
	size_t used = 0;

	if (!question || question->events)
		return 0;
	for (const struct question *q = questions; q->name; q++)
		if (q->events && used < sizeof(names))
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", used ? ", " : "", q->name);
	return fail(err, ERR_USAGE, "query: %s is not about single events, so --filter cannot choose; it can for %s",
		    what, names);
}

static int apply_filter(struct query *q, const char *what, const struct filter *filter, struct error *err)
{
	if (!filter)
		return 0;
	q->filter = *filter;
	return check_filter(what, err) < 0 ? -(int)err->code : query_filter(q->db, &q->filter, err);
}

struct query *query_open(const char *path, const char *what, const char *arg, const struct filter *filter,
			 struct error *err)
{
	struct query *q = calloc(1, sizeof(*q));

	stopped = 0;
	if (!q) {
		fail(err, ERR_OUTPUT, "no memory");
		return NULL;
	}
	q->db = recording_open(path, err);
	if (!q->db) {
		query_close(q);
		return NULL;
	}
	q->version = recording_version(q->db);
	q->has_raw = recording_has_raw(q->db);
	if (apply_filter(q, what, filter, err) < 0) {
		query_close(q);
		return NULL;
	}
	sqlite3_hard_heap_limit64(HEAP_LIMIT);
	sqlite3_limit(q->db, SQLITE_LIMIT_COLUMN, QUERY_MAX_COLUMNS);
	sqlite3_set_authorizer(q->db, authorize, NULL);
	sqlite3_progress_handler(q->db, PROGRESS_STEPS, must_end, q);
	if (resolve(q, what, arg, err) < 0) {
		query_close(q);
		return NULL;
	}
	return q;
}

void query_close(struct query *q)
{
	if (q) {
		sqlite3_finalize(q->stmt);
		sqlite3_close(q->db);
	}
	free(q);
}

static int give_names(sqlite3_stmt *stmt, struct answer *a, struct error *err)
{
	const char *name[QUERY_MAX_COLUMNS];
	int n = sqlite3_column_count(stmt);

	for (int i = 0; i < n; i++)
		name[i] = sqlite3_column_name(stmt, i);
	return a->begin(a, n, name, err);
}

static int give_row(sqlite3_stmt *stmt, struct answer *a, struct error *err)
{
	static const enum cell_type types[] = {
		[SQLITE_INTEGER] = CELL_INTEGER, [SQLITE_FLOAT] = CELL_REAL, [SQLITE_TEXT] = CELL_TEXT,
		[SQLITE_BLOB] = CELL_BLOB, [SQLITE_NULL] = CELL_NULL,
	};
	struct cell cell[QUERY_MAX_COLUMNS];
	int n = sqlite3_column_count(stmt);

	for (int i = 0; i < n; i++) {
		cell[i].type = types[sqlite3_column_type(stmt, i)];
		cell[i].real = cell[i].type == CELL_REAL ? sqlite3_column_double(stmt, i) : 0;
		cell[i].text = (const char *)sqlite3_column_text(stmt, i);
		cell[i].len = cell[i].text ? (size_t)sqlite3_column_bytes(stmt, i) : 0;
		if (!cell[i].text)
			cell[i].text = "";
	}
	return a->row(a, n, cell, err);
}

int query_answer(struct query *q, int64_t limit_ns, struct answer *a, struct error *err)
{
	int rc, got = SQLITE_DONE;

	q->deadline = limit_ns > 0 ? clock_now() + limit_ns : 0;
	rc = give_names(q->stmt, a, err);
	while (!rc && !stopped && (got = sqlite3_step(q->stmt)) == SQLITE_ROW)
		rc = give_row(q->stmt, a, err);
	if (stopped)
		rc = fail(err, ERR_USAGE, "query: interrupted");
	if (!rc && q->named && got == SQLITE_TOOBIG)
		rc = fail(err, ERR_CORRUPT, "query: the recording is damaged: a text of it is too long");
	if (!rc && got != SQLITE_DONE)
		rc = query_fail(q, err);
	return rc;
}
