/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "../../tracer/sources/qemu-cmdline.h"

#include <cmocka.h>

/* Does the line, cut at blanks, ask for KVM? */
static bool wants(const char *line)
{
	char copy[256], *argv[16], *rest = copy, *word;
	struct qemu_cmdline cl;
	int argc = 0;
	bool kvm;

	strcpy(copy, line);
	while ((word = strsep(&rest, " ")))
		argv[argc++] = word;
	assert_int_equal(qemu_cmdline_of(argv, argc, &cl), 0);
	kvm = qemu_wants_kvm(&cl);
	qemu_cmdline_free(&cl);
	return kvm;
}

static void lines_that_ask_for_kvm(void **state)
{
	(void)state;
	assert_true(wants("qemu -enable-kvm"));
	assert_true(wants("qemu -accel kvm"));
	assert_true(wants("qemu --accel accel=kvm,dirty-ring-size=1024"));
	assert_true(wants("qemu -machine q35,accel=kvm -m 64"));
	assert_true(wants("qemu -M q35,accel=kvm:tcg"));
	assert_true(wants("qemu -accel kvm -accel tcg"));
}

static void lines_that_do_not(void **state)
{
	(void)state;
	assert_false(wants("qemu"));
	assert_false(wants("qemu -machine q35"));
	assert_false(wants("qemu -accel tcg,thread=multi"));
	assert_false(wants("qemu -accel tcg -accel kvm"));
	assert_false(wants("qemu -machine q35,accel=tcg:kvm"));
	assert_false(wants("qemu -cpu kvm64"));
	assert_false(wants("qemu -name -enable-kvm-not"));
}

static void a_started_line_is_read_like_a_running_one(void **state)
{
	char program[] = "qemu", option[] = "-m", size[] = "256", *argv[] = { program, option, size };
	struct qemu_cmdline cl;

	(void)state;
	assert_int_equal(qemu_cmdline_of(argv, 3, &cl), 0);
	assert_string_equal(qemu_option(&cl, "m"), "256");
	assert_false(qemu_has_option(&cl, "smp"));
	qemu_cmdline_free(&cl);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_that_ask_for_kvm),
		cmocka_unit_test(lines_that_do_not),
		cmocka_unit_test(a_started_line_is_read_like_a_running_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
