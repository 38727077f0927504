/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Framing of the GDB remote protocol as a pure state machine: bytes in, events
 * out. No socket, no allocation, no clock.
 * https://sourceware.org/gdb/current/onlinedocs/gdb.html/Overview.html
 *
 *   $ payload # two hex digits     a packet; the sum is over the bytes as sent
 *   % payload # two hex digits     a notification, never acknowledged
 *   + -                            acknowledged, send again
 *   } x                            the byte x ^ 0x20
 *   c * n                          c, and again (n - 29) times
 *
 * A packet longer than the buffer, a run without a byte to repeat or a bad
 * count makes the whole packet bad; a '$' inside a packet begins a new one.
 */
#ifndef GDBPROTO_RSP_PACKET_H
#define GDBPROTO_RSP_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rsp_rx_event {
	RSP_RX_MORE,    /* nothing complete yet */
	RSP_RX_PACKET,  /* rx->data holds rx->len bytes, NUL-terminated */
	RSP_RX_NOTIFY,  /* the same, of a notification */
	RSP_RX_BAD,     /* a packet came to its end but is damaged */
	RSP_RX_ACK,
	RSP_RX_NAK,
	RSP_RX_NOISE,   /* a byte that belongs to no packet */
};

enum rsp_rx_state { RSP_RX_IDLE, RSP_RX_BODY, RSP_RX_ESCAPE, RSP_RX_RUN, RSP_RX_SUM1, RSP_RX_SUM2 };

struct rsp_rx {
	char *data;             /* the caller's buffer, decoded payload */
	size_t size;            /* room in it, the final NUL included */
	size_t len;
	enum rsp_rx_state state;
	bool notify, damaged;
	uint8_t sum, claimed;
};

/* Use @buf, which stays the caller's and must outlive @rx. @size >= 2. */
void rsp_rx_init(struct rsp_rx *rx, char *buf, size_t size);

/* Take one byte. data and len are valid until the next call. */
enum rsp_rx_event rsp_rx_push(struct rsp_rx *rx, unsigned char byte);

/*
 * Take the bytes at the head of @bytes that are plain payload, all at once, if a
 * packet is open. Returns how many; the byte behind them is for rsp_rx_push().
 */
size_t rsp_rx_plain(struct rsp_rx *rx, const unsigned char *bytes, size_t len);

/* Longest frame that rsp_encode() makes of @len bytes. */
#define RSP_FRAME_MAX(len) (2 * (len) + 4)

/* Frame @payload into @out (RSP_FRAME_MAX bytes of room); returns the frame's length. */
size_t rsp_encode(char *out, const char *payload, size_t len);

/* Value of a hex digit, or -1. */
int rsp_hex_digit(unsigned char c);

#endif
