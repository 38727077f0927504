/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The 2019 design's steps (a) to (f): "CPU hotplug using SMM", edk2-devel and qemu-devel, October 2019. All CPUs
 * that the firmware knows are in SMM; the new ones are in wait-for-SIPI, with the broadcast SMI pending.
 */
#include "../../common/apic.h"
#include "../../common/cpuhp.h"
#include "../console.h"
#include "../cpu.h"
#include "../timer.h"
#include "smm.h"

#define PEN_FLAG (PEN_PAGE + 0xfff)
#define SETTLE_US 100000

volatile bool plugging;
static unsigned relocated; /* in this SMI */

/* The GET_PENDING command moves the selector to the next CPU with an event, and wraps. */
struct pending enumerate(void)
{
	struct pending p = { 0 };

	for (unsigned from = 0; from < MAX_CPUS && p.n < MAX_CPUS;) {
		cpuhp_select(from);
		unsigned selector = cpuhp_command(CPUHP_GET_PENDING);
		uint8_t status = cpuhp_status();

		if (selector < from || !(status & (CPUHP_INSERT | CPUHP_REMOVE | CPUHP_FW_REMOVE)))
			break;
		from = selector + 1;
		unsigned apic_id = cpuhp_command(CPUHP_GET_ARCH_ID);

		if (apic_id >= MAX_CPUS)
			continue; /* there is no tile for it */
		p.cpu[p.n].selector = selector;
		p.cpu[p.n].status = status;
		p.cpu[p.n++].apic_id = apic_id;
	}
	return p;
}

static bool is_new(const struct pending *p, unsigned i)
{
	return (p->cpu[i].status & (CPUHP_INSERT | CPUHP_ENABLED)) == (CPUHP_INSERT | CPUHP_ENABLED) &&
	       (!smm_cpu[p->cpu[i].apic_id].present || seeded(BUG_RELOCATED_AGAIN));
}

/* ---- (a) ---- */

/*
 * QEMU's TCG gives the broadcast SMI to a CPU that waits for a SIPI, and does not hold back an INIT in SMM: so
 * let it come through the NOP handler and to rest (reset.S). A real CPU does neither; then this only takes time.
 */
static void let_it_settle(unsigned apic_id)
{
	struct timer t = timer_start(SETTLE_US);

	while (!*byte_at(ROM_MARKS + apic_id) && !timer_over(&t))
		pause();
	*byte_at(ROM_MARKS + apic_id) = 0;
}

/* No CPU of ours can send an IPI, since all are here; what was sent before must have arrived. */
static void let_all_settle(const struct pending *p)
{
	while (apic_read(APIC_ICR_LOW) & ICR_PENDING)
		pause();
	for (unsigned i = 0; i < p->n; i++)
		if (is_new(p, i))
			let_it_settle(p->cpu[i].apic_id);
	wait_us(1000);
	say("smm: (a) no INIT or SIPI is on its way");
}

/* ---- (b) ---- */

static uint32_t choose_smbase(unsigned apic_id)
{
	uint32_t mine = smm_cpu[apic_id].smbase;

	switch (config.bug) {
	case BUG_SAME_SMBASE: return smm_cpu[0].smbase;
	case BUG_OVERLAPPING_SMBASE: return smm_cpu[0].smbase + 0x100;
	case BUG_SMBASE_OUTSIDE_TSEG: return 0x400000;
	case BUG_SMBASE_UNALIGNED: return mine + 0x440;
	case BUG_SMBASE_DEFAULT: return DEFAULT_SMBASE;
	default: return mine;
	}
}

static void make_handler_ready(unsigned apic_id)
{
	uint32_t smbase = choose_smbase(apic_id);

	if (seeded(BUG_SMBASE_OUTSIDE_TSEG) || seeded(BUG_SMBASE_UNALIGNED))
		tile_make(smbase, apic_id);
	*word_at(NEW_SMBASE) = smbase;
	*byte_at(ABOUT_TO_LEAVE) = 0;
	*byte_at(PEN_FLAG) = 0;
	if (!seeded(BUG_NO_HANDLER))
		install_plug_handler();
	if (seeded(BUG_SMBASE_WRITTEN_BY_MONARCH))
		*word_at(DEFAULT_SMBASE + SMBASE_SLOT) = smbase;
	say("smm: (b) the relocation handler is in place, SMBASE %x for CPU %u", (unsigned)smbase, apic_id);
}

/* ---- (c) ---- */

/* BUG_INIT_IN_SMM: it is in the handler already, which does not let it go. */
static void send_smi_too_early(unsigned apic_id)
{
	apic_send(apic_id, ICR_SMI);
	wait_us(20000);
}

static void send_init_sipi_sipi(unsigned apic_id)
{
	unsigned page = (seeded(BUG_WRONG_SIPI_VECTOR) ? 0xf0000 : PEN_PAGE) >> 12;
	unsigned to = seeded(BUG_WRONG_APIC_ID) ? MAX_CPUS - 1 : apic_id;

	if (seeded(BUG_INIT_IN_SMM))
		send_smi_too_early(apic_id);
	if (seeded(BUG_SIPI_TO_RUNNING))
		apic_send(1, ICR_SIPI | page);
	apic_send(to, ICR_INIT);
	wait_us(10000);
	for (int i = 0; i < 2; i++) {
		apic_send(to, ICR_SIPI | page);
		wait_us(200);
	}
	say("smm: (c) INIT and SIPI to CPU %u", apic_id);
}

/* ---- (d) ---- */

static void await(uint32_t flag)
{
	while (!*byte_at(flag))
		pause();
}

/* Order SIPI first: a CPU that runs in the pen has no SMI pending, so send it one. */
static void send_smi_if_needed(unsigned apic_id)
{
	while (!*byte_at(PEN_FLAG) && !*byte_at(ABOUT_TO_LEAVE))
		pause();
	if (*byte_at(ABOUT_TO_LEAVE))
		return;
	*byte_at(PEN_FLAG) = 0;
	say("smm: (d) CPU %u is in the pen without an SMI, it is sent one", apic_id);
	apic_send(apic_id, ICR_SMI);
}

static void await_relocation(unsigned apic_id)
{
	if (config.order == ORDER_SIPI_FIRST && !(seeded(BUG_SECOND_PLUG) && relocated))
		send_smi_if_needed(apic_id);
	await(ABOUT_TO_LEAVE);
	await(PEN_FLAG);
	if (seeded(BUG_SIPI_AFTER_RELOCATION)) {
		wait_us(200000); /* TCG wakes a halted CPU for a second SIPI, so that the flag may be too early */
		apic_send(apic_id, ICR_SIPI | PEN_PAGE >> 12);
	}
	say("smm: (d) CPU %u has its SMBASE and is in the pen", apic_id);
}

/* ---- (e) ---- */

static void add_processor(unsigned apic_id)
{
	relocated++;
	smm_cpu[apic_id].present = true;
	say("smm: (e) CPU %u takes part from now on", apic_id);
}

static void relocate(unsigned apic_id)
{
	make_handler_ready(apic_id);
	send_init_sipi_sipi(apic_id);
	await_relocation(apic_id);
	add_processor(apic_id);
}

/* BUG_TWO_AT_ONCE: the handler holds them until both are in it. */
static void relocate_at_once(const struct pending *p)
{
	make_handler_ready(p->cpu[0].apic_id);
	for (unsigned i = 0; i < p->n; i++)
		send_init_sipi_sipi(p->cpu[i].apic_id);
	for (unsigned i = 0; i < p->n; i++) {
		*byte_at(DAWDLES) = 0;
		apic_send(p->cpu[i].apic_id, ICR_SMI);
		await(DAWDLES);
	}
	*byte_at(GO_ON) = 1;
	wait_us(20000);
}

static void relocate_each(const struct pending *p)
{
	relocated = 0;
	for (unsigned i = 0; i < p->n; i++)
		if (is_new(p, i))
			relocate(p->cpu[i].apic_id);
}

/* ---- (f) ---- */

static void put_nop_handler_back(void)
{
	if (!seeded(BUG_NOP_NOT_RESTORED))
		install_nop_handler();
	say("smm: (f) the NOP handler is back");
}

void plug_all(const struct pending *p)
{
	unsigned left = 0;

	for (unsigned i = 0; i < p->n; i++)
		left += is_new(p, i);
	if (!left)
		return;
	plugging = true;
	let_all_settle(p);
	if (seeded(BUG_TWO_AT_ONCE) && p->n > 1)
		relocate_at_once(p);
	else
		relocate_each(p);
	put_nop_handler_back();
	plugging = false;
}
