/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * QEMU's q35: the MCH (hw/pci-host/q35.c; Intel's document 319970), the ICH9's LPC device
 * (hw/isa/lpc_ich9.c; 316972) and what SMM needs of them.
 */
#ifndef CHIPSET_H
#define CHIPSET_H

#include <stdint.h>

/* ---- ports ---- */

#define APM_CNT 0xb2 /* a write raises an SMI; reads what was written last, by any CPU */
#define APM_STS 0xb3 /* goes along with it */

#define PMBASE 0x600
#define PM_TIMER 0x08
#define GPE0_STS 0x20
#define GPE0_CPU_HOTPLUG (1u << 2)
#define SMI_EN 0x30

#define APM_COMMUNICATE 0 /* the commands of port 0xb2 */
#define APM_CPU_HOTPLUG 4

/* PCI space by memory, PM registers, TSEG's address; SMIs by port 0xb2 on. */
void chipset_init(void);

/* No OS can switch SMIs off as a whole until the next reset; APMC_EN alone has no lock. */
void smi_lock(void);

/* The address of TSEG, whether it is open or not. */
uint32_t tseg_base(void);

/* The 128 KiB at the default SMBASE are RAM that nobody else uses; -1: this machine has no such thing. */
int smbase_window_open(void);

/* Hide TSEG and the 128 KiB outside SMM ... */
void smram_close(void);
/* ... until the next reset. */
void smram_lock(void);

#endif
