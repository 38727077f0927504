/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "json-text.h"

#include <inttypes.h>
#include <string.h>

#include "unseen.h"

#define EXACT (INT64_C(1) << 53) /* a reader with doubles tells all whole numbers up to here apart */

static void put_escaped(FILE *out, uint32_t c)
{
	if (c > 0xffff) {
		fprintf(out, "\\u%04" PRIx32, 0xd800 + ((c - 0x10000) >> 10));
		c = 0xdc00 + ((c - 0x10000) & 0x3ff);
	}
	fprintf(out, "\\u%04" PRIx32, c);
}

void json_text(FILE *out, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t left = text ? strlen(text) : 0, len;

	if (!text) {
		fputs("null", out);
		return;
	}
	putc('"', out);
	for (; left; s += len, left -= len) {
		uint32_t c = unseen_decode(s, left, &len);

		if (c == UNSEEN_NONE)
			fputs("\\ufffd", out);
		else if (unseen(c))
			put_escaped(out, c);
		else if (c == '"' || c == '\\')
			fprintf(out, "\\%c", (char)c);
		else
			fwrite(s, 1, len, out);
	}
	putc('"', out);
}

static void put_place(struct json_out *j, const char *name)
{
	bool in_line = j->depth > j->tall;

	if (j->more)
		fputs(in_line ? ", " : ",", j->out);
	if (!in_line && j->depth)
		fprintf(j->out, "\n%*s", 2 * j->depth, "");
	j->more = true;
	if (name) {
		json_text(j->out, name);
		fputs(": ", j->out);
	}
}

void json_put_open(struct json_out *j, const char *name, char bracket)
{
	put_place(j, name);
	fputc(bracket, j->out);
	j->depth++;
	j->more = false;
}

void json_put_close(struct json_out *j, char bracket)
{
	bool in_line = j->depth > j->tall;

	j->depth--;
	if (!in_line && j->more)
		fprintf(j->out, "\n%*s", 2 * j->depth, "");
	fputc(bracket, j->out);
	j->more = true;
	if (!j->depth)
		fputc('\n', j->out);
}

void json_put_string(struct json_out *j, const char *name, const char *text)
{
	put_place(j, name);
	json_text(j->out, text);
}

void json_put_word(struct json_out *j, const char *name, const char *text)
{
	json_put_string(j, name, text && *text ? text : NULL);
}

void json_put_int(struct json_out *j, const char *name, int64_t value)
{
	put_place(j, name);
	if (value > EXACT || value < -EXACT)
		fprintf(j->out, "\"%s0x%" PRIx64 "\"", value < 0 ? "-" : "",
			value < 0 ? -(uint64_t)value : (uint64_t)value);
	else
		fprintf(j->out, "%" PRId64, value);
}

void json_put_int_unless(struct json_out *j, const char *name, int64_t value, int64_t unknown)
{
	if (value == unknown)
		json_put_string(j, name, NULL);
	else
		json_put_int(j, name, value);
}

void json_put_hex(struct json_out *j, const char *name, uint64_t value)
{
	put_place(j, name);
	fprintf(j->out, "\"0x%" PRIx64 "\"", value);
}

void json_put_bool(struct json_out *j, const char *name, bool value)
{
	put_place(j, name);
	fputs(value ? "true" : "false", j->out);
}
