/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where each register lies inside a g packet, from the server's target description.
 * https://sourceware.org/gdb/current/onlinedocs/gdb.html/Target-Descriptions.html
 *
 * A g packet holds the registers in the order of their numbers, without gaps.
 * Registers that would end behind the packet are unknown here: a server may
 * describe more than it sends.
 *
 * The description is hostile: includes are limited in depth and number, names
 * of included files to harmless letters, registers in number and size; entity
 * declarations end the parse, external entities are never fetched.
 */
#ifndef GDBPROTO_TARGET_XML_H
#define GDBPROTO_TARGET_XML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define TARGET_REGS_MAX 2048
#define TARGET_REG_NAME 24

struct target_reg {
	char name[TARGET_REG_NAME];
	uint32_t number;
	size_t size;    /* bytes */
	size_t offset;  /* in the g packet */
};

struct target_desc;
struct rsp;

/* Hands out the text of @annex: length, or negative; *out is malloc'd for us. */
typedef long (*target_fetch)(void *arg, const char *annex, char **out, struct error *err);

/* Read target.xml and what it includes through @fetch; NULL on failure. The caller frees it. */
struct target_desc *target_desc_read(target_fetch fetch, void *arg, struct error *err);

/* QEMU's x86-64 layout (gdb-xml/i386-64bit.xml of 7.2), a g packet of 608 bytes. */
struct target_desc *target_desc_qemu_x86_64(struct error *err);

/*
 * The layout of the g packets of @r: its own description, or else QEMU's if the
 * packet has that length. Reads the registers of the selected thread once.
 */
struct target_desc *target_desc_of(struct rsp *r, struct error *err);

void target_desc_free(struct target_desc *d);

/* Length of the g packet that holds every register. */
size_t target_desc_size(const struct target_desc *d);

/* Forget the registers that do not lie whole in the first @g_len bytes. */
void target_desc_limit(struct target_desc *d, size_t g_len);

/* "i386:x86-64", or "" if it is not said. */
const char *target_desc_arch(const struct target_desc *d);

/* NULL if there is no such register; lives as long as @d. */
const struct target_reg *target_reg_find(const struct target_desc *d, const char *name);

/* Offset of @name in a g packet, or -1; its bytes in *size if not NULL. */
int target_reg_offset(const struct target_desc *d, const char *name, size_t *size);

/* Little-endian value of @name in @regs; false if it is not there or wider than 64 bits. */
bool target_reg_value(const struct target_desc *d, const uint8_t *regs, size_t len, const char *name,
		      uint64_t *value);

#endif
