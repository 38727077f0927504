/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A recording in a directory of its own, written through a model, for the
 * tests of db/. Included once per test program.
 */
#ifndef TESTS_UNIT_RECORDING_FIXTURE_H
#define TESTS_UNIT_RECORDING_FIXTURE_H

#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../db/reader.h"
#include "../../db/writer.h"
#include "../../tracer/event-text.h"

#include <cmocka.h> /* last: it has a macro fail() */

#define KEPT 100 /* how many events are remembered */

struct fixture {
	char dir[200], path[PATH_MAX], text[4096];
	struct writer *writer;
	struct reader *reader;
	struct model model;
	int64_t n;
	struct event sent[KEPT]; /* by id */
};

static inline void begin_recording(struct fixture *f)
{
	struct error err = { 0 };

	model_init(&f->model);
	f->writer = writer_open(f->path, false, &err);
	if (!f->writer)
		fail_msg("%s", err.text);
}

static inline int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	snprintf(f->dir, sizeof(f->dir), "%s/smmtrace-test.XXXXXX",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/r.db", f->dir);
	begin_recording(f);
	*state = f;
	return 0;
}

static inline bool exists_beside(struct fixture *f, const char *suffix)
{
	char name[PATH_MAX + 16];

	snprintf(name, sizeof(name), "%s%s", f->path, suffix);
	return access(name, F_OK) == 0;
}

static inline int fixture_teardown(void **state)
{
	static const char *const suffix[] = { "", "-wal", "-shm", "-journal" };
	struct fixture *f = *state;
	char name[PATH_MAX + 16];

	reader_close(f->reader);
	if (f->writer)
		writer_close(f->writer, NULL);
	for (unsigned i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "%s%s", f->path, suffix[i]);
		unlink(name);
	}
	rmdir(f->dir);
	free(f);
	return 0;
}

static inline int record_try(struct fixture *f, const struct event *ev, struct error *err)
{
	struct sink_event se = { .id = ++f->n, .ev = ev, .model = &f->model };
	struct sink *s = writer_sink(f->writer);
	struct cpu before;

	if (ev->cpu >= 0) {
		before = f->model.cpu[ev->cpu];
		se.before = &before;
	}
	se.after = model_apply(&f->model, se.id, ev);
	if (f->n < KEPT)
		f->sent[f->n] = *ev;
	return s->ops->event(s, &se, err);
}

static inline void record(struct fixture *f, const struct event *ev)
{
	struct error err = { 0 };

	if (record_try(f, ev, &err) < 0)
		fail_msg("%s", err.text);
}

/* Events in their text form, one a line. */
static inline void record_lines(struct fixture *f, const char *lines)
{
	char *copy = strdup(lines), *save = NULL;

	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct error err = { 0 };
		struct event ev;

		if (event_parse(&ev, line, &err) < 0)
			fail_msg("%s", err.text);
		record(f, &ev);
	}
	free(copy);
}

static inline void flush(struct fixture *f)
{
	struct sink *s = writer_sink(f->writer);

	assert_int_equal(s->ops->flush(s, NULL), 0);
}

static inline void finish(struct fixture *f)
{
	struct error err = { 0 };

	if (writer_close(f->writer, &err) < 0)
		fail_msg("%s", err.text);
	f->writer = NULL;
}

static inline void look(struct fixture *f)
{
	struct error err = { 0 };

	f->reader = reader_open(f->path, &err);
	if (!f->reader)
		fail_msg("%s", err.text);
}

static inline int keep_text(void *arg, int columns, const char *const *value, const char *const *name)
{
	struct fixture *f = arg;

	assert_int_equal(columns, 1);
	assert_non_null(name[0]);
	snprintf(f->text, sizeof(f->text), "%s", value[0] ? value[0] : "NULL");
	return 0;
}

/* The last row of a one-column question. */
static inline const char *text_of(struct fixture *f, const char *sql)
{
	struct error err = { 0 };

	snprintf(f->text, sizeof(f->text), "(no row)");
	if (reader_rows(f->reader, sql, keep_text, f, &err) < 0)
		fail_msg("%s", err.text);
	return f->text;
}

static inline void assert_same_event(const struct event *a, const struct event *b)
{
	assert_int_equal(a->ts, b->ts);
	assert_int_equal(a->cpu, b->cpu);
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->source, b->source);
	assert_int_equal(a->origin, b->origin);
	assert_int_equal(a->known, b->known);
	for (unsigned i = 0; i < EVENT_ARGS; i++)
		if (event_has(b, i))
			assert_true(a->arg[i] == b->arg[i]);
}

static inline void mount_small(const char *dir)
{
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", dir, "tmpfs", 0, "size=1m"))
		_exit(77);
}

/* May this process mount a file system in a name space of its own? */
static inline bool can_mount(void)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		mount_small("/tmp");
		_exit(0);
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

#endif
