/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../../tracer/event-text.h"
#include "../../tracer/sources/kvm-events.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <traceevent/event-parse.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* What came out, one line each: "cpu=N KIND DETAIL", with " (inferred)" behind what is. */
static struct capture {
	struct event_out out; /* first */
	char text[64][200];
	unsigned n, read;
} got;
static struct kvm_events *k;

static void take(struct event_out *out, const struct event *ev)
{
	struct capture *c = (struct capture *)out;
	char detail[160];

	assert_true(c->n < COUNT(c->text));
	assert_int_equal(ev->source, SRC_KVM);
	snprintf(c->text[c->n++], sizeof(c->text[0]), "cpu=%d %s %s%s", ev->cpu, event_info[ev->kind].name,
		 event_detail(detail, sizeof(detail), ev), ev->origin == ORIGIN_INFERRED ? " (inferred)" : "");
}

static int start(void **state)
{
	(void)state;
	memset(&got, 0, sizeof(got));
	got.out.put = take;
	k = kvm_events_new(&got.out);
	return k ? 0 : -1;
}

static int stop(void **state)
{
	(void)state;
	kvm_events_free(k);
	return 0;
}

static struct kvm_point point(int tid, const char *line)
{
	const char *colon = strchr(line, ':');
	enum kvm_point_id id = kvm_point_by_name(line, (size_t)(colon - line));
	struct text args = { colon + 1, line + strlen(line) };
	struct kvm_point p;

	assert_int_not_equal(id, KVM_POINT_COUNT);
	p = kvm_point_new(id, 1000, tid, -1);
	assert_true(kvm_point_of_text(args, &p));
	return p;
}

static void put(int tid, const char *line)
{
	struct kvm_point p = point(tid, line);

	kvm_events_put(k, &p);
}

static void expect(const char *line)
{
	assert_true(got.read < got.n);
	assert_string_equal(got.text[got.read++], line);
}

static void expect_nothing(void)
{
	assert_int_equal(got.read, got.n);
}

static void each_print_is_its_event(void **state)
{
	static const struct { const char *print, *event; } cases[] = {
		{ "kvm_pio: pio_write at 0xb2 size 1 count 1 val 0x4", "cpu=2 port port=0xb2 dir=write value=0x4" },
		{ "kvm_pio: pio_read at 0xb3 size 1 count 1 val 0xa5", "cpu=2 port port=0xb3 dir=read value=0xa5" },
		{ "kvm_pio: pio_write at 0xb2 size 1 count 1", "cpu=2 port port=0xb2 dir=write" },
		{ "kvm_pio: pio_write at 0xcd8 size 4 count 1 val 0x1",
		  "cpu=2 cpuhp reg=0x0 dir=write value=0x1 selector=1" },
		{ "kvm_pio: pio_read at 0xcdc size 1 count 1 val 0x3",
		  "cpu=2 cpuhp reg=0x4 dir=read value=0x3 selector=1" },
		{ "kvm_apic_ipi: dst 0 vec 0 (INIT|physical|assert|edge|all-but-self)",
		  "cpu=2 ipi mode=init dest=others" },
		{ "kvm_apic_ipi: dst 1f vec 159 (SIPI|physical|assert|edge|dst)",
		  "cpu=2 ipi target=31 mode=sipi vector=0x9f dest=one" },
		{ "kvm_apic_ipi: dst 1 vec 0 (SMI|logical|assert|edge|dst)", "cpu=2 ipi mode=smi dest=one" },
		{ "kvm_apic_accept_irq: apicid a vec 159 (SIPI|edge)", "cpu=10 apic-accept mode=sipi vector=0x9f" },
		{ "kvm_smm_transition: vcpu 1: entering SMM, smbase 0x30000", "cpu=1 smi-enter smbase=0x30000" },
		{ "kvm_smm_transition: vcpu 1: leaving SMM, smbase 0x30000",
		  "cpu=1 smi-leave smbase=0x30000 via=tracepoint" },
	};

	(void)state;
	kvm_events_thread(k, 77, 2);
	for (size_t i = 0; i < COUNT(cases); i++) {
		put(strstr(cases[i].print, "smm") ? 78 : 77, cases[i].print);
		expect(cases[i].event);
		expect_nothing();
	}
}

static void what_is_not_about_smm_is_no_event(void **state)
{
	static const char *const lines[] = {
		"kvm_pio: pio_write at 0x80 size 1 count 1 val 0x4",
		"kvm_pio: pio_write at 0xcd7 size 1 count 1 val 0x4",
		"kvm_pio: pio_write at 0xce4 size 1 count 1 val 0x4",
		"kvm_apic_ipi: dst 1 vec 253 (Fixed|physical|assert|edge|dst)",
		"kvm_apic_ipi: dst 1 vec 0 (NMI|physical|assert|edge|dst)",
		"kvm_apic_accept_irq: apicid 1 vec 236 (Fixed|edge)",
		"kvm_entry: vcpu 0, rip 0x1000",
		"kvm_exit: vcpu 0 reason io rip 0x100e info1 0x0000000000b30010",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++)
		put(77, lines[i]);
	expect_nothing();
}

static void damaged_prints_are_refused(void **state)
{
	static const char *const lines[] = {
		"kvm_pio: pio_wrote at 0xb2 size 1 count 1 val 0x4", "kvm_pio: pio_write at 0xb2 size",
		"kvm_apic_ipi: dst 1 vec 300 (SIPI|physical|assert|edge|dst)",
		"kvm_apic_ipi: dst 1 vec 8 (WHAT|physical|assert|edge|dst)",
		"kvm_apic_ipi: dst 1 vec 8 (SIPI|physical|assert|edge|",
		"kvm_apic_accept_irq: apicid 1 vec 0", "kvm_smm_transition: vcpu 0: entering SMM",
		"kvm_smm_transition: vcpu x: entering SMM, smbase 0x30000", "kvm_smm_transition:",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		const char *colon = strchr(lines[i], ':');
		struct kvm_point p = kvm_point_new(kvm_point_by_name(lines[i], (size_t)(colon - lines[i])), 1, 1, 0);

		assert_false(kvm_point_of_text((struct text){ colon + 1, lines[i] + strlen(lines[i]) }, &p));
	}
}

static void a_thread_is_the_cpu_that_its_records_name(void **state)
{
	(void)state;
	put(77, "kvm_pio: pio_write at 0xb2 size 1 count 1 val 0x1");
	expect("cpu=-1 port port=0xb2 dir=write value=0x1");
	put(77, "kvm_exit: vcpu 3 reason io rip 0x100e");
	put(77, "kvm_pio: pio_write at 0xb2 size 1 count 1 val 0x1");
	expect("cpu=3 port port=0xb2 dir=write value=0x1");
	put(77, "kvm_entry: vcpu 1, rip 0x1000");
	put(77, "kvm_pio: pio_write at 0xb2 size 1 count 1 val 0x1");
	expect("cpu=-1 port port=0xb2 dir=write value=0x1");
	put(77, "kvm_entry: vcpu 1, rip 0x1000");
	put(77, "kvm_pio: pio_write at 0xb2 size 1 count 1 val 0x1");
	expect("cpu=-1 port port=0xb2 dir=write value=0x1");
}

/* The vcpu_id is an APIC ID; who told the thread knows the index. */
static void a_told_thread_says_which_index_an_apic_id_has(void **state)
{
	(void)state;
	kvm_events_thread(k, 77, 2);
	put(77, "kvm_smm_transition: vcpu 4: entering SMM, smbase 0x30000");
	expect("cpu=2 smi-enter smbase=0x30000");
	put(78, "kvm_apic_accept_irq: apicid 4 vec 0 (INIT|edge)");
	expect("cpu=2 apic-accept mode=init");
}

/* Told at the next entry, with the time of the leave. */
static void another_base_at_the_next_entry_proves_a_relocation(void **state)
{
	(void)state;
	put(1, "kvm_smm_transition: vcpu 0: entering SMM, smbase 0x30000");
	put(1, "kvm_smm_transition: vcpu 0: leaving SMM, smbase 0x30000");
	put(1, "kvm_smm_transition: vcpu 0: entering SMM, smbase 0x7ffb3000");
	expect("cpu=0 smi-enter smbase=0x30000");
	expect("cpu=0 smi-leave smbase=0x30000 via=tracepoint");
	expect("cpu=0 smbase-write old=0x30000 new=0x7ffb3000 (inferred)");
	expect("cpu=0 smi-enter smbase=0x7ffb3000");
	expect_nothing();
}

/* A reset, or a state that was loaded: it leads there, but not by a write that anybody saw. */
static void a_base_that_no_relocation_leads_to_is_found(void **state)
{
	(void)state;
	put(1, "kvm_smm_transition: vcpu 0: entering SMM, smbase 0x7ffb3000");
	put(1, "kvm_smm_transition: vcpu 0: leaving SMM, smbase 0x7ffb3000");
	put(1, "kvm_smm_transition: vcpu 0: entering SMM, smbase 0x30000");
	put(1, "kvm_smm_transition: vcpu 0: entering SMM, smbase 0x40000");
	expect("cpu=0 smi-enter smbase=0x7ffb3000");
	expect("cpu=0 smi-leave smbase=0x7ffb3000 via=tracepoint");
	expect("cpu=0 smbase-found smbase=0x30000 via=next-entry");
	expect("cpu=0 smi-enter smbase=0x30000");
	expect("cpu=0 smbase-found smbase=0x40000 via=next-entry"); /* its leave was not seen */
	expect("cpu=0 smi-enter smbase=0x40000");
	expect_nothing();
}

static void the_old_tracepoint_says_that_a_cpu_stays(void **state)
{
	(void)state;
	put(1, "kvm_enter_smm: vcpu 0: entering SMM, smbase 0x30000");
	put(1, "kvm_enter_smm: vcpu 0: leaving SMM, smbase 0x30000");
	expect("cpu=0 smi-enter smbase=0x30000");
	expect("cpu=0 smi-leave smbase=0x30000 via=tracepoint");
	expect("cpu=0 smbase-found smbase=0x30000 via=tracepoint");
	expect_nothing();
}

static void the_old_tracepoint_tells_the_new_base_at_the_end(void **state)
{
	(void)state;
	put(1, "kvm_enter_smm: vcpu 0: entering SMM, smbase 0x30000");
	put(1, "kvm_enter_smm: vcpu 0: leaving SMM, smbase 0x7ffb3000");
	put(1, "kvm_enter_smm: vcpu 0: entering SMM, smbase 0x7ffb3000");
	put(1, "kvm_enter_smm: vcpu 0: leaving SMM, smbase 0x7ffb3000");
	expect("cpu=0 smi-enter smbase=0x30000");
	expect("cpu=0 smbase-write old=0x30000 new=0x7ffb3000 (inferred)");
	expect("cpu=0 smi-leave smbase=0x30000 via=tracepoint");
	expect("cpu=0 smi-enter smbase=0x7ffb3000");
	expect("cpu=0 smi-leave smbase=0x7ffb3000 via=tracepoint");
	expect_nothing();
}

/* Its beginning was not seen: nobody knows the base that it ran at. */
static void an_old_leave_alone_does_not_know_its_base(void **state)
{
	(void)state;
	put(1, "kvm_enter_smm: vcpu 0: leaving SMM, smbase 0x7ffb3000");
	expect("cpu=0 smi-leave via=tracepoint");
	expect_nothing();
}

static void wide_and_string_accesses_are_taken_apart(void **state)
{
	(void)state;
	put(1, "kvm_pio: pio_write at 0xb2 size 2 count 1 val 0x504");
	expect("cpu=-1 port port=0xb2 dir=write value=0x4");
	expect("cpu=-1 port port=0xb3 dir=write value=0x5");
	put(1, "kvm_pio: pio_write at 0xb2 size 1 count 2 val 0x4 (...)");
	expect("cpu=-1 port port=0xb2 dir=write value=0x4");
	expect("cpu=-1 port port=0xb2 dir=write");
	expect_nothing();
}

static void the_deassertion_of_init_is_no_init(void **state)
{
	(void)state;
	put(1, "kvm_apic_ipi: dst 1 vec 0 (INIT|physical|assert|level|dst)");
	put(1, "kvm_apic_accept_irq: apicid 1 vec 0 (INIT|level)");
	put(1, "kvm_apic_ipi: dst 1 vec 0 (INIT|physical|de-assert|level|dst)");
	put(1, "kvm_apic_accept_irq: apicid 1 vec 0 (INIT|level)");
	expect("cpu=-1 ipi target=1 mode=init dest=one");
	expect("cpu=1 apic-accept mode=init");
	expect_nothing();
}

static void after_a_loss_nothing_is_concluded(void **state)
{
	(void)state;
	put(1, "kvm_pio: pio_write at 0xcd8 size 4 count 1 val 0x1");
	put(1, "kvm_smm_transition: vcpu 0: entering SMM, smbase 0x30000");
	kvm_events_lost(k, 1000, 2000, 7);
	put(1, "kvm_smm_transition: vcpu 0: entering SMM, smbase 0x7ffb3000");
	put(1, "kvm_pio: pio_read at 0xcdc size 1 count 1 val 0x3");
	got.read = 2;
	expect("cpu=-1 lost until=2000 count=7");
	expect("cpu=0 smi-enter smbase=0x7ffb3000");
	expect("cpu=0 cpuhp reg=0x4 dir=read value=0x3");
	expect_nothing();
}

/* --- records --- */

#define COMMON \
	"format:\n" \
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n" \
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n" \
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n" \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
#define U32(name, offset) "\tfield:unsigned int " name ";\toffset:" offset ";\tsize:4;\tsigned:0;\n"

static const char old_pio[] = "name: kvm_pio\nID: 110\n" COMMON U32("rw", "8") U32("port", "12") U32("size", "16")
	U32("count", "20") "\nprint fmt: \"pio\"\n";
static const char new_pio[] = "name: kvm_pio\nID: 110\n" COMMON U32("rw", "8") U32("port", "12") U32("size", "16")
	U32("count", "20") U32("val", "24") "\nprint fmt: \"pio\"\n";

struct pio {
	uint16_t type;
	uint8_t flags, preempt;
	int32_t pid;
	uint32_t rw, port, size, count, val;
};

static struct kvm_formats *formats(struct tep_handle *tep, const char *format)
{
	struct kvm_formats *f;

	tep_set_file_bigendian(tep, TEP_LITTLE_ENDIAN);
	tep_set_local_bigendian(tep, TEP_LITTLE_ENDIAN);
	assert_int_equal(tep_parse_event(tep, format, strlen(format), "kvm"), 0);
	f = kvm_formats_new(tep);
	assert_non_null(f);
	return f;
}

static void a_record_is_read_by_its_format(void **state)
{
	const struct pio record = { 110, 0, 0, 4711, 1, 0xb2, 1, 1, 0x4 };
	struct tep_handle *tep = tep_alloc();
	struct kvm_formats *f = formats(tep, new_pio);
	struct kvm_point p = kvm_point_new(KVM_POINT_COUNT, 5, 0, 1);

	(void)state;
	assert_true(kvm_formats_has(f, KVM_POINT_PIO));
	assert_false(kvm_formats_has(f, KVM_POINT_SMM_TRANSITION));
	assert_true(kvm_point_of_record(f, &record, sizeof(record), &p));
	assert_int_equal(p.id, KVM_POINT_PIO);
	assert_int_equal(p.tid, 4711);
	assert_int_equal(p.ts, 5);
	assert_int_equal(p.host_cpu, 1);
	kvm_events_put(k, &p);
	expect("cpu=-1 port port=0xb2 dir=write value=0x4");
	kvm_formats_free(f);
	tep_free(tep);
}

static void what_a_record_has_not_is_unknown(void **state)
{
	const struct pio record = { 110, 0, 0, 4711, 1, 0xb2, 1, 1, 0x4 };
	struct tep_handle *tep = tep_alloc();
	struct kvm_formats *f = formats(tep, old_pio);
	struct kvm_point p = kvm_point_new(KVM_POINT_COUNT, 5, 0, 1);

	(void)state;
	assert_true(kvm_point_of_record(f, &record, sizeof(record) - 4, &p));
	assert_false(kvm_has(&p, KVM_VAL));
	kvm_events_put(k, &p);
	expect("cpu=-1 port port=0xb2 dir=write");
	assert_true(kvm_point_of_record(f, &record, 16, &p));
	assert_true(kvm_has(&p, KVM_PORT));
	assert_false(kvm_has(&p, KVM_COUNT));
	assert_false(kvm_point_of_record(f, &record, 1, &p));
	kvm_formats_free(f);
	tep_free(tep);
}

static void another_event_is_no_point(void **state)
{
	const struct pio record = { 111, 0, 0, 4711, 1, 0xb2, 1, 1, 0x4 };
	struct tep_handle *tep = tep_alloc();
	struct kvm_formats *f = formats(tep, new_pio);
	struct kvm_point p = kvm_point_new(KVM_POINT_COUNT, 5, 0, 1);

	(void)state;
	assert_false(kvm_point_of_record(f, &record, sizeof(record), &p));
	kvm_formats_free(f);
	tep_free(tep);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_print_is_its_event),
		TEST(what_is_not_about_smm_is_no_event),
		TEST(damaged_prints_are_refused),
		TEST(a_thread_is_the_cpu_that_its_records_name),
		TEST(a_told_thread_says_which_index_an_apic_id_has),
		TEST(another_base_at_the_next_entry_proves_a_relocation),
		TEST(a_base_that_no_relocation_leads_to_is_found),
		TEST(the_old_tracepoint_says_that_a_cpu_stays),
		TEST(the_old_tracepoint_tells_the_new_base_at_the_end),
		TEST(an_old_leave_alone_does_not_know_its_base),
		TEST(wide_and_string_accesses_are_taken_apart),
		TEST(the_deassertion_of_init_is_no_init),
		TEST(after_a_loss_nothing_is_concluded),
		TEST(a_record_is_read_by_its_format),
		TEST(what_a_record_has_not_is_unknown),
		TEST(another_event_is_no_point),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
