/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Connect, find out who answers, and probe what it can do. */
#include "rsp-internal.h"

#include <stdlib.h>
#include <string.h>

#include "rsp-banner.h"
#include "safe-text.h"

#define PACKET_DEFAULT 400      /* what gdb assumes of a server that does not say */
#define PACKET_LEAST 64
#define MEMORY_MOST 65536
#define LOOK_MS 100             /* how long a banner may take to arrive whole */
#define NUDGE_MS 1000
#define TIMEOUT_DEFAULT_MS 10000

/*
 * qSupported with what we understand. xmlRegisters makes gdbserver describe the
 * x86 registers; without swbreak it leaves rip one byte behind a Z0.
 */
#define HELLO "qSupported:multiprocess+;vContSupported+;swbreak+;hwbreak+;xmlRegisters=i386"

static int not_rsp(struct rsp *r, struct error *err)
{
	char text[200];

	return rsp_fail(r, err, "%s", rsp_banner_text(text, sizeof(text), r->seen, r->seen_len));
}

static int silence(struct rsp *r, struct error *err)
{
	if (r->seen_len && memchr(r->seen, '$', r->seen_len))
		return rsp_fail(r, err, "an answer began and did not end within %d ms", r->timeout_ms);
	return rsp_fail(r, err, "connected, but nothing answers within %d ms: no gdbstub, a hanging one, "
			"or another debugger is connected", r->timeout_ms);
}

/* The connection failed before the first answer: perhaps what came tells why. */
static int lost(struct rsp *r, struct error *why, struct error *err)
{
	if (r->seen_len && !rsp_banner_is_rsp(r->seen, r->seen_len))
		return not_rsp(r, err);
	if (!r->seen_len)
		return rsp_fail(r, err,
				"the server closed the connection at once: no gdbstub, or it is taken");
	if (err)
		*err = *why;
	return -ERR_TARGET;
}

/* A line-based server waits for the end of our line; a gdbstub ignores it. */
static int nudge(struct rsp *r, struct error *err)
{
	struct error why;

	if (rsp_conn_queue(&r->conn, "\r\n\r\n", 4, &why) < 0 ||
	    rsp_conn_send(&r->conn, 4, rsp_due(r), &why) < 0)
		return lost(r, &why, err);
	return 0;
}

/* Wait for the first packet, a LOOK_MS slice at a time: 1, or negative. */
static int first_packet(struct rsp *r, struct error *err)
{
	int half = r->timeout_ms / 2 < NUDGE_MS ? r->timeout_ms / 2 : NUDGE_MS;
	int64_t nudge_at = rsp_deadline(half);
	bool strange = false; /* give a banner one more slice to become whole */
	struct error why;

	for (;;) {
		int n = rsp_packet(r, rsp_deadline(LOOK_MS), &why);

		if (n < 0)
			return lost(r, &why, err);
		if (!rsp_banner_is_rsp(r->seen, r->seen_len)) {
			if (n || strange)
				return not_rsp(r, err);
			strange = true;
			continue;
		}
		if (n)
			return n;
		if (rsp_now() > r->limit)
			return silence(r, err);
		if (!r->seen_len && rsp_now() > nudge_at) {
			nudge_at = RSP_FOREVER;
			if (nudge(r, err) < 0)
				return -ERR_TARGET;
		}
	}
}

static void use_supported(struct rsp *r, const struct rsp_supported *s)
{
	struct rsp_features *f = &r->features;

	if (s->packet_size)
		f->packet_size = s->packet_size < PACKET_LEAST ? PACKET_LEAST : s->packet_size;
	f->memory_max = (f->packet_size - 4) / 2;
	if (f->memory_max > MEMORY_MOST)
		f->memory_max = MEMORY_MOST;
	f->multiprocess = s->multiprocess;
	f->xfer_features = s->xfer_features;
}

/* Say hello and take the answer; a stop may come before it. */
static int greet(struct rsp *r, struct rsp_supported *s, struct error *err)
{
	int rc;

	rsp_queue(r, HELLO);
	rc = rsp_push(r, err);
	if (!rc)
		rc = first_packet(r, err);
	if (rc < 0)
		return rc;
	if (rsp_classify(r->rx.data, r->rx.len) == RSP_REPLY_STOP) {
		rsp_parse_stop(r->rx.data, r->rx.len, &r->stray);
		r->stray_stops++;
		rc = rsp_take(r, err);
		if (rc < 0)
			return rc;
	}
	if (r->rx.len >= sizeof(HELLO) - 1 && !memcmp(r->rx.data, HELLO, sizeof(HELLO) - 1))
		return rsp_fail(r, err, "our own words come back: an echo, not a gdbstub; check the port");
	rsp_parse_supported(r->rx.data, r->rx.len, s);
	use_supported(r, s);
	return 0;
}

static int start_no_ack(struct rsp *r, const struct rsp_supported *s, struct error *err)
{
	const char *reply;
	long len;

	if (!s->no_ack)
		return 0;
	len = rsp_ask(r, &reply, err, "QStartNoAckMode");
	if (len < 0)
		return (int)len;
	if (rsp_classify(reply, (size_t)len) == RSP_REPLY_OK)
		r->features.ack = ACK_NONE;
	return 0;
}

static int probe_vcont(struct rsp *r, struct error *err)
{
	const char *reply;
	long len = rsp_ask(r, &reply, err, "vCont?");

	if (len < 0)
		return (int)len;
	rsp_parse_vcont(reply, (size_t)len, &r->features.vcont, &r->features.vcont_step);
	return 0;
}

/* Ask for the present stop, which makes a plain server's threads known. */
static int ask_why(struct rsp *r, struct error *err)
{
	int n;

	if (r->features.is_qemu)
		return 0;
	rsp_queue(r, "?");
	n = rsp_push(r, err);
	if (n < 0)
		return n;
	n = rsp_packet(r, rsp_due(r), err);
	if (n < 0)
		return n;
	if (!n)
		return silence(r, err);
	if (rsp_classify(r->rx.data, r->rx.len) == RSP_REPLY_EXITED)
		return rsp_fail(r, err, "the server runs no program");
	return 0;
}

static int probe_threads(struct rsp *r, struct error *err)
{
	struct rsp_thread t = { 0, 0 };
	int n = rsp_threads(r, &t, 1, err);

	r->pid = t.pid;
	return n < 0 ? n : 0;
}

static int probe(struct rsp *r, struct error *err)
{
	struct rsp_supported s;
	int rc = greet(r, &s, err);

	if (!rc)
		rc = start_no_ack(r, &s, err);
	if (!rc)
		rc = rsp_qemu_probe(r, err);
	if (!rc)
		rc = probe_vcont(r, err);
	if (!rc)
		rc = ask_why(r, err);
	return rc ? rc : probe_threads(r, err);
}

static struct rsp *create(const char *target, int timeout_ms)
{
	struct rsp *r = calloc(1, sizeof(*r));
	char *buf = malloc(RSP_REPLY_MAX);

	if (!r || !buf) {
		free(r);
		free(buf);
		return NULL;
	}
	rsp_rx_init(&r->rx, buf, RSP_REPLY_MAX);
	r->conn.fd = -1;
	r->timeout_ms = timeout_ms > 0 ? timeout_ms : TIMEOUT_DEFAULT_MS;
	r->limit = rsp_deadline(r->timeout_ms);
	r->features = (struct rsp_features){ .packet_size = PACKET_DEFAULT, .ack = ACK_EXPLICIT };
	safe_text(r->name, sizeof(r->name), target, strlen(target));
	return r;
}

struct rsp *rsp_open(const char *target, int timeout_ms, bool *was_running, struct error *err)
{
	struct rsp *r = create(target, timeout_ms);

	if (!r) {
		fail(err, ERR_TARGET, "out of memory for a connection");
		return NULL;
	}
	if (rsp_conn_open(&r->conn, target, r->limit, err) < 0 || probe(r, err) < 0) {
		rsp_close(r);
		return NULL;
	}
	r->limit = RSP_FOREVER;
	if (was_running)
		*was_running = r->stray_stops && r->stray.signal == 2;
	return r;
}
