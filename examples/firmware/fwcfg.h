/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files that QEMU hands to firmware (QEMU docs/specs/fw_cfg.rst). */
#ifndef FWCFG_H
#define FWCFG_H

#include <stdint.h>

/* Reads at most @size bytes of the file; how many it has, -1 = there is none of that name. */
int fwcfg_read(const char *name, void *out, uint32_t size);
/* -1: no such file, or it cannot be written. */
int fwcfg_write(const char *name, const void *in, uint32_t size);

#endif
