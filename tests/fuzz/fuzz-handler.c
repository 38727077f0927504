/* fuzzes: tracer/sources/gdb-handler.c tracer/sources/spin.c */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A guest's code bytes: every address that is learnt lies within them. */
#include <stdlib.h>

#include "../../tracer/sources/gdb-handler.h"
#include "../../tracer/sources/spin.h"

#define BASE 0x7ffb7000u
#define ENTRY (BASE + 0x8000u)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct handler h;
	static const uint64_t gpr[16];
	struct spin spin;
	uint64_t where;

	handler_learn(&h, BASE, data, size);
	if (h.rsms > HANDLER_MAX_RSMS)
		abort();
	for (unsigned i = 0; i < h.rsms; i++)
		if (h.rsm[i] < ENTRY || h.rsm[i] + 2 > ENTRY + size || (i && h.rsm[i] <= h.rsm[i - 1]))
			abort();
	if (h.has_entry_read && (h.entry_read < BASE || h.entry_read > BASE + 0xffff ||
				 h.entry_read_next > 0x8000 + size ||
				 (h.entry_read_len != 2 && h.entry_read_len != 4)))
		abort();
	if (h.has_exit_insn && (h.rsms != 1 || h.exit_insn < ENTRY || h.exit_next > h.rsm[0]))
		abort();
	if (handler_jump(data, size, BASE, &where) == JUMP_FAR && where > 0x10ffef)
		abort();
	spin_find(&spin, data, size, BASE, BASE + size / 2, &(struct spin_cpu){ gpr, true });
	spin_find(&spin, data, size, BASE, BASE + size / 2, &(struct spin_cpu){ gpr, false });
	return 0;
}
