/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "commands.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "import-into.h"
#include "../gdbproto/safe-text.h"

#define EXIT_LOST 5
#define NAMES_SHOWN 6

static const char *output, *format, *threads, *pids;
static bool force, keep_partial, one_cpu, strict, quiet;

static const struct opt opts[] = {
	{ 'o', "output", OPT_STRING, &output, "FILE", "write the recording FILE" },
	{ 'f', "force", OPT_FLAG, &force, NULL, "overwrite FILE if it exists" },
	{ 0, "format", OPT_STRING, &format, "NAME", "trace.dat, perf.data, ftrace, qemu-log, qemu-int (default: by contents)" },
	{ 'p', "pid", OPT_STRING, &pids, "LIST", "only what these processes or threads did: N,N" },
	{ 0, "threads", OPT_STRING, &threads, "LIST", "which thread is which CPU: TID=CPU,TID=CPU" },
	{ 0, "one-cpu", OPT_FLAG, &one_cpu, NULL, "the guest has one CPU: what names none is of CPU 0" },
	{ 0, "keep-partial", OPT_FLAG, &keep_partial, NULL, "of a damaged input keep what stands before the damage" },
	{ 0, "strict", OPT_FLAG, &strict, NULL, "exit with status 5 when events were lost" },
	{ 'q', "quiet", OPT_FLAG, &quiet, NULL, "no summary" },
	{ 0, NULL, OPT_FLAG, NULL, NULL, NULL },
};

static volatile sig_atomic_t ended_by;

static void on_signal(int number)
{
	ended_by = number;
}

static bool ended(void *arg)
{
	(void)arg;
	return ended_by;
}

/* A signal that is ignored (nohup) stays so. */
static void watch_signals(void)
{
	static const int ending[] = { SIGINT, SIGTERM, SIGHUP };
	const struct sigaction ours = { .sa_handler = on_signal };
	struct sigaction now;

	for (size_t i = 0; i < sizeof(ending) / sizeof(*ending); i++)
		if (!sigaction(ending[i], NULL, &now) && now.sa_handler != SIG_IGN)
			sigaction(ending[i], &ours, NULL);
}

/* --- what the user is told --- */

/* @n @what, "s" for all but one. */
static void tell_count(uint64_t n, const char *what)
{
	fprintf(stderr, "%" PRIu64 " %s%s", n, what, n == 1 ? "" : "s");
}

static void tell_foreign(const struct import_stats *s)
{
	fprintf(stderr, "smmtrace: ");
	tell_count(s->foreign, "event");
	fprintf(stderr, " of ");
	tell_count(s->names, "kind");
	fprintf(stderr, " not understood:");
	for (unsigned i = 0; i < s->names && i < NAMES_SHOWN; i++) {
		char safe[80];

		safe_text(safe, sizeof(safe), s->name[i].name, strlen(s->name[i].name));
		fprintf(stderr, "%s %s %" PRIu64, i ? "," : "", safe, s->name[i].count);
	}
	fprintf(stderr, "%s\n", s->names > NAMES_SHOWN ? ", ..." : "");
}

/* What of the times is not what a live recording has. */
static const char *clock_note(const char *clock)
{
	static const struct { const char *clock, *note; } notes[] = {
		{ "order", "the input has no times: events are a microsecond apart, only their order means something" },
		{ "unknown", "the input does not tell which clock its times are of" },
		{ "perf", "times are of perf's own clock, which differs from CPU to CPU; record with -k CLOCK_MONOTONIC" },
		{ "local", "times are of ftrace's local clock, which differs from CPU to CPU; record with -C mono" },
	};

	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++)
		if (!strcmp(clock, notes[i].clock))
			return notes[i].note;
	return NULL;
}

static void tell(const struct import_stats *s, const char *input)
{
	const char *note = clock_note(s->clock);

	fprintf(stderr, "smmtrace: %s, %s, clock %s: ", input, s->format, s->clock);
	tell_count(s->events, "event");
	fprintf(stderr, " into %s\n", output);
	if (note)
		fprintf(stderr, "smmtrace: %s\n", note);
	if (s->foreign)
		tell_foreign(s);
	if (s->filtered)
		fprintf(stderr, "smmtrace: %" PRIu64 " of other processes left out\n", s->filtered);
	if (s->late)
		fprintf(stderr, "smmtrace: %" PRIu64 " came out of order, too late to be put in their place\n", s->late);
	if (s->losses) {
		fprintf(stderr, "smmtrace: ");
		if (s->lost)
			tell_count(s->lost, "event");
		fprintf(stderr, "%s lost in ", s->lost ? "" : "events were");
		tell_count(s->losses, "interval");
		fputc('\n', stderr);
	}
	if (s->shared_vcpu >= 0)
		fprintf(stderr, "smmtrace: vCPU %d is several threads by turns: if that is more than one guest, "
				"choose with --pid\n", s->shared_vcpu);
}

static int status_of(int rc, const struct import_stats *s, struct error *err)
{
	if (ended_by)
		return 128 + ended_by;
	if (rc < 0)
		return cmd_report(err);
	return strict && s->losses ? EXIT_LOST : 0;
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	struct import_args args = { .path = argv[0], .format = format, .threads = threads, .pids = pids,
				    .one_cpu = one_cpu, .stop = ended };
	static struct import_stats stats;
	struct error err = { 0 };
	char input[256];
	int rc;

	(void)cmd, (void)argc;
	safe_text(input, sizeof(input), argv[0], strlen(argv[0]));
	watch_signals();
	if (!output)
		rc = fail(&err, ERR_USAGE, "import: -o FILE says where the recording goes");
	else
		rc = import_into(output, force, keep_partial, &args, &stats, &err);
	if (!quiet && (rc >= 0 || keep_partial) && !ended_by && stats.events)
		tell(&stats, input);
	return status_of(rc, &stats, &err);
}

const struct cmd cmd_import = {
	.name = "import",
	.summary = "Make a recording of what others recorded: trace-cmd, perf, ftrace, QEMU's log.",
	.usage = "FILE|- -o FILE [-f] [--format NAME] [-p LIST] [--threads LIST] [--one-cpu] [--keep-partial] "
		 "[--strict] [-q]",
	.opts = opts,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
