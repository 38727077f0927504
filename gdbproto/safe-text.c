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

static size_t width(unsigned char c)
{
	return is_plain(c) ? 1 : 4;
}

static bool fits(const char *in, size_t len, size_t room)
{
	size_t used = 0;

	for (size_t i = 0; i < len && used <= room; i++)
		used += width((unsigned char)in[i]);
	return used <= room;
}

const char *safe_text(char *out, size_t size, const char *in, size_t len)
{
	bool whole = fits(in, len, size - 1);
	size_t room = whole ? size - 1 : size - sizeof("...");
	size_t used = 0;

	for (size_t i = 0; i < len && used + width((unsigned char)in[i]) <= room; i++) {
		if (width((unsigned char)in[i]) == 1)
			out[used++] = in[i];
		else
			used += put_escaped(out + used, (unsigned char)in[i]);
	}
	strcpy(out + used, whole ? "" : "...");
	return out;
}
