/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smmtrace attach: trace a guest that somebody else started. */
#include "commands.h"
#include "session.h"

static int run(const struct cmd *cmd, int argc, char **argv)
{
	struct error err;

	(void)cmd;
	(void)argc;
	if (session_prepare(&session, &err) < 0)
		return cmd_report(&err);
	session.target = session.title = argv[0];
	return session_run(&session);
}

const struct cmd cmd_attach = {
	.name = "attach",
	.summary = "Record a running QEMU through its gdbstub or KVM's tracepoints, and show it live.",
	.usage = "TARGET [--kvm] " SESSION_GUEST_USAGE " " SESSION_USAGE " " SESSION_STUB_USAGE,
	.opts = attach_opts,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
