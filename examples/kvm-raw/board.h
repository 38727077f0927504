/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The machine of kvm-raw: where things lie in its 1 MiB of RAM. For the C of the host and the assembler of the guest. */
#ifndef BOARD_H
#define BOARD_H

#define RAM_SIZE 0x100000
#define GUEST_BASE 0x1000     /* guest.S; the boot CPU begins here, the others one page on */
#define AP_VECTOR 2
#define BOARD 0x500           /* struct board */
#define MAX_VCPUS 8

#define DEFAULT_SMBASE 0x30000
#define OWN_SMBASE 0x40000    /* of the vCPU with APIC ID 0; the next one's is OWN_STEP on */
#define OWN_STEP 0x2000
#define HANDLER 0x8000        /* where SMM begins, from the SMBASE (Intel SDM vol. 3, 31.3) */

#define PORT_END 0xf4         /* a write here ends the guest */
#define APM_CNT 0xb2
#define APM_STS 0xb3

/* Offsets in struct board, for the assembler. */
#define B_VCPUS 0
#define B_SMM 4
#define B_SMIS 8
#define B_WRITES 12
#define B_ARMED 16
#define B_APS 20
#define B_APS_DONE 24
#define B_RELOCATED 28
#define B_OWN_SMIS 32
#define B_INITS 36
#define B_SIPIS 40
#define B_SMI_IPIS 44

#ifndef __ASSEMBLER__
#include <stdint.h>

/* What the host tells the guest, and what the guest counts. */
struct board {
	uint32_t vcpus;
	uint32_t smm;        /* this KVM has SMM */
	uint32_t smis;       /* writes of the boot CPU to APM_CNT when all is set up */
	uint32_t writes;     /* writes of every other CPU to APM_STS */
	uint32_t armed;      /* set by the guest: from now on a write to APM_CNT raises an SMI */
	uint32_t aps;        /* CPUs that a SIPI started */
	uint32_t aps_done;   /* that have done their writes */
	uint32_t relocated;  /* SMIs at the default SMBASE */
	uint32_t own_smis;   /* SMIs at a CPU's own */
	uint32_t inits, sipis, smi_ipis; /* ICR writes */
};
#endif

#endif
