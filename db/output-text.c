/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "output-text.h"

#include <string.h>

#include "utf8.h"

const char *cell_safe(char *out, size_t size, const struct cell *c, int digits)
{
	if (c->type == CELL_REAL && digits >= 0) {
		snprintf(out, size, "%.*f", digits, c->real);
		return out;
	}
	return c->type == CELL_NULL ? safe_text(out, size, "-", 1) : safe_text(out, size, c->text, c->len);
}

bool cell_is_unsafe(const struct cell *c)
{
	for (size_t i = 0; i < c->len; i++)
		if (c->text[i] < 0x20 || c->text[i] == 0x7f) /* char may be signed: bytes above 0x7f too */
			return true;
	return false;
}

bool cell_is_number(const struct cell *c)
{
	return c->type == CELL_INTEGER || c->type == CELL_REAL ||
	       (c->type == CELL_TEXT && c->len > 2 && !memcmp(c->text, "0x", 2));
}

void put_tsv(FILE *f, const struct cell *c)
{
	for (size_t i = 0; i < c->len; i++) {
		unsigned char byte = (unsigned char)c->text[i];

		if (byte == '\\')
			fputs("\\\\", f);
		else if (byte == '\t')
			fputs("\\t", f);
		else if (byte == '\n')
			fputs("\\n", f);
		else if (byte < 0x20 || byte == 0x7f)
			fprintf(f, "\\x%02x", byte);
		else
			putc(byte, f);
	}
}

static bool holds_any(const struct cell *c, const char *set)
{
	while (*set && !memchr(c->text, *set, c->len))
		set++;
	return *set;
}

void put_csv(FILE *f, const struct cell *c)
{
	if (!holds_any(c, "\",\r\n")) {
		fwrite(c->text, 1, c->len, f);
		return;
	}
	putc('"', f);
	for (size_t i = 0; i < c->len; i++) {
		if (c->text[i] == '"')
			putc('"', f);
		putc(c->text[i], f);
	}
	putc('"', f);
}

static void put_json_text(FILE *f, const unsigned char *s, size_t len)
{
	putc('"', f);
	for (size_t i = 0; i < len;) {
		size_t n = utf8_length(s + i, len - i);

		if (!n)
			fputs("\\ufffd", f);
		else if (s[i] == '"' || s[i] == '\\')
			fprintf(f, "\\%c", s[i]);
		else if (n == 1 && (s[i] < 0x20 || s[i] == 0x7f))
			fprintf(f, "\\u%04x", s[i]);
		else if (n == 2 && s[i] == 0xc2 && s[i + 1] < 0xa0) /* C1 controls move terminals too */
			fprintf(f, "\\u%04x", s[i + 1]);
		else
			fwrite(s + i, 1, n, f);
		i += n ? n : 1;
	}
	putc('"', f);
}

static void put_json_blob(FILE *f, const struct cell *c)
{
	putc('"', f);
	for (size_t i = 0; i < c->len; i++)
		fprintf(f, "%02x", (unsigned char)c->text[i]);
	putc('"', f);
}

void put_json(FILE *f, const struct cell *c)
{
	if (c->type == CELL_NULL || (c->type == CELL_REAL && strpbrk(c->text, "nN")))
		fputs("null", f);
	else if (c->type == CELL_INTEGER || c->type == CELL_REAL)
		fwrite(c->text, 1, c->len, f);
	else if (c->type == CELL_BLOB)
		put_json_blob(f, c);
	else
		put_json_text(f, (const unsigned char *)c->text, c->len);
}
