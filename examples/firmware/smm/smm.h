/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of SMM to each other. All of it lies in TSEG, and no CPU outside SMM can see it. */
#ifndef SMM_H
#define SMM_H

#include <stdbool.h>
#include <stdint.h>

#include "../config.h"
#include "../layout.h"

/* ---- smm.c ---- */

/* The CPUs that take part, by APIC ID: what edk2 calls mCpuHotPlugData. */
struct smm_cpu {
	bool present;
	uint32_t smbase;
};
extern struct smm_cpu smm_cpu[MAX_CPUS];

/* ---- tiles.c ---- */

/* A CPU with this SMBASE, for CPU @apic_id, will come to smi_main(). */
void tile_make(uint32_t smbase, unsigned apic_id);

/* ---- default.c: the handlers at the default SMBASE, and the pen ---- */

void install_pen(void);
void install_nop_handler(void);
void install_relocation_handler(void);
void install_plug_handler(void); /* the same, unless it is to have an error */

/* ---- rendezvous.c ---- */

/* The monarch: wait for all that are present, for a second; then send those an SMI that are missing, and
 * wait once more; then do without. */
void rendezvous_gather(void);
/* How many have come. */
unsigned rendezvous_followers(void);
/* Let them go, or one of them alone. */
void rendezvous_release(void);
void rendezvous_release_one(unsigned apic_id);
/* That one shall stay in SMM when it is released, until it is ejected. */
void rendezvous_park(unsigned apic_id);
/* It was: one that is plugged in its place comes and goes as any other. */
void rendezvous_ejected(unsigned apic_id);
/* The others: until they are released. */
void rendezvous_follow(unsigned apic_id);

/* ---- hotplug.c, unplug.c ---- */

/* The CPUs that have an event at 0xcd8. */
struct pending {
	unsigned n;
	struct {
		unsigned selector, apic_id;
		uint8_t status;
	} cpu[MAX_CPUS];
};
struct pending enumerate(void);

/* The monarch is at them. */
extern volatile bool plugging;
/* Steps (a) to (f) for all new CPUs. */
void plug_all(const struct pending *p);
/* Those that the OS has left to the firmware. */
void unplug_all(const struct pending *p);

#endif
