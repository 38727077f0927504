/* SPDX-License-Identifier: GPL-3.0-or-later */
/* UTF-8 as RFC 3629 has it. */
#ifndef DB_UTF8_H
#define DB_UTF8_H

#include <stddef.h>

/* Length of the character at @s, where @left bytes are: no surrogates, nothing overlong. 0 if there is none. */
size_t utf8_length(const unsigned char *s, size_t left);

#endif
