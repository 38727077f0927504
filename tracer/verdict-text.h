/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sentences of a verdict, put together. Used by the files of verdict.h alone. */
#ifndef TRACER_VERDICT_TEXT_H
#define TRACER_VERDICT_TEXT_H

#include "verdict.h"

/* Text that grows in a buffer of the caller's, cut off at its end; always terminated. */
struct prose {
	char *out;
	size_t size, used;
};

struct prose prose_into(char *out, size_t size);
void say(struct prose *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* @text, with "%d" replaced by the number of the CPU. */
void say_about(struct prose *p, const char *text, int cpu);

/* "2.057 s": since the recording's first event. */
void say_time(struct prose *p, const struct verdict_input *in, int64_t ns);

/* "1.052 s": a duration. */
void say_span(struct prose *p, int64_t ns);

/* "CPU 1", "CPUs 1, 2" */
void say_cpus(struct prose *p, const struct cpuset *s);

/* "in SMM, polling AboutToLeaveSmm (0x3000c = 0x0) at 0x38:0xf9dfd42, since 1.029 s": where a CPU is. */
void say_place(struct prose *p, const struct verdict_input *in, int cpu);

/* "CPU 1 to say ...": what it waits for there, and from whom. False when it waits for nothing; then nothing was said. */
bool say_waits(struct prose *p, const struct verdict_input *in, int cpu);

/* "no-init-in-smm (2.046 s): ..." */
void say_violation(struct prose *p, const struct verdict_input *in, const struct violation *v);

/* The first broken rule that can be the cause for @ep, or of all when @ep is NULL; NULL = none. */
const struct violation *verdict_cause(const struct verdict_input *in, const struct episode *ep);

/* The CPU a monarch waits for: whom the gate is open for, or else that of a stuck plug. CPU_UNKNOWN */
int verdict_expected_cpu(const struct verdict_input *in);

/* Was the last look at it later than all it has done? */
bool verdict_look_is_fresh(const struct scene *s, int cpu);

/* What the settings alone say against CPU hot-plug. False when they say nothing. */
bool say_settings(struct prose *p, const struct verdict_input *in);

/* QEMU did not accept the SMI features: firmware stops at boot. */
bool verdict_refused_features(const struct verdict_input *in);

/* Kick for this episode's CPU? */
bool verdict_kick_helps(const struct verdict_input *in, const struct episode *ep);

#endif
