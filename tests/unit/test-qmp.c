/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A QMP server of our own on a unix socket in a private folder: what it says is what the client makes of it. */
#include "../../tracer/clock.h"
#include "../../tracer/sources/qmp.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define GREETING "{\"QMP\": {\"version\": {\"qemu\": {\"major\": 7}}, \"capabilities\": []}}\r\n"
#define AGREED "{\"return\": {}}\r\n"
#define ONE_CPU "{\"return\": [{\"cpu-index\": 0}], \"id\": \"cpus\"}\r\n"
#define TWO_CPUS "{\"return\": [{\"cpu-index\": 0}, {\"cpu-index\": 1}], \"id\": \"cpus\"}\r\n"

struct server {
	char dir[32], path[64];
	int listening;
	pid_t pid;
};

static void serve(int listening, const char *const *says)
{
	int fd = accept(listening, NULL, NULL);
	char heard[4096];

	for (; *says; says++) {
		if (write(fd, *says, strlen(*says)) < 0 || read(fd, heard, sizeof(heard)) <= 0)
			_exit(1);
	}
	while (read(fd, heard, sizeof(heard)) > 0)
		;
	_exit(0);
}

/* One process that says each text and waits for a word behind it. */
static void start(struct server *s, const char *const *says)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	strcpy(s->dir, "/tmp/test-qmp.XXXXXX");
	assert_non_null(mkdtemp(s->dir));
	snprintf(s->path, sizeof(s->path), "%s/qmp", s->dir);
	strcpy(sa.sun_path, s->path);
	s->listening = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(s->listening, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(s->listening, 1), 0);
	s->pid = fork();
	if (s->pid == 0)
		serve(s->listening, says);
}

static void stop(struct server *s)
{
	kill(s->pid, SIGTERM);
	waitpid(s->pid, NULL, 0);
	close(s->listening);
	unlink(s->path);
	rmdir(s->dir);
}

/* qmp_handle() until it says something but nothing, or the server had time. */
static int await_change(struct qmp *q, struct error *err)
{
	int rc = 0;

	for (int i = 0; i < 1000 && !rc; i++) {
		usleep(10000);
		rc = qmp_handle(q, err);
	}
	return rc;
}

static void a_cpu_more_is_a_change(void **state)
{
	static const char *const says[] = { GREETING, AGREED, ONE_CPU, TWO_CPUS, NULL };
	struct server s;
	struct error err;
	struct qmp *q;

	(void)state;
	start(&s, says);
	q = qmp_open(s.path, 10000, &err);
	assert_non_null(q);
	for (int i = 0; i < 1000; i++) { /* asked again once the first answer is there */
		assert_true(qmp_ask(q, &err) >= 0);
		if (qmp_handle(q, &err) > 0)
			break;
		usleep(10000);
		assert_int_not_equal(i, 999);
	}
	qmp_close(q);
	stop(&s);
}

static void a_deleted_device_is_a_change(void **state)
{
	static const char *const says[] = { GREETING, AGREED, ONE_CPU
		"{\"event\": \"RTC_CHANGE\"}\r\n"
		"{\"timestamp\": {\"seconds\": 1}, \"event\": \"DEVICE_DELETED\", \"data\": {\"device\": \"hot1\"}}\r\n", NULL };
	struct server s;
	struct error err;
	struct qmp *q;

	(void)state;
	start(&s, says);
	q = qmp_open(s.path, 10000, &err);
	assert_non_null(q);
	assert_int_equal(await_change(q, &err), 1);
	assert_int_equal(qmp_handle(q, &err), 0);
	qmp_close(q);
	stop(&s);
}

static void remember_time(void *arg, int64_t ts)
{
	*(int64_t *)arg = ts;
}

/* A reset is as old as its stamp says; one in the future, or damaged, is of now. */
static void a_reset_is_told_with_its_time(void **state)
{
	static const char *const stamps[] = { "{\"seconds\": %lld, \"microseconds\": 250000}",
		"{\"seconds\": 9000000000000000000, \"microseconds\": %lld}", "{\"seconds\": -1, \"microseconds\": %lld}",
		"%lld" };
	struct server s;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(stamps) / sizeof(stamps[0]); i++) {
		char stamp[100], said[400];
		const char *says[] = { GREETING, AGREED, said, NULL };
		int64_t ts = 0, before = clock_now();
		struct qmp *q;

		snprintf(stamp, sizeof(stamp), stamps[i], (long long)time(NULL) - 100);
		snprintf(said, sizeof(said), "%s{\"timestamp\": %s, \"event\": \"RESET\"}\r\n"
			 "{\"event\": \"DEVICE_DELETED\"}\r\n", ONE_CPU, stamp);
		start(&s, says);
		q = qmp_open(s.path, 10000, &err);
		assert_non_null(q);
		qmp_on_reset(q, remember_time, &ts);
		assert_int_equal(await_change(q, &err), 1);
		if (i == 0)
			assert_true(ts > before - 102 * NS_PER_SEC && ts < clock_now() - 98 * NS_PER_SEC);
		else
			assert_true(ts >= before && ts <= clock_now());
		qmp_close(q);
		stop(&s);
	}
}

static void what_is_not_qmp_is_told(void **state)
{
	static const char *const says[] = { "QEMU 7.2.22 monitor\x1b[0m - type 'help'\r\n", NULL };
	struct server s;
	struct error err;

	(void)state;
	start(&s, says);
	assert_null(qmp_open(s.path, 10000, &err));
	assert_int_equal(err.code, ERR_TARGET);
	assert_non_null(strstr(err.text, "not QMP"));
	assert_non_null(strstr(err.text, "monitor"));
	assert_null(strchr(err.text, '\x1b'));
	stop(&s);
}

static void silence_has_an_end(void **state)
{
	static const char *const says[] = { NULL };
	struct server s;
	struct error err;

	(void)state;
	start(&s, says);
	assert_null(qmp_open(s.path, 50, &err));
	assert_non_null(strstr(err.text, "no answer"));
	stop(&s);
}

static void nobody_there_is_told(void **state)
{
	struct error err;

	(void)state;
	assert_null(qmp_open("/nowhere/qmp", 100, &err));
	assert_int_equal(err.code, ERR_TARGET);
	assert_non_null(strstr(err.text, "-qmp"));
}

static void the_end_of_qemu_is_told(void **state)
{
	static const char *const says[] = { GREETING, AGREED, NULL };
	struct server s;
	struct error err;
	struct qmp *q;

	(void)state;
	start(&s, says);
	q = qmp_open(s.path, 10000, &err);
	assert_non_null(q);
	kill(s.pid, SIGKILL);
	assert_true(await_change(q, &err) < 0);
	assert_non_null(strstr(err.text, "closed"));
	qmp_close(q);
	stop(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cpu_more_is_a_change),
		cmocka_unit_test(a_deleted_device_is_a_change),
		cmocka_unit_test(a_reset_is_told_with_its_time),
		cmocka_unit_test(what_is_not_qmp_is_told),
		cmocka_unit_test(silence_has_an_end),
		cmocka_unit_test(nobody_there_is_told),
		cmocka_unit_test(the_end_of_qemu_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
