/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * May this process read the memory of another (process_vm_readv(2), which asks as ptrace(2) does)? Its user's own
 * processes, unless Yama forbids that (Linux Documentation/admin-guide/LSM/Yama.rst); with CAP_SYS_PTRACE all.
 */
#ifndef TRACER_SOURCES_GUESTRAM_RIGHT_H
#define TRACER_SOURCES_GUESTRAM_RIGHT_H

#include <stdbool.h>
#include <sys/types.h>

#include "../../gdbproto/error.h"

struct guestram_right {
	bool call;       /* the kernel has the system call, and no filter forbids it */
	bool capable;    /* CAP_SYS_PTRACE is in force */
	int scope;       /* Yama's ptrace_scope, 0 also without Yama */
	const char *means; /* what that scope allows; static */
};

void guestram_right(struct guestram_right *r);

/* Is it possible at all for a QEMU of our own? 0, or negative with the reason and the remedy. */
int guestram_probe(struct error *err);

/* Why process @pid may not be read, and exactly what is missing. Returns negative. */
int guestram_refused(pid_t pid, struct error *err);

#endif
