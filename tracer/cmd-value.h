/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Values on the command line. Each takes the whole word or nothing: *out is
 * written only on success (0); ERR_USAGE with "WORD is ..." otherwise.
 */
#ifndef TRACER_CMD_VALUE_H
#define TRACER_CMD_VALUE_H

#include <stdint.h>

#include "../gdbproto/error.h"

/* Decimal or 0x, with a sign; what does not fit 64 bits is refused. */
int cmd_number(const char *word, int64_t *out, struct error *err);

/* A duration in ns: a decimal number ("1.5" too) and ns, us, ms, s, m or h; bare = seconds; not negative. */
int cmd_time(const char *word, int64_t *out, struct error *err);

#endif
