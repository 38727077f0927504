/* fuzzes: gdbproto/rsp-packet.c */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes through the receiver, byte by byte and in runs, with the same
 * result; what it takes, encoded again, must come back the same.
 */
#include "../../gdbproto/rsp-packet.h"

#include <stdlib.h>
#include <string.h>

#define BUFFER 300

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void round_trip(const struct rsp_rx *got)
{
	char frame[RSP_FRAME_MAX(BUFFER)], buf[BUFFER];
	size_t len = rsp_encode(frame, got->data, got->len);
	struct rsp_rx rx;

	rsp_rx_init(&rx, buf, sizeof(buf));
	for (size_t i = 0; i + 1 < len; i++) {
		if (rsp_rx_push(&rx, (unsigned char)frame[i]) != RSP_RX_MORE)
			abort();
	}
	if (rsp_rx_push(&rx, (unsigned char)frame[len - 1]) != RSP_RX_PACKET)
		abort();
	if (rx.len != got->len || memcmp(rx.data, got->data, rx.len))
		abort();
}

static void compare(const struct rsp_rx *a, const struct rsp_rx *b)
{
	if (a->len >= BUFFER || a->len != b->len || a->state != b->state || a->sum != b->sum)
		abort();
	if (a->damaged != b->damaged || memcmp(a->data, b->data, a->len))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *buf = malloc(BUFFER), *buf_fast = malloc(BUFFER);
	struct rsp_rx rx, fast;

	rsp_rx_init(&rx, buf, BUFFER);
	rsp_rx_init(&fast, buf_fast, BUFFER);
	for (size_t i = 0; i < size; ) {
		size_t plain = rsp_rx_plain(&fast, data + i, size - i);
		enum rsp_rx_event e;

		for (size_t k = 0; k < plain; k++) {
			if (rsp_rx_push(&rx, data[i++]) != RSP_RX_MORE)
				abort();
		}
		compare(&rx, &fast);
		if (i == size)
			break;
		e = rsp_rx_push(&rx, data[i]);
		if (e != rsp_rx_push(&fast, data[i++]))
			abort();
		compare(&rx, &fast);
		if (e == RSP_RX_PACKET || e == RSP_RX_NOTIFY)
			round_trip(&rx);
	}
	free(buf);
	free(buf_fast);
	return 0;
}
