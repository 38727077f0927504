/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The grammar of replies: pure functions over (pointer, length). Replies are
 * hostile and may hold any byte, NUL included; nothing here reads past @len.
 * https://sourceware.org/gdb/current/onlinedocs/gdb.html/Stop-Reply-Packets.html
 */
#ifndef GDBPROTO_RSP_PARSE_H
#define GDBPROTO_RSP_PARSE_H

#include "rsp-client.h"

/* A thread id that stands for all threads ("-1") or any thread ("0"). */
#define RSP_TID_ALL UINT32_MAX
#define RSP_TID_ANY 0u

enum rsp_reply {
	RSP_REPLY_EMPTY,   /* the request is unknown to the server */
	RSP_REPLY_OK,
	RSP_REPLY_ERROR,   /* Exx, E.text */
	RSP_REPLY_STOP,    /* Txx.., Sxx */
	RSP_REPLY_EXITED,  /* Wxx.., Xxx.. */
	RSP_REPLY_OUTPUT,  /* O and hex digits */
	RSP_REPLY_OTHER,
};

/* What @reply looks like, by shape alone. */
enum rsp_reply rsp_classify(const char *reply, size_t len);

/* Parse T, S, W, X. Unknown keys are skipped. recv_ns is left alone. 0, or -1 if it is none. */
int rsp_parse_stop(const char *reply, size_t len, struct rsp_stop *stop);

/* Parse "p1.2", "p1", "2", "-1", "p1.-1". Number of bytes used, or -1. */
long rsp_parse_thread(const char *text, size_t len, struct rsp_thread *out);

/* Write @t as the server wants it: "p1.2", or "2" if pid is 0. Returns @out. */
#define RSP_THREAD_TEXT 24
const char *rsp_thread_text(char out[RSP_THREAD_TEXT], struct rsp_thread t);

/*
 * One "m..." or "l" reply; appends to out[*count], at most @max in all.
 * 1 = more to ask for, 0 = end, -1 = bad.
 */
int rsp_parse_thread_list(const char *reply, size_t len, struct rsp_thread *out, int max, int *count);

/* The reply to qSupported: packet_size, multiprocess, vcont, xfer_features, and no_ack. */
struct rsp_supported {
	size_t packet_size;     /* 0 = not said */
	bool multiprocess, vcont, xfer_features, no_ack;
};
void rsp_parse_supported(const char *reply, size_t len, struct rsp_supported *out);

/* The reply to vCont?: which of c and s exist. */
void rsp_parse_vcont(const char *reply, size_t len, bool *cont, bool *step);

/* A qXfer reply: 1 = more behind this piece, 0 = last piece, -1 = bad. *data points into @reply. */
int rsp_parse_xfer(const char *reply, size_t len, const char **data, size_t *data_len);

/* Unsigned hex number of 1..16 digits at @text; bytes used, or -1. */
long rsp_parse_hex(const char *text, size_t len, uint64_t *value);

/*
 * Hex digits to bytes. "xx" is a byte that the server does not have and becomes
 * 0. Number of bytes, or -1 if odd, not hex, or more than @size.
 */
long rsp_parse_bytes(const char *text, size_t len, void *out, size_t size);

/* Bytes to hex digits, NUL-terminated; @out has room for 2 * len + 1. */
void rsp_hex_text(char *out, const void *bytes, size_t len);

#endif
