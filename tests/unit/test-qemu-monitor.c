/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The monitor's answers as QEMU 7.2 prints them (lines end in CR LF), and damaged ones. */
#include "../../tracer/sources/qemu-monitor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define EOL "\r\n"

static const char cpus_text[] =
	"* CPU #0: thread_id=968" EOL
	"  CPU #1: thread_id=969" EOL
	"  CPU #3: thread_id=972" EOL;

/* CPU 0 at an SMI's first instruction, CPU 1 halted in 64-bit mode, CPU 2 in 32-bit code. */
static const char registers_text[] =
	EOL "CPU#0" EOL
	"EAX=00000000 EBX=00000000 ECX=00000000 EDX=00060fb1" EOL
	"ESI=00000000 EDI=00000000 EBP=00000000 ESP=00006f94" EOL
	"EIP=00008000 EFL=00000002 [-------] CPL=0 II=0 A20=1 SMM=1 HLT=0" EOL
	"ES =0000 00000000 ffffffff 00809300" EOL
	"CS =bd00 1ffbd000 ffffffff 00809300" EOL
	"SS =0000 00000000 ffffffff 00809300" EOL
	"GDT=     00000000 0000ffff" EOL
	"CR0=60000010 CR2=00000000 CR3=00000000 CR4=00000000" EOL
	"DR6=00000000ffff0ff0 DR7=0000000000000400" EOL
	"EFER=0000000000000000" EOL
	"FCW=037f FSW=0000 [ST=0] FTW=00 MXCSR=00001f80" EOL
	EOL "CPU#1" EOL
	"RAX=0000000000000000 RBX=000000001e0ca018 RCX=0000000000000001 RDX=00000000178bfbfd" EOL
	"RSI=000000001e0c9000 RDI=0000000000000000 RBP=000000001ee9d4c0 RSP=000000001e0bafb0" EOL
	"R8 =0000000000000000 R9 =0000000000000000 R10=0000000000000000 R11=0000000000000000" EOL
	"RIP=000000001e0c9731 RFL=00000046 [---Z-P-] CPL=0 II=0 A20=1 SMM=0 HLT=1" EOL
	"ES =0030 0000000000000000 ffffffff 00cf9300 DPL=0 DS   [-WA]" EOL
	"CS =0038 0000000000000000 ffffffff 00af9a00 DPL=0 CS64 [-R-]" EOL
	"CR0=80010033 CR2=0000000000000000 CR3=000000001e801000 CR4=00000668" EOL
	"EFER=0000000000000d00" EOL
	EOL "CPU#2" EOL
	"EAX=000f49f6 EBX=00000000 ECX=000002ff EDX=00000001" EOL
	"ESI=00000000 EDI=00000000 EBP=00000000 ESP=00006c5c" EOL
	"EIP=000fd09a EFL=00000002 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=1" EOL
	"CS =0008 00000000 ffffffff 00cf9b00 DPL=0 CS32 [-RA]" EOL
	"DS =0010 00000010 ffffffff 00cf9300 DPL=0 DS   [-WA]" EOL
	"CR0=00000011 CR2=00000000 CR3=00000000 CR4=00000000" EOL;

#define SLOT_HEAD "  type: \"qemu64-x86_64-cpu\"" EOL "  vcpus_count: \"1\"" EOL
#define SLOT_TAIL(core) "  CPUInstance Properties:" EOL "    socket-id: \"0\"" EOL "    core-id: \"" core "\"" EOL \
	"    thread-id: \"0\"" EOL
static const char slots_text[] =
	"Hotpluggable CPUs:" EOL
	SLOT_HEAD SLOT_TAIL("3")
	SLOT_HEAD "  qom_path: \"/machine/peripheral/h\"" EOL SLOT_TAIL("2")
	SLOT_HEAD "  qom_path: \"/machine/unattached/device[2]\"" EOL SLOT_TAIL("1")
	SLOT_HEAD "  qom_path: \"/machine/unattached/device[0]\"" EOL SLOT_TAIL("0");

static void registers_of_every_cpu(void **state)
{
	struct monitor_regs r[4];

	(void)state;
	assert_int_equal(monitor_registers(registers_text, r, 4), 3);
	assert_true(r[0].cpu == 0 && r[1].cpu == 1 && r[2].cpu == 2);
	assert_int_equal(r[0].rip, 0x8000);
	assert_int_equal(r[0].rsp, 0x6f94);
	assert_int_equal(r[0].cs, 0xbd00);
	assert_int_equal(r[0].cs_base, 0x1ffbd000);
	assert_int_equal(r[0].cr0, 0x60000010);
	assert_true(r[0].in_smm && !r[0].halted);
	assert_false(r[0].code64);
	assert_int_equal(r[1].rip, 0x1e0c9731);
	assert_int_equal(r[1].rsp, 0x1e0bafb0);
	assert_int_equal(r[1].cs, 0x38);
	assert_int_equal(r[1].cr0, 0x80010033);
	assert_true(!r[1].in_smm && r[1].halted && r[1].code64);
	assert_int_equal(r[2].rip, 0xfd09a);
	assert_int_equal(r[2].cs_base, 0);
	assert_int_equal(r[2].ds_base, 0x10);
	assert_true(r[2].code32 && !r[2].code64 && !r[0].code32 && !r[1].code32);
}

static void no_more_cpus_than_there_is_room_for(void **state)
{
	struct monitor_regs r[2] = { { 0 } };

	(void)state;
	assert_int_equal(monitor_registers(registers_text, r, 1), 1);
	assert_int_equal(r[0].rip, 0x8000);
	assert_int_equal(r[1].rip, 0);
	assert_int_equal(monitor_registers(registers_text, r, 0), 0);
}

static void threads_of_every_cpu(void **state)
{
	int tid[8];

	(void)state;
	assert_int_equal(monitor_cpu_tids(cpus_text, tid, 8), 4);
	assert_true(tid[0] == 968 && tid[1] == 969 && tid[2] == 0 && tid[3] == 972);
	assert_int_equal(monitor_cpu_tids(cpus_text, tid, 2), 2);
	assert_int_equal(monitor_cpu_tids("  CPU #-1: thread_id=7" EOL "CPU #x" EOL "CPU #1:" EOL, tid, 8), 0);
}

static void the_path_of_every_present_cpu(void **state)
{
	char path[64];

	(void)state;
	assert_true(monitor_cpu_path(slots_text, 0, path, sizeof(path)));
	assert_string_equal(path, "/machine/unattached/device[0]");
	assert_true(monitor_cpu_path(slots_text, 1, path, sizeof(path)));
	assert_string_equal(path, "/machine/unattached/device[2]");
	assert_true(monitor_cpu_path(slots_text, 2, path, sizeof(path)));
	assert_string_equal(path, "/machine/peripheral/h");
	assert_false(monitor_cpu_path(slots_text, 3, path, sizeof(path)));
	assert_false(monitor_cpu_path(slots_text, 4, path, sizeof(path)));
	assert_false(monitor_cpu_path(slots_text, -1, path, sizeof(path)));
	assert_false(monitor_cpu_path("unknown command: 'info'" EOL, 0, path, sizeof(path)));
}

static void a_cut_text_never_harms(void **state)
{
	static const char *const texts[] = { registers_text, cpus_text, slots_text };
	struct monitor_regs r[4];
	char path[64];
	int tid[8];

	(void)state;
	for (size_t t = 0; t < sizeof(texts) / sizeof(texts[0]); t++)
		for (size_t len = 0; len < strlen(texts[t]); len++) {
			char *cut = strndup(texts[t], len);

			assert_true(monitor_registers(cut, r, 4) <= 3);
			assert_true(monitor_cpu_tids(cut, tid, 8) <= 4);
			monitor_cpu_path(cut, 0, path, sizeof(path));
			free(cut);
		}
}

/* 256 CPUs in real mode: no line has a RIP, and looking for one must end with the line. */
static void a_long_text_is_read_once(void **state)
{
	enum { CPUS = 256, FILLER = 60 };
	static const char filler[] = "XMM00=0000000000000000 0000000000000000 XMM01=0000000000000000 0000000000000000\n";
	static const char cpu[] = "CPU#0\nEIP=0000fff0 EFL=00000002 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=1\n";
	char *text = malloc(CPUS * (sizeof(cpu) + FILLER * sizeof(filler))), *at = text;
	struct monitor_regs *r = calloc(CPUS, sizeof(*r));
	clock_t began;

	(void)state;
	for (int i = 0; i < CPUS; i++) {
		at = stpcpy(at, cpu);
		for (int k = 0; k < FILLER; k++)
			at = stpcpy(at, filler);
	}
	began = clock();
	assert_int_equal(monitor_registers(text, r, CPUS), CPUS);
	assert_true(clock() - began < CLOCKS_PER_SEC);
	assert_true(r[255].rip == 0xfff0 && r[255].halted);
	free(text);
	free(r);
}

static void values_of_properties_and_ports(void **state)
{
	static const struct {
		const char *text;
		bool good;
		uint64_t value;
	} cases[] = {
		{ "true\r\n", true, 1 }, { "false\r\n", true, 0 }, { "1536\r\n", true, 1536 },
		{ "2952790016", true, 0xb0000000 }, { "18446744073709551615\n", true, UINT64_MAX },
		{ "portl[0x0630] = 0x00000021\r\n", true, 0x21 },
		{ "Error: Device '/machine/q35' not found\r\n", false, 0 }, { "", false, 0 },
		{ "\"/machine/unattached/device[2]\"\r\n", false, 0 }, { "12 apples", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t value = 0;

		assert_int_equal(monitor_value(cases[i].text, &value), cases[i].good);
		assert_true(!cases[i].good || value == cases[i].value);
	}
}

static void words_of_memory(void **state)
{
	uint32_t w[5];

	(void)state;
	assert_int_equal(monitor_words("00000000b000009c: 0x00381a02 0x00000000 0x00000000 0x00000000\r\n"
				       "00000000b00000ac: 0x0f000000\r\n", w, 5), 5);
	assert_true(w[0] == 0x381a02 && w[4] == 0x0f000000);
	assert_int_equal(monitor_words("0: 0x1 0x2 0x3\r\n", w, 2), 2);
	assert_int_equal(monitor_words("00000000b0000090: Cannot access memory\r\n", w, 5), 0);
	assert_int_equal(monitor_words("", w, 5), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers_of_every_cpu),
		cmocka_unit_test(no_more_cpus_than_there_is_room_for),
		cmocka_unit_test(threads_of_every_cpu),
		cmocka_unit_test(the_path_of_every_present_cpu),
		cmocka_unit_test(a_cut_text_never_harms),
		cmocka_unit_test(a_long_text_is_read_once),
		cmocka_unit_test(values_of_properties_and_ports),
		cmocka_unit_test(words_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
