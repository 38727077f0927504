/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whom kick chooses, and what it says to a stub that does not play along. */
#include "../../tracer/kick-internal.h"
#include "fake-stub.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct error err;
static struct kick_plan plan;

/* ---- the choice ---- */

static struct kick_cpu monarch(int cpu)
{
	return (struct kick_cpu){
		.regs = { .cpu = cpu, .rip = 0xf9dfd42, .cr0 = 0x80010033, .cs = 0x38, .in_smm = true,
			  .code64 = true },
		.polls = true, .spin = { 0x3000c, 1 },
	};
}

/* An AP in the rendezvous: its loop goes through a register and is not decoded. */
static struct kick_cpu ap(int cpu)
{
	struct kick_cpu c = monarch(cpu);

	c.polls = false;
	return c;
}

static struct kick_cpu penned(int cpu)
{
	return (struct kick_cpu){ .regs = { .cpu = cpu, .rip = 0xc, .cr0 = 0x60000010, .cs = 0x9f00, .halted = true } };
}

static struct kick_cpu runs(int cpu)
{
	return (struct kick_cpu){ .regs = { .cpu = cpu, .rip = 0xffff8000, .cr0 = 0x80010033, .code64 = true } };
}

#define SCENE(...) \
	(struct kick_scene){ .cpu = { __VA_ARGS__ }, .n = sizeof((struct kick_cpu[]){ __VA_ARGS__ }) / \
							    sizeof(struct kick_cpu) }

static void assert_refused(int rc, enum error_code code, const char *words)
{
	assert_int_equal(rc, -(int)code);
	assert_int_equal(err.code, code);
	if (!strstr(err.text, words))
		fail_msg("\"%s\" lacks \"%s\"", err.text, words);
}

static int choose(struct kick_scene s, int64_t cpu)
{
	return kick_choose(&s, &s, cpu, &plan, &err);
}

static void the_stock_hang_needs_no_name(void **state)
{
	(void)state;
	assert_int_equal(choose(SCENE(monarch(0), penned(1)), KICK_ANY_CPU), 0);
	assert_int_equal(plan.sender.regs.cpu, 0);
	assert_int_equal(plan.lost.regs.cpu, 1);
	assert_int_equal(choose(SCENE(ap(0), runs(1), penned(2), monarch(3)), KICK_ANY_CPU), 0);
	assert_int_equal(plan.sender.regs.cpu, 3); /* waits for a byte, the AP does not */
	assert_int_equal(plan.lost.regs.cpu, 2);
}

static void a_named_cpu_need_not_be_penned(void **state)
{
	(void)state;
	assert_int_equal(choose(SCENE(ap(0), runs(1)), 1), 0);
	assert_int_equal(plan.sender.regs.cpu, 0);
	assert_int_equal(choose(SCENE(monarch(0), penned(1), penned(2)), 2), 0);
	assert_int_equal(plan.lost.regs.cpu, 2);
}

static void what_does_not_hang_is_refused(void **state)
{
	struct kick_cpu halted = monarch(0), real_mode = monarch(0);

	(void)state;
	halted.regs.halted = true;
	real_mode.regs.code64 = false;
	assert_refused(choose(SCENE(runs(0), penned(1)), KICK_ANY_CPU), ERR_FINDING, "no CPU is in SMM");
	assert_refused(choose(SCENE(halted, penned(1)), KICK_ANY_CPU), ERR_FINDING, "none can send");
	assert_refused(choose(SCENE(real_mode, penned(1)), 1), ERR_FINDING, "64-bit");
	assert_refused(choose(SCENE(monarch(0), runs(1)), KICK_ANY_CPU), ERR_FINDING, "no CPU is halted");
	assert_refused(choose(SCENE(ap(0), penned(1)), KICK_ANY_CPU), ERR_FINDING, "not seen to wait");
	assert_refused(choose(SCENE(monarch(0), penned(1), penned(2)), KICK_ANY_CPU), ERR_FINDING,
		       "CPU 1 and CPU 2");
	assert_refused(choose(SCENE(monarch(0), penned(1)), 0), ERR_FINDING, "CPU 0 is in SMM itself");
	assert_refused(choose(SCENE(monarch(0), penned(1)), 2), ERR_USAGE, "no CPU 2");
	assert_refused(choose(SCENE(monarch(0), penned(1)), -1), ERR_USAGE, "no CPU -1");
}

static void firmware_of_32_bits_can_send(void **state)
{
	struct kick_cpu flat = monarch(0), segments;

	(void)state;
	flat.regs.code64 = false;
	flat.regs.code32 = true;
	segments = flat;
	segments.regs.ds_base = 0x7020000;
	assert_int_equal(choose(SCENE(flat, penned(1)), KICK_ANY_CPU), 0);
	assert_int_equal(plan.sender.regs.cpu, 0);
	assert_refused(choose(SCENE(segments, penned(1)), KICK_ANY_CPU), ERR_FINDING, "flat 32-bit");
}

/* In SMM at one look only, or waiting for something new, is at work. */
static void what_moves_is_not_stuck(void **state)
{
	struct kick_scene then = SCENE(runs(0), penned(1)), now = SCENE(monarch(0), penned(1));

	(void)state;
	assert_refused(kick_choose(&then, &now, KICK_ANY_CPU, &plan, &err), ERR_FINDING, "stays in SMM");
	then = now;
	then.cpu[0].polled = 1;
	assert_refused(kick_choose(&then, &now, KICK_ANY_CPU, &plan, &err), ERR_FINDING, "stays in SMM");
	then = now;
	then.cpu[1].regs.rip = 3;
	assert_refused(kick_choose(&then, &now, KICK_ANY_CPU, &plan, &err), ERR_FINDING, "no CPU is halted");
}

/* While recording a verdict names the CPU, and what it says may be over when it comes to the kick. */
static void what_went_on_since_the_verdict_is_not_kicked(void **state)
{
	(void)state;
	assert_int_equal(choose(SCENE(monarch(0), penned(1), penned(2)), 2), 0);
	assert_int_equal(kick_still_due(&plan, &err), 0);
	assert_int_equal(choose(SCENE(monarch(0), runs(1)), 1), 0);
	assert_refused(kick_still_due(&plan, &err), ERR_FINDING, "no longer halted");
	assert_int_equal(choose(SCENE(ap(0), penned(1)), 1), 0);
	assert_refused(kick_still_due(&plan, &err), ERR_FINDING, "no longer waits");
}

/* ---- a stub that refuses ---- */

static struct fake fake;
static char said[2048];

static void say(void *arg, const char *text)
{
	(void)arg;
	strncat(said, text, sizeof(said) - strlen(said) - 2);
	strcat(said, "\n");
}

/* "qRcmd,<hex of command>" and "O<hex of text>\nOK"; @slot is its place in the script. */
static struct fake_line command(int slot, const char *name, const char *text)
{
	static char requests[FAKE_LINES][128], replies[FAKE_LINES][2048];
	char *request = requests[slot], *reply = replies[slot];
	int at = sprintf(request, "qRcmd,");

	for (; *name; name++)
		at += sprintf(request + at, "%02x", (unsigned char)*name);
	at = sprintf(reply, "%s", *text ? "O" : "");
	for (; *text; text++)
		at += sprintf(reply + at, "%02x", (unsigned char)*text);
	strcat(reply, at ? "\nOK" : "OK");
	return (struct fake_line){ request, reply };
}

static const char registers[] =
	"\nCPU#0\nRIP=000000000f9dfd42 RFL=00000046 [---Z-P-] CPL=0 II=0 A20=1 SMM=1 HLT=0\n"
	"CS =0038 0000000000000000 ffffffff 00af9b00 DPL=0 CS64 [-RA]\nCR0=80010033 CR2=0000000000000000\n"
	"\nCPU#1\nEIP=0000000c EFL=00000002 [-------] CPL=0 II=0 A20=1 SMM=0 HLT=1\n"
	"CS =9f00 0009f000 0000ffff 00009b00\nCR0=60000010 CR2=00000000\n";

static const char slots[] = "  type: \"c\"\n  qom_path: \"/one\"\n  type: \"c\"\n  qom_path: \"/zero\"\n";

#define HELLO { "qSupported", "PacketSize=1000;multiprocess+" }, \
	{ "qqemu.sstepbits", "ENABLE=1,NOIRQ=2,NOTIMER=4" }, { "vCont?", "vCont;c;C;s;S" }, \
	{ "qfThreadInfo", "mp01.01,p01.02" }, { "qsThreadInfo", "l" }, { "H", "OK" }, { "D", "OK" }, \
	{ "qqemu.sstep", "0x7" }, { "vCont;c", "~" }, { "\003", "T02thread:p01.01;" }

/* The stock hang, up to the first thing that is written. The code is the loop of OVMF's monarch. */
static int fill(struct fake_line *lines, const char *kvm, const char *lapic, const char *gpa)
{
	static char g[1217];
	const struct fake_line first[] = { HELLO, { "mf9dfd22,40",
		"90909090909090909090909090909090909090"
		"8a04250c000300" "84c0" "7504" "f390" "ebf1" /* mov al,[0x3000c]; test; jne; pause; jmp */
		"909090909090909090909090909090909090909090909090909090909090" },
		{ "m3000c,1", "00" }, { "mf9dfd42,2", "ebf1" } };
	const char *const monitor[][2] = {
		{ "info kvm", kvm }, { "info registers -a", registers }, { "info hotpluggable-cpus", slots },
		{ "qom-get /one apic-id", "1\r\n" }, { "info lapic", lapic }, { "gva2gpa 0xfee00000", gpa },
		{ "info version", "8.2.0\r\n" }, { "info status", "VM status: paused\r\n" }, { "cpu 0", "" },
	};
	int n = 0;

	memset(g, '0', sizeof(g) - 1);
	memcpy(g + 16 * 16, "42fd9d0f", 8);
	for (; n < (int)(sizeof(first) / sizeof(first[0])); n++)
		lines[n] = first[n];
	for (size_t i = 0; i < sizeof(monitor) / sizeof(monitor[0]); i++, n++)
		lines[n] = command(n, monitor[i][0], monitor[i][1]);
	lines[n++] = (struct fake_line){ "g", g };
	return n;
}

/* It must refuse @lines with @code and @words. */
static void kick_fake(struct fake_line *lines, const char *words, enum error_code code)
{
	struct kick_args args = { .timeout_ms = 20000, .cpu = KICK_ANY_CPU, .say = say };
	int signal, rc;

	memset(&fake, 0, sizeof(fake));
	said[0] = '\0';
	fake.lines = lines;
	fake_start(&fake);
	args.target = fake.target;
	rc = kick_run(&args, &signal, &err);
	fake_end(&fake);
	assert_refused(rc, code, words);
}

static void kvm_is_refused(void **state)
{
	struct fake_line lines[FAKE_LINES] = { { NULL, NULL } };

	(void)state;
	fill(lines, "kvm support: enabled\r\n", "ICR2\t 0x00000000\n", "gpa: 0xfee00000\r\n");
	kick_fake(lines, "KVM", ERR_TARGET);
	assert_null(strstr(fake.log, "|M"));
}

static void steps_with_interrupts_are_refused(void **state)
{
	struct fake_line lines[FAKE_LINES] = { { NULL, NULL } };

	(void)state;
	fill(lines, "kvm support: disabled\r\n", "ICR2\t 0x00000000\n", "gpa: 0xfee00000\r\n");
	for (int i = 0; lines[i].request; i++)
		if (!strcmp(lines[i].request, "qqemu.sstep"))
			lines[i].reply = "0x1";
	kick_fake(lines, "interrupts in single steps (0x1)", ERR_TARGET);
	assert_null(strstr(fake.log, "|M"));
}

static void an_apic_elsewhere_is_refused(void **state)
{
	struct fake_line lines[FAKE_LINES] = { { NULL, NULL } };

	(void)state;
	fill(lines, "kvm support: disabled\r\n", "ICR2\t 0x00000000\n", "Unmapped\r\n");
	kick_fake(lines, "does not map the local APIC at 0xfee00000 (Unmapped)", ERR_FINDING);
	assert_null(strstr(fake.log, "|M"));
	assert_non_null(strstr(fake.log, "|D;1"));
}

/* What is written first is what stands there. */
static void a_stub_that_refuses_p_is_told(void **state)
{
	struct fake_line lines[FAKE_LINES] = { { NULL, NULL } };
	int n = fill(lines, "kvm support: disabled\r\n", "ICR2\t 0x00000000\n", "gpa: 0xfee00000\r\n");

	(void)state;
	lines[n++] = (struct fake_line){ "M", "OK" };
	lines[n] = (struct fake_line){ "P", "" };
	kick_fake(lines, "cannot write register", ERR_TARGET);
	assert_non_null(strstr(fake.log, "|Mf9dfd42,2:ebf1|"));
	assert_null(strstr(fake.log, ":8907"));
	assert_non_null(strstr(fake.log, "|D;1"));
	assert_null(strstr(said, "wr"));
}

static void a_stub_that_refuses_m_is_told(void **state)
{
	struct fake_line lines[FAKE_LINES] = { { NULL, NULL } };
	int n = fill(lines, "kvm support: disabled\r\n", "ICR2\t 0x00000000\n", "gpa: 0xfee00000\r\n");

	(void)state;
	lines[n++] = (struct fake_line){ "M", "E14" };
	lines[n] = (struct fake_line){ "P", "OK" };
	kick_fake(lines, "memory at 0xf9dfd42 was refused", ERR_TARGET);
	assert_null(strstr(fake.log, ":8907"));
	assert_non_null(strstr(fake.log, "|D;1"));
}

/* In x2APIC mode, or moved: ICR2 does not take the value. Nothing is sent, all is put back. */
static void an_apic_that_takes_no_write_is_refused(void **state)
{
	struct fake_line lines[FAKE_LINES] = { { NULL, NULL } };
	int n = fill(lines, "kvm support: disabled\r\n", "ICR2\t 0x00000000\n", "gpa: 0xfee00000\r\n");
	static char stepped[1217];
	const char *at, *g = lines[n - 1].reply;

	(void)state;
	memcpy(stepped, g, sizeof(stepped));
	memcpy(stepped + 16 * 16, "44", 2); /* RIP behind the instruction */
	lines[n++] = (struct fake_line){ "g", g }; /* target_desc_of() */
	lines[n++] = (struct fake_line){ "g", stepped };
	lines[n++] = (struct fake_line){ "g", g };
	lines[n++] = (struct fake_line){ "M", "OK" };
	lines[n++] = (struct fake_line){ "vCont;s", "T05thread:p01.01;" };
	lines[n] = (struct fake_line){ "P", "OK" };
	kick_fake(lines, "takes no write at 0xfee00310", ERR_FINDING);
	at = strstr(fake.log, "|Mf9dfd42,2:8907|");
	assert_non_null(at);
	assert_non_null(strstr(at, "|Mf9dfd42,2:ebf1|"));
	assert_null(strstr(at, "0003e0fe00000000")); /* the ICR's low half */
	assert_null(strstr(said, "an SMI"));
	assert_non_null(strstr(said, "restored eb f1"));
	assert_non_null(strstr(fake.log, "|D;1"));
}

/* All is written, sent and put back, and nobody moves. */
static void a_kick_without_effect_says_so(void **state)
{
	static const char *const icr2[] = { "0x00000000", "0x01000000", "0x01000000", "0x00000000" };
	struct fake_line lines[FAKE_LINES] = { { NULL, NULL } };
	int n = fill(lines, "kvm support: disabled\r\n", "ICR2\t 0x00000000\n", "gpa: 0xfee00000\r\n");
	static char stepped[1217];
	const char *g = lines[n - 1].reply;
	char text[32];

	(void)state;
	memcpy(stepped, g, sizeof(stepped));
	memcpy(stepped + 16 * 16, "44", 2);
	for (int i = 0; i < 5; i++)
		lines[n++] = (struct fake_line){ "g", i == 0 || i == 4 ? g : stepped };
	for (int i = 0; i < 4; i++, n++) {
		snprintf(text, sizeof(text), "ICR2\t %s\n", icr2[i]);
		lines[n] = command(n, "info lapic", text);
	}
	lines[n++] = (struct fake_line){ "M", "OK" };
	lines[n++] = (struct fake_line){ "vCont;s", "T05thread:p01.01;" };
	lines[n] = (struct fake_line){ "P", "OK" };
	kick_fake(lines, "no effect within 5 s: CPU 0 still waits; CPU 1 is not in SMM, halted at 9f00:000c",
		  ERR_FINDING);
	assert_non_null(strstr(said, "wrote 0x00004200"));
	assert_non_null(strstr(said, "read back: as before"));
	assert_non_null(strstr(fake.log, "|D;1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_stock_hang_needs_no_name),
		cmocka_unit_test(a_named_cpu_need_not_be_penned),
		cmocka_unit_test(what_does_not_hang_is_refused),
		cmocka_unit_test(firmware_of_32_bits_can_send), cmocka_unit_test(what_moves_is_not_stuck),
		cmocka_unit_test(what_went_on_since_the_verdict_is_not_kicked),
		cmocka_unit_test(kvm_is_refused),
		cmocka_unit_test(steps_with_interrupts_are_refused),
		cmocka_unit_test(an_apic_elsewhere_is_refused),
		cmocka_unit_test(a_stub_that_refuses_p_is_told),
		cmocka_unit_test(a_stub_that_refuses_m_is_told),
		cmocka_unit_test(an_apic_that_takes_no_write_is_refused),
		cmocka_unit_test(a_kick_without_effect_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
