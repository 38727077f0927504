/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options of attach, run and record, and what their words mean. */
#include <string.h>

#include "session.h"
#include "../gdbproto/safe-text.h"
#include "../tracer/event-text.h"
#include "../tracer/nearest.h"
#include "../tracer/sources/kvm.h"

#define BUFFER_KB_MAX (1 << 20)
#define TIMEOUT_DEFAULT_NS 10000000000ll

struct session session = { .timeout_ns = TIMEOUT_DEFAULT_NS };

/* What a recording is, whatever it is made of. */
#define RECORDING_OPTS \
	{ 'o', "output", OPT_STRING, &session.file, "FILE", \
	  "record into FILE (default: smmtrace-DATE-TIME.smm here)" }, \
	{ 'f', "force", OPT_FLAG, &session.force, NULL, "overwrite FILE if it exists" }, \
	{ 0, "headless", OPT_FLAG, &session.headless, NULL, "lines on stdout instead of the timeline" }, \
	{ 0, "for", OPT_TIME, &session.for_ns, "TIME", "end the recording after TIME (250ms, 10s, 2m)" }, \
	{ 0, "until", OPT_STRING, &session.until, "EVENT", \
	  "end the recording at the first EVENT, or when a hot-plug is stuck or done" }, \
	{ 0, "profile", OPT_STRING, &session.profile, "NAME", \
	  "follow the firmware's hot-plug as NAME says (default: auto, by what is seen)" }, \
	{ 0, "check", OPT_STRING, &session.checks, "LIST", \
	  "judge the invariants of LIST only: a,b; or all but: -a,-b" }, \
	{ 0, "deadline", OPT_STRING, &session.deadlines, "LIST", \
	  "how long a step may take: 2s for all, gpe=30s,c=2s for some" }, \
	{ 0, "qmp", OPT_STRING, &session.qmp, "PATH", "ask QEMU's QMP socket at PATH which CPUs come and go" }, \
	{ 0, "strict", OPT_FLAG, &session.strict, NULL, "exit with status 5 when events were lost" }, \
	{ 0, "ascii", OPT_FLAG, &session.ascii, NULL, "draw the timeline with ASCII only" }, \
	{ 0, "all", OPT_FLAG, &session.all, NULL, "lines for every event, pauses and register scans too" }, \
	FILTER_OPTION(&session.expression, ", as lines or in the timeline; the recording has all"), \
	{ 0, "buffer", OPT_NUMBER, &session.buffer_kb, "KIB", "tracepoints: KIB of buffer for each host CPU" }

#define STUB_OPTS \
	{ 0, "kick", OPT_FLAG, &session.kick, NULL, "send a CPU the SMI it has lost, when the verdict says so" }, \
	{ 0, "breakpoints", OPT_FLAG, &session.breakpoints, NULL, "never trade breakpoints for watchpoints" }, \
	{ 0, "no-log", OPT_FLAG, &session.no_log, NULL, "leave QEMU's log alone: no ports, IPIs, resets" }, \
	{ 0, "guest-ram", OPT_FLAG, &session.guest_ram, NULL, "read what CPUs saved out of QEMU's memory too" }, \
	{ 0, "timeout", OPT_TIME, &session.timeout_ns, "TIME", "wait TIME for each answer of the stub (10s)" }, \
	{ 0, "stops", OPT_FLAG, &session.stops, NULL, "stop a KVM guest through its gdbstub: can lose it an INIT or SMI" }

#define KVM_OPT \
	{ 0, "kvm", OPT_FLAG, &session.kvm, NULL, "trace by the host's KVM tracepoints, without a stop" }
#define PID_OPT \
	{ 'p', "pid", OPT_NUMBER, &session.pid, "PID", "the process that runs the guest (default: found)" }
#define END_OPT { 0, NULL, OPT_FLAG, NULL, NULL, NULL }

const struct opt attach_opts[] = { KVM_OPT, PID_OPT, RECORDING_OPTS, STUB_OPTS, END_OPT };
const struct opt run_opts[] = { RECORDING_OPTS, STUB_OPTS, END_OPT };
const struct opt record_opts[] = { KVM_OPT, PID_OPT, RECORDING_OPTS, END_OPT };

/* Words of --until that are no kinds of events. */
static const struct {
	const char *word;
	enum episode_status status;
} until_episode[] = { { "stuck", EPISODE_STUCK }, { "done", EPISODE_DONE } };
#define UNTIL_EPISODES (sizeof(until_episode) / sizeof(until_episode[0]))

/* "option --WHAT: there is no "WORD"; did you mean ...", or where they are listed. */
static int no_such(const char *what, const char *word, const struct nearest *near, const char *list,
		   struct error *err)
{
	char safe[64];

	safe_text(safe, sizeof(safe), word, strlen(word));
	if (near->best)
		return fail(err, ERR_USAGE, "option --%s: there is no \"%s\"; did you mean \"%s\"?", what, safe,
			    near->best);
	return fail(err, ERR_USAGE, "option --%s: there is no \"%s\"; %s", what, safe, list);
}

static int read_until(struct session *s, struct error *err)
{
	struct nearest near = nearest_to(s->until);

	s->until_kind = event_kind_by_name(s->until, strlen(s->until));
	if (s->until_kind != EVENT_KIND_COUNT)
		return 0;
	for (size_t i = 0; i < UNTIL_EPISODES; i++) {
		nearest_try(&near, until_episode[i].word);
		if (!strcmp(s->until, until_episode[i].word)) {
			s->until_episode = until_episode[i].status;
			return 0;
		}
	}
	for (int i = 0; i < EVENT_KIND_COUNT; i++)
		nearest_try(&near, event_info[i].name);
	return no_such("until", s->until, &near, "smmtrace list events, or stuck, done", err);
}

static int read_profile(struct session *s, struct error *err)
{
	struct nearest near = nearest_to(s->profile);

	s->judge.flow.profile = flow_profile_by_name(s->profile);
	if (s->judge.flow.profile || !strcmp(s->profile, "auto"))
		return 0;
	nearest_try(&near, "auto");
	for (size_t i = 0; flow_profile_list[i]; i++)
		nearest_try(&near, flow_profile_list[i]->name);
	return no_such("profile", s->profile, &near, "smmtrace list profiles has them, or auto", err);
}

static int check_kvm(const struct session *s, struct error *err)
{
	if (s->pid < 0 || s->pid > INT32_MAX)
		return fail(err, ERR_USAGE, "option --pid: a process has no such number");
	if (s->buffer_kb && (s->buffer_kb < KVM_BUFFER_KB_MIN || s->buffer_kb > BUFFER_KB_MAX))
		return fail(err, ERR_USAGE, "option --buffer: %d to %d KiB", KVM_BUFFER_KB_MIN, BUFFER_KB_MAX);
	if (s->kick && s->kvm && !s->stops)
		return fail(err, ERR_USAGE, "option --kick: with --kvm it needs --stops, because a kick stops the guest");
	return 0;
}

int session_prepare(struct session *s, struct error *err)
{
	int rc = check_kvm(s, err);

	judge_options_init(&s->judge);
	s->until_kind = EVENT_KIND_COUNT;
	if (!rc)
		rc = filter_option(&s->filter, s->expression, s->all ? &FILTER_ALL : &FILTER_DEFAULT, err);
	if (!rc && s->until)
		rc = read_until(s, err);
	if (!rc && s->profile)
		rc = read_profile(s, err);
	if (!rc && s->checks)
		rc = check_options_parse(&s->judge.check, s->checks, err);
	if (!rc && s->deadlines)
		rc = flow_options_deadline(&s->judge.flow, s->deadlines, err);
	return rc;
}
