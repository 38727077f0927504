/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Ask a recording: named questions and read-only SQL.
 *
 * SQL comes from a user, views from the file: both may be wrong, endless or hostile.
 * An authorizer admits SELECT, reads and functions only (no ATTACH, PRAGMA, write,
 * extension), one statement, and a progress handler ends it at the time limit or when the user says so.
 * To add a question: one entry in questions[] (questions.c).
 */
#ifndef DB_QUERY_H
#define DB_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../tracer/filter.h"

struct question {
	const char *name, *help, *sql;
	bool events;  /* its rows are events, or begin with one: a filter chooses among them */
	bool finding; /* about what the recorder concluded: a recording of schema 1 has an excuse instead */
	/* What must be told with it, as the help calls it: the id of an event, ?1 in SQL. NULL = nothing. */
	const char *arg;
	bool raw; /* about what events were made of: a recording without has an excuse instead */
	const char *sql_1; /* for a recording of schema 1; NULL = the same */
};

/* Ends with a NULL name. */
extern const struct question questions[];

enum cell_type { CELL_NULL, CELL_INTEGER, CELL_REAL, CELL_TEXT, CELL_BLOB };

/* One value of a row; @text is NUL-terminated, @len bytes long (it may hold NULs) and untrusted. */
struct cell {
	enum cell_type type;
	const char *text;
	size_t len;
	double real; /* of CELL_REAL */
};

/* Takes the answer. Everything passed lives for the call only; negative ends the query with @err. */
struct answer {
	int (*begin)(struct answer *a, int columns, const char *const *name, struct error *err);
	int (*row)(struct answer *a, int columns, const struct cell *cell, struct error *err);
};

#define QUERY_MAX_COLUMNS 200

struct query;

/* NULL when there is none of that name. */
const struct question *question_by_name(const char *name);

/*
 * Make @what ready to be answered from the recording at @path: a question's name,
 * the name of a view or table, or a SELECT. @arg goes with a question that wants one, else it is NULL.
 * Of events, those that @filter takes are all that is there (query-filter.h; copied, NULL = all).
 * NULL with ERR_USAGE for bad SQL, an unknown name (the nearest one is named) or argument,
 * ERR_CORRUPT for the file.
 */
struct query *query_open(const char *path, const char *what, const char *arg, const struct filter *filter,
			 struct error *err);

/* Answer it, once. @limit_ns 0 = no time limit; running into it is ERR_USAGE, and so is query_stop(). */
int query_answer(struct query *q, int64_t limit_ns, struct answer *a, struct error *err);

/*
 * End the answer that is given now, soon. May be called from a signal handler. query_stopped(): was it, since
 * query_open()?
 */
void query_stop(void);
bool query_stopped(void);

void query_close(struct query *q);

#endif
