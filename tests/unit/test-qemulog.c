/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The source on real pipes and files; the test plays QEMU. Its own process is
 * the one whose open files a plan looks at.
 */
#include "../../tracer/clock.h"
#include "../../tracer/sources/qemulog.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define LINE "apm_io_write write addr=0x0 val=0x04\n"
#define WAIT_S 60

/* --- events --- */

static struct tap {
	struct event_out out;
	pthread_mutex_t lock;
	pthread_cond_t more;
	unsigned long n, kinds[EVENT_KIND_COUNT];
	struct event last;
} tap;

static void tap_put(struct event_out *out, const struct event *ev)
{
	(void)out;
	pthread_mutex_lock(&tap.lock);
	tap.n++;
	tap.kinds[ev->kind]++;
	tap.last = *ev;
	pthread_cond_signal(&tap.more);
	pthread_mutex_unlock(&tap.lock);
}

static void await_events(unsigned long n)
{
	struct timespec until;
	int rc = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_S;
	pthread_mutex_lock(&tap.lock);
	while (tap.n < n && !rc)
		rc = pthread_cond_timedwait(&tap.more, &tap.lock, &until);
	pthread_mutex_unlock(&tap.lock);
	assert_int_equal(rc, 0);
}

static int start(void **state)
{
	(void)state;
	memset(&tap, 0, sizeof(tap));
	tap.out.put = tap_put;
	pthread_mutex_init(&tap.lock, NULL);
	pthread_cond_init(&tap.more, NULL);
	return 0;
}

/* --- QEMU's part --- */

static struct qemulog_plan plan;

/* @words are the arguments behind the program's name, parted by '|'. */
static int make_plan(const char *words, struct error *err)
{
	char line[1024];
	int len = snprintf(line, sizeof(line), "qemu-system-x86_64|%s", words);

	for (int i = 0; i < len; i++)
		if (line[i] == '|')
			line[i] = '\0';
	return qemulog_plan_cmdline(getpid(), line, (size_t)len + 1, &plan, err);
}

static struct qemulog *open_fifo(int *writer)
{
	struct error err = { 0 };
	struct qemulog *q;

	assert_int_equal(make_plan("-m|64", &err), 0);
	assert_int_equal(plan.input, QEMULOG_FIFO);
	q = qemulog_open(&plan, &tap.out, &err);
	assert_non_null(q);
	*writer = open(plan.fifo, O_WRONLY | O_CLOEXEC);
	assert_true(*writer >= 0);
	return q;
}

static void write_text(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

/* --- the FIFO --- */

static void the_pipe_is_private_and_goes_away(void **state)
{
	struct qemulog *q;
	struct stat st;
	char dir[sizeof(plan.fifo)];
	int writer;

	(void)state;
	q = open_fifo(&writer);
	assert_int_equal(stat(plan.fifo, &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0600);
	strcpy(dir, plan.fifo);
	*strrchr(dir, '/') = '\0';
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	close(writer);
	qemulog_close(q);
	assert_int_equal(access(dir, F_OK), -1);
}

static void lines_come_out_without_being_asked_for(void **state)
{
	struct qemulog *q;
	int writer;

	(void)state;
	q = open_fifo(&writer);
	write_text(writer, LINE);
	await_events(1);
	assert_int_equal(tap.last.kind, EV_PORT);
	/* A writer that closes and comes back, as at a second `logfile`. */
	close(writer);
	writer = open(plan.fifo, O_WRONLY | O_CLOEXEC);
	write_text(writer, LINE LINE);
	await_events(3);
	close(writer);
	qemulog_close(q);
}

static void a_drain_delivers_all_and_stays_before_the_stop(void **state)
{
	struct qemulog *q;
	int writer;

	(void)state;
	q = open_fifo(&writer);
	for (unsigned long i = 1; i <= 200; i++) {
		int64_t stop, last;

		write_text(writer, LINE "apic_mem_writel 0xb0 = 0x0\n" LINE);
		stop = clock_now();
		last = qemulog_drain(q, stop);
		assert_int_equal(tap.n, 2 * i);
		/* Either before the stop, or the caller is told where it has to be. */
		assert_int_equal(last, tap.last.ts);
	}
	close(writer);
	qemulog_close(q);
}

static void threads_become_cpus(void **state)
{
	struct qemulog *q;
	int writer;

	(void)state;
	q = open_fifo(&writer);
	qemulog_set_cpu_tid(q, 3, 4711);
	write_text(writer, "4711@1700000000.000001:" LINE);
	qemulog_drain(q, clock_now());
	assert_int_equal(tap.last.cpu, 3);
	close(writer);
	qemulog_close(q);
}

struct flood {
	int fd;
	unsigned long lines;
};

static void *flood_main(void *arg)
{
	const struct flood *f = arg;
	char block[100 * sizeof(LINE)];
	size_t len = 0;

	for (int i = 0; i < 100; i++)
		len += (size_t)sprintf(block + len, LINE);
	for (unsigned long i = 0; i < f->lines; i += 100)
		if (write(f->fd, block, len) != (ssize_t)len)
			break;
	return NULL;
}

static void a_flood_loses_nothing(void **state)
{
	struct flood f = { .lines = 300000 };
	struct qemulog *q;
	pthread_t thread;

	(void)state;
	q = open_fifo(&f.fd);
	assert_int_equal(pthread_create(&thread, NULL, flood_main, &f), 0);
	for (int i = 0; i < 100; i++)
		qemulog_drain(q, clock_now());
	pthread_join(thread, NULL);
	close(f.fd);
	qemulog_drain(q, clock_now());
	assert_int_equal(tap.n, f.lines);
	qemulog_close(q);
}

/* QEMU may still have the pipe open when we are gone, however much it writes. */
static void closed_the_writer_does_not_block(void **state)
{
	struct qemulog *q;
	int writer;

	(void)state;
	q = open_fifo(&writer);
	qemulog_close(q);
	for (int i = 0; i < 100000; i++)
		assert_int_equal(write(writer, LINE, strlen(LINE)), -1);
	assert_int_equal(errno, EPIPE);
	close(writer);
}

static void closing_delivers_what_is_left(void **state)
{
	struct qemulog *q;
	int writer;

	(void)state;
	q = open_fifo(&writer);
	write_text(writer, LINE LINE "CPU Reset (CPU 0)\n");
	close(writer);
	qemulog_close(q);
	assert_int_equal(tap.n, 3);
}

/* --- the tail of a file --- */

struct log_file {
	char path[64];
	int fd;
};

static void make_log_file(struct log_file *f)
{
	strcpy(f->path, "/tmp/test-qemulog-XXXXXX");
	f->fd = mkostemp(f->path, O_APPEND | O_CLOEXEC);
	assert_true(f->fd >= 0);
}

static struct qemulog *open_tail(struct log_file *f, const char *words)
{
	struct error err = { 0 };
	char line[256];
	struct qemulog *q;

	make_log_file(f);
	write_text(f->fd, LINE LINE LINE);
	snprintf(line, sizeof(line), "-D|%s|%s", f->path, words);
	assert_int_equal(make_plan(line, &err), 0);
	assert_int_equal(plan.input, QEMULOG_TAIL);
	q = qemulog_open(&plan, &tap.out, &err);
	assert_non_null(q);
	return q;
}

static void a_file_is_followed_from_its_end(void **state)
{
	struct log_file f;
	struct qemulog *q = open_tail(&f, "-d|int");

	(void)state;
	write_text(f.fd, LINE "SMM: enter\n");
	await_events(1);
	write_text(f.fd, LINE);
	qemulog_drain(q, clock_now());
	assert_int_equal(tap.n, 2);
	qemulog_close(q);
	assert_int_equal(access(f.path, R_OK), 0);
	unlink(f.path);
	close(f.fd);
}

static void a_truncated_file_is_followed_on(void **state)
{
	struct log_file f;
	struct qemulog *q = open_tail(&f, "-d|int");

	(void)state;
	write_text(f.fd, LINE LINE LINE LINE "apm_io_wri");
	await_events(4);
	assert_int_equal(ftruncate(f.fd, 0), 0);
	qemulog_drain(q, clock_now());
	write_text(f.fd, LINE);
	await_events(5);
	/* Renamed away, as log rotation does: the descriptor still is the log. */
	assert_int_equal(unlink(f.path), 0);
	write_text(f.fd, LINE);
	await_events(6);
	qemulog_close(q);
	close(f.fd);
}

/* --- plans --- */

static void assert_command(char (*list)[QEMULOG_COMMAND_SIZE], unsigned n, unsigned i, const char *expected)
{
	assert_true(i < n);
	assert_string_equal(list[i], expected);
}

/* Put @fd in the place of stderr while a plan is made. */
static int plan_with_stderr(int fd, const char *words, struct error *err)
{
	int saved = dup(2), rc;

	dup2(fd, 2);
	rc = make_plan(words, err);
	dup2(saved, 2);
	close(saved);
	return rc;
}

static void stamps_are_seen_on_the_command_line(void **state)
{
	static const struct { const char *words; bool on; } cases[] = {
		{ "-msg|timestamp=on", true }, { "--msg|guest-name=on,timestamp=on", true }, { "-msg|timestamp", true },
		{ "-msg|timestamp=yes", true }, { "-msg|timestamp=off", false }, { "-m|64", false },
		{ "-msg|timestamp=on|-msg|timestamp=off", false }, { "-name|timestamp=on", false },
	};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(plan_with_stderr(null, cases[i].words, NULL), 0);
		assert_int_equal(plan.stamped, cases[i].on);
	}
	close(null);
}

static void the_users_mask_is_given_back(void **state)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	char expected[256];

	(void)state;
	assert_int_equal(plan_with_stderr(null, "-m|64", NULL), 0);
	snprintf(expected, sizeof(expected), "logfile \"%s\"", plan.fifo);
	assert_command(plan.on, plan.ons, 0, expected);
	assert_command(plan.on, plan.ons, 1, "log cpu_reset");
	assert_command(plan.off, plan.offs, 0, "log none");
	assert_command(plan.off, plan.offs, 1, "logfile \"/dev/null\"");
	assert_int_equal(plan_with_stderr(null, "-d|int,trace:foo*,guest_errors", NULL), 0);
	assert_command(plan.on, plan.ons, 1, "log int,guest_errors,cpu_reset");
	assert_command(plan.off, plan.offs, 0, "log int,guest_errors");
	assert_int_equal(plan_with_stderr(null, "-d|int,cpu_reset", NULL), 0);
	assert_int_equal(plan.ons, 1);
	assert_command(plan.off, plan.offs, 0, "logfile \"/dev/null\"");
	close(null);
}

static void stderr_is_only_reopened_where_that_is_safe(void **state)
{
	struct log_file f;
	int ends[2];

	(void)state;
	make_log_file(&f);
	/* A file: opening it again would truncate it. */
	assert_int_equal(plan_with_stderr(f.fd, "-m|64", NULL), 0);
	assert_command(plan.off, plan.offs, plan.offs - 1, "logfile \"/dev/null\"");
	/* A file that is the log already: read there. */
	assert_int_equal(plan_with_stderr(f.fd, "-d|int", NULL), 0);
	assert_int_equal(plan.input, QEMULOG_TAIL);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(plan_with_stderr(ends[1], "-m|64", NULL), 0);
	assert_command(plan.off, plan.offs, plan.offs - 1, "logfile \"/dev/stderr\"");
	assert_int_equal(plan_with_stderr(ends[1], "-daemonize", NULL), 0);
	assert_command(plan.off, plan.offs, plan.offs - 1, "logfile \"/dev/null\"");
	close(ends[0]);
	close(ends[1]);
	close(f.fd);
	unlink(f.path);
	/* A named pipe that nobody reads: opening it would block QEMU. */
	assert_int_equal(mkfifo(f.path, 0600), 0);
	ends[0] = open(f.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ends[1] = open(f.path, O_WRONLY | O_CLOEXEC);
	close(ends[0]);
	assert_int_equal(plan_with_stderr(ends[1], "-m|64", NULL), 0);
	assert_command(plan.off, plan.offs, plan.offs - 1, "logfile \"/dev/null\"");
	close(ends[1]);
	unlink(f.path);
}

static void a_users_log_file_is_not_redirected(void **state)
{
	struct error err = { 0 };
	char words[128];
	struct log_file f;

	(void)state;
	make_log_file(&f);
	snprintf(words, sizeof(words), "-D|%s|-d|int", f.path);
	assert_int_equal(make_plan(words, &err), 0);
	assert_int_equal(plan.input, QEMULOG_TAIL);
	assert_int_equal(plan.ons, 1);
	assert_command(plan.on, plan.ons, 0, "log int,cpu_reset");
	assert_int_equal(plan.offs, 1);
	assert_command(plan.off, plan.offs, 0, "log int");
	snprintf(words, sizeof(words), "-trace|enable=foo,file=%s", f.path);
	assert_int_equal(make_plan(words, &err), 0);
	assert_int_equal(plan.input, QEMULOG_TAIL);
	/* QEMU does not have it open any more. */
	close(f.fd);
	snprintf(words, sizeof(words), "-D|%s", f.path);
	assert_true(make_plan(words, &err) < 0);
	assert_non_null(strstr(err.text, "has another one now"));
	unlink(f.path);
	assert_true(make_plan(words, &err) < 0);
	assert_non_null(strstr(err.text, f.path));
}

static void a_log_per_thread_is_refused(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_true(make_plan("-D|/tmp/x.%d.log|-d|tid,int", &err) < 0);
	assert_non_null(strstr(err.text, "per thread"));
}

static void a_process_that_is_not_there_is_told(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_true(qemulog_plan(0x7ffffff0, &plan, &err) < 0);
	assert_non_null(strstr(err.text, "no process"));
	assert_int_equal(err.code, ERR_TARGET);
}

/* --- which events to switch --- */

static void reply(unsigned i, const char *text)
{
	assert_true(i < plan.asks);
	qemulog_plan_reply(&plan, i, text);
}

static void events_are_switched_as_they_were(void **state)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)state;
	assert_int_equal(plan_with_stderr(null, "-d|cpu_reset", NULL), 0);
	assert_int_equal(plan.asks, 3);
	assert_string_equal(plan.ask[0], "info trace-events apm_io_*");
	reply(0, "apm_io_write : state 0\r\napm_io_read : state 0\r\n");
	reply(1, "unknown event \"apic_mem_writel\"\n");
	reply(2, "cpuhp_acpi_a : state 0\ncpuhp_acpi_b : state 1\ncpuhp_acpi_c : state 0\n");
	assert_int_equal(plan.ons, 3);
	assert_command(plan.on, plan.ons, 1, "trace-event apm_io_* on");
	assert_command(plan.on, plan.ons, 2, "trace-event cpuhp_acpi_* on");
	assert_int_equal(plan.offs, 4);
	assert_command(plan.off, plan.offs, 0, "trace-event cpuhp_acpi_* off");
	assert_command(plan.off, plan.offs, 1, "trace-event cpuhp_acpi_b on");
	assert_command(plan.off, plan.offs, 2, "trace-event apm_io_* off");
	assert_command(plan.off, plan.offs, 3, "logfile \"/dev/null\"");
	assert_int_equal(plan_with_stderr(null, "-d|cpu_reset", NULL), 0);
	reply(0, "apm_io_write : state 1\napm_io_read : state 1\n");
	assert_int_equal(plan.ons, 1);
	assert_int_equal(plan.offs, 1);
	reply(2, "cpuhp_acpi_a : state 1\ncpuhp_acpi_b : state 1\ncpuhp_acpi_c : state 0\n");
	assert_command(plan.off, plan.offs, 0, "trace-event cpuhp_acpi_c off");
	close(null);
}

static void a_hostile_reply_switches_nothing_else(void **state)
{
	char many[8192] = "";
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)state;
	assert_int_equal(plan_with_stderr(null, "-d|cpu_reset", NULL), 0);
	reply(0, "system_reset : state 0\napm_io_read; quit : state 0\n\n : state 1\n");
	assert_int_equal(plan.ons, 1);
	for (int i = 0; i < 100; i++)
		snprintf(many + strlen(many), sizeof(many) - strlen(many), "apm_io_%d : state %d\n", i, i % 2);
	reply(0, many);
	assert_true(plan.offs <= QEMULOG_COMMANDS);
	assert_true(plan.ons <= QEMULOG_COMMANDS);
	close(null);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_pipe_is_private_and_goes_away, start),
		cmocka_unit_test_setup(lines_come_out_without_being_asked_for, start),
		cmocka_unit_test_setup(a_drain_delivers_all_and_stays_before_the_stop, start),
		cmocka_unit_test_setup(threads_become_cpus, start),
		cmocka_unit_test_setup(a_flood_loses_nothing, start),
		cmocka_unit_test_setup(closed_the_writer_does_not_block, start),
		cmocka_unit_test_setup(closing_delivers_what_is_left, start),
		cmocka_unit_test_setup(a_file_is_followed_from_its_end, start),
		cmocka_unit_test_setup(a_truncated_file_is_followed_on, start),
		cmocka_unit_test_setup(stamps_are_seen_on_the_command_line, start),
		cmocka_unit_test_setup(the_users_mask_is_given_back, start),
		cmocka_unit_test_setup(stderr_is_only_reopened_where_that_is_safe, start),
		cmocka_unit_test_setup(a_users_log_file_is_not_redirected, start),
		cmocka_unit_test_setup(a_log_per_thread_is_refused, start),
		cmocka_unit_test_setup(a_process_that_is_not_there_is_told, start),
		cmocka_unit_test_setup(events_are_switched_as_they_were, start),
		cmocka_unit_test_setup(a_hostile_reply_switches_nothing_else, start),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
