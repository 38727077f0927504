/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers of many packets: monitor commands (qRcmd) and objects (qXfer). */
#include "rsp-internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMMAND_MAX 1500
#define OUTPUT_MAX (64u << 20)  /* bytes of one command's output */
#define OBJECT_MAX (4u << 20)   /* bytes of one qXfer object */
#define OBJECT_PIECES 4096

/* The bytes of an O packet or of a plain hex answer; -1 if it is neither. */
static long output_piece(struct rsp *r, char *out, size_t size)
{
	size_t skip = rsp_classify(r->rx.data, r->rx.len) == RSP_REPLY_OUTPUT;

	return rsp_parse_bytes(r->rx.data + skip, r->rx.len - skip, out, size);
}

/* Take the packets up to the answer; each O packet renews the time allowed, within rsp_begin()'s bound. */
static int stream(struct rsp *r, char *piece, void (*out)(void *arg, const char *text, size_t len), void *arg,
		  struct error *err)
{
	size_t total = 0;

	for (int rc = rsp_reply(r, err); ; rc = rsp_take(r, err)) {
		enum rsp_reply kind;
		long len;

		if (rc)
			return rc;
		kind = rsp_classify(r->rx.data, r->rx.len);
		if (kind == RSP_REPLY_OK)
			return 0;
		if (kind == RSP_REPLY_EMPTY)
			return rsp_refuse(r, err, "the server has no monitor commands (qRcmd)");
		len = kind == RSP_REPLY_ERROR ? -1 : output_piece(r, piece, RSP_REPLY_MAX / 2);
		if (len < 0)
			return rsp_refuse(r, err, "the monitor command was refused");
		out(arg, piece, (size_t)len);
		total += (size_t)len;
		if (kind != RSP_REPLY_OUTPUT)
			return 0;
		if (total > OUTPUT_MAX)
			return rsp_fail(r, err, "the output of a monitor command does not end");
	}
}

int rsp_monitor(struct rsp *r, const char *command, void (*out)(void *arg, const char *text, size_t len),
		void *arg, struct error *err)
{
	char hex[2 * COMMAND_MAX + 1];
	size_t len = strlen(command);
	int64_t outer;
	char *piece;
	int rc;

	if (len > COMMAND_MAX || 2 * len + 6 > r->features.packet_size)
		return rsp_refuse(r, err, "the monitor command is too long");
	piece = malloc(RSP_REPLY_MAX / 2);
	if (!piece)
		return rsp_refuse(r, err, "out of memory for the output of a monitor command");
	rsp_hex_text(hex, command, len);
	outer = rsp_begin(r);
	rsp_queue(r, "qRcmd,%s", hex);
	rc = stream(r, piece, out, arg, err);
	rsp_end(r, outer);
	free(piece);
	return rc;
}

struct text_buffer {
	char *text;
	size_t size, used;
};

static void collect(void *arg, const char *text, size_t len)
{
	struct text_buffer *b = arg;

	if (len > b->size - 1 - b->used)
		len = b->size - 1 - b->used;
	memcpy(b->text + b->used, text, len);
	b->used += len;
	b->text[b->used] = '\0';
}

int rsp_monitor_text(struct rsp *r, const char *command, char *out, size_t size, struct error *err)
{
	struct text_buffer b = { out, size, 0 };

	out[0] = '\0';
	return rsp_monitor(r, command, collect, &b, err);
}

/* Ask for one piece of @annex from @at on: 1 = more, 0 = the last, negative. */
static int xfer_piece(struct rsp *r, const char *annex, size_t at, const char **data, size_t *len,
		      struct error *err)
{
	int rc, more;

	rsp_queue(r, "qXfer:features:read:%s:%zx,%zx", annex, at, r->features.memory_max);
	rc = rsp_reply(r, err);
	if (rc)
		return rc;
	more = rsp_parse_xfer(r->rx.data, r->rx.len, data, len);
	return more < 0 ? rsp_refuse(r, err, "the server does not hand out %s", annex) : more;
}

static long read_object(struct rsp *r, const char *annex, char **out, struct error *err)
{
	size_t used = 0, len = 0;
	const char *data = NULL;
	char *text = NULL;
	int more, pieces = 0;

	do {
		char *grown;

		more = xfer_piece(r, annex, used, &data, &len, err);
		if (more >= 0 && (used + len > OBJECT_MAX || ++pieces > OBJECT_PIECES))
			more = rsp_refuse(r, err, "%s does not end", annex);
		grown = more < 0 ? NULL : realloc(text, used + len + 1);
		if (!grown) {
			free(text);
			return more < 0 ? more : rsp_refuse(r, err, "out of memory for %s", annex);
		}
		text = grown;
		memcpy(text + used, data, len);
		used += len;
		text[used] = '\0';
	} while (more);
	*out = text;
	return (long)used;
}

long rsp_features_xml(struct rsp *r, const char *annex, char **out, struct error *err)
{
	int64_t outer = rsp_begin(r);
	long len = read_object(r, annex, out, err);

	rsp_end(r, outer);
	return len;
}
