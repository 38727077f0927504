/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Write messages in the wire format of Protocol Buffers (protobuf.dev, "Encoding"): varints, fixed64, text and
 * messages inside messages. The buffer grows as needed and is kept for the next message.
 */
#ifndef DB_PROTOBUF_H
#define DB_PROTOBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct protobuf {
	uint8_t *data;
	size_t len, room;
	bool failed; /* no memory: what was added since is missing */
};

/* Forget the content, keep the memory. */
void protobuf_clear(struct protobuf *p);
void protobuf_free(struct protobuf *p);

void protobuf_uint(struct protobuf *p, unsigned field, uint64_t value);
void protobuf_fixed64(struct protobuf *p, unsigned field, uint64_t value);

/* A string must be UTF-8: what is none in @text becomes U+FFFD. */
void protobuf_text(struct protobuf *p, unsigned field, const char *text);

/* A message inside: what is added between open and close. close() takes what open() returned. */
size_t protobuf_open(struct protobuf *p, unsigned field);
void protobuf_close(struct protobuf *p, size_t opened);

#endif
