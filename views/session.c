/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "session.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../db/writer.h"
#include "../tracer/record.h"
#include "text.h"
#include "timeline.h"

bool session_shows_timeline(const struct session *s)
{
	const char *term = getenv("TERM");

	return !s->headless && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term && *term &&
	       strcmp(term, "dumb");
}

/* ---- recording ---- */

/* Counts what was lost, for --strict. */
struct loss_sink {
	struct sink sink; /* first */
	uint64_t lost;
};

static int count_loss(struct sink *sink, const struct sink_event *se, struct error *err)
{
	(void)err;
	if (se->ev->kind == EV_LOST)
		((struct loss_sink *)sink)->lost += event_get(se->ev, LOST_COUNT, 1);
	return 0;
}

static const struct sink_ops loss_ops = { .name = "loss", .event = count_loss };

/* What the callbacks of a recording need. */
struct recording {
	const struct session *s;
	const char *path;
	FILE *lines;  /* where events go as text, or NULL */
	struct loss_sink loss;
	int ready_fd; /* -1, or told when the guest runs */
	struct writer *writer; /* NULL until it began */
	struct sink *text;
};

static void note(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "smmtrace: %s\n", text);
}

/* A re-check judges by the same ones (db/recheck.h). */
static void keep_switches(struct writer *w, const struct session *s)
{
	const struct {
		const char *key, *value;
	} given[] = { { "check", s->checks }, { "profile", s->profile }, { "deadline", s->deadlines } };

	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++)
		if (given[i].value)
			writer_meta(w, given[i].key, given[i].value, NULL);
}

/* The file is made only now: a target that cannot be reached costs nobody an old recording. */
static int begin(void *arg, struct sink **sinks, struct error *err)
{
	struct recording *rec = arg;
	int n = 0;

	rec->writer = writer_open(rec->path, rec->s->force, err);
	if (!rec->writer)
		return -ERR_OUTPUT;
	writer_meta(rec->writer, "target", rec->s->title, NULL);
	keep_switches(rec->writer, rec->s);
	sinks[n++] = writer_sink(rec->writer);
	if (rec->lines) {
		rec->text = text_sink_open(rec->lines, rec->s->all ? TEXT_ALL : 0, &rec->s->filter, err);
		if (!rec->text)
			return -ERR_OUTPUT;
		sinks[n++] = rec->text;
	}
	rec->loss.sink.ops = &loss_ops;
	sinks[n++] = &rec->loss.sink;
	if (rec->ready_fd < 0)
		fprintf(stderr, "smmtrace: recording %s into %s\n", rec->s->title, rec->path);
	else if (write(rec->ready_fd, "r", 1) < 0)
		return n; /* nobody looks any more */
	return n;
}

static void store_figures(struct writer *w, const struct record_result *result)
{
	const struct gdb_stats *st = &result->gdb;
	const struct kvm_stats *kvm = &result->kvm;
	const struct {
		const char *key;
		uint64_t value;
	} figure[] = {
		{ "gdb.stops", st->stops },
		{ "gdb.stopped_ns", (uint64_t)st->stopped_ns },
		{ "gdb.handling_median_ns", st->handling_median_ns },
		{ "gdb.watch_missed", st->watch_missed },
		{ "gdb.unknown_smbase", st->unknown_smbase },
		{ "target.pid", (uint64_t)(kvm->used ? kvm->pid : st->server_pid) },
		{ "kvm.read", kvm->ring.read },
		{ "kvm.lost", kvm->ring.lost },
		{ "kvm.lost_told", kvm->ring.lost_stream },
		{ "kvm.vcpus", kvm->threads },
	};

	for (size_t i = 0; i < sizeof(figure) / sizeof(figure[0]); i++) {
		char text[32];

		snprintf(text, sizeof(text), "%" PRIu64, figure[i].value);
		writer_meta(w, figure[i].key, text, NULL);
	}
}

static int exit_status(int rc, const struct recording *rec, const struct record_result *result,
		       struct error *err)
{
	if (rc < 0)
		return cmd_report(err);
	if (rec->s->strict && rec->loss.lost) {
		fail(err, ERR_LOST, "%" PRIu64 " event%s lost; %s says when", rec->loss.lost,
		     rec->loss.lost == 1 ? " was" : "s were", rec->path);
		return cmd_report(err);
	}
	return result->signal ? 128 + result->signal : 0;
}

static int close_sinks(struct recording *rec, const struct record_result *result, int status)
{
	uint64_t dropped = text_sink_close(rec->text);
	struct error err;

	if (dropped)
		fprintf(stderr, "smmtrace: %" PRIu64 " lines left out, standard output was not read in time; %s has all\n",
			dropped, rec->path);
	if (!rec->writer)
		return status;
	store_figures(rec->writer, result);
	if (writer_close(rec->writer, &err) < 0 && status < ERR_TARGET)
		status = cmd_report(&err);
	return status;
}

static int record(const struct session *s, const char *path, FILE *lines, int ready_fd)
{
	struct recording rec = { .s = s, .path = path, .lines = lines, .ready_fd = ready_fd };
	struct record_args args = {
		.target = s->target, .kvm = s->kvm, .stops = s->stops, .pid = (pid_t)s->pid,
		.buffer_kb = (unsigned)s->buffer_kb, .timeout_ms = (int)(s->timeout_ns / 1000000), .for_ns = s->for_ns,
		.until = s->until_kind, .until_episode = s->until_episode, .judge = &s->judge,
		.kick = s->kick, .qmp = s->qmp, .breakpoints_only = s->breakpoints, .no_log = s->no_log,
		.guest_ram = s->guest_ram,
		.own_guest = s->own_guest, .drop_rights = s->kvm && !s->stops && !s->own_guest,
		.note = note, .begin = begin, .arg = &rec,
	};
	struct record_result result;
	struct error err = { 0 };
	int rc;

	if (writer_check(path, s->force, &err) < 0)
		return cmd_report(&err);
	rc = record_run(&args, &result, &err);
	return close_sinks(&rec, &result, exit_status(rc, &rec, &result, &err));
}

/* ---- with the timeline ---- */

/* The recorder's stderr, kept until the screen is free again. */
static void print_kept(FILE *kept)
{
	char buf[4096];
	size_t n;

	rewind(kept);
	while ((n = fread(buf, 1, sizeof(buf), kept)) > 0)
		fwrite(buf, 1, n, stderr);
	fclose(kept);
}

static pid_t fork_recorder(const struct session *s, const char *path, FILE *kept, int *ready_fd)
{
	int ends[2];
	pid_t pid;

	if (pipe(ends))
		return -1;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		prctl(PR_SET_PDEATHSIG, SIGTERM); /* a view that is killed ends the recording cleanly */
		dup2(fileno(kept), STDERR_FILENO);
		exit(record(s, path, NULL, ends[1]));
	}
	close(ends[1]);
	*ready_fd = ends[0];
	return pid;
}

/* The parent of one recorder; reaps it once. */
struct child {
	pid_t pid;
	bool ended;
	int status;
};

static void reap(struct child *c, int flags)
{
	int status;

	while (!c->ended) {
		pid_t pid = waitpid(c->pid, &status, flags);

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid != c->pid)
			return;
		c->ended = true;
		c->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
}

static bool tick(void *hook)
{
	reap(hook, WNOHANG);
	return true; /* what was recorded stays on the screen */
}

static int show_and_record(const struct session *s, const char *path)
{
	FILE *kept = tmpfile();
	int ready_fd = -1, shown = 0;
	struct error err = { 0 };
	struct child c = { 0 };
	char byte;

	c.pid = kept ? fork_recorder(s, path, kept, &ready_fd) : -1;
	if (c.pid < 0) {
		fail_errno(&err, ERR_OUTPUT, "cannot start the recorder");
		return cmd_report(&err);
	}
	signal(SIGINT, SIG_IGN); /* until the view handles it; the recorder has it too */
	if (read(ready_fd, &byte, 1) == 1) {
		struct timeline_options opt = { .ascii = s->ascii, .follow = true, .wake_fd = -1, .tick = tick,
						.hook = &c, .title = s->title, .filter = s->expression ? &s->filter : NULL };

		shown = timeline_run(path, &opt, &err);
	}
	reap(&c, WNOHANG);
	if (!c.ended)
		kill(c.pid, SIGINT);
	reap(&c, 0);
	close(ready_fd);
	print_kept(kept);
	if (shown < 0)
		return cmd_report(&err);
	if (c.status == 128 + SIGINT)
		c.status = shown ? 128 + shown : 0; /* q is no interrupt */
	fprintf(stderr, "smmtrace: recorded into %s (smmtrace view, report, query)\n", path);
	return c.status;
}

int session_run(const struct session *s)
{
	char made[64];
	const char *path = s->file;

	if (!path) {
		time_t now = time(NULL);
		struct tm tm;

		localtime_r(&now, &tm);
		strftime(made, sizeof(made), "smmtrace-%Y%m%d-%H%M%S.smm", &tm);
		path = made;
	}
	if (session_shows_timeline(s))
		return show_and_record(s, path);
	return record(s, path, stdout, -1);
}
