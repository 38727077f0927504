/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Strings that come from a guest, a server or a file never reach a terminal,
 * a page or SQL raw: they pass through here first.
 */
#ifndef GDBPROTO_SAFE_TEXT_H
#define GDBPROTO_SAFE_TEXT_H

#include <stddef.h>

/*
 * Copy @len bytes of @in to @out as printable ASCII: every other byte becomes
 * \xNN. Always NUL-terminated; text that does not fit ends in "...".
 * Returns @out, so that it can stand in an argument list. @size >= 4.
 */
const char *safe_text(char *out, size_t size, const char *in, size_t len);

#endif
