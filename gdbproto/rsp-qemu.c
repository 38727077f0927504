/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is QEMU's alone. Versions are those the behaviour was seen in or, where
 * said, read of in QEMU's gdbstub.c.
 *
 * 7.2  no QStartNoAckMode; a '$' acknowledges the reply before it, and any byte
 *      received while the guest runs stops it: a late '+' does (gdb_read_byte).
 * 7.2  attaching to a running guest stops it and sends T02 before any answer;
 *      from 8.1 on no stop is told that was not asked for (read).
 * 7.2  '?' deletes the breakpoints of the CPU that Hc selected, and of it alone
 *      (handle_target_halt): sent only for that, to every CPU, before the first Z.
 * 7.2  m takes up to PacketSize / 2 bytes, and says E22 beyond.
 * 7.2  qThreadExtraInfo of a thread that is not there is never answered; never sent.
 * 7.2  packets over 4096 bytes are dropped without an answer: see packet_size.
 */
#include "rsp-internal.h"

#include <string.h>

#define FORGET_MAX_CPUS 1024

int rsp_qemu_probe(struct rsp *r, struct error *err)
{
	const char *reply;
	long len = rsp_ask(r, &reply, err, "qqemu.sstepbits");

	if (len < 0)
		return (int)len;
	if (!memmem(reply, (size_t)len, "ENABLE=", 7))
		return 0;
	r->features.is_qemu = true;
	r->features.memory_max = r->features.packet_size / 2;
	if (r->features.ack == ACK_EXPLICIT)
		r->features.ack = ACK_IMPLICIT;
	return 0;
}

/* '?' is answered with a stop reply, which everywhere else is an unsolicited one. */
static int ask_halt_reason(struct rsp *r, struct rsp_thread t, struct error *err)
{
	char thread[RSP_THREAD_TEXT];
	int rc;

	rsp_thread_text(thread, t);
	rsp_post(r, "Hc%s", thread);
	rc = rsp_settle(r, err);
	if (rc)
		return rc;
	rsp_queue(r, "?");
	rc = rsp_push(r, err);
	while (!rc) {
		int n = rsp_packet(r, rsp_due(r), err);

		if (n <= 0)
			return n < 0 ? n : rsp_fail(r, err, "no answer to '?' within %d ms", r->timeout_ms);
		if (rsp_classify(r->rx.data, r->rx.len) == RSP_REPLY_STOP)
			return 0;
	}
	return rc;
}

int rsp_forget_points(struct rsp *r, struct error *err)
{
	struct rsp_thread thread[FORGET_MAX_CPUS];
	int n, rc = 0;

	if (!r->features.is_qemu)
		return 0;
	n = rsp_threads(r, thread, FORGET_MAX_CPUS, err);
	for (int i = 0; i < n && !rc; i++)
		rc = ask_halt_reason(r, thread[i], err);
	return n < 0 ? n : rc;
}
