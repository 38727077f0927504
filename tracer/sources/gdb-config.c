/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The settings that SMM and CPU hot-plug depend on, as the machine has them: properties of QEMU's
 * objects, and configuration registers read through the ECAM window and the monitor as anybody outside
 * SMM sees them. Nothing is written, so the guest does not notice: never ports 0xcf8 and 0x510.
 * q35 only (Intel 3 Series and ICH9 datasheets; QEMU hw/pci-host/q35.c, hw/isa/lpc_ich9.c).
 */
#include "gdb-internal.h"

#include <stdarg.h>
#include <stdio.h>

#define MCH "/machine/q35/mch"
#define LPC "/machine/acpi-device" /* a link: ICH9-LPC on q35 */

#define EVERY_NS 500000000ll /* until SMRAM is locked */
#define ECAM_LPC 0xf8000u    /* 0:1f.0 */
#define MCH_9C 0x9cu         /* with 0x9d, 0x9e, and up to TSEGMB at 0xac: five words */
#define LPC_GEN_PMCON 0xa0u
#define PM_SMI_EN 0x30u
#define D_LCK 0x10u
#define T_EN 1u
#define MIB 0x100000ull

static void put(struct gdb *g, int64_t ts, enum config_reg reg, bool known, uint64_t value)
{
	struct config *c = &g->config;
	struct event ev = event_new(EV_CONFIG, SRC_GDB, CPU_UNKNOWN, ts);

	if (c->told[reg] && c->known[reg] == known && (!known || c->value[reg] == value))
		return;
	c->told[reg] = true;
	c->known[reg] = known;
	c->value[reg] = value;
	event_set(&ev, CONFIG_REG, reg);
	if (known)
		event_set(&ev, CONFIG_VALUE, value);
	gdb_put(g, ev);
}

static bool ask(struct gdb *g, char *reply, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static bool ask(struct gdb *g, char *reply, size_t size, const char *fmt, ...)
{
	char command[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	return rsp_monitor_text(g->rsp, command, reply, size, NULL) >= 0;
}

static bool property(struct gdb *g, const char *object, const char *name, uint64_t *value)
{
	char reply[256];

	return ask(g, reply, sizeof(reply), "qom-get %s %s", object, name) && monitor_value(reply, value);
}

/* Words of the system address space, which is not SMM's. */
static bool words(struct gdb *g, uint64_t addr, uint32_t *out, int n)
{
	char reply[512];

	return ask(g, reply, sizeof(reply), "xp /%dwx 0x%llx", n, (unsigned long long)addr) &&
	       monitor_words(reply, out, n) == n;
}

/* ---- what never changes ---- */

static void ask_once(struct gdb *g, int64_t ts)
{
	static const char *const feature[] = { "x-smi-broadcast", "x-smi-cpu-hotplug", "x-smi-cpu-hotunplug" };
	struct config *c = &g->config;
	uint64_t value, offered = 0;
	bool known = true;

	c->asked = true;
	c->q35 = property(g, MCH, "smbase-smram", &value);
	put(g, ts, CONFIG_SMBASE_SMRAM, c->q35, value);
	for (unsigned i = 0; i < sizeof(feature) / sizeof(*feature); i++) {
		known = known && c->q35 && property(g, LPC, feature[i], &value);
		offered |= known && value ? 1u << i : 0;
	}
	put(g, ts, CONFIG_SMI_SUPPORTED, known, offered);
	put(g, ts, CONFIG_SMI_REQUESTED, false, 0); /* QEMU shows only what came of it */
	if (c->q35 && property(g, MCH, "extended-tseg-mbytes", &value))
		c->ext_tseg = value * MIB;
}

/* ---- registers ---- */

/* ESMRAMC bits 2:1; 11 is QEMU's extended size. 0 = there is no TSEG, or its size is not known. */
static uint64_t tseg_size(const struct config *c, unsigned esmramc)
{
	const uint64_t size[] = { MIB, 2 * MIB, 8 * MIB, c->ext_tseg };

	return esmramc & T_EN ? size[esmramc >> 1 & 3] : 0;
}

static void read_mch(struct gdb *g, int64_t ts, bool enabled, uint64_t ecam)
{
	uint32_t w[5] = { 0 }, outside;
	bool known = enabled && words(g, ecam + MCH_9C, w, 5), tseg;
	uint64_t base = w[4] & 0xfff00000u, size = known ? tseg_size(&g->config, w[0] >> 16 & 0xff) : 0;

	put(g, ts, CONFIG_MCH_9C, known, w[0] & 0xff);
	put(g, ts, CONFIG_MCH_9D, known, w[0] >> 8 & 0xff);
	put(g, ts, CONFIG_MCH_9E, known, w[0] >> 16 & 0xff);
	tseg = known && size && base;
	put(g, ts, CONFIG_TSEG_BASE, tseg, base);
	put(g, ts, CONFIG_TSEG_SIZE, known && size, size);
	tseg = tseg && words(g, base, &outside, 1);
	put(g, ts, CONFIG_TSEG_OUTSIDE, tseg, outside);
}

static void read_lpc(struct gdb *g, int64_t ts, bool enabled, uint64_t ecam)
{
	char reply[128];
	uint32_t pmcon = 0;
	uint64_t smi_en = 0, pm_base = 0;
	bool known = enabled && words(g, ecam + ECAM_LPC + LPC_GEN_PMCON, &pmcon, 1);

	put(g, ts, CONFIG_GEN_PMCON, known, pmcon & 0xffff);
	known = g->config.q35 && property(g, LPC, "pm_io_base", &pm_base) && pm_base &&
		ask(g, reply, sizeof(reply), "i /w 0x%llx", (unsigned long long)pm_base + PM_SMI_EN) &&
		monitor_value(reply, &smi_en);
	put(g, ts, CONFIG_SMI_EN, known, smi_en);
}

void gdb_config_read(struct gdb *g, int64_t ts)
{
	struct config *c = &g->config;
	uint64_t ecam = UINT64_MAX, negotiated = 0;
	uint32_t outside = 0;
	bool enabled, known;

	g->config_due = false;
	c->read_ns = ts;
	if (!c->asked)
		ask_once(g, ts);
	known = c->q35 && property(g, LPC, "x-smi-negotiated-features", &negotiated);
	put(g, ts, CONFIG_SMI_NEGOTIATED, known, negotiated);
	enabled = c->q35 && property(g, "/machine/q35", "MCFG", &ecam) && ecam != UINT64_MAX;
	read_mch(g, ts, enabled, ecam);
	read_lpc(g, ts, enabled, ecam);
	known = words(g, SMBASE_DEFAULT + SMM_ENTRY_OFFSET, &outside, 1);
	put(g, ts, CONFIG_DEFAULT_OUTSIDE, known, outside);
}

/* Firmware sets all this while it boots, and then locks it. */
void gdb_config_at_stop(struct gdb *g, int64_t ts)
{
	struct config *c = &g->config;
	bool locked = c->known[CONFIG_MCH_9D] && c->value[CONFIG_MCH_9D] & D_LCK;

	if (atomic_exchange(&g->tap.hotplug_smi, false))
		g->config_due = true;
	if (g->config_due || (c->q35 && !locked && ts - c->read_ns >= EVERY_NS))
		gdb_config_read(g, ts);
}
