/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "writer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "derive.h"
#include "evidence.h"
#include "findings.h"
#include "recording.h"
#include "../tracer/clock.h"

#define COMMIT_EVENTS 4096
#define CLOSE_BUSY_MS 700 /* readers look, and step aside, several times a second */

static const char schema[] =
#include "db/schema.sql.h"
;

struct writer {
	struct sink sink;       /* first: the hooks find the writer by it */
	char path[PATH_MAX];    /* absolute */
	sqlite3 *db;
	int claim;              /* descriptor of recording_claim() */
	sqlite3_stmt *insert, *set_meta, *drop_meta, *begin, *commit;
	struct derive *derive;
	struct findings *findings;
	struct evidence *evidence;
	int pending;            /* events in the open transaction */
	bool in_transaction;
	bool failed;            /* nothing can be written any more */
	struct error why;
};

static int writer_fail(struct writer *w, struct error *err)
{
	if (!w->failed)
		recording_fail(&w->why, ERR_OUTPUT, w->db, "cannot write %s", w->path);
	w->failed = true;
	if (err)
		*err = w->why;
	return -(int)w->why.code;
}

static int step(struct writer *w, sqlite3_stmt *q, struct error *err)
{
	int rc = sqlite3_step(q);

	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		writer_fail(w, err);
	sqlite3_reset(q);
	return w->failed ? -(int)w->why.code : 0;
}

static int begin(struct writer *w, struct error *err)
{
	if (w->failed)
		return writer_fail(w, err);
	if (!w->in_transaction && step(w, w->begin, err) < 0)
		return -(int)w->why.code;
	w->in_transaction = true;
	return 0;
}

static int commit(struct writer *w, struct error *err)
{
	if (w->failed)
		return writer_fail(w, err);
	if (!w->in_transaction)
		return 0;
	if (w->pending && derive_flush(w->derive))
		return writer_fail(w, err);
	if (step(w, w->commit, err) < 0)
		return -(int)w->why.code;
	w->in_transaction = false;
	w->pending = 0;
	return 0;
}

static int insert_event(struct writer *w, const struct sink_event *se, struct error *err)
{
	const struct event *ev = se->ev;
	sqlite3_stmt *q = w->insert;

	sqlite3_bind_int64(q, 1, se->id);
	sqlite3_bind_int64(q, 2, ev->ts);
	if (ev->cpu == CPU_UNKNOWN)
		sqlite3_bind_null(q, 3);
	else
		sqlite3_bind_int(q, 3, ev->cpu);
	sqlite3_bind_int(q, 4, ev->kind);
	sqlite3_bind_int(q, 5, ev->source);
	sqlite3_bind_int(q, 6, ev->origin);
	for (int i = 0; i < EVENT_ARGS; i++)
		if (event_has(ev, (unsigned)i))
			sqlite3_bind_int64(q, 7 + i, (int64_t)ev->arg[i]);
		else
			sqlite3_bind_null(q, 7 + i);
	return step(w, q, err);
}

static int on_event(struct sink *s, const struct sink_event *se, struct error *err)
{
	struct writer *w = (struct writer *)s;

	if (begin(w, err) < 0 || insert_event(w, se, err) < 0)
		return -(int)w->why.code;
	if (derive_event(w->derive, se) || evidence_event(w->evidence, se))
		return writer_fail(w, err);
	return ++w->pending >= COMMIT_EVENTS ? commit(w, err) : 0;
}

static int on_flush(struct sink *s, struct error *err)
{
	return commit((struct writer *)s, err);
}

/* on_violation() and so on: one finding goes into the open transaction. */
#define FINDING_HOOK(hook, type)                                                     \
	static int on_##hook(struct sink *s, const struct type *what, struct error *err) \
	{                                                                            \
		struct writer *w = (struct writer *)s;                               \
                                                                                     \
		if (begin(w, err) < 0)                                               \
			return -(int)w->why.code;                                    \
		return findings_##hook(w->findings, what) ? writer_fail(w, err) : 0; \
	}
FINDING_HOOK(violation, violation)
FINDING_HOOK(episode, episode)
FINDING_HOOK(verdict, verdict)
FINDING_HOOK(results, check_result)

static const struct sink_ops writer_ops = {
	.name = "database", .event = on_event, .violation = on_violation, .episode = on_episode,
	.verdict = on_verdict, .results = on_results, .flush = on_flush,
};

struct sink *writer_sink(struct writer *w)
{
	return &w->sink;
}

int writer_meta(struct writer *w, const char *key, const char *value, struct error *err)
{
	if (begin(w, err) < 0)
		return -(int)w->why.code;
	if (!value) {
		sqlite3_bind_text(w->drop_meta, 1, key, -1, SQLITE_TRANSIENT);
		return step(w, w->drop_meta, err);
	}
	sqlite3_bind_text(w->set_meta, 1, key, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(w->set_meta, 2, value, -1, SQLITE_TRANSIENT);
	return step(w, w->set_meta, err);
}

static int meta_number(struct writer *w, const char *key, int64_t value, struct error *err)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	return writer_meta(w, key, text, err);
}

static int meta_now(struct writer *w, const char *key, struct error *err)
{
	char text[40];
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return writer_meta(w, key, text, err);
}

/* Wall-clock time = recorded time + this. */
static int64_t clock_offset_ns(void)
{
	struct clock_sync sync = { 0 };

	clock_measure(&sync);
	return -sync.offset;
}

static int write_first_meta(struct writer *w, struct error *err)
{
	if (writer_meta(w, "closed", "0", err) < 0 ||
	    writer_meta(w, "smmtrace_version", SMMTRACE_VERSION, err) < 0 ||
	    meta_now(w, "started", err) < 0 ||
	    meta_number(w, "clock_offset_ns", clock_offset_ns(), err) < 0 ||
	    meta_number(w, "pid", getpid(), err) < 0)
		return -(int)w->why.code;
	return 0;
}

/* WAL first: the schema must already be written through it, so that a -wal exists to claim. */
static int create_schema(struct writer *w, struct error *err)
{
	if (sqlite3_exec(w->db, "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL;"
			 "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4096; BEGIN IMMEDIATE",
			 NULL, NULL, NULL) ||
	    sqlite3_exec(w->db, schema, NULL, NULL, NULL) || dictionary_fill(w->db) ||
	    sqlite3_exec(w->db, "COMMIT", NULL, NULL, NULL))
		return writer_fail(w, err);
	return 0;
}

static int prepare(struct writer *w, struct error *err)
{
	const struct {
		sqlite3_stmt **stmt;
		const char *sql;
	} list[] = {
		{ &w->insert, "INSERT INTO event (id, ts_ns, cpu, kind, source, origin, a0, a1, a2, a3, a4,"
			      " a5, a6, a7) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)" },
		{ &w->set_meta, "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)" },
		{ &w->drop_meta, "DELETE FROM meta WHERE key = ?" },
		{ &w->begin, "BEGIN IMMEDIATE" },
		{ &w->commit, "COMMIT" },
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++)
		if (sqlite3_prepare_v3(w->db, list[i].sql, -1, SQLITE_PREPARE_PERSISTENT, list[i].stmt, NULL))
			return writer_fail(w, err);
	w->derive = derive_new(w->db);
	w->findings = w->derive ? findings_new(w->db) : NULL;
	w->evidence = w->findings ? evidence_new(w->db) : NULL;
	return w->evidence ? 0 : writer_fail(w, err);
}

static const char *const suffix[] = { "", "-wal", "-shm", "-journal" };

static int remove_old(const char *path, struct error *err)
{
	char name[PATH_MAX + 16];

	for (size_t i = 0; i < sizeof(suffix) / sizeof(*suffix); i++) {
		snprintf(name, sizeof(name), "%s%s", path, suffix[i]);
		if (unlink(name) < 0 && errno != ENOENT)
			return fail_errno(err, ERR_OUTPUT, "cannot replace %s", name);
	}
	return 0;
}

/* Companions of a recording that is not there belong to something else. */
static int check_companions(const char *path, struct error *err)
{
	for (size_t i = 1; i < sizeof(suffix) / sizeof(*suffix); i++) {
		char name[PATH_MAX + 16];

		snprintf(name, sizeof(name), "%s%s", path, suffix[i]);
		if (!access(name, F_OK))
			return fail(err, ERR_OUTPUT, "%s exists and would be overwritten; choose another name", name);
	}
	return 0;
}

static int check_folder(const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX] = ".";

	if (slash)
		snprintf(dir, sizeof(dir), "%.*s", slash == path ? 1 : (int)(slash - path), path);
	return access(dir, W_OK | X_OK) ? fail_errno(err, ERR_OUTPUT, "cannot create %s", path) : 0;
}

int writer_check(const char *path, bool force, struct error *err)
{
	struct stat st;
	bool exists = !stat(path, &st);

	if (recording_in_use(path))
		return fail(err, ERR_OUTPUT, "%s is being recorded by another smmtrace", path);
	if (exists && !S_ISREG(st.st_mode))
		return fail(err, ERR_OUTPUT, "%s is not a plain file", path);
	if (exists && !force)
		return fail(err, ERR_OUTPUT, "%s exists; choose another name, or overwrite it with --force",
			    path);
	if (!exists && check_companions(path, err) < 0)
		return -(int)ERR_OUTPUT;
	return check_folder(path, err);
}

/* Make an empty file at @path that is ours; its absolute name goes to @real. */
static int create_file(const char *path, bool force, char *real, struct error *err)
{
	int fd;

	if (writer_check(path, force, err) < 0 || remove_old(path, err) < 0)
		return -(int)ERR_OUTPUT;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return fail_errno(err, ERR_OUTPUT, "cannot create %s", path);
	close(fd);
	if (!realpath(path, real))
		return fail_errno(err, ERR_OUTPUT, "cannot create %s", path);
	return 0;
}

static int open_database(struct writer *w, struct error *err)
{
	if (sqlite3_open_v2(w->path, &w->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL))
		return writer_fail(w, err);
	sqlite3_busy_timeout(w->db, 2000);
	if (create_schema(w, err) < 0)
		return -(int)ERR_OUTPUT;
	w->claim = recording_claim(w->path, err);
	if (w->claim < 0 || prepare(w, err) < 0 || write_first_meta(w, err) < 0)
		return -(int)ERR_OUTPUT;
	return commit(w, err);
}

static void writer_free(struct writer *w)
{
	derive_free(w->derive);
	findings_free(w->findings);
	evidence_free(w->evidence);
	sqlite3_finalize(w->insert);
	sqlite3_finalize(w->set_meta);
	sqlite3_finalize(w->drop_meta);
	sqlite3_finalize(w->begin);
	sqlite3_finalize(w->commit);
	sqlite3_close(w->db);
	if (w->claim >= 0)
		close(w->claim);
	free(w);
}

struct writer *writer_open(const char *path, bool force, struct error *err)
{
	struct writer *w = calloc(1, sizeof(*w));

	if (!w) {
		fail(err, ERR_OUTPUT, "no memory");
		return NULL;
	}
	w->sink.ops = &writer_ops;
	w->claim = -1;
	if (create_file(path, force, w->path, err) < 0) {
		free(w);
		return NULL;
	}
	if (open_database(w, err) < 0) {
		char name[PATH_MAX];

		memcpy(name, w->path, sizeof(name));
		writer_free(w);
		remove_old(name, NULL);
		return NULL;
	}
	return w;
}

static bool leave_wal(struct writer *w)
{
	const char *mode;
	sqlite3_stmt *q;
	bool left = false;

	if (!sqlite3_prepare_v2(w->db, "PRAGMA journal_mode = DELETE", -1, &q, NULL) &&
	    sqlite3_step(q) == SQLITE_ROW) {
		mode = (const char *)sqlite3_column_text(q, 0);
		left = mode && !strcmp(mode, "delete");
	}
	sqlite3_finalize(q);
	return left;
}

/* A reader that does not step aside keeps the -wal in use: it stays then, and belongs to the file. */
static void become_one_file(struct writer *w)
{
	const struct timespec moment = { .tv_nsec = 5000000 };
	int tries = CLOSE_BUSY_MS / 5;

	sqlite3_busy_timeout(w->db, CLOSE_BUSY_MS);
	sqlite3_wal_checkpoint_v2(w->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	sqlite3_busy_timeout(w->db, 0);
	while (!leave_wal(w) && --tries) /* SQLite does not wait here by itself */
		nanosleep(&moment, NULL);
}

int writer_close(struct writer *w, struct error *err)
{
	int rc = commit(w, err);

	if (!rc)
		rc = meta_now(w, "ended", err);
	if (!rc)
		rc = writer_meta(w, "closed", "1", err);
	if (!rc)
		rc = commit(w, err);
	if (!rc)
		become_one_file(w);
	else if (!sqlite3_get_autocommit(w->db))
		sqlite3_exec(w->db, "ROLLBACK", NULL, NULL, NULL);
	writer_free(w);
	return rc;
}
