/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is written into a stopped target: registers and memory. */
#include "rsp-internal.h"

#include "safe-text.h"

#define WRITE_MAX 256 /* bytes of one request */
#define HEAD_MAX 32   /* "M<address>,<length>:" */

/* The answer to a write: 0, or a refusal that names @what. */
static int written(struct rsp *r, struct error *err, const char *what, uint64_t which)
{
	char text[40];
	int rc = rsp_reply(r, err);

	if (rc)
		return rc;
	switch (rsp_classify(r->rx.data, r->rx.len)) {
	case RSP_REPLY_OK:
		return 0;
	case RSP_REPLY_EMPTY:
		return rsp_refuse(r, err, "the server cannot write %s", what);
	default:
		return rsp_refuse(r, err, "writing %s 0x%llx was refused (\"%s\")", what,
				  (unsigned long long)which,
				  safe_text(text, sizeof(text), r->rx.data, r->rx.len));
	}
}

int rsp_write_register(struct rsp *r, uint32_t number, uint64_t value, size_t size, struct error *err)
{
	uint8_t bytes[sizeof(value)];
	char hex[2 * sizeof(value) + 1];

	if (!size || size > sizeof(value))
		return rsp_refuse(r, err, "a register of %zu bytes cannot be written", size);
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
	rsp_hex_text(hex, bytes, size);
	rsp_queue(r, "P%x=%s", number, hex);
	return written(r, err, "register", number);
}

static size_t piece_of(const struct rsp *r, size_t left)
{
	size_t packet = r->features.packet_size, room = packet > HEAD_MAX + 2 ? (packet - HEAD_MAX) / 2 : 1;

	if (room > WRITE_MAX)
		room = WRITE_MAX;
	return left < room ? left : room;
}

int rsp_write_memory(struct rsp *r, uint64_t addr, const void *data, size_t len, struct error *err)
{
	const uint8_t *bytes = data;
	char hex[2 * WRITE_MAX + 1];

	for (size_t at = 0, piece; at < len; at += piece) {
		int rc;

		piece = piece_of(r, len - at);
		rsp_hex_text(hex, bytes + at, piece);
		rsp_queue(r, "M%llx,%zx:%s", (unsigned long long)(addr + at), piece, hex);
		rc = written(r, err, "memory at", addr + at);
		if (rc)
			return rc;
	}
	return 0;
}
