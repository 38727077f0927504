/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gdb-regs.h"

static int place(const struct target_desc *d, const char *name, const char *name32, uint16_t *at,
		 uint16_t *size, size_t *len, struct error *err)
{
	size_t bytes = 0;
	int offset = target_reg_offset(d, name, &bytes);

	if (offset < 0)
		offset = target_reg_offset(d, name32, &bytes);
	if (offset < 0 || bytes > 8)
		return fail(err, ERR_TARGET, "the stub has no register %s: not QEMU's stub of an x86 system", name);
	*at = (uint16_t)offset;
	*size = (uint16_t)bytes;
	if (*len < (size_t)offset + bytes)
		*len = (size_t)offset + bytes;
	return 0;
}

int regs_layout_init(struct regs_layout *l, const struct target_desc *d, struct error *err)
{
	l->len = 0;
#define X(name, name32)                                                                            \
	if (place(d, #name, name32, &l->name.at, &l->name.size, &l->len, err) < 0)                 \
		return -ERR_TARGET;
	REGS(X)
#undef X
	return 0;
}

static uint64_t field(const uint8_t *g, unsigned at, unsigned size)
{
	uint64_t value = 0;

	for (unsigned i = size; i-- > 0;)
		value = value << 8 | g[at + i];
	return value;
}

bool regs_decode(struct regs *r, const struct regs_layout *l, const uint8_t *g, size_t len)
{
	if (len < l->len)
		return false;
#define X(name, name32) r->name = field(g, l->name.at, l->name.size);
	REGS(X)
#undef X
	return true;
}
