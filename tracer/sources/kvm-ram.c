/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kvm-ram.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "../clock.h"
#include "../model.h"
#include "guestram.h"
#include "ram-watch.h"
#include "smm-state.h"

#define SETTLED_NS 20000000ll /* a CPU has stored its state this long after it entered */

/* One stay in SMM, until what was read of it is told or given up. */
struct stay {
	bool open;               /* the CPU is in it */
	uint64_t base;           /* SMBASE_UNKNOWN = not told */
	int64_t enter_ns, leave_ns;
	bool told;               /* the state */
	bool has_state;          /* read, not told yet */
	struct smm_state state;
	int64_t read_ns;
	bool wrote;              /* another SMBASE into its slot, as far as told: this one */
	uint64_t slot;
};

struct kvm_ram {
	struct event_out out;    /* first: put() finds the rest by it */
	struct event_out *next;
	pthread_mutex_t lock;
	struct guestram *ram;    /* NULL = nothing is read */
	bool sure;               /* it is the guest's: by QEMU's command line, or a save state that names itself */
	bool states_only;
	struct ram_watch watch;
	struct stay stay[EVENT_MAX_CPUS];
	int cpus;                /* highest seen + 1 */
	uint64_t sipi_page;      /* where a CPU in SMM sent the last SIPI to; 0 = nowhere */
};

static bool valid(int cpu)
{
	return cpu >= 0 && cpu < EVENT_MAX_CPUS;
}

/* ---- telling ---- */

static struct event ram_event(enum event_kind kind, int cpu, int64_t ts)
{
	struct event ev = event_new(kind, SRC_GUESTRAM, cpu, ts);

	ev.origin = ORIGIN_INFERRED;
	return ev;
}

static void tell_state(struct kvm_ram *r, int cpu, struct stay *s, int64_t ts)
{
	static const struct { unsigned field; enum smm_field from; } fields[] = {
		{ SMI_SAVED_RIP, SMM_RIP }, { SMI_SAVED_CS, SMM_CS }, { SMI_SAVED_CR0, SMM_CR0 },
		{ SMI_SAVED_CR3, SMM_CR3 }, { SMI_SAVED_EFER, SMM_EFER }, { SMI_SAVED_RAX, SMM_RAX },
		{ SMI_SAVED_RDX, SMM_RDX },
	};
	struct event ev = ram_event(EV_SMI_SAVED, cpu, ts);

	event_set(&ev, SMI_SAVED_SMBASE, s->base);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (smm_state_has(&s->state, fields[i].from))
			event_set(&ev, fields[i].field, s->state.value[fields[i].from]);
	r->next->put(r->next, &ev);
	s->told = true;
}

/* Before the RSM, whenever that was. */
static void tell_write(struct kvm_ram *r, int cpu, struct stay *s, uint64_t slot)
{
	struct event ev = ram_event(EV_SMBASE_WRITE, cpu, s->leave_ns - 1);

	if (s->wrote && s->slot == slot)
		return;
	s->wrote = true;
	s->slot = slot;
	event_set(&ev, SMBASE_WRITE_OLD, s->base);
	event_set(&ev, SMBASE_WRITE_NEW, slot);
	r->next->put(r->next, &ev);
}

/* It leaves the default SMBASE as it came: worth saying, or nobody knows. */
static void tell_stays(struct kvm_ram *r, int cpu, const struct stay *s)
{
	struct event ev = ram_event(EV_SMBASE_FOUND, cpu, s->leave_ns);

	event_set(&ev, SMBASE_FOUND_SMBASE, s->base);
	event_set(&ev, SMBASE_FOUND_VIA, VIA_SCAN);
	r->next->put(r->next, &ev);
}

/* What was read of @cpu's stay is what it left there. */
static void settle(struct kvm_ram *r, int cpu)
{
	struct stay *s = &r->stay[cpu];
	uint64_t slot = s->state.value[SMM_SMBASE];

	if (!s->has_state)
		return;
	s->has_state = false;
	r->sure |= slot == s->base;
	if (!r->sure)
		return;
	if (!s->told)
		tell_state(r, cpu, s, s->open ? s->read_ns : s->leave_ns - 1);
	if (s->open)
		return;
	if (slot != s->base)
		tell_write(r, cpu, s, slot);
	else if (s->base == SMBASE_DEFAULT)
		tell_stays(r, cpu, s);
}

/* ---- reading ---- */

/* Two CPUs at one SMBASE write to one place: whose it is cannot be told. */
static bool alone(const struct kvm_ram *r, int cpu)
{
	for (int i = 0; i < r->cpus; i++)
		if (i != cpu && r->stay[i].open && r->stay[i].base == r->stay[cpu].base)
			return false;
	return true;
}

static void read_state(struct kvm_ram *r, int cpu)
{
	struct stay *s = &r->stay[cpu];
	uint8_t tail[SMM_STATE_TAIL];

	s->has_state = false;
	if (!r->ram || s->base == SMBASE_UNKNOWN || !alone(r, cpu) ||
	    guestram_read(r->ram, s->base + SMM_STATE_OFFSET, tail, sizeof(tail), NULL) < 0 ||
	    smm_state_decode(tail, sizeof(tail), &s->state) < 0)
		return;
	s->read_ns = clock_now();
	s->has_state = true;
}

static bool read_watch(void *arg, uint64_t addr, void *out, size_t len)
{
	struct kvm_ram *r = arg;

	return r->ram && guestram_read(r->ram, addr, out, len, NULL) >= 0;
}

static void put_watch(void *arg, const struct event *ev)
{
	struct kvm_ram *r = arg;

	r->next->put(r->next, ev);
}

static void sample(struct kvm_ram *r)
{
	int64_t now = clock_now();

	if (!r->ram || r->states_only)
		return;
	ram_watch_code(&r->watch, now, false, CPU_UNKNOWN);
	if (!ram_watch_talks(&r->watch))
		return;
	ram_watch_pen(&r->watch, r->sipi_page);
	for (enum handoff_word word = 0; word < WORD_COUNT; word++)
		ram_watch_word(&r->watch, word, now);
}

/* ---- events ---- */

/* What was read before @ts is sure; whose it is that was read since, is not. */
static void settle_or_drop(struct kvm_ram *r, int cpu, int64_t ts)
{
	if (r->stay[cpu].read_ns < ts)
		settle(r, cpu);
	r->stay[cpu].has_state = false;
}

/* A CPU enters at @base. */
static void overwritten(struct kvm_ram *r, uint64_t base, int64_t ts)
{
	for (int i = 0; i < r->cpus; i++)
		if (r->stay[i].has_state && r->stay[i].base == base)
			settle_or_drop(r, i, ts);
}

static void on_enter(struct kvm_ram *r, const struct event *ev)
{
	uint64_t base = event_get(ev, SMI_ENTER_SMBASE, SMBASE_UNKNOWN);

	overwritten(r, base, ev->ts);
	settle_or_drop(r, ev->cpu, ev->ts); /* it was elsewhere */
	r->stay[ev->cpu] = (struct stay){ .open = true, .base = base, .enter_ns = ev->ts };
	if (base == SMBASE_DEFAULT)
		sample(r);
}

static void on_leave(struct kvm_ram *r, const struct event *ev)
{
	struct stay *s = &r->stay[ev->cpu];

	if (!s->open)
		return;
	settle_or_drop(r, ev->cpu, ev->ts);
	if (event_get(ev, SMI_LEAVE_VIA, VIA_TRACEPOINT) == VIA_RESET)
		s->has_state = false;
	else
		read_state(r, ev->cpu);
	s->open = false;
	s->leave_ns = ev->ts;
	sample(r);
}

/* It does something in SMM: so it has stored its state. */
static void on_act(struct kvm_ram *r, const struct event *ev)
{
	struct stay *s = &r->stay[ev->cpu];

	if (s->open && !s->told && !s->has_state)
		read_state(r, ev->cpu);
	if (ev->kind != EV_IPI)
		return;
	if (s->open && event_get(ev, IPI_MODE, IPI_FIXED) == IPI_SIPI && event_has(ev, IPI_VECTOR))
		r->sipi_page = ev->arg[IPI_VECTOR] << 12;
	sample(r);
}

/*
 * The source itself knows what the slot holds: it saw the write, or the next entry proves it. False = it was told.
 */
static bool on_write(struct kvm_ram *r, const struct event *ev)
{
	struct stay *s = &r->stay[ev->cpu];
	uint64_t value = event_get(ev, SMBASE_WRITE_NEW, SMBASE_UNKNOWN);

	if (s->wrote && s->slot == value)
		return false;
	s->wrote = true;
	s->slot = value;
	return true;
}

/* False = not to be passed on. */
static bool look(struct kvm_ram *r, const struct event *ev)
{
	if (ev->cpu >= r->cpus)
		r->cpus = ev->cpu + 1;
	switch (ev->kind) {
	case EV_SMI_ENTER:
		on_enter(r, ev);
		break;
	case EV_SMI_LEAVE:
		on_leave(r, ev);
		break;
	case EV_SMBASE_WRITE:
		return on_write(r, ev);
	case EV_PORT:
	case EV_IPI:
	case EV_CPUHP:
		on_act(r, ev);
		break;
	}
	return true;
}

/* What was read before is told before. */
static void put(struct event_out *out, const struct event *ev)
{
	struct kvm_ram *r = (struct kvm_ram *)out;

	pthread_mutex_lock(&r->lock);
	if (!valid(ev->cpu) || look(r, ev))
		r->next->put(r->next, ev);
	pthread_mutex_unlock(&r->lock);
}

/* ---- time ---- */

static void tick(struct kvm_ram *r, int64_t until)
{
	for (int i = 0; i < r->cpus; i++) {
		struct stay *s = &r->stay[i];

		if (s->has_state && s->read_ns < until)
			settle(r, i);
		if (s->open && !s->told && !s->has_state && until - s->enter_ns > SETTLED_NS)
			read_state(r, i);
	}
	sample(r);
}

void kvm_ram_tick(struct kvm_ram *r, int64_t until)
{
	pthread_mutex_lock(&r->lock);
	tick(r, until);
	pthread_mutex_unlock(&r->lock);
}

static bool is_busy(const struct kvm_ram *r)
{
	for (int i = 0; r->ram && i < r->cpus; i++)
		if (r->stay[i].has_state || (r->stay[i].open && r->stay[i].base == SMBASE_DEFAULT))
			return true;
	return false;
}

bool kvm_ram_busy(struct kvm_ram *r)
{
	bool busy;

	pthread_mutex_lock(&r->lock);
	busy = is_busy(r);
	pthread_mutex_unlock(&r->lock);
	return busy;
}

/* ---- making ---- */

struct kvm_ram *kvm_ram_new(struct event_out *out, struct error *err)
{
	struct kvm_ram *r = calloc(1, sizeof(*r));

	if (!r) {
		fail(err, ERR_TARGET, "out of memory");
		return NULL;
	}
	r->out.put = put;
	r->next = out;
	pthread_mutex_init(&r->lock, NULL);
	r->watch.read = read_watch;
	r->watch.put = put_watch;
	r->watch.arg = r;
	r->watch.source = SRC_GUESTRAM;
	for (int i = 0; i < EVENT_MAX_CPUS; i++)
		r->stay[i].base = SMBASE_UNKNOWN;
	return r;
}

void kvm_ram_free(struct kvm_ram *r)
{
	if (!r)
		return;
	guestram_close(r->ram);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

void kvm_ram_take(struct kvm_ram *r, struct guestram *ram)
{
	pthread_mutex_lock(&r->lock);
	guestram_close(r->ram);
	r->ram = ram;
	r->sure = guestram_is_sure(ram);
	pthread_mutex_unlock(&r->lock);
}

void kvm_ram_states_only(struct kvm_ram *r)
{
	r->states_only = true;
}

int kvm_ram_open(struct kvm_ram *r, pid_t pid, struct error *err)
{
	struct guestram *ram = guestram_open(pid, err);

	if (!ram)
		return -ERR_TARGET;
	kvm_ram_take(r, ram);
	return 0;
}

struct event_out *kvm_ram_input(struct kvm_ram *r)
{
	return &r->out;
}
