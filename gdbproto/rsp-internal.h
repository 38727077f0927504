/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of the client share; nobody outside gdbproto/ includes it.
 *
 * Requests are queued as frames and answered in order, one reply each. Posts
 * stand before any request whose answer somebody waits for, so rsp_reply()
 * first lets the posts' replies pass. A stop reply where another answer is due
 * is an unsolicited one (QEMU < 8.1 sends T02 whenever the guest stops): it is
 * counted and skipped.
 */
#ifndef GDBPROTO_RSP_INTERNAL_H
#define GDBPROTO_RSP_INTERNAL_H

#include "rsp-client.h"
#include "rsp-conn.h"
#include "rsp-packet.h"
#include "rsp-parse.h"

#define RSP_REPLY_MAX (256 * 1024)  /* longest decoded reply taken */
#define RSP_UNPACKED_MAX (2 * RSP_REPLY_MAX + 64) /* bytes taken without a good packet among them */
#define RSP_RETRY_MAX 3
#define RSP_LONGEST 10      /* time-outs that an operation of many replies may take */
#define RSP_REQUEST_MAX 4096
#define RSP_NAME_MAX 160

struct rsp {
	struct rsp_conn conn;
	struct rsp_rx rx;
	struct rsp_features features;
	int timeout_ms;
	int64_t limit;          /* end of the operation under way: opening, or one of several replies */
	uint32_t pid;           /* process for D */
	unsigned posts;         /* posts not yet answered */
	unsigned refused;       /* posts refused since the last rsp_sync() */
	unsigned stray_stops;   /* stop replies nobody had asked for */
	struct rsp_stop stray;  /* the newest of them */
	bool running, dead;
	int thread_hint;        /* threads listed last time */
	int retries;
	size_t unpacked;        /* bytes since the last good packet */
	char *last;             /* the frame to send again on '-' (ACK_EXPLICIT) */
	size_t last_len, last_size;
	char name[RSP_NAME_MAX]; /* target, safe to print */
	char seen[512];         /* the first bytes received, for rsp_open's verdict */
	size_t seen_len;
};

/* Fill @err with "TARGET: text" and declare the connection dead; returns -ERR_TARGET. */
int rsp_fail(struct rsp *r, struct error *err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The same for a refusal that leaves the connection usable. */
int rsp_refuse(const struct rsp *r, struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* When the reply to what is sent now is overdue. */
int64_t rsp_due(const struct rsp *r);

/*
 * Bound all that follows by RSP_LONGEST time-outs, until rsp_end(), which takes
 * what rsp_begin() returned. They nest.
 */
int64_t rsp_begin(struct rsp *r);
void rsp_end(struct rsp *r, int64_t outer);

/*
 * Queue one request as a frame. Trouble shows when it is sent. A running target
 * is asked nothing: a byte would stop it.
 */
void rsp_queue(struct rsp *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Send what may be sent: everything, or one frame under ACK_EXPLICIT. */
int rsp_push(struct rsp *r, struct error *err);

/* The next packet of any kind: 1, 0 at the deadline, or negative. Left in r->rx. */
int rsp_packet(struct rsp *r, int64_t deadline, struct error *err);

/* Take the replies of all outstanding posts. 0, or negative. */
int rsp_settle(struct rsp *r, struct error *err);

/* The answer to the oldest queued request, behind the posts, in r->rx. 0, or negative. */
int rsp_reply(struct rsp *r, struct error *err);

/* The raw parts of rsp_reply() for replies of several packets: no sending, no skipping of posts. */
int rsp_take(struct rsp *r, struct error *err);

/* QEMU's own ways, see rsp-qemu.c. 0, or negative. */
int rsp_qemu_probe(struct rsp *r, struct error *err);

/* The process that holds the socket of @inode, 0 = none that we may see. */
int rsp_holder(unsigned long inode);

#endif
