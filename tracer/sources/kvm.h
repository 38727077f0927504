/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Source kvm, live: tracepoints of the KVM on this host, for the threads of one process, without any stop.
 *
 * vCPU threads are those that QEMU names so, those that QMP names (kvm_live_thread()), and those whose records
 * say which vCPU they run; of each CPU seen a cpu-add event is put once. New threads are traced from their
 * first instruction on (event-fork), or from the next scan of /proc.
 * What guest RAM tells is added by kvm-ram.h.
 */
#ifndef TRACER_SOURCES_KVM_H
#define TRACER_SOURCES_KVM_H

#include "../guard.h"
#include "../live.h"
#include "../source.h"
#include "kvm-tracefs.h"

#define KVM_BUFFER_KB_MIN 8 /* two pages, the least a ring has */

struct kvm_args {
	pid_t pid;              /* whose guest; must exist */
	unsigned buffer_kb;     /* for each host CPU; 0 = the usual */
	bool alone;             /* no gdb source beside it: tell of beginning and end */
	struct event_out *out;  /* must outlive the source */
	struct guard *guard;    /* removes the instance when we die */
	struct kvm_stats *stats; /* filled when it is closed */
	void (*note)(void *arg, const char *text); /* what the user should know; a line */
	void *note_arg;
};

struct kvm_stats {
	bool used;
	struct kvm_tracefs_stats ring;
	unsigned threads;       /* of vCPUs, seen */
	pid_t pid;
};

/* NULL on failure, with nothing left. */
struct live *kvm_live_open(const struct kvm_args *args, struct error *err);

/* The machine was reset, at @ts: no tracepoint tells. */
void kvm_live_reset(struct live *l, int64_t ts);

/* Somebody knows: @tid runs CPU @cpu. */
void kvm_live_thread(struct live *l, pid_t tid, int cpu);

#endif
