/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rsp-parse.h"

#include <stdio.h>
#include <string.h>

#include "rsp-packet.h"

static bool is_word(const char *text, size_t len, const char *word)
{
	return len == strlen(word) && !memcmp(text, word, len);
}

static bool begins(const char *text, size_t len, const char *word)
{
	return len >= strlen(word) && !memcmp(text, word, strlen(word));
}

static bool all_hex(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (rsp_hex_digit((unsigned char)text[i]) < 0)
			return false;
	}
	return len > 0;
}

/* Length of the field at @text that ends before @stop or with the text. */
static size_t field(const char *text, size_t len, char stop)
{
	const char *end = len ? memchr(text, stop, len) : NULL;

	return end ? (size_t)(end - text) : len;
}

enum rsp_reply rsp_classify(const char *reply, size_t len)
{
	bool code = len >= 3 && all_hex(reply + 1, 2);

	if (!len)
		return RSP_REPLY_EMPTY;
	if (is_word(reply, len, "OK"))
		return RSP_REPLY_OK;
	switch (reply[0]) {
	case 'E':
		return (code && len == 3) || begins(reply, len, "E.") ? RSP_REPLY_ERROR : RSP_REPLY_OTHER;
	case 'T':
		return code ? RSP_REPLY_STOP : RSP_REPLY_OTHER;
	case 'S':
		return code && len == 3 ? RSP_REPLY_STOP : RSP_REPLY_OTHER;
	case 'W':
	case 'X':
		return code && (len == 3 || reply[3] == ';') ? RSP_REPLY_EXITED : RSP_REPLY_OTHER;
	case 'O':
		return all_hex(reply + 1, len - 1) ? RSP_REPLY_OUTPUT : RSP_REPLY_OTHER;
	default:
		return RSP_REPLY_OTHER;
	}
}

long rsp_parse_hex(const char *text, size_t len, uint64_t *value)
{
	uint64_t v = 0;
	size_t i = 0;

	for (; i < len && rsp_hex_digit((unsigned char)text[i]) >= 0; i++) {
		if (i == 16)
			return -1;
		v = v << 4 | (uint64_t)rsp_hex_digit((unsigned char)text[i]);
	}
	if (!i)
		return -1;
	*value = v;
	return (long)i;
}

static long parse_id(const char *text, size_t len, uint32_t *id)
{
	uint64_t v;
	long used;

	if (begins(text, len, "-1")) {
		*id = RSP_TID_ALL;
		return 2;
	}
	used = rsp_parse_hex(text, len, &v);
	if (used < 0 || v > UINT32_MAX)
		return -1;
	*id = (uint32_t)v;
	return used;
}

long rsp_parse_thread(const char *text, size_t len, struct rsp_thread *out)
{
	struct rsp_thread t = { 0, RSP_TID_ALL };
	long pid, tid;

	if (!len || text[0] != 'p') {
		tid = parse_id(text, len, &t.tid);
		if (tid > 0)
			*out = t;
		return tid;
	}
	pid = parse_id(text + 1, len - 1, &t.pid);
	if (pid < 0)
		return -1;
	pid++;
	if ((size_t)pid < len && text[pid] == '.') {
		tid = parse_id(text + pid + 1, len - (size_t)pid - 1, &t.tid);
		if (tid < 0)
			return -1;
		pid += 1 + tid;
	}
	*out = t;
	return pid;
}

static void put_id(char *out, size_t size, uint32_t id)
{
	if (id == RSP_TID_ALL)
		snprintf(out, size, "-1");
	else
		snprintf(out, size, "%x", id);
}

const char *rsp_thread_text(char out[RSP_THREAD_TEXT], struct rsp_thread t)
{
	char pid[10], tid[10];

	put_id(pid, sizeof(pid), t.pid);
	put_id(tid, sizeof(tid), t.tid);
	if (t.pid)
		snprintf(out, RSP_THREAD_TEXT, "p%s.%s", pid, tid);
	else
		snprintf(out, RSP_THREAD_TEXT, "%s", tid);
	return out;
}

/* One key:value; of a T packet. All-hex keys are register numbers and say nothing to us. */
static void stop_pair(const char *key, size_t key_len, const char *value, size_t len, struct rsp_stop *stop)
{
	static const struct { const char *key; enum rsp_watch watch; } watch[] = {
		{ "watch", RSP_WATCH_WRITE }, { "rwatch", RSP_WATCH_READ }, { "awatch", RSP_WATCH_ACCESS },
	};

	uint64_t addr;

	if (is_word(key, key_len, "thread")) {
		if (rsp_parse_thread(value, len, &stop->thread) != (long)len)
			stop->thread = (struct rsp_thread){ 0, 0 };
		return;
	}
	for (size_t i = 0; i < sizeof(watch) / sizeof(watch[0]); i++) {
		if (!is_word(key, key_len, watch[i].key) || rsp_parse_hex(value, len, &addr) != (long)len)
			continue;
		stop->watch = watch[i].watch;
		stop->watch_addr = addr;
	}
}

static void stop_pairs(const char *text, size_t len, struct rsp_stop *stop)
{
	while (len) {
		size_t pair = field(text, len, ';');
		size_t key = field(text, pair, ':');

		if (key < pair)
			stop_pair(text, key, text + key + 1, pair - key - 1, stop);
		if (pair < len)
			pair++;
		text += pair;
		len -= pair;
	}
}

int rsp_parse_stop(const char *reply, size_t len, struct rsp_stop *stop)
{
	enum rsp_reply kind = rsp_classify(reply, len);
	uint64_t code = 0;

	if (kind != RSP_REPLY_STOP && kind != RSP_REPLY_EXITED)
		return -1;
	*stop = (struct rsp_stop){ .recv_ns = stop->recv_ns };
	stop->kind = kind == RSP_REPLY_STOP ? RSP_STOP_SIGNAL : RSP_STOP_EXITED;
	rsp_parse_hex(reply + 1, 2, &code);
	stop->signal = (uint8_t)code;
	if (reply[0] == 'T')
		stop_pairs(reply + 3, len - 3, stop);
	stop->text_len = len;
	memcpy(stop->text, reply, rsp_stop_kept(stop));
	return 0;
}

int rsp_parse_thread_list(const char *reply, size_t len, struct rsp_thread *out, int max, int *count)
{
	struct rsp_thread t;

	if (is_word(reply, len, "l"))
		return 0;
	if (len < 2 || reply[0] != 'm')
		return -1;
	for (size_t at = 1; at < len; at++) {
		size_t part = field(reply + at, len - at, ',');

		if (!part || rsp_parse_thread(reply + at, part, &t) != (long)part)
			return -1;
		if (*count < max)
			out[(*count)++] = t;
		at += part;
	}
	return 1;
}

static void supported_word(const char *word, size_t len, struct rsp_supported *out)
{
	static const char size_key[] = "PacketSize=";
	uint64_t value;

	if (begins(word, len, size_key)) {
		size_t skip = sizeof(size_key) - 1;

		if (rsp_parse_hex(word + skip, len - skip, &value) == (long)(len - skip))
			out->packet_size = (size_t)value;
	}
	out->multiprocess |= is_word(word, len, "multiprocess+");
	out->vcont |= is_word(word, len, "vContSupported+");
	out->xfer_features |= is_word(word, len, "qXfer:features:read+");
	out->no_ack |= is_word(word, len, "QStartNoAckMode+");
}

void rsp_parse_supported(const char *reply, size_t len, struct rsp_supported *out)
{
	*out = (struct rsp_supported){ 0 };
	for (size_t at = 0; at < len; at++) {
		size_t part = field(reply + at, len - at, ';');

		supported_word(reply + at, part, out);
		at += part;
	}
}

void rsp_parse_vcont(const char *reply, size_t len, bool *cont, bool *step)
{
	*cont = *step = false;
	if (!begins(reply, len, "vCont"))
		return;
	for (size_t at = 5; at < len; at++) {
		size_t part = field(reply + at, len - at, ';');

		*cont |= is_word(reply + at, part, "c");
		*step |= is_word(reply + at, part, "s");
		at += part;
	}
}

int rsp_parse_xfer(const char *reply, size_t len, const char **data, size_t *data_len)
{
	if (!len || (reply[0] != 'm' && reply[0] != 'l'))
		return -1;
	*data = reply + 1;
	*data_len = len - 1;
	if (reply[0] == 'm' && !*data_len)
		return -1;
	return reply[0] == 'm';
}

long rsp_parse_bytes(const char *text, size_t len, void *out, size_t size)
{
	uint8_t *bytes = out;

	if (len % 2 || len / 2 > size)
		return -1;
	for (size_t i = 0; i < len / 2; i++) {
		int high = rsp_hex_digit((unsigned char)text[2 * i]);
		int low = rsp_hex_digit((unsigned char)text[2 * i + 1]);

		if (high < 0 || low < 0) {
			if (text[2 * i] != 'x' || text[2 * i + 1] != 'x')
				return -1;
			high = low = 0;
		}
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return (long)(len / 2);
}

void rsp_hex_text(char *out, const void *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *in = bytes;

	for (size_t i = 0; i < len; i++) {
		*out++ = digits[in[i] >> 4];
		*out++ = digits[in[i] & 15];
	}
	*out = '\0';
}
