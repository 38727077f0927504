/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the code at the default SMBASE is: the real handler of OVMF, its later form, templates, noise. */
#include "../../tracer/sources/first-smi.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../tracer/sources/insn16.h"

#define BASE 0x30000u

/* OVMF 2022.11, as it lies in a guest. */
static void real_handler(uint8_t code[FIRST_SMI_CODE])
{
	FILE *f = fopen("tests/fixtures/handler-hotplug.bin", "rbe");

	memset(code, 0, FIRST_SMI_CODE);
	assert_non_null(f);
	assert_int_equal(fread(code, 1, FIRST_SMI_CODE, f), 160);
	fclose(f);
}

/* FirstSmiHandler.nasm since 2025: FeatureControl in between, AboutToLeaveSmm at +21. */
static void later_handler(uint8_t code[FIRST_SMI_CODE])
{
	static const uint8_t tail[] = {
		0x3e, 0x67, 0x80, 0x3d, 0x14, 0x00, 0x03, 0x00, 0x00, /* cmp byte [ds:dword 0x30014], 0 */
		0x74, 0x1a,                                           /* je over it */
		0x66, 0xb9, 0x3a, 0x00, 0x00, 0x00,                   /* mov ecx, 0x3a */
		0x3e, 0x67, 0x66, 0x8b, 0x15, 0x0c, 0x00, 0x03, 0x00, /* mov edx, [ds:dword 0x3000c] */
		0x3e, 0x67, 0x66, 0xa1, 0x10, 0x00, 0x03, 0x00,       /* mov eax, [ds:dword 0x30010] */
		0x0f, 0x30,                                           /* wrmsr */
		0x3e, 0x67, 0xc6, 0x05, 0x15, 0x00, 0x03, 0x00, 0x01, /* mov byte [ds:dword 0x30015], 1 */
		0x0f, 0xaa,
	};

	real_handler(code);
	memcpy(code + 0x8d, tail, sizeof(tail));
}

static void check_gate(const struct first_smi *f)
{
	assert_int_equal(f->code, CODE_GATE);
	assert_int_equal(f->gate, 0x30000);
	assert_int_equal(f->loop, 0x38039);
	assert_int_equal(f->pass, 0x3805e);
	assert_int_equal(f->new_smbase, 0x30008);
	assert_int_equal(f->write, 0x38084);
}

static void the_gated_handler_of_2022(void **state)
{
	uint8_t code[FIRST_SMI_CODE];
	struct first_smi f;

	(void)state;
	real_handler(code);
	first_smi_decode(&f, BASE, code, sizeof(code));
	check_gate(&f);
	assert_int_equal(f.about, 0x3000c);
	assert_int_equal(f.rsm, 0x38096);
	assert_int_equal(f.size, 0x98);
	assert_true(first_smi_at_gate(&f, 0x38039) && first_smi_at_gate(&f, 0x3805c));
	assert_false(first_smi_at_gate(&f, 0x38036) || first_smi_at_gate(&f, 0x3805e));
}

static void the_gated_handler_of_2025(void **state)
{
	uint8_t code[FIRST_SMI_CODE];
	struct first_smi f;

	(void)state;
	later_handler(code);
	first_smi_decode(&f, BASE, code, sizeof(code));
	check_gate(&f);
	assert_int_equal(f.about, 0x30015);
	assert_int_equal(f.rsm, 0x38000 + 0x8d + 45);
}

/* Words elsewhere are found elsewhere: nothing is a constant. */
static void other_addresses_are_followed(void **state)
{
	uint8_t code[FIRST_SMI_CODE];
	struct first_smi f;

	(void)state;
	real_handler(code);
	code[0x4e + 6] = 0x40;   /* the gate at 0x30040 */
	code[0x7c + 4] = 0x48;   /* NewSmbase at 0x30048 */
	code[0x8d + 4] = 0x50;   /* AboutToLeaveSmm at 0x30050 */
	first_smi_decode(&f, BASE, code, sizeof(code));
	assert_int_equal(f.code, CODE_GATE);
	assert_int_equal(f.gate, 0x30040);
	assert_int_equal(f.new_smbase, 0x30048);
	assert_int_equal(f.about, 0x30050);
}

static void one_byte_more_is_another_sum(void **state)
{
	uint8_t code[FIRST_SMI_CODE];
	struct first_smi a, b;

	(void)state;
	real_handler(code);
	first_smi_decode(&a, BASE, code, sizeof(code));
	code[0xa0] = 1; /* behind the RSM: not part of it */
	first_smi_decode(&b, BASE, code, sizeof(code));
	assert_int_equal(a.sum, b.sum);
	code[0x90] ^= 4;
	first_smi_decode(&b, BASE, code, sizeof(code));
	assert_int_not_equal(a.sum, b.sum);
}

static void every_class(void **state)
{
	static const struct {
		uint8_t code[24];
		enum handler_code is;
		unsigned size;
	} cases[] = {
		{ { 0 }, CODE_ZERO, 0 },
		{ { 0x0f, 0xaa }, CODE_NOP, 2 },
		{ { 0xfa, 0x90, 0x0f, 0xaa }, CODE_NOP, 4 },
		{ { 0xea, 0x5c, 0xd0, 0x00, 0xf0 }, CODE_TEMPLATE, 5 },             /* SeaBIOS */
		{ { 0x2e, 0x66, 0x8b, 0x2e, 0x10, 0x80, 0x66, 0x81, 0xed, 0, 0, 3, 0, 0x66, 0xff, 0xe5 },
		  CODE_TEMPLATE, 16 },                                              /* edk2, cold boot */
		{ { 0x66, 0xb8, 0, 0, 0xfc, 0x0f, 0x2e, 0x66, 0xa3, 0x00, 0xff, 0x0f, 0xaa },
		  CODE_RELOCATE, 13 },                                              /* mov [cs:0xff00], eax */
		{ { 0x66, 0xb8, 0, 0, 0xfc, 0x0f, 0x2e, 0x66, 0xa3, 0x00, 0xfc, 0x0f, 0xaa },
		  CODE_UNKNOWN, 13 },                                               /* not the slot */
		{ { 0xeb, 0xfe }, CODE_UNKNOWN, 2 },
		{ { 0xff, 0xff, 0xff, 0xff }, CODE_UNKNOWN, 4 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct first_smi f;

		first_smi_decode(&f, BASE, cases[i].code, sizeof(cases[i].code));
		assert_int_equal(f.code, cases[i].is);
		assert_int_equal(f.size, cases[i].size);
		assert_int_equal(f.gate | f.about | f.pass, 0);
	}
}

/* Without a gate: mov eax, [NewSmbase]; mov [slot], eax; mov byte [About], 1; rsm. */
static const uint8_t exchanged[] = {
	0x66, 0x67, 0xa1, 0x08, 0x00, 0x03, 0x00,       /* mov eax, [dword 0x30008] */
	0x66, 0x67, 0xa3, 0x00, 0xff, 0x03, 0x00,       /* mov [dword 0x3ff00], eax */
	0x67, 0xc6, 0x05, 0x0c, 0x00, 0x03, 0x00, 0x01, /* mov byte [dword 0x3000c], 1 */
	0x0f, 0xaa,
};

static void the_handler_that_is_exchanged_for_the_nop_one(void **state)
{
	static const uint8_t near_cs[] = {
		0x2e, 0x66, 0xa1, 0x08, 0x00,             /* mov eax, [cs:8] */
		0x2e, 0x66, 0xa3, 0x00, 0xff,             /* mov [cs:0xff00], eax */
		0x2e, 0xc6, 0x06, 0x0c, 0x00, 0x01,       /* mov byte [cs:0xc], 1 */
		0x0f, 0xaa,
	};
	struct first_smi f;

	(void)state;
	first_smi_decode(&f, BASE, exchanged, sizeof(exchanged));
	assert_int_equal(f.code, CODE_RELOCATE);
	assert_int_equal(f.new_smbase, 0x30008);
	assert_int_equal(f.write, 0x38007);
	assert_int_equal(f.about, 0x3000c);
	assert_int_equal(f.rsm, 0x38016);
	assert_int_equal(f.size, sizeof(exchanged));
	assert_true(first_smi_is_exchanged(&f));
	first_smi_decode(&f, BASE, near_cs, sizeof(near_cs));
	assert_int_equal(f.code, CODE_RELOCATE);
	assert_int_equal(f.new_smbase, 0x30008);
	assert_int_equal(f.about, 0x3000c);
}

static void one_that_does_not_say_that_it_leaves(void **state)
{
	uint8_t code[sizeof(exchanged)];
	struct first_smi f;

	(void)state;
	memcpy(code, exchanged, 14);
	memcpy(code + 14, "\x0f\xaa", 2);
	first_smi_decode(&f, BASE, code, 16);
	assert_int_equal(f.code, CODE_RELOCATE);
	assert_int_equal(f.new_smbase, 0x30008);
	assert_int_equal(f.about, 0);
	memcpy(code, exchanged, sizeof(code));
	code[8] = 0x90; /* the slot is not written: it is whole, and of no known kind */
	memset(code + 9, 0x90, 5);
	code[7] = 0x90;
	first_smi_decode(&f, BASE, code, sizeof(code));
	assert_int_equal(f.code, CODE_UNKNOWN);
	assert_true(f.whole);
	memcpy(code, exchanged, sizeof(code));
	code[21] = 2; /* another byte is set, but not to 1 */
	first_smi_decode(&f, BASE, code, sizeof(code));
	assert_int_equal(f.code, CODE_RELOCATE);
	assert_int_equal(f.about, 0);
}

/* The first byte is written last: until then it is neither. */
static void half_exchanged_is_neither(void **state)
{
	uint8_t code[sizeof(exchanged)];
	struct first_smi f;

	(void)state;
	memcpy(code, exchanged, sizeof(code));
	code[0] = 0x0f;
	first_smi_decode(&f, BASE, code, sizeof(code));
	assert_int_equal(f.code, CODE_UNKNOWN);
	assert_false(first_smi_is_exchanged(&f) || f.whole);
	code[1] = 0xaa; /* what is behind the RSM does not matter */
	first_smi_decode(&f, BASE, code, sizeof(code));
	assert_int_equal(f.code, CODE_NOP);
	assert_int_equal(f.new_smbase | f.about | f.write, 0);
	assert_int_equal(f.size, 2);
	assert_true(first_smi_is_exchanged(&f));
}

/* A gate that is only half there is none. */
static void a_cut_handler_is_not_taken_for_whole(void **state)
{
	uint8_t code[FIRST_SMI_CODE];

	(void)state;
	real_handler(code);
	for (size_t len = 0; len <= 160; len++) {
		uint8_t *exact = malloc(len + !len); /* a sanitizer sees a read beyond it */
		struct first_smi f;

		memcpy(exact, code, len);
		first_smi_decode(&f, BASE, exact, len);
		assert_int_equal(f.code, !len ? CODE_ZERO : len >= 0x98 ? CODE_GATE : CODE_UNKNOWN);
		free(exact);
	}
}

static void the_pen_and_what_is_none(void **state)
{
	/* mov ax, cs; mov ds, ax; mov byte [ds:0xfff], 1; cli; hlt; jmp cli */
	static const uint8_t pen[] = { 0x8c, 0xc8, 0x8e, 0xd8, 0x3e, 0xc6, 0x06, 0xff, 0x0f, 0x01, 0xfa, 0xf4,
				       0xeb, 0xfc };
	uint8_t other[sizeof(pen)];

	(void)state;
	assert_true(first_smi_is_pen(pen, sizeof(pen)));
	assert_false(first_smi_is_pen(pen, 11));
	memcpy(other, pen, sizeof(pen));
	other[7] = 0xfe;
	assert_false(first_smi_is_pen(other, sizeof(other)));
	memcpy(other, pen, sizeof(pen));
	other[10] = 0x90; /* halts, but with interrupts */
	assert_false(first_smi_is_pen(other, sizeof(other)));
	memset(other, 0, sizeof(other));
	assert_false(first_smi_is_pen(other, sizeof(other)));
}

static void noise_never_gets_out_of_bounds(void **state)
{
	static const uint8_t thick[] = { 0x0f, 0xaa, 0xf0, 0xc7, 0x0d, 0x66, 0x67, 0x3e, 0x74, 0xeb, 0xbb, 0x89 };
	uint32_t seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t len = (size_t)round % 97;
		uint8_t *code = malloc(len + !len);
		struct first_smi f;
		struct insn16 in;

		for (size_t i = 0; i < len; i++) {
			seed = seed * 1664525 + 1013904223;
			code[i] = seed & 0x80000000 ? thick[(seed >> 16) % sizeof(thick)] : (uint8_t)(seed >> 16);
		}
		first_smi_decode(&f, BASE, code, len);
		assert_true(f.size <= len);
		assert_true(!f.rsm || (f.rsm >= 0x38000 && f.rsm + 2 <= 0x38000 + len));
		assert_true(f.code != CODE_GATE || (f.gate && f.loop < f.pass));
		first_smi_is_pen(code, len);
		if (insn16_decode(&in, code, len))
			assert_true(in.len >= 1 && in.len <= len && in.len <= 15);
		free(code);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_gated_handler_of_2022),
		cmocka_unit_test(the_gated_handler_of_2025),
		cmocka_unit_test(other_addresses_are_followed),
		cmocka_unit_test(one_byte_more_is_another_sum),
		cmocka_unit_test(every_class),
		cmocka_unit_test(the_handler_that_is_exchanged_for_the_nop_one),
		cmocka_unit_test(one_that_does_not_say_that_it_leaves),
		cmocka_unit_test(half_exchanged_is_neither),
		cmocka_unit_test(a_cut_handler_is_not_taken_for_whole),
		cmocka_unit_test(the_pen_and_what_is_none),
		cmocka_unit_test(noise_never_gets_out_of_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
