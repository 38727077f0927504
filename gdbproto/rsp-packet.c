/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rsp-packet.h"

#include <string.h>

#define RUN_BIAS 29
#define RUN_FIRST ' '
#define RUN_LAST '~'

static const char hex_digits[] = "0123456789abcdef";

/* One more than the value; everything else is no digit. */
static const uint8_t digit_value[256] = {
	['0'] = 1, ['1'] = 2, ['2'] = 3, ['3'] = 4, ['4'] = 5,
	['5'] = 6, ['6'] = 7, ['7'] = 8, ['8'] = 9, ['9'] = 10,
	['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
	['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

static const bool is_special[256] = { ['$'] = true, ['#'] = true, ['}'] = true, ['*'] = true };

int rsp_hex_digit(unsigned char c)
{
	return digit_value[c] - 1;
}

void rsp_rx_init(struct rsp_rx *rx, char *buf, size_t size)
{
	*rx = (struct rsp_rx){ .data = buf, .size = size };
	buf[0] = '\0';
}

static void begin(struct rsp_rx *rx, bool notify)
{
	rx->state = RSP_RX_BODY;
	rx->notify = notify;
	rx->damaged = false;
	rx->len = 0;
	rx->sum = 0;
}

static void append(struct rsp_rx *rx, unsigned char byte, size_t times)
{
	if (times >= rx->size - rx->len) {
		rx->damaged = true;
		return;
	}
	memset(rx->data + rx->len, byte, times);
	rx->len += times;
}

static void repeat(struct rsp_rx *rx, unsigned char count)
{
	if (!rx->len || count < RUN_FIRST || count > RUN_LAST)
		rx->damaged = true;
	else
		append(rx, (unsigned char)rx->data[rx->len - 1], (size_t)(count - RUN_BIAS));
	rx->state = RSP_RX_BODY;
}

static enum rsp_rx_event idle(struct rsp_rx *rx, unsigned char byte)
{
	switch (byte) {
	case '$':
	case '%':
		begin(rx, byte == '%');
		return RSP_RX_MORE;
	case '+':
		return RSP_RX_ACK;
	case '-':
		return RSP_RX_NAK;
	default:
		return RSP_RX_NOISE;
	}
}

/* Inside a packet; '$' and '#' are never data, not even behind an escape. */
static enum rsp_rx_event body(struct rsp_rx *rx, unsigned char byte)
{
	if (byte == '$') {
		begin(rx, false);
		return RSP_RX_MORE;
	}
	if (byte == '#') {
		rx->damaged |= rx->state != RSP_RX_BODY;
		rx->state = RSP_RX_SUM1;
		return RSP_RX_MORE;
	}
	rx->sum = (uint8_t)(rx->sum + byte);
	if (rx->state == RSP_RX_ESCAPE) {
		append(rx, byte ^ 0x20, 1);
		rx->state = RSP_RX_BODY;
	} else if (rx->state == RSP_RX_RUN) {
		repeat(rx, byte);
	} else if (byte == '}') {
		rx->state = RSP_RX_ESCAPE;
	} else if (byte == '*') {
		rx->state = RSP_RX_RUN;
	} else {
		append(rx, byte, 1);
	}
	return RSP_RX_MORE;
}

static enum rsp_rx_event finish(struct rsp_rx *rx)
{
	bool good = !rx->damaged && rx->sum == rx->claimed;

	rx->state = RSP_RX_IDLE;
	rx->data[rx->len] = '\0';
	if (rx->notify)
		return good ? RSP_RX_NOTIFY : RSP_RX_MORE;
	return good ? RSP_RX_PACKET : RSP_RX_BAD;
}

static enum rsp_rx_event checksum(struct rsp_rx *rx, unsigned char byte)
{
	int digit = rsp_hex_digit(byte);

	if (digit < 0)
		rx->damaged = true;
	rx->claimed = (uint8_t)(rx->claimed << 4 | (digit & 15));
	if (rx->state == RSP_RX_SUM2)
		return finish(rx);
	rx->state = RSP_RX_SUM2;
	return RSP_RX_MORE;
}

enum rsp_rx_event rsp_rx_push(struct rsp_rx *rx, unsigned char byte)
{
	switch (rx->state) {
	case RSP_RX_IDLE:
		return idle(rx, byte);
	case RSP_RX_SUM1:
	case RSP_RX_SUM2:
		return checksum(rx, byte);
	default:
		return body(rx, byte);
	}
}

size_t rsp_rx_plain(struct rsp_rx *rx, const unsigned char *bytes, size_t len)
{
	size_t room = rx->size - 1 - rx->len, n = 0;
	unsigned sum = rx->sum;

	if (rx->state != RSP_RX_BODY)
		return 0;
	if (len > room)
		len = room;
	for (; n < len && !is_special[bytes[n]]; n++)
		sum += bytes[n];
	memcpy(rx->data + rx->len, bytes, n);
	rx->len += n;
	rx->sum = (uint8_t)sum;
	return n;
}

size_t rsp_encode(char *out, const char *payload, size_t len)
{
	size_t used = 0;
	uint8_t sum = 0;

	out[used++] = '$';
	for (size_t i = 0; i < len; i++) {
		if (is_special[(unsigned char)payload[i]]) {
			out[used++] = '}';
			out[used++] = (char)(payload[i] ^ 0x20);
		} else {
			out[used++] = payload[i];
		}
	}
	for (size_t i = 1; i < used; i++)
		sum = (uint8_t)(sum + (unsigned char)out[i]);
	out[used++] = '#';
	out[used++] = hex_digits[sum >> 4];
	out[used++] = hex_digits[sum & 15];
	return used;
}
