/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../../tracer/event-text.h"
#include "../../tracer/sources/import-order.h"
#include "../../tracer/sources/import.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* What came out, a line each: "TS cpu=N KIND DETAIL", with " (inferred)"; sessions and cpu-adds are left out. */
static struct capture {
	struct event_out out; /* first */
	char text[64][200];
	unsigned n, read;
} got;
static struct import_stats stats;

static void take(struct event_out *out, const struct event *ev)
{
	struct capture *c = (struct capture *)out;
	char detail[160];

	if (ev->kind == EV_SESSION || ev->kind == EV_CPU_ADD)
		return;
	assert_true(c->n < COUNT(c->text));
	snprintf(c->text[c->n++], sizeof(c->text[0]), "%lld cpu=%d %s %s%s", (long long)ev->ts, ev->cpu,
		 event_info[ev->kind].name, event_detail(detail, sizeof(detail), ev),
		 ev->origin == ORIGIN_INFERRED ? " (inferred)" : "");
}

static int run(struct import_args args, const char *text, struct error *err)
{
	int fd = memfd_create("import", 0), rc;
	char path[64];

	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	memset(&got, 0, sizeof(got));
	got.out.put = take;
	args.path = path;
	args.out = &got.out;
	rc = import_run(&args, &stats, err);
	close(fd);
	return rc;
}

static void import_text(const char *text)
{
	struct error err = { 0 };

	assert_int_equal(run((struct import_args){ 0 }, text, &err), 0);
}

static void expect(const char *line)
{
	assert_true(got.read < got.n);
	assert_string_equal(got.text[got.read++], line);
}

static void each_form_of_a_line_is_read(void **state)
{
	static const char *const lines[] = {
		"             vmm-95      [000] d..1.     5.412193: kvm_pio: pio_write at 0xb2 size 1 count 1 val 0x1",
		"             vmm-95      (     93) [000] d..1.     5.412193: kvm_pio: pio_write at 0xb2 size 1 count 1 val 0x1",
		"             vmm-95      (-------) [000] d..1.     5.412193: kvm_pio: pio_write at 0xb2 size 1 count 1 val 0x1",
		" vmm-95   [000]    5.412193000: kvm_pio:              pio_write at 0xb2 size 1 count 1 val 0x1 ",
		"             vmm    93/95   [000]     5.412193000:             kvm:kvm_pio: pio_write at 0xb2 size 1 count 1 val 0x1",
		"vmm    95 [000]     5.412193:             kvm:kvm_pio: pio_write at 0xb2 size 1 count 1 val 0x1",
		"  CPU 0/KVM-95      [000] d..1.     5.412193: kvm_pio: pio_write at 0xb2 size 1 count 1 val 0x1",
		"  a [7] b-95      [000] d..1.     5.412193: kvm_pio: pio_write at 0xb2 size 1 count 1 val 0x1",
		"  <...>-95      [000] d..1.     5412193000: kvm_pio: pio_write at 0xb2 size 1 count 1 val 0x1",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		char text[400];

		snprintf(text, sizeof(text), "%s\nvmm-95 [000] 6.000000: kvm_entry: vcpu 3, rip 0x1\n", lines[i]);
		import_text(text);
		assert_string_equal(stats.format, "ftrace");
		assert_int_equal(stats.foreign, 0);
		expect("5412193000 cpu=3 port port=0xb2 dir=write value=0x1");
	}
}

static void smi(char *out, size_t size, int tid, double ts, int vcpu, const char *way, unsigned base)
{
	size_t used = strlen(out);

	snprintf(out + used, size - used, "vmm-%d [000] %.6f: kvm_smm_transition: vcpu %d: %s SMM, smbase 0x%x\n", tid, ts,
		 vcpu, way, base);
}

static void a_new_base_was_written_in_the_smi_before(void **state)
{
	char text[2000] = "";

	(void)state;
	smi(text, sizeof(text), 1, 1, 0, "entering", 0x30000);
	smi(text, sizeof(text), 1, 2, 0, "leaving", 0x30000);
	smi(text, sizeof(text), 2, 3, 1, "entering", 0x30000);
	smi(text, sizeof(text), 2, 4, 1, "leaving", 0x30000);
	smi(text, sizeof(text), 1, 5, 0, "entering", 0x40000);
	smi(text, sizeof(text), 2, 6, 1, "entering", 0x50000);
	import_text(text);
	expect("1000000000 cpu=0 smi-enter smbase=0x30000");
	expect("2000000000 cpu=0 smbase-write old=0x30000 new=0x40000 (inferred)");
	expect("2000000000 cpu=0 smi-leave smbase=0x30000 via=tracepoint");
	expect("3000000000 cpu=1 smi-enter smbase=0x30000");
	expect("4000000000 cpu=1 smbase-write old=0x30000 new=0x50000 (inferred)");
	expect("4000000000 cpu=1 smi-leave smbase=0x30000 via=tracepoint");
	expect("5000000000 cpu=0 smi-enter smbase=0x40000");
	expect("6000000000 cpu=1 smi-enter smbase=0x50000");
}

/* A reset brings it; no SMI wrote that. */
static void the_default_base_again_is_found(void **state)
{
	char text[2000] = "";

	(void)state;
	smi(text, sizeof(text), 1, 1, 0, "entering", 0x40000);
	smi(text, sizeof(text), 1, 2, 0, "leaving", 0x40000);
	smi(text, sizeof(text), 1, 3, 0, "entering", 0x30000);
	import_text(text);
	got.read = 2;
	expect("3000000000 cpu=0 smbase-found smbase=0x30000 via=next-entry");
}

static void two_guests_are_noticed(void **state)
{
	char text[2000] = "";

	(void)state;
	smi(text, sizeof(text), 11, 1, 0, "entering", 0x30000);
	smi(text, sizeof(text), 22, 2, 0, "entering", 0x30000);
	import_text(text);
	assert_int_equal(stats.shared_vcpu, -1); /* a vCPU may get another thread */
	smi(text, sizeof(text), 11, 3, 0, "leaving", 0x30000);
	import_text(text);
	assert_int_equal(stats.shared_vcpu, 0);
}

static void only_what_was_asked_for_is_taken(void **state)
{
	struct import_args args = { .pids = "22,7" };
	struct error err = { 0 };
	char text[2000] = "";

	(void)state;
	smi(text, sizeof(text), 11, 1, 0, "entering", 0x30000);
	smi(text, sizeof(text), 22, 2, 1, "entering", 0x30000);
	assert_int_equal(run(args, text, &err), 0);
	expect("2000000000 cpu=1 smi-enter smbase=0x30000");
	assert_int_equal(got.n, 1);
	assert_int_equal(stats.filtered, 1);
	args.pids = "22,x";
	assert_int_equal(run(args, text, &err), -ERR_USAGE);
	args.pids = "";
	args.format = "strange";
	assert_int_equal(run(args, text, &err), -ERR_USAGE);
}

static void unknown_events_are_counted_by_name(void **state)
{
	(void)state;
	import_text("a-1 [000] 1.000000: kvm_msr: msr_read 10\na-1 [000] 1.100000: kvm_cr: cr_write 0 = 0x1\n"
		    "a-1 [000] 1.200000: kvm_cr: cr_write 0 = 0x1\na-1 [000] 1.300000: kvm_pio: of another kernel\n");
	assert_int_equal(stats.foreign, 4);
	assert_int_equal(stats.names, 3);
	assert_string_equal(stats.name[0].name, "kvm_cr");
	assert_int_equal(stats.name[0].count, 2);
	assert_int_equal(got.n, 0);
}

static void a_dump_is_the_state_that_an_entry_saved(void **state)
{
	(void)state;
	import_text("SMM: enter\n"
		    "EAX=00000004 EBX=00000000 ECX=00000000 EDX=000000b2\n"
		    "ESI=00000000 EDI=00000000 EBP=00000000 ESP=00000000\n"
		    "EIP=0000fff0 EFL=00000002 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=0\n"
		    "CS =f000 ffff0000 0000ffff 00009b00\n"
		    "CR0=60000010 CR2=00000000 CR3=00000000 CR4=00000000\n"
		    "EFER=0000000000000000\n"
		    "     0: v=08 e=0000 i=0 cpl=0 IP=0008:0000 pc=0 SP=0010:0 env->regs[R_EAX]=0\n"
		    "CS =0008 00000000 ffffffff 00c09b00\n"
		    "SMM: after RSM\n"
		    "EIP=00007000 EFL=00000002 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=0\n");
	assert_string_equal(stats.format, "qemu-int");
	assert_string_equal(stats.clock, "order");
	expect("1000 cpu=-1 smi-enter rip=0xfff0 cs=0xf000 cr0=0x60000010 cr3=0x0 efer=0x0 rax=0x4 rdx=0xb2 (inferred)");
	expect("10000 cpu=-1 smi-leave  (inferred)");
	assert_int_equal(got.read, got.n);
}

static void a_log_without_stamps_has_its_order(void **state)
{
	(void)state;
	import_text("apm_io_write write addr=0x1 val=0x00\nqemu says something\napm_io_write write addr=0x0 val=0x04\n");
	assert_string_equal(stats.clock, "order");
	expect("1000 cpu=-1 port port=0xb3 dir=write value=0x0 (inferred)");
	expect("3000 cpu=-1 port port=0xb2 dir=write value=0x4 (inferred)");
}

static void a_thread_is_known_from_any_line_that_names_its_cpu(void **state)
{
	(void)state;
	import_text("12@100.000001:apm_io_write write addr=0x0 val=0x04\n"
		    "12@100.000002:memory_region_ops_write cpu 2 mr 0x5 addr 0xfee000b0 value 0x0 size 4 name 'apic-msi'\n"
		    "13@100.000003:apm_io_write write addr=0x0 val=0x05\n");
	assert_string_equal(stats.clock, "realtime");
	expect("100000001000 cpu=2 port port=0xb2 dir=write value=0x4");
	expect("100000003000 cpu=-1 port port=0xb2 dir=write value=0x5");
}

static void a_long_line_does_not_end_the_others(void **state)
{
	static char text[200000] = "a-1 [000] 1.000000: kvm_entry: vcpu 0, rip 0\n";
	size_t used = strlen(text);

	(void)state;
	memset(text + used, 'x', 150000);
	snprintf(text + used + 150000, 200, "\na-1 [000] 2.000000: kvm_pio: pio_read at 0xb3 size 1 count 1 val 0x1\n");
	import_text(text);
	expect("2000000000 cpu=0 port port=0xb3 dir=read value=0x1");
	assert_int_equal(stats.foreign, 1);
}

static void damage_is_told_with_its_place(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_int_equal(run((struct import_args){ 0 }, "a-1 [000] 1.000000: kvm_entry: vcpu 0, rip 0\na-1 [000] 2.0", &err),
			 -ERR_CORRUPT);
	assert_non_null(strstr(err.text, "offset 45: the last line is cut off"));
	assert_int_equal(run((struct import_args){ 0 }, "just prose\n", &err), -ERR_CORRUPT);
	assert_non_null(strstr(err.text, "offset 0"));
	assert_int_equal(run((struct import_args){ 0 }, "\x1f\x8b packed", &err), -ERR_CORRUPT);
	assert_non_null(strstr(err.text, "zcat"));
}

/* --- the window --- */

static int64_t seen[64];
static unsigned n_seen;

static void note(void *arg, const struct kvm_point *p)
{
	(void)arg;
	seen[n_seen++] = p->ts;
}

static unsigned long late_of(size_t window, const int64_t *ts, unsigned n)
{
	struct import_order *o = import_order_new(window, note, NULL);
	unsigned long late;

	n_seen = 0;
	for (unsigned i = 0; i < n; i++) {
		struct kvm_point p = kvm_point_new(KVM_POINT_PIO, ts[i], 0, 0);

		import_order_put(o, &p);
	}
	import_order_flush(o);
	late = (unsigned long)import_order_late(o);
	import_order_free(o);
	assert_int_equal(n_seen, n);
	return late;
}

static void a_window_puts_in_order_what_is_not_too_far(void **state)
{
	static const int64_t ts[] = { 5, 3, 8, 1, 9, 9, 2, 7 };

	(void)state;
	assert_int_equal(late_of(8, ts, COUNT(ts)), 0);
	for (unsigned i = 1; i < n_seen; i++)
		assert_true(seen[i - 1] <= seen[i]);
	assert_int_equal(late_of(2, ts, COUNT(ts)), 3); /* 1, 2 and 7 came too late */
	assert_int_equal(late_of(0, ts, COUNT(ts)), 4);
	assert_int_equal(seen[0], 5);
}

/* --- format files --- */

static void a_format_file_says_where_the_fields_are(void **state)
{
	static const char text[] =
		"name: kvm_apic_accept_irq\nID: 95\nformat:\n"
		"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
		"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
		"\tfield:__u32 apicid;\toffset:8;\tsize:4;\tsigned:0;\n"
		"\tfield:__u16 dm;\toffset:12;\tsize:2;\tsigned:0;\n"
		"\tfield:__u8 vec;\toffset:16;\tsize:1;\tsigned:0;\n"
		"\tfield:char other[3];\toffset:17;\tsize:3;\tsigned:0;\n\nprint fmt: \"x\"\n";
	static const uint8_t record[20] = { 95, 0, 0, 0, 77, 0, 0, 0, 1, 0, 0, 0, 0, 6, 0, 0, 0x9f };
	struct kvm_formats *f = kvm_formats_new(NULL);
	struct kvm_point p = kvm_point_new(KVM_POINT_COUNT, 1, 0, 0);
	char name[32];
	int id;

	(void)state;
	kvm_formats_add(f, (struct text){ text, text + strlen(text) }, &id, name, sizeof(name));
	assert_int_equal(id, 95);
	assert_string_equal(name, "kvm_apic_accept_irq");
	assert_true(kvm_point_of_record(f, record, sizeof(record), &p));
	assert_int_equal(p.id, KVM_POINT_APIC_ACCEPT_IRQ);
	assert_int_equal(p.tid, 77);
	assert_int_equal(p.value[KVM_APICID], 1);
	assert_int_equal(p.value[KVM_DM], 0x600);
	assert_int_equal(p.value[KVM_VEC], 0x9f);
	assert_false(kvm_has(&p, KVM_TM));
	kvm_formats_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_form_of_a_line_is_read),
		cmocka_unit_test(a_new_base_was_written_in_the_smi_before),
		cmocka_unit_test(the_default_base_again_is_found),
		cmocka_unit_test(two_guests_are_noticed),
		cmocka_unit_test(only_what_was_asked_for_is_taken),
		cmocka_unit_test(unknown_events_are_counted_by_name),
		cmocka_unit_test(a_dump_is_the_state_that_an_entry_saved),
		cmocka_unit_test(a_log_without_stamps_has_its_order),
		cmocka_unit_test(a_thread_is_known_from_any_line_that_names_its_cpu),
		cmocka_unit_test(a_long_line_does_not_end_the_others),
		cmocka_unit_test(damage_is_told_with_its_place),
		cmocka_unit_test(a_window_puts_in_order_what_is_not_too_far),
		cmocka_unit_test(a_format_file_says_where_the_fields_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
