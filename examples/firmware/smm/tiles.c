/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../cpu.h"
#include "smm.h"

/* The words of tile.S behind its first jump. */
struct tile {
	uint8_t jump[4];
	uint32_t self, cpu, stack, main;
	uint16_t gdt_limit;
	uint32_t gdt, flat;
	uint16_t flat_selector;
} __attribute__((packed));

extern const uint8_t smi_tile[], smi_tile_end[];
extern const uint32_t smi_tile_gdt, smi_tile_flat;

void smi_main(unsigned apic_id); /* smm.c */

/* The stack ends where the code begins. */
void tile_make(uint32_t smbase, unsigned apic_id)
{
	uint32_t at = smbase + SMI_ENTRY;
	struct tile *tile = (struct tile *)at;

	copy(byte_at(at), smi_tile, (uint32_t)(smi_tile_end - smi_tile));
	tile->self = at;
	tile->cpu = apic_id;
	tile->stack = at;
	tile->main = (uint32_t)smi_main;
	tile->gdt = at + smi_tile_gdt;
	tile->flat = at + smi_tile_flat;
}
