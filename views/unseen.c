/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unseen.h"

#include "../db/utf8.h"

uint32_t unseen_decode(const unsigned char *s, size_t left, size_t *len)
{
	static const unsigned char first_bits[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	size_t n = utf8_length(s, left);
	uint32_t c = n ? s[0] & first_bits[n] : UNSEEN_NONE;

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (s[i] & 0x3f);
	*len = n ? n : 1;
	return c;
}

bool unseen(uint32_t c)
{
	/* UnicodeData.txt: Cc, Cf, Zl, Zp; and what XML and HTML call no character. */
	static const uint32_t range[][2] = {
		{ 0x00, 0x1f }, { 0x7f, 0x9f }, { 0xad, 0xad }, { 0x600, 0x605 }, { 0x61c, 0x61c },
		{ 0x6dd, 0x6dd }, { 0x70f, 0x70f }, { 0x890, 0x891 }, { 0x8e2, 0x8e2 }, { 0x180e, 0x180e },
		{ 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0xfdd0, 0xfdef },
		{ 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xfffe, 0xffff }, { 0x110bd, 0x110bd },
		{ 0x110cd, 0x110cd }, { 0x13430, 0x1343f }, { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a },
		{ 0xe0000, 0xe0fff },
	};

	for (size_t i = 0; i < sizeof(range) / sizeof(range[0]); i++)
		if (c >= range[i][0] && c <= range[i][1])
			return true;
	return c > 0xffff && (c & 0xfffe) == 0xfffe;
}
