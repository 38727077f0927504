/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bookmark.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "reader-rows.h"
#include "recording.h"

#define STEPS_AT_MOST 100000 /* of SQLite's machine, in thousands of which it asks; a hostile file may be endless */

struct taking {
	int (*cb)(void *arg, const struct bookmark *b);
	void *arg;
};

static int take_row(sqlite3_stmt *q, void *arg)
{
	struct taking *t = arg;
	const char *text = (const char *)sqlite3_column_text(q, 2);
	int64_t v[] = { -1, CPU_UNKNOWN };
	struct bookmark b;

	if (!get_ints(q, 2, v) || !text || !is_sane(v[0]) || v[1] < CPU_UNKNOWN || v[1] >= EVENT_MAX_CPUS)
		return 0; /* not one of ours */
	b = (struct bookmark){ .ts_ns = v[0], .cpu = (int)v[1] };
	snprintf(b.text, sizeof(b.text), "%s", text);
	return t->cb(t->arg, &b);
}

int reader_bookmarks(struct reader *r, int (*cb)(void *arg, const struct bookmark *b), void *arg, struct error *err)
{
	struct taking t = { cb, arg };
	int64_t there = 0;

	if (each_row(r, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'bookmark' AND"
		     " 3 = (SELECT count(*) FROM pragma_table_info('bookmark') WHERE name IN ('ts_ns', 'cpu', 'text'))",
		     0, NULL, one_number, &there, err) < 0)
		return -1;
	return there ? each_row(r, "SELECT ts_ns, cpu, substr(text, 1, 79) FROM bookmark ORDER BY ts_ns LIMIT 1000", 0,
				NULL, take_row, &t, err) : 0;
}

static int enough(void *steps)
{
	return ++*(int *)steps > STEPS_AT_MOST / 1000;
}

/* A connection that writes, for a file that may be hostile. */
static sqlite3 *open_to_write(const char *path, int *steps)
{
	sqlite3 *db = NULL;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, NULL))
		return db;
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_busy_timeout(db, 0);
	sqlite3_progress_handler(db, 1000, enough, steps);
	return db;
}

static int run(sqlite3 *db, const char *sql, const struct bookmark *b)
{
	sqlite3_stmt *q;
	int rc = sqlite3_prepare_v2(db, sql, -1, &q, NULL);

	if (rc)
		return rc;
	sqlite3_bind_int64(q, 1, b->ts_ns);
	sqlite3_bind_int(q, 2, b->cpu);
	sqlite3_bind_text(q, 3, b->text, -1, SQLITE_STATIC);
	sqlite3_step(q);
	return sqlite3_finalize(q);
}

static int write_it(const char *path, const struct bookmark *b, struct error *err)
{
	int steps = 0, rc = 0;
	sqlite3 *db = open_to_write(path, &steps);

	if (!db || sqlite3_errcode(db) || sqlite3_exec(db, "BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS bookmark"
			"(ts_ns INTEGER PRIMARY KEY, cpu INTEGER NOT NULL, text TEXT NOT NULL) STRICT", NULL, NULL, NULL) ||
	    run(db, *b->text ? "INSERT OR REPLACE INTO bookmark VALUES (?, ?, ?)" :
		"DELETE FROM bookmark WHERE ts_ns = ?", b) || sqlite3_exec(db, "COMMIT", NULL, NULL, NULL))
		rc = recording_fail(err, ERR_OUTPUT, db, "%s", path);
	sqlite3_close(db);
	return rc;
}

/* A journal has to be made beside the file. */
static bool folder_is_writable(const char *path)
{
	char folder[PATH_MAX];
	char *slash;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (!slash)
		return !access(".", W_OK | X_OK);
	slash[slash == folder] = '\0';
	return !access(folder, W_OK | X_OK);
}

int reader_keep_bookmark(struct reader *r, const struct bookmark *b, struct error *err)
{
	int rc;

	if (!r->summary.closed)
		return fail(err, ERR_OUTPUT, r->summary.live ? "the recording is still being written" :
			    "the recording was not ended cleanly");
	if (access(r->path, W_OK))
		return fail(err, ERR_OUTPUT, "the recording is read-only");
	if (!folder_is_writable(r->path))
		return fail(err, ERR_OUTPUT, "the recording's folder is read-only");
	reader_disconnect(r); /* it holds a lock that a writer needs */
	rc = write_it(r->path, b, err);
	return reader_connect(r, err) < 0 ? -(int)ERR_CORRUPT : rc;
}
