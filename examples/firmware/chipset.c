/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "chipset.h"

#include "../common/port.h"
#include "config.h"
#include "layout.h"

/* ---- PCI configuration space by ports 0xcf8, 0xcfc ---- */

#define MCH 0x0000u /* bus 0, device 0, function 0 */
#define LPC 0xf800u /* 0:1f.0 */

static uint16_t select(uint32_t device, uint32_t reg)
{
	outl(0xcf8, 0x80000000u | device | (reg & ~3u));
	return (uint16_t)(0xcfc + (reg & 3));
}

static uint8_t pci_read(uint32_t device, uint32_t reg)
{
	return inb(select(device, reg));
}

static void pci_write(uint32_t device, uint32_t reg, uint8_t value)
{
	outb(select(device, reg), value);
}

static void pci_write_long(uint32_t device, uint32_t reg, uint32_t value)
{
	outl(select(device, reg), value);
}

/* ---- ICH9 ---- */

#define LPC_PMBASE 0x40
#define LPC_ACPI_CNTL 0x44
#define ACPI_EN 0x80
#define LPC_GEN_PMCON_1 0xa0
#define SMI_LOCK 0x10

#define SMI_EN_GLOBAL (1u << 0)
#define SMI_EN_APMC (1u << 5)

void smi_lock(void)
{
	if (!seeded(BUG_SMI_UNLOCKED))
		pci_write(LPC, LPC_GEN_PMCON_1, pci_read(LPC, LPC_GEN_PMCON_1) | SMI_LOCK);
}

/* ---- MCH ---- */

#define MCH_PCIEXBAR 0x60
#define PCIEXBAR 0xb0000000u
#define MCH_SMBASE_CTL 0x9c
#define SMBASE_CTL_QUERY 0xff
#define SMBASE_CTL_OPEN 0x01
#define SMBASE_CTL_LOCK 0x02
#define MCH_SMRAM 0x9d
#define SMRAM_BASE 0x02 /* always so */
#define SMRAM_ENABLE 0x08
#define SMRAM_D_LCK 0x10
#define MCH_ESMRAMC 0x9e
#define ESMRAMC_TSEG_1M 0x00
#define ESMRAMC_T_EN 0x01
#define MCH_TSEGMB 0xac

#define CMOS_ABOVE_16M 0x34 /* and 0x35: memory from 16 MiB on, in 64 KiB */

static uint32_t cmos(uint8_t reg)
{
	outb(0x70, reg);
	return inb(0x71);
}

static uint32_t memory_end(void)
{
	return 0x1000000u + ((cmos(CMOS_ABOVE_16M + 1) << 8 | cmos(CMOS_ABOVE_16M)) << 16);
}

uint32_t tseg_base(void)
{
	return memory_end() - TSEG_SIZE;
}

void chipset_init(void)
{
	pci_write_long(MCH, MCH_PCIEXBAR, PCIEXBAR | 1);
	pci_write_long(MCH, MCH_TSEGMB, tseg_base());
	pci_write_long(LPC, LPC_PMBASE, PMBASE | 1);
	pci_write(LPC, LPC_ACPI_CNTL, ACPI_EN);
	outl(PMBASE + SMI_EN, SMI_EN_GLOBAL | SMI_EN_APMC);
}

int smbase_window_open(void)
{
	pci_write(MCH, MCH_SMBASE_CTL, SMBASE_CTL_QUERY);
	return pci_read(MCH, MCH_SMBASE_CTL) == SMBASE_CTL_OPEN ? 0 : -1;
}

void smram_close(void)
{
	if (!seeded(BUG_SMRAM_OPEN))
		pci_write(MCH, MCH_ESMRAMC, ESMRAMC_TSEG_1M | ESMRAMC_T_EN);
}

void smram_lock(void)
{
	if (!seeded(BUG_WINDOW_UNLOCKED))
		pci_write(MCH, MCH_SMBASE_CTL, SMBASE_CTL_LOCK);
	if (!seeded(BUG_SMRAM_UNLOCKED))
		pci_write(MCH, MCH_SMRAM, SMRAM_BASE | SMRAM_ENABLE | SMRAM_D_LCK);
}
