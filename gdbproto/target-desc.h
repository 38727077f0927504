/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How a struct target_desc is filled: target_desc_new(), any number of
 * target_desc_add(), then target_desc_finish(), which puts the registers in
 * order and gives each its offset. Readers use target-xml.h only.
 */
#ifndef GDBPROTO_TARGET_DESC_H
#define GDBPROTO_TARGET_DESC_H

#include "target-xml.h"

/* NULL without memory; freed by target_desc_free(). */
struct target_desc *target_desc_new(void);

/* One more register; a name longer than TARGET_REG_NAME is cut. 0, or -1 if there is no room. */
int target_desc_add(struct target_desc *d, const char *name, uint32_t number, size_t size);

/* More text of the architecture's name. */
void target_desc_add_arch(struct target_desc *d, const char *text, size_t len);

/* 0, or -1 if there is no register or a number occurs twice. */
int target_desc_finish(struct target_desc *d);

#endif
