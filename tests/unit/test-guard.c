/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A tracer that dies, and what its guard then says to the stub. */
#include "../../tracer/guard.h"
#include "../../gdbproto/rsp-client.h"
#include "fake-stub.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct fake_line lines[] = {
	{ "qSupported", "PacketSize=1000;multiprocess+" }, { "qqemu.sstepbits", "ENABLE=1,NOIRQ=2,NOTIMER=4" },
	{ "vCont?", "vCont;c;C;s;S" }, { "qfThreadInfo", "mp01.01,p01.02" }, { "qsThreadInfo", "l" },
	{ "qRcmd", "OK" }, { "Hc", "OK" }, { "?", "T05thread:p01.01;" }, { "M", "OK" }, { "D", "OK" }, { NULL, NULL },
};

static const char undo[2][GUARD_UNDO_SIZE] = { "log none", "cont" };

/* qRcmd of the two. */
#define LOG_NONE "qRcmd,6c6f67206e6f6e65"
#define CONT "qRcmd,636f6e74"

static struct fake fake;

/* What the tracer does before it dies; @told is its end of a socket to us. */
typedef void (*tracer_fn)(struct guard *g, int told);

static void wait_to_be_killed(int told)
{
	if (write(told, "r", 1) == 1)
		for (;;)
			pause();
	_exit(1);
}

static void armed(struct guard *g, int told)
{
	guard_arm(g, false, undo, 2);
	wait_to_be_killed(told);
}

static void armed_of_a_stopped_guest(struct guard *g, int told)
{
	guard_arm(g, false, undo, 2);
	guard_arm(g, true, undo, 1); /* the last word counts */
	wait_to_be_killed(told);
}

static void disarmed(struct guard *g, int told)
{
	guard_arm(g, false, undo, 2);
	guard_disarm(g);
	wait_to_be_killed(told);
}

static void armed_with_a_file(struct guard *g, int told)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/private", fake.dir);
	if (mkdir(path, 0700))
		_exit(1);
	snprintf(path, sizeof(path), "%s/private/log", fake.dir);
	if (mkfifo(path, 0600))
		_exit(1);
	guard_set_file(g, path);
	armed(g, told);
}

/* What a mend function writes back. */
struct patch {
	uint64_t addr;
	uint8_t bytes[2];
};

static int write_back(struct rsp *r, const void *data, struct error *err)
{
	const struct patch *p = data;

	return rsp_write_memory(r, p->addr, p->bytes, sizeof(p->bytes), err);
}

static void armed_with_a_mend(struct guard *g, int told)
{
	struct patch p = { 0xf9dfd42, { 0x74, 0xf1 } };

	guard_set_mend(g, write_back, &p, sizeof(p));
	memset(&p, 0, sizeof(p)); /* the guard has a copy */
	armed(g, told);
}

static void armed_with_a_mend_taken_back(struct guard *g, int told)
{
	struct patch p = { 0xf9dfd42, { 0x74, 0xf1 } };

	guard_set_mend(g, write_back, &p, sizeof(p));
	guard_set_mend(g, NULL, NULL, 0);
	armed(g, told);
}

/* A tracer that could not give the guest back itself lets the guard do it before it goes on. */
static void ended_while_armed(struct guard *g, int told)
{
	guard_arm(g, false, undo, 2);
	guard_end(g);
	wait_to_be_killed(told);
}

static void ended(struct guard *g, int told)
{
	guard_arm(g, false, undo, 2);
	guard_disarm(g);
	guard_end(g);
	guard_end(NULL);
	wait_to_be_killed(told);
}

/* The guard's end, which must not come, would be told by SIGCHLD. */
static void armed_a_moment_later(struct guard *g, int told)
{
	struct timespec moment = { .tv_nsec = 200000000 };
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	if (sigtimedwait(&child, NULL, &moment) < 0)
		armed(g, told);
	wait_to_be_killed(told);
}

/* @parent tells the stub's address: it is started behind the fork, which has to come before any thread. */
static void tracer(tracer_fn fn, int parent)
{
	struct error err;
	struct guard *g;
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	if (read(parent, fake.target, sizeof(fake.target)) <= 0 || read(parent, fake.dir, sizeof(fake.dir)) <= 0)
		_exit(1);
	g = guard_start(fake.target, &err);
	if (!g)
		_exit(1);
	fn(g, parent);
	_exit(1);
}

/* Wait for every child: the tracer, and the guard that became ours when it died. */
static void reap_all(void)
{
	int status;
	pid_t pid;

	do
		pid = wait(&status);
	while (pid > 0 || errno == EINTR);
}

/* Start a tracer that does @fn, kill it with SIGKILL, wait for its guard's end. */
static void kill_a_tracer(tracer_fn fn, bool without_stdin)
{
	int ends[2];
	char byte;
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	pid = fork();
	if (!pid) {
		close(ends[0]);
		if (without_stdin)
			close(0);
		tracer(fn, ends[1]);
	}
	close(ends[1]);
	fake.lines = lines;
	fake_start(&fake);
	assert_int_equal(send(ends[0], fake.target, sizeof(fake.target), 0), sizeof(fake.target));
	assert_int_equal(send(ends[0], fake.dir, sizeof(fake.dir), 0), sizeof(fake.dir));
	assert_int_equal(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	assert_int_equal(kill(pid, SIGKILL), 0);
	reap_all();
}

/* Nobody has come: come ourselves, so that the stub ends. */
static void nudge(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(sa.sun_path, fake.path);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	close(fd);
}

static int begin(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	return prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static const char *after(const char *text, const char *want)
{
	const char *at = text ? strstr(text, want) : NULL;

	return at ? at + strlen(want) : NULL;
}

static void the_guard_gives_the_guest_back(void **state)
{
	const char *at = fake.log;

	(void)state;
	kill_a_tracer(armed, false);
	fake_end(&fake);
	at = after(after(at, LOG_NONE), CONT);
	at = after(after(at, "Hcp1.1|?"), "Hcp1.2|?"); /* which makes QEMU forget their points */
	if (!after(at, "|D;1"))
		fail_msg("the stub got %s", fake.log);
}

static void memory_is_mended_before_the_guest_goes_on(void **state)
{
	(void)state;
	kill_a_tracer(armed_with_a_mend, false);
	fake_end(&fake);
	if (!after(after(after(fake.log, "|Mf9dfd42,2:74f1|"), LOG_NONE), "|D;1"))
		fail_msg("the stub got %s", fake.log);
}

static void a_mend_taken_back_is_not_done(void **state)
{
	(void)state;
	kill_a_tracer(armed_with_a_mend_taken_back, false);
	fake_end(&fake);
	assert_null(strstr(fake.log, "|M"));
	assert_non_null(strstr(fake.log, "|D;1"));
}

static void a_stopped_guest_stays_stopped(void **state)
{
	(void)state;
	kill_a_tracer(armed_of_a_stopped_guest, false);
	fake_end(&fake);
	assert_non_null(strstr(fake.log, LOG_NONE));
	assert_null(strstr(fake.log, CONT));
	assert_non_null(strstr(fake.log, "Hcp1.2|?"));
	assert_null(strstr(fake.log, "|D"));
}

static void a_guard_that_is_not_armed_stays_away(void **state)
{
	(void)state;
	kill_a_tracer(disarmed, false);
	nudge();
	fake_end(&fake);
	assert_string_equal(fake.log, "");
}

static void a_guard_that_was_ended_is_gone(void **state)
{
	(void)state;
	kill_a_tracer(ended, false);
	nudge();
	fake_end(&fake);
	assert_string_equal(fake.log, "");
}

static void a_guard_ended_while_armed_undoes_first(void **state)
{
	(void)state;
	kill_a_tracer(ended_while_armed, false);
	fake_end(&fake);
	assert_non_null(strstr(fake.log, "|D;1"));
}

static void the_private_directory_goes_away(void **state)
{
	char path[300];

	(void)state;
	kill_a_tracer(armed_with_a_file, false);
	snprintf(path, sizeof(path), "%s/private", fake.dir);
	assert_int_equal(access(path, F_OK), -1);
	fake_end(&fake);
	assert_non_null(strstr(fake.log, "|D;1"));
}

/* Descriptors 0 to 2 are replaced in the guard; the pipe may have been one of them. */
static void a_tracer_without_stdin_has_a_guard_too(void **state)
{
	(void)state;
	kill_a_tracer(armed_a_moment_later, true);
	nudge();
	fake_end(&fake);
	assert_non_null(strstr(fake.log, LOG_NONE));
}

#define TEST(f) cmocka_unit_test_setup(f, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_guard_gives_the_guest_back),
		TEST(memory_is_mended_before_the_guest_goes_on),
		TEST(a_mend_taken_back_is_not_done),
		TEST(a_stopped_guest_stays_stopped),
		TEST(a_guard_that_is_not_armed_stays_away),
		TEST(a_guard_that_was_ended_is_gone),
		TEST(a_guard_ended_while_armed_undoes_first),
		TEST(the_private_directory_goes_away),
		TEST(a_tracer_without_stdin_has_a_guard_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
