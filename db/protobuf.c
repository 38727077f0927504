/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "protobuf.h"

#include <stdlib.h>
#include <string.h>

#include "utf8.h"

#define VARINT_MAX 10
#define FIRST_ROOM 4096

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_LEN = 2 };

void protobuf_clear(struct protobuf *p)
{
	p->len = 0;
}

void protobuf_free(struct protobuf *p)
{
	free(p->data);
	*p = (struct protobuf){ 0 };
}

static bool make_room(struct protobuf *p, size_t n)
{
	size_t room = p->room ? p->room : FIRST_ROOM;
	uint8_t *data;

	while (room - p->len < n)
		room *= 2;
	data = room == p->room ? p->data : realloc(p->data, room);
	if (!data) {
		p->failed = true;
		return false;
	}
	p->data = data;
	p->room = room;
	return true;
}

static void append(struct protobuf *p, const void *bytes, size_t n)
{
	if (!make_room(p, n))
		return;
	memcpy(p->data + p->len, bytes, n);
	p->len += n;
}

/* Seven bits a byte, the lowest first; the top bit says that more follow. Returns how many bytes. */
static size_t varint(uint8_t out[VARINT_MAX], uint64_t value)
{
	size_t n = 0;

	for (; value >= 0x80; value >>= 7)
		out[n++] = (uint8_t)(value | 0x80);
	out[n++] = (uint8_t)value;
	return n;
}

static void put_varint(struct protobuf *p, uint64_t value)
{
	uint8_t bytes[VARINT_MAX];

	append(p, bytes, varint(bytes, value));
}

static void put_tag(struct protobuf *p, unsigned field, enum wire_type type)
{
	put_varint(p, (uint64_t)field << 3 | type);
}

void protobuf_uint(struct protobuf *p, unsigned field, uint64_t value)
{
	put_tag(p, field, WIRE_VARINT);
	put_varint(p, value);
}

void protobuf_fixed64(struct protobuf *p, unsigned field, uint64_t value)
{
	uint8_t bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
	put_tag(p, field, WIRE_FIXED64);
	append(p, bytes, sizeof(bytes));
}

void protobuf_text(struct protobuf *p, unsigned field, const char *text)
{
	size_t left = strlen(text), opened = protobuf_open(p, field);

	while (left) {
		size_t n = utf8_length((const unsigned char *)text, left);

		if (n)
			append(p, text, n);
		else
			append(p, "\xef\xbf\xbd", 3);
		n = n ? n : 1;
		text += n;
		left -= n;
	}
	protobuf_close(p, opened);
}

/* The length stands before the content but is known behind it: a byte is kept free, more are made if needed. */
size_t protobuf_open(struct protobuf *p, unsigned field)
{
	put_tag(p, field, WIRE_LEN);
	append(p, "", 1);
	return p->len;
}

void protobuf_close(struct protobuf *p, size_t opened)
{
	uint8_t bytes[VARINT_MAX];
	size_t n, len;

	if (p->failed)
		return;
	len = p->len - opened;
	n = varint(bytes, len);
	if (!make_room(p, n - 1))
		return;
	memmove(p->data + opened + n - 1, p->data + opened, len);
	memcpy(p->data + opened - 1, bytes, n);
	p->len += n - 1;
}
