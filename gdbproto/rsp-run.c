/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Resume, step, wait, interrupt, detach. */
#include "rsp-internal.h"

#include "safe-text.h"

#define STRAY_MAX 64 /* packets of others taken past the deadline while they keep coming */

static int resume(struct rsp *r, struct error *err)
{
	int rc = rsp_push(r, err);

	if (!rc)
		r->running = true;
	return rc;
}

/* An explicit-ack server must be idle before it is resumed; others take it all at once. */
static int before_resume(struct rsp *r, struct error *err)
{
	if (r->running)
		return rsp_refuse(r, err, "the target is running already");
	return r->features.ack == ACK_EXPLICIT ? rsp_settle(r, err) : 0;
}

int rsp_continue(struct rsp *r, struct error *err)
{
	int rc = before_resume(r, err);

	if (rc)
		return rc;
	rsp_queue(r, r->features.vcont ? "vCont;c" : "c");
	return resume(r, err);
}

static int not_a_stop(struct rsp *r, struct error *err)
{
	char text[80];

	safe_text(text, sizeof(text), r->rx.data, r->rx.len);
	return rsp_fail(r, err, "\"%s\" came where a stop was due", text);
}

static void take_stop(struct rsp *r, struct rsp_stop *stop)
{
	rsp_parse_stop(r->rx.data, r->rx.len, stop);
	stop->recv_ns = r->conn.read_ns;
	r->running = false;
	r->refused += r->posts;
	r->posts = 0;
}

/*
 * Judge the packet in r->rx: 1 = it is the stop, 0 = not yet, negative.
 * Posts sent together with the resume are answered before the stop. A stop
 * that overtakes them is stale, unless it is a trap: QEMU, resumed by somebody
 * else behind our back, swallowed the post (it counts as refused).
 */
static int judge(struct rsp *r, bool interrupted, struct rsp_stop *stop, struct error *err)
{
	enum rsp_reply kind = rsp_classify(r->rx.data, r->rx.len);
	struct rsp_stop got = { 0 };

	switch (kind) {
	case RSP_REPLY_OUTPUT:
		return 0;
	case RSP_REPLY_STOP:
	case RSP_REPLY_EXITED:
		rsp_parse_stop(r->rx.data, r->rx.len, &got);
		if (r->posts && got.kind == RSP_STOP_SIGNAL && got.signal == 2 && !interrupted) {
			r->stray_stops++;
			return 0;
		}
		take_stop(r, stop);
		return 1;
	default:
		if (!r->posts)
			return not_a_stop(r, err);
		r->posts--;
		r->refused += kind != RSP_REPLY_OK;
		return 0;
	}
}

/* QEMU never reports the step of a CPU that an INIT or HLT keeps from executing. */
#define STEP_MS 250

static int wait_stop(struct rsp *r, int64_t deadline, bool interrupted, struct rsp_stop *stop,
		     struct error *err)
{
	unsigned spare = r->posts + STRAY_MAX;

	*stop = (struct rsp_stop){ .kind = RSP_STOP_NONE };
	for (unsigned taken = 0; taken < spare || rsp_now() < deadline; taken++) {
		int n = rsp_packet(r, deadline, err);

		if (n <= 0)
			return n;
		n = judge(r, interrupted, stop, err);
		if (n)
			return n < 0 ? n : 0;
	}
	return 0;
}

int rsp_wait_stop(struct rsp *r, int timeout_ms, struct rsp_stop *stop, struct error *err)
{
	return wait_stop(r, rsp_deadline(timeout_ms), false, stop, err);
}

/* The same, where no stop is an error. */
static int need_stop(struct rsp *r, bool interrupted, struct rsp_stop *stop, struct error *err)
{
	int rc = wait_stop(r, rsp_deadline(r->timeout_ms), interrupted, stop, err);

	if (!rc && stop->kind == RSP_STOP_NONE)
		rc = rsp_fail(r, err, "the target did not stop within %d ms", r->timeout_ms);
	return rc;
}

int rsp_step(struct rsp *r, struct rsp_thread t, struct rsp_stop *stop, struct error *err)
{
	char thread[RSP_THREAD_TEXT];
	int rc = before_resume(r, err);

	if (rc)
		return rc;
	rsp_thread_text(thread, t);
	if (r->features.vcont_step) {
		rsp_queue(r, "vCont;s:%s", thread);
	} else {
		rsp_post(r, "Hc%s", thread);
		if (r->features.ack == ACK_EXPLICIT && rsp_settle(r, err) < 0)
			return -ERR_TARGET;
		rsp_queue(r, "s");
	}
	rc = resume(r, err);
	if (!rc)
		rc = wait_stop(r, rsp_deadline(STEP_MS), false, stop, err);
	if (!rc && stop->kind == RSP_STOP_NONE)
		rc = rsp_interrupt(r, stop, err);
	return rc;
}

int rsp_interrupt(struct rsp *r, struct rsp_stop *stop, struct error *err)
{
	struct error why;
	int rc;

	if (!r->running)
		return rsp_refuse(r, err, "the target is not running");
	rc = rsp_wait_stop(r, 0, stop, err);
	if (rc || stop->kind != RSP_STOP_NONE)
		return rc;
	if (rsp_conn_queue(&r->conn, "\003", 1, &why) < 0 ||
	    rsp_conn_send(&r->conn, 1, rsp_due(r), &why) < 0)
		return rsp_fail(r, err, "%s", why.text);
	return need_stop(r, true, stop, err);
}

void rsp_assume_running(struct rsp *r)
{
	r->running = true;
}

/*
 * The stop that told of the pause stands without an ack, and QEMU takes nothing but one before that: not
 * our 0x03 either (gdbstub.c, gdb_read_byte). Where none is due, a '+' stops a running target just as well.
 */
int rsp_probe_running(struct rsp *r, int wait_ms, struct error *err)
{
	struct rsp_stop stop;
	int rc;

	if (!r->running)
		return 0;
	if (rsp_conn_queue(&r->conn, "+\003", 2, err) < 0 || rsp_conn_send(&r->conn, 2, rsp_due(r), err) < 0)
		return -ERR_TARGET;
	rc = wait_stop(r, rsp_deadline(wait_ms), true, &stop, err);
	r->running = false;
	return rc ? rc : stop.kind != RSP_STOP_NONE;
}

int rsp_detach(struct rsp *r, struct error *err)
{
	struct rsp_stop stop;
	int rc;

	if (r->running) {
		rc = rsp_interrupt(r, &stop, err);
		if (rc || stop.kind == RSP_STOP_EXITED)
			return rc;
	}
	if (r->features.multiprocess)
		rsp_queue(r, "D;%x", r->pid);
	else
		rsp_queue(r, "D");
	rc = rsp_reply(r, err);
	if (!rc && rsp_classify(r->rx.data, r->rx.len) != RSP_REPLY_OK)
		rc = rsp_fail(r, err, "the server refused to detach");
	r->dead = true;
	return rc;
}
