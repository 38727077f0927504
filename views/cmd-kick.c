/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smmtrace kick: send the SMI again that a CPU has lost. */
#include <stdio.h>

#include "commands.h"
#include "../gdbproto/safe-text.h"
#include "../tracer/kick.h"

#define SIGNAL_STATUS 128 /* plus its number, as a shell tells it */

static int64_t timeout_ns = 10000000000, cpu = KICK_ANY_CPU;
static bool dry_run;

static const struct opt opts[] = {
	{ 0, "cpu", OPT_NUMBER, &cpu, "N", "the CPU that lost its SMI; without it the one that plainly did" },
	{ 0, "dry-run", OPT_FLAG, &dry_run, NULL, "look and say what would be done; write nothing" },
	{ 0, "timeout", OPT_TIME, &timeout_ns, "TIME", "give an answer of the stub up after this long (10s)" },
	{ 0, NULL, OPT_FLAG, NULL, NULL, NULL },
};

/* Line by line, so that what was written is told even if the next thing fails. */
static void say(void *arg, const char *text)
{
	(void)arg;
	puts(text);
	fflush(stdout);
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	struct kick_args args = { .target = argv[0], .cpu = cpu, .dry_run = dry_run, .say = say };
	struct error err = { 0 };
	int signal, rc;

	(void)cmd;
	(void)argc;
	args.timeout_ms = (int)(timeout_ns / 1000000);
	rc = kick_run(&args, &signal, &err);
	if (signal)
		return SIGNAL_STATUS + signal;
	return rc ? cmd_report(&err) : 0;
}

const struct cmd cmd_kick = {
	.name = "kick",
	.summary = "Send the SMI again that a vCPU has lost, so that a hung hot-plug goes on.",
	.usage = "TARGET [--cpu N] [--dry-run] [--timeout TIME]",
	.opts = opts,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
