/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The verdict: who waits for whom, since when, and which rule was broken first.
 *
 * Pure: from model, scene, flow and checks as they stand to lines of text. Nothing is guessed: where
 * a CPU was not seen, it says so; what was concluded is told as such. Times are seconds since the
 * first event of the recording.
 */
#ifndef TRACER_VERDICT_H
#define TRACER_VERDICT_H

#include "check/check.h"
#include "flow/flow.h"

/* Where a CPU is, as far as the firmware's flow knows such places. */
#define VERDICT_PLACES(_) \
	_(UNKNOWN, "not known", "") \
	_(GONE, "gone", "") \
	_(RUNNING, "outside SMM", "") \
	_(HALTED, "halted outside SMM", "an interrupt") \
	_(WAIT_SIPI, "in reset, waiting for a SIPI", "a SIPI") \
	_(PEN, "halted in the pen", "an SMI, or the OS's SIPI") \
	_(GATE_LOOP, "in SMM, in the loop before the gate", "the gate to open for its APIC ID") \
	_(DEFAULT_SMM, "in SMM at the default SMBASE", "") \
	_(ABOUT_POLL, "in SMM, polling AboutToLeaveSmm", "the new CPU to say that it is about to leave SMM") \
	_(PEN_POLL, "in SMM, polling the pen's flag", "the new CPU to arrive in the pen") \
	_(AP_WAIT, "in SMM, waiting to be released", "the monarch to release it") \
	_(SMM_SPIN, "in SMM, spinning", "memory to change") \
	_(SMM_HALTED, "halted in SMM", "nothing: it never leaves by itself") \
	_(SMM, "in SMM", "")

enum verdict_place {
#define X(P, text, waits) PLACE_##P,
	VERDICT_PLACES(X)
#undef X
	VERDICT_PLACE_COUNT
};
extern const struct verdict_place_info { const char *text, *waits_for; } verdict_place_info[VERDICT_PLACE_COUNT];

enum verdict_place verdict_place(const struct model *m, const struct scene *s, int cpu);

#define VERDICT_LINES 64
struct verdict_line {
	char subject[32];    /* "verdict", "CPU 0", "first broken rule", "what to do" */
	char text[1024];
};

struct verdict {
	bool stuck;                  /* some episode is, or the boot for want of SMI features */
	unsigned lines;
	struct verdict_line line[VERDICT_LINES]; /* the first is the paragraph for a bug report */
};

struct verdict_input {
	const struct model *model;
	const struct scene *scene;
	struct flow *flow;
	const struct checker *checker;
	int64_t first_ns, now;
};

void verdict_make(struct verdict *v, const struct verdict_input *in);

/* The paragraph of one episode: its step, since when, who waits for whom, the first broken rule. */
void verdict_of_episode(char *out, size_t size, const struct verdict_input *in, const struct episode *ep);

/* Does kick apply: an SMI was lost by a CPU that now sits outside SMM while a monarch waits for it? Its index, or CPU_UNKNOWN. */
int verdict_kick_cpu(const struct verdict_input *in);

#endif
