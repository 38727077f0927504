/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What writer, reader and query share about the file itself: its identity, who
 * is writing it, and how SQLite's failures become one line.
 *
 * A recorder holds an flock() on the recording's -wal file as long as it lives,
 * so "is somebody recording this" has one answer that no crash, copy or reused
 * pid can falsify. It is not put on the database itself: closing any descriptor of
 * that file would drop SQLite's own POSIX locks in the same process
 * (sqlite.org/howtocorrupt.html, 2.2), and attach reads what it is writing.
 * A child forked without exec shares the lock until it ends.
 */
#ifndef DB_RECORDING_H
#define DB_RECORDING_H

#include <sqlite3.h>
#include <stdbool.h>

#include "../gdbproto/error.h"

#define RECORDING_APPLICATION_ID 0x534d4d54 /* "SMMT" */
#define RECORDING_VERSION 2
#define RECORDING_FINDINGS 2 /* since then it holds steps, evidence, invariants and a verdict */

/* Does a recorder write @path at this moment? */
bool recording_in_use(const char *path);

/* Claim the open WAL database @path for this recorder: a descriptor to close() at the end, or negative. */
int recording_claim(const char *path, struct error *err);

/*
 * Open a finished, living or crashed recording for reading. The connection is
 * hardened for hostile files (read-only, query_only, untrusted schema, no memory
 * map, tight limits), and the file is known to be a recording of a schema this
 * program reads: every table and view of it is there and has the right columns.
 * ERR_USAGE: no such file, no permission. ERR_CORRUPT: anything else.
 */
sqlite3 *recording_open(const char *path, struct error *err);

/*
 * The same for a recording that was seen to end, by its absolute path: nobody writes it any
 * more, so it is read without locks, and its recorder can finish turning it into one file.
 */
sqlite3 *recording_open_ended(const char *path, struct error *err);

/* The schema's version of an open recording. Before an authorizer forbids to ask. */
int recording_version(sqlite3 *db);

/* Has it the tables zone and smi_sum, as they should be? Those of an older smmtrace have not. */
bool recording_has_chart(sqlite3 *db);

/* Has it the tables of what events were made of? Those of an older smmtrace have not. */
bool recording_has_raw(sqlite3 *db);

/* ERR_CORRUPT when the file is at fault, else @code; "DOING: REASON" with the system's reason if any. */
int recording_fail(struct error *err, enum error_code code, sqlite3 *db, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
