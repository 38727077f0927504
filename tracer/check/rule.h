/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the rules share: who is in SMM as far as we can see, what is overdue, what proves a finding. */
#ifndef TRACER_CHECK_RULE_H
#define TRACER_CHECK_RULE_H

#include "common.h"

/* A second, and how a time is told. */
#define RULE_S 1000000000ll
static inline double rule_seconds(int64_t ns)
{
	return (double)ns / 1e9;
}

/* UNSEEN: its SMBASE is not known, so its SMIs cannot be seen. */
enum smm_place { SMM_OUTSIDE, SMM_INSIDE, SMM_UNSEEN };
enum smm_place smm_place(const struct model *m, int cpu);

/* A finding at the event of @in, proved by it and by @first, @second, @third (0 = none), in that order. */
struct finding finding_at(const struct check_input *in, int cpu, int64_t first, int64_t second,
			  int64_t third);
/* The same at @ts, when it was overdue and nothing had happened. */
struct finding finding_overdue(int64_t ts, int cpu, int64_t first, int64_t second);

/*
 * CPUs for which something has to come within a deadline of guest time. A zeroed one waits for nothing.
 * Each CPU once: starting again starts anew.
 */
struct waits {
	struct cpuset on;
	struct wait {
		int64_t id, ns, paused;
	} cpu[EVENT_MAX_CPUS];
	int64_t soonest; /* none began before */
	int64_t over_ns; /* when the one waits_overdue() told of was overdue, which may be before anybody looked */
};

void waits_start(struct waits *w, int cpu, const struct check_input *in);
/* Was it waiting? */
bool waits_stop(struct waits *w, int cpu);
/*
 * A CPU that has waited for @deadline at @now, which then waits no longer; CPU_UNKNOWN = none. Its moment
 * stays in cpu[].
 */
int waits_overdue(struct waits *w, const struct scene *s, int64_t deadline, int64_t now);

/* The words at the default SMBASE mean what they say: its code has a gate, or was not looked at. */
bool gate_in_force(const struct scene *s);
/* The handoff event of @in opens the gate: from closed, or from unknown, to an APIC ID. */
bool gate_opens(const struct check_input *in);
/* It closes it, so the CPU whose APIC ID it was open for has passed: that CPU, CPU_UNKNOWN = none, or not known. */
int gate_passed_by(const struct check_input *in);

/* Is the firmware to handle the plug of @c: hot-plug SMIs are negotiated, or command 4 was seen since? */
bool plug_concerns_firmware(const struct scene *s, const struct scene_cpu *c);
/* It has: a monarch asked for the APIC ID of @c, and has left SMM since. */
bool plug_handled(const struct scene *s, const struct scene_cpu *c);

#endif
