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

#include "chart.h"
#include "reader.h"

/* Statements that are kept prepared, the latest used ones; each_row() may run within each_row(). */
#define READER_KEPT 32
struct kept_row {
	sqlite3_stmt *q;
	bool running;
	uint64_t used;
};

/* The chart of a recording (chart.h): its own, or the one made in memory. */
struct reader_chart {
	sqlite3 *db;            /* where its tables are; the reader's own, or */
	sqlite3 *memory;        /* NULL = they are in the file */
	struct chart *maker;
	int64_t event, smi;     /* up to these ids it is made */
	int64_t until_ns;       /* the entries before this are in its sums */
	int64_t zones_end;      /* the id behind its zones, as it was found; 0 = not yet */
	bool ready;
};

/* What reader_id_at() has found: a window's columns are asked for again and again. */
#define READER_EDGES 1024
#define READER_PROBES 4096 /* and where it looked on the way: every search begins alike */
struct edge {
	int64_t ts, id;         /* id 0 = empty */
};

struct reader {
	sqlite3 *db;
	char path[PATH_MAX];
	struct reader_summary summary;
	int64_t first_id;
	int64_t disorder_ns;    /* an event is older than one before it by this at most */
	int data_version;
	int version;            /* of the schema */
	bool has_raw;           /* it has the tables of what events were made of */
	sqlite3_stmt *meta;
	int64_t deadline;       /* CLOCK_MONOTONIC, 0 = none */
	struct kept_row kept[READER_KEPT];
	uint64_t uses;
	struct reader_chart chart;
	struct edge edge[READER_EDGES], probe[READER_PROBES];
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

/* The same where the chart is. */
int each_chart_row(struct reader *r, const char *sql, int n, const int64_t *bind,
		   int (*row)(sqlite3_stmt *q, void *arg), void *arg, struct error *err);

/* Find out whether the file has a chart, or begin one in memory; let go of it. */
int open_chart(struct reader *r, struct error *err);
void close_chart(struct reader *r);

/*
 * The next stretch of ids in [@range[0], @range[1]) that may hold events of the kinds and the CPU of @f, from
 * the beginning or (backwards) from the end, into @part; @zones of the chart at most are joined. 1, 0 = none is
 * left, or negative.
 */
int next_part(struct reader *r, const struct reader_filter *f, const int64_t range[2], int zones, int64_t part[2],
	      struct error *err);

/*
 * The first id whose event is not before @ts, when ids grow with time; where they do not, events of that time
 * may be on either side of it. Answers are kept until the recording changes.
 */
int reader_id_at(struct reader *r, int64_t ts, int64_t *id, struct error *err);

/* Before the connection is closed. */
void forget_statements(struct reader *r);

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
