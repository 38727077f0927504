/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "scene-internal.h"

#include <string.h>

#define MCH_9D_D_LCK 0x10

void scene_init(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	s->selector = UINT64_MAX;
	s->round.monarch = s->last.monarch = CPU_UNKNOWN;
	for (int i = 0; i < EVENT_MAX_CPUS; i++) {
		s->cpu[i].own_smbase = s->cpu[i].new_smbase = SMBASE_UNKNOWN;
		s->cpu[i].init_sender = s->cpu[i].sipi_sender = CPU_UNKNOWN;
	}
	for (int i = 0; i < WORD_COUNT; i++)
		s->word[i].writer = CPU_UNKNOWN;
}

/* ---- configuration and handshake ---- */

static void on_config(struct applying *a)
{
	uint64_t reg = event_get(a->ev, CONFIG_REG, CONFIG_REG_COUNT);
	struct config_value *v;

	if (reg >= CONFIG_REG_COUNT)
		return;
	v = &a->s->config[reg];
	v->tried = true;
	if (!event_has(a->ev, CONFIG_VALUE))
		return;
	*v = (struct config_value){ true, true, a->ev->arg[CONFIG_VALUE], a->now };
	if (reg == CONFIG_MCH_9D && v->value & MCH_9D_D_LCK && !moment_is(a->s->locked))
		a->s->locked = a->now;
}

bool scene_handler_is_old(const struct scene *s, const struct event *ev)
{
	static const unsigned same[] = { HANDLER_CODE, HANDLER_SUM, HANDLER_SIZE };

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		if (!event_has(ev, same[i]) || !event_has(&s->handler, same[i]) || ev->arg[same[i]] != s->handler.arg[same[i]])
			return false;
	return true;
}

static void on_handler(struct applying *a)
{
	static const struct {
		enum handoff_word word;
		unsigned field;
	} place[] = {
		{ WORD_GATE, HANDLER_GATE }, { WORD_NEW_SMBASE, HANDLER_NEW_SMBASE }, { WORD_ABOUT, HANDLER_ABOUT },
	};

	if (scene_handler_is_old(a->s, a->ev))
		return;
	scene_act(a);
	for (size_t i = 0; i < sizeof(place) / sizeof(place[0]); i++)
		if (event_has(a->ev, place[i].field))
			a->s->word[place[i].word].addr = a->ev->arg[place[i].field];
	a->s->handler = *a->ev;
	a->s->handler_when = a->now;
	a->s->handler_changes++;
}

/* A sampled word names no writer: whom the handshake leaves as the only one. */
static int writer_of(const struct applying *a, uint64_t word, uint64_t value)
{
	bool by_new_cpu = (word == WORD_ABOUT && value) || (word == WORD_GATE && value == GATE_CLOSED) ||
			  (word == WORD_PEN && value);
	int only = CPU_UNKNOWN;

	if (a->ev->cpu != CPU_UNKNOWN || !by_new_cpu)
		return a->ev->cpu;
	for (int i = 0; i < (int)a->m->cpus; i++)
		if (a->m->cpu[i].state == STATE_SMM_DEFAULT || (word == WORD_PEN && a->s->cpu[i].sipi_from_smm)) {
			if (only != CPU_UNKNOWN)
				return CPU_UNKNOWN;
			only = i;
		}
	return only;
}

static void on_handoff(struct applying *a)
{
	uint64_t word = event_get(a->ev, HANDOFF_WORD, WORD_COUNT), value = event_get(a->ev, HANDOFF_VALUE, 0);
	int writer = word < WORD_COUNT ? writer_of(a, word, value) : CPU_UNKNOWN;

	if (word >= WORD_COUNT)
		return;
	scene_act(a);
	a->s->word[word] = (struct word_value){
		.known = event_has(a->ev, HANDOFF_VALUE), .value = value,
		.addr = event_get(a->ev, HANDOFF_ADDR, a->s->word[word].addr), .writer = writer, .when = a->now,
	};
	if (!cpuset_valid(writer))
		return;
	if (word == WORD_GATE && value == GATE_CLOSED)
		a->s->cpu[writer].gate_pass = a->now;
	if (word == WORD_ABOUT && value)
		a->s->cpu[writer].about = a->now;
	if (word == WORD_PEN && value)
		a->s->cpu[writer].pen = a->now;
}

/* ---- the session ---- */

static void on_session(struct applying *a)
{
	uint64_t what = event_get(a->ev, SESSION_WHAT, SESSION_COUNT);

	if (what == SESSION_ATTACH && !moment_is(a->s->attach))
		a->s->attach = a->now;
	if (what == SESSION_TARGET_EXIT || what == SESSION_TARGET_LOST)
		a->s->target_exit = a->now;
	if (what == SESSION_KICK && a->c)
		scene_raise_smi(a, a->ev->cpu, true);
}

static void on_pause(struct applying *a)
{
	int64_t from = a->ev->ts > a->s->pause_end ? a->ev->ts : a->s->pause_end;
	int64_t until = (int64_t)event_get(a->ev, PAUSE_UNTIL, 0);

	a->s->paused_since = event_has(a->ev, PAUSE_UNTIL) ? 0 : a->ev->ts;
	if (until <= from)
		return;
	a->s->paused_ns += until - from;
	a->s->pause_end = until;
}

static void on_lost(struct applying *a)
{
	a->s->lost[a->ev->source] += event_get(a->ev, LOST_COUNT, 1);
}

static void on_blind(struct applying *a)
{
	int64_t until = (int64_t)event_get(a->ev, BLIND_UNTIL, 0);

	if (until > a->ev->ts)
		a->s->blind_ns[a->ev->source] += until - a->ev->ts;
}

typedef void (*apply_fn)(struct applying *a);

static const struct {
	apply_fn fn;
	bool about_cpu; /* needs a CPU */
} apply[EVENT_KIND_COUNT] = {
	[EV_SMI_ENTER] = { scene_on_smi_enter, true },
	[EV_SMI_LEAVE] = { scene_on_smi_leave, true },
	[EV_SMBASE_WRITE] = { scene_on_smbase_write, true },
	[EV_SMBASE_FOUND] = { scene_on_smbase_found, true },
	[EV_PORT] = { scene_on_port, false },
	[EV_IPI] = { scene_on_ipi, false },
	[EV_CPU_RESET] = { scene_on_cpu_reset, true },
	[EV_ACCEPT] = { scene_on_accept, true },
	[EV_CPUHP] = { scene_on_cpuhp, false },
	[EV_CPU_ADD] = { scene_on_cpu_add, true },
	[EV_CPU_REMOVE] = { scene_on_cpu_remove, true },
	[EV_CPU_SEEN] = { scene_on_cpu_seen, true },
	[EV_SESSION] = { on_session, false },
	[EV_PAUSE] = { on_pause, false },
	[EV_CONFIG] = { on_config, false },
	[EV_HANDOFF] = { on_handoff, false },
	[EV_LOST] = { on_lost, false },
	[EV_BLIND] = { on_blind, false },
	[EV_HANDLER] = { on_handler, false },
};

/* Kinds by which a CPU moves on. */
static const bool moves[EVENT_KIND_COUNT] = {
	[EV_SMI_ENTER] = true, [EV_SMI_LEAVE] = true, [EV_SMBASE_WRITE] = true, [EV_PORT] = true, [EV_IPI] = true,
	[EV_CPU_RESET] = true, [EV_CPUHP] = true, [EV_CPU_ADD] = true, [EV_CPU_REMOVE] = true,
	[EV_HANDOFF] = true, [EV_HANDLER] = true, [EV_ACCEPT] = true,
};

void scene_apply(struct scene *s, const struct model *m, const struct cpu *before, int64_t id,
		 const struct event *ev)
{
	bool about = cpuset_valid(ev->cpu);
	struct applying a = {
		.s = s, .m = m, .before = about ? before : NULL, .c = about ? &s->cpu[ev->cpu] : NULL, .ev = ev,
		.now = { id, ev->ts },
	};

	if (ev->ts > s->now)
		s->now = ev->ts;
	if (apply[ev->kind].fn && (about || !apply[ev->kind].about_cpu))
		apply[ev->kind].fn(&a);
	if (about)
		a.c->slot_unknown = m->cpu[ev->cpu].slot_unknown;
	if (about && moves[ev->kind])
		a.c->acted = a.now;
}

int64_t scene_guest_ns(const struct scene *s, int64_t from_ns, int64_t paused_then, int64_t now)
{
	int64_t still = s->paused_since && s->paused_since < now ? now - s->paused_since : 0;

	return now - from_ns - (s->paused_ns - paused_then) - still;
}

bool scene_busy(const struct scene *s)
{
	for (int i = cpuset_next(&s->present, 0); i >= 0; i = cpuset_next(&s->present, i + 1)) {
		const struct scene_cpu *c = &s->cpu[i];

		if ((c->hot && !(c->relocated && moment_is(c->started))) || c->remove_pending || c->fw_remove)
			return true;
	}
	return false;
}
