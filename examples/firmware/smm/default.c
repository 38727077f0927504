/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../cpu.h"
#include "smm.h"

#define HANDLER (DEFAULT_SMBASE + SMI_ENTRY)

#define CODE(name) extern const uint8_t name[], name##_end[]
CODE(nop_handler);
CODE(relocation_handler);
CODE(handler_without_write);
CODE(handler_without_rsm);
CODE(handler_that_dawdles);
CODE(pen);
CODE(deaf_pen);

/* The first two bytes last, and at once: a CPU that takes an SMI meanwhile runs the NOP handler, or the new one. */
static void install(const uint8_t *code, const uint8_t *end)
{
	for (uint32_t i = (uint32_t)(end - code); i-- > 2;)
		*byte_at(HANDLER + i) = code[i];
	*(volatile uint16_t *)HANDLER = (uint16_t)(code[0] | code[1] << 8);
}

void install_nop_handler(void)
{
	install(nop_handler, nop_handler_end);
}

static void install_dawdling(void)
{
	*byte_at(GO_ON) = 0;
	install(handler_that_dawdles, handler_that_dawdles_end);
}

void install_relocation_handler(void)
{
	if (seeded(BUG_BOOT_AT_ONCE))
		install_dawdling();
	else
		install(relocation_handler, relocation_handler_end);
}

void install_plug_handler(void)
{
	switch (config.bug) {
	case BUG_SMBASE_NOT_WRITTEN:
		install(handler_without_write, handler_without_write_end);
		break;
	case BUG_NO_RSM:
		install(handler_without_rsm, handler_without_rsm_end);
		break;
	case BUG_TWO_AT_ONCE:
	case BUG_INIT_IN_SMM:
		install_dawdling();
		break;
	default:
		install(relocation_handler, relocation_handler_end);
	}
}

void install_pen(void)
{
	if (seeded(BUG_DEAF_PEN))
		copy(byte_at(PEN_PAGE), deaf_pen, (uint32_t)(deaf_pen_end - deaf_pen));
	else
		copy(byte_at(PEN_PAGE), pen, (uint32_t)(pen_end - pen));
}
