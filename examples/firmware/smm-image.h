/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smm.elf as boot sees it: what stands at its beginning, in TSEG. */
#ifndef SMM_IMAGE_H
#define SMM_IMAGE_H

#include <stdint.h>

#include "config.h"

/* An ELF relocation (Elf32_Rel). */
struct relocation {
	uint32_t offset, info;
};
#define RELOCATE_RELATIVE 8u

/* Pointers are offsets into the image until its relocations are applied. */
struct smm_image {
	struct relocation *relocations, *relocations_end;
	/* Before SMRAM is closed. What was asked for; the CPUs' tiles; the pen. */
	void (*prepare)(const struct config *config, uint32_t tseg);
	/* Put the relocation handler, or the NOP handler, to the default SMBASE. */
	void (*install_relocation_handler)(void);
	void (*install_nop_handler)(void);
	/* The CPU of that APIC ID takes part from now on. */
	void (*add_cpu)(unsigned apic_id);
	uint32_t (*smbase_of)(unsigned apic_id);
};

#endif
