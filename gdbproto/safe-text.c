/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "safe-text.h"

#include <stdbool.h>
#include <string.h>

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '\\';
}

static size_t put_escaped(char *out, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";

	out[0] = '\\';
	out[1] = 'x';
	out[2] = digits[c >> 4];
	out[3] = digits[c & 15];
	return 4;
}

const char *safe_text(char *out, size_t size, const char *in, size_t len)
{
	size_t room = size - sizeof("..."); /* what may be used before the dots */
	size_t used = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)in[i];
		size_t need = is_plain(c) ? 1 : 4;

		if (used + need > room + (i + 1 == len ? 3 : 0)) {
			memcpy(out + used, "...", 3);
			used += 3;
			break;
		}
		if (need == 1)
			out[used++] = in[i];
		else
			used += put_escaped(out + used, c);
	}
	out[used] = '\0';
	return out;
}
