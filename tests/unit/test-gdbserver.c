/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The client against Debian's gdbserver: a second server that keeps us honest.
 * The program debugged is this one, started again with the word "debuggee"; it
 * tells its addresses through a pipe and ends when its other pipe is closed.
 */
#include "../../gdbproto/rsp-client.h"
#include "../../gdbproto/target-xml.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PATIENCE 30000

/* The debuggee */

static volatile uint64_t counter;

__attribute__((noinline)) static void landmark(void)
{
	counter++;
}

static void *busy(void *arg)
{
	for (;;) {
		landmark();
		poll(NULL, 0, 1);
	}
	return arg;
}

static int debuggee(int tell, int quit)
{
	pthread_t thread;
	char c;

	if (pthread_create(&thread, NULL, busy, NULL))
		return 1;
	dprintf(tell, "%llx %llx\n", (unsigned long long)(uintptr_t)landmark,
		(unsigned long long)(uintptr_t)&counter);
	while (read(quit, &c, 1) > 0)
		;
	_exit(42);
}

/* The server */

struct server {
	pid_t pid;
	int tell, quit;         /* our ends of the debuggee's pipes */
	int says;               /* gdbserver's stderr */
	char target[32];
	char text[1024];        /* what it said so far */
	unsigned long long landmark, counter;
};

static struct server server;
static struct error err;

static void run_server(int tell, int quit, int says)
{
	char tell_text[12], quit_text[12], self[4096] = "";

	snprintf(tell_text, sizeof(tell_text), "%d", tell);
	snprintf(quit_text, sizeof(quit_text), "%d", quit);
	dup2(says, 2);
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		_exit(127);
	setenv("ASAN_OPTIONS", "detect_leaks=0", 1); /* the leak checker wants ptrace for itself */
	execlp("gdbserver", "gdbserver", "--once", "127.0.0.1:0", self, "debuggee", tell_text, quit_text,
	       NULL);
	dprintf(2, "no gdbserver\n");
	_exit(127);
}

/* Read what @fd says until @want is in it; NULL at its end or when patience is over. */
static const char *read_until(int fd, char *text, size_t size, const char *want)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t used = strlen(text);
	const char *found;

	while (!(found = strstr(text, want))) {
		ssize_t n;

		if (used + 1 == size || poll(&p, 1, PATIENCE) <= 0)
			return NULL;
		n = read(fd, text + used, size - 1 - used);
		if (n <= 0)
			return NULL;
		used += (size_t)n;
		text[used] = '\0';
	}
	return found;
}

/* Wait until nobody writes to @fd any more: the debuggee and the server are gone. */
static void await_end(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char c;

	do {
		assert_int_equal(poll(&p, 1, PATIENCE), 1);
	} while (read(fd, &c, 1) > 0);
}

/* Our ends are closed in the child, or the debuggee would never see the end of its pipe. */
static void open_pipe(int ends[2])
{
	if (pipe(ends))
		abort();
}

static int start_server(void **state)
{
	int tell[2], quit[2], says[2];
	const char *port;

	(void)state;
	memset(&server, 0, sizeof(server));
	open_pipe(tell);
	open_pipe(quit);
	open_pipe(says);
	server.pid = fork();
	if (!server.pid) {
		close(tell[0]);
		close(quit[1]);
		close(says[0]);
		run_server(tell[1], quit[0], says[1]);
	}
	close(tell[1]);
	close(quit[0]);
	close(says[1]);
	server.tell = tell[0];
	server.quit = quit[1];
	server.says = says[0];
	port = read_until(server.says, server.text, sizeof(server.text), "Listening on port ");
	if (port && strchr(port, '\n'))
		snprintf(server.target, sizeof(server.target), ":%d", atoi(port + 18));
	return 0;
}

static int stop_server(void **state)
{
	(void)state;
	close(server.quit);
	close(server.tell);
	close(server.says);
	kill(server.pid, SIGKILL);
	waitpid(server.pid, NULL, 0);
	return 0;
}

static struct rsp *connect_server(void)
{
	bool running = true;
	struct rsp *r;

	if (!server.target[0]) {
		print_message("gdbserver cannot run here: %s", server.text);
		skip();
	}
	r = rsp_open(server.target, PATIENCE, &running, &err);
	if (!r)
		print_message("%s\n", err.text);
	assert_non_null(r);
	assert_false(running);
	return r;
}

/* Let the debuggee start its thread, then stop it. */
static void run_to_loop(struct rsp *r)
{
	char text[80] = "";
	struct rsp_stop stop;

	assert_int_equal(rsp_continue(r, &err), 0);
	assert_non_null(read_until(server.tell, text, sizeof(text), "\n"));
	assert_int_equal(sscanf(text, "%llx %llx", &server.landmark, &server.counter), 2);
	assert_int_equal(rsp_interrupt(r, &stop, &err), 0);
	assert_int_equal(stop.kind, RSP_STOP_SIGNAL);
	assert_int_equal(stop.signal, 2);
}

static struct rsp_stop go_on(struct rsp *r)
{
	struct rsp_stop stop;

	assert_int_equal(rsp_continue(r, &err), 0);
	assert_int_equal(rsp_wait_stop(r, PATIENCE, &stop, &err), 0);
	assert_int_equal(stop.kind, RSP_STOP_SIGNAL);
	return stop;
}

static uint64_t read_rip(struct rsp *r, const struct target_desc *d, struct rsp_thread t)
{
	uint8_t regs[RSP_REGS_MAX];
	struct rsp_job job = { .thread = t, .regs = regs };
	uint64_t rip = 0;

	assert_int_equal(rsp_jobs(r, &job, 1, &err), 0);
	assert_false(job.failed);
	assert_true(target_reg_value(d, regs, job.regs_len, "rip", &rip));
	return rip;
}

static void its_features_are_found(void **state)
{
	struct rsp *r = connect_server();
	const struct rsp_features *f = rsp_features(r);
	struct rsp_thread t[4];

	(void)state;
	assert_false(f->is_qemu);
	assert_true(f->multiprocess && f->vcont && f->vcont_step && f->xfer_features);
	assert_int_equal(f->ack, ACK_NONE);
	assert_true(f->packet_size >= 1024);
	assert_int_equal(rsp_server_pid(r), server.pid);
	assert_int_equal(rsp_threads(r, t, 4, &err), 1);
	assert_true(t[0].pid && t[0].tid);
	rsp_close(r);
}

static void its_registers_are_found_by_name(void **state)
{
	struct rsp *r = connect_server();
	struct target_desc *d = target_desc_of(r, &err);
	uint8_t regs[RSP_REGS_MAX], code[16];
	uint64_t rip, cs, sp;
	int len;

	(void)state;
	assert_non_null(d);
	assert_string_equal(target_desc_arch(d), "i386:x86-64");
	len = rsp_read_registers(r, regs, sizeof(regs), &err);
	assert_int_equal(len, target_desc_size(d));
	assert_true(target_reg_value(d, regs, (size_t)len, "rip", &rip));
	assert_true(target_reg_value(d, regs, (size_t)len, "cs", &cs) && cs == 0x33);
	assert_true(target_reg_value(d, regs, (size_t)len, "rsp", &sp) && sp % 8 == 0 && sp > 4096);
	assert_int_equal(rsp_read_memory(r, rip, code, sizeof(code), &err), 0);
	assert_true(rsp_read_memory(r, 0x10, code, sizeof(code), &err) < 0);
	assert_int_equal(rsp_read_memory(r, rip, code, sizeof(code), &err), 0);
	target_desc_free(d);
	rsp_close(r);
}

static void points_stop_it(void **state)
{
	static const enum rsp_point breaks[] = { RSP_SW_BREAK, RSP_HW_BREAK };
	struct rsp *r = connect_server();
	struct target_desc *d = target_desc_of(r, &err);
	struct rsp_thread t[4];
	struct rsp_stop stop;
	uint64_t before, after;

	(void)state;
	run_to_loop(r);
	assert_int_equal(rsp_threads(r, t, 4, &err), 2);
	for (int i = 0; i < 2; i++) {
		rsp_post_insert(r, breaks[i], server.landmark, 1);
		stop = go_on(r);
		assert_int_equal(stop.signal, 5);
		assert_int_equal(stop.thread.tid, t[1].tid);
		assert_int_equal(read_rip(r, d, stop.thread), server.landmark);
		rsp_post_remove(r, breaks[i], server.landmark, 1);
		assert_int_equal(rsp_sync(r, &err), 0);
	}
	assert_int_equal(rsp_step(r, stop.thread, &stop, &err), 0);
	assert_int_equal(stop.thread.tid, t[1].tid);
	assert_true(read_rip(r, d, stop.thread) != server.landmark);
	assert_int_equal(rsp_read_memory(r, server.counter, &before, 8, &err), 0);
	rsp_post_insert(r, RSP_WRITE_WATCH, server.counter, 8);
	stop = go_on(r);
	assert_int_equal(stop.watch, RSP_WATCH_WRITE);
	assert_int_equal(stop.watch_addr, server.counter);
	assert_int_equal(rsp_read_memory(r, server.counter, &after, 8, &err), 0);
	assert_true(after > before);
	rsp_post_remove(r, RSP_WRITE_WATCH, server.counter, 8);
	rsp_post(r, "Z9,0,1");
	assert_int_equal(rsp_sync(r, &err), 1);
	target_desc_free(d);
	rsp_close(r);
}

static void it_runs_on_when_detached(void **state)
{
	struct rsp *r = connect_server();
	int status;

	(void)state;
	run_to_loop(r);
	rsp_post_insert(r, RSP_SW_BREAK, server.landmark, 1);
	assert_int_equal(rsp_detach(r, &err), 0);
	rsp_close(r);
	assert_int_equal(waitpid(server.pid, &status, 0), server.pid);
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
	server.pid = fork(); /* something for stop_server() to reap */
	if (!server.pid)
		_exit(0);
	/* The debuggee closes its end of the pipe only by ending, which our closing tells it. */
	close(server.quit);
	await_end(server.tell);
	server.quit = dup(server.tell);
}

static void its_end_is_told(void **state)
{
	struct rsp *r = connect_server();
	struct rsp_stop stop;

	(void)state;
	run_to_loop(r);
	close(server.quit);
	server.quit = dup(server.tell);
	assert_int_equal(rsp_continue(r, &err), 0);
	assert_int_equal(rsp_wait_stop(r, PATIENCE, &stop, &err), 0);
	assert_int_equal(stop.kind, RSP_STOP_EXITED);
	assert_int_equal(stop.signal, 42);
	rsp_close(r);
}

static void it_can_be_killed(void **state)
{
	struct rsp *r = connect_server();
	struct rsp_thread t[1];
	const char *reply;

	(void)state;
	run_to_loop(r);
	assert_int_equal(rsp_threads(r, t, 1, &err), 1);
	assert_int_equal(rsp_ask(r, &reply, &err, "vKill;%x", t[0].pid), 2);
	assert_string_equal(reply, "OK");
	rsp_close(r);
	await_end(server.tell);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(its_features_are_found, start_server, stop_server),
		cmocka_unit_test_setup_teardown(its_registers_are_found_by_name, start_server, stop_server),
		cmocka_unit_test_setup_teardown(points_stop_it, start_server, stop_server),
		cmocka_unit_test_setup_teardown(it_runs_on_when_detached, start_server, stop_server),
		cmocka_unit_test_setup_teardown(its_end_is_told, start_server, stop_server),
		cmocka_unit_test_setup_teardown(it_can_be_killed, start_server, stop_server),
	};

	if (argc == 4 && !strcmp(argv[1], "debuggee"))
		return debuggee(atoi(argv[2]), atoi(argv[3]));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
