/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What do the invariants cost an event? The stream is what a boot of OVMF gives: 600 SMIs on each of 4 CPUs
 * by port 0xb2, the monarch's read of the command, and now and then a scan of the hot-plug registers.
 * Beside the checker, in the same run and by turns, the model and the scene alone.
 *
 *     check [SMIS [ROUNDS]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../tracer/check/check.h"
#include "../../tracer/clock.h"

#define CPUS 4
#define MAX_ROUNDS 51
#define SCAN_EVERY 20
#define GOAL_NS 2000

static struct event *events;
static unsigned count;

static struct event *add(enum event_kind kind, enum event_source source, int cpu)
{
	events[count] = event_new(kind, source, cpu, 1000000000ll + 200000ll * count);
	return &events[count++];
}

static void add_port(int dir, uint64_t value)
{
	struct event *ev = add(EV_PORT, SRC_QEMULOG, 0);

	event_set(ev, PORT_PORT, APM_CNT);
	event_set(ev, PORT_DIR, (uint64_t)dir);
	event_set(ev, PORT_VALUE, value);
}

static void add_config(enum config_reg reg, uint64_t value)
{
	struct event *ev = add(EV_CONFIG, SRC_GDB, CPU_UNKNOWN);

	event_set(ev, CONFIG_REG, reg);
	event_set(ev, CONFIG_VALUE, value);
}

static void add_enter(int cpu, uint64_t smbase)
{
	struct event *ev = add(EV_SMI_ENTER, SRC_GDB, cpu);

	event_set(ev, SMI_ENTER_SMBASE, smbase);
	event_set(ev, SMI_ENTER_RIP, 0x7e5a1234);
	event_set(ev, SMI_ENTER_CR3, 0x7fc01000);
}

static void add_leave(int cpu, uint64_t smbase)
{
	struct event *ev = add(EV_SMI_LEAVE, SRC_GDB, cpu);

	event_set(ev, SMI_LEAVE_SMBASE, smbase);
	event_set(ev, SMI_LEAVE_VIA, VIA_BREAKPOINT);
}

static void add_pause(void)
{
	struct event *ev = add(EV_PAUSE, SRC_GDB, CPU_UNKNOWN);

	event_set(ev, PAUSE_UNTIL, (uint64_t)ev->ts + 50000);
	event_set(ev, PAUSE_WHY, WHY_STOP);
}

static uint64_t base_of(int cpu)
{
	return 0xffbf000u + 0x2000u * (unsigned)cpu;
}

static void add_boot(void)
{
	for (int i = 0; i < CPUS; i++)
		event_set(add(EV_CPU_ADD, SRC_GDB, i), CPU_ADD_APIC_ID, (uint64_t)i);
	for (int i = 0; i < CPUS; i++) {
		struct event *ev;

		add_enter(i, SMBASE_DEFAULT);
		ev = add(EV_SMBASE_WRITE, SRC_GDB, i);
		event_set(ev, SMBASE_WRITE_OLD, SMBASE_DEFAULT);
		event_set(ev, SMBASE_WRITE_NEW, base_of(i));
		add_leave(i, SMBASE_DEFAULT);
	}
	add_config(CONFIG_SMI_NEGOTIATED, 7);
	add_config(CONFIG_TSEG_BASE, 0xf000000);
	add_config(CONFIG_TSEG_SIZE, 0x1000000);
	add_config(CONFIG_MCH_9C, 2);
	add_config(CONFIG_MCH_9D, 0x1a);
	add_config(CONFIG_MCH_9E, 0x3f);
}

static void add_scan(void)
{
	for (uint64_t i = 0; i < CPUS; i++) {
		struct event *ev = add(EV_CPUHP, SRC_QEMULOG, 0);

		event_set(ev, CPUHP_REG, 4);
		event_set(ev, CPUHP_DIR, DIR_READ);
		event_set(ev, CPUHP_VALUE, 1);
		event_set(ev, CPUHP_SELECTOR, i);
	}
}

static void add_smi(int n)
{
	add_port(DIR_WRITE, 0);
	for (int i = 0; i < CPUS; i++) {
		add_enter(i, base_of(i));
		add_pause();
	}
	add_port(DIR_READ, 0);
	if (n % SCAN_EVERY == 0)
		add_scan();
	for (int i = CPUS - 1; i >= 0; i--) {
		add_leave(i, base_of(i));
		add_pause();
	}
}

/* Nanoseconds an event, with the checker or without. */
static double measure(bool checked)
{
	struct model *m = malloc(sizeof(*m));
	struct scene *s = malloc(sizeof(*s));
	struct check_options all = { 0 };
	struct checker *k = checker_new(&all);
	int64_t began = clock_now();
	double ns;

	model_init(m);
	scene_init(s);
	for (unsigned i = 0; i < count; i++) {
		const struct event *ev = &events[i];
		const struct check_input in = { i + 1, ev, m, s };
		struct cpu before;

		if (checked) {
			checker_advance(k, m, s, ev->ts);
			checker_event(k, &in);
		}
		if (cpuset_valid(ev->cpu))
			before = m->cpu[ev->cpu];
		model_apply(m, i + 1, ev);
		scene_apply(s, m, cpuset_valid(ev->cpu) ? &before : NULL, i + 1, ev);
	}
	ns = (double)(clock_now() - began) / count;
	if (checker_violation(k, 1))
		fprintf(stderr, "bench check: a healthy boot breaks %s\n",
			invariant_list[checker_violation(k, 1)->invariant]->name);
	checker_free(k);
	free(m);
	free(s);
	return ns;
}

static int smaller(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static double median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof(*v), smaller);
	return v[n / 2];
}

int main(int argc, char **argv)
{
	int smis = argc > 1 ? atoi(argv[1]) : 600, rounds = argc > 2 ? atoi(argv[2]) : 15;
	double with[MAX_ROUNDS], without[MAX_ROUNDS], cost;

	rounds = rounds < 1 ? 1 : rounds > MAX_ROUNDS ? MAX_ROUNDS : rounds;
	events = calloc((size_t)(smis > 0 ? smis : 1) * 30 + 100, sizeof(*events));
	if (!events)
		return 1;
	add_boot();
	for (int i = 0; i < smis; i++)
		add_smi(i);
	for (int i = 0; i < rounds; i++) {
		without[i] = measure(false);
		with[i] = measure(true);
	}
	cost = median(with, rounds) - median(without, rounds);
	printf("check: %.0f ns/event for %d invariants, model and scene %.0f ns/event, %u events, goal %d\n", cost,
	       INVARIANT_COUNT, median(without, rounds), count, GOAL_NS);
	free(events);
	return 0;
}
