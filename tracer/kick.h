/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Send the SMI again that a CPU has lost, through the gdbstub alone.
 *
 * The stock case: QEMU's TCG lets an INIT reset a hot-added CPU inside SMM and
 * drops the SMI pending for it (target/i386/helper.c, do_cpu_init), so that it
 * halts in the firmware's pen while the monarch polls a byte in SMRAM for ever.
 * The local APIC cannot be written through the stub, so the monarch is made
 * to: two bytes of code at its RIP and two registers are changed for the length
 * of three single steps, in which no other CPU runs, and changed back.
 */
#ifndef TRACER_KICK_H
#define TRACER_KICK_H

#include <stdbool.h>
#include <stdint.h>

#include "../gdbproto/error.h"

#define KICK_ANY_CPU INT64_MIN

struct kick_args {
	const char *target;
	int timeout_ms;     /* for each answer of the stub */
	int64_t cpu;        /* who lost its SMI, QEMU's index; KICK_ANY_CPU = the one that plainly did */
	bool dry_run;       /* look, say, write nothing */
	void (*say)(void *arg, const char *text); /* one line for each thing found, written or seen */
	void *arg;
};

/*
 * 0 = done, and it took effect (or would be done); else negative with @err, the
 * guest as it was found: ERR_FINDING when there is nothing to kick or the kick
 * was without effect, ERR_USAGE for a CPU that is not there, ERR_TARGET.
 * *signal is the signal that ended it, 0 for none.
 */
int kick_run(const struct kick_args *args, int *signal, struct error *err);

struct rsp;
struct guard;

/*
 * The same for who holds the connection already (@args->target is not used): the guest stands and goes
 * on standing. What comes of it is the caller's to see. *changed: the sender could not be restored;
 * then the connection must end with @guard armed, which restores it.
 */
int kick_standing(struct rsp *r, struct guard *guard, const struct kick_args *args, bool *changed,
		  struct error *err);

#endif
