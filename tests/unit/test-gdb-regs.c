/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Registers out of a `g` packet, looked up by the names of a target description. */
#include "../../gdbproto/target-desc.h"
#include "../../tracer/sources/gdb-regs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A description of registers with @size bytes each, in the order of @names. */
static struct target_desc *describe(const char *const *names, size_t size)
{
	struct target_desc *d = target_desc_new();

	assert_non_null(d);
	for (uint32_t i = 0; names[i]; i++)
		assert_int_equal(target_desc_add(d, names[i], i, strcmp(names[i], "cs") ? size : 4), 0);
	assert_int_equal(target_desc_finish(d), 0);
	return d;
}

static void qemu_x86_64_has_them_all(void **state)
{
	struct target_desc *d = target_desc_qemu_x86_64(NULL);
	struct regs_layout l;
	uint8_t g[608] = { 0 };
	struct regs r;

	(void)state;
	assert_non_null(d);
	assert_int_equal(regs_layout_init(&l, d, NULL), 0);
	assert_int_equal(l.len, 236); /* efer, the last we use, ends there */
	g[128] = 0x34; /* rip is the 17th of 8 bytes */
	g[129] = 0x12;
	g[140] = 0x38; /* cs follows rip and eflags */
	g[188] = 0x33; /* cr0 follows seven selectors and three bases */
	g[228] = 0x01;
	g[229] = 0x05;
	assert_true(regs_decode(&r, &l, g, sizeof(g)));
	assert_int_equal(r.rip, 0x1234);
	assert_int_equal(r.cs, 0x38);
	assert_int_equal(r.cr0, 0x33);
	assert_int_equal(r.efer, 0x501);
	target_desc_free(d);
}

static void i386_names_serve_too(void **state)
{
	static const char *const names[] = { "eax", "edx", "esp", "eip", "cs", "cr0", "cr3", "efer", "eflags", NULL };
	struct target_desc *d = describe(names, 4);
	struct regs_layout l;
	uint8_t g[36];
	struct regs r;

	(void)state;
	for (unsigned i = 0; i < sizeof(g); i++)
		g[i] = (uint8_t)(i / 4);
	assert_int_equal(regs_layout_init(&l, d, NULL), 0);
	assert_true(regs_decode(&r, &l, g, sizeof(g)));
	assert_int_equal(r.rax, 0);
	assert_int_equal(r.rip, 0x03030303);
	assert_int_equal(r.efer, 0x07070707);
	target_desc_free(d);
}

static void another_machine_is_refused(void **state)
{
	static const char *const names[] = { "r0", "r1", "sp", "pc", NULL };
	struct target_desc *d = describe(names, 4);
	struct regs_layout l;
	struct error err;

	(void)state;
	assert_int_equal(regs_layout_init(&l, d, &err), -ERR_TARGET);
	assert_non_null(strstr(err.text, "rip"));
	target_desc_free(d);
}

static void a_short_packet_is_refused(void **state)
{
	struct target_desc *d = target_desc_qemu_x86_64(NULL);
	static const uint8_t g[608];
	struct regs_layout l;
	struct regs r;

	(void)state;
	assert_int_equal(regs_layout_init(&l, d, NULL), 0);
	for (size_t len = 0; len <= sizeof(g); len++)
		assert_int_equal(regs_decode(&r, &l, g, len), len >= l.len);
	target_desc_free(d);
}

static void an_smi_entry_is_told_from_other_code(void **state)
{
	(void)state;
	assert_true(regs_at_smi_entry(&(struct regs){ .rip = 0x8000, .cr0 = 0x60000010 }));
	assert_false(regs_at_smi_entry(&(struct regs){ .rip = 0x8000, .cr0 = 0x80010033 }));
	assert_false(regs_at_smi_entry(&(struct regs){ .rip = 0x8007 }));
	assert_true(regs_at_smi_entry(&(struct regs){ .rip = 0x8000, .eflags = 2 }));
	assert_false(regs_at_smi_entry(&(struct regs){ .rip = 0x8000, .eflags = 0x46 }));
	assert_int_equal(smbase_selector(0x30000), 0x3000);
	assert_int_equal(smbase_selector(0x1ffbd000), 0xbd00);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(qemu_x86_64_has_them_all),
		cmocka_unit_test(i386_names_serve_too),
		cmocka_unit_test(another_machine_is_refused),
		cmocka_unit_test(a_short_packet_is_refused),
		cmocka_unit_test(an_smi_entry_is_told_from_other_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
