/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON (RFC 8259), written piece by piece. */
#ifndef VIEWS_JSON_TEXT_H
#define VIEWS_JSON_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Write @text, quotes included; NULL is null. Bytes that are no UTF-8 come out as
 * U+FFFD, so that the document stays valid whatever a guest said; what unseen() names
 * is escaped, so that it harms no terminal either.
 */
void json_text(FILE *out, const char *text);

/*
 * A document being written. Down to depth @tall each value has a line of its own, deeper ones stand in line.
 * @name is the value's name in an object, NULL in an array. The caller closes what it opens.
 */
struct json_out {
	FILE *out;
	int tall, depth;
	bool more; /* something stands at this depth already */
};

void json_put_open(struct json_out *j, const char *name, char bracket);  /* '{' or '[' */
void json_put_close(struct json_out *j, char bracket);
void json_put_string(struct json_out *j, const char *name, const char *text);
void json_put_word(struct json_out *j, const char *name, const char *text); /* null for "" too */
void json_put_bool(struct json_out *j, const char *name, bool value);
void json_put_hex(struct json_out *j, const char *name, uint64_t value);    /* "0x30000" */

/* Beyond +-2^53, where readers with doubles would round, it is written as hex text: "0x20000000000001". */
void json_put_int(struct json_out *j, const char *name, int64_t value);
/* null for @unknown */
void json_put_int_unless(struct json_out *j, const char *name, int64_t value, int64_t unknown);

#endif
