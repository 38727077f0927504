/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "smm-state.h"

#include <string.h>

#define REVISION_RELOCATES 0x20000u /* the slot is honoured at RSM */
#define REVISION_IO_RESTART 0x10000u
#define MAP_OFFSET(from_smbase) ((from_smbase) - SMM_STATE_OFFSET)

/* Where a field stands, from SMBASE + 0x8000 as the manuals count; size 0 = this layout has none. */
struct place {
	uint16_t offset;
	uint8_t size;
};

static const struct layout {
	const char *name;
	uint32_t revision; /* without the bits for relocation and I/O restart */
	uint32_t slot;
	struct place place[SMM_FIELD_COUNT];
} layouts[] = {
	{ "amd64", 0x64, SMM_SLOT_AMD64, {
		[SMM_SMBASE] = { 0x7f00, 4 }, [SMM_RIP] = { 0x7f78, 8 }, [SMM_RFLAGS] = { 0x7f70, 4 },
		[SMM_CS] = { 0x7e10, 2 }, [SMM_CS_BASE] = { 0x7e18, 8 }, [SMM_SS] = { 0x7e20, 2 },
		[SMM_DS] = { 0x7e30, 2 }, [SMM_ES] = { 0x7e00, 2 }, [SMM_FS] = { 0x7e40, 2 },
		[SMM_FS_BASE] = { 0x7e48, 8 }, [SMM_GS] = { 0x7e50, 2 }, [SMM_GS_BASE] = { 0x7e58, 8 },
		[SMM_TR] = { 0x7e90, 2 }, [SMM_LDTR] = { 0x7e70, 2 }, [SMM_GDT_BASE] = { 0x7e68, 8 },
		[SMM_IDT_BASE] = { 0x7e88, 8 },
		[SMM_CR0] = { 0x7f58, 4 }, [SMM_CR3] = { 0x7f50, 8 }, [SMM_CR4] = { 0x7f48, 4 },
		[SMM_EFER] = { 0x7ed0, 8 }, [SMM_DR6] = { 0x7f68, 4 }, [SMM_DR7] = { 0x7f60, 4 },
		[SMM_RAX] = { 0x7ff8, 8 }, [SMM_RCX] = { 0x7ff0, 8 }, [SMM_RDX] = { 0x7fe8, 8 },
		[SMM_RBX] = { 0x7fe0, 8 }, [SMM_RSP] = { 0x7fd8, 8 }, [SMM_RBP] = { 0x7fd0, 8 },
		[SMM_RSI] = { 0x7fc8, 8 }, [SMM_RDI] = { 0x7fc0, 8 }, [SMM_R8] = { 0x7fb8, 8 },
		[SMM_R9] = { 0x7fb0, 8 }, [SMM_R10] = { 0x7fa8, 8 }, [SMM_R11] = { 0x7fa0, 8 },
		[SMM_R12] = { 0x7f98, 8 }, [SMM_R13] = { 0x7f90, 8 }, [SMM_R14] = { 0x7f88, 8 },
		[SMM_R15] = { 0x7f80, 8 } } },
	{ "i386", 0x00, SMM_SLOT_I386, {
		[SMM_SMBASE] = { 0x7ef8, 4 }, [SMM_RIP] = { 0x7ff0, 4 }, [SMM_RFLAGS] = { 0x7ff4, 4 },
		[SMM_CS] = { 0x7fac, 2 }, [SMM_CS_BASE] = { 0x7f98, 4 }, [SMM_SS] = { 0x7fb0, 2 },
		[SMM_DS] = { 0x7fb4, 2 }, [SMM_ES] = { 0x7fa8, 2 }, [SMM_FS] = { 0x7fb8, 2 },
		[SMM_FS_BASE] = { 0x7f34, 4 }, [SMM_GS] = { 0x7fbc, 2 }, [SMM_GS_BASE] = { 0x7f40, 4 },
		[SMM_TR] = { 0x7fc4, 2 }, [SMM_LDTR] = { 0x7fc0, 2 }, [SMM_GDT_BASE] = { 0x7f74, 4 },
		[SMM_IDT_BASE] = { 0x7f58, 4 },
		[SMM_CR0] = { 0x7ffc, 4 }, [SMM_CR3] = { 0x7ff8, 4 }, [SMM_CR4] = { 0x7f14, 4 },
		[SMM_DR6] = { 0x7fcc, 4 }, [SMM_DR7] = { 0x7fc8, 4 },
		[SMM_RAX] = { 0x7fd0, 4 }, [SMM_RCX] = { 0x7fd4, 4 }, [SMM_RDX] = { 0x7fd8, 4 },
		[SMM_RBX] = { 0x7fdc, 4 }, [SMM_RSP] = { 0x7fe0, 4 }, [SMM_RBP] = { 0x7fe4, 4 },
		[SMM_RSI] = { 0x7fe8, 4 }, [SMM_RDI] = { 0x7fec, 4 } } },
};

const char *const smm_field_name[SMM_FIELD_COUNT] = {
#define X(F, name) [SMM_##F] = #name,
	SMM_FIELDS(X)
#undef X
};

static uint64_t load(const uint8_t *at, unsigned size)
{
	uint64_t value = 0;

	while (size--)
		value = value << 8 | at[size];
	return value;
}

static const struct layout *layout_of(uint32_t revision)
{
	if (!(revision & REVISION_RELOCATES))
		return NULL;
	for (size_t i = 0; i < sizeof(layouts) / sizeof(*layouts); i++)
		if (layouts[i].revision == (revision & ~(REVISION_RELOCATES | REVISION_IO_RESTART)))
			return &layouts[i];
	return NULL;
}

uint32_t smm_slot_offset(uint32_t revision)
{
	const struct layout *l = layout_of(revision);

	return l ? l->slot : 0;
}

int smm_state_decode(const uint8_t *tail, size_t len, struct smm_state *out)
{
	const struct layout *l;

	memset(out, 0, sizeof(*out));
	if (len < SMM_STATE_TAIL)
		return -1;
	tail += len - SMM_STATE_TAIL;
	out->revision = (uint32_t)load(tail + MAP_OFFSET(SMM_REVISION_OFFSET), 4);
	l = layout_of(out->revision);
	if (!l)
		return -1;
	out->layout = l->name;
	out->slot = l->slot;
	for (unsigned f = 0; f < SMM_FIELD_COUNT; f++) {
		struct place p = l->place[f];

		if (!p.size)
			continue;
		out->value[f] = load(tail + MAP_OFFSET(SMM_ENTRY_OFFSET + p.offset), p.size);
		out->known |= UINT64_C(1) << f;
	}
	return 0;
}
