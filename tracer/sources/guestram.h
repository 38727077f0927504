/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The guest RAM of a QEMU on this host, read from outside with
 * process_vm_readv: no stop, no gdbstub, SMRAM included.
 *
 * The RAM is the mapping of the size that -m asked for (default 128 MiB), else
 * the largest writable anonymous or memfd one. Guest physical addresses follow
 * QEMU's PC machines: one block, cut at the 32-bit hole, the rest from 4 GiB
 * up (hw/i386/pc_q35.c: cut at 2 GiB once there are 2.75 GiB or more;
 * pc_piix.c: at 3 GiB once there are 3.5 GiB or more; max-ram-below-4g=).
 */
#ifndef TRACER_SOURCES_GUESTRAM_H
#define TRACER_SOURCES_GUESTRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../../gdbproto/error.h"

struct guestram;

/* Owned by the caller. NULL with the reason: no such process, not allowed (and what to do), no RAM found. */
struct guestram *guestram_open(pid_t pid, struct error *err);

/* NULL is fine. */
void guestram_close(struct guestram *g);

/* Bytes of RAM in all. */
uint64_t guestram_size(const struct guestram *g);

/* Is it surely the guest's RAM: a QEMU's, of the size that its command line says, and the only mapping of that size? */
bool guestram_is_sure(const struct guestram *g);

/*
 * Read @len bytes at guest physical @gpa. 0, or negative: outside RAM, process
 * gone, not allowed. Never waits for the guest; the bytes may be changing.
 */
int guestram_read(const struct guestram *g, uint64_t gpa, void *buf, size_t len, struct error *err);

/* One save state in RAM: the SMBASE whose slot names it, and its revision id. */
typedef void guestram_smbase_fn(void *arg, uint32_t smbase, uint32_t revision);

/*
 * Find the SMBASEs: every SMM entry stores the revision id at SMBASE+0xfefc
 * and the SMBASE itself in its slot, so a page whose slot names its own
 * address is a save state. A CPU that took no SMI since its relocation is not
 * found; one of a boot before a reset may still be. Calls @fn in rising order;
 * returns the number found, or negative.
 */
int guestram_find_smbases(const struct guestram *g, guestram_smbase_fn *fn, void *arg, struct error *err);

#endif
