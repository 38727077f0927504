/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../../gdbproto/rsp-parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../gdbproto/rsp-packet.h"

#define TEXT(s) (s), sizeof(s) - 1
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void replies_are_told_apart_by_shape(void **state)
{
	static const struct { const char *text; enum rsp_reply kind; } cases[] = {
		{ "", RSP_REPLY_EMPTY }, { "OK", RSP_REPLY_OK }, { "OKAY", RSP_REPLY_OTHER },
		{ "E22", RSP_REPLY_ERROR }, { "E.no such thing", RSP_REPLY_ERROR }, { "E2", RSP_REPLY_OTHER },
		{ "ENABLE=1,NOIRQ=2", RSP_REPLY_OTHER }, { "Exx", RSP_REPLY_OTHER },
		{ "T05thread:p01.01;", RSP_REPLY_STOP }, { "T05", RSP_REPLY_STOP }, { "T5", RSP_REPLY_OTHER },
		{ "S05", RSP_REPLY_STOP }, { "S0", RSP_REPLY_OTHER }, { "S05x", RSP_REPLY_OTHER },
		{ "W00", RSP_REPLY_EXITED }, { "X0f;process:1", RSP_REPLY_EXITED },
		{ "Wxy", RSP_REPLY_OTHER },
		{ "O414243", RSP_REPLY_OUTPUT }, { "O", RSP_REPLY_OTHER }, { "Oops", RSP_REPLY_OTHER },
		{ "mp01.01", RSP_REPLY_OTHER }, { "l", RSP_REPLY_OTHER }, { "00112233", RSP_REPLY_OTHER },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(rsp_classify(cases[i].text, strlen(cases[i].text)), cases[i].kind);
}

static void qemu_stops_are_understood(void **state)
{
	struct rsp_stop s = { .recv_ns = 77 };

	(void)state;
	assert_int_equal(rsp_parse_stop(TEXT("T05thread:p01.02;watch:000000000003ff00;"), &s), 0);
	assert_int_equal(s.kind, RSP_STOP_SIGNAL);
	assert_int_equal(s.signal, 5);
	assert_int_equal(s.thread.pid, 1);
	assert_int_equal(s.thread.tid, 2);
	assert_int_equal(s.watch, RSP_WATCH_WRITE);
	assert_int_equal(s.watch_addr, 0x3ff00);
	assert_int_equal(s.recv_ns, 77);
	assert_int_equal(rsp_parse_stop(TEXT("T05thread:01;rwatch:ffffffffffffffff;"), &s), 0);
	assert_int_equal(s.watch, RSP_WATCH_READ);
	assert_true(s.watch_addr == UINT64_MAX);
	assert_int_equal(s.thread.pid, 0);
	assert_int_equal(rsp_parse_stop(TEXT("T02thread:01;awatch:10;"), &s), 0);
	assert_int_equal(s.watch, RSP_WATCH_ACCESS);
	assert_int_equal(s.signal, 2);
}

static void gdbserver_stops_are_understood(void **state)
{
	struct rsp_stop s = { 0 };

	(void)state;
	assert_int_equal(rsp_parse_stop(TEXT("T0506:0*,;07:d0e2f* 7f0000;10:507bfef7ff7f0000;"
					     "thread:p2a11.2a12;core:1;"), &s), 0);
	assert_int_equal(s.thread.pid, 0x2a11);
	assert_int_equal(s.thread.tid, 0x2a12);
	assert_int_equal(s.watch, RSP_WATCH_NONE);
	assert_int_equal(rsp_parse_stop(TEXT("W2a;process:1"), &s), 0);
	assert_int_equal(s.kind, RSP_STOP_EXITED);
	assert_int_equal(s.signal, 0x2a);
	assert_int_equal(rsp_parse_stop(TEXT("X09"), &s), 0);
	assert_int_equal(s.kind, RSP_STOP_EXITED);
	assert_int_equal(rsp_parse_stop(TEXT("S13"), &s), 0);
	assert_int_equal(s.signal, 0x13);
}

static void odd_stops_do_no_harm(void **state)
{
	static const char *const odd[] = {
		"T05;", "T05;;;", "T05thread", "T05thread:", "T05thread:;", "T05:", "T05:;:;", "T05watch:;",
		"T05watch:xyz;", "T05watch:11112222333344445;", "T05thread:p;", "T05thread:p1.;",
		"T05thread:1x;",
		"T05swbreak:;library:;unknown-key:value:with:colons;",
	};
	struct rsp_stop s = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(odd); i++) {
		assert_int_equal(rsp_parse_stop(odd[i], strlen(odd[i]), &s), 0);
		assert_int_equal(s.watch, RSP_WATCH_NONE);
		assert_int_equal(s.thread.tid, 0);
	}
	assert_int_equal(rsp_parse_stop(TEXT("OK"), &s), -1);
	assert_int_equal(rsp_parse_stop(TEXT(""), &s), -1);
}

static void thread_ids_are_read(void **state)
{
	static const struct { const char *text; long used; uint32_t pid, tid; } cases[] = {
		{ "p01.02", 6, 1, 2 }, { "p1.1;", 4, 1, 1 }, { "2a", 2, 0, 0x2a }, { "0", 1, 0, 0 },
		{ "-1", 2, 0, RSP_TID_ALL }, { "p1.-1", 5, 1, RSP_TID_ALL }, { "p5", 2, 5, RSP_TID_ALL },
		{ "p-1.-1", 6, RSP_TID_ALL, RSP_TID_ALL },
		{ "pffffffff.ffffffff", 18, UINT32_MAX, UINT32_MAX },
		{ "", -1, 0, 0 }, { "p", -1, 0, 0 }, { "p1.", -1, 0, 0 }, { "p.1", -1, 0, 0 },
		{ "x", -1, 0, 0 }, { "100000000", -1, 0, 0 }, { "p1.100000000", -1, 0, 0 },
		{ "-2", -1, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rsp_thread t = { 0, 0 };

		assert_int_equal(rsp_parse_thread(cases[i].text, strlen(cases[i].text), &t), cases[i].used);
		assert_int_equal(t.pid, cases[i].pid);
		assert_int_equal(t.tid, cases[i].tid);
	}
}

static void thread_ids_are_written(void **state)
{
	char text[RSP_THREAD_TEXT];

	(void)state;
	assert_string_equal(rsp_thread_text(text, (struct rsp_thread){ 1, 2 }), "p1.2");
	assert_string_equal(rsp_thread_text(text, (struct rsp_thread){ 0, 0x2a }), "2a");
	assert_string_equal(rsp_thread_text(text, (struct rsp_thread){ 1, RSP_TID_ALL }), "p1.-1");
	assert_string_equal(rsp_thread_text(text, (struct rsp_thread){ 0xfffffffe, 0xfffffffe }),
			    "pfffffffe.fffffffe");
}

static void thread_lists_are_read(void **state)
{
	struct rsp_thread t[3];
	int n = 0;

	(void)state;
	assert_int_equal(rsp_parse_thread_list(TEXT("mp01.01"), t, 3, &n), 1);
	assert_int_equal(rsp_parse_thread_list(TEXT("mp01.02,p01.03,p01.04"), t, 3, &n), 1);
	assert_int_equal(rsp_parse_thread_list(TEXT("l"), t, 3, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(t[2].tid, 3);
	assert_int_equal(rsp_parse_thread_list(TEXT("m"), t, 3, &n), -1);
	assert_int_equal(rsp_parse_thread_list(TEXT("m,"), t, 3, &n), -1);
	assert_int_equal(rsp_parse_thread_list(TEXT("m1,,2"), t, 3, &n), -1);
	assert_int_equal(rsp_parse_thread_list(TEXT("m1 2"), t, 3, &n), -1);
	assert_int_equal(rsp_parse_thread_list(TEXT("lx"), t, 3, &n), -1);
	assert_int_equal(rsp_parse_thread_list(TEXT(""), t, 3, &n), -1);
}

static void features_are_read(void **state)
{
	struct rsp_supported s;
	bool c, step;

	(void)state;
	rsp_parse_supported(TEXT("PacketSize=1000;qXfer:features:read+;vContSupported+;multiprocess+"), &s);
	assert_int_equal(s.packet_size, 0x1000);
	assert_true(s.xfer_features && s.vcont && s.multiprocess);
	assert_false(s.no_ack);
	rsp_parse_supported(TEXT("PacketSize=;multiprocess-;QStartNoAckMode+;;new=thing"), &s);
	assert_int_equal(s.packet_size, 0);
	assert_true(s.no_ack);
	assert_false(s.multiprocess);
	rsp_parse_supported(TEXT("PacketSize=12345678123456781"), &s);
	assert_int_equal(s.packet_size, 0);
	rsp_parse_vcont(TEXT("vCont;c;C;s;S"), &c, &step);
	assert_true(c && step);
	rsp_parse_vcont(TEXT("vCont;c;C;t"), &c, &step);
	assert_true(c && !step);
	rsp_parse_vcont(TEXT(""), &c, &step);
	assert_false(c || step);
}

static void transfers_are_read(void **state)
{
	const char *data;
	size_t len;

	(void)state;
	assert_int_equal(rsp_parse_xfer(TEXT("m<target>"), &data, &len), 1);
	assert_int_equal(len, 8);
	assert_int_equal(rsp_parse_xfer(TEXT("l"), &data, &len), 0);
	assert_int_equal(len, 0);
	assert_int_equal(rsp_parse_xfer(TEXT("m"), &data, &len), -1);
	assert_int_equal(rsp_parse_xfer(TEXT("E01"), &data, &len), -1);
	assert_int_equal(rsp_parse_xfer(TEXT(""), &data, &len), -1);
}

static void hex_is_read_and_written(void **state)
{
	uint8_t bytes[4];
	uint64_t v;
	char text[9];

	(void)state;
	assert_int_equal(rsp_parse_bytes(TEXT("00fFA05c"), bytes, 4), 4);
	assert_memory_equal(bytes, "\x00\xff\xa0\x5c", 4);
	assert_int_equal(rsp_parse_bytes(TEXT("12xx34"), bytes, 4), 3);
	assert_memory_equal(bytes, "\x12\x00\x34", 3);
	assert_int_equal(rsp_parse_bytes(TEXT("123"), bytes, 4), -1);
	assert_int_equal(rsp_parse_bytes(TEXT("1g"), bytes, 4), -1);
	assert_int_equal(rsp_parse_bytes(TEXT("x1"), bytes, 4), -1);
	assert_int_equal(rsp_parse_bytes(TEXT("0011223344"), bytes, 4), -1);
	rsp_hex_text(text, "\x00\xff\xa0\x5c", 4);
	assert_string_equal(text, "00ffa05c");
	assert_int_equal(rsp_parse_hex(TEXT("3ff00;"), &v), 5);
	assert_int_equal(v, 0x3ff00);
	assert_int_equal(rsp_parse_hex(TEXT("ffffffffffffffff"), &v), 16);
	assert_int_equal(rsp_parse_hex(TEXT("11111111111111111"), &v), -1);
	assert_int_equal(rsp_parse_hex(TEXT(";"), &v), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replies_are_told_apart_by_shape),
		cmocka_unit_test(qemu_stops_are_understood),
		cmocka_unit_test(gdbserver_stops_are_understood),
		cmocka_unit_test(odd_stops_do_no_harm),
		cmocka_unit_test(thread_ids_are_read),
		cmocka_unit_test(thread_ids_are_written),
		cmocka_unit_test(thread_lists_are_read),
		cmocka_unit_test(features_are_read),
		cmocka_unit_test(transfers_are_read),
		cmocka_unit_test(hex_is_read_and_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
