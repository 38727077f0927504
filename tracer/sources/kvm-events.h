/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Points of KVM as events: what happened on which CPU, live and from recordings alike. Owned by one
 * thread; points come in the order of time, as far as their order tells anything.
 *
 *	kvm_smm_transition     -> smi-enter, smi-leave. "leaving" carries the SMBASE of this SMI (kvm_smm_changed()
 *	                          comes before the save state is loaded). When the next "entering" shows another
 *	                          one, and this was the default one: smbase-write, inferred, with the time of
 *	                          the leave; from any other one: smbase-found, via next-entry.
 *	kvm_enter_smm          -> the same; but "leaving" carries the NEW SMBASE (em_rsm() loads it before). When
 *	                          it is another one: smbase-write, inferred, with the time of the RSM. When it is still the
 *	                          default one: smbase-found, via tracepoint.
 *	kvm_pio 0xb2, 0xb3     -> port, one event for each byte and repetition; a repetition's value is not known
 *	kvm_pio 0xcd8..0xce3   -> cpuhp, with the selector written last
 *	kvm_apic_ipi           -> ipi, for SMI, INIT (not its de-assertion) and SIPI
 *	kvm_apic_accept_irq    -> apic-accept, for the same
 *	kvm_entry, kvm_exit    -> nothing; they tell which vCPU a thread is
 *
 * A "leaving" that QEMU brings about (KVM_SET_VCPU_EVENTS: reset, loadvm) looks like one by RSM here.
 *
 * The CPU: the vcpu_id in the record, else the thread's. A thread's is what kvm_events_thread() told, else what
 * records of the same thread named; a thread that ran several vCPUs has none. vcpu_id is the APIC ID in QEMU;
 * it is taken for the CPU's index until a thread that was told shows another one.
 */
#ifndef TRACER_SOURCES_KVM_EVENTS_H
#define TRACER_SOURCES_KVM_EVENTS_H

#include "../source.h"
#include "kvm-point.h"

struct kvm_events;

/* @out is not owned. NULL on no memory. */
struct kvm_events *kvm_events_new(struct event_out *out);
void kvm_events_free(struct kvm_events *k);

/* Thread @tid runs CPU @cpu (an index). Later calls replace earlier ones: threads come and go. */
void kvm_events_thread(struct kvm_events *k, int32_t tid, int cpu);

/* The CPU of @tid as known now, or CPU_UNKNOWN. */
int kvm_events_cpu_of_thread(const struct kvm_events *k, int32_t tid);

/* The APIC ID of @cpu: what its own records named, else its index. */
int kvm_events_apic_id(const struct kvm_events *k, int cpu);

/* Learn from @p which CPU its thread is, and nothing else: for who can read a recording twice. */
void kvm_events_learn(struct kvm_events *k, const struct kvm_point *p);

void kvm_events_put(struct kvm_events *k, const struct kvm_point *p);

/* Somebody knows, and has told, that the SMBASE of @cpu is @smbase now: its next entry there is no news. */
void kvm_events_rebased(struct kvm_events *k, int cpu, uint64_t smbase);

/* @count points (0 = nobody knows how many) were lost in [from, until]: what was remembered is forgotten. */
void kvm_events_lost(struct kvm_events *k, int64_t from, int64_t until, uint64_t count);

#endif
