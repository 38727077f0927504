/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../../tracer/sources/smm-state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct expected {
	enum smm_field field;
	uint64_t value;
};

static void read_file(const char *path, uint8_t out[SMM_STATE_TAIL])
{
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	assert_int_equal(fread(out, 1, SMM_STATE_TAIL, f), SMM_STATE_TAIL);
	fclose(f);
}

static void assert_fields(const struct smm_state *st, const struct expected *e, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		assert_true(smm_state_has(st, e[i].field));
		assert_int_equal(st->value[e[i].field], e[i].value);
	}
}

static void the_amd64_map_is_decoded(void **state)
{
	static const struct expected e[] = {
		{ SMM_SMBASE, 0xffbf000 }, { SMM_RIP, 0xd6c9804 }, { SMM_RFLAGS, 0x246 }, { SMM_CS, 0x38 },
		{ SMM_CS_BASE, 0 }, { SMM_SS, 0x30 }, { SMM_CR0, 0x80010033 }, { SMM_CR3, 0xe801000 },
		{ SMM_CR4, 0x668 }, { SMM_EFER, 0xd00 }, { SMM_DR6, 0xffff0ff0 }, { SMM_DR7, 0x400 },
		{ SMM_RAX, 4 }, { SMM_RCX, 0xc }, { SMM_RDX, 0x15 }, { SMM_RBX, 0x15 }, { SMM_RSP, 0xef988e0 },
		{ SMM_RBP, 2 }, { SMM_RSI, 0xd6ca081 }, { SMM_RDI, 0xd6ca049 }, { SMM_R8, 1 },
		{ SMM_R9, 0xef992df }, { SMM_R10, 0x2c7556fc }, { SMM_R11, 0 }, { SMM_R12, 0xd6ca009 },
		{ SMM_R13, 0xd6ca00c }, { SMM_R14, 1 }, { SMM_R15, 1 },
		{ SMM_DS, 0x30 }, { SMM_ES, 0x30 }, { SMM_FS, 0x30 }, { SMM_FS_BASE, 0 }, { SMM_GS, 0x30 },
		{ SMM_GS_BASE, 0 }, { SMM_TR, 0 }, { SMM_LDTR, 0 }, { SMM_GDT_BASE, 0xe5e0000 },
		{ SMM_IDT_BASE, 0xe0e5018 },
	};
	uint8_t tail[SMM_STATE_TAIL];
	struct smm_state st;

	(void)state;
	read_file("tests/fixtures/smm-state-amd64.bin", tail);
	assert_int_equal(smm_state_decode(tail, sizeof(tail), &st), 0);
	assert_int_equal(st.revision, SMM_REVISION_AMD64);
	assert_string_equal(st.layout, "amd64");
	assert_int_equal(st.slot, SMM_SLOT_AMD64);
	assert_int_equal(sizeof(e) / sizeof(*e), SMM_FIELD_COUNT);
	assert_fields(&st, e, sizeof(e) / sizeof(*e));
}

static void the_i386_map_is_decoded(void **state)
{
	static const struct expected e[] = {
		{ SMM_SMBASE, 0x30000 }, { SMM_RIP, 0xeaced }, { SMM_RFLAGS, 2 }, { SMM_CS, 8 }, { SMM_CS_BASE, 0 },
		{ SMM_SS, 0x10 }, { SMM_CR0, 0x11 }, { SMM_CR3, 0 }, { SMM_CR4, 0 }, { SMM_DR6, 0xffff0ff0 },
		{ SMM_DR7, 0x400 }, { SMM_RAX, 1 }, { SMM_RCX, 0x10 }, { SMM_RDX, 0xf8000 }, { SMM_RBX, 0 },
		{ SMM_RSP, 0x6c5c }, { SMM_RBP, 0xf0630 }, { SMM_RSI, 0xf8 }, { SMM_RDI, 0 },
		{ SMM_DS, 0x10 }, { SMM_ES, 0x10 }, { SMM_FS, 0x10 }, { SMM_GS, 0x10 }, { SMM_GDT_BASE, 0xf6180 },
		{ SMM_IDT_BASE, 0xf61be },
	};
	uint8_t tail[SMM_STATE_TAIL];
	struct smm_state st;

	(void)state;
	read_file("tests/fixtures/smm-state-i386.bin", tail);
	assert_int_equal(smm_state_decode(tail, sizeof(tail), &st), 0);
	assert_string_equal(st.layout, "i386");
	assert_int_equal(st.slot, SMM_SLOT_I386);
	assert_fields(&st, e, sizeof(e) / sizeof(*e));
	assert_false(smm_state_has(&st, SMM_EFER));
	assert_false(smm_state_has(&st, SMM_R8));
}

static void more_than_the_tail_may_be_given(void **state)
{
	uint8_t kilobyte[1024] = { 0 };
	struct smm_state st;

	(void)state;
	read_file("tests/fixtures/smm-state-amd64.bin", kilobyte + sizeof(kilobyte) - SMM_STATE_TAIL);
	assert_int_equal(smm_state_decode(kilobyte, sizeof(kilobyte), &st), 0);
	assert_int_equal(st.value[SMM_SMBASE], 0xffbf000);
}

static void an_unknown_revision_decodes_nothing(void **state)
{
	static const uint32_t unknown[] = { 0, 0x64, 0x20065, 0x40064, 0x120064, 0xffffffff, 0x10000 };
	uint8_t tail[SMM_STATE_TAIL];
	struct smm_state st;

	(void)state;
	read_file("tests/fixtures/smm-state-amd64.bin", tail);
	for (size_t i = 0; i < sizeof(unknown) / sizeof(*unknown); i++) {
		memcpy(tail + SMM_REVISION_OFFSET - SMM_STATE_OFFSET, &unknown[i], 4);
		assert_int_equal(smm_state_decode(tail, sizeof(tail), &st), -1);
		assert_int_equal(st.revision, unknown[i]);
		assert_int_equal(st.known, 0);
		assert_null(st.layout);
		assert_int_equal(smm_slot_offset(unknown[i]), 0);
	}
	assert_int_equal(smm_state_decode(tail, SMM_STATE_TAIL - 1, &st), -1);
	assert_int_equal(smm_slot_offset(0x30064), SMM_SLOT_AMD64);
	assert_int_equal(smm_slot_offset(0x20000), SMM_SLOT_I386);
}

static void every_field_has_a_name(void **state)
{
	(void)state;
	for (unsigned f = 0; f < SMM_FIELD_COUNT; f++)
		assert_non_null(smm_field_name[f]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_amd64_map_is_decoded),
		cmocka_unit_test(the_i386_map_is_decoded),
		cmocka_unit_test(more_than_the_tail_may_be_given),
		cmocka_unit_test(an_unknown_revision_decodes_nothing),
		cmocka_unit_test(every_field_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
