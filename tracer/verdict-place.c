/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "verdict-text.h"

#define X(P, text, waits) [PLACE_##P] = { text, waits },
const struct verdict_place_info verdict_place_info[VERDICT_PLACE_COUNT] = { VERDICT_PLACES(X) };
#undef X

bool verdict_look_is_fresh(const struct scene *s, int cpu)
{
	return moment_after(s->cpu[cpu].seen, s->cpu[cpu].acted);
}

static bool is_word(const struct scene *s, enum handoff_word word, const struct event *seen)
{
	return event_has(seen, CPU_SEEN_POLLS) && s->word[word].addr &&
	       s->word[word].addr == seen->arg[CPU_SEEN_POLLS];
}

/* In real mode at the default SMBASE, before the instruction behind the gate. */
static bool before_gate(const struct scene *s, const struct event *seen)
{
	uint64_t linear = (event_get(seen, CPU_SEEN_CS, 0) << 4) + event_get(seen, CPU_SEEN_RIP, 0);

	return event_has(&s->handler, HANDLER_PASS) && linear >= SMBASE_DEFAULT + 0x8000 &&
	       linear < s->handler.arg[HANDLER_PASS];
}

static bool at_default(const struct event *seen)
{
	return event_get(seen, CPU_SEEN_CS, 0) == SMBASE_DEFAULT >> 4;
}

/* An AP in SMM whose round has another monarch. */
static bool is_led(const struct scene *s, int cpu)
{
	return cpuset_has(&s->round.inside, cpu) && s->round.monarch != CPU_UNKNOWN && s->round.monarch != cpu;
}

static enum verdict_place seen_inside(const struct scene *s, int cpu, const struct event *seen)
{
	if (event_get(seen, CPU_SEEN_HALTED, 0))
		return PLACE_SMM_HALTED;
	if (is_word(s, WORD_ABOUT, seen))
		return PLACE_ABOUT_POLL;
	if (is_word(s, WORD_PEN, seen))
		return PLACE_PEN_POLL;
	if (is_word(s, WORD_GATE, seen) || before_gate(s, seen))
		return PLACE_GATE_LOOP;
	if (at_default(seen))
		return PLACE_DEFAULT_SMM;
	if (is_led(s, cpu))
		return PLACE_AP_WAIT;
	return event_has(seen, CPU_SEEN_POLLS) ? PLACE_SMM_SPIN : PLACE_SMM;
}

/* Where the monarch's SIPI sent it, in the mode that it started in or in a flat one. */
static bool in_pen(const struct scene_cpu *sc, const struct event *seen)
{
	bool flat = event_get(seen, CPU_SEEN_CR0, 0) & 1;

	if (!sc->sipi_from_smm)
		return false;
	return flat ? event_get(seen, CPU_SEEN_RIP, 0) >> 12 == sc->sipi_vector
		    : event_get(seen, CPU_SEEN_CS, UINT64_MAX) == (uint64_t)sc->sipi_vector << 8;
}

static enum verdict_place seen_outside(const struct cpu *c, const struct scene_cpu *sc, const struct event *seen)
{
	uint64_t cs = event_get(seen, CPU_SEEN_CS, UINT64_MAX);

	if (!event_get(seen, CPU_SEEN_HALTED, 0))
		return PLACE_RUNNING;
	if (in_pen(sc, seen))
		return PLACE_PEN;
	if (c->state == STATE_RESET || (cs == 0xf000 && event_get(seen, CPU_SEEN_RIP, 0) == 0xfff0))
		return PLACE_WAIT_SIPI;
	return PLACE_HALTED;
}

static enum verdict_place by_events(const struct model *m, const struct scene *s, int cpu)
{
	const struct scene_cpu *c = &s->cpu[cpu];
	bool gated = event_get(&s->handler, HANDLER_CODE, CODE_UNKNOWN) == CODE_GATE;

	switch (m->cpu[cpu].state) {
	case STATE_RESET:
		return m->cpu[cpu].apic_id == 0 ? PLACE_RUNNING : PLACE_WAIT_SIPI;
	case STATE_RUNNING:
		return c->sipi_from_smm && moment_after(c->pen, c->init) ? PLACE_PEN : PLACE_RUNNING;
	case STATE_SMM_DEFAULT:
		return gated && !moment_after(c->gate_pass, c->default_entry) ? PLACE_GATE_LOOP
									       : PLACE_DEFAULT_SMM;
	case STATE_SMM:
		return is_led(s, cpu) ? PLACE_AP_WAIT : PLACE_SMM;
	case STATE_GONE:
		return PLACE_GONE;
	default:
		return PLACE_UNKNOWN;
	}
}

enum verdict_place verdict_place(const struct model *m, const struct scene *s, int cpu)
{
	const struct event *seen = &s->cpu[cpu].seen_event;

	if (!verdict_look_is_fresh(s, cpu))
		return by_events(m, s, cpu);
	return event_get(seen, CPU_SEEN_IN_SMM, 0) ? seen_inside(s, cpu, seen)
						   : seen_outside(&m->cpu[cpu], &s->cpu[cpu], seen);
}
