/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "html-text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "unseen.h"

static const char *entity(uint32_t c)
{
	switch (c) {
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '&': return "&amp;";
	case '"': return "&quot;";
	case '\'': return "&#39;";
	}
	return NULL;
}

void html_text(FILE *out, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t left = text ? strnlen(text, HTML_TEXT_MAX + 1) : 0, end = left, len;

	for (; left && end - left < HTML_TEXT_MAX; s += len, left -= len) {
		uint32_t c = unseen_decode(s, left, &len);

		if (c == UNSEEN_NONE)
			fprintf(out, "\\x%02x", *s);
		else if (unseen(c))
			fprintf(out, "\\u{%" PRIx32 "}", c);
		else if (entity(c))
			fputs(entity(c), out);
		else
			fwrite(s, 1, len, out);
	}
	if (left)
		fputs("…", out);
}

void html_print(FILE *out, const char *fmt, ...)
{
	char text[2000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	html_text(out, text);
}
