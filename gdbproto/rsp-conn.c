/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rsp-conn.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_MS 1000000
#define DAY_MS 86400000

int64_t rsp_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t rsp_deadline(int timeout_ms)
{
	return timeout_ms < 0 ? RSP_FOREVER : rsp_now() + (int64_t)timeout_ms * NS_PER_MS;
}

void rsp_conn_close(struct rsp_conn *c)
{
	if (c->fd >= 0)
		close(c->fd);
	free(c->out);
	free(c->in);
	*c = (struct rsp_conn){ .fd = -1 };
}

size_t rsp_conn_queued(const struct rsp_conn *c)
{
	return c->out_len - c->out_sent;
}

int rsp_conn_queue(struct rsp_conn *c, const char *bytes, size_t len, struct error *err)
{
	if (c->out_sent == c->out_len)
		c->out_sent = c->out_len = 0;
	if (c->out_len + len > c->out_size) {
		size_t size = 2 * (c->out_len + len);
		char *out = realloc(c->out, size);

		if (!out)
			return fail(err, ERR_TARGET, "out of memory for a request");
		c->out = out;
		c->out_size = size;
	}
	memcpy(c->out + c->out_len, bytes, len);
	c->out_len += len;
	return 0;
}

/* What poll() takes: never early, at most a day. */
static int poll_ms(int64_t deadline)
{
	int64_t left;

	if (deadline == RSP_FOREVER)
		return -1;
	left = deadline - rsp_now();
	if (left <= 0)
		return 0;
	return left / NS_PER_MS < DAY_MS ? (int)(left / NS_PER_MS) + 1 : DAY_MS;
}

/* 1 = ready, 0 = deadline passed, -1 = poll failed. */
static int wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };
	int n;

	do {
		n = poll(&p, 1, poll_ms(deadline));
	} while (n < 0 && errno == EINTR);
	return n;
}

int rsp_conn_send(struct rsp_conn *c, size_t len, int64_t deadline, struct error *err)
{
	size_t end = c->out_sent + len;

	while (c->out_sent < end) {
		ssize_t n = send(c->fd, c->out + c->out_sent, end - c->out_sent, MSG_NOSIGNAL);

		if (n > 0) {
			c->out_sent += (size_t)n;
		} else if (n < 0 && errno == EAGAIN) {
			if (wait_for(c->fd, POLLOUT, deadline) <= 0)
				return fail(err, ERR_TARGET, "the server takes no more requests");
		} else if (n < 0 && errno != EINTR) {
			return fail_errno(err, ERR_TARGET, "the server closed the connection");
		}
	}
	return 0;
}

/* Refill the empty input buffer: 1, 0 = deadline, negative = end or error. */
static int refill(struct rsp_conn *c, int64_t deadline, struct error *err)
{
	for (;;) {
		ssize_t n = recv(c->fd, c->in, RSP_CONN_IN, 0);
		int ready;

		if (n > 0) {
			c->read_ns = rsp_now();
			c->in_len = (size_t)n;
			c->in_used = 0;
			return 1;
		}
		if (!n)
			return fail(err, ERR_TARGET, "the server closed the connection");
		if (errno != EAGAIN && errno != EINTR)
			return fail_errno(err, ERR_TARGET, "the connection broke");
		ready = wait_for(c->fd, POLLIN, deadline);
		if (ready < 0)
			return fail_errno(err, ERR_TARGET, "cannot wait for the server");
		if (!ready)
			return 0;
	}
}

long rsp_conn_peek(struct rsp_conn *c, int64_t deadline, const unsigned char **bytes, struct error *err)
{
	if (c->in_used == c->in_len) {
		int n = refill(c, deadline, err);

		if (n <= 0)
			return n;
	}
	*bytes = c->in + c->in_used;
	return (long)(c->in_len - c->in_used);
}

void rsp_conn_use(struct rsp_conn *c, size_t len)
{
	c->in_used += len;
}
