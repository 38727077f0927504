/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How fast is the database writer? Beside it, in the same run and by turns, a bare
 * loop: one prepared INSERT of the same events into the same schema with the same
 * pragmas and commits, and nothing else. The difference is what the derived tables
 * cost. And by turns with them the writer with what each event was made of, as a
 * guest's events bring it: a stop reply, a line of the log, the save state of an entry.
 * Each run is a process of its own, so the memory is the writer's.
 *
 *     writer [EVENTS [ROUNDS]]
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../db/writer.h"
#include "../../tracer/clock.h"

#define MAX_ROUNDS 51
#define COMMIT_EVENTS 4096
#define CPUS 4

static const char schema[] =
#include "db/schema.sql.h"
;

static int events = 200000;
static char path[256];

static void die(const char *what)
{
	fprintf(stderr, "bench writer: %s\n", what);
	_exit(1);
}

/* What a guest under OVMF gives: a port write, then every CPU's entry, stop, RSM and stop. */
static struct event event_at(int i)
{
	static const uint8_t kinds[] = { EV_PORT, EV_SMI_ENTER, EV_PAUSE, EV_SMI_LEAVE, EV_PAUSE };
	int place = i % (1 + 4 * CPUS);
	int turn = place ? 1 + (place - 1) / CPUS : 0;
	struct event ev = event_new((enum event_kind)kinds[turn], SRC_GDB, place % CPUS, 1000000ll * i);

	for (unsigned k = 0; k < event_info[ev.kind].fields; k++)
		event_set(&ev, k, 0x7ffb7000u + (uint64_t)place * 0x2000 + k);
	if (ev.kind == EV_PORT) {
		ev.arg[PORT_PORT] = 0xb2;
		ev.arg[PORT_DIR] = DIR_WRITE;
	}
	if (ev.kind == EV_SMI_LEAVE)
		ev.arg[SMI_LEAVE_VIA] = VIA_BREAKPOINT;
	return ev;
}

/* What it was made of; lives until the next call. */
static struct raw raw_of(const struct event *ev)
{
	static uint8_t state[RAW_STATE_MAX];
	static char text[100];
	struct raw raw;
	int len;

	if (ev->kind == EV_PORT)
		len = snprintf(text, sizeof(text), "3714@%lld.%06lld:apm_io_write write addr=0x0 val=0x04",
			       (long long)ev->ts / 1000000000, (long long)ev->ts / 1000 % 1000000);
	else
		len = snprintf(text, sizeof(text), "T05thread:p01.%02x;rwatch:000000007ffb7%03x;", ev->cpu + 1,
			       (unsigned)(ev->ts & 0xfff));
	raw = raw_text(text, (size_t)len);
	if (ev->kind == EV_SMI_ENTER) {
		memset(state, (int)ev->ts, sizeof(state));
		raw.state = state;
		raw.state_len = sizeof(state);
	}
	return raw;
}

static void write_events(bool with_raw)
{
	static struct model m;
	struct error err;
	struct writer *w = writer_open(path, true, &err);

	if (!w)
		die(err.text);
	model_init(&m);
	for (int i = 1; i <= events; i++) {
		struct event ev = event_at(i);
		struct cpu before = m.cpu[ev.cpu];
		struct raw raw = raw_of(&ev);
		struct sink_event se = { .id = i, .ev = &ev, .before = &before, .model = &m,
					 .raw = with_raw && ev.kind != EV_PAUSE ? &raw : NULL };

		se.after = model_apply(&m, i, &ev);
		if (writer_sink(w)->ops->event(writer_sink(w), &se, &err) < 0)
			die(err.text);
	}
	if (writer_close(w, &err) < 0)
		die(err.text);
}

static void run_writer(void)
{
	write_events(false);
}

static void run_writer_with_raw(void)
{
	write_events(true);
}

static void exec_sql(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL))
		die(sqlite3_errmsg(db));
}

static void bare_insert(sqlite3 *db, sqlite3_stmt *q, int i)
{
	struct event ev = event_at(i);

	sqlite3_bind_int64(q, 1, i);
	sqlite3_bind_int64(q, 2, ev.ts);
	sqlite3_bind_int(q, 3, ev.cpu);
	sqlite3_bind_int(q, 4, ev.kind);
	sqlite3_bind_int(q, 5, ev.source);
	sqlite3_bind_int(q, 6, ev.origin);
	for (unsigned k = 0; k < EVENT_ARGS; k++)
		if (event_has(&ev, k))
			sqlite3_bind_int64(q, 7 + (int)k, (int64_t)ev.arg[k]);
		else
			sqlite3_bind_null(q, 7 + (int)k);
	if (sqlite3_step(q) != SQLITE_DONE)
		die(sqlite3_errmsg(db));
	sqlite3_reset(q);
}

static void run_bare(void)
{
	sqlite3_stmt *q;
	sqlite3 *db;

	if (sqlite3_open(path, &db))
		die("cannot open");
	exec_sql(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
		 "PRAGMA wal_autocheckpoint = 4096");
	exec_sql(db, schema);
	sqlite3_prepare_v2(db, "INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", -1, &q,
			   NULL);
	exec_sql(db, "BEGIN");
	for (int i = 1; i <= events; i++) {
		bare_insert(db, q, i);
		if (i % COMMIT_EVENTS == 0)
			exec_sql(db, "COMMIT; BEGIN");
	}
	exec_sql(db, "COMMIT; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE");
	sqlite3_finalize(q);
	sqlite3_close(db);
}

static void remove_files(void)
{
	static const char *const suffix[] = { "", "-wal", "-shm", "-journal" };
	char name[300];

	for (unsigned i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "%s%s", path, suffix[i]);
		unlink(name);
	}
}

/* Events a second of @work in a child; its peak memory in *kib. */
static double measure(void (*work)(void), long *kib)
{
	struct rusage use;
	int64_t began;
	int status;
	pid_t pid;

	remove_files();
	began = clock_now();
	pid = fork();
	if (!pid) {
		work();
		_exit(0);
	}
	if (wait4(pid, &status, 0, &use) != pid || status)
		exit(1);
	*kib = use.ru_maxrss;
	return events * 1e9 / (double)(clock_now() - began);
}

static int smaller(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static double median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof(*v), smaller);
	return v[n / 2];
}

int main(int argc, char **argv)
{
	double writer[MAX_ROUNDS], with_raw[MAX_ROUNDS], bare[MAX_ROUNDS];
	char dir[200];
	long kib = 0, raw_kib = 0, unused;
	int rounds = argc > 2 ? atoi(argv[2]) : 7;

	events = argc > 1 ? atoi(argv[1]) : events;
	rounds = rounds < 1 ? 1 : rounds > MAX_ROUNDS ? MAX_ROUNDS : rounds;
	snprintf(dir, sizeof(dir), "%s/smmtrace-bench.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(dir))
		die("cannot make a directory");
	snprintf(path, sizeof(path), "%s/r.db", dir);
	for (int i = 0; i < rounds; i++) {
		writer[i] = measure(run_writer, &kib);
		with_raw[i] = measure(run_writer_with_raw, &raw_kib);
		bare[i] = measure(run_bare, &unused);
	}
	remove_files();
	rmdir(dir);
	printf("writer: %.0f events/s, bare %.0f, ratio %.2f, rss %.1f M, with raw %.0f, rss %.1f M\n",
	       median(writer, rounds), median(bare, rounds), median(bare, rounds) / median(writer, rounds),
	       (double)kib / 1024, median(with_raw, rounds), (double)raw_kib / 1024);
	return 0;
}
