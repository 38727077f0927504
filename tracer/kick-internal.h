/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shared by the kick*.c files only. */
#ifndef TRACER_KICK_INTERNAL_H
#define TRACER_KICK_INTERNAL_H

#include "../gdbproto/rsp-client.h"
#include "../gdbproto/target-xml.h"
#include "event.h"
#include "guard.h"
#include "kick.h"
#include "sources/qemu-monitor.h"
#include "sources/spin.h"

/* One CPU at a stop. */
struct kick_cpu {
	struct monitor_regs regs;
	bool polls;          /* in SMM, in a loop that waits for memory */
	struct spin spin;
	uint64_t polled;     /* the value found there */
};

struct kick_scene {
	struct kick_cpu cpu[EVENT_MAX_CPUS];
	int n;
};

struct kick_plan {
	struct kick_cpu sender, lost;
	uint32_t apic_id;    /* of the one that lost its SMI */
	bool changed;        /* the sender is not (yet) as it was found */
};

/* QEMU's thread of CPU @index (gdbstub.c: cpu_index + 1). */
static inline struct rsp_thread kick_thread(int index)
{
	return (struct rsp_thread){ 1, (uint32_t)index + 1 };
}

/* Does it run code to which addresses are linear: 64-bit, or 32-bit in segments that begin at 0? */
static inline bool kick_is_flat(const struct monitor_regs *r)
{
	return r->code64 || (r->code32 && !r->cs_base && !r->ds_base);
}

/* kick-look.c: what the monitor says of the stopped guest. 0, or negative. */
int kick_check_machine(struct rsp *r, bool was_running, struct error *err);
int kick_look(struct rsp *r, struct kick_scene *out, struct error *err);
int kick_find_apic(struct rsp *r, struct kick_plan *p, struct error *err);
/* The high half of the sender's ICR. */
int kick_read_icr2(struct rsp *r, int cpu, uint32_t *icr2, struct error *err);
const struct kick_cpu *kick_find(const struct kick_scene *s, int cpu);

/*
 * kick-choose.c, pure: who sends to whom, out of two looks some time apart, for
 * CPU @cpu or KICK_ANY_CPU. A CPU counts as stuck only if it is in both.
 */
int kick_choose(const struct kick_scene *before, const struct kick_scene *now, int64_t cpu,
		struct kick_plan *out, struct error *err);
/*
 * Of one look only, some time after a verdict: does the sender poll a flag, and does the lost CPU halt
 * where one that lost its SMI does? A CPU that has gone on must not get an SMI more. 0, or negative.
 */
int kick_still_due(const struct kick_plan *p, struct error *err);
/* Still waiting for the same memory, with the same value in it, or (where none is known) still in SMM? */
bool kick_still_waits(const struct kick_cpu *then, const struct kick_cpu *now);
/* Is it where it was, in the state it was in? */
bool kick_same_place(const struct kick_cpu *then, const struct kick_cpu *now);

/*
 * kick-poke.c: make the sender write to its local APIC. What was changed is
 * changed back in any case: by itself, or, if the connection or the process is
 * lost in between, by @guard: with ->changed set it must be left armed, and the
 * guest must not go on before it has done so.
 */
int kick_poke(struct rsp *r, struct guard *guard, struct kick_plan *p, const struct kick_args *args,
	      struct error *err);

void kick_say(const struct kick_args *args, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "CPU 0 is in SMM at 0xf9dfd42 and waits for 1 byte at 0x3000c (0x0)". Returns @out. */
const char *kick_where(char *out, size_t size, const struct kick_cpu *c);

#endif
