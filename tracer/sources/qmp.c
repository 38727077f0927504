/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qmp.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../clock.h"
#include "../../gdbproto/rsp-conn.h"
#include "../../gdbproto/safe-text.h"

#define LINE_MAX_BYTES (1u << 20) /* query-cpus-fast: about 200 bytes a CPU */

struct qmp {
	struct rsp_conn conn;
	char name[128];     /* as the user wrote it, safe to print */
	char *line;         /* what has come of the one being read */
	size_t used, room;
	size_t cpus;        /* as answered last, 0 = not yet */
	bool asked;         /* an answer is due */
	bool changed;       /* a CPU came or went since qmp_handle() said so */
	bool greeted, agreed;
	void (*on_cpu)(void *arg, int cpu, int tid);
	void *on_cpu_arg;
	void (*on_reset)(void *arg, int64_t ts);
	void *on_reset_arg;
	struct clock_sync clock;
};

int qmp_fd(const struct qmp *q)
{
	return q->conn.fd;
}

static int say(struct qmp *q, const char *text, struct error *err)
{
	size_t len = strlen(text);

	if (write(q->conn.fd, text, len) != (ssize_t)len)
		return fail_errno(err, ERR_TARGET, "%s: cannot write to QMP", q->name);
	return 0;
}

int qmp_ask(struct qmp *q, struct error *err)
{
	if (q->asked || !q->agreed)
		return 0;
	q->asked = true;
	return say(q, "{\"execute\": \"query-cpus-fast\", \"id\": \"cpus\"}\r\n", err);
}

void qmp_on_cpu(struct qmp *q, void (*fn)(void *arg, int cpu, int tid), void *arg)
{
	q->on_cpu = fn;
	q->on_cpu_arg = arg;
}

void qmp_on_reset(struct qmp *q, void (*fn)(void *arg, int64_t ts), void *arg)
{
	q->on_reset = fn;
	q->on_reset_arg = arg;
}

int qmp_cont(struct qmp *q, struct error *err)
{
	return say(q, "{\"execute\": \"cont\"}\r\n", err);
}

/* When QEMU sent it: its stamp is in wall-clock time. */
static int64_t sent_at(struct qmp *q, const json_t *message)
{
	const json_t *stamp = json_object_get(message, "timestamp");
	const json_t *sec = json_object_get(stamp, "seconds"), *us = json_object_get(stamp, "microseconds");
	int64_t now = clock_now(), ts;

	if (!json_is_integer(sec) || !json_is_integer(us) || json_integer_value(sec) < 0 ||
	    json_integer_value(sec) > INT64_MAX / NS_PER_SEC - 1 || json_integer_value(us) < 0 ||
	    json_integer_value(us) >= 1000000)
		return now;
	ts = clock_from_realtime(&q->clock, json_integer_value(sec) * NS_PER_SEC + json_integer_value(us) * 1000);
	return ts < now ? ts : now;
}

static void take_event(struct qmp *q, const json_t *message, const char *name)
{
	if (!strcmp(name, "DEVICE_DELETED"))
		q->changed = true;
	else if (!strcmp(name, "RESET") && q->on_reset)
		q->on_reset(q->on_reset_arg, sent_at(q, message));
}

/* A guest with no CPU at all is no answer. */
static void take_cpus(struct qmp *q, const json_t *list)
{
	size_t n = json_array_size(list);

	q->asked = false;
	for (size_t i = 0; i < n && q->on_cpu; i++) {
		const json_t *cpu = json_object_get(json_array_get(list, i), "cpu-index");
		const json_t *tid = json_object_get(json_array_get(list, i), "thread-id");

		if (json_is_integer(cpu) && json_is_integer(tid))
			q->on_cpu(q->on_cpu_arg, (int)json_integer_value(cpu), (int)json_integer_value(tid));
	}
	if (n && q->cpus && n != q->cpus)
		q->changed = true;
	if (n)
		q->cpus = n;
}

static int not_qmp(struct qmp *q, struct error *err)
{
	char said[80];

	safe_text(said, sizeof(said), q->line, strcspn(q->line, "\r\n"));
	return fail(err, ERR_TARGET, "%s: not QMP, it says \"%s\"; start QEMU with -qmp unix:PATH,server=on,wait=off",
		    q->name, said);
}

static int take_message(struct qmp *q, const json_t *m, struct error *err)
{
	const char *event = json_string_value(json_object_get(m, "event"));
	const char *id = json_string_value(json_object_get(m, "id"));

	if (json_object_get(m, "QMP"))
		q->greeted = true;
	else if (!q->greeted)
		return not_qmp(q, err);
	else if (event)
		take_event(q, m, event);
	else if (id && !strcmp(id, "cpus"))
		take_cpus(q, json_object_get(m, "return"));
	else if (json_object_get(m, "return"))
		q->agreed = true;
	return 0;
}

static int take_line(struct qmp *q, struct error *err)
{
	json_t *m = json_loads(q->line, 0, NULL);
	int rc;

	if (!q->line[strspn(q->line, " \t\r\n")])
		return 0;
	rc = json_is_object(m) ? take_message(q, m, err) : not_qmp(q, err);
	json_decref(m);
	return rc;
}

static int take_byte(struct qmp *q, char c, struct error *err)
{
	int rc;

	if (q->used + 1 >= q->room) {
		size_t room = q->room ? q->room * 2 : 4096;
		char *more = room <= LINE_MAX_BYTES ? realloc(q->line, room) : NULL;

		if (!more)
			return fail(err, ERR_TARGET, "%s: a QMP message of over %zu bytes", q->name, q->used);
		q->line = more;
		q->room = room;
	}
	q->line[q->used++] = c;
	if (c != '\n')
		return 0;
	q->line[q->used] = '\0';
	rc = take_line(q, err);
	q->used = 0;
	return rc;
}

/* 1 = something came, 0 = nothing now, negative. */
static int take_some(struct qmp *q, struct error *err)
{
	char buf[4096];
	ssize_t n = read(q->conn.fd, buf, sizeof(buf));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return fail(err, ERR_TARGET, "%s: QEMU closed the QMP connection", q->name);
	for (ssize_t i = 0; i < n; i++)
		if (take_byte(q, buf[i], err) < 0)
			return -(int)ERR_TARGET;
	return 1;
}

int qmp_handle(struct qmp *q, struct error *err)
{
	bool changed;
	int rc;

	while ((rc = take_some(q, err)) > 0)
		;
	if (rc < 0)
		return rc;
	changed = q->changed;
	q->changed = false;
	return changed;
}

/* Wait until @done is set by what arrives. */
static int await(struct qmp *q, const bool *done, int64_t deadline, struct error *err)
{
	while (!*done) {
		struct pollfd p = { .fd = q->conn.fd, .events = POLLIN };
		int64_t left = (deadline - clock_now()) / 1000000;

		if (left <= 0 || poll(&p, 1, (int)left) == 0)
			return fail(err, ERR_TARGET, "%s: no answer; is it a QMP socket, and is nobody else connected?",
				    q->name);
		if (take_some(q, err) < 0)
			return -(int)ERR_TARGET;
	}
	return 0;
}

static int negotiate(struct qmp *q, int64_t deadline, struct error *err)
{
	if (await(q, &q->greeted, deadline, err) < 0 ||
	    say(q, "{\"execute\": \"qmp_capabilities\"}\r\n", err) < 0 ||
	    await(q, &q->agreed, deadline, err) < 0)
		return -(int)ERR_TARGET;
	return qmp_ask(q, err);
}

static int dial(struct qmp *q, const char *path, int64_t deadline, struct error *err)
{
	char target[256];
	bool spelt = strchr(path, ':') && *path != '/';

	snprintf(target, sizeof(target), "%s%s", spelt ? "" : "unix:", path);
	if (rsp_conn_open(&q->conn, target, deadline, NULL) < 0)
		return fail(err, ERR_TARGET, "%s: no QMP there, or somebody else is connected; start QEMU with"
					     " -qmp unix:PATH,server=on,wait=off", q->name);
	return negotiate(q, deadline, err);
}

struct qmp *qmp_open(const char *path, int timeout_ms, struct error *err)
{
	struct qmp *q = calloc(1, sizeof(*q));

	if (!q) {
		fail(err, ERR_TARGET, "no memory for QMP");
		return NULL;
	}
	q->conn.fd = -1;
	safe_text(q->name, sizeof(q->name), path, strlen(path));
	if (dial(q, path, clock_now() + timeout_ms * INT64_C(1000000), err) >= 0)
		return q;
	qmp_close(q);
	return NULL;
}

void qmp_close(struct qmp *q)
{
	if (!q)
		return;
	rsp_conn_close(&q->conn);
	free(q->line);
	free(q);
}
