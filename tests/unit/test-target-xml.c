/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../../gdbproto/target-xml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct file {
	const char *annex, *text;
};

static struct error err;
static unsigned fetched;

static long fetch(void *arg, const char *annex, char **out, struct error *why)
{
	const struct file *f = arg;

	fetched++;
	for (; f->annex; f++) {
		if (!strcmp(f->annex, annex)) {
			*out = strdup(f->text);
			return (long)strlen(f->text);
		}
	}
	why->code = ERR_TARGET;
	snprintf(why->text, sizeof(why->text), "no %s", annex);
	return -ERR_TARGET;
}

static struct target_desc *read_files(const struct file *files)
{
	err.text[0] = '\0';
	fetched = 0;
	return target_desc_read(fetch, (void *)(uintptr_t)files, &err);
}

static struct target_desc *read_text(const char *text)
{
	const struct file files[] = { { "target.xml", text }, { NULL, NULL } };

	return read_files(files);
}

/* @text must be refused with @want in the one line that says why. */
static void refused(const char *text, const char *want)
{
	assert_null(read_text(text));
	assert_non_null(strstr(err.text, want));
	for (const char *p = err.text; *p; p++)
		assert_in_range((unsigned char)*p, ' ', '~');
}

static void includes_are_followed(void **state)
{
	static const struct file qemu[] = {
		{ "target.xml", "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target>"
			"<architecture>i386:x86-64</architecture>"
			"<xi:include href=\"i386-64bit.xml\"/></target>" },
		{ "i386-64bit.xml", "<?xml version=\"1.0\"?><!DOCTYPE feature SYSTEM \"gdb-target.dtd\">"
			"<feature name=\"org.gnu.gdb.i386.core\"><flags id=\"x\" size=\"4\">"
			"<field name=\"\" start=\"22\" end=\"31\"/></flags>"
			"<reg name=\"rax\" bitsize=\"64\" type=\"int64\" regnum=\"0\"/>"
			"<reg name=\"rip\" bitsize=\"64\" type=\"code_ptr\"/>"
			"<reg name=\"eflags\" bitsize=\"32\" type=\"x\"/>"
			"<reg name=\"st0\" bitsize=\"80\" type=\"i387_ext\"/>"
			"<reg name=\"mxcsr\" bitsize=\"32\" type=\"int\"/></feature>" },
		{ NULL, NULL } };
	struct target_desc *d = read_files(qemu);
	uint8_t regs[34] = { 1, 2, 3, 4, 5, 6, 7, 8, [16] = 0x46, 0x02, [30] = 0x80, 0x1f };
	uint64_t v;
	size_t size;

	(void)state;
	assert_non_null(d);
	assert_string_equal(target_desc_arch(d), "i386:x86-64");
	assert_int_equal(target_desc_size(d), 34);
	assert_int_equal(target_reg_offset(d, "rip", NULL), 8);
	assert_int_equal(target_reg_offset(d, "st0", &size), 20);
	assert_int_equal(size, 10);
	assert_int_equal(target_reg_offset(d, "smbase", NULL), -1);
	assert_true(target_reg_value(d, regs, sizeof(regs), "rax", &v));
	assert_true(v == 0x0807060504030201);
	assert_true(target_reg_value(d, regs, sizeof(regs), "eflags", &v) && v == 0x246);
	assert_true(target_reg_value(d, regs, sizeof(regs), "mxcsr", &v) && v == 0x1f80);
	assert_false(target_reg_value(d, regs, sizeof(regs), "st0", &v));
	assert_false(target_reg_value(d, regs, 33, "mxcsr", &v));
	target_desc_free(d);
}

static void numbers_order_the_registers(void **state)
{
	struct target_desc *d = read_text("<target><feature><reg name='c' bitsize='32' regnum='9'/>"
					  "<reg name='d' bitsize='64'/>"
					  "<reg name='a' bitsize='16' regnum='2'/></feature></target>");

	(void)state;
	assert_non_null(d);
	assert_int_equal(target_reg_offset(d, "a", NULL), 0);
	assert_int_equal(target_reg_offset(d, "c", NULL), 2);
	assert_int_equal(target_reg_offset(d, "d", NULL), 6);
	assert_int_equal(target_reg_find(d, "d")->number, 10);
	target_desc_limit(d, 13);
	assert_null(target_reg_find(d, "d"));
	assert_int_equal(target_desc_size(d), 6);
	target_desc_limit(d, 0);
	assert_null(target_reg_find(d, "a"));
	target_desc_free(d);
}

static void bad_registers_are_refused(void **state)
{
	(void)state;
	refused("<target><reg bitsize='32'/></target>", "without a name");
	refused("<target><reg name='a'/></target>", "size of register a");
	refused("<target><reg name='a' bitsize='0'/></target>", "size");
	refused("<target><reg name='a' bitsize='7'/></target>", "size");
	refused("<target><reg name='a' bitsize='-8'/></target>", "size");
	refused("<target><reg name='a' bitsize='99999999999999999999'/></target>", "size");
	refused("<target><reg name='a' bitsize='8' regnum='x'/></target>", "number of register a");
	refused("<target><reg name='a' bitsize='8' regnum='1'/>"
		"<reg name='b' bitsize='8' regnum='1'/></target>",
		"twice");
	refused("<target/>", "no registers");
}

static void what_is_no_xml_is_refused(void **state)
{
	(void)state;
	refused("", "not XML");
	refused("E01", "not XML");
	refused("<target><reg name='a' bitsize='8'>", "not XML");
	refused("<target>\x80\xff</target>", "not XML");
}

static void entities_are_refused(void **state)
{
	(void)state;
	refused("<!DOCTYPE t [<!ENTITY a 'x'><!ENTITY b '&a;&a;&a;&a;'>]><target>&b;</target>", "entity a");
	refused("<!DOCTYPE t [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><target>&e;</target>", "entity e");
	refused("<!DOCTYPE t [<!ENTITY % p SYSTEM 'http://localhost/'>%p;]><target/>", "entity p");
}

static void includes_are_bounded(void **state)
{
	static const struct file itself[] = {
		{ "target.xml", "<target><xi:include href='target.xml'/></target>" }, { NULL, NULL } };
	static const struct file missing[] = {
		{ "target.xml", "<target><xi:include href='gone.xml'/></target>" }, { NULL, NULL } };
	static char many[8192] = "<target><reg name='a' bitsize='8'/>";
	const struct file wide[] = { { "target.xml", many }, { "e.xml", "<feature/>" }, { NULL, NULL } };

	(void)state;
	assert_null(read_files(itself));
	assert_non_null(strstr(err.text, "too much"));
	assert_true(fetched < 10);
	assert_null(read_files(missing));
	assert_string_equal(err.text, "no gone.xml");
	for (int i = 0; i < 100; i++)
		strcat(many, "<xi:include href='e.xml'/>");
	strcat(many, "</target>");
	assert_null(read_files(wide));
	assert_non_null(strstr(err.text, "too much"));
	assert_true(fetched < 100);
	refused("<target><xi:include/></target>", "bad include");
	refused("<target><xi:include href=''/></target>", "bad include");
	refused("<target><xi:include href='a:b'/></target>", "bad include");
	refused("<target><xi:include href='a#b&#10;'/></target>", "bad include");
}

static void registers_are_bounded(void **state)
{
	static const char reg[] = "<reg name='a' bitsize='8'/>";
	size_t count = TARGET_REGS_MAX + 1;
	char *text = malloc(64 + count * sizeof(reg));
	struct target_desc *d;

	(void)state;
	strcpy(text, "<target>");
	for (size_t i = 0, at = 8; i < count; i++, at += sizeof(reg) - 1)
		strcpy(text + at, reg);
	strcat(text, "</target>");
	refused(text, "too many registers");
	free(text);
	d = read_text("<target>"
		      "<architecture>a very long name that does not fit the room for it</architecture>"
		      "<reg name='a register with a name that is far too long' bitsize='8'/></target>");
	assert_non_null(d);
	assert_string_equal(target_desc_arch(d), "a very long name that does not ");
	assert_non_null(target_reg_find(d, "a register with a name "));
	target_desc_free(d);
}

static void qemu_has_a_layout_of_its_own(void **state)
{
	static const struct { const char *name; int offset; } regs[] = {
		{ "rax", 0 }, { "rip", 128 }, { "eflags", 136 }, { "cs", 140 }, { "fs_base", 164 },
		{ "cr0", 188 },
		{ "cr4", 212 }, { "efer", 228 }, { "st0", 236 }, { "xmm0", 348 }, { "mxcsr", 604 },
	};
	struct target_desc *d = target_desc_qemu_x86_64(&err);

	(void)state;
	assert_non_null(d);
	assert_int_equal(target_desc_size(d), 608);
	for (size_t i = 0; i < sizeof(regs) / sizeof(regs[0]); i++)
		assert_int_equal(target_reg_offset(d, regs[i].name, NULL), regs[i].offset);
	target_desc_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(includes_are_followed),
		cmocka_unit_test(numbers_order_the_registers),
		cmocka_unit_test(bad_registers_are_refused),
		cmocka_unit_test(what_is_no_xml_is_refused),
		cmocka_unit_test(entities_are_refused),
		cmocka_unit_test(includes_are_bounded),
		cmocka_unit_test(registers_are_bounded),
		cmocka_unit_test(qemu_has_a_layout_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
