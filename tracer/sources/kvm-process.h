/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which process runs the KVM guest, and which of its threads are vCPUs, all by /proc. */
#ifndef TRACER_SOURCES_KVM_PROCESS_H
#define TRACER_SOURCES_KVM_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "../../gdbproto/error.h"

/* Does @pid run a guest with KVM? 0, or negative with the reason: gone, no KVM. Unknown (not our process) is yes. */
int kvm_process_check(pid_t pid, struct error *err);

/* The same, when it is known. */
bool kvm_process_has_guest(pid_t pid);

/* The one process of this host that does; negative when there is none or more than one (which are named). */
pid_t kvm_process_find(struct error *err);

/* The one that listens at the gdbstub @target, without connecting to it. */
pid_t kvm_process_of_target(const char *target, struct error *err);

struct kvm_threads;

/* Of process @pid. NULL on no memory. */
struct kvm_threads *kvm_threads_new(pid_t pid);
void kvm_threads_free(struct kvm_threads *t);

struct kvm_threads_out {
	void (*appeared)(void *arg, pid_t tid);
	/*
	 * The name says which CPU it is: "CPU 1/KVM" of QEMU with -name debug-threads=on (accel/kvm/kvm-accel-ops.c),
	 * "fc_vcpu 1" of Firecracker, "vcpu1" of Cloud Hypervisor, "crosvm_vcpu1".
	 */
	void (*named)(void *arg, pid_t tid, int cpu);
	void (*gone)(void *arg, pid_t tid);
	void *arg;
};

/* See who is there. Cheap: to be called now and then. */
void kvm_threads_scan(struct kvm_threads *t, const struct kvm_threads_out *out);

/* The same of one thread of which a record has come: its name may be new. Gives up after some looks. */
void kvm_threads_look(struct kvm_threads *t, pid_t tid, const struct kvm_threads_out *out);

#endif
