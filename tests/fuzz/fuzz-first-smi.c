/* fuzzes: tracer/sources/first-smi.c tracer/sources/insn16.c tracer/sources/gdb-handler.c */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A guest's first SMI handler: whatever it is, what is learnt lies within it. */
#include <stdlib.h>

#include "../../tracer/sources/first-smi.h"
#include "../../tracer/sources/insn16.h"

#define BASE 0x30000u
#define ENTRY (BASE + 0x8000u)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct first_smi f;
	struct insn16 in;

	first_smi_decode(&f, BASE, data, size);
	if (f.size > size || f.code >= CODE_COUNT || (f.rsm && (f.rsm < ENTRY || f.rsm + 2 > ENTRY + size)))
		abort();
	if (f.code == CODE_GATE && (f.loop < ENTRY || f.loop >= f.pass || f.write < ENTRY || f.write >= f.rsm))
		abort();
	if (f.code != CODE_GATE && (f.gate || f.pass || f.about))
		abort();
	first_smi_is_pen(data, size);
	if (insn16_decode(&in, data, size) && (!in.len || in.len > size || in.len > 15))
		abort();
	return 0;
}
