/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who else may sit behind a port: told apart by the first bytes it sends. Pure.
 */
#ifndef GDBPROTO_RSP_BANNER_H
#define GDBPROTO_RSP_BANNER_H

#include <stdbool.h>
#include <stddef.h>

/* Could these be the first bytes of a gdb server? True for none at all. */
bool rsp_banner_is_rsp(const char *seen, size_t len);

/* One line that names whose bytes these are and what to do. Returns @out. */
const char *rsp_banner_text(char *out, size_t size, const char *seen, size_t len);

#endif
