/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gdb-regs.h"

/* Offset and size of each field in the packet; size 0 = not in this layout. */
struct place {
	uint16_t at;
	uint8_t size;
};

static const struct layout {
	size_t len;
	struct place rip, rsp, rax, rdx, cs, cr0, cr3, efer;
} layouts[] = {
	{ 608, { 128, 8 }, { 56, 8 }, { 0, 8 }, { 24, 8 }, { 140, 4 }, { 188, 8 }, { 204, 8 }, { 228, 8 } },
	{ 344, { 32, 4 }, { 16, 4 }, { 0, 4 }, { 8, 4 }, { 40, 4 }, { 76, 4 }, { 84, 4 }, { 96, 4 } },
};

static uint64_t field(const uint8_t *g, struct place p)
{
	uint64_t value = 0;

	for (unsigned i = p.size; i-- > 0;)
		value = value << 8 | g[p.at + i];
	return value;
}

bool regs_decode(struct regs *r, const uint8_t *g, size_t len)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		const struct layout *l = &layouts[i];

		if (l->len != len)
			continue;
		*r = (struct regs){
			.rip = field(g, l->rip), .rsp = field(g, l->rsp), .rax = field(g, l->rax),
			.rdx = field(g, l->rdx), .cs = (uint32_t)field(g, l->cs), .cr0 = field(g, l->cr0),
			.cr3 = field(g, l->cr3), .efer = field(g, l->efer),
		};
		return true;
	}
	return false;
}
