/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "scene.h"

#include <string.h>

#define MCH_9D_D_LCK 0x10
/* QEMU answers these two itself, without an SMI (hw/isa/lpc_ich9.c, ich9_apm_ctrl_changed). */
#define APM_CMD_ACPI_ENABLE 2
#define APM_CMD_ACPI_DISABLE 3

/* One event on its way through, with what is needed to judge it. */
struct applying {
	struct scene *s;
	const struct model *m;
	const struct cpu *before; /* of ev->cpu, NULL = none */
	struct scene_cpu *c;      /* likewise */
	const struct event *ev;
	struct moment now;
};

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

static bool in_smm(const struct applying *a, int cpu)
{
	return cpuset_valid(cpu) && cpu_in_smm(&a->m->cpu[cpu]);
}

/* ---- rounds ---- */

static void begin_round(struct applying *a)
{
	struct scene *s = a->s;
	int64_t number = s->round.number + 1;

	s->last = s->round;
	s->round = (struct round){
		.number = number, .open = true, .raised = s->raised_next,
		.cmd = s->raised_next.id ? s->next_cmd : SMI_CMD_UNKNOWN,
		.writer = s->raised_next.id ? s->next_writer : CPU_UNKNOWN,
		.monarch = CPU_UNKNOWN, .cmd_got = SMI_CMD_UNKNOWN,
	};
	for (int i = cpuset_next(&s->present, 0); i >= 0 && s->raised_next.id; i = cpuset_next(&s->present, i + 1))
		if (s->cpu[i].relocated)
			cpuset_add(&s->round.expected, i);
	s->raised_next = (struct moment){ 0 };
}

/* A CPU acts in SMM: the first to do so in this round is its monarch. */
static void act(struct applying *a)
{
	struct round *r = &a->s->round;

	if (!cpuset_has(&r->inside, a->ev->cpu) || r->monarch != CPU_UNKNOWN)
		return;
	r->monarch = a->ev->cpu;
	r->acted = a->now;
}

static void round_enter(struct applying *a, int cpu)
{
	struct round *r = &a->s->round;

	if (!r->open || cpuset_has(&r->entered, cpu))
		begin_round(a);
	if (!moment_is(r->first_entry))
		r->first_entry = a->now;
	cpuset_add(&r->entered, cpu);
	cpuset_add(&r->inside, cpu);
}

static void leave_one(struct round *r, int cpu, struct moment now)
{
	cpuset_remove(&r->inside, cpu);
	if (cpu == r->monarch)
		r->monarch_left = now;
	if (cpuset_empty(&r->inside)) {
		r->open = false;
		r->last_leave = now;
	}
}

static void round_leave(struct applying *a, int cpu)
{
	if (cpuset_has(&a->s->round.inside, cpu))
		leave_one(&a->s->round, cpu, a->now);
	else if (cpuset_has(&a->s->last.inside, cpu))
		leave_one(&a->s->last, cpu, a->now);
}

/* ---- ports ---- */

static void raise_smi(struct applying *a, int cpu, bool by_ipi)
{
	struct scene_cpu *c = &a->s->cpu[cpu];

	c->smi_by_ipi = by_ipi || (c->smi_pending && c->smi_by_ipi);
	if (c->smi_pending)
		return;
	c->smi_pending = true;
	c->smi_raised = a->now;
}

static void apm_write(struct applying *a)
{
	struct scene *s = a->s;
	uint64_t features;
	bool unicast = scene_config(s, CONFIG_SMI_NEGOTIATED, &features) && !(features & SMI_FEATURE_BROADCAST);
	int cmd = event_has(a->ev, PORT_VALUE) ? (int)a->ev->arg[PORT_VALUE] : SMI_CMD_UNKNOWN;

	if (cmd == APM_CMD_ACPI_ENABLE || cmd == APM_CMD_ACPI_DISABLE)
		return;
	for (int i = cpuset_next(&s->present, 0); i >= 0; i = cpuset_next(&s->present, i + 1))
		if (!unicast || i == a->ev->cpu)
			raise_smi(a, i, false);
	s->raised_next = a->now;
	s->next_cmd = cmd;
	s->next_writer = a->ev->cpu;
	if (!s->round.open)
		begin_round(a);
}

static void on_port(struct applying *a)
{
	struct round *r = &a->s->round;
	bool write = event_get(a->ev, PORT_DIR, DIR_READ) == DIR_WRITE;

	if (event_get(a->ev, PORT_PORT, 0) != APM_CNT)
		return;
	if (write) {
		apm_write(a);
		return;
	}
	act(a);
	if (a->ev->cpu != r->monarch || moment_is(r->cmd_read) || !in_smm(a, a->ev->cpu))
		return;
	r->cmd_read = a->now;
	r->cmd_got = event_has(a->ev, PORT_VALUE) ? (int)a->ev->arg[PORT_VALUE] : SMI_CMD_UNKNOWN;
}

/* ---- IPIs ---- */

struct cpuset scene_ipi_targets(const struct scene *s, const struct model *m, const struct event *ev)
{
	struct cpuset all = s->present, one = { { 0 } };

	switch (event_get(ev, IPI_DEST, IPI_ONE)) {
	case IPI_ONE:
		cpuset_add(&one, model_cpu_of_apic_id(m, event_get(ev, IPI_TARGET, UINT64_MAX)));
		return one;
	case IPI_SELF:
		cpuset_add(&one, ev->cpu);
		return one;
	case IPI_OTHERS:
		cpuset_remove(&all, ev->cpu);
	}
	return all;
}

static void init_arrives(struct applying *a, struct scene_cpu *c)
{
	c->init = c->acted = a->now;
	c->init_sender = a->ev->cpu;
	c->init_from_smm = in_smm(a, a->ev->cpu);
	c->sipis = 0;
}

static void sipi_arrives(struct applying *a, struct scene_cpu *c)
{
	c->sipi = c->acted = a->now;
	c->sipi_sender = a->ev->cpu;
	c->sipi_from_smm = in_smm(a, a->ev->cpu);
	c->sipi_vector = (unsigned)event_get(a->ev, IPI_VECTOR, 0);
	c->sipis++;
	if (!c->sipi_from_smm && !moment_is(c->started))
		c->started = a->now;
}

static void on_ipi(struct applying *a)
{
	struct cpuset to = scene_ipi_targets(a->s, a->m, a->ev);

	act(a);
	for (int i = cpuset_next(&to, 0); i >= 0; i = cpuset_next(&to, i + 1)) {
		switch (event_get(a->ev, IPI_MODE, IPI_FIXED)) {
		case IPI_SMI:
			raise_smi(a, i, true);
			break;
		case IPI_INIT:
			init_arrives(a, &a->s->cpu[i]);
			break;
		case IPI_SIPI:
			sipi_arrives(a, &a->s->cpu[i]);
			break;
		}
	}
}

/* ---- SMIs of one CPU ---- */

static void on_smi_enter(struct applying *a)
{
	uint64_t base = event_get(a->ev, SMI_ENTER_SMBASE, SMBASE_UNKNOWN);

	a->c->smi_pending = false;
	if (base == SMBASE_DEFAULT) {
		a->c->default_entry = a->now;
		return;
	}
	if (!moment_is(a->c->own_entry))
		a->c->own_entry = a->now;
	a->c->relocated = true;
	if (base != SMBASE_UNKNOWN)
		a->c->own_smbase = base;
	round_enter(a, a->ev->cpu);
}

static void on_smi_leave(struct applying *a)
{
	struct scene_cpu *c = a->c;
	bool rsm = event_get(a->ev, SMI_LEAVE_VIA, VIA_BREAKPOINT) != VIA_RESET;

	if (a->before && a->before->state == STATE_SMM_DEFAULT)
		c->default_leave = a->now;
	if (rsm && a->before && cpu_in_smm(a->before) && a->before->smbase_pending != SMBASE_UNKNOWN) {
		c->relocated = a->before->smbase_pending != SMBASE_DEFAULT;
		c->own_smbase = a->before->smbase_pending;
		c->relocation_rsm = a->now;
		c->own_entry = (struct moment){ 0 };
	}
	round_leave(a, a->ev->cpu);
}

static void on_smbase_write(struct applying *a)
{
	if (!a->before || !cpu_in_smm(a->before))
		return;
	a->c->smbase_write = a->now;
	a->c->new_smbase = event_get(a->ev, SMBASE_WRITE_NEW, SMBASE_UNKNOWN);
}

static void on_smbase_found(struct applying *a)
{
	uint64_t base = event_get(a->ev, SMBASE_FOUND_SMBASE, SMBASE_UNKNOWN);

	if (base == SMBASE_UNKNOWN || base == SMBASE_DEFAULT)
		return;
	a->c->relocated = true;
	a->c->own_smbase = base;
}

/* ---- CPUs ---- */

/* Boot is over, as far as a CPU that appears now is concerned. */
static bool past_boot(const struct scene *s)
{
	bool relocated = s->attached_late || moment_is(s->locked);

	for (int i = 0; i < EVENT_MAX_CPUS && !relocated; i++)
		relocated = s->cpu[i].relocated;
	return relocated;
}

bool scene_is_plug(const struct scene *s, const struct event *ev)
{
	return ev->kind == EV_CPU_ADD && cpuset_valid(ev->cpu) && !cpuset_has(&s->present, ev->cpu) &&
	       ev->ts > s->attach.ns && past_boot(s);
}

static void on_cpu_add(struct applying *a)
{
	/* A log may tell of a CPU's resets, and the OS find it, before anybody tells that it is there. */
	struct moment reset = a->c->reset, insert_seen = a->c->insert_seen;
	bool plug = scene_is_plug(a->s, a->ev);

	if (cpuset_has(&a->s->present, a->ev->cpu))
		return; /* met again after a suspension */
	*a->c = (struct scene_cpu){
		.added = a->now, .reset = reset, .insert_seen = insert_seen,
		.own_smbase = SMBASE_UNKNOWN, .new_smbase = SMBASE_UNKNOWN, .init_sender = CPU_UNKNOWN,
		.sipi_sender = CPU_UNKNOWN,
	};
	if (plug) {
		a->c->hot = a->c->insert_pending = true;
		cpuset_add(&a->s->hot, a->ev->cpu);
	}
	cpuset_add(&a->s->present, a->ev->cpu);
}

static void on_cpu_remove(struct applying *a)
{
	a->c->removed = a->now;
	a->c->reset = a->c->insert_seen = (struct moment){ 0 };
	a->c->smi_pending = a->c->relocated = false;
	a->c->remove_pending = a->c->fw_remove = a->c->insert_pending = false;
	cpuset_remove(&a->s->present, a->ev->cpu);
	cpuset_remove(&a->s->hot, a->ev->cpu);
	round_leave(a, a->ev->cpu);
}

/* The machine starts again: what was hot is a CPU like all others. */
static void system_reset(struct applying *a)
{
	a->s->system_reset = a->now;
	a->s->hot = (struct cpuset){ { 0 } };
	for (int i = 0; i < EVENT_MAX_CPUS; i++)
		a->s->cpu[i].hot = false;
}

static void on_cpu_reset(struct applying *a)
{
	struct scene_cpu *c = a->c;
	bool by_init = a->before && a->before->init_ipi;

	c->reset = a->now;
	if (event_get(a->ev, CPU_RESET_IN_SMM, 0)) {
		c->reset_in_smm = a->now;
		c->reset_rip = event_get(a->ev, CPU_RESET_RIP, 0);
	}
	if (by_init && c->smi_pending)
		c->smi_dropped = a->now;
	c->smi_pending = false;
	round_leave(a, a->ev->cpu);
	if (by_init)
		return;
	if (cpuset_has(&a->s->present, a->ev->cpu) && !c->hot)
		system_reset(a);
	c->relocated = false;
	c->own_smbase = SMBASE_UNKNOWN;
}

static bool at_reset_vector(const struct event *ev)
{
	return event_get(ev, CPU_SEEN_CS, 0xf000) == 0xf000 && event_get(ev, CPU_SEEN_RIP, 0xfff0) == 0xfff0;
}

static void on_cpu_seen(struct applying *a)
{
	struct scene_cpu *c = a->c;

	if (!moment_is(c->seen) && !moment_is(a->s->round.first_entry) && !at_reset_vector(a->ev) &&
	    a->now.ns <= a->s->attach.ns)
		a->s->attached_late = true;
	c->seen = a->now;
	c->seen_event = *a->ev;
	if (c->sipi_from_smm && event_get(a->ev, CPU_SEEN_HALTED, 0) && !event_get(a->ev, CPU_SEEN_IN_SMM, 1) &&
	    event_get(a->ev, CPU_SEEN_CS, 0) == (uint64_t)c->sipi_vector << 8 && !moment_after(c->pen, c->sipi))
		c->pen = a->now;
}

/* ---- the hot-plug block ---- */

static struct found_cpu *found_of(struct round *r, uint64_t selector)
{
	for (unsigned i = 0; i < r->found; i++)
		if (r->found_cpu[i].selector == selector)
			return &r->found_cpu[i];
	if (r->found == ROUND_FOUND) {
		r->found_more = true;
		return NULL;
	}
	r->found_cpu[r->found] = (struct found_cpu){ .selector = selector, .apic_id = UINT64_MAX };
	return &r->found_cpu[r->found++];
}

/* The selector is the index of a possible CPU, and on PC machines that of the CPU itself. */
static struct scene_cpu *selected(struct applying *a, uint64_t *selector)
{
	*selector = event_get(a->ev, CPUHP_SELECTOR, a->s->selector);
	return *selector < EVENT_MAX_CPUS ? &a->s->cpu[*selector] : NULL;
}

static void read_status(struct applying *a, bool inside)
{
	uint64_t selector, status = event_get(a->ev, CPUHP_VALUE, 0);
	struct scene_cpu *c = selected(a, &selector);
	struct found_cpu *f = inside ? found_of(&a->s->round, selector) : NULL;

	if (f) {
		f->status = (uint8_t)status;
		f->id = a->now.id;
	}
	if (!c)
		return;
	c->insert_pending = status & HP_INSERT;
	c->remove_pending = status & HP_REMOVE;
	c->fw_remove = status & HP_FW_REMOVE;
	if (!inside && c->insert_pending && !moment_is(c->insert_seen))
		c->insert_seen = a->now;
}

static void read_data(struct applying *a, bool inside)
{
	uint64_t selector;
	struct scene_cpu *c = selected(a, &selector);
	struct found_cpu *f;

	if (a->s->command != HP_GET_ARCH_ID || !inside)
		return;
	f = found_of(&a->s->round, selector);
	if (f) {
		f->apic_id = event_get(a->ev, CPUHP_VALUE, UINT64_MAX);
		f->id = a->now.id;
	}
	if (c)
		c->enumerated = a->now;
}

static void write_control(struct applying *a)
{
	uint64_t selector, bits = event_get(a->ev, CPUHP_VALUE, 0);
	struct scene_cpu *c = selected(a, &selector);

	if (!c)
		return;
	if (bits & HP_INSERT) {
		c->insert_pending = false;
		c->insert_cleared = a->now;
	}
	if (bits & HP_REMOVE) {
		c->remove_pending = false;
		c->remove_cleared = a->now;
	}
	if (bits & HP_EJECT)
		c->ejected = a->now;
	if (bits & HP_FW_REMOVE) {
		c->fw_remove = true;
		c->handed_over = a->now;
	}
}

static void on_cpuhp(struct applying *a)
{
	bool inside = in_smm(a, a->ev->cpu), write = event_get(a->ev, CPUHP_DIR, DIR_READ) == DIR_WRITE;

	act(a);
	if (inside && !moment_is(a->s->round.scan))
		a->s->round.scan = a->now;
	if (!inside)
		a->s->gpe = a->now;
	switch (event_get(a->ev, CPUHP_REG, UINT64_MAX)) {
	case HP_SELECTOR:
		if (write)
			a->s->selector = event_get(a->ev, CPUHP_VALUE, UINT64_MAX);
		break;
	case HP_STATUS:
		write ? write_control(a) : read_status(a, inside);
		break;
	case HP_COMMAND:
		a->s->command = (uint8_t)event_get(a->ev, CPUHP_VALUE, 0xff);
		break;
	case HP_DATA:
		if (!write)
			read_data(a, inside);
		break;
	}
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

static void on_handler(struct applying *a)
{
	static const struct {
		enum handoff_word word;
		unsigned field;
	} place[] = {
		{ WORD_GATE, HANDLER_GATE }, { WORD_NEW_SMBASE, HANDLER_NEW_SMBASE }, { WORD_ABOUT, HANDLER_ABOUT },
	};

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
	act(a);
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
		raise_smi(a, a->ev->cpu, true);
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
	[EV_SMI_ENTER] = { on_smi_enter, true },
	[EV_SMI_LEAVE] = { on_smi_leave, true },
	[EV_SMBASE_WRITE] = { on_smbase_write, true },
	[EV_SMBASE_FOUND] = { on_smbase_found, true },
	[EV_PORT] = { on_port, false },
	[EV_IPI] = { on_ipi, false },
	[EV_CPU_RESET] = { on_cpu_reset, true },
	[EV_CPUHP] = { on_cpuhp, false },
	[EV_CPU_ADD] = { on_cpu_add, true },
	[EV_CPU_REMOVE] = { on_cpu_remove, true },
	[EV_CPU_SEEN] = { on_cpu_seen, true },
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
	[EV_HANDOFF] = true,
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
