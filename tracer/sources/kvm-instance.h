/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A tracing instance of our own, smmtrace.PID in tracefs: buffers, clock, filters, whose events. Nobody else's tracing
 * is touched. Files and their meaning: Linux Documentation/trace/ftrace.rst, events.rst.
 *
 * The kernel keeps an instance until somebody removes it: kvm_instance_free() does, the guard does for a
 * recorder that was killed, and kvm_instance_new() does for what both have left.
 */
#ifndef TRACER_SOURCES_KVM_INSTANCE_H
#define TRACER_SOURCES_KVM_INSTANCE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "../../gdbproto/error.h"
#include "kvm-point.h"

struct kvm_instance {
	char tracing[PATH_MAX - 64]; /* where tracefs is mounted */
	char path[PATH_MAX];         /* of the instance, "" = none */
	struct tep_handle *tep;
	struct kvm_formats *formats;
	int pids, on;                /* set_event_pid and tracing_on, kept open: rights may be gone when they are needed */
};

/*
 * Where tracefs is and whether its KVM events can be used. 0, or negative with the reason and the
 * remedy. No side effects. @out may be NULL.
 */
int kvm_tracing_dir(char *out, size_t size, struct error *err);

/* Where the instance of this process will be. 0, or negative as kvm_tracing_dir(). */
int kvm_instance_path(char *out, size_t size, struct error *err);

/* Each instance at @tracing (where tracefs is) that a run which is no more has left: @fn(arg, folder, its name). */
void kvm_instance_each_stale(const char *tracing, void (*fn)(void *arg, int dir, const char *name), void *arg);

/*
 * Make it and set it up: clock mono, the newest kept when the buffers are full, @buffer_kb for each host CPU,
 * the live ones of KVM_POINTS with their filters, for no thread yet. @in is zeroed first; on failure nothing is left.
 */
int kvm_instance_new(struct kvm_instance *in, unsigned buffer_kb, struct error *err);

/* From now on events of thread @tid, and of the threads it starts. */
int kvm_instance_trace(struct kvm_instance *in, pid_t tid, struct error *err);

/* Begin, or end. */
int kvm_instance_switch(const struct kvm_instance *in, bool on, struct error *err);

/* Open a file of the instance; a descriptor, or -1 with errno. */
int kvm_instance_open_file(const struct kvm_instance *in, const char *name, int flags);

/* Whether it is removed; without rights by now it is not, and the guard has to. All its files must be closed. */
bool kvm_instance_free(struct kvm_instance *in);

#endif
