/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A child process plays QEMU: this program again, with a command line that says
 * -m, and a mapping of that size with save states in it.
 */
#include "../../tracer/sources/guestram.h"
#include "../../tracer/sources/guestram-map.h"

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

#include "../../tracer/sources/smm-state.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define RAM_MIB 48
#define RAM_SIZE (RAM_MIB * MIB)

/* --- the child --- */

static void store32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
}

/* A save state at @smbase whose slot says @slot_value. */
static void store_state(uint8_t *ram, uint32_t smbase, uint32_t revision, uint32_t slot_value)
{
	store32(ram + smbase + SMM_REVISION_OFFSET, revision);
	store32(ram + smbase + (revision == SMM_REVISION_I386 ? SMM_SLOT_I386 : SMM_SLOT_AMD64), slot_value);
}

static void fill(uint8_t *ram)
{
	memcpy(ram + 0x12345, "guest memory", 12);
	memcpy(ram + RAM_SIZE - 4, "last", 4);
	store_state(ram, 0x2ff0000, SMM_REVISION_AMD64, 0x2ff0000); /* its map ends with the RAM */
	store_state(ram, 0x2f00000, SMM_REVISION_AMD64, 0x2f00000);
	store_state(ram, 0xa0000, SMM_REVISION_I386, 0xa0000);
	/* None of these is a save state in use. */
	store_state(ram, 0x30000, SMM_REVISION_AMD64, 0x2f00000);
	store_state(ram, 0x50000, 0x20065, 0x50000);
	store_state(ram, 0x70000, SMM_REVISION_I386, 0x70001);
}

static void *map(int prot, size_t size)
{
	void *at = mmap(NULL, size, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		_exit(3);
	return at;
}

static int child_main(void)
{
	uint8_t *around = map(PROT_NONE, RAM_SIZE + 4 * MIB);
	uint8_t *ram = around + 2 * MIB;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* A larger mapping that is not the RAM, and code that is as large. */
	memset(map(PROT_READ | PROT_WRITE, 64 * MIB), 1, 4096);
	map(PROT_READ | PROT_WRITE | PROT_EXEC, RAM_SIZE);
	if (mprotect(ram, RAM_SIZE, PROT_READ | PROT_WRITE))
		return 3;
	fill(ram);
	(void)!write(1, "r", 1);
	pause();
	return 0;
}

static pid_t spawn(const char *memory)
{
	int ready[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		dup2(ready[1], 1);
		execl("/proc/self/exe", "qemu-system-x86_64", "-machine", "q35,smm=on", "-m", memory,
		      "-machine", "accel=tcg", (char *)NULL);
		_exit(127);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

static void reap(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* --- reading --- */

struct found {
	uint32_t smbase[8], revision[8];
	unsigned n;
};

static void take(void *arg, uint32_t smbase, uint32_t revision)
{
	struct found *f = arg;

	assert_true(f->n < 8);
	f->smbase[f->n] = smbase;
	f->revision[f->n++] = revision;
}

static void the_ram_of_a_process_is_read(void **state)
{
	struct error err = { 0 };
	pid_t pid = spawn("48");
	struct guestram *g = guestram_open(pid, &err);
	char text[16] = "";

	(void)state;
	assert_non_null(g);
	assert_int_equal(guestram_size(g), RAM_SIZE);
	assert_int_equal(guestram_read(g, 0x12345, text, 12, &err), 0);
	assert_string_equal(text, "guest memory");
	assert_int_equal(guestram_read(g, RAM_SIZE - 4, text, 4, &err), 0);
	assert_memory_equal(text, "last", 4);
	assert_true(guestram_read(g, RAM_SIZE - 4, text, 5, &err) < 0);
	assert_non_null(strstr(err.text, "not in the guest's RAM"));
	assert_true(guestram_read(g, 4 * GIB, text, 1, &err) < 0);
	assert_true(guestram_read(g, UINT64_MAX, text, 1, &err) < 0);
	reap(pid);
	assert_true(guestram_read(g, 0, text, 1, &err) < 0);
	assert_non_null(strstr(err.text, "has ended"));
	guestram_close(g);
}

static void save_states_are_found_and_nothing_else(void **state)
{
	struct error err = { 0 };
	pid_t pid = spawn("size=48M,slots=2,maxmem=1G");
	struct guestram *g = guestram_open(pid, &err);
	struct found f = { .n = 0 };

	(void)state;
	assert_non_null(g);
	assert_int_equal(guestram_find_smbases(g, take, &f, &err), 3);
	assert_int_equal(f.n, 3);
	assert_int_equal(f.smbase[0], 0xa0000);
	assert_int_equal(f.revision[0], SMM_REVISION_I386);
	assert_int_equal(f.smbase[1], 0x2f00000);
	assert_int_equal(f.revision[1], SMM_REVISION_AMD64);
	assert_int_equal(f.smbase[2], 0x2ff0000);
	reap(pid);
	assert_true(guestram_find_smbases(g, take, &f, &err) < 0);
	guestram_close(g);
}

static void what_cannot_be_read_is_told(void **state)
{
	struct error err = { 0 };
	pid_t pid;

	(void)state;
	assert_null(guestram_open(0x7ffffff0, &err));
	assert_non_null(strstr(err.text, "no process"));
	pid = spawn("200T");
	assert_null(guestram_open(pid, &err));
	assert_non_null(strstr(err.text, "no mapping"));
	reap(pid);
}

/* --- sizes and holes --- */

static void sizes_are_read_as_qemu_does(void **state)
{
	static const struct { const char *text; uint64_t size; } cases[] = {
		{ "512", 512 * MIB }, { "4G", 4 * GIB }, { "4g", 4 * GIB }, { "1.5G", 1536 * MIB }, { "64M", 64 * MIB },
		{ "size=1G,slots=2,maxmem=4G", GIB }, { "maxmem=4G,size=256", 256 * MIB }, { "131072k", 128 * MIB },
		{ "1048576B", MIB }, { "", 0 }, { "x", 0 }, { "-5", 0 }, { "5Q", 0 }, { "5GG", 0 }, { "maxmem=4G", 0 },
		{ "nan", 0 }, { "inf", 0 }, { "99999999999999999999", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(guestram_parse_size(cases[i].text), cases[i].size);
}

static void the_hole_stands_where_the_machine_has_it(void **state)
{
	static const struct { const char *machine, *limit; uint64_t size, below; } cases[] = {
		{ "q35", "", 512 * MIB, 512 * MIB }, { "q35", "", 0xb0000000u - MIB, 0xb0000000u - MIB },
		{ "q35", "", 0xb0000000u, 2 * GIB }, { "pc-q35-7.2", "", 8 * GIB, 2 * GIB },
		{ "pc-i440fx-7.2", "", 0xe0000000u - MIB, 0xe0000000u - MIB }, { "pc", "", 8 * GIB, 3 * GIB },
		{ "q35", "1G", 8 * GIB, GIB }, { "q35", "1G", 512 * MIB, 512 * MIB },
		{ "q35", "1073741824", 2 * GIB, GIB },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(guestram_below_4g(cases[i].machine, cases[i].limit, cases[i].size), cases[i].below);
}

static void addresses_above_the_hole_are_behind_it_in_the_mapping(void **state)
{
	const struct guestram_map m = { .host = 0x7f0000000000, .size = 3 * GIB, .below = 2 * GIB };
	size_t run;

	(void)state;
	assert_int_equal(guestram_map_host(&m, 2 * GIB - 1, &run), m.host + 2 * GIB - 1);
	assert_int_equal(run, 1);
	assert_int_equal(guestram_map_host(&m, 2 * GIB, &run), 0);
	assert_int_equal(guestram_map_host(&m, 4 * GIB - 1, &run), 0);
	assert_int_equal(guestram_map_host(&m, 4 * GIB, &run), m.host + 2 * GIB);
	assert_int_equal(run, GIB);
	assert_int_equal(guestram_map_host(&m, 5 * GIB, &run), 0);
	assert_int_equal(guestram_map_host(&m, UINT64_MAX, &run), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_ram_of_a_process_is_read),
		cmocka_unit_test(save_states_are_found_and_nothing_else),
		cmocka_unit_test(what_cannot_be_read_is_told),
		cmocka_unit_test(sizes_are_read_as_qemu_does),
		cmocka_unit_test(the_hole_stands_where_the_machine_has_it),
		cmocka_unit_test(addresses_above_the_hole_are_behind_it_in_the_mapping),
	};

	if (argc > 1 && !strncmp(argv[0], "qemu-system", 11))
		return child_main();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
