/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kvm-events.h"

#include <stdlib.h>

#include "../model.h"

#define CPUHP_BASE 0xcd8u
#define CPUHP_SELECT 0u /* registers, from there on */
#define CPUHP_COMMAND 5u
#define CPUHP_DATA 8u
#define CPUHP_END 0xce4u
#define REPEAT_MAX 4096u /* elements of one string access: a page of bytes */
#define ICR_LOGICAL (1u << 11)
#define ICR_ASSERT (1u << 14)
#define ICR_LEVEL (1u << 15)

struct thread {
	int32_t tid;
	int cpu;           /* CPU_UNKNOWN: not known yet, or it ran several */
	bool told;         /* by somebody who knows */
	bool several;
	bool deasserting;  /* its last ICR write de-asserts INIT */
};

struct vcpu {
	uint64_t smbase;   /* at its last entry; SMBASE_UNKNOWN = none seen, or not since events were lost */
	bool in_smm;
	int64_t left_ns;   /* when it left the SMI at @smbase; 0 = not seen */
};

struct kvm_events {
	struct event_out *out;
	struct thread *thread;
	size_t threads, room;
	int16_t cpu_of_id[EVENT_MAX_CPUS]; /* by vcpu_id */
	struct vcpu vcpu[EVENT_MAX_CPUS];  /* by CPU index */
	bool selector_known, get_pending;
	uint64_t selector;                 /* of the hot-plug registers: one for all CPUs */
};

/* --- threads and CPUs --- */

static struct thread *find_thread(const struct kvm_events *k, int32_t tid)
{
	for (size_t i = 0; i < k->threads; i++)
		if (k->thread[i].tid == tid)
			return &k->thread[i];
	return NULL;
}

/* NULL on no memory: then its CPU stays unknown. */
static struct thread *add_thread(struct kvm_events *k, int32_t tid, int cpu)
{
	struct thread *grown;

	if (k->threads == k->room) {
		size_t room = k->room ? k->room * 2 : 64;

		if (!(grown = realloc(k->thread, room * sizeof(*grown))))
			return NULL;
		k->thread = grown;
		k->room = room;
	}
	k->thread[k->threads] = (struct thread){ .tid = tid, .cpu = cpu };
	return &k->thread[k->threads++];
}

void kvm_events_thread(struct kvm_events *k, int32_t tid, int cpu)
{
	struct thread *th = find_thread(k, tid);

	if (tid <= 0 || cpu < 0 || cpu >= EVENT_MAX_CPUS)
		return;
	if (!th && !(th = add_thread(k, tid, cpu)))
		return;
	th->cpu = cpu;
	th->told = true;
}

int kvm_events_cpu_of_thread(const struct kvm_events *k, int32_t tid)
{
	const struct thread *th = find_thread(k, tid);

	return th ? th->cpu : CPU_UNKNOWN;
}

int kvm_events_apic_id(const struct kvm_events *k, int cpu)
{
	for (int id = 0; id < EVENT_MAX_CPUS; id++)
		if (id != cpu && k->cpu_of_id[id] == cpu)
			return id;
	return cpu;
}

static int cpu_of_id(const struct kvm_events *k, const struct kvm_point *p, enum kvm_field field)
{
	return kvm_has(p, field) && p->value[field] < EVENT_MAX_CPUS ? k->cpu_of_id[p->value[field]] : CPU_UNKNOWN;
}

void kvm_events_learn(struct kvm_events *k, const struct kvm_point *p)
{
	int cpu = cpu_of_id(k, p, KVM_VCPU);
	struct thread *th = find_thread(k, p->tid);

	if (cpu == CPU_UNKNOWN || p->tid <= 0)
		return;
	if (!th)
		add_thread(k, p->tid, cpu);
	else if (th->told)
		k->cpu_of_id[p->value[KVM_VCPU]] = (int16_t)th->cpu;
	else if (th->several || (th->cpu != CPU_UNKNOWN && th->cpu != cpu))
		*th = (struct thread){ .tid = th->tid, .cpu = CPU_UNKNOWN, .several = true };
	else
		th->cpu = cpu;
}

static int cpu_of(const struct kvm_events *k, const struct kvm_point *p)
{
	return kvm_has(p, KVM_VCPU) ? cpu_of_id(k, p, KVM_VCPU) : kvm_events_cpu_of_thread(k, p->tid);
}

/* --- SMM --- */

static void put_found(struct kvm_events *k, int cpu, int64_t ts, uint64_t smbase, enum event_via via)
{
	struct event ev = event_new(EV_SMBASE_FOUND, SRC_KVM, cpu, ts);

	event_set(&ev, SMBASE_FOUND_SMBASE, smbase);
	event_set(&ev, SMBASE_FOUND_VIA, via);
	k->out->put(k->out, &ev);
}

static void put_written(struct kvm_events *k, int cpu, int64_t ts, uint64_t from, uint64_t to)
{
	struct event ev = event_new(EV_SMBASE_WRITE, SRC_KVM, cpu, ts);

	ev.origin = ORIGIN_INFERRED;
	event_set(&ev, SMBASE_WRITE_OLD, from);
	event_set(&ev, SMBASE_WRITE_NEW, to);
	k->out->put(k->out, &ev);
}

/*
 * It entered elsewhere the last time. From the default SMBASE only a relocation leads to another one, and it was in
 * force when the CPU left. Back to it leads a reset; from one to another a state that was loaded, or what nobody saw.
 */
static void put_moved(struct kvm_events *k, const struct vcpu *v, int cpu, const struct kvm_point *p)
{
	if (v->smbase == SMBASE_DEFAULT && v->left_ns)
		put_written(k, cpu, v->left_ns, v->smbase, p->value[KVM_SMBASE]);
	else
		put_found(k, cpu, p->ts, p->value[KVM_SMBASE], VIA_NEXT);
}

static void enter(struct kvm_events *k, struct vcpu *v, int cpu, const struct kvm_point *p)
{
	struct event ev = event_new(EV_SMI_ENTER, SRC_KVM, cpu, p->ts);

	if (kvm_has(p, KVM_SMBASE)) {
		event_set(&ev, SMI_ENTER_SMBASE, p->value[KVM_SMBASE]);
		if (v && v->smbase != SMBASE_UNKNOWN && v->smbase != p->value[KVM_SMBASE])
			put_moved(k, v, cpu, p);
		if (v)
			v->smbase = p->value[KVM_SMBASE];
	}
	if (v)
		v->left_ns = 0;
	if (v)
		v->in_smm = true;
	k->out->put(k->out, &ev);
}

/* What the old tracepoint says at the end is where the next SMI will go. */
static void leave(struct kvm_events *k, struct vcpu *v, int cpu, const struct kvm_point *p)
{
	struct event ev = event_new(EV_SMI_LEAVE, SRC_KVM, cpu, p->ts);
	bool tells_new = p->id == KVM_POINT_ENTER_SMM && kvm_has(p, KVM_SMBASE);
	bool seen = v && v->in_smm && v->smbase != SMBASE_UNKNOWN;

	if (seen && tells_new && v->smbase != p->value[KVM_SMBASE])
		put_written(k, cpu, p->ts, v->smbase, p->value[KVM_SMBASE]);
	if (p->id == KVM_POINT_SMM_TRANSITION && kvm_has(p, KVM_SMBASE))
		event_set(&ev, SMI_LEAVE_SMBASE, p->value[KVM_SMBASE]);
	else if (seen)
		event_set(&ev, SMI_LEAVE_SMBASE, v->smbase);
	event_set(&ev, SMI_LEAVE_VIA, VIA_TRACEPOINT);
	k->out->put(k->out, &ev);
	if (tells_new && p->value[KVM_SMBASE] == SMBASE_DEFAULT)
		put_found(k, cpu, p->ts, SMBASE_DEFAULT, VIA_TRACEPOINT);
	if (!v)
		return;
	if (tells_new)
		v->smbase = p->value[KVM_SMBASE];
	v->left_ns = v->in_smm ? p->ts : 0;
	v->in_smm = false;
}

static void take_smm(struct kvm_events *k, const struct kvm_point *p)
{
	int cpu = cpu_of(k, p);
	struct vcpu *v = cpu == CPU_UNKNOWN ? NULL : &k->vcpu[cpu];

	if (kvm_has(p, KVM_ENTERING))
		(p->value[KVM_ENTERING] ? enter : leave)(k, v, cpu, p);
}

/* --- ports --- */

/* One byte of an access to the APM ports; QEMU takes wider ones apart, the low byte first. */
static void put_port(struct kvm_events *k, int cpu, const struct kvm_point *p, unsigned byte, bool value_known)
{
	struct event ev = event_new(EV_PORT, SRC_KVM, cpu, p->ts);

	event_set(&ev, PORT_PORT, p->value[KVM_PORT] + byte);
	event_set(&ev, PORT_DIR, p->value[KVM_RW] ? DIR_WRITE : DIR_READ);
	if (value_known && byte < 4)
		event_set(&ev, PORT_VALUE, p->value[KVM_VAL] >> (8 * byte) & 0xff);
	k->out->put(k->out, &ev);
}

/*
 * The command GET_PENDING moves the selector to the next CPU with an event, which the data register then tells
 * (QEMU docs/specs/acpi_cpu_hotplug.txt).
 */
static void follow_selector(struct kvm_events *k, uint64_t reg, bool write, bool value_known, uint64_t value)
{
	if (write && reg == CPUHP_COMMAND) {
		k->get_pending = value_known && value == 0;
		k->selector_known = k->selector_known && value_known && !k->get_pending;
	} else if ((write && reg == CPUHP_SELECT) || (!write && reg == CPUHP_DATA && k->get_pending)) {
		k->selector_known = value_known;
		k->selector = value;
	}
}

static void put_cpuhp(struct kvm_events *k, int cpu, const struct kvm_point *p, bool value_known)
{
	struct event ev = event_new(EV_CPUHP, SRC_KVM, cpu, p->ts);
	uint64_t reg = p->value[KVM_PORT] - CPUHP_BASE;
	bool write = p->value[KVM_RW];

	follow_selector(k, reg, write, value_known, p->value[KVM_VAL]);
	event_set(&ev, CPUHP_REG, reg);
	event_set(&ev, CPUHP_DIR, write ? DIR_WRITE : DIR_READ);
	if (value_known)
		event_set(&ev, CPUHP_VALUE, p->value[KVM_VAL]);
	if (k->selector_known)
		event_set(&ev, CPUHP_SELECTOR, k->selector);
	k->out->put(k->out, &ev);
}

static void take_pio(struct kvm_events *k, const struct kvm_point *p)
{
	uint64_t port = p->value[KVM_PORT], size = kvm_has(p, KVM_SIZE) ? p->value[KVM_SIZE] : 1;
	uint64_t count = kvm_has(p, KVM_COUNT) ? p->value[KVM_COUNT] : 1;
	int cpu = cpu_of(k, p);

	if (!kvm_has(p, KVM_PORT) || !kvm_has(p, KVM_RW))
		return;
	for (unsigned n = 0; n < count && n < REPEAT_MAX; n++) {
		bool known = kvm_has(p, KVM_VAL) && n == 0;

		for (unsigned byte = 0; byte < size && byte < 4; byte++)
			if (port + byte == APM_CNT || port + byte == APM_STS)
				put_port(k, cpu, p, byte, known);
		if (port >= CPUHP_BASE && port < CPUHP_END)
			put_cpuhp(k, cpu, p, known);
	}
}

/* --- interrupts --- */

static bool mode_matters(unsigned mode)
{
	return mode == IPI_SMI || mode == IPI_INIT || mode == IPI_SIPI;
}

/* Remember that what its APICs accept next in this thread is no INIT. */
static void note_deassert(struct kvm_events *k, int32_t tid, bool deasserting)
{
	struct thread *th = find_thread(k, tid);

	if (!th && deasserting && tid > 0)
		th = add_thread(k, tid, CPU_UNKNOWN);
	if (th)
		th->deasserting = deasserting;
}

static void take_ipi(struct kvm_events *k, const struct kvm_point *p)
{
	uint32_t icr = (uint32_t)p->value[KVM_ICR_LOW];
	unsigned mode = icr >> 8 & 7, dest = icr >> 18 & 3;
	bool deassert = mode == IPI_INIT && (icr & ICR_LEVEL) && !(icr & ICR_ASSERT);
	struct event ev = event_new(EV_IPI, SRC_KVM, cpu_of(k, p), p->ts);

	if (!kvm_has(p, KVM_ICR_LOW))
		return;
	note_deassert(k, p->tid, deassert);
	if (!mode_matters(mode) || deassert)
		return;
	event_set(&ev, IPI_MODE, mode);
	event_set(&ev, IPI_DEST, dest);
	if (mode == IPI_SIPI)
		event_set(&ev, IPI_VECTOR, icr & 0xff);
	if (dest == IPI_ONE && kvm_has(p, KVM_DEST_ID) && !(icr & ICR_LOGICAL))
		event_set(&ev, IPI_TARGET, p->value[KVM_DEST_ID]);
	if (!p->from_text)
		event_set(&ev, IPI_ICR, icr);
	k->out->put(k->out, &ev);
}

static void take_accept(struct kvm_events *k, const struct kvm_point *p)
{
	unsigned mode = p->value[KVM_DM] >> 8 & 7;
	struct event ev = event_new(EV_ACCEPT, SRC_KVM, cpu_of_id(k, p, KVM_APICID), p->ts);
	const struct thread *th = find_thread(k, p->tid);

	if (!kvm_has(p, KVM_DM) || !mode_matters(mode))
		return;
	if (mode == IPI_INIT && kvm_has(p, KVM_TM) && p->value[KVM_TM] && th && th->deasserting)
		return;
	event_set(&ev, ACCEPT_MODE, mode);
	if (mode == IPI_SIPI && kvm_has(p, KVM_VEC))
		event_set(&ev, ACCEPT_VECTOR, p->value[KVM_VEC]);
	k->out->put(k->out, &ev);
}

/* --- all of them --- */

void kvm_events_put(struct kvm_events *k, const struct kvm_point *p)
{
	static void (*const take[KVM_POINT_COUNT])(struct kvm_events *, const struct kvm_point *) = {
		[KVM_POINT_SMM_TRANSITION] = take_smm, [KVM_POINT_ENTER_SMM] = take_smm,
		[KVM_POINT_PIO] = take_pio, [KVM_POINT_APIC_IPI] = take_ipi,
		[KVM_POINT_APIC_ACCEPT_IRQ] = take_accept,
	};

	kvm_events_learn(k, p);
	if (take[p->id])
		take[p->id](k, p);
}

void kvm_events_rebased(struct kvm_events *k, int cpu, uint64_t smbase)
{
	if (cpu >= 0 && cpu < EVENT_MAX_CPUS)
		k->vcpu[cpu].smbase = smbase;
}

static void forget(struct kvm_events *k)
{
	for (int i = 0; i < EVENT_MAX_CPUS; i++)
		k->vcpu[i] = (struct vcpu){ .smbase = SMBASE_UNKNOWN };
	for (size_t i = 0; i < k->threads; i++)
		k->thread[i].deasserting = false;
	k->selector_known = k->get_pending = false;
}

void kvm_events_lost(struct kvm_events *k, int64_t from, int64_t until, uint64_t count)
{
	struct event ev = event_new(EV_LOST, SRC_KVM, CPU_UNKNOWN, from);

	forget(k);
	event_set(&ev, LOST_UNTIL, (uint64_t)until);
	if (count)
		event_set(&ev, LOST_COUNT, count);
	k->out->put(k->out, &ev);
}

struct kvm_events *kvm_events_new(struct event_out *out)
{
	struct kvm_events *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->out = out;
	for (int i = 0; i < EVENT_MAX_CPUS; i++)
		k->cpu_of_id[i] = (int16_t)i;
	forget(k);
	return k;
}

void kvm_events_free(struct kvm_events *k)
{
	if (k)
		free(k->thread);
	free(k);
}
