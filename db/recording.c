/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recording.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BUSY_MS 2000
#define CACHE_KIB "-16384" /* the pages that a window of millions of events needs again with the next key */

static int open_wal(const char *path)
{
	char wal[PATH_MAX + 8];

	snprintf(wal, sizeof(wal), "%s-wal", path);
	return open(wal, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

bool recording_in_use(const char *path)
{
	int fd = open_wal(path);
	bool in_use;

	if (fd < 0)
		return false;
	in_use = flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
	close(fd);
	return in_use;
}

int recording_claim(const char *path, struct error *err)
{
	const struct timespec moment = { .tv_nsec = 2000000 }; /* a reader that looks holds it this short */
	int fd = open_wal(path);

	if (fd < 0)
		return fail_errno(err, ERR_OUTPUT, "%s-wal", path);
	for (int tries = 0; tries < 50; tries++) {
		if (!flock(fd, LOCK_EX | LOCK_NB))
			return fd;
		nanosleep(&moment, NULL);
	}
	close(fd);
	return fail(err, ERR_OUTPUT, "%s is being recorded by another smmtrace", path);
}

int recording_fail(struct error *err, enum error_code code, sqlite3 *db, const char *fmt, ...)
{
	int rc = sqlite3_errcode(db), why = sqlite3_system_errno(db);
	char doing[384];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(doing, sizeof(doing), fmt, ap);
	va_end(ap);
	if (rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB)
		code = ERR_CORRUPT;
	if (rc == SQLITE_FULL)
		why = ENOSPC;
	if (why && (rc == SQLITE_FULL || rc == SQLITE_IOERR || rc == SQLITE_CANTOPEN))
		return fail(err, code, "%s: %s", doing, strerror(why));
	return fail(err, code, "%s: %s", doing, sqlite3_errmsg(db));
}

static const struct limit {
	int id, value;
} limits[] = {
	{ SQLITE_LIMIT_LENGTH, 1000000 },
	{ SQLITE_LIMIT_SQL_LENGTH, 100000 },
	{ SQLITE_LIMIT_COLUMN, 200 },
	{ SQLITE_LIMIT_EXPR_DEPTH, 200 },
	{ SQLITE_LIMIT_COMPOUND_SELECT, 50 },
	{ SQLITE_LIMIT_VDBE_OP, 100000 },
	{ SQLITE_LIMIT_FUNCTION_ARG, 100 },
	{ SQLITE_LIMIT_ATTACHED, 0 },
	{ SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000 },
	{ SQLITE_LIMIT_WORKER_THREADS, 0 },
};

static const struct limit switches[] = {
	{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
	{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
	{ SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
	{ SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
	{ SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0 },
	{ SQLITE_DBCONFIG_DQS_DDL, 0 },
	{ SQLITE_DBCONFIG_DQS_DML, 0 },
};

/* Nothing here reads the file, so nothing here can fail on it. */
static void harden(sqlite3 *db)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++)
		sqlite3_limit(db, limits[i].id, limits[i].value);
	for (size_t i = 0; i < sizeof(switches) / sizeof(*switches); i++)
		sqlite3_db_config(db, switches[i].id, switches[i].value, NULL);
	sqlite3_busy_timeout(db, BUSY_MS);
	sqlite3_exec(db, "PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON; PRAGMA query_only = ON;"
		     "PRAGMA cache_size = " CACHE_KIB, NULL, NULL, NULL);
}

/* What a recording must hold; every column is INTEGER unless marked: with a colon TEXT, with a dot BLOB. */
static const struct table {
	const char *name, *columns;
} tables[] = {
	{ "meta", ":key :value" },
	{ "event_kind", "kind :name :glyph :help" },
	{ "event_field", "kind position :name :format" },
	{ "event_source", "source :name :help" },
	{ "word", ":list value :text" },
	{ "event", "id ts_ns cpu kind source origin a0 a1 a2 a3 a4 a5 a6 a7" },
	{ "smi", "id cpu enter_ns leave_id leave_ns ended_by smbase cause cause_inferred apm_id apm_cmd "
		 "apm_data saved_rip" },
	{ "smbase", "id ts_ns cpu old new rip effective_ns effective_id" },
	{ "cpu", "cpu apic_id state since_ns smbase smbase_pending smis rsms added_ns removed_ns" },
	{ "total", ":name value" },
	{ "episode", "id :kind cpu :profile :status :step start_ns end_ns :verdict" },
	{ "violation", "id ts_ns cpu :invariant :severity :step :message" },
	{ NULL, NULL },
};

/* Since version 2. */
static const struct table findings_tables[] = {
	{ "episode", ":next stuck_ns :rendezvous cut_short" },
	{ "episode_step", "episode position :step :letter ts_ns event" },
	{ "violation", "e0 e1 e2 e3" },
	{ "invariant", "number :name :severity :step :status exercised violations :why" },
	{ "verdict", "position :subject :text" },
	{ NULL, NULL },
};

/* May be missing. */
static const struct table chart_tables[] = {
	{ "zone", "first kinds cpus" },
	{ "smi_sum", "cpu enter_ns smis smm_ns" },
	{ NULL, NULL },
};

/* Likewise. */
static const struct table raw_tables[] = {
	{ "event_raw", "event .bytes whole" },
	{ "smm_state", "event revision .bytes" },
	{ NULL, NULL },
};

static const char *const views[] = {
	"meta_v", "event_v", "smi_v", "smbase_v", "port_v", "ipi_v", "cpuhp_v", "cpu_v", "episode_v",
	"violation_v", "loss_v", "blind_v", "pause_v", NULL,
};
static const char *const findings_views[] = {
	"step_v", "invariant_v", "hang_v", "config_v", "handoff_v", NULL,
};

/* Is there a real @type of that name? Virtual tables have no root page. */
static bool object_exists(sqlite3 *db, const char *type, const char *name)
{
	sqlite3_stmt *q;
	bool found;

	if (sqlite3_prepare_v2(db, "SELECT 1 FROM sqlite_schema WHERE type = ?1 AND name = ?2"
			       " AND (rootpage > 0) = (?1 = 'table')", -1, &q, NULL))
		return false;
	sqlite3_bind_text(q, 1, type, -1, SQLITE_STATIC);
	sqlite3_bind_text(q, 2, name, -1, SQLITE_STATIC);
	found = sqlite3_step(q) == SQLITE_ROW;
	sqlite3_finalize(q);
	return found;
}

static bool columns_match(sqlite3 *db, const struct table *t)
{
	char copy[256], *save = NULL;

	snprintf(copy, sizeof(copy), "%s", t->columns);
	for (char *name = strtok_r(copy, " ", &save); name; name = strtok_r(NULL, " ", &save)) {
		const char *want = *name == ':' ? "TEXT" : *name == '.' ? "BLOB" : "INTEGER", *type = NULL;

		name += *want != 'I';
		if (sqlite3_table_column_metadata(db, "main", t->name, name, &type, NULL, NULL, NULL, NULL) ||
		    !type || strcmp(type, want))
			return false;
	}
	return true;
}

static int check_tables(sqlite3 *db, const char *path, const struct table *t, struct error *err)
{
	for (; t->name; t++)
		if (!object_exists(db, "table", t->name) || !columns_match(db, t))
			return fail(err, ERR_CORRUPT, "%s is damaged: table '%s' is not as it should be",
				    path, t->name);
	return 0;
}

static int check_views(sqlite3 *db, const char *path, const char *const *name, struct error *err)
{
	for (; *name; name++)
		if (!object_exists(db, "view", *name))
			return fail(err, ERR_CORRUPT, "%s is damaged: view '%s' is missing", path, *name);
	return 0;
}

static int check_schema(sqlite3 *db, const char *path, int version, struct error *err)
{
	bool findings = version >= RECORDING_FINDINGS;

	if (check_tables(db, path, tables, err) < 0 || check_views(db, path, views, err) < 0 ||
	    (findings && check_tables(db, path, findings_tables, err) < 0) ||
	    (findings && check_views(db, path, findings_views, err) < 0))
		return -(int)ERR_CORRUPT;
	return 0;
}

/* A pragma that answers with one number. 0, or SQLite's error. */
static int ask_number(sqlite3 *db, const char *sql, int *value)
{
	sqlite3_stmt *q;
	int rc = sqlite3_prepare_v2(db, sql, -1, &q, NULL);

	if (rc)
		return rc;
	if (sqlite3_step(q) == SQLITE_ROW)
		*value = sqlite3_column_int(q, 0);
	return sqlite3_finalize(q);
}

static int check_identity(sqlite3 *db, const char *path, struct error *err)
{
	int id = 0, version = 0;

	if (ask_number(db, "PRAGMA application_id", &id) || ask_number(db, "PRAGMA user_version", &version)) {
		if (sqlite3_errcode(db) == SQLITE_NOTADB)
			return fail(err, ERR_CORRUPT, "%s is not a recording of smmtrace", path);
		return recording_fail(err, ERR_CORRUPT, db, "cannot read %s", path);
	}
	if (id != RECORDING_APPLICATION_ID)
		return fail(err, ERR_CORRUPT, "%s is not a recording of smmtrace", path);
	if (version > RECORDING_VERSION)
		return fail(err, ERR_CORRUPT, "%s was made by a newer smmtrace (schema %d; this one reads"
			    " %d)", path, version, RECORDING_VERSION);
	return check_schema(db, path, version, err);
}

bool recording_has_chart(sqlite3 *db)
{
	return check_tables(db, "", chart_tables, NULL) >= 0;
}

bool recording_has_raw(sqlite3 *db)
{
	return check_tables(db, "", raw_tables, NULL) >= 0;
}

int recording_version(sqlite3 *db)
{
	int version = 0;

	return ask_number(db, "PRAGMA user_version", &version) ? 0 : version;
}

static sqlite3 *open_connection(const char *name, int flags)
{
	sqlite3 *db = NULL;

	if (sqlite3_open_v2(name, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | flags, NULL)) {
		sqlite3_close(db);
		return NULL;
	}
	sqlite3_extended_result_codes(db, 0);
	harden(db);
	return db;
}

/* As it stands, without -wal, -shm and locks: for a file in WAL mode where no -shm can be made. */
static sqlite3 *open_immutable(const char *path)
{
	size_t room = strlen(path) * 3 + 32, used = 0;
	char *name = malloc(room);
	sqlite3 *db = NULL;

	if (!name)
		return NULL;
	used = (size_t)snprintf(name, room, "file:");
	for (const char *c = path; *c; c++)
		used += (size_t)snprintf(name + used, room - used, strchr("%?#", *c) ? "%%%02x" : "%c",
					 (unsigned char)*c);
	snprintf(name + used, room - used, "?immutable=1");
	db = open_connection(name, SQLITE_OPEN_URI);
	free(name);
	return db;
}

/* Is everything in the file itself? */
static bool wal_is_empty(const char *path)
{
	char wal[PATH_MAX + 8];
	struct stat st;

	snprintf(wal, sizeof(wal), "%s-wal", path);
	return stat(wal, &st) < 0 || st.st_size == 0;
}

/* A WAL-mode file whose directory cannot be written: readable alone if its -wal is empty or gone. */
static sqlite3 *open_beside_wal(const char *path, struct error *err)
{
	sqlite3 *db;

	if (!wal_is_empty(path)) {
		fail(err, ERR_CORRUPT, "%s was not closed and cannot be read where it is; copy it together"
		     " with %s-wal to a directory that you can write", path, path);
		return NULL;
	}
	db = open_immutable(path);
	if (!db)
		fail(err, ERR_CORRUPT, "cannot read %s", path);
	return db;
}

static int check_file(const char *path, char *real, struct error *err)
{
	struct stat st;

	if (!realpath(path, real) || stat(real, &st) < 0)
		return fail_errno(err, ERR_USAGE, "%s", path);
	if (!S_ISREG(st.st_mode))
		return fail(err, ERR_CORRUPT, "%s is not a recording of smmtrace", path);
	if (access(real, R_OK) < 0)
		return fail_errno(err, ERR_USAGE, "cannot read %s", path);
	return 0;
}

/* @db, or NULL and closed if it is no recording. */
static sqlite3 *checked(sqlite3 *db, const char *path, struct error *err)
{
	if (check_identity(db, path, err) >= 0)
		return db;
	sqlite3_close(db);
	return NULL;
}

sqlite3 *recording_open(const char *path, struct error *err)
{
	char real[PATH_MAX];
	sqlite3 *db;
	int probe;

	if (check_file(path, real, err) < 0)
		return NULL;
	db = open_connection(real, 0);
	if (!db) {
		fail(err, ERR_CORRUPT, "cannot read %s", path);
		return NULL;
	}
	probe = ask_number(db, "SELECT count(*) FROM sqlite_schema", &(int){ 0 });
	if (probe == SQLITE_CANTOPEN || probe == SQLITE_READONLY) {
		sqlite3_close(db);
		db = open_beside_wal(real, err);
		if (!db)
			return NULL;
	}
	return checked(db, path, err);
}

sqlite3 *recording_open_ended(const char *path, struct error *err)
{
	sqlite3 *db = wal_is_empty(path) ? open_immutable(path) : NULL;

	return db ? checked(db, path, err) : recording_open(path, err);
}
