/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wrap.h"

#include <stdbool.h>
#include <string.h>

/* Length of the next piece that must stay on one line: a word, or a group in brackets. */
static int piece(const char *text)
{
	int len = 0, depth = 0;

	for (; text[len] && (text[len] != ' ' || depth > 0); len++)
		depth += (text[len] == '[') - (text[len] == ']');
	return len;
}

void wrap_text(FILE *out, const char *text, int at, int indent)
{
	bool first = true;

	while (*text) {
		int len = piece(text);

		if (!first && at + 1 + len > WRAP_WIDTH) {
			fprintf(out, "\n%*s", indent, "");
			at = indent;
		} else if (!first) {
			putc(' ', out);
			at++;
		}
		fprintf(out, "%.*s", len, text);
		at += len;
		text += len;
		text += strspn(text, " ");
		first = false;
	}
	putc('\n', out);
}
