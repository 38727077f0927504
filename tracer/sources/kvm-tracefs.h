/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The records of our tracing instance, of all host CPUs in one order, with what was lost.
 *
 * A full buffer loses its oldest records, and the page behind the gap says how many they were, or only that
 * there were some (when the page has no room for the number). The kernel's own counts, per_cpu/cpuN/stats, are
 * read at the end and tell how many those were; so read + lost is what was produced.
 */
#ifndef TRACER_SOURCES_KVM_TRACEFS_H
#define TRACER_SOURCES_KVM_TRACEFS_H

#include "kvm-instance.h"

struct kvm_tracefs;

struct kvm_tracefs_out {
	void (*point)(void *arg, const struct kvm_point *p);
	/* @count records were lost in [from, until]; 0 = not known how many, a later call will tell. */
	void (*lost)(void *arg, int64_t from, int64_t until, uint64_t count);
	void *arg;
};

/* Opens the instance and switches it on. @out is copied. NULL on failure, with nothing left. */
struct kvm_tracefs *kvm_tracefs_open(unsigned buffer_kb, const struct kvm_tracefs_out *out, struct error *err);

int kvm_tracefs_trace(struct kvm_tracefs *t, pid_t tid, struct error *err);

/* Readable when there are records. */
int kvm_tracefs_fd(const struct kvm_tracefs *t);

/*
 * Take what is there. Records older than the call are told, in the order of their time; what came meanwhile
 * on one CPU waits for the next call, which should be made soon when kvm_tracefs_waits().
 */
int kvm_tracefs_read(struct kvm_tracefs *t, struct error *err);
bool kvm_tracefs_waits(const struct kvm_tracefs *t);

/* Every record of before then was told, or was lost. */
int64_t kvm_tracefs_until(const struct kvm_tracefs *t);

struct kvm_tracefs_stats {
	uint64_t read;
	uint64_t lost;        /* by the kernel's counts, once it is over; by the stream before */
	uint64_t lost_stream; /* the part of it that the stream told the number of */
	uint64_t produced;    /* by the kernel's counts; 0 = not over yet */
};

/* Switch off, take the rest, settle the counts. */
void kvm_tracefs_finish(struct kvm_tracefs *t, struct kvm_tracefs_stats *stats);

/* Frees @t; false when the instance could not be removed. NULL is fine. */
bool kvm_tracefs_close(struct kvm_tracefs *t);

#endif
