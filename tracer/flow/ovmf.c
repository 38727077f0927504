/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * OVMF's CpuHotplugSmm (edk2 OvmfPkg/CpuHotplugSmm): the relocation handler stays at the default SMBASE
 * from boot on, behind a gate that lets through one APIC ID, or none. A SIPI leads to a pen.
 */
#include "points.h"

static bool gate_is_closed(const struct scene *s)
{
	return s->word[WORD_GATE].known && s->word[WORD_GATE].value == GATE_CLOSED;
}

/* Nobody who gets an INIT or SIPI now can run the handler: the gate stands for the shoot-down. */
static struct moment closed_when_monarch_acts(const struct episode *ep, const struct flow_input *in)
{
	const struct round *r = flow_round(ep, in->scene);

	if (!r || !moment_is(point_own(ep, r->acted)) || !gate_is_closed(in->scene))
		return (struct moment){ 0 };
	return point_both(r->acted, in->scene->word[WORD_GATE].when);
}

static struct moment enumerated_behind_gate(const struct episode *ep, const struct flow_input *in)
{
	const struct scene *s = in->scene;

	if (event_get(&s->handler, HANDLER_CODE, CODE_UNKNOWN) != CODE_GATE)
		return (struct moment){ 0 };
	return point_both(point_enumerated(ep, in), s->handler_when);
}

static struct moment through_the_gate(const struct episode *ep, const struct flow_input *in)
{
	const struct scene_cpu *c = point_cpu(ep, in);

	return moment_after(c->gate_pass, c->default_entry) ? point_own(ep, c->gate_pass)
							   : (struct moment){ 0 };
}

static struct moment closed_and_left(const struct episode *ep, const struct flow_input *in)
{
	if (!gate_is_closed(in->scene))
		return (struct moment){ 0 };
	return point_both(point_all_left(ep, in), in->scene->word[WORD_GATE].when);
}

static const struct flow_point plug[] = {
	POINT_ADDED, POINT_GPE, POINT_SMI, POINT_RENDEZVOUS,
	{ STEP_A, closed_when_monarch_acts, "the monarch to begin, with the gate closed", "the monarch", 0 },
	{ STEP_B, enumerated_behind_gate, "the monarch to ask for the APIC ID of CPU %d, with the gated handler "
	  "in place", "the monarch", 0 },
	POINT_C, POINT_D_ENTRY,
	{ STEP_D_PASS, through_the_gate, "CPU %d to pass the gate, once the monarch opens it for it", "CPU %d", 0 },
	POINT_D_WRITE, POINT_D_RSM, POINT_E, POINT_PROVED,
	{ STEP_F, closed_and_left, "all CPUs to leave SMM, with the gate closed", "the monarch", 0 },
	POINT_CLEAR, POINT_ONLINE, POINTS_END
};

static bool fits(const struct scene *s)
{
	return event_get(&s->handler, HANDLER_CODE, CODE_UNKNOWN) == CODE_GATE;
}

const struct flow_profile flow_ovmf = {
	"ovmf", "OVMF's CpuHotplugSmm: a gate before the relocation handler, a pen behind the SIPI",
	{ [EPISODE_BOOT] = flow_boot_points, [EPISODE_PLUG] = plug, [EPISODE_UNPLUG] = flow_unplug_points },
	fits,
};
