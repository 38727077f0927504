/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where things lie; for C, assembly and linker scripts alike, so nothing but numbers. */
#ifndef LAYOUT_H
#define LAYOUT_H

#define MAX_CPUS 8 /* and APIC IDs: those of one socket are 0, 1, 2 ... */

/* ---- low memory ---- */

#define ROM_MARKS 0x7000 /* a byte for each APIC ID: it came through the reset vector and is no BSP */
#define AP_PAGE 0x8000   /* what a CPU starts in that the OS sends a SIPI: ap.S */
#define PEN_PAGE 0x9f000 /* what a CPU starts in that the monarch sends a SIPI: smm/pen.S */
#define BOOT_STACK 0x90000
#define BOOT_BASE 0x100000 /* boot.elf is linked for and copied to this address */

/* ---- the default SMBASE ---- */

#define DEFAULT_SMBASE 0x30000
#define SMI_ENTRY 0x8000   /* an SMI starts at SMBASE + this (Intel SDM vol. 3, 32.4) */
#define SMBASE_SLOT 0xff00 /* the SMBASE in the save state, AMD64 layout, which QEMU's x86_64 uses */
#define NEW_SMBASE 0x30008 /* 32 bits: what the relocation handler puts there */
#define ABOUT_TO_LEAVE 0x3000c /* 8 bits: it has done so, and RSM is next */
#define GO_ON 0x3000d      /* 8 bits: what the variant of the handler that dawdles waits for */

/* ---- TSEG, 1 MiB below the end of low memory ---- */

#define TSEG_SIZE 0x100000
#define TILES 0x20000     /* in front of them smm.elf; SMBASE of CPU i: TSEG + TILES + i * TILE_SIZE */
#define TILE_SIZE 0x10000 /* edk2 staggers its tiles and needs less */

#endif
