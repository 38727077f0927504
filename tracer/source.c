/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "source.h"

#include <limits.h>
#include <unistd.h>

#include "host.h"
#include "sources/gdb.h"
#include "sources/guestram-right.h"
#include "sources/kvm-instance.h"
#include "sources/qemulog.h"

/* A stub is asked over a socket; this host needs nothing for that, and the target is attach's business. */
static int probe_gdb(struct error *err)
{
	(void)err;
	return 0;
}

static const struct source_ops source_gdb = {
	.name = "gdb",
	.summary = "breakpoints and watchpoints of QEMU's gdbstub, on any host it can be reached from",
	.probe = probe_gdb,
};

/* The log goes through a FIFO, so QEMU must be on this host. */
static int probe_qemulog(struct error *err)
{
	char path[PATH_MAX];

	if (host_find_program(HOST_QEMU, path, sizeof(path)))
		return 0;
	return fail(err, ERR_TARGET,
		    "no " HOST_QEMU " in PATH; a QEMU on this host is needed, wherever it stands");
}

static const struct source_ops source_qemulog = {
	.name = "qemulog",
	.summary = "QEMU's trace events and cpu_reset log, from a QEMU on this host",
	.probe = probe_qemulog,
};

static const struct source_ops source_guestram = {
	.name = "guestram",
	.summary = "save states and the hand-off's words in the memory of a QEMU on this host, without a stop",
	.probe = guestram_probe,
};

static int probe_kvm(struct error *err)
{
	if (access("/dev/kvm", F_OK))
		return fail(err, ERR_TARGET, "no /dev/kvm: this host has no KVM, or its module is not loaded");
	return kvm_tracing_dir(NULL, 0, err);
}

static const struct source_ops source_kvm = {
	.name = "kvm",
	.summary = "KVM's tracepoints: SMM, ports, INIT and SIPI of KVM guests on this host, without a stop",
	.probe = probe_kvm,
};

const struct source_ops *const source_list[] = {
	&source_gdb, &source_guestram, &source_kvm, &source_qemulog, NULL,
};
