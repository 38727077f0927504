/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smmtrace run: start a QEMU, trace it from its first instruction, pass its exit status on. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "qemu-child.h"
#include "session.h"

/* QEMU's own end is what the caller of `run` wants to know; our trouble comes first where there is some. */
static int final_status(int session_status, struct qemu_child *qemu)
{
	bool by_itself = session_status == ERR_TARGET && qemu_ends_soon(qemu);
	int qemu_status = qemu_end(qemu);

	return session_status == 0 || by_itself ? qemu_status : session_status;
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	struct qemu_child qemu;
	struct error err = { 0 };
	int status;

	if (argc < 2 || strcmp(argv[0], "--")) {
		fail(&err, ERR_USAGE, "usage: smmtrace %s %s", cmd->name, cmd->usage);
		return cmd_report(&err);
	}
	if (session_prepare(&session, &err) < 0)
		return cmd_report(&err);
	if (qemu_start(&qemu, argc - 1, argv + 1, session_shows_timeline(&session), &err) < 0) {
		status = cmd_report(&err);
		qemu_end(&qemu);
		return qemu.interrupted ? 128 + qemu.interrupted : qemu.status ? qemu.status : status;
	}
	session.target = qemu.target;
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
