/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "os.h"

#include "../common/cpuhp.h"
#include "chipset.h"
#include "config.h"
#include "console.h"
#include "cpu.h"
#include "cpus.h"
#include "timer.h"

#define SCAN_US 250000 /* that an OS takes from the GPE to the SMI ... */
#define OS_US 20000    /* ... and from the SMI to the INIT */

static unsigned online;

/* ---- SMIs ---- */

/* Under TCG the SMI comes a few instructions late, but before the one behind `pause`. */
static void raise_smi(uint8_t command, uint8_t argument)
{
	outb(APM_STS, argument);
	outb(APM_CNT, command);
	pause();
}

static uint8_t hotplug_command(void)
{
	switch (config.bug) {
	case BUG_COMMAND_0: return 0;
	case BUG_COMMAND_2: return 2;
	case BUG_COMMAND_3: return 3;
	case BUG_COMMAND_5: return 5;
	default: return APM_CPU_HOTPLUG;
	}
}

/* What CPU 1 does meanwhile, when it holds its SMIs back. */
static void keep_cpu_1_out(void)
{
	if (seeded(BUG_AP_MISSING))
		cpu_hold_smis(1, 1500000); /* the monarch waits for 1 s, twice */
	if (seeded(BUG_MONARCH_DOES_NOT_WAIT))
		cpu_hold_smis(1, 500000);
	if (seeded(BUG_COMMAND_OVERWRITTEN))
		cpu_hold_smis(1, 4000000);
}

static void ask_firmware(void)
{
	uint8_t command = hotplug_command();

	keep_cpu_1_out();
	if (seeded(BUG_NO_COMMAND))
		return;
	say("os: command %u to port 0xb2", command);
	raise_smi(command, 0);
	if (seeded(BUG_RELOCATED_AGAIN))
		raise_smi(command, 0);
}

/* ---- one CPU ---- */

struct event {
	unsigned selector, apic_id;
	uint8_t status;
};

static void clear(const struct event *e, uint8_t what)
{
	cpuhp_select(e->selector);
	cpuhp_set_status(what);
}

static void clear_insert(const struct event *e)
{
	if (seeded(BUG_EVENT_NOT_CLEARED))
		return;
	clear(e, CPUHP_INSERT);
	say("os: the event of CPU %u is cleared", e->apic_id);
}

static void start(const struct event *e)
{
	say("os: INIT and SIPI to CPU %u", e->apic_id);
	wait_us(OS_US);
	if (cpu_start(e->apic_id))
		say("os: CPU %u is online, %u in all", e->apic_id, ++online);
	else
		say("os: CPU %u does not start", e->apic_id);
}

static void plug(const struct event *e)
{
	say("os: CPU %u was plugged", e->apic_id);
	if (seeded(BUG_EVENT_CLEARED_EARLY))
		clear_insert(e);
	if (seeded(BUG_OS_SIPI_EARLY))
		start(e);
	ask_firmware();
	if (!seeded(BUG_EVENT_CLEARED_EARLY))
		clear_insert(e);
	if (!seeded(BUG_OS_SIPI_EARLY))
		start(e);
}

static void unplug(const struct event *e)
{
	say("os: CPU %u shall go", e->apic_id);
	clear(e, CPUHP_REMOVE);
	online--;
	if (seeded(BUG_EJECTED_BY_OS)) {
		clear(e, CPUHP_EJECT);
		return;
	}
	clear(e, CPUHP_FW_REMOVE);
	ask_firmware();
	cpuhp_select(e->selector);
	say("os: CPU %u is %s, %u are left", e->apic_id, cpuhp_status() & CPUHP_ENABLED ? "still here" : "gone",
	    online);
}

/* ---- the GPE's handler: as \_SB.CPUS.CSCN, but one CPU after the other ---- */

/* The next CPU from @from on with an event; false: there is none. */
static bool next_event(unsigned from, struct event *e)
{
	cpuhp_select(from);
	e->selector = cpuhp_command(CPUHP_GET_PENDING);
	e->status = cpuhp_status();
	if (e->selector < from || !(e->status & (CPUHP_INSERT | CPUHP_REMOVE)))
		return false;
	if (e->selector >= MAX_CPUS) {
		say("os: CPU %u is more than this machine can use", e->selector);
		return false;
	}
	e->apic_id = e->selector; /* an OS has it from the MADT; command 3 is the firmware's */
	return true;
}

/* BUG_TWO_AT_ONCE: there is a second one. */
static void await_event(unsigned from)
{
	struct event e;

	while (!next_event(from, &e))
		pause();
}

static void scan(void)
{
	struct event e;

	for (unsigned from = 0; from < MAX_CPUS && next_event(from, &e); from = e.selector + 1) {
		if (seeded(BUG_TWO_AT_ONCE) && online == 1)
			await_event(e.selector + 1);
		wait_us(SCAN_US);
		if (e.status & CPUHP_REMOVE)
			unplug(&e);
		else
			plug(&e);
	}
}

static void on_gpe(void)
{
	outw(PMBASE + GPE0_STS, GPE0_CPU_HOTPLUG);
	scan();
	raise_smi(APM_COMMUNICATE, 0); /* as a variable service does: each CPU enters SMM at its own SMBASE */
	say("os: idle");
}

/* ---- */

static void misbehave(void)
{
	struct timer t = timer_start(20000000);

	if (seeded(BUG_SPURIOUS_COMMAND))
		raise_smi(APM_CPU_HOTPLUG, 0);
	while (seeded(BUG_SMI_STORM) && !timer_over(&t))
		raise_smi(APM_COMMUNICATE, 0);
}

void os_run(unsigned cpus)
{
	online = cpus;
	if (seeded(BUG_AP_MISSING) || seeded(BUG_MONARCH_DOES_NOT_WAIT) || seeded(BUG_COMMAND_OVERWRITTEN))
		cpus_keep_awake();
	raise_smi(APM_COMMUNICATE, 0);
	say("os: ready, %u online", online);
	misbehave();
	for (;;) {
		if (inw(PMBASE + GPE0_STS) & GPE0_CPU_HOTPLUG)
			on_gpe();
		wait_us(1000);
	}
}
