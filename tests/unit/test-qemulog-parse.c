/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../../tracer/event-text.h"
#include "../../tracer/sources/qemulog-parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define MAX_EVENTS 4096
#define BEFORE INT64_C(4999999000)
#define ARRIVAL INT64_C(5000000000)

/* What came out: every event as "cpu=N KIND DETAIL", and the events themselves. */
static struct capture {
	struct event ev[MAX_EVENTS];
	char raw[MAX_EVENTS][600]; /* what each was made of */
	size_t whole[MAX_EVENTS];
	unsigned n;
} got;
static struct qemulog_parse parser;

static void take(void *arg, const struct event *ev, const struct raw *raw)
{
	struct capture *c = arg;

	assert_true(c->n < MAX_EVENTS);
	snprintf(c->raw[c->n], sizeof(c->raw[0]), "%.*s", (int)raw->len, raw->text);
	c->whole[c->n] = raw->whole;
	c->ev[c->n++] = *ev;
}

/* The wall clock is set to be CLOCK_MONOTONIC + 1000 s, so that stamps can be written down. */
static int start(void **state)
{
	(void)state;
	got.n = 0;
	qemulog_parse_init(&parser, take, &got);
	parser.clock = (struct clock_sync){ .offset = -1000 * NS_PER_SEC, .measured = INT64_MAX };
	return 0;
}

static void push(const char *text)
{
	qemulog_parse_push(&parser, text, strlen(text), BEFORE, ARRIVAL);
}

static void assert_event(unsigned i, const char *expected)
{
	char detail[256], text[320];

	assert_true(i < got.n);
	snprintf(text, sizeof(text), "cpu=%d %s %s", got.ev[i].cpu, event_info[got.ev[i].kind].name,
		 event_detail(detail, sizeof(detail), &got.ev[i]));
	assert_string_equal(text, expected);
	assert_int_equal(got.ev[i].source, SRC_QEMULOG);
	assert_int_equal(got.ev[i].origin, ORIGIN_OBSERVED);
}

static void each_trace_line_is_one_event(void **state)
{
	static const struct { const char *line, *event; } cases[] = {
		{ "apm_io_write write addr=0x0 val=0x04", "port port=0xb2 dir=write value=0x4" },
		{ "apm_io_write write addr=0x1 val=0x00", "port port=0xb3 dir=write value=0x0" },
		{ "apm_io_read read addr=0x0 val=0x04", "port port=0xb2 dir=read value=0x4" },
		{ "cpuhp_acpi_write_idx set active cpu idx: 0x2", "cpuhp reg=0x0 dir=write value=0x2 selector=2" },
		{ "cpuhp_acpi_write_cmd idx[0x1] cmd: 0x3", "cpuhp reg=0x5 dir=write value=0x3 selector=1" },
		{ "cpuhp_acpi_read_flags idx[0x1] flags: 0x3", "cpuhp reg=0x4 dir=read value=0x3 selector=1" },
		{ "cpuhp_acpi_read_cmd_data idx[0x1] data: 0x1", "cpuhp reg=0x8 dir=read value=0x1 selector=1" },
		{ "cpuhp_acpi_read_cmd_data2 idx[0x1] data: 0x0", "cpuhp reg=0x0 dir=read value=0x0 selector=1" },
		{ "cpuhp_acpi_clear_inserting_evt idx[0x1]", "cpuhp reg=0x4 dir=write value=0x2 selector=1" },
		{ "cpuhp_acpi_clear_remove_evt idx[0x1]", "cpuhp reg=0x4 dir=write value=0x4 selector=1" },
		{ "cpuhp_acpi_ejecting_cpu 0x1", "cpuhp reg=0x4 dir=write value=0x8 selector=1" },
		{ "cpuhp_acpi_fw_remove_cpu 0x1", "cpuhp reg=0x4 dir=write value=0x10 selector=1" },
		{ "cpuhp_acpi_write_ost_ev idx[0x1] OST EVENT: 0x3",
		  "cpuhp reg=0x8 dir=write value=0x3 selector=1" },
		{ "cpuhp_acpi_write_ost_status idx[0x1] OST STATUS: 0x84",
		  "cpuhp reg=0x8 dir=write value=0x84 selector=1" },
		{ "cpuhp_acpi_invalid_idx_selected 0x4d", "cpuhp selector=77" },
	};
	char line[256], expected[256];

	for (size_t i = 0; i < COUNT(cases); i++) {
		start(state);
		snprintf(line, sizeof(line), "%s\n", cases[i].line);
		push(line);
		assert_int_equal(got.n, 1);
		snprintf(expected, sizeof(expected), "cpu=-1 %s", cases[i].event);
		assert_event(0, expected);
		assert_int_equal(got.ev[0].ts, BEFORE);
	}
}

static void stamps_give_time_and_cpu(void **state)
{
	(void)state;
	qemulog_parse_set_tid(&parser, 3714, 1);
	push("3714@1003.497467:apm_io_write write addr=0x1 val=0x00\n"
	     "3715@1003.500000:apm_io_write write addr=0x1 val=0x00\n"
	     "1970-01-01T00:16:43.600000Z apm_io_read read addr=0x1 val=0x00\n"
	     "3714@1009.000000:apm_io_read read addr=0x0 val=0x00\n");
	assert_int_equal(got.n, 4);
	assert_int_equal(got.ev[0].ts, INT64_C(3497467000));
	assert_int_equal(got.ev[0].cpu, 1);
	assert_int_equal(got.ev[1].cpu, CPU_UNKNOWN);
	assert_int_equal(got.ev[2].ts, INT64_C(3600000000));
	assert_int_equal(got.ev[2].cpu, CPU_UNKNOWN);
	/* Never later than it arrived. */
	assert_int_equal(got.ev[3].ts, ARRIVAL);
}

static void newer_qemus_stamp_with_a_date(void **state)
{
	(void)state;
	push("1970-01-01T00:16:43Z apm_io_read read addr=0x1 val=0x00\n"
	     "1970-01-01T00:16:44.000001Z CPU Reset (CPU 1)\n"
	     "EIP=0000fff0 EFL=00000002 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=1\n"
	     "CS =f000 ffff0000 0000ffff 00009b00\n");
	assert_int_equal(got.n, 2);
	assert_int_equal(got.ev[0].ts, INT64_C(3000000000));
	assert_int_equal(got.ev[1].ts, INT64_C(4000001000));
	assert_event(1, "cpu=1 cpu-reset in_smm=0 halted=1 rip=0xfff0 cs=0xf000");
}

static void two_cpus_on_one_thread_are_unknown(void **state)
{
	(void)state;
	qemulog_parse_set_tid(&parser, 50, 0);
	qemulog_parse_set_tid(&parser, 50, 0);
	push("50@1001.000000:apm_io_read read addr=0x0 val=0x00\n");
	qemulog_parse_set_tid(&parser, 50, 1);
	push("50@1001.000000:apm_io_read read addr=0x0 val=0x00\n");
	qemulog_parse_set_tid(&parser, 50, 0);
	push("50@1001.000000:apm_io_read read addr=0x0 val=0x00\n");
	assert_int_equal(got.ev[0].cpu, 0);
	assert_int_equal(got.ev[1].cpu, CPU_UNKNOWN);
	assert_int_equal(got.ev[2].cpu, CPU_UNKNOWN);
}

static void a_replugged_cpu_has_a_new_thread(void **state)
{
	(void)state;
	qemulog_parse_set_tid(&parser, 50, 2);
	qemulog_parse_set_tid(&parser, 60, 2);
	push("50@1001.000000:apm_io_read read addr=0x0 val=0x00\n"
	     "60@1001.000000:apm_io_read read addr=0x0 val=0x00\n");
	assert_int_equal(got.ev[0].cpu, CPU_UNKNOWN);
	assert_int_equal(got.ev[1].cpu, 2);
}

static void icr_writes_are_ipis(void **state)
{
	(void)state;
	qemulog_parse_set_tid(&parser, 7, 0);
	qemulog_parse_set_tid(&parser, 8, 1);
	push("7@1001.0:apic_mem_writel 0x310 = 0x03000000\n"
	     "8@1001.0:apic_mem_writel 0x310 = 0x05000000\n"
	     "7@1001.0:apic_mem_writel 0x300 = 0x00004200\n"
	     "7@1001.0:apic_mem_writel 0x300 = 0x00004500\n"
	     "8@1001.0:apic_mem_writel 0x300 = 0x0000469f\n"
	     "7@1001.0:apic_mem_writel 0x300 = 0x000c4500\n"
	     /* none: de-assertion, fixed, NMI, another register */
	     "7@1001.0:apic_mem_writel 0x300 = 0x00008500\n"
	     "7@1001.0:apic_mem_writel 0x300 = 0x000000fb\n"
	     "7@1001.0:apic_mem_writel 0x300 = 0x00000400\n"
	     "7@1001.0:apic_mem_writel 0xb0 = 0x00004500\n");
	assert_int_equal(got.n, 4);
	assert_event(0, "cpu=0 ipi target=3 mode=smi dest=one icr=0x300000000004200");
	assert_event(1, "cpu=0 ipi target=3 mode=init dest=one icr=0x300000000004500");
	assert_event(2, "cpu=1 ipi target=5 mode=sipi vector=0x9f dest=one icr=0x50000000000469f");
	assert_event(3, "cpu=0 ipi mode=init dest=others icr=0x3000000000c4500");
}

static void an_ipi_without_its_high_half_has_no_target(void **state)
{
	(void)state;
	push("apic_mem_writel 0x300 = 0x00004200\n"
	     "apic_mem_writel 0x310 = 0x02000000\n"
	     "apic_mem_writel 0x300 = 0x00004a00\n");
	assert_event(0, "cpu=-1 ipi mode=smi dest=one icr=0x4200");
	/* Logical destination: not an APIC ID. */
	assert_event(1, "cpu=-1 ipi mode=smi dest=one icr=0x200000000004a00");
}

#define DUMP32 \
	"EAX=00000000 EBX=00000000 ECX=00000000 EDX=00060fb1\n" \
	"ESI=00000000 EDI=00000000 EBP=00000000 ESP=00000000\n" \
	"EIP=0000805c EFL=00000002 [-------] CPL=0 II=0 A20=1 SMM=1 HLT=0\n" \
	"ES =0000 00000000 0000ffff 00009300\n" \
	"CS =3000 00030000 ffffffff 00809300\n" \
	"SS =0000 00000000 0000ffff 00009300\n"
#define DUMP64 \
	"RAX=0000000000000007 RBX=00007ffdcd807990 RCX=0000000000000007 RDX=0000000000000007\n" \
	"RIP=ffffffff9e7c2e51 RFL=00000297 [--S-APC] CPL=0 II=0 A20=1 SMM=0 HLT=1\n" \
	"CS =0010 0000000000000000 ffffffff 00af9b00 DPL=0 CS64 [-RA]\n"

static void a_reset_has_the_state_of_its_dump(void **state)
{
	(void)state;
	push("CPU Reset (CPU 1)\n" DUMP32 "CPU Reset (CPU 17)\n" DUMP64);
	assert_int_equal(got.n, 2);
	assert_event(0, "cpu=1 cpu-reset in_smm=1 halted=0 rip=0x805c cs=0x3000");
	assert_event(1, "cpu=17 cpu-reset in_smm=0 halted=1 rip=0xffffffff9e7c2e51 cs=0x10");
}

static void a_reset_stands_between_its_neighbours(void **state)
{
	(void)state;
	push("7@1002.000000:apic_mem_writel 0x300 = 0x00004500\n"
	     "CPU Reset (CPU 1)\n"
	     "7@1002.000010:apic_mem_writel 0x310 = 0x00000000\n" DUMP32
	     "7@1002.010000:apic_mem_writel 0x300 = 0x0000469f\n");
	assert_int_equal(got.n, 3);
	assert_event(1, "cpu=1 cpu-reset in_smm=1 halted=0 rip=0x805c cs=0x3000");
	assert_int_equal(got.ev[1].ts, INT64_C(2000010000) - 1);
	assert_int_equal(got.ev[2].ts, INT64_C(2010000000));
}

/* Several CPUs reset by one INIT, and the SIPI behind it: all in the order of the log. */
static void resets_stay_in_order(void **state)
{
	(void)state;
	push("CPU Reset (CPU 1)\n" DUMP32 "CPU Reset (CPU 2)\n" DUMP32 "CPU Reset (CPU 3)\n" DUMP32
	     "7@1002.000000:apic_mem_writel 0x300 = 0x000c462f\n");
	assert_int_equal(got.n, 4);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(got.ev[i].kind, EV_CPU_RESET);
		assert_int_equal(got.ev[i].cpu, i + 1);
		assert_int_equal(got.ev[i].ts, 2 * NS_PER_SEC - 1);
	}
	start(state);
	for (int i = 0; i < 100; i++)
		push("CPU Reset (CPU 1)\n" DUMP32);
	qemulog_parse_push(&parser, "CPU Reset (CPU 4)\n" DUMP32, 10, BEFORE, ARRIVAL);
	assert_int_equal(got.n, 100);
}

static void crossed_dumps_belong_to_nobody(void **state)
{
	(void)state;
	push("CPU Reset (CPU 1)\nCPU Reset (CPU 2)\n" DUMP32 DUMP64);
	assert_int_equal(got.n, 2);
	assert_event(0, "cpu=1 cpu-reset ");
	assert_event(1, "cpu=2 cpu-reset ");
	push("CPU Reset (CPU 3)\nSMM: enter\n" DUMP32 DUMP64);
	assert_event(2, "cpu=3 cpu-reset ");
	push("CPU Reset (CPU 4)\n     0: v=0e e=0002 i=0 cpl=0 IP=0010:1 pc=1\n" DUMP64);
	assert_event(3, "cpu=4 cpu-reset ");
}

static void a_reset_without_its_dump_is_not_lost(void **state)
{
	(void)state;
	push("CPU Reset (CPU 1)\nEAX=00000000 EBX");
	assert_int_equal(got.n, 0);
	qemulog_parse_flush(&parser);
	assert_event(0, "cpu=1 cpu-reset ");
	push("CPU Reset (CPU 1)\n");
	for (int i = 0; i < 20; i++)
		push("apic_mem_writel 0xb0 = 0x00000000\n");
	assert_int_equal(got.n, 2);
}

static void damaged_lines_are_skipped(void **state)
{
	static const char *const bad[] = {
		"", "\n", "apm_io_write\n", "apm_io_write \n", "apm_io_write write addr=0x2 val=0x00\n",
		"apm_io_write write addr=0x val=0x00\n", "apm_io_write write addr=0x0 val=00\n",
		"apm_io_write write addr=0x0\n", "apm_io_writes write addr=0x0 val=0x00\n",
		"@1.1:apm_io_write write addr=0x0 val=0x00\n", "7@:apm_io_write write addr=0x0 val=0x00\n",
		"7@1.1234567:apm_io_write write addr=0x0 val=0x00\n", "7@99999999999.1:apm_io_read read\n",
		"12345678901@1.1:apm_io_write write addr=0x0 val=0x00\n",
		"apm_io_write write addr=0x0 val=0x11111111111111111\n", " apm_io_write write addr=0x0 val=0x00\n",
		"CPU Reset (CPU )\n", "CPU Reset (CPU 256)\n", "CPU Reset (CPU -1)\n", "CPU Reset (CPU 1\n",
		"2026-01-01T00:00:00. Z apm_io_read read addr=0x1 val=0x00\n",
		"2026-01-01T00:00:00.000000 apm_io_read read addr=0x1 val=0x00\n",
		"2026-13-01T00:00:00.000000Z apm_io_read read addr=0x1 val=0x00\n",
		"xapm_io_read read addr=0x1 val=0x00\n", "cpuhp_acpi_cpu_has_events idx[0x1] inserting: 1, removing: 0\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		push(bad[i]);
	qemulog_parse_flush(&parser);
	assert_int_equal(got.n, 0);
}

static void long_lines_and_nul_bytes_do_no_harm(void **state)
{
	static const char nul[] = "apm_io_write\0write addr=0x0 val=0x01\n\0\0\n"
				  "apm_io_write write addr=0x0 val=0x04\n";
	static char line[3 * QEMULOG_LINE_MAX];

	(void)state;
	qemulog_parse_push(&parser, nul, sizeof(nul) - 1, BEFORE, ARRIVAL);
	assert_int_equal(got.n, 1);
	memset(line, 'a', sizeof(line));
	qemulog_parse_push(&parser, line, sizeof(line), BEFORE, ARRIVAL);
	qemulog_parse_push(&parser, line, 100, BEFORE, ARRIVAL);
	push("apm_io_write write addr=0x0 val=0x05\n");
	assert_int_equal(got.n, 1);
	line[sizeof(line) - 1] = '\n';
	qemulog_parse_push(&parser, line, sizeof(line), BEFORE, ARRIVAL);
	push("apm_io_write write addr=0x0 val=0x06\n");
	assert_int_equal(got.n, 2);
	assert_event(1, "cpu=-1 port port=0xb2 dir=write value=0x6");
}

/* --- a recorded log --- */

static char *read_fixture(size_t *len)
{
	FILE *f = popen("gzip -dc tests/fixtures/qemulog-hotplug.log.gz", "re");
	char *text = malloc(1 << 20);

	assert_non_null(f);
	assert_non_null(text);
	*len = fread(text, 1, (1 << 20) - 1, f);
	assert_int_equal(pclose(f), 0);
	assert_true(*len > 50000);
	text[*len] = '\0';
	return text;
}

static unsigned lines_with(const char *text, const char *word)
{
	unsigned n = 0;

	for (; (text = strstr(text, word)); text += strlen(word))
		n++;
	return n;
}

static unsigned events_of(enum event_kind kind)
{
	unsigned n = 0;

	for (unsigned i = 0; i < got.n; i++)
		n += got.ev[i].kind == kind;
	return n;
}

static void a_recorded_hot_plug_is_complete(void **state)
{
	size_t len;
	char *text = read_fixture(&len);

	(void)state;
	qemulog_parse_push(&parser, text, len, 0, INT64_MAX);
	assert_int_equal(events_of(EV_PORT), lines_with(text, ":apm_io_"));
	assert_int_equal(events_of(EV_CPUHP),
			 lines_with(text, ":cpuhp_acpi_") - lines_with(text, ":cpuhp_acpi_cpu_has_events"));
	assert_int_equal(events_of(EV_CPU_RESET), lines_with(text, "CPU Reset ("));
	assert_int_equal(events_of(EV_IPI), lines_with(text, ":apic_mem_writel 0x300 = 0x00004200") +
					    lines_with(text, ":apic_mem_writel 0x300 = 0x00004500") +
					    lines_with(text, ":apic_mem_writel 0x300 = 0x0000c500") +
					    lines_with(text, ":apic_mem_writel 0x300 = 0x0000469f") +
					    lines_with(text, ":apic_mem_writel 0x300 = 0x00000699"));
	free(text);
}

/* What QEMU wrote, with its stamp, byte for byte; of a reset with the part of its dump that was read. */
static void events_bring_their_lines(void **state)
{
	char line[300], dump[QEMULOG_LINE_MAX] = "EAX=";

	(void)state;
	push("3714@1003.497467:apm_io_write write addr=0x1 val=0x00\xff\x1b[31m\n"
	     "apic_mem_writel 0000000000000310 = 01000000\n"
	     "CPU Reset (CPU 1)\n"
	     "EAX=00000000 EBX=00000000 ECX=00000000 EDX=00060fb1\n"
	     "3714@1003.600000:apm_io_read read addr=0x0 val=0x04\n"
	     "EIP=0000805c EFL=00000002 [-------] CPL=0 II=0 A20=1 SMM=1 HLT=0\n"
	     "CS =3000 00030000 ffffffff 00009300\n"
	     "SS =0000 00000000 0000ffff 00009300\n");
	assert_int_equal(got.n, 3);
	assert_string_equal(got.raw[0], "3714@1003.497467:apm_io_write write addr=0x1 val=0x00\xff\x1b[31m");
	assert_string_equal(got.raw[1], "3714@1003.600000:apm_io_read read addr=0x0 val=0x04");
	assert_string_equal(got.raw[2], "CPU Reset (CPU 1)\n"
			    "EAX=00000000 EBX=00000000 ECX=00000000 EDX=00060fb1\n"
			    "EIP=0000805c EFL=00000002 [-------] CPL=0 II=0 A20=1 SMM=1 HLT=0\n"
			    "CS =3000 00030000 ffffffff 00009300");
	assert_int_equal(got.whole[2], 0);

	memset(dump + 4, '0', sizeof(dump) - 5);
	push("CPU Reset (CPU 2)\n");
	push(dump);
	push("\nCS =3000 00030000 ffffffff 00009300\n");
	assert_int_equal(got.n, 4);
	snprintf(line, sizeof(line), "CPU Reset (CPU 2)\nEAX=0000");
	assert_memory_equal(got.raw[3], line, strlen(line));
	assert_int_equal(got.whole[3], 17 + 1 + QEMULOG_LINE_MAX - 1 + 1 + 35);
}

/* However the bytes are cut, the same events come out; only a reset's time depends on what had arrived. */
static void cuts_do_not_matter(void **state)
{
	static struct capture whole;
	static const size_t steps[] = { 1, 7, 1000, 4096 };
	size_t len;
	char *text = read_fixture(&len);

	qemulog_parse_push(&parser, text, len, 0, INT64_MAX);
	whole = got;
	for (size_t s = 0; s < COUNT(steps); s++) {
		start(state);
		for (size_t at = 0; at < len; at += steps[s])
			qemulog_parse_push(&parser, text + at, len - at < steps[s] ? len - at : steps[s], 0,
					   INT64_MAX);
		assert_int_equal(got.n, whole.n);
		for (unsigned i = 0; i < got.n; i++) {
			got.ev[i].ts = whole.ev[i].ts = 0;
			assert_memory_equal(&got.ev[i], &whole.ev[i], sizeof(got.ev[i]));
			assert_string_equal(got.raw[i], whole.raw[i]);
		}
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_trace_line_is_one_event, start),
		cmocka_unit_test_setup(stamps_give_time_and_cpu, start),
		cmocka_unit_test_setup(newer_qemus_stamp_with_a_date, start),
		cmocka_unit_test_setup(two_cpus_on_one_thread_are_unknown, start),
		cmocka_unit_test_setup(a_replugged_cpu_has_a_new_thread, start),
		cmocka_unit_test_setup(icr_writes_are_ipis, start),
		cmocka_unit_test_setup(an_ipi_without_its_high_half_has_no_target, start),
		cmocka_unit_test_setup(a_reset_has_the_state_of_its_dump, start),
		cmocka_unit_test_setup(a_reset_stands_between_its_neighbours, start),
		cmocka_unit_test_setup(resets_stay_in_order, start),
		cmocka_unit_test_setup(crossed_dumps_belong_to_nobody, start),
		cmocka_unit_test_setup(a_reset_without_its_dump_is_not_lost, start),
		cmocka_unit_test_setup(damaged_lines_are_skipped, start),
		cmocka_unit_test_setup(long_lines_and_nul_bytes_do_no_harm, start),
		cmocka_unit_test_setup(a_recorded_hot_plug_is_complete, start),
		cmocka_unit_test_setup(events_bring_their_lines, start),
		cmocka_unit_test_setup(cuts_do_not_matter, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
