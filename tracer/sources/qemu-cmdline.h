/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The command line of a QEMU on this host, as /proc/PID/cmdline has it.
 */
#ifndef TRACER_SOURCES_QEMU_CMDLINE_H
#define TRACER_SOURCES_QEMU_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "../../gdbproto/error.h"

struct qemu_cmdline {
	char *text;   /* arguments, each ended by NUL */
	size_t len;
};

/* Read it; free with qemu_cmdline_free(). Negative: no such process, not allowed, or not a QEMU at all. */
int qemu_cmdline_read(pid_t pid, struct qemu_cmdline *cl, struct error *err);
void qemu_cmdline_free(struct qemu_cmdline *cl);

/* The argument behind the last -@name or --@name, NULL if there is none. Points into @cl. */
const char *qemu_option(const struct qemu_cmdline *cl, const char *name);

/* The same of a line that is to be started. Negative on no memory. */
int qemu_cmdline_of(char *const *argv, int argc, struct qemu_cmdline *cl);

/*
 * Does it ask for KVM: -enable-kvm, -accel kvm, -machine accel=kvm? Of a list of fallbacks (kvm:tcg, or
 * several -accel) the first counts. QEMU system/vl.c, configure_accelerators().
 */
bool qemu_wants_kvm(const struct qemu_cmdline *cl);

/* Is there a -@name at all, with or without an argument? */
bool qemu_has_option(const struct qemu_cmdline *cl, const char *name);

/*
 * @key=value out of a list "a=1,b=2" (",," is a comma, a bare first word has the
 * key @implied, which may be NULL). False when it is not there or too long.
 */
bool qemu_suboption(const char *list, const char *key, const char *implied, char *out, size_t size);

/* The same over all -@name options, which QEMU merges: the last word counts. */
bool qemu_option_key(const struct qemu_cmdline *cl, const char *name, const char *key, const char *implied,
		     char *out, size_t size);

#endif
