/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Guest RAM beside tracepoints: a child plays QEMU (this program again, with its command line), whose RAM we share and
 * write as a guest would. What is told of it must not depend on who came first, or say that it does not know.
 */
#include "../../tracer/sources/kvm-ram.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../tracer/clock.h"
#include "../../tracer/event-text.h"
#include "../../tracer/model.h"
#include "../../tracer/sources/smm-state.h"

#define RAM_SIZE (48u << 20)
#define RAM_FD 9
#define OWN 0x2f00000u
#define RIP_OFFSET 0xff78u
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static uint8_t *ram;
static pid_t child;
static struct kvm_ram *r;
static struct event got[64];
static unsigned n;
static int64_t now; /* of the next event that is put */

/* ---- the child ---- */

static int child_main(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, RAM_FD, 0) == MAP_FAILED)
		return 3;
	(void)!write(1, "r", 1);
	pause();
	return 0;
}

static void spawn(int fd)
{
	int ready[2];
	char c;

	assert_int_equal(pipe(ready), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		dup2(ready[1], 1);
		dup2(fd, RAM_FD);
		execl("/proc/self/exe", "qemu-system-x86_64", "-machine", "q35", "-m", "48", (char *)NULL);
		_exit(127);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
}

/* ---- the guest ---- */

static void keep(struct event_out *out, const struct event *ev)
{
	(void)out;
	assert_true(n < COUNT(got));
	got[n++] = *ev;
}

static struct event_out out = { .put = keep };

static void store(uint32_t at, uint64_t value, size_t size)
{
	memcpy(ram + at, &value, size);
}

static void save_state(uint32_t smbase, uint32_t slot, uint64_t rip)
{
	store(smbase + SMM_REVISION_OFFSET, SMM_REVISION_AMD64, 4);
	store(smbase + SMM_SLOT_AMD64, slot, 4);
	store(smbase + RIP_OFFSET, rip, 8);
}

static int setup(void **state)
{
	int fd = memfd_create("ram", 0);

	(void)state;
	assert_true(fd >= 0 && !ftruncate(fd, RAM_SIZE));
	ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(ram != MAP_FAILED);
	spawn(fd);
	close(fd);
	n = 0;
	now = clock_now();
	r = kvm_ram_new(&out, NULL);
	assert_non_null(r);
	assert_int_equal(kvm_ram_open(r, child, NULL), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	kvm_ram_free(r);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	munmap(ram, RAM_SIZE);
	return 0;
}

/* Put at @ts; the text has none. */
static void put_at(int64_t ts, const char *text)
{
	struct error err;
	struct event ev;
	char line[256];

	snprintf(line, sizeof(line), "t=1 %s source=kvm", text);
	if (event_parse(&ev, line, &err) < 0)
		fail_msg("%s", err.text);
	ev.ts = ts;
	kvm_ram_input(r)->put(kvm_ram_input(r), &ev);
}

static void put(const char *text)
{
	put_at(clock_now(), text);
}

static const struct event *find(enum event_kind kind)
{
	const struct event *hit = NULL;

	for (unsigned i = 0; i < n; i++)
		if (got[i].kind == kind && got[i].source == SRC_GUESTRAM)
			hit = &got[i];
	if (hit)
		assert_int_equal(hit->origin, ORIGIN_INFERRED);
	return hit;
}

static unsigned count(enum event_kind kind)
{
	unsigned c = 0;

	for (unsigned i = 0; i < n; i++)
		c += got[i].kind == kind;
	return c;
}

#define ENTER "cpu=1 smi-enter smbase=0x30000"
#define LEAVE "cpu=1 smi-leave smbase=0x30000 via=tracepoint"

/* ---- */

static void a_relocation_is_read_at_the_leave(void **state)
{
	const struct event *ev;
	int64_t left;

	(void)state;
	put(ENTER);
	save_state(SMBASE_DEFAULT, OWN, 0xc);
	left = clock_now();
	put_at(left, LEAVE);
	assert_null(find(EV_SMBASE_WRITE)); /* another CPU's state may have come over it */
	kvm_ram_tick(r, clock_now());
	ev = find(EV_SMBASE_WRITE);
	assert_non_null(ev);
	assert_int_equal(ev->cpu, 1);
	assert_true(ev->arg[SMBASE_WRITE_OLD] == SMBASE_DEFAULT && ev->arg[SMBASE_WRITE_NEW] == OWN);
	assert_true(ev->ts < left);
	ev = find(EV_SMI_SAVED);
	assert_non_null(ev);
	assert_true(ev->arg[SMI_SAVED_RIP] == 0xc && ev->arg[SMI_SAVED_SMBASE] == SMBASE_DEFAULT && ev->ts < left);
	kvm_ram_tick(r, clock_now());
	assert_int_equal(count(EV_SMBASE_WRITE), 1);
}

static void what_another_cpu_has_overwritten_is_unknown(void **state)
{
	(void)state;
	put(ENTER);
	now = clock_now();
	save_state(SMBASE_DEFAULT, OWN, 0xc);
	put_at(now + 1, LEAVE);
	put_at(now + 2, "cpu=0 smi-enter smbase=0x30000"); /* before we had read */
	kvm_ram_tick(r, clock_now());
	assert_null(find(EV_SMBASE_WRITE));
	assert_null(find(EV_SMBASE_FOUND));
}

static void two_at_one_smbase_cannot_be_told_apart(void **state)
{
	(void)state;
	put(ENTER);
	put("cpu=0 smi-enter smbase=0x30000");
	save_state(SMBASE_DEFAULT, OWN, 0xc);
	put(LEAVE);
	kvm_ram_tick(r, clock_now());
	assert_null(find(EV_SMBASE_WRITE));
}

static void the_next_entry_elsewhere_makes_it_sure(void **state)
{
	(void)state;
	put(ENTER);
	save_state(SMBASE_DEFAULT, OWN, 0xc);
	put(LEAVE);
	put("cpu=1 smi-enter smbase=0x2f00000");
	assert_non_null(find(EV_SMBASE_WRITE));
	assert_true(got[n - 1].kind == EV_SMI_ENTER); /* told before */
}

static void a_slot_that_holds_the_default_is_told(void **state)
{
	(void)state;
	put(ENTER);
	save_state(SMBASE_DEFAULT, SMBASE_DEFAULT, 0xc);
	put(LEAVE);
	kvm_ram_tick(r, clock_now());
	assert_null(find(EV_SMBASE_WRITE));
	assert_non_null(find(EV_SMBASE_FOUND));
	assert_true(find(EV_SMBASE_FOUND)->arg[SMBASE_FOUND_SMBASE] == SMBASE_DEFAULT);
}

/* KVM tells of the entry before it has stored anything. */
static void an_old_state_is_not_taken_for_the_new_one(void **state)
{
	int64_t entered = clock_now();

	(void)state;
	save_state(OWN, OWN, 0x1111);
	put_at(entered, "cpu=1 smi-enter smbase=0x2f00000");
	kvm_ram_tick(r, entered + 1000);
	assert_null(find(EV_SMI_SAVED));
	save_state(OWN, OWN, 0x2222);
	put("cpu=1 port port=0xb2 dir=read value=0");
	kvm_ram_tick(r, clock_now());
	assert_non_null(find(EV_SMI_SAVED));
	assert_true(find(EV_SMI_SAVED)->arg[SMI_SAVED_RIP] == 0x2222);
	put("cpu=1 smi-leave smbase=0x2f00000 via=tracepoint");
	kvm_ram_tick(r, clock_now());
	assert_int_equal(count(EV_SMI_SAVED), 1);
	assert_null(find(EV_SMBASE_WRITE));
}

static void of_a_cpu_that_is_silent_in_smm_the_state_is_read_all_the_same(void **state)
{
	(void)state;
	save_state(OWN, OWN, 0x1234);
	put_at(clock_now() - 100000000, "cpu=1 smi-enter smbase=0x2f00000");
	kvm_ram_tick(r, clock_now());
	kvm_ram_tick(r, clock_now());
	assert_non_null(find(EV_SMI_SAVED));
}

/* Firmware gives the page back that it borrowed at the default SMBASE. */
static void what_is_no_save_state_tells_nothing(void **state)
{
	(void)state;
	put(ENTER);
	store(SMBASE_DEFAULT + SMM_SLOT_AMD64, 0x12345678, 4);
	put(LEAVE);
	kvm_ram_tick(r, clock_now());
	put("cpu=1 smi-enter smbase=0xf0000000"); /* not RAM */
	put("cpu=1 smi-leave smbase=0xf0000000 via=tracepoint");
	kvm_ram_tick(r, clock_now());
	assert_null(find(EV_SMBASE_WRITE));
	assert_null(find(EV_SMBASE_FOUND));
	assert_null(find(EV_SMI_SAVED));
}

static void what_the_source_tells_itself_is_told_once(void **state)
{
	(void)state;
	put(ENTER);
	save_state(SMBASE_DEFAULT, OWN, 0xc);
	put("cpu=1 smbase-write old=0x30000 new=0x2f00000 origin=inferred");
	put(LEAVE);
	kvm_ram_tick(r, clock_now());
	assert_int_equal(count(EV_SMBASE_WRITE), 1);
	put(ENTER);
	put(LEAVE);
	kvm_ram_tick(r, clock_now());
	put("cpu=1 smbase-write old=0x30000 new=0x2f00000 origin=inferred"); /* proved by the next entry */
	assert_int_equal(count(EV_SMBASE_WRITE), 2);
}

static void the_handler_is_told_when_it_changes(void **state)
{
	static const uint8_t nop[] = { 0x0f, 0xaa };

	(void)state;
	kvm_ram_tick(r, clock_now());
	assert_non_null(find(EV_HANDLER));
	assert_int_equal(find(EV_HANDLER)->arg[HANDLER_CODE], CODE_ZERO);
	memcpy(ram + SMBASE_DEFAULT + SMM_ENTRY_OFFSET, nop, sizeof(nop));
	kvm_ram_tick(r, clock_now());
	assert_int_equal(find(EV_HANDLER)->arg[HANDLER_CODE], CODE_NOP);
	assert_true(event_has(find(EV_HANDLER), HANDLER_SINCE));
}

static void without_memory_everything_passes(void **state)
{
	struct kvm_ram *blind = kvm_ram_new(&out, NULL), *opened = r;
	struct error err;

	(void)state;
	assert_true(kvm_ram_open(blind, 0x7ffffff0, &err) < 0);
	assert_true(*err.text);
	r = blind;
	put(ENTER);
	put(LEAVE);
	kvm_ram_tick(r, clock_now());
	assert_int_equal(n, 2);
	assert_false(kvm_ram_busy(r));
	kvm_ram_free(blind);
	r = opened;
}

int main(int argc, char **argv)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_relocation_is_read_at_the_leave),
		TEST(what_another_cpu_has_overwritten_is_unknown),
		TEST(two_at_one_smbase_cannot_be_told_apart),
		TEST(the_next_entry_elsewhere_makes_it_sure),
		TEST(a_slot_that_holds_the_default_is_told),
		TEST(an_old_state_is_not_taken_for_the_new_one),
		TEST(of_a_cpu_that_is_silent_in_smm_the_state_is_read_all_the_same),
		TEST(what_is_no_save_state_tells_nothing),
		TEST(what_the_source_tells_itself_is_told_once),
		TEST(the_handler_is_told_when_it_changes),
		TEST(without_memory_everything_passes),
	};

	(void)argv;
	if (argc > 1)
		return child_main();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
