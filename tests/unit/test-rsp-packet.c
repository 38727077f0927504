/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../../gdbproto/rsp-packet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BUFFER 512

static char buffer[BUFFER];

/* Push all of @bytes; the last event that is not MORE. */
static enum rsp_rx_event push(struct rsp_rx *rx, const char *bytes, size_t len)
{
	enum rsp_rx_event last = RSP_RX_MORE;

	for (size_t i = 0; i < len; i++) {
		enum rsp_rx_event e = rsp_rx_push(rx, (unsigned char)bytes[i]);

		if (e != RSP_RX_MORE)
			last = e;
	}
	return last;
}

/* Push a body with the right checksum put behind it. */
static enum rsp_rx_event push_body(struct rsp_rx *rx, const char *body, size_t len)
{
	char frame[2048];
	uint8_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + (unsigned char)body[i]);
	frame[0] = '$';
	memcpy(frame + 1, body, len);
	snprintf(frame + 1 + len, 4, "#%02x", sum);
	return push(rx, frame, len + 4);
}

static int fresh(void **state)
{
	static struct rsp_rx rx;

	rsp_rx_init(&rx, buffer, sizeof(buffer));
	*state = &rx;
	return 0;
}

static void assert_payload(const struct rsp_rx *rx, const char *want, size_t len)
{
	assert_int_equal(rx->len, len);
	assert_memory_equal(rx->data, want, len);
	assert_int_equal(rx->data[len], 0);
}

static void a_packet_is_taken(void **state)
{
	struct rsp_rx *rx = *state;

	assert_int_equal(push(rx, "$OK#9a", 6), RSP_RX_PACKET);
	assert_payload(rx, "OK", 2);
	assert_int_equal(push(rx, "$#00", 4), RSP_RX_PACKET);
	assert_payload(rx, "", 0);
	assert_int_equal(push(rx, "$m0,1#fA", 8), RSP_RX_PACKET);
}

static void acks_and_noise_are_told_apart(void **state)
{
	struct rsp_rx *rx = *state;

	assert_int_equal(push(rx, "+", 1), RSP_RX_ACK);
	assert_int_equal(push(rx, "-", 1), RSP_RX_NAK);
	assert_int_equal(push(rx, "Q", 1), RSP_RX_NOISE);
	assert_int_equal(push(rx, "\003", 1), RSP_RX_NOISE);
	assert_int_equal(push(rx, "%Stop:T05#99", 12), RSP_RX_NOTIFY);
	assert_payload(rx, "Stop:T05", 8);
}

static void runs_are_undone(void **state)
{
	struct rsp_rx *rx = *state;

	assert_int_equal(push_body(rx, "0* ", 3), RSP_RX_PACKET);
	assert_payload(rx, "0000", 4);
	assert_int_equal(push_body(rx, "a~*!b* ", 7), RSP_RX_PACKET);
	assert_payload(rx, "a~~~~~bbbb", 10);
	assert_int_equal(push_body(rx, "x*~", 3), RSP_RX_PACKET);
	assert_int_equal(rx->len, 98);
	assert_int_equal(push_body(rx, "}\x03* ", 4), RSP_RX_PACKET);
	assert_payload(rx, "####", 4);
}

static void bad_runs_damage_the_packet(void **state)
{
	struct rsp_rx *rx = *state;

	assert_int_equal(push_body(rx, "* ", 2), RSP_RX_BAD);
	assert_int_equal(push_body(rx, "a*\x1f", 3), RSP_RX_BAD);
	assert_int_equal(push_body(rx, "a*\x7f", 3), RSP_RX_BAD);
	assert_int_equal(push_body(rx, "a*\xff", 3), RSP_RX_BAD);
	assert_int_equal(push_body(rx, "a*", 2), RSP_RX_BAD);
	assert_int_equal(push_body(rx, "a}", 2), RSP_RX_BAD);
}

static void escapes_are_undone(void **state)
{
	struct rsp_rx *rx = *state;

	assert_int_equal(push_body(rx, "}\x03}\x04}]}\x0a", 8), RSP_RX_PACKET);
	assert_payload(rx, "#$}*", 4);
	assert_int_equal(push_body(rx, "l\0\xff\n", 4), RSP_RX_PACKET);
	assert_payload(rx, "l\0\xff\n", 4);
}

static void a_wrong_sum_is_bad(void **state)
{
	struct rsp_rx *rx = *state;

	assert_int_equal(push(rx, "$OK#9b", 6), RSP_RX_BAD);
	assert_int_equal(push(rx, "$OK#zz", 6), RSP_RX_BAD);
	assert_int_equal(push(rx, "$OK#9$", 6), RSP_RX_BAD);
	assert_int_equal(push(rx, "%OK#00", 6), RSP_RX_MORE);
	assert_int_equal(push(rx, "$OK#9a", 6), RSP_RX_PACKET);
}

static void a_new_packet_ends_an_unfinished_one(void **state)
{
	struct rsp_rx *rx = *state;

	assert_int_equal(push(rx, "$T05thre$OK#9a", 14), RSP_RX_PACKET);
	assert_payload(rx, "OK", 2);
	assert_int_equal(push(rx, "$T05}$OK#9a", 11), RSP_RX_PACKET);
	assert_payload(rx, "OK", 2);
}

static void too_long_is_bad_and_no_more(void **state)
{
	struct rsp_rx *rx = *state;
	char body[BUFFER + 8];

	memset(body, 'a', sizeof(body));
	assert_int_equal(push_body(rx, body, BUFFER - 1), RSP_RX_PACKET);
	assert_int_equal(rx->len, BUFFER - 1);
	assert_int_equal(push_body(rx, body, BUFFER), RSP_RX_BAD);
	assert_int_equal(push_body(rx, "a*~*~*~*~*~*~*~", 15), RSP_RX_BAD);
	assert_int_equal(push(rx, "$OK#9a", 6), RSP_RX_PACKET);
}

static void frames_are_as_the_manual_says(void **state)
{
	char frame[64];
	size_t len = rsp_encode(frame, "OK", 2);

	(void)state;
	assert_int_equal(len, 6);
	assert_memory_equal(frame, "$OK#9a", 6);
	len = rsp_encode(frame, "", 0);
	assert_int_equal(len, 4);
	assert_memory_equal(frame, "$#00", 4);
	len = rsp_encode(frame, "a#b", 3);
	assert_int_equal(len, 8);
	assert_memory_equal(frame, "$a}\x03" "b#43", 8);
}

static void all_bytes_survive_the_way_back(void **state)
{
	struct rsp_rx *rx = *state;
	char payload[256], frame[RSP_FRAME_MAX(256)];
	size_t len;

	for (int i = 0; i < 256; i++)
		payload[i] = (char)i;
	len = rsp_encode(frame, payload, sizeof(payload));
	assert_true(len <= sizeof(frame));
	for (size_t i = 0; i + 1 < len; i++)
		assert_int_equal(rsp_rx_push(rx, (unsigned char)frame[i]), RSP_RX_MORE);
	assert_int_equal(rsp_rx_push(rx, (unsigned char)frame[len - 1]), RSP_RX_PACKET);
	assert_payload(rx, payload, sizeof(payload));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_packet_is_taken, fresh),
		cmocka_unit_test_setup(acks_and_noise_are_told_apart, fresh),
		cmocka_unit_test_setup(runs_are_undone, fresh),
		cmocka_unit_test_setup(bad_runs_damage_the_packet, fresh),
		cmocka_unit_test_setup(escapes_are_undone, fresh),
		cmocka_unit_test_setup(a_wrong_sum_is_bad, fresh),
		cmocka_unit_test_setup(a_new_packet_ends_an_unfinished_one, fresh),
		cmocka_unit_test_setup(too_long_is_bad_and_no_more, fresh),
		cmocka_unit_test_setup(frames_are_as_the_manual_says, fresh),
		cmocka_unit_test_setup(all_bytes_survive_the_way_back, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
