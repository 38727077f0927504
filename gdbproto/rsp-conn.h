/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The only socket of the house: connect, buffered output, timed input.
 *
 * Deadlines are CLOCK_MONOTONIC nanoseconds; RSP_FOREVER never passes. TCP is
 * opened with TCP_NODELAY (without it one request costs 44 ms on loopback:
 * Nagle against delayed acks). The socket does not block, nor raise SIGPIPE.
 * struct rsp_conn is the caller's; close it once, even after a failed open.
 */
#ifndef GDBPROTO_RSP_CONN_H
#define GDBPROTO_RSP_CONN_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define RSP_FOREVER INT64_MAX
#define RSP_CONN_IN 65536

struct rsp_conn {
	int fd;                 /* -1 = closed */
	char *out;              /* bytes queued, from out[out_sent] on */
	size_t out_len, out_sent, out_size;
	unsigned char *in;      /* RSP_CONN_IN bytes */
	size_t in_len, in_used;
	int64_t read_ns;        /* when the newest input was read */
};

int64_t rsp_now(void);

/* The deadline @timeout_ms from now; negative = RSP_FOREVER. */
int64_t rsp_deadline(int timeout_ms);

/*
 * Connect to ":1234", "host:1234", "[::1]:1234", "tcp:host:1234" or "unix:/path".
 * 0; ERR_USAGE for a misspelt target, ERR_TARGET for one that is not there.
 */
int rsp_conn_open(struct rsp_conn *c, const char *target, int64_t deadline, struct error *err);
void rsp_conn_close(struct rsp_conn *c);

/* Queue bytes. 0, or negative without memory. */
int rsp_conn_queue(struct rsp_conn *c, const char *bytes, size_t len, struct error *err);

/* Bytes queued and not yet sent. */
size_t rsp_conn_queued(const struct rsp_conn *c);

/* Send the first @len queued bytes (at most all). 0, or negative. */
int rsp_conn_send(struct rsp_conn *c, size_t len, int64_t deadline, struct error *err);

/*
 * Input not yet used: how many bytes stand at *bytes (valid until the next call),
 * 0 if the deadline passed first, negative at the end or an error.
 */
long rsp_conn_peek(struct rsp_conn *c, int64_t deadline, const unsigned char **bytes, struct error *err);

/* The first @len of them are used. */
void rsp_conn_use(struct rsp_conn *c, size_t len);

#endif
