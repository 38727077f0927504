/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is QEMU's alone. Versions are those the behaviour was seen in or, where
 * said, read of in QEMU's gdbstub.c.
 *
 * 7.2  no QStartNoAckMode; a '$' acknowledges the reply before it, and any byte
 *      received while the guest runs stops it: a late '+' does (gdb_read_byte).
 * 7.2  attaching to a running guest stops it and sends T02 before any answer;
 *      from 8.1 on no stop is told that was not asked for (read).
 * 7.2  '?' deletes the breakpoints of one CPU and so orphans their copies on
 *      the others: never sent to a QEMU.
 * 7.2  m takes up to PacketSize / 2 bytes, and says E22 beyond.
 * 7.2  qThreadExtraInfo of a thread that is not there is never answered; never sent.
 * 7.2  packets over 4096 bytes are dropped without an answer: see packet_size.
 */
#include "rsp-internal.h"

#include <string.h>

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
