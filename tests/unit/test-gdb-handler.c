/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is learnt from the code of SMI handlers: real ones, hand-made ones, noise. */
#include "../../tracer/sources/gdb-handler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OVMF_BASE 0xffbf000u
#define DEFAULT_BASE 0x30000u

static size_t read_file(const char *path, uint8_t *out, size_t size)
{
	FILE *f = fopen(path, "rbe");
	size_t n;

	if (!f)
		fail_msg("%s: cannot be read", path);
	n = fread(out, 1, size, f);
	fclose(f);
	return n;
}

static void the_handler_of_ovmf(void **state)
{
	uint8_t code[HANDLER_BYTES] = { 0 };
	struct handler h;
	uint64_t where = 1;

	(void)state;
	assert_int_equal(read_file("tests/fixtures/handler-ovmf.bin", code, sizeof(code)), 768);
	handler_learn(&h, OVMF_BASE, code, sizeof(code));
	assert_int_equal(h.smbase, OVMF_BASE);
	assert_int_equal(h.rsms, 1);
	assert_int_equal(h.rsm[0], OVMF_BASE + 0x8000 + 0x28f);
	assert_true(h.has_entry_read);
	assert_int_equal(h.entry_read, OVMF_BASE + 0xfb38);
	assert_int_equal(h.entry_read_len, 2);
	assert_int_equal(h.entry_read_next, 0x8007);
	assert_true(h.has_exit_insn);
	assert_int_equal(h.exit_insn, OVMF_BASE + 0x8000 + 0x201);
	assert_int_equal(h.exit_next, OVMF_BASE + 0x8000 + 0x206);
	assert_int_equal(handler_jump(code, sizeof(code), OVMF_BASE, &where), JUMP_NONE);
}

/* It polls a flag instead of reading through CS, and restores nothing: breakpoints it is. */
static void the_first_handler_of_a_hot_added_cpu(void **state)
{
	uint8_t code[512] = { 0 };
	struct handler h;
	uint64_t where;

	(void)state;
	assert_int_equal(read_file("tests/fixtures/handler-hotplug.bin", code, sizeof(code)), 160);
	handler_learn(&h, DEFAULT_BASE, code, sizeof(code));
	assert_int_equal(h.rsms, 1);
	assert_int_equal(h.rsm[0], 0x38096);
	assert_false(h.has_entry_read || h.has_exit_insn);
	assert_int_equal(handler_jump(code, sizeof(code), DEFAULT_BASE, &where), JUMP_NONE);
}

static void a_cut_handler_gives_what_is_there(void **state)
{
	uint8_t code[768];
	struct handler h;

	(void)state;
	read_file("tests/fixtures/handler-ovmf.bin", code, sizeof(code));
	for (size_t len = 0; len <= sizeof(code); len++) {
		uint8_t *exact = malloc(len + !len); /* a sanitizer sees a read beyond it */

		memcpy(exact, code, len);
		handler_learn(&h, OVMF_BASE, exact, len);
		assert_int_equal(h.has_entry_read, len >= 7);
		assert_int_equal(h.rsms, len >= 0x291);
		assert_int_equal(h.has_exit_insn, len >= 0x291);
		free(exact);
	}
}

static void every_form_of_entry_read(void **state)
{
	static const struct {
		uint8_t code[16];
		unsigned at, size, next; /* size 0 = not taken for one */
	} cases[] = {
		{ { 0x2e, 0xa1, 0x38, 0xfb }, 0xfb38, 2, 0x8004 },
		{ { 0x2e, 0x66, 0xa1, 0x30, 0xfb }, 0xfb30, 4, 0x8005 },
		{ { 0x66, 0x2e, 0xa1, 0x30, 0xfb }, 0xfb30, 4, 0x8005 },
		{ { 0xfa, 0xfc, 0x90, 0x2e, 0x66, 0x8b, 0x2e, 0x38, 0x80 }, 0x8038, 4, 0x8009 },
		{ { 0xbb, 1, 2, 0xbf, 3, 4, 0x66, 0x2e, 0x8b, 0x2e, 0x38, 0x80 }, 0x8038, 4, 0x800c },
		{ { 0x89, 0x07, 0x2e, 0xa1, 0x38, 0xfb }, 0, 0, 0 }, /* a store comes first */
		{ { 0xa1, 0x38, 0xfb }, 0, 0, 0 },                   /* not through CS */
	};
	struct handler h;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		handler_learn(&h, 0x7ffb7000, cases[i].code, sizeof(cases[i].code));
		assert_int_equal(h.has_entry_read, cases[i].size != 0);
		if (!cases[i].size)
			continue;
		assert_int_equal(h.entry_read, 0x7ffb7000u + cases[i].at);
		assert_int_equal(h.entry_read_len, cases[i].size);
		assert_int_equal(h.entry_read_next, cases[i].next);
	}
}

static void with_two_ways_out_no_exit_is_chosen(void **state)
{
	static const uint8_t code[] = { 0x48, 0x0f, 0xae, 0x0c, 0x24, 0x0f, 0xaa, 0x90, 0x0f, 0xaa };
	struct handler h;

	(void)state;
	handler_learn(&h, 0, code, sizeof(code));
	assert_int_equal(h.rsms, 2);
	assert_int_equal(h.rsm[0], 0x8005);
	assert_int_equal(h.rsm[1], 0x8008);
	assert_false(h.has_exit_insn);
	handler_learn(&h, 0, code, 7);
	assert_true(h.has_exit_insn && h.exit_insn == 0x8000 && h.exit_next == 0x8005);
	handler_learn(&h, 0, code + 1, 6);
	assert_false(h.has_exit_insn);
}

static void the_exit_nearest_to_the_rsm_is_taken(void **state)
{
	static const uint8_t code[] = { 0x48, 0x0f, 0xae, 0x0c, 0x24, 0x48, 0x0f, 0xae, 0x0c, 0x24, 0x90, 0x0f, 0xaa };
	struct handler h;

	(void)state;
	handler_learn(&h, 0, code, sizeof(code));
	assert_int_equal(h.exit_insn, 0x8005);
}

static void more_rsms_than_fit_are_left_out(void **state)
{
	static uint8_t code[HANDLER_BYTES];
	struct handler h;

	(void)state;
	for (size_t i = 0; i < sizeof(code); i += 2) {
		code[i] = 0x0f;
		code[i + 1] = 0xaa;
	}
	handler_learn(&h, 0, code, sizeof(code));
	assert_int_equal(h.rsms, HANDLER_MAX_RSMS);
	assert_int_equal(handler_find_rsms(code, 1, 0, h.rsm, 8), 0);
	assert_int_equal(handler_find_rsms(code, sizeof(code), 0, h.rsm, 0), 0);
}

static void jumps_at_the_entry(void **state)
{
	static const uint8_t seabios[] = { 0xea, 0x5c, 0xd0, 0x00, 0xf0 }; /* ljmpw $0xf000, $0xd05c */
	static const uint8_t edk2[] = { 0x2e, 0x66, 0x8b, 0x2e, 0x38, 0x80, 0x66, 0x81, 0xed, 0, 0, 3, 0,
					0x66, 0xff, 0xe5 };
	uint64_t where = 0;

	(void)state;
	assert_int_equal(handler_jump(seabios, sizeof(seabios), 0xa0000, &where), JUMP_FAR);
	assert_int_equal(where, 0xfd05c);
	assert_int_equal(handler_jump(seabios, 4, 0xa0000, &where), JUMP_NONE);
	assert_int_equal(handler_jump(edk2, sizeof(edk2), DEFAULT_BASE, &where), JUMP_POINTER);
	assert_int_equal(where, 0x38038);
	assert_int_equal(handler_jump(edk2, sizeof(edk2) - 1, DEFAULT_BASE, &where), JUMP_NONE);
	assert_int_equal(handler_jump(edk2, 0, DEFAULT_BASE, &where), JUMP_NONE);
}

/* Noise, thick with the bytes that are looked for. */
static void noise_never_gets_out_of_bounds(void **state)
{
	static const uint8_t thick[] = { 0x0f, 0xaa, 0x2e, 0xa1, 0x66, 0x8b, 0x48, 0xae, 0x0c, 0x24, 0xea, 0xbb };
	uint32_t seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t len = (size_t)round % 97;
		uint8_t *code = malloc(len + !len);
		struct handler h;
		uint64_t where;

		for (size_t i = 0; i < len; i++) {
			seed = seed * 1664525 + 1013904223;
			code[i] = seed & 0x80000000 ? thick[(seed >> 16) % sizeof(thick)] : (uint8_t)(seed >> 16);
		}
		handler_learn(&h, OVMF_BASE, code, len);
		for (unsigned i = 0; i < h.rsms; i++)
			assert_true(h.rsm[i] >= OVMF_BASE + 0x8000 && h.rsm[i] + 2 <= OVMF_BASE + 0x8000 + len);
		assert_true(!h.has_exit_insn || (h.rsms == 1 && h.exit_next <= h.rsm[0]));
		assert_true(!h.has_entry_read || h.entry_read_next <= 0x8000 + len);
		handler_jump(code, len, OVMF_BASE, &where);
		free(code);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_handler_of_ovmf),
		cmocka_unit_test(the_first_handler_of_a_hot_added_cpu),
		cmocka_unit_test(a_cut_handler_gives_what_is_there),
		cmocka_unit_test(every_form_of_entry_read),
		cmocka_unit_test(with_two_ways_out_no_exit_is_chosen),
		cmocka_unit_test(the_exit_nearest_to_the_rsm_is_taken),
		cmocka_unit_test(more_rsms_than_fit_are_left_out),
		cmocka_unit_test(jumps_at_the_entry),
		cmocka_unit_test(noise_never_gets_out_of_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
