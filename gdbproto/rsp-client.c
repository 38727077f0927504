/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine of the client: queue, acknowledgements, replies in order. */
#include "rsp-internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void complain(const struct rsp *r, struct error *err, const char *fmt, va_list ap)
{
	char text[300];

	vsnprintf(text, sizeof(text), fmt, ap);
	fail(err, ERR_TARGET, "%s: %s", r->name, text);
}

int rsp_fail(struct rsp *r, struct error *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(r, err, fmt, ap);
	va_end(ap);
	r->dead = true;
	return -ERR_TARGET;
}

int rsp_refuse(const struct rsp *r, struct error *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(r, err, fmt, ap);
	va_end(ap);
	return -ERR_TARGET;
}

int64_t rsp_due(const struct rsp *r)
{
	int64_t due = rsp_deadline(r->timeout_ms);

	return due < r->limit ? due : r->limit;
}

int64_t rsp_begin(struct rsp *r)
{
	int64_t outer = r->limit, limit = rsp_now() + RSP_LONGEST * (int64_t)r->timeout_ms * 1000000;

	if (limit < outer)
		r->limit = limit;
	return outer;
}

void rsp_end(struct rsp *r, int64_t outer)
{
	r->limit = outer;
}

static void queue_frame(struct rsp *r, const char *fmt, va_list ap)
{
	char request[RSP_REQUEST_MAX], frame[RSP_FRAME_MAX(RSP_REQUEST_MAX)];
	struct error err;
	int len = vsnprintf(request, sizeof(request), fmt, ap);

	if (len < 0 || (size_t)len >= sizeof(request) ||
	    rsp_conn_queue(&r->conn, frame, rsp_encode(frame, request, (size_t)len), &err) < 0)
		r->dead = true;
}

void rsp_queue(struct rsp *r, const char *fmt, ...)
{
	va_list ap;

	if (r->running)
		return;
	va_start(ap, fmt);
	queue_frame(r, fmt, ap);
	va_end(ap);
}

void rsp_post(struct rsp *r, const char *fmt, ...)
{
	va_list ap;

	if (r->running) {
		r->refused++;
		return;
	}
	va_start(ap, fmt);
	queue_frame(r, fmt, ap);
	va_end(ap);
	r->posts++;
}

static int send_queued(struct rsp *r, size_t len, struct error *err)
{
	struct error why;

	if (r->dead)
		return rsp_refuse(r, err, "the connection was given up");
	if (rsp_conn_send(&r->conn, len, rsp_due(r), &why) < 0)
		return rsp_fail(r, err, "%s", why.text);
	return 0;
}

/* Keep a copy of the first queued frame for a '-'; frames hold no bare '#' but the last. */
static int keep_frame(struct rsp *r, struct error *err)
{
	const char *frame = r->conn.out + r->conn.out_sent;
	const char *end = memchr(frame, '#', rsp_conn_queued(&r->conn));
	size_t len = (size_t)(end - frame) + 3;

	if (len > r->last_size) {
		char *last = realloc(r->last, len);

		if (!last)
			return rsp_fail(r, err, "out of memory for a request");
		r->last = last;
		r->last_size = len;
	}
	memcpy(r->last, frame, len);
	r->last_len = len;
	r->retries = 0;
	return 0;
}

int rsp_push(struct rsp *r, struct error *err)
{
	size_t len = rsp_conn_queued(&r->conn);

	if (!len || r->dead || r->features.ack != ACK_EXPLICIT)
		return len || r->dead ? send_queued(r, len, err) : 0;
	if (keep_frame(r, err) < 0)
		return -ERR_TARGET;
	return send_queued(r, r->last_len, err);
}

int rsp_flush(struct rsp *r, struct error *err)
{
	return r->features.ack == ACK_EXPLICIT && r->posts ? rsp_settle(r, err) : rsp_push(r, err);
}

/* Send bytes past the queue: an acknowledgement, a repeated frame. */
static int send_now(struct rsp *r, const char *bytes, size_t len, struct error *err)
{
	struct rsp_conn *c = &r->conn;
	size_t queued = rsp_conn_queued(c);
	struct error why;

	if (rsp_conn_queue(c, bytes, len, &why) < 0)
		return rsp_fail(r, err, "%s", why.text);
	memmove(c->out + c->out_sent + len, c->out + c->out_sent, queued);
	memcpy(c->out + c->out_sent, bytes, len);
	return send_queued(r, len, err);
}

static int repeat_request(struct rsp *r, struct error *err)
{
	if (r->features.ack != ACK_EXPLICIT || !r->last_len || ++r->retries > RSP_RETRY_MAX)
		return rsp_fail(r, err, "the server does not accept our packets");
	return send_now(r, r->last, r->last_len, err);
}

static int ask_again(struct rsp *r, struct error *err)
{
	if (r->features.ack != ACK_EXPLICIT || ++r->retries > RSP_RETRY_MAX)
		return rsp_fail(r, err, "the server's packets arrive damaged");
	return send_now(r, "-", 1, err);
}

static int good_packet(struct rsp *r, struct error *err)
{
	r->unpacked = 0;
	if (r->features.ack == ACK_EXPLICIT && send_now(r, "+", 1, err) < 0)
		return -ERR_TARGET;
	return 1;
}

/* Count @len bytes as used, and keep the very first ones. */
static void used(struct rsp *r, const unsigned char *bytes, size_t len)
{
	size_t keep = sizeof(r->seen) - r->seen_len;

	if (keep > len)
		keep = len;
	memcpy(r->seen + r->seen_len, bytes, keep);
	r->seen_len += keep;
	r->unpacked += len;
	rsp_conn_use(&r->conn, len);
}

/* Take some of @len bytes. 1 = a packet is complete, 0 = go on, negative = over. */
static int take_bytes(struct rsp *r, const unsigned char *bytes, size_t len, struct error *err)
{
	size_t plain = rsp_rx_plain(&r->rx, bytes, len);

	used(r, bytes, plain ? plain : 1);
	if (r->unpacked > RSP_UNPACKED_MAX)
		return rsp_fail(r, err, "no packet in %d bytes: this is not the GDB remote protocol",
				RSP_UNPACKED_MAX);
	if (plain)
		return 0;
	switch (rsp_rx_push(&r->rx, bytes[0])) {
	case RSP_RX_PACKET:
		return good_packet(r, err);
	case RSP_RX_BAD:
		return ask_again(r, err);
	case RSP_RX_NAK:
		return repeat_request(r, err);
	default:
		return 0;
	}
}

int rsp_packet(struct rsp *r, int64_t deadline, struct error *err)
{
	const unsigned char *bytes;
	struct error why;
	long n;

	if (r->dead)
		return rsp_refuse(r, err, "the connection was given up");
	while ((n = rsp_conn_peek(&r->conn, deadline, &bytes, &why)) > 0) {
		int got = take_bytes(r, bytes, (size_t)n, err);

		if (got)
			return got;
	}
	return n < 0 ? rsp_fail(r, err, "%s", why.text) : 0;
}

int rsp_take(struct rsp *r, struct error *err)
{
	int64_t due = rsp_due(r);

	do {
		int n = rsp_packet(r, due, err);

		if (n < 0)
			return n;
		if (!n)
			break;
		switch (rsp_classify(r->rx.data, r->rx.len)) {
		case RSP_REPLY_STOP:
			r->stray_stops++;
			rsp_parse_stop(r->rx.data, r->rx.len, &r->stray);
			break;
		case RSP_REPLY_EXITED:
			return rsp_fail(r, err, "the target has exited");
		default:
			return 0;
		}
	} while (rsp_now() < due);
	return rsp_fail(r, err, "no answer within %d ms: the server hangs", r->timeout_ms);
}

int rsp_settle(struct rsp *r, struct error *err)
{
	int rc = r->running ? rsp_refuse(r, err, "the target runs: nothing can be asked of it") : 0;

	while (r->posts && !rc) {
		rc = rsp_push(r, err);
		if (!rc)
			rc = rsp_take(r, err);
		if (rc)
			break;
		r->posts--;
		r->refused += rsp_classify(r->rx.data, r->rx.len) != RSP_REPLY_OK;
	}
	return rc;
}

int rsp_reply(struct rsp *r, struct error *err)
{
	int rc = rsp_settle(r, err);

	if (!rc)
		rc = rsp_push(r, err);
	return rc ? rc : rsp_take(r, err);
}

int rsp_sync(struct rsp *r, struct error *err)
{
	int rc = rsp_settle(r, err);
	unsigned refused = r->refused;

	if (rc)
		return rc;
	r->refused = 0;
	return (int)refused;
}

long rsp_ask(struct rsp *r, const char **reply, struct error *err, const char *fmt, ...)
{
	va_list ap;
	int rc;

	if (!r->running) {
		va_start(ap, fmt);
		queue_frame(r, fmt, ap);
		va_end(ap);
	}
	rc = rsp_reply(r, err);
	if (rc)
		return rc;
	*reply = r->rx.data;
	return (long)r->rx.len;
}

const struct rsp_features *rsp_features(const struct rsp *r)
{
	return &r->features;
}

int rsp_fd(const struct rsp *r)
{
	return r->conn.fd;
}

bool rsp_running(const struct rsp *r)
{
	return r->running;
}

void rsp_close(struct rsp *r)
{
	if (!r)
		return;
	rsp_conn_close(&r->conn);
	free(r->rx.data);
	free(r->last);
	free(r);
}
