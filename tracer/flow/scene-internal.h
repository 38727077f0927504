/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shared by the scene*.c files only. */
#ifndef TRACER_FLOW_SCENE_INTERNAL_H
#define TRACER_FLOW_SCENE_INTERNAL_H

#include "scene.h"

/* One event on its way through, with what is needed to judge it. */
struct applying {
	struct scene *s;
	const struct model *m;
	const struct cpu *before; /* of ev->cpu, NULL = none */
	struct scene_cpu *c;      /* likewise */
	const struct event *ev;
	struct moment now;
};

static inline bool applying_in_smm(const struct applying *a, int cpu)
{
	return cpuset_valid(cpu) && cpu_in_smm(&a->m->cpu[cpu]);
}

/*
 * Is it done in SMM, whoever does it? Of an event without a CPU that is certain when no CPU that could
 * have done it is outside: all but hot ones that wait to be relocated are in SMM.
 */
bool applying_is_inside(const struct applying *a);
/* Is it done outside? Neither holds when it cannot be told. */
bool applying_is_outside(const struct applying *a);

/* scene-round.c */
void scene_act(struct applying *a); /* the event's CPU acts in SMM: the first to do so in a round is its monarch */
void scene_round_enter(struct applying *a, int cpu);
void scene_round_leave(struct applying *a, int cpu);
void scene_raise_smi(struct applying *a, int cpu, bool by_ipi);
void scene_on_port(struct applying *a);

/* scene-cpu.c; those about a CPU need a->c */
void scene_on_ipi(struct applying *a);
void scene_on_accept(struct applying *a);
void scene_on_smi_enter(struct applying *a);
void scene_on_smi_leave(struct applying *a);
void scene_on_smbase_write(struct applying *a);
void scene_on_smbase_found(struct applying *a);
void scene_on_cpu_add(struct applying *a);
void scene_on_cpu_remove(struct applying *a);
void scene_on_cpu_reset(struct applying *a);
void scene_on_cpu_seen(struct applying *a);

/* scene-block.c */
void scene_on_cpuhp(struct applying *a);

#endif
