/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The inside of a reader, shared by its files: what it holds, and how rows that
 * may hold anything are taken. Integers are asked for by type; whatever else stands
 * in their place is damage, told with table and row.
 */
#ifndef DB_READER_ROWS_H
#define DB_READER_ROWS_H

#include <limits.h>
#include <sqlite3.h>

#include "reader.h"

struct reader {
	sqlite3 *db;
	char path[PATH_MAX];
	struct reader_summary summary;
	int64_t first_id;
	int64_t disorder_ns;    /* an event is older than one before it by this at most */
	int data_version;
	int version;            /* of the schema */
	sqlite3_stmt *meta;
	int64_t deadline;       /* CLOCK_MONOTONIC, 0 = none */
};

/* What each_row() carries for the public cursors. */
struct cursor {
	struct reader *r;
	struct error *err;
	void *arg;
	union {
		int (*cpu)(void *arg, const struct reader_cpu *cpu);
		int (*smi)(void *arg, const struct reader_smi *smi);
		int (*event)(void *arg, int64_t id, const struct event *ev);
		int (*violation)(void *arg, const struct reader_violation *v);
		int (*episode)(void *arg, const struct reader_episode *ep);
		int (*verdict)(void *arg, const char *subject, const char *text);
		int (*result)(void *arg, const struct reader_result *result);
		int (*text)(void *arg, int columns, const char *const *value, const char *const *name);
	} cb;
};

/* Run @sql with @n numbers bound. @row is called for each row until it returns nonzero, which is returned. */
int each_row(struct reader *r, const char *sql, int n, const int64_t *bind,
	     int (*row)(sqlite3_stmt *q, void *arg), void *arg, struct error *err);

/* A row function for one number: column 0 to *(int64_t *)arg, which stays as it is for NULL. */
int one_number(sqlite3_stmt *q, void *arg);

/* True if column @i is an integer or NULL, which becomes @unknown. */
bool get_int(sqlite3_stmt *q, int i, int64_t unknown, int64_t *value);

/* The first @n columns at once; for NULLs @value keeps what it held. */
bool get_ints(sqlite3_stmt *q, int n, int64_t *value);

/* A number of which sums and differences cannot overflow: times, ids, counts. */
static inline bool is_sane(int64_t n)
{
	return n >= 0 && n <= INT64_C(1) << 62;
}

/* Let go of the file, and take it up again. */
void reader_disconnect(struct reader *r);
int reader_connect(struct reader *r, struct error *err);

/* The part of the summary that is about findings. */
int summarize_findings(struct reader *r, struct error *err);

/* SQLite's last failure, and a row that cannot be. Both ERR_CORRUPT. */
int reader_fail(struct reader *r, struct error *err);
int bad_row(struct reader *r, const char *table, int64_t id, struct error *err);

#endif
