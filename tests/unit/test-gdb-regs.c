/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The `g` packet against the registers as QEMU's target descriptions list them. */
#include "../../tracer/sources/gdb-regs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct reg {
	const char *name;
	unsigned size, times;
};

/* gdb-xml/i386-64bit.xml of QEMU 7.2, names of what we read. */
static const struct reg regs64[] = {
	{ "rax", 8, 1 }, { "", 8, 2 }, { "rdx", 8, 1 }, { "", 8, 3 }, { "rsp", 8, 1 }, { "", 8, 8 }, { "rip", 8, 1 },
	{ "", 4, 1 }, { "cs", 4, 1 }, { "", 4, 5 }, { "", 8, 3 }, /* fs_base gs_base k_gs_base */
	{ "cr0", 8, 1 }, { "", 8, 1 }, { "cr3", 8, 1 }, { "", 8, 2 }, { "efer", 8, 1 },
	{ "", 10, 8 }, { "", 4, 8 }, { "", 16, 16 }, { "", 4, 1 }, { NULL, 0, 0 },
};

/* gdb-xml/i386-32bit.xml: eax ecx edx ebx esp ... */
static const struct reg regs32[] = {
	{ "rax", 4, 1 }, { "", 4, 1 }, { "rdx", 4, 1 }, { "", 4, 1 }, { "rsp", 4, 1 }, { "", 4, 3 }, { "rip", 4, 1 },
	{ "", 4, 1 }, { "cs", 4, 1 }, { "", 4, 5 }, { "", 4, 3 }, { "cr0", 4, 1 }, { "", 4, 1 }, { "cr3", 4, 1 },
	{ "", 4, 2 }, { "efer", 4, 1 }, { "", 10, 8 }, { "", 4, 8 }, { "", 16, 8 }, { "", 4, 1 }, { NULL, 0, 0 },
};

/* Fill @g so that register number n of the list reads 0x..030201 + n; its length. */
static size_t packet(uint8_t *g, const struct reg *list)
{
	size_t at = 0;

	for (; list->name; list++)
		for (unsigned t = 0; t < list->times; t++)
			for (unsigned i = 0; i < list->size; i++, at++)
				g[at] = (uint8_t)(*list->name ? list->name[0] + list->name[1] + (char)i : 0xee);
	return at;
}

static uint64_t expected(const char *name, unsigned size)
{
	uint64_t value = 0;

	for (unsigned i = size; i-- > 0;)
		value = value << 8 | (uint8_t)(name[0] + name[1] + (char)i);
	return value;
}

static void check_layout(const struct reg *list, size_t len, unsigned size)
{
	uint8_t g[1024];
	struct regs r;

	assert_int_equal(packet(g, list), len);
	assert_true(regs_decode(&r, g, len));
	assert_int_equal(r.rip, expected("rip", size));
	assert_int_equal(r.rsp, expected("rsp", size));
	assert_int_equal(r.rax, expected("rax", size));
	assert_int_equal(r.rdx, expected("rdx", size));
	assert_int_equal(r.cs, expected("cs", 4));
	assert_int_equal(r.cr0, expected("cr0", size));
	assert_int_equal(r.cr3, expected("cr3", size));
	assert_int_equal(r.efer, expected("efer", size));
}

static void both_layouts_of_qemu(void **state)
{
	(void)state;
	check_layout(regs64, 608, 8);
	check_layout(regs32, 344, 4);
}

static void other_lengths_are_refused(void **state)
{
	static uint8_t g[4096];
	struct regs r;

	(void)state;
	for (size_t len = 0; len <= sizeof(g); len++)
		assert_int_equal(regs_decode(&r, g, len), len == 608 || len == 344);
}

static void an_smi_entry_is_told_from_other_code(void **state)
{
	(void)state;
	assert_true(regs_at_smi_entry(&(struct regs){ .rip = 0x8000, .cr0 = 0x60000010 }));
	assert_false(regs_at_smi_entry(&(struct regs){ .rip = 0x8000, .cr0 = 0x80010033 }));
	assert_false(regs_at_smi_entry(&(struct regs){ .rip = 0x8007 }));
	assert_int_equal(smbase_selector(0x30000), 0x3000);
	assert_int_equal(smbase_selector(0x1ffbd000), 0xbd00);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_layouts_of_qemu),
		cmocka_unit_test(other_lengths_are_refused),
		cmocka_unit_test(an_smi_entry_is_told_from_other_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
