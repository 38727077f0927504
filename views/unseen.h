/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Characters that show nothing of their own but change how what is around them looks. */
#ifndef VIEWS_UNSEEN_H
#define VIEWS_UNSEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The character at @s, where @left > 0 bytes are; @len becomes its bytes. UNSEEN_NONE and 1 where there is no
 * well-formed one (RFC 3629).
 */
#define UNSEEN_NONE UINT32_MAX
uint32_t unseen_decode(const unsigned char *s, size_t left, size_t *len);

/* A control character, a format character (Unicode's Cf), a line or paragraph separator, no character. */
bool unseen(uint32_t c);

#endif
