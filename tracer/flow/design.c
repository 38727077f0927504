/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The flow of the 2019 design discussion ("CPU hotplug using SMM", edk2-devel and qemu-devel): a NOP
 * handler at the default SMBASE, for which the monarch puts the relocation handler while it needs it.
 */
#include "points.h"

static bool handler_is(const struct scene *s, enum handler_code code)
{
	return event_get(&s->handler, HANDLER_CODE, CODE_UNKNOWN) == code;
}

/* Between the CPU's coming and the monarch's first act nobody has sent it an INIT or SIPI. */
static struct moment none_in_flight(const struct episode *ep, const struct flow_input *in)
{
	const struct scene_cpu *c = point_cpu(ep, in);
	const struct round *r = flow_round(ep, in->scene);

	if (!r || moment_is(point_own(ep, c->init)) || moment_is(point_own(ep, c->sipi)))
		return (struct moment){ 0 };
	return point_own(ep, r->acted);
}

static struct moment relocation_handler_ready(const struct episode *ep, const struct flow_input *in)
{
	if (!handler_is(in->scene, CODE_RELOCATE))
		return (struct moment){ 0 };
	return point_both(point_enumerated(ep, in), in->scene->handler_when);
}

/* Whoever comes out with an SMBASE was in a handler that relocates, whether or not anybody saw it there. */
static bool came_out_relocated(const struct scene_cpu *c)
{
	return moment_after(c->relocation_rsm, c->default_entry);
}

/* A stay in the NOP handler is none: under TCG the CPU takes the broadcast SMI, and spends it there. */
static struct moment entry_that_counts(const struct episode *ep, const struct flow_input *in)
{
	const struct scene_cpu *c = point_cpu(ep, in);

	if (c->default_code == CODE_NOP && !came_out_relocated(c))
		return (struct moment){ 0 };
	return point_default_entry(ep, in);
}

/* It runs what lay there when it entered, whatever takes its place meanwhile. */
static struct moment runs_relocation_handler(const struct episode *ep, const struct flow_input *in)
{
	const struct scene_cpu *c = point_cpu(ep, in);

	if (c->default_code != CODE_RELOCATE && !came_out_relocated(c))
		return (struct moment){ 0 };
	return point_default_entry(ep, in);
}

static struct moment nop_and_left(const struct episode *ep, const struct flow_input *in)
{
	if (!handler_is(in->scene, CODE_NOP))
		return (struct moment){ 0 };
	return point_both(point_all_left(ep, in), in->scene->handler_when);
}

static const struct flow_point plug[] = {
	POINT_ADDED, POINT_GPE, POINT_SMI, POINT_RENDEZVOUS,
	{ STEP_A, none_in_flight, "the monarch to begin, with no INIT or SIPI for CPU %d in flight", "the monarch",
	  0 },
	{ STEP_B, relocation_handler_ready, "the monarch to ask for the APIC ID of CPU %d, and to put the "
	  "relocation handler in place of the NOP one", "the monarch", 0 },
	POINT_C,
	{ STEP_D_ENTRY, entry_that_counts, "CPU %d to enter SMM at the default SMBASE, with the relocation handler "
	  "there", "CPU %d", FLOW_EARLY },
	{ STEP_D_PASS, runs_relocation_handler, "CPU %d to run the relocation handler", "CPU %d", FLOW_EARLY },
	POINT_D_WRITE, POINT_D_RSM, POINT_E, POINT_PROVED,
	{ STEP_F, nop_and_left, "all CPUs to leave SMM, with the NOP handler back", "the monarch", 0 },
	POINT_CLEAR, POINT_ONLINE, POINTS_END
};

/* Memory of an OS may hold an RSM, and before it by chance nothing that this is not; a handler is short. */
#define NOP_SIZE 16

static bool fits(const struct scene *s)
{
	return handler_is(s, CODE_RELOCATE) ||
	       (handler_is(s, CODE_NOP) && event_get(&s->handler, HANDLER_SIZE, 0) <= NOP_SIZE);
}

const struct flow_profile flow_design = {
	"design", "the 2019 design: a NOP handler, exchanged for the relocation handler while it is needed",
	{ [EPISODE_BOOT] = flow_boot_points, [EPISODE_PLUG] = plug, [EPISODE_UNPLUG] = flow_unplug_points },
	fits,
};
