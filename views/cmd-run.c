/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smmtrace run: start a QEMU, trace it from its first instruction, pass its exit status on. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "qemu-child.h"
#include "session.h"
#include "../gdbproto/rsp-client.h"
#include "../tracer/sources/kvm-instance.h"
#include "../tracer/sources/qemu-cmdline.h"

/* QEMU's own end is what the caller of `run` wants to know; our trouble comes first where there is some. */
static int final_status(int session_status, struct qemu_child *qemu)
{
	bool by_itself = session_status == ERR_TARGET && qemu_ends_soon(qemu);
	int qemu_status = qemu_end(qemu);

	return session_status == 0 || by_itself ? qemu_status : session_status;
}

/* The process that listens, as QEMU may be started by a script; @child where that is not to be found. */
static pid_t qmp_pid(const char *path, pid_t child)
{
	char target[160];
	pid_t pid;

	snprintf(target, sizeof(target), "%s%s", *path == '/' ? "unix:" : "", path);
	pid = rsp_target_pid(target);
	return pid ? pid : child;
}

/* A line that asks for KVM gets it when this host has it; QEMU falls back or fails otherwise. */
static bool is_kvm(int argc, char **argv)
{
	struct qemu_cmdline cl;
	bool kvm = qemu_cmdline_of(argv, argc, &cl) >= 0 && qemu_wants_kvm(&cl);

	qemu_cmdline_free(&cl);
	return kvm && !access("/dev/kvm", R_OK | W_OK);
}

/* Under KVM tracepoints tell what happens; the gdbstub is there only for who asks for stops. */
static int start(struct qemu_child *qemu, int argc, char **argv, struct error *err)
{
	bool stub, qmp;

	session.kvm = is_kvm(argc, argv);
	stub = !session.kvm || session.stops;
	qmp = session.kvm && !session.qmp;
	if (session.kvm && kvm_tracing_dir(NULL, 0, err) < 0)
		return -ERR_TARGET;
	if (qemu_start(qemu, argc, argv, stub, qmp, session_shows_timeline(&session), err) < 0)
		return -1;
	session.target = stub ? qemu->gdb : NULL;
	if (qmp)
		session.qmp = qemu->qmp;
	if (session.kvm)
		session.pid = qmp_pid(session.qmp, qemu->pid);
	return 0;
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	struct qemu_child qemu = { 0 };
	struct error err = { 0 };
	int status;

	if (argc < 2 || strcmp(argv[0], "--")) {
		fail(&err, ERR_USAGE, "usage: smmtrace %s %s", cmd->name, cmd->usage);
		return cmd_report(&err);
	}
	if (session_prepare(&session, &err) < 0)
		return cmd_report(&err);
	if (start(&qemu, argc - 1, argv + 1, &err) < 0) {
		status = cmd_report(&err);
		qemu_end(&qemu);
		return qemu.interrupted ? 128 + qemu.interrupted : qemu.status ? qemu.status : status;
	}
	session.title = argv[1];
	session.own_guest = true;
	return final_status(session_run(&session), &qemu);
}

const struct cmd cmd_run = {
	.name = "run",
	.summary = "Start QEMU with what smmtrace wants, trace it, pass its exit status on.",
	.usage = SESSION_USAGE " " SESSION_STUB_USAGE " -- qemu-system-x86_64 ARG...",
	.opts = run_opts,
	.min_args = 0,
	.max_args = -1,
	.rest_after_dashes = true,
	.run = run,
};
