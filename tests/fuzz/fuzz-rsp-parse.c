/* fuzzes: gdbproto/rsp-parse.c gdbproto/rsp-packet.c gdbproto/rsp-banner.c gdbproto/safe-text.c */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a reply, through every parser; the copy is exact so that a read past it is seen. */
#include "../../gdbproto/rsp-parse.h"

#include <stdlib.h>
#include <string.h>

#include "../../gdbproto/rsp-banner.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void stops(const char *reply, size_t len)
{
	struct rsp_stop stop = { 0 };
	enum rsp_reply kind = rsp_classify(reply, len);
	bool is_stop = kind == RSP_REPLY_STOP || kind == RSP_REPLY_EXITED;

	if ((rsp_parse_stop(reply, len, &stop) == 0) != is_stop)
		abort();
}

static void threads(const char *reply, size_t len)
{
	struct rsp_thread list[4], back, t;
	char text[RSP_THREAD_TEXT];
	int count = 0;

	rsp_parse_thread_list(reply, len, list, 4, &count);
	if (count > 4)
		abort();
	if (rsp_parse_thread(reply, len, &t) > (long)len)
		abort();
	for (int i = 0; i < count; i++) {
		rsp_thread_text(text, list[i]);
		if (rsp_parse_thread(text, strlen(text), &back) != (long)strlen(text))
			abort();
		if (back.tid != list[i].tid || (list[i].pid && back.pid != list[i].pid))
			abort();
	}
}

static void values(const char *reply, size_t len)
{
	struct rsp_supported s;
	uint8_t bytes[16];
	const char *piece;
	size_t piece_len;
	uint64_t v;
	bool c, step;

	rsp_parse_supported(reply, len, &s);
	rsp_parse_vcont(reply, len, &c, &step);
	rsp_parse_hex(reply, len, &v);
	rsp_parse_bytes(reply, len, bytes, sizeof(bytes));
	if (rsp_parse_xfer(reply, len, &piece, &piece_len) >= 0 && piece + piece_len != reply + len)
		abort();
}

static void banners(const char *reply, size_t len)
{
	char text[200];

	rsp_banner_is_rsp(reply, len);
	rsp_banner_text(text, sizeof(text), reply, len);
	for (const char *p = text; *p; p++) {
		if (*p < ' ' || *p > '~')
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *reply = malloc(size ? size : 1);

	if (size)
		memcpy(reply, data, size);
	stops(reply, size);
	threads(reply, size);
	values(reply, size);
	banners(reply, size);
	free(reply);
	return 0;
}
