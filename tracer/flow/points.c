/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "points.h"

#include <stddef.h>

static const struct moment not_yet;

static struct moment now(const struct flow_input *in)
{
	return (struct moment){ in->id, in->ev->ts };
}

/* ---- plug ---- */

struct moment point_added(const struct episode *ep, const struct flow_input *in)
{
	return point_own(ep, point_cpu(ep, in)->added);
}

struct moment point_gpe(const struct episode *ep, const struct flow_input *in)
{
	return point_own(ep, point_cpu(ep, in)->insert_seen);
}

struct moment point_smi(const struct episode *ep, const struct flow_input *in)
{
	const struct scene *s = in->scene;

	if (s->round.cmd == APM_CMD_CPU_HOTPLUG && moment_is(point_own(ep, s->round.raised)))
		return s->round.raised;
	return s->next_cmd == APM_CMD_CPU_HOTPLUG ? point_own(ep, s->raised_next) : not_yet;
}

struct moment point_rendezvous(const struct episode *ep, const struct flow_input *in)
{
	const struct round *r = flow_round(ep, in->scene);

	if (!r || !moment_is(point_own(ep, r->raised)) || cpuset_empty(&r->expected))
		return not_yet;
	for (int i = cpuset_next(&r->expected, 0); i >= 0; i = cpuset_next(&r->expected, i + 1))
		if (!cpuset_has(&r->entered, i))
			return not_yet;
	return now(in);
}

struct moment point_enumerated(const struct episode *ep, const struct flow_input *in)
{
	return point_own(ep, point_cpu(ep, in)->enumerated);
}

struct moment point_init_sipi(const struct episode *ep, const struct flow_input *in)
{
	const struct scene_cpu *c = point_cpu(ep, in);

	if (!c->init_from_smm || !c->sipi_from_smm || !moment_after(c->sipi, c->init))
		return not_yet;
	return moment_is(point_own(ep, c->init)) ? c->sipi : not_yet;
}

/* A stay at the default base that ended by a reset, or by an RSM without a new SMBASE, does not count. */
struct moment point_default_entry(const struct episode *ep, const struct flow_input *in)
{
	const struct scene_cpu *c = point_cpu(ep, in);
	bool left = moment_after(c->default_leave, c->default_entry);

	if (moment_after(c->reset_in_smm, c->default_entry) ||
	    (left && !c->slot_unknown && !moment_after(c->relocation_rsm, c->default_entry)))
		return not_yet;
	return point_own(ep, c->default_entry);
}

struct moment point_smbase_write(const struct episode *ep, const struct flow_input *in)
{
	const struct scene_cpu *c = point_cpu(ep, in);

	return moment_after(c->smbase_write, c->default_entry) ? point_own(ep, c->smbase_write) : not_yet;
}

struct moment point_rsm(const struct episode *ep, const struct flow_input *in)
{
	return point_own(ep, point_cpu(ep, in)->relocation_rsm);
}

static bool monarch_acts(const struct event *ev, const struct round *r)
{
	static const bool acts[EVENT_KIND_COUNT] = {
		[EV_PORT] = true, [EV_IPI] = true, [EV_CPUHP] = true, [EV_HANDOFF] = true, [EV_SMI_LEAVE] = true,
		[EV_HANDLER] = true,
	};

	return acts[ev->kind] && ev->cpu != CPU_UNKNOWN && ev->cpu == r->monarch;
}

/* It does anything more: then it no longer polls. */
struct moment point_next(const struct episode *ep, const struct flow_input *in)
{
	const struct round *r = flow_round(ep, in->scene);
	struct moment rsm = ep->at[STEP_D_RSM];

	return r && moment_is(rsm) && in->id > rsm.id && monarch_acts(in->ev, r) ? now(in) : not_yet;
}

struct moment point_own_entry(const struct episode *ep, const struct flow_input *in)
{
	const struct scene_cpu *c = point_cpu(ep, in);

	return moment_after(c->own_entry, c->relocation_rsm) ? point_own(ep, c->own_entry) : not_yet;
}

struct moment point_all_left(const struct episode *ep, const struct flow_input *in)
{
	const struct round *r = flow_round(ep, in->scene);

	return r && !r->open && point_cpu(ep, in)->relocated ? point_own(ep, r->last_leave) : not_yet;
}

/* An OS may do the next two for a CPU that never got an SMBASE; that is no progress. */
struct moment point_clear(const struct episode *ep, const struct flow_input *in)
{
	const struct scene_cpu *c = point_cpu(ep, in);

	return c->relocated ? point_own(ep, c->insert_cleared) : not_yet;
}

struct moment point_online(const struct episode *ep, const struct flow_input *in)
{
	const struct scene_cpu *c = point_cpu(ep, in);

	return c->relocated ? point_own(ep, c->started) : not_yet;
}

static const struct flow_point plug[] = {
	POINT_ADDED, POINT_GPE, POINT_SMI, POINT_RENDEZVOUS,
	{ STEP_B, point_enumerated, "the monarch to ask for the APIC ID of CPU %d", "the monarch", 0 },
	POINT_C, POINT_D_ENTRY, POINT_D_WRITE, POINT_D_RSM, POINT_E, POINT_PROVED,
	{ STEP_F, point_all_left, "all CPUs to leave SMM", "the monarch", 0 },
	POINT_CLEAR, POINT_ONLINE, POINTS_END
};

/* ---- boot ---- */

struct moment point_asked(const struct episode *ep, const struct flow_input *in)
{
	return point_own(ep, point_cpu(ep, in)->smi_raised);
}

const struct flow_point flow_boot_points[] = {
	{ STEP_SMI, point_asked, "an SMI to be sent to CPU %d", "the boot CPU", FLOW_OPTIONAL },
	{ STEP_D_ENTRY, point_default_entry, "CPU %d to enter SMM at the default SMBASE", "CPU %d", 0 },
	POINT_D_WRITE, POINT_D_RSM, POINT_PROVED, POINTS_END
};

/* ---- unplug ---- */

struct moment point_remove(const struct episode *ep, const struct flow_input *in)
{
	return point_cpu(ep, in)->remove_pending && in->ev->kind == EV_CPUHP ? now(in) : not_yet;
}

struct moment point_hand_over(const struct episode *ep, const struct flow_input *in)
{
	return point_own(ep, point_cpu(ep, in)->handed_over);
}

struct moment point_eject(const struct episode *ep, const struct flow_input *in)
{
	return point_own(ep, point_cpu(ep, in)->ejected);
}

struct moment point_gone(const struct episode *ep, const struct flow_input *in)
{
	return point_own(ep, point_cpu(ep, in)->removed);
}

/* The thread list may tell of the end of a CPU after the others have left. */
struct moment point_unplug_left(const struct episode *ep, const struct flow_input *in)
{
	const struct round *r = flow_round(ep, in->scene);
	bool out = moment_is(ep->at[STEP_EJECT]) || moment_is(ep->at[STEP_GONE]);

	return r && !r->open && out ? point_own(ep, r->last_leave) : not_yet;
}

const struct flow_point flow_unplug_points[] = {
	{ STEP_REQUEST, point_remove, "the request to remove CPU %d to be found", "the OS", 0 },
	{ STEP_HAND_OVER, point_hand_over, "the eject of CPU %d to be left to the firmware", "the OS", 0 },
	POINT_SMI, POINT_RENDEZVOUS,
	{ STEP_EJECT, point_eject, "CPU %d to be ejected", "the monarch", 0 },
	{ STEP_GONE, point_gone, "CPU %d to disappear", "QEMU", 0 },
	{ STEP_F, point_unplug_left, "all CPUs to leave SMM", "the monarch", FLOW_EARLY },
	POINTS_END
};

static bool never(const struct scene *s)
{
	(void)s;
	return false;
}

const struct flow_profile flow_common = {
	"common", "what the flows of all firmware share",
	{ [EPISODE_BOOT] = flow_boot_points, [EPISODE_PLUG] = plug, [EPISODE_UNPLUG] = flow_unplug_points },
	never,
};
