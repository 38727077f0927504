/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The client against a stock QEMU with two CPUs and its own SeaBIOS: what
 * rsp-qemu.c says of QEMU's ways is looked at here.
 */
#include "../../gdbproto/rsp-client.h"
#include "../../gdbproto/rsp-conn.h"
#include "../../gdbproto/target-xml.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define QEMU "qemu-system-x86_64"
#define PATIENCE 60000
#define RETRY_MS 20
#define ENTRY 0xfe05b           /* where the reset vector of a PC BIOS jumps to */
#define TIMER_TICKS 0x46c       /* written by the BIOS at every timer interrupt */

static struct error err;
static pid_t qemu;
static char dir[80], stub[96], monitor[96], qmp[96];

static void run_qemu(void)
{
	char gdb_arg[128], monitor_arg[128], qmp_arg[128];

	snprintf(gdb_arg, sizeof(gdb_arg), "%s,server=on,wait=off", stub);
	snprintf(monitor_arg, sizeof(monitor_arg), "%s,server=on,wait=off", monitor);
	snprintf(qmp_arg, sizeof(qmp_arg), "%s,server=on,wait=off", qmp);
	execlp(QEMU, QEMU, "-nodefaults", "-display", "none", "-M", "q35,accel=tcg", "-m", "32", "-smp", "2",
	       "-S",
	       "-monitor", monitor_arg, "-qmp", qmp_arg, "-gdb", gdb_arg, NULL);
	_exit(127);
}

static int start_qemu(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	snprintf(dir, sizeof(dir), "%s/qemu-XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(dir))
		return -1;
	snprintf(stub, sizeof(stub), "unix:%s/gdb", dir);
	snprintf(monitor, sizeof(monitor), "unix:%s/mon", dir);
	snprintf(qmp, sizeof(qmp), "unix:%s/qmp", dir);
	qemu = fork();
	if (!qemu)
		run_qemu();
	return 0;
}

static int stop_qemu(void **state)
{
	(void)state;
	if (qemu > 0) {
		kill(qemu, SIGKILL);
		waitpid(qemu, NULL, 0);
	}
	unlink(stub + 5);
	unlink(monitor + 5);
	unlink(qmp + 5);
	rmdir(dir);
	return 0;
}

/* Wait until QEMU listens; skip where there is none. */
static struct rsp *attach(bool *running)
{
	int64_t deadline = rsp_deadline(PATIENCE);
	int status;

	while (rsp_now() < deadline) {
		struct rsp *r = rsp_open(stub, PATIENCE, running, &err);

		if (r)
			return r;
		if (waitpid(qemu, &status, WNOHANG) == qemu) {
			qemu = 0;
			if (!WIFEXITED(status) || WEXITSTATUS(status) != 127)
				break;
			print_message(QEMU " is not installed\n");
			skip();
		}
		poll(NULL, 0, RETRY_MS);
	}
	print_message("%s\n", err.text);
	assert_true(false);
	return NULL;
}

static void assert_status(struct rsp *r, const char *want)
{
	char text[128];

	assert_int_equal(rsp_monitor_text(r, "info status", text, sizeof(text), &err), 0);
	assert_non_null(strstr(text, want));
}

static struct rsp_stop go_on(struct rsp *r)
{
	struct rsp_stop stop;

	assert_int_equal(rsp_continue(r, &err), 0);
	assert_int_equal(rsp_wait_stop(r, PATIENCE, &stop, &err), 0);
	assert_int_equal(stop.kind, RSP_STOP_SIGNAL);
	return stop;
}

static void its_features_are_found(void **state)
{
	bool running = true;
	struct rsp *r = attach(&running);
	const struct rsp_features *f = rsp_features(r);
	struct rsp_thread t[4];

	(void)state;
	assert_true(f->is_qemu && f->multiprocess && f->vcont && f->vcont_step && f->xfer_features);
	assert_int_equal(f->memory_max, f->packet_size / 2);
	assert_true(f->ack == ACK_IMPLICIT || f->ack == ACK_NONE);
	assert_false(running);
	assert_int_equal(rsp_server_pid(r), qemu);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(rsp_threads(r, t, 4, &err), 2);
		assert_true(t[0].tid == 1 && t[1].tid == 2 && t[1].pid == 1);
	}
	assert_status(r, "paused (prelaunch)");
	rsp_close(r);
}

static void its_registers_are_as_at_reset(void **state)
{
	struct rsp *r = attach(NULL);
	struct target_desc *d = target_desc_of(r, &err), *own = target_desc_qemu_x86_64(&err);
	static const struct { const char *name; uint64_t value; } reset[] = {
		{ "rip", 0xfff0 }, { "cs", 0xf000 }, { "cr0", 0x60000010 }, { "eflags", 2 }, { "efer", 0 } };
	uint8_t regs[RSP_REGS_MAX];
	int len = rsp_read_registers(r, regs, sizeof(regs), &err);
	uint64_t value;

	(void)state;
	assert_non_null(d);
	assert_int_equal(len, target_desc_size(d));
	assert_string_equal(target_desc_arch(d), target_desc_arch(own));
	for (size_t i = 0; i < sizeof(reset) / sizeof(reset[0]); i++) {
		assert_true(target_reg_value(d, regs, (size_t)len, reset[i].name, &value));
		assert_int_equal(value, reset[i].value);
		assert_int_equal(target_reg_offset(d, reset[i].name, NULL),
				 target_reg_offset(own, reset[i].name, NULL));
	}
	target_desc_free(d);
	target_desc_free(own);
	rsp_close(r);
}

static void its_memory_is_read(void **state)
{
	struct rsp *r = attach(NULL);
	static uint8_t rom[0x20000];
	const char *reply;
	uint8_t vector[5];

	(void)state;
	assert_int_equal(rsp_read_memory(r, 0xfffffff0, vector, sizeof(vector), &err), 0);
	assert_memory_equal(vector, "\xea\x5b\xe0\x00\xf0", 5);
	assert_int_equal(rsp_read_memory(r, 0xe0000, rom, sizeof(rom), &err), 0);
	assert_memory_equal(rom + 0x1fff0, vector, sizeof(vector));
	assert_int_equal(rsp_ask(r, &reply, &err, "m0,%zx", rsp_features(r)->memory_max),
			 2 * rsp_features(r)->memory_max);
	assert_int_equal(rsp_ask(r, &reply, &err, "m0,%zx", rsp_features(r)->memory_max + 1), 3);
	assert_string_equal(reply, "E22");
	rsp_close(r);
}

static void duplicates_stack(void **state)
{
	struct rsp *r = attach(NULL);

	(void)state;
	for (int i = 0; i < 2; i++)
		rsp_post_insert(r, RSP_SW_BREAK, 0x7c00, 1);
	for (int i = 0; i < 3; i++)
		rsp_post_remove(r, RSP_SW_BREAK, 0x7c00, 1);
	assert_int_equal(rsp_sync(r, &err), 1);
	rsp_close(r);
}

static void points_stop_it(void **state)
{
	struct rsp *r = attach(NULL);
	struct target_desc *d = target_desc_of(r, &err);
	uint8_t regs[RSP_REGS_MAX], code[4];
	struct rsp_job job = { .thread = { 1, 1 }, .regs = regs, .addr = ENTRY, .mem = code,
		.len = sizeof(code) };
	struct rsp_stop stop;
	uint64_t rip;

	(void)state;
	rsp_post_insert(r, RSP_SW_BREAK, ENTRY, 1);
	stop = go_on(r);
	assert_int_equal(stop.signal, 5);
	assert_int_equal(stop.thread.tid, 1);
	assert_int_equal(rsp_jobs(r, &job, 1, &err), 0);
	assert_true(target_reg_value(d, regs, job.regs_len, "rip", &rip));
	assert_int_equal(rip, ENTRY & 0xffff);
	assert_int_equal(rsp_step(r, stop.thread, &stop, &err), 0);
	assert_int_equal(rsp_jobs(r, &job, 1, &err), 0);
	assert_true(target_reg_value(d, regs, job.regs_len, "rip", &rip));
	assert_true(rip != (ENTRY & 0xffff));
	rsp_post_remove(r, RSP_SW_BREAK, ENTRY, 1);
	rsp_post_insert(r, RSP_WRITE_WATCH, TIMER_TICKS, 4);
	stop = go_on(r);
	assert_int_equal(stop.watch, RSP_WATCH_WRITE);
	assert_int_equal(stop.watch_addr, TIMER_TICKS);
	assert_int_equal(rsp_sync(r, &err), 0);
	target_desc_free(d);
	rsp_close(r);
}

static void what_a_killed_debugger_left_is_forgotten(void **state)
{
	struct rsp *r = attach(NULL);

	(void)state;
	for (int i = 0; i < 2; i++) {
		rsp_post_insert(r, RSP_SW_BREAK, 0x7c00, 1);
		rsp_post_insert(r, RSP_WRITE_WATCH, 0x500, 4);
	}
	assert_int_equal(rsp_sync(r, &err), 0);
	rsp_close(r);
	r = attach(NULL);
	assert_int_equal(rsp_forget_points(r, &err), 0);
	rsp_post_remove(r, RSP_SW_BREAK, 0x7c00, 1);
	rsp_post_remove(r, RSP_WRITE_WATCH, 0x500, 4);
	assert_int_equal(rsp_sync(r, &err), 2);
	rsp_close(r);
}

/* A late ack, or any byte behind a resume, would show as a stop nobody asked for. */
static void resumes_are_pipelined_without_a_stray_stop(void **state)
{
	struct rsp *r = attach(NULL);
	struct rsp_stop stop;

	(void)state;
	for (int i = 0; i < 100; i++) {
		rsp_post_insert(r, RSP_HW_BREAK, 0x500, 1);
		rsp_post_remove(r, RSP_HW_BREAK, 0x500, 1);
		rsp_post_remove(r, RSP_HW_BREAK, 0x500, 1);
		assert_int_equal(rsp_continue(r, &err), 0);
		assert_int_equal(rsp_wait_stop(r, 3, &stop, &err), 0);
		assert_int_equal(stop.kind, RSP_STOP_NONE);
		assert_int_equal(rsp_interrupt(r, &stop, &err), 0);
		assert_int_equal(stop.signal, 2);
		assert_int_equal(rsp_sync(r, &err), 1);
		assert_status(r, "paused");
	}
	rsp_close(r);
}

static void it_runs_on_when_detached(void **state)
{
	struct rsp *r = attach(NULL);
	struct rsp_stop stop;
	bool running;

	(void)state;
	rsp_post_insert(r, RSP_SW_BREAK, 0x500, 1);
	assert_int_equal(rsp_continue(r, &err), 0);
	assert_int_equal(rsp_interrupt(r, &stop, &err), 0);
	assert_int_equal(rsp_detach(r, &err), 0);
	rsp_close(r);
	r = attach(&running);
	assert_true(running);
	rsp_post_remove(r, RSP_SW_BREAK, 0x500, 1);
	assert_int_equal(rsp_sync(r, &err), 1);
	rsp_close(r);
	r = attach(&running);
	assert_false(running);
	assert_int_equal(rsp_continue(r, &err), 0);
	assert_int_equal(rsp_detach(r, &err), 0);
	rsp_close(r);
	r = attach(&running);
	assert_true(running);
	rsp_close(r);
}

static void its_other_doors_are_named(void **state)
{
	struct rsp *r = attach(NULL);

	(void)state;
	assert_null(rsp_open(monitor, PATIENCE, NULL, &err));
	assert_non_null(strstr(err.text, "human monitor"));
	assert_null(rsp_open(qmp, PATIENCE, NULL, &err));
	assert_non_null(strstr(err.text, "QMP"));
	assert_null(rsp_open(stub, 500, NULL, &err));
	assert_non_null(strstr(err.text, "another debugger"));
	rsp_close(r);
}

static void its_death_is_told(void **state)
{
	struct rsp *r = attach(NULL);
	struct rsp_stop stop = { .kind = RSP_STOP_NONE };
	int rc;

	(void)state;
	assert_int_equal(rsp_continue(r, &err), 0);
	kill(qemu, SIGTERM);
	rc = rsp_wait_stop(r, PATIENCE, &stop, &err);
	assert_true(rc < 0 || stop.kind == RSP_STOP_EXITED);
	rsp_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(its_features_are_found, start_qemu, stop_qemu),
		cmocka_unit_test_setup_teardown(its_registers_are_as_at_reset, start_qemu, stop_qemu),
		cmocka_unit_test_setup_teardown(its_memory_is_read, start_qemu, stop_qemu),
		cmocka_unit_test_setup_teardown(duplicates_stack, start_qemu, stop_qemu),
		cmocka_unit_test_setup_teardown(points_stop_it, start_qemu, stop_qemu),
		cmocka_unit_test_setup_teardown(what_a_killed_debugger_left_is_forgotten, start_qemu,
						stop_qemu),
		cmocka_unit_test_setup_teardown(resumes_are_pipelined_without_a_stray_stop, start_qemu,
						stop_qemu),
		cmocka_unit_test_setup_teardown(it_runs_on_when_detached, start_qemu, stop_qemu),
		cmocka_unit_test_setup_teardown(its_other_doors_are_named, start_qemu, stop_qemu),
		cmocka_unit_test_setup_teardown(its_death_is_told, start_qemu, stop_qemu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
