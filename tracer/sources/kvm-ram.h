/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Guest RAM beside another source, KVM's tracepoints above all, which do not stop the guest: an event_out that passes
 * every event on, and reads at the right moments what the CPUs left in SMRAM.
 *
 *	in SMM         smi-saved: what the CPU saved, and whether its SMBASE slot holds another value by now
 *	at smi-leave   smbase-write when the slot holds another value than the SMBASE of this SMI: it was written in it,
 *	               and is in force now; at the default SMBASE smbase-found when it does not
 *	at all times   handler, handoff: the code at the default SMBASE and its words, by ram-watch.h
 *
 * All of it comes from looking later, so all of it is inferred: a save state stood there between the smi-enter
 * before it and its own time. When it is read counts:
 *  - KVM tells of an entry before it has stored the state (arch/x86/kvm/smm.c, enter_smm(): kvm_smm_changed() stands
 *    before the write to SMBASE + 0xfe00). So nothing is read for an entry before something later of that CPU came, or
 *    20 ms have passed.
 *  - KVM tells of a leave before it has loaded the state (emulator_leave_smm()), and the state stays where it is until
 *    a CPU enters at that SMBASE again. What was read counts once it is sure that none had: the next entry there is
 *    later than the read, or kvm_ram_tick() says that everything up to then was put. Else it is unknown.
 *  - The revision id must be one that is known (smm-state.h), also at the leave: firmware that borrowed the page of
 *    the default SMBASE gives it back behind the last relocation.
 *
 * Any thread may put; a read is a system call that waits for nobody.
 */
#ifndef TRACER_SOURCES_KVM_RAM_H
#define TRACER_SOURCES_KVM_RAM_H

#include <sys/types.h>

#include "../source.h"

struct kvm_ram;
struct guestram;

/* Passes on to @out, which is not owned. Reads nothing yet. NULL on no memory. */
struct kvm_ram *kvm_ram_new(struct event_out *out, struct error *err);
void kvm_ram_free(struct kvm_ram *r);

/*
 * The memory of process @pid is read from now on. Negative with the reason and the remedy when it cannot be: then
 * everything is passed on as before, and what it would have told is unknown. May be called again.
 */
int kvm_ram_open(struct kvm_ram *r, pid_t pid, struct error *err);

/* The same, of memory that is open already; owned from now on. */
void kvm_ram_take(struct kvm_ram *r, struct guestram *ram);

/* Leave the code at the default SMBASE and its words to somebody else: the gdb source looks at them itself. */
void kvm_ram_states_only(struct kvm_ram *r);

/* Where the events come in; valid until kvm_ram_free(). */
struct event_out *kvm_ram_input(struct kvm_ram *r);

/* Every event before @until was put. Call it after each round of reading, and now and then while nothing comes. */
void kvm_ram_tick(struct kvm_ram *r, int64_t until);

/* A CPU is at the default SMBASE, or what was read waits to be sure: call kvm_ram_tick() every few ms. */
bool kvm_ram_busy(struct kvm_ram *r);

#endif
