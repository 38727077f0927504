/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a spinning CPU polls, from the code around its instruction pointer. */
#include "../../tracer/sources/spin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define AT 0xf9dfd15u

static const struct spin_cpu no_regs = { NULL, true };

/* OVMF's CpuHotplugSmm waiting for AboutToLeaveSmm: 32 bytes before and after the jump back. */
static const uint8_t monarch[] = {
	0x74, 0xfb, 0xff, 0xff, 0x44, 0x89, 0x3c, 0x25, 0x08, 0x00, 0x03, 0x00, 0x48, 0x83, 0xc8, 0xff,
	0xf0, 0x4c, 0x0f, 0xb1, 0x24, 0x25, 0x00, 0x00, 0x03, 0x00, 0x48, 0xff, 0xc0, 0x75, 0x3f,
	0x8a, 0x04, 0x25, 0x0c, 0x00, 0x03, 0x00, /* mov al, [0x3000c] */
	0x84, 0xc0, 0x75, 0x04, 0xf3, 0x90, 0xeb, 0xf1,
	0x48, 0x8b, 0x44, 0x24, 0x58, 0x8a, 0x00, 0x84, 0xc0, 0x75, 0x04, 0xf3, 0x90, 0xeb, 0xf1,
};

static void the_monarch_polls_about_to_leave(void **state)
{
	struct spin s;

	(void)state;
	for (uint64_t rip = AT + 0x1f; rip <= AT + 0x2c; rip++) {
		if (rip != AT + 0x1f && rip != AT + 0x26 && rip != AT + 0x28 && rip != AT + 0x2a && rip != AT + 0x2c)
			continue; /* instruction boundaries of the loop */
		assert_true(spin_find(&s, monarch, sizeof(monarch), AT, rip, &no_regs));
		assert_int_equal(s.addr, 0x3000c);
		assert_int_equal(s.size, 1);
	}
}

static void without_registers_a_loop_through_one_is_not_decoded(void **state)
{
	struct spin s;

	(void)state;
	assert_false(spin_find(&s, monarch, sizeof(monarch), AT, AT + sizeof(monarch) - 2, &no_regs));
}

static void a_loop_that_begins_with_a_load_through_a_register(void **state)
{
	static const struct {
		uint8_t code[12];
		uint64_t addr; /* 0 = not decoded */
		unsigned size;
	} cases[] = {
		{ { 0x83, 0x3b, 0x00, 0x75, 0x04, 0xf3, 0x90, 0xeb, 0xf7 }, 0x3000, 4 },       /* cmp dword [rbx], 0 */
		{ { 0x8b, 0x43, 0xf8, 0x85, 0xc0, 0xf3, 0x90, 0x74, 0xf7 }, 0x2ff8, 4 },       /* mov eax, [rbx - 8] */
		{ { 0x49, 0x8b, 0x01, 0x85, 0xc0, 0xf3, 0x90, 0x74, 0xf7 }, 0x9000, 8 },       /* mov rax, [r9] */
		{ { 0x8b, 0x1b, 0x90, 0x85, 0xdb, 0xf3, 0x90, 0x74, 0xf7 }, 0, 0 },            /* mov ebx, [rbx] */
		{ { 0x90, 0x8b, 0x03, 0x85, 0xc0, 0xf3, 0x90, 0x74, 0xf7 }, 0, 0 },            /* not the first */
	};
	uint64_t gpr[16];
	struct spin_cpu cpu = { gpr, true };
	struct spin s;

	(void)state;
	for (unsigned i = 0; i < 16; i++)
		gpr[i] = i * 0x1000;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool found = spin_find(&s, cases[i].code, sizeof(cases[i].code), 0x1000, 0x1005, &cpu);

		assert_int_equal(found, cases[i].addr != 0);
		assert_true(!found || (s.addr == cases[i].addr && s.size == cases[i].size));
	}
}

static void rip_relative_operands_count_from_behind(void **state)
{
	static const uint8_t code[] = {
		0x48, 0x83, 0x3d, 0x10, 0x00, 0x00, 0x00, 0x00, /* cmp qword [rip + 0x10], 0 */
		0xf3, 0x90, 0x74, 0xf4,
	};
	struct spin s;

	(void)state;
	assert_true(spin_find(&s, code, sizeof(code), 0x1000, 0x100a, &no_regs));
	assert_int_equal(s.addr, 0x1018);
	assert_int_equal(s.size, 8);
}

static void firmware_of_32_bits_has_no_rip_relative_operands(void **state)
{
	static const struct {
		uint8_t code[16];
		uint64_t addr;
		unsigned size;
	} cases[] = {
		{ { 0x80, 0x3d, 0x0c, 0, 3, 0, 0, 0x75, 4, 0xf3, 0x90, 0xeb, 0xf3 }, 0x3000c, 1 },     /* cmp byte [0x3000c], 0 */
		{ { 0xa0, 0x0c, 0, 3, 0, 0x84, 0xc0, 0x75, 4, 0xf3, 0x90, 0xeb, 0xf3 }, 0x3000c, 1 },  /* mov al, [0x3000c] */
		{ { 0xf3, 0x90, 0x0f, 0xb6, 0x05, 0x0c, 0, 3, 0, 0x84, 0xc0, 0x74, 0xf3 }, 0x3000c, 1 }, /* movzx eax */
		{ { 0xf3, 0x90, 0x0f, 0xb6, 0x43, 0x0c, 0x84, 0xc0, 0x74, 0xf6 }, 0x300c, 1 },          /* movzx eax, [ebx + 12] */
		{ { 0xf3, 0x90, 0x8b, 0x43, 0xf8, 0x85, 0xc0, 0x74, 0xf7 }, 0x2ff8, 4 },                /* mov eax, [ebx - 8] */
		{ { 0xf3, 0x90, 0x8b, 0x40, 0xf8, 0x85, 0xc0, 0x74, 0xf7 }, 0, 0 },                     /* mov eax, [eax - 8] */
	};
	uint64_t gpr[16] = { 0x1000, [3] = 0x3000 };
	struct spin_cpu cpu = { gpr, false };
	struct spin s;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool found = spin_find(&s, cases[i].code, sizeof(cases[i].code), 0x7028100, 0x7028105, &cpu);

		assert_int_equal(found, cases[i].addr != 0);
		assert_true(!found || (s.addr == cases[i].addr && s.size == cases[i].size));
	}
}

static void other_code_is_left_alone(void **state)
{
	static const uint8_t hlt[] = { 0xfa, 0xf4, 0xeb, 0xfc };
	static const uint8_t zero[64];
	struct spin s;

	(void)state;
	assert_false(spin_find(&s, hlt, sizeof(hlt), 0x9f000, 0x9f002, &no_regs));
	assert_false(spin_find(&s, zero, sizeof(zero), 0, 32, &no_regs));
	assert_false(spin_find(&s, monarch, sizeof(monarch), AT, AT - 1, &no_regs));
	assert_false(spin_find(&s, monarch, sizeof(monarch), AT, AT + sizeof(monarch), &no_regs));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_monarch_polls_about_to_leave),
		cmocka_unit_test(without_registers_a_loop_through_one_is_not_decoded),
		cmocka_unit_test(a_loop_that_begins_with_a_load_through_a_register),
		cmocka_unit_test(rip_relative_operands_count_from_behind),
		cmocka_unit_test(firmware_of_32_bits_has_no_rip_relative_operands),
		cmocka_unit_test(other_code_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
