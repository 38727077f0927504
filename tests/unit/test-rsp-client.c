/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The client against scripted servers, the good and the hostile. */
#include "../../gdbproto/rsp-client.h"
#include "../../gdbproto/rsp-conn.h"
#include "../../gdbproto/target-xml.h"
#include "fake-stub.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PATIENCE 20000

#define HELLO_QEMU { "qSupported", "PacketSize=1000;qXfer:features:read+;vContSupported+;multiprocess+" }, \
	{ "qqemu.sstepbits", "ENABLE=1,NOIRQ=2,NOTIMER=4" }, { "vCont?", "vCont;c;C;s;S" }, \
	{ "qfThreadInfo", "mp01.01" }, { "qsThreadInfo", "mp01.02" }, { "qsThreadInfo", "l" }
#define HELLO_PLAIN { "qSupported", "PacketSize=200" }, { "vCont?", "vCont;c;C;s;S" }, { "?", "S05" }, \
	{ "qfThreadInfo", "m1" }, { "qsThreadInfo", "l" }
#define END { NULL, NULL }

static struct fake fake;
static struct error err;

static struct rsp *open_fake(const struct fake_line *lines)
{
	struct rsp *r;

	fake.lines = lines;
	fake_start(&fake);
	r = rsp_open(fake.target, PATIENCE, NULL, &err);
	if (!r)
		print_message("%s\n", err.text);
	assert_non_null(r);
	return r;
}

static void close_fake(struct rsp *r)
{
	rsp_close(r);
	fake_end(&fake);
}

static int fresh(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	memset(&err, 0, sizeof(err));
	return 0;
}

static bool logged(const char *text)
{
	return strstr(fake.log, text) != NULL;
}

/* One line for a person: no control characters, the target named. */
static void assert_clear(const char *want)
{
	assert_int_equal(err.code, ERR_TARGET);
	for (const char *p = err.text; *p; p++)
		assert_in_range((unsigned char)*p, ' ', '~');
	if (!strstr(err.text, want))
		print_message("\"%s\" lacks \"%s\"\n", err.text, want);
	assert_non_null(strstr(err.text, want));
}

static void assert_threads(struct rsp *r, int want)
{
	struct rsp_thread t[8];

	assert_int_equal(rsp_threads(r, t, 8, &err), want);
	assert_int_equal(t[0].tid, 1);
	assert_int_equal(t[want - 1].tid, want);
}

/* Opening */

static void qemu_is_recognized(void **state)
{
	static const struct fake_line lines[] = { HELLO_QEMU, { "qsThreadInfo", "mp01.02" },
		{ "qsThreadInfo", "l" }, { "qsThreadInfo", "mp01.02" }, { "qsThreadInfo", "mp01.03" },
		{ "qsThreadInfo", "l" }, { "QStartNoAckMode", "OK" }, END };
	struct rsp *r = open_fake(lines);
	const struct rsp_features *f = rsp_features(r);

	(void)state;
	assert_true(f->is_qemu && f->multiprocess && f->vcont && f->vcont_step && f->xfer_features);
	assert_int_equal(f->ack, ACK_IMPLICIT);
	assert_int_equal(f->packet_size, 0x1000);
	assert_int_equal(f->memory_max, 0x800);
	assert_threads(r, 2);
	assert_threads(r, 3);
	assert_int_equal(rsp_server_pid(r), getpid());
	close_fake(r);
	assert_int_equal(fake.late_acks, 0);
	assert_false(logged("QStartNoAckMode"));
	assert_false(logged("|?|"));
}

static void a_running_guest_is_noticed(void **state)
{
	static const struct fake_line after[] = {
		{ "qSupported", "PacketSize=1000;multiprocess+\nT02thread:01;" }, HELLO_QEMU, END };
	static const struct fake_line later[] = { { "vCont?", "T02thread:p01.01;\nvCont;c;s" }, HELLO_QEMU,
		END };
	static const struct fake_line plain[] = { HELLO_QEMU, END };
	static const struct { const char *greeting; const struct fake_line *lines; bool running; } cases[] = {
		{ "$T02thread:01;#04", plain, true }, { NULL, after, true }, { NULL, later, true },
		{ NULL, plain, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool running = !cases[i].running;
		struct rsp *r;

		fresh(state);
		fake.lines = cases[i].lines;
		fake.greeting = cases[i].greeting;
		fake_start(&fake);
		r = rsp_open(fake.target, PATIENCE, &running, &err);
		assert_non_null(r);
		assert_int_equal(running, cases[i].running);
		assert_true(rsp_features(r)->vcont);
		close_fake(r);
	}
}

static void no_ack_mode_is_used_where_granted(void **state)
{
	static const struct fake_line lines[] = { { "qSupported", "PacketSize=200;QStartNoAckMode+" },
		{ "QStartNoAckMode", "OK" }, { "?", "S05" }, { "qf", "m1" }, { "qs", "l" }, END };
	struct rsp *r = open_fake(lines);

	(void)state;
	assert_int_equal(rsp_features(r)->ack, ACK_NONE);
	assert_false(rsp_features(r)->vcont);
	assert_threads(r, 1);
	close_fake(r);
	assert_int_equal(fake.late_acks, 0);
}

static void tcp_works_as_well(void **state)
{
	static const struct fake_line lines[] = { HELLO_QEMU, END };
	struct rsp *r;

	(void)state;
	fake.tcp = true;
	r = open_fake(lines);
	assert_int_equal(rsp_server_pid(r), getpid());
	close_fake(r);
}

static void both_kinds_of_addresses_work(void **state)
{
	static const struct fake_line lines[] = { HELLO_QEMU, END };
	static const char *const hosts[] = { "127.0.0.1", "[::1]", "" };

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		struct rsp *r;

		fresh(state);
		fake.lines = lines;
		fake.tcp = true;
		fake.host = hosts[i];
		if (!fake_start(&fake)) {
			print_message("there is no IPv6 here\n");
			skip();
		}
		r = rsp_open(fake.target, PATIENCE, NULL, &err);
		assert_non_null(r);
		assert_int_equal(rsp_server_pid(r), getpid());
		close_fake(r);
	}
}

static void a_server_without_a_program_is_told(void **state)
{
	static const struct fake_line lines[] = { { "?", "W00" }, HELLO_PLAIN, END };

	(void)state;
	fake.lines = lines;
	fake_start(&fake);
	assert_null(rsp_open(fake.target, PATIENCE, NULL, &err));
	fake_end(&fake);
	assert_clear("runs no program");
}

/* Acknowledgements */

static void every_packet_is_acked_where_needed(void **state)
{
	static const struct fake_line lines[] = { HELLO_PLAIN, { "QStartNoAckMode", "" }, { "Z0", "OK" },
		{ "z0", "E01" }, { "vCont;c", "T05thread:1;" }, { "g", "0011" }, { "D", "OK" }, END };
	struct rsp_stop stop;
	uint8_t regs[8];
	struct rsp *r;

	(void)state;
	fake.strict_acks = true;
	r = open_fake(lines);
	assert_int_equal(rsp_features(r)->ack, ACK_EXPLICIT);
	rsp_post_insert(r, RSP_SW_BREAK, 0x1000, 1);
	rsp_post_remove(r, RSP_SW_BREAK, 0x2000, 1);
	assert_int_equal(rsp_continue(r, &err), 0);
	assert_int_equal(rsp_wait_stop(r, PATIENCE, &stop, &err), 0);
	assert_int_equal(stop.signal, 5);
	assert_int_equal(rsp_sync(r, &err), 1);
	assert_int_equal(rsp_read_registers(r, regs, sizeof(regs), &err), 2);
	assert_int_equal(rsp_detach(r, &err), 0);
	close_fake(r);
	assert_int_equal(fake.violations, 0);
	assert_true(logged("Z0,1000,1|z0,2000,1|vCont;c|g|D"));
}

static void damage_is_repaired(void **state)
{
	static const struct fake_line lines[] = { HELLO_PLAIN, { "g", "!$0011#00" }, { "-", "0011" },
		{ "g", "!-" }, { "g", "2233" }, END };
	struct rsp *r = open_fake(lines);
	uint8_t regs[8];

	(void)state;
	assert_int_equal(rsp_read_registers(r, regs, sizeof(regs), &err), 2);
	assert_memory_equal(regs, "\x00\x11", 2);
	assert_int_equal(rsp_read_registers(r, regs, sizeof(regs), &err), 2);
	assert_memory_equal(regs, "\x22\x33", 2);
	close_fake(r);
	assert_true(logged("g|g|g"));
}

static void damage_without_end_is_given_up(void **state)
{
	static const struct fake_line damaged[] = { HELLO_PLAIN, { "g", "!$0011#00" }, { "-", "!$0011#00" },
		END };
	static const struct fake_line deaf[] = { HELLO_PLAIN, { "g", "!-" }, END };
	uint8_t regs[8];
	struct rsp *r = open_fake(damaged);

	assert_true(rsp_read_registers(r, regs, sizeof(regs), &err) < 0);
	assert_clear("damaged");
	assert_true(rsp_read_registers(r, regs, sizeof(regs), &err) < 0);
	assert_clear("given up");
	close_fake(r);
	fresh(state);
	r = open_fake(deaf);
	assert_true(rsp_read_registers(r, regs, sizeof(regs), &err) < 0);
	assert_clear("does not accept");
	close_fake(r);
}

/* Pipelining and stops */

static void posts_travel_with_the_resume(void **state)
{
	static const struct fake_line lines[] = { HELLO_QEMU, { "Z0", "OK" }, { "z0", "E22" },
		{ "vCont;c", "T05thread:p01.02;watch:000000000003ff00;" }, END };
	int64_t before = rsp_now();
	struct rsp_stop stop;

	for (int bytewise = 0; bytewise < 2; bytewise++) {
		struct rsp *r;

		fresh(state);
		fake.bytewise = bytewise;
		r = open_fake(lines);
		rsp_post_insert(r, RSP_SW_BREAK, 0x38000, 1);
		rsp_post_remove(r, RSP_SW_BREAK, 0x39000, 1);
		assert_int_equal(rsp_continue(r, &err), 0);
		assert_true(rsp_running(r));
		assert_int_equal(rsp_wait_stop(r, PATIENCE, &stop, &err), 0);
		assert_false(rsp_running(r));
		assert_int_equal(stop.kind, RSP_STOP_SIGNAL);
		assert_int_equal(stop.thread.tid, 2);
		assert_int_equal(stop.watch, RSP_WATCH_WRITE);
		assert_int_equal(stop.watch_addr, 0x3ff00);
		assert_in_range(stop.recv_ns, before, rsp_now());
		assert_int_equal(rsp_sync(r, &err), 1);
		assert_int_equal(rsp_sync(r, &err), 0);
		close_fake(r);
		assert_true(logged("Z0,38000,1|z0,39000,1|vCont;c"));
		assert_int_equal(fake.late_acks, 0);
	}
}

static void unasked_stops_are_passed_over(void **state)
{
	static const struct fake_line lines[] = { HELLO_QEMU, { "g", "T02thread:p01.01;\n1122" },
		{ "Z0", "T02thread:p01.01;\nOK" }, { "vCont;c", "O4142\nT05thread:p01.01;" }, END };
	struct rsp *r = open_fake(lines);
	struct rsp_stop stop;
	uint8_t regs[8];

	(void)state;
	assert_int_equal(rsp_read_registers(r, regs, sizeof(regs), &err), 2);
	rsp_post_insert(r, RSP_SW_BREAK, 0x38000, 1);
	assert_int_equal(rsp_continue(r, &err), 0);
	assert_int_equal(rsp_wait_stop(r, PATIENCE, &stop, &err), 0);
	assert_int_equal(stop.signal, 5);
	assert_int_equal(rsp_sync(r, &err), 0);
	close_fake(r);
}

static void a_swallowed_post_does_not_hide_the_stop(void **state)
{
	static const struct fake_line lines[] = { HELLO_QEMU, { "Z0", "~" },
		{ "vCont;c", "T05thread:p01.01;" }, END };
	struct rsp *r = open_fake(lines);
	struct rsp_stop stop;

	(void)state;
	rsp_post_insert(r, RSP_SW_BREAK, 0x38000, 1);
	assert_int_equal(rsp_continue(r, &err), 0);
	assert_int_equal(rsp_wait_stop(r, PATIENCE, &stop, &err), 0);
	assert_int_equal(stop.signal, 5);
	assert_int_equal(rsp_sync(r, &err), 1);
	close_fake(r);
}

static void waiting_ends_in_time_and_keeps_what_came(void **state)
{
	static const struct fake_line lines[] = { HELLO_QEMU, { "vCont;c", "!$T05thr" },
		{ "\003", "!ead:p01.02;#07" }, END };
	struct rsp *r = open_fake(lines);
	struct rsp_stop stop;

	(void)state;
	assert_int_equal(rsp_wait_stop(r, 0, &stop, &err), 0);
	assert_int_equal(stop.kind, RSP_STOP_NONE);
	assert_int_equal(rsp_continue(r, &err), 0);
	assert_int_equal(rsp_wait_stop(r, 30, &stop, &err), 0);
	assert_int_equal(stop.kind, RSP_STOP_NONE);
	assert_true(rsp_running(r));
	assert_int_equal(rsp_interrupt(r, &stop, &err), 0);
	assert_int_equal(stop.signal, 5);
	assert_int_equal(stop.thread.tid, 2);
	close_fake(r);
}

static void an_interrupt_stops(void **state)
{
	static const struct fake_line lines[] = { HELLO_QEMU, { "vCont;c", "~" },
		{ "\003", "T02thread:p01.01;" }, END };
	struct rsp *r = open_fake(lines);
	struct rsp_stop stop;

	(void)state;
	assert_true(rsp_interrupt(r, &stop, &err) < 0);
	assert_clear("not running");
	assert_int_equal(rsp_continue(r, &err), 0);
	assert_true(rsp_continue(r, &err) < 0);
	assert_clear("running already");
	assert_int_equal(rsp_interrupt(r, &stop, &err), 0);
	assert_int_equal(stop.signal, 2);
	assert_false(rsp_running(r));
	close_fake(r);
	assert_true(logged("vCont;c|^C"));
}

static void a_target_that_does_not_stop_is_told(void **state)
{
	static const struct fake_line lines[] = { HELLO_QEMU, { "vCont;c", "~" }, { "\003", "~" }, END };
	struct rsp_stop stop;
	struct rsp *r;

	(void)state;
	fake.lines = lines;
	fake_start(&fake);
	r = rsp_open(fake.target, 1500, NULL, &err);
	assert_non_null(r);
	assert_int_equal(rsp_continue(r, &err), 0);
	assert_true(rsp_interrupt(r, &stop, &err) < 0);
	assert_clear("did not stop within 1500 ms");
	assert_true(rsp_detach(r, &err) < 0);
	close_fake(r);
}

static void a_running_target_is_asked_nothing(void **state)
{
	static const struct fake_line lines[] = { HELLO_QEMU, { "vCont;c", "~" },
		{ "\003", "T02thread:p01.01;" }, END };
	struct rsp *r = open_fake(lines);
	struct rsp_thread t[2];
	struct rsp_stop stop;
	const char *reply;

	(void)state;
	assert_int_equal(rsp_continue(r, &err), 0);
	assert_true(rsp_ask(r, &reply, &err, "qC") < 0);
	assert_clear("the target runs");
	assert_true(rsp_threads(r, t, 2, &err) < 0);
	rsp_post_insert(r, RSP_SW_BREAK, 0x1000, 1);
	assert_true(rsp_sync(r, &err) < 0);
	assert_int_equal(rsp_interrupt(r, &stop, &err), 0);
	assert_int_equal(rsp_sync(r, &err), 1);
	assert_threads(r, 1);
	close_fake(r);
	assert_true(logged("vCont;c|^C|qfThreadInfo"));
}

static void whether_a_pause_was_ended_is_found_out(void **state)
{
	static const struct fake_line lines[] = { HELLO_QEMU, { "\003", "~" },
		{ "\003", "T02thread:p01.01;" },
		{ "qC", "QCp1.1" }, END };
	struct rsp *r = open_fake(lines);
	const char *reply;

	(void)state;
	assert_int_equal(rsp_probe_running(r, 1000, &err), 0);
	rsp_assume_running(r);
	assert_int_equal(rsp_probe_running(r, 30, &err), 0);
	assert_false(rsp_running(r));
	rsp_assume_running(r);
	assert_int_equal(rsp_probe_running(r, PATIENCE, &err), 1);
	assert_int_equal(rsp_ask(r, &reply, &err, "qC"), 6);
	close_fake(r);
}

static void points_are_forgotten_on_every_cpu(void **state)
{
	static const struct fake_line lines[] = { HELLO_QEMU, { "qsThreadInfo", "mp01.02" },
		{ "qsThreadInfo", "l" },
		{ "Hcp1.", "OK" }, { "?", "T05thread:p01.01;" }, END };
	struct rsp *r = open_fake(lines);

	(void)state;
	assert_int_equal(rsp_forget_points(r, &err), 0);
	close_fake(r);
	assert_true(logged("Hcp1.1|?|Hcp1.2|?"));
}

static void console_output_does_not_hide_the_stop(void **state)
{
	static char many[40000];
	const struct fake_line lines[] = { HELLO_QEMU, { "vCont;c", many }, END };
	struct rsp_stop stop;
	struct rsp *r;

	(void)state;
	for (size_t at = 0; at < sizeof(many) - 64; at += 6)
		strcpy(many + at, "O4142\n");
	strcat(many, "T05thread:p01.01;");
	r = open_fake(lines);
	assert_int_equal(rsp_continue(r, &err), 0);
	assert_int_equal(rsp_wait_stop(r, PATIENCE, &stop, &err), 0);
	assert_int_equal(stop.kind, RSP_STOP_SIGNAL);
	close_fake(r);
}

static void a_stop_on_its_way_saves_the_interrupt(void **state)
{
	static const struct fake_line lines[] = { HELLO_QEMU, { "vCont;c", "T05thread:p01.02;" }, END };
	struct rsp *r = open_fake(lines);
	struct pollfd p = { .fd = rsp_fd(r), .events = POLLIN };
	struct rsp_stop stop;
	unsigned char last;

	(void)state;
	assert_int_equal(rsp_continue(r, &err), 0);
	do {
		assert_int_equal(poll(&p, 1, PATIENCE), 1);
	} while (recv(p.fd, &last, 1, MSG_PEEK) != 1 || recv(p.fd, (char[64]){ 0 }, 64, MSG_PEEK) < 22);
	assert_int_equal(rsp_interrupt(r, &stop, &err), 0);
	assert_int_equal(stop.signal, 5);
	close_fake(r);
	assert_false(logged("^C"));
}

static void steps_name_their_thread(void **state)
{
	static const struct fake_line qemu[] = { HELLO_QEMU, { "vCont;s:p1.2", "T05thread:p01.02;" }, END };
	static const struct fake_line old[] = { { "qSupported", "" }, { "?", "S05" }, { "qf", "m1" },
		{ "qs", "l" },
		{ "Hc2", "OK" }, { "s", "S05" }, { "c", "W00" }, END };
	struct rsp *r = open_fake(qemu);
	struct rsp_stop stop;

	assert_int_equal(rsp_step(r, (struct rsp_thread){ 1, 2 }, &stop, &err), 0);
	assert_int_equal(stop.thread.tid, 2);
	close_fake(r);
	fresh(state);
	r = open_fake(old);
	assert_int_equal(rsp_step(r, (struct rsp_thread){ 0, 2 }, &stop, &err), 0);
	assert_int_equal(stop.signal, 5);
	assert_int_equal(rsp_continue(r, &err), 0);
	assert_int_equal(rsp_wait_stop(r, PATIENCE, &stop, &err), 0);
	assert_int_equal(stop.kind, RSP_STOP_EXITED);
	close_fake(r);
	assert_true(logged("Hc2|s|c"));
}

static void the_end_of_the_target_is_told(void **state)
{
	static const struct fake_line exits[] = { HELLO_QEMU, { "vCont;c", "X09" }, { "g", "W00" }, END };
	static const struct fake_line dies[] = { HELLO_QEMU, { "vCont;c", "^" }, END };
	static const struct fake_line refuses[] = { HELLO_QEMU, { "vCont;c", "E22" }, END };
	struct rsp *r = open_fake(exits);
	struct rsp_stop stop;
	uint8_t regs[8];

	assert_int_equal(rsp_continue(r, &err), 0);
	assert_int_equal(rsp_wait_stop(r, PATIENCE, &stop, &err), 0);
	assert_int_equal(stop.kind, RSP_STOP_EXITED);
	assert_int_equal(stop.signal, 9);
	assert_true(rsp_read_registers(r, regs, sizeof(regs), &err) < 0);
	assert_clear("exited");
	close_fake(r);
	fresh(state);
	r = open_fake(dies);
	assert_int_equal(rsp_continue(r, &err), 0);
	assert_true(rsp_wait_stop(r, PATIENCE, &stop, &err) < 0);
	assert_clear("closed the connection");
	assert_true(rsp_flush(r, &err) < 0);
	close_fake(r);
	fresh(state);
	r = open_fake(refuses);
	assert_int_equal(rsp_continue(r, &err), 0);
	assert_true(rsp_wait_stop(r, PATIENCE, &stop, &err) < 0);
	assert_clear("E22");
	close_fake(r);
}

static void detaching_says_d_and_no_more(void **state)
{
	static const struct fake_line qemu[] = { HELLO_QEMU, { "z0", "OK" }, { "vCont;c", "~" },
		{ "\003", "T02thread:p01.01;" }, { "D;1", "OK" }, END };
	static const struct fake_line refuses[] = { HELLO_QEMU, { "D;1", "E22" }, END };
	struct rsp *r = open_fake(qemu);
	const char *reply;

	assert_int_equal(rsp_continue(r, &err), 0);
	assert_int_equal(rsp_detach(r, &err), 0);
	assert_true(rsp_ask(r, &reply, &err, "qC") < 0);
	close_fake(r);
	assert_string_equal(fake.log + fake.log_len - 14, "vCont;c|^C|D;1");
	assert_int_equal(fake.late_acks, 0);
	fresh(state);
	r = open_fake(refuses);
	assert_true(rsp_detach(r, &err) < 0);
	assert_clear("refused to detach");
	close_fake(r);
}

/* Reading */

static void a_stop_is_read_in_one_go(void **state)
{
	static const struct fake_line lines[] = { HELLO_QEMU, { "z0", "E22" }, { "Hgp1.1", "OK" },
		{ "Hgp1.2", "OK" }, { "Hgp1.9", "E22" }, { "g", "00112233" }, { "g", "44556677" },
		{ "g", "88" }, { "m3ff00", "00e0bd1f" },
		{ "m0,", "E14" }, { "m10,", "00" }, END };
	struct rsp *r = open_fake(lines);
	uint8_t regs[3][RSP_REGS_MAX], mem[4];
	struct rsp_job jobs[] = {
		{ .thread = { 1, 1 }, .regs = regs[0], .addr = 0x3ff00, .mem = mem, .len = 4 },
		{ .thread = { 1, 2 }, .regs = regs[1] },
		{ .thread = { 1, 9 }, .regs = regs[2] },
		{ .thread = { 1, 1 }, .addr = 0, .mem = mem, .len = 4 },
		{ .addr = 0x10, .mem = mem, .len = 4 },
	};

	(void)state;
	rsp_post_remove(r, RSP_SW_BREAK, 0x38000, 1);
	assert_int_equal(rsp_jobs(r, jobs, 5, &err), 0);
	assert_false(jobs[0].failed || jobs[1].failed);
	assert_int_equal(jobs[0].regs_len, 4);
	assert_memory_equal(regs[1], "\x44\x55\x66\x77", 4);
	assert_true(jobs[2].failed && jobs[3].failed && jobs[4].failed);
	assert_int_equal(jobs[2].regs_len, 0);
	assert_int_equal(rsp_sync(r, &err), 1);
	close_fake(r);
}

static void memory_is_read_in_pieces(void **state)
{
	static const struct fake_line lines[] = { { "qSupported", "PacketSize=40;multiprocess+" }, HELLO_QEMU,
		{ "m1000,20", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" },
		{ "m1020,8", "2021222324252627" }, { "m2000,20", "E14" }, { "m2020,8", "0011223344556677" },
		{ "m3", "zz" },
		{ "m4", "0011" }, { "Hg", "OK" }, END };
	struct rsp *r = open_fake(lines);
	uint8_t mem[40];

	(void)state;
	assert_int_equal(rsp_read_memory(r, 0x1000, mem, sizeof(mem), &err), 0);
	for (uint8_t i = 0; i < sizeof(mem); i++)
		assert_int_equal(mem[i], i);
	assert_true(rsp_read_memory(r, 0x2000, mem, sizeof(mem), &err) < 0);
	assert_clear("0x2000");
	assert_true(rsp_read_memory(r, 0x3000, mem, 1, &err) < 0);
	assert_true(rsp_read_memory(r, 0x4000, mem, 1, &err) < 0);
	assert_int_equal(rsp_select(r, (struct rsp_thread){ 1, 1 }, &err), 0);
	close_fake(r);
	assert_true(logged("m1000,20|m1020,8"));
}

static void memory_is_written_in_pieces(void **state)
{
	static const struct fake_line lines[] = { { "qSupported", "PacketSize=40;multiprocess+" }, HELLO_QEMU,
		{ "M1000,", "OK" }, { "M1010,", "OK" }, { "M2000,", "E22" }, { "M3000,", "" }, { "Hg", "OK" }, END };
	struct rsp *r = open_fake(lines);
	uint8_t mem[18] = { 0x89, 0x07 };

	(void)state;
	mem[17] = 0xfe;
	assert_int_equal(rsp_write_memory(r, 0x1000, mem, sizeof(mem), &err), 0);
	assert_true(rsp_write_memory(r, 0x2000, mem, sizeof(mem), &err) < 0);
	assert_clear("0x2000");
	assert_true(rsp_write_memory(r, 0x3000, mem, 2, &err) < 0);
	assert_clear("cannot write memory");
	assert_int_equal(rsp_select(r, (struct rsp_thread){ 1, 1 }, &err), 0);
	close_fake(r);
	assert_true(logged("M1000,10:89070000000000000000000000000000|M1010,2:00fe|M2000,10:"));
	assert_false(logged("M2010"));
}

static void registers_are_written(void **state)
{
	static const struct fake_line lines[] = { HELLO_QEMU, { "P10=", "OK" }, { "P11=", "OK" }, { "P5=", "E01" },
		{ "P6=", "" }, { "Hg", "OK" }, END };
	struct rsp *r = open_fake(lines);

	(void)state;
	assert_int_equal(rsp_write_register(r, 0x10, 0xf9dfd42, 8, &err), 0);
	assert_int_equal(rsp_write_register(r, 0x11, 0xffffffff00000046, 4, &err), 0);
	assert_true(rsp_write_register(r, 5, 1, 8, &err) < 0);
	assert_clear("register 0x5 was refused (\"E01\")");
	assert_true(rsp_write_register(r, 6, 1, 8, &err) < 0);
	assert_clear("cannot write register");
	assert_true(rsp_write_register(r, 7, 1, 16, &err) < 0);
	assert_int_equal(rsp_select(r, (struct rsp_thread){ 1, 1 }, &err), 0);
	close_fake(r);
	assert_true(logged("P10=42fd9d0f00000000|P11=46000000|P5="));
	assert_false(logged("P7"));
}

static void bad_registers_are_refused(void **state)
{
	static const struct fake_line lines[] = { HELLO_QEMU, { "g", "E01" }, { "g", "01zz" }, { "g", "011" },
		{ "g", "0011223344" }, { "g", "" }, { "g", "xxxx" }, END };
	struct rsp *r = open_fake(lines);
	uint8_t regs[4];

	(void)state;
	for (int i = 0; i < 5; i++) {
		assert_true(rsp_read_registers(r, regs, sizeof(regs), &err) < 0);
		assert_clear("registers");
	}
	assert_int_equal(rsp_read_registers(r, regs, sizeof(regs), &err), 2);
	close_fake(r);
}

static void undescribed_registers_must_be_qemus(void **state)
{
	static char zeros[1217];
	const struct fake_line qemu[] = { { "qSupported", "PacketSize=1000" }, { "qqemu", "ENABLE=1" },
		{ "qf", "m1" }, { "qs", "l" }, { "g", zeros }, { "g", "00" }, { "g", "E01" },
		{ "Hg", "E22" }, END };
	struct rsp *r;
	struct target_desc *d;

	(void)state;
	memset(zeros, '0', sizeof(zeros) - 1);
	r = open_fake(qemu);
	d = target_desc_of(r, &err);
	assert_non_null(d);
	assert_int_equal(target_reg_offset(d, "cr4", NULL), 212);
	target_desc_free(d);
	assert_null(target_desc_of(r, &err));
	assert_non_null(strstr(err.text, "does not describe its registers"));
	assert_null(target_desc_of(r, &err));
	assert_true(rsp_select(r, (struct rsp_thread){ 0, 7 }, &err) < 0);
	assert_clear("thread 7");
	close_fake(r);
}

static void monitor_output_is_passed_on(void **state)
{
	static const struct fake_line lines[] = { HELLO_QEMU,
		{ "qRcmd,696e666f20737461747573", "O564d2073\nT02thread:01;\nO746174757300\nOff0d0a\nOK" },
		{ "qRcmd,61", "OK" }, { "qRcmd,62", "6869" }, { "qRcmd,63", "E01" }, { "qRcmd,64", "" },
		{ "qRcmd,65", "Oxyz" }, { "qC", "QCp01.01" }, END };
	struct rsp *r = open_fake(lines);
	char text[16], few[6], long_one[3000];
	const char *reply;

	(void)state;
	assert_int_equal(rsp_monitor_text(r, "info status", text, sizeof(text), &err), 0);
	assert_memory_equal(text, "VM status\0\xff\r\n", 14);
	assert_int_equal(rsp_monitor_text(r, "info status", few, sizeof(few), &err), 0);
	assert_string_equal(few, "VM st");
	assert_int_equal(rsp_monitor_text(r, "a", text, sizeof(text), &err), 0);
	assert_string_equal(text, "");
	assert_int_equal(rsp_monitor_text(r, "b", text, sizeof(text), &err), 0);
	assert_string_equal(text, "hi");
	assert_true(rsp_monitor_text(r, "c", text, sizeof(text), &err) < 0);
	assert_true(rsp_monitor_text(r, "d", text, sizeof(text), &err) < 0);
	assert_clear("qRcmd");
	assert_true(rsp_monitor_text(r, "e", text, sizeof(text), &err) < 0);
	memset(long_one, 'x', sizeof(long_one));
	long_one[sizeof(long_one) - 1] = '\0';
	assert_true(rsp_monitor_text(r, long_one, text, sizeof(text), &err) < 0);
	assert_clear("too long");
	assert_int_equal(rsp_ask(r, &reply, &err, "qC"), 8);
	assert_string_equal(reply, "QCp01.01");
	close_fake(r);
}

static void objects_are_read_whole(void **state)
{
	static const struct fake_line lines[] = { HELLO_QEMU,
		{ "qXfer:features:read:target.xml:0,", "m<target>#" },
		{ "qXfer:features:read:target.xml:9,", "m$}*" },
		{ "qXfer:features:read:target.xml:c,", "l</target>" },
		{ "qXfer:features:read:no", "E00" }, { "qXfer:features:read:endless", "mx" }, END };
	struct rsp *r = open_fake(lines);
	char *xml = NULL;

	(void)state;
	assert_int_equal(rsp_features_xml(r, "target.xml", &xml, &err), 21);
	assert_string_equal(xml, "<target>#$}*</target>");
	free(xml);
	assert_true(rsp_features_xml(r, "no.xml", &xml, &err) < 0);
	assert_clear("no.xml");
	assert_true(rsp_features_xml(r, "endless.xml", &xml, &err) < 0);
	assert_clear("does not end");
	close_fake(r);
}

static void bad_thread_lists_end(void **state)
{
	static const struct fake_line endless[] = { { "qSupported", "PacketSize=1000" },
		{ "qqemu", "ENABLE=1" },
		{ "qfThreadInfo", "m1" }, { "qsThreadInfo", "l" }, { "qsThreadInfo", "m1" }, END };
	static const struct fake_line wrong[] = { HELLO_QEMU, { "qfThreadInfo", "mp1.x" }, END };
	struct rsp *r = open_fake(endless);
	struct rsp_thread t[4];

	assert_true(rsp_threads(r, t, 4, &err) < 0);
	assert_clear("does not end");
	close_fake(r);
	fresh(state);
	r = open_fake(wrong);
	assert_true(rsp_threads(r, t, 4, &err) < 0);
	assert_clear("thread list");
	close_fake(r);
}

static void giant_packets_are_refused(void **state)
{
	static char giant[600001];
	const struct fake_line lines[] = { HELLO_QEMU, { "g", giant }, END };
	struct rsp *r;
	uint8_t regs[8];

	(void)state;
	memset(giant, 'a', sizeof(giant) - 1);
	r = open_fake(lines);
	assert_true(rsp_read_registers(r, regs, sizeof(regs), &err) < 0);
	assert_clear("");
	close_fake(r);
}

/* Who else may answer */

static void open_fails_with(const char *greeting, const char *nudged, const char *want, int timeout_ms)
{
	int64_t begin = rsp_now();

	fresh(NULL);
	fake.greeting = greeting;
	fake.nudged = nudged;
	fake_start(&fake);
	assert_null(rsp_open(fake.target, timeout_ms, NULL, &err));
	fake_end(&fake);
	assert_clear(want);
	assert_non_null(strstr(err.text, fake.target));
	assert_true(rsp_now() - begin < 10 * (int64_t)1000000000);
}

static void other_servers_are_named(void **state)
{
	(void)state;
	open_fails_with("QEMU 7.2.22 monitor - type 'help' for more information\r\n(qemu) ", NULL,
			"human monitor", PATIENCE);
	open_fails_with("{\"QMP\": {\"version\": {\"qemu\": {}}}}\r\n", NULL, "QMP", PATIENCE);
	open_fails_with("SSH-2.0-OpenSSH_9.2p1 Debian\r\n", NULL, "SSH", PATIENCE);
	open_fails_with("220 mail.example ESMTP\r\n", NULL, "no gdbstub: \"220 mail", PATIENCE);
	open_fails_with("\x8f\xb2\x01\x7f\xff\xfe\033[2J", NULL, "\\x8f\\xb2\\x01", PATIENCE);
	open_fails_with(NULL, "HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP", PATIENCE);
	open_fails_with(NULL, "<!DOCTYPE HTML PUBLIC>", "HTTP", PATIENCE);
}

static void silence_and_halves_end_in_time(void **state)
{
	(void)state;
	open_fails_with(NULL, NULL, "another debugger", 300);
	open_fails_with("+", NULL, "another debugger", 300);
	open_fails_with("$PacketSize=10", NULL, "did not end", 300);
	open_fails_with("$PacketSize=1000#00$OK#00$OK#00$OK#00$OK#00", NULL, "damaged", PATIENCE);
}

static void flood(int fd, const char *bytes)
{
	while (send(fd, bytes, strlen(bytes), MSG_NOSIGNAL) > 0)
		;
}

static void flood_noise(int fd)
{
	flood(fd, "noise noise noise noise noise noise noise noise noise noise noise noise noise noise");
}

static void flood_packet(int fd)
{
	flood(fd, "$");
	flood(fd, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
}

static void flood_acks(int fd)
{
	flood(fd, "++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++");
}

static void hang_up(int fd)
{
	(void)fd;
}

static void drip(int fd)
{
	do {
		poll(NULL, 0, 10);
	} while (send(fd, "+", 1, MSG_NOSIGNAL) > 0);
}

static void echo(int fd)
{
	char buf[256];
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0)
		send(fd, buf, (size_t)n, MSG_NOSIGNAL);
}

static void hostile_servers_are_left(void **state)
{
	static const struct { void (*server)(int fd); const char *want; } cases[] = {
		{ flood_noise, "no gdbstub" }, { flood_packet, "" }, { flood_acks, "" },
		{ hang_up, "closed the connection" }, { drip, "another debugger" }, { echo, "echo" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t begin = rsp_now();

		fresh(state);
		fake.takes_over = cases[i].server;
		fake_start(&fake);
		assert_null(rsp_open(fake.target, 500, NULL, &err));
		fake_end(&fake);
		assert_clear(cases[i].want);
		assert_true(rsp_now() - begin < 10 * (int64_t)1000000000);
	}
}

static void a_server_that_falls_silent_is_left(void **state)
{
	static const struct fake_line at_open[] = { { "vCont?", "~" }, HELLO_QEMU, END };

	(void)state;
	fake.lines = at_open;
	fake_start(&fake);
	assert_null(rsp_open(fake.target, 1500, NULL, &err));
	fake_end(&fake);
	assert_clear("no answer within 1500 ms");
}

static void absent_targets_are_told(void **state)
{
	char target[64];

	(void)state;
	assert_null(rsp_open("unix:/nonexistent/socket", 1000, NULL, &err));
	assert_clear("no such socket");
	assert_null(rsp_open("unix:/dev/null", 1000, NULL, &err));
	assert_clear("nobody listens");
	fake.tcp = true;
	fake_listen_tcp(&fake);
	strcpy(target, fake.target);
	assert_null(rsp_open(target, 1000, NULL, &err));
	assert_clear("refused");
	close(fake.listener);
}

static void misspelt_targets_are_told(void **state)
{
	static const char *const bad[] = { "", "1234", ":", ":x", ":0", ":65536", ":123456", "host:", "unix:",
		"[::1]",
		":12 ", "tcp:", "tcp:1234", "\033[2J" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&err, 0, sizeof(err));
		assert_null(rsp_open(bad[i], 1000, NULL, &err));
		assert_int_equal(err.code, ERR_USAGE);
		assert_null(strchr(err.text, '\033'));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(qemu_is_recognized, fresh),
		cmocka_unit_test_setup(a_running_guest_is_noticed, fresh),
		cmocka_unit_test_setup(no_ack_mode_is_used_where_granted, fresh),
		cmocka_unit_test_setup(tcp_works_as_well, fresh),
		cmocka_unit_test_setup(both_kinds_of_addresses_work, fresh),
		cmocka_unit_test_setup(a_server_without_a_program_is_told, fresh),
		cmocka_unit_test_setup(every_packet_is_acked_where_needed, fresh),
		cmocka_unit_test_setup(damage_is_repaired, fresh),
		cmocka_unit_test_setup(damage_without_end_is_given_up, fresh),
		cmocka_unit_test_setup(posts_travel_with_the_resume, fresh),
		cmocka_unit_test_setup(unasked_stops_are_passed_over, fresh),
		cmocka_unit_test_setup(a_swallowed_post_does_not_hide_the_stop, fresh),
		cmocka_unit_test_setup(waiting_ends_in_time_and_keeps_what_came, fresh),
		cmocka_unit_test_setup(an_interrupt_stops, fresh),
		cmocka_unit_test_setup(a_target_that_does_not_stop_is_told, fresh),
		cmocka_unit_test_setup(a_running_target_is_asked_nothing, fresh),
		cmocka_unit_test_setup(whether_a_pause_was_ended_is_found_out, fresh),
		cmocka_unit_test_setup(points_are_forgotten_on_every_cpu, fresh),
		cmocka_unit_test_setup(console_output_does_not_hide_the_stop, fresh),
		cmocka_unit_test_setup(a_stop_on_its_way_saves_the_interrupt, fresh),
		cmocka_unit_test_setup(steps_name_their_thread, fresh),
		cmocka_unit_test_setup(the_end_of_the_target_is_told, fresh),
		cmocka_unit_test_setup(detaching_says_d_and_no_more, fresh),
		cmocka_unit_test_setup(a_stop_is_read_in_one_go, fresh),
		cmocka_unit_test_setup(memory_is_read_in_pieces, fresh),
		cmocka_unit_test_setup(memory_is_written_in_pieces, fresh),
		cmocka_unit_test_setup(registers_are_written, fresh),
		cmocka_unit_test_setup(bad_registers_are_refused, fresh),
		cmocka_unit_test_setup(undescribed_registers_must_be_qemus, fresh),
		cmocka_unit_test_setup(monitor_output_is_passed_on, fresh),
		cmocka_unit_test_setup(objects_are_read_whole, fresh),
		cmocka_unit_test_setup(bad_thread_lists_end, fresh),
		cmocka_unit_test_setup(giant_packets_are_refused, fresh),
		cmocka_unit_test_setup(other_servers_are_named, fresh),
		cmocka_unit_test_setup(silence_and_halves_end_in_time, fresh),
		cmocka_unit_test_setup(hostile_servers_are_left, fresh),
		cmocka_unit_test_setup(a_server_that_falls_silent_is_left, fresh),
		cmocka_unit_test_setup(absent_targets_are_told, fresh),
		cmocka_unit_test_setup(misspelt_targets_are_told, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
