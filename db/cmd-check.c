/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "commands.h"

#include <signal.h>

#include "check-report.h"
#include "../tracer/nearest.h"

#define EXIT_VIOLATIONS 1
#define EXIT_LOST 5

static bool as_json, strict;
static const char *explain;
static struct recheck_switches switches;

static const struct opt opts[] = {
	{ 0, "check", OPT_STRING, &switches.check, "LIST", "invariants: a,b only these; -a,-b all but these" },
	{ 0, "profile", OPT_STRING, &switches.profile, "NAME", "judge by this flow; auto = by what is seen" },
	{ 0, "deadline", OPT_STRING, &switches.deadline, "LIST", "2s for each step, or gpe=30s,c=2s" },
	{ 0, "explain", OPT_STRING, &explain, "NAME", "one invariant: its rule, and what it means when broken" },
	{ 0, "json", OPT_FLAG, &as_json, NULL, "one JSON document" },
	{ 0, "strict", OPT_FLAG, &strict, NULL, "exit 5 when events were lost" },
	{ 0, NULL, OPT_FLAG, NULL, NULL, NULL },
};

static int find_explained(unsigned *number, struct error *err)
{
	struct nearest near;

	*number = explain ? invariant_by_name(explain) : INVARIANT_COUNT;
	if (!explain || *number < INVARIANT_COUNT)
		return 0;
	near = nearest_to(explain);
	for (unsigned i = 0; i < INVARIANT_COUNT; i++)
		nearest_try(&near, invariant_list[i]->name);
	if (near.best)
		return fail(err, ERR_USAGE, "check: no invariant '%.60s'; did you mean '%s'?", explain, near.best);
	return fail(err, ERR_USAGE, "check: no invariant '%.60s'; \"smmtrace list invariants\" shows them",
		    explain);
}

static int status_of(const struct recheck *c)
{
	if (check_totals(c).violations)
		return EXIT_VIOLATIONS;
	return strict && reader_summary(c->reader)->lost ? EXIT_LOST : 0;
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	struct error err = { 0 };
	struct recheck *c = NULL;
	unsigned number;
	int status;

	(void)cmd, (void)argc;
	signal(SIGPIPE, SIG_DFL); /* `check ... | head` ends like any other program there */
	if (find_explained(&number, &err) >= 0)
		c = recheck_run(argv[0], &switches, &err);
	if (!c)
		return cmd_report(&err);
	if (as_json)
		check_json(stdout, c);
	else if (explain)
		check_explain(stdout, c, number);
	else
		check_text(stdout, c);
	status = status_of(c);
	recheck_free(c);
	return status;
}

const struct cmd cmd_check = {
	.name = "check",
	.summary = "Judge a recording again by the rules of an SMBASE relocation.",
	.usage = "FILE [--check LIST] [--profile NAME] [--deadline LIST] [--explain NAME] [--json] [--strict]",
	.opts = opts,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
