/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smmtrace record: KVM's tracepoints alone, of any process that runs a guest with KVM. */
#include <stdio.h>

#include "commands.h"
#include "session.h"

static int run(const struct cmd *cmd, int argc, char **argv)
{
	static char title[32];
	struct error err;

	(void)argc;
	(void)argv;
	if (!session.kvm) {
		fail(&err, ERR_USAGE, "record needs --kvm; a gdbstub is traced with smmtrace attach; usage: smmtrace %s %s",
		     cmd->name, cmd->usage);
		return cmd_report(&err);
	}
	if (session_prepare(&session, &err) < 0)
		return cmd_report(&err);
	snprintf(title, sizeof(title), session.pid ? "process %d" : "KVM", (int)session.pid);
	session.title = title;
	return session_run(&session);
}

const struct cmd cmd_record = {
	.name = "record",
	.summary = "Record a KVM guest by the host's tracepoints, without a gdbstub and without a stop.",
	.usage = "--kvm " SESSION_GUEST_USAGE " " SESSION_USAGE,
	.opts = record_opts,
	.min_args = 0,
	.max_args = 0,
	.run = run,
};
