/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "episode.h"

#include <string.h>

#include "points.h"

const char *const episode_kind_name[EPISODE_KIND_COUNT] = {
	[EPISODE_BOOT] = "boot", [EPISODE_PLUG] = "plug", [EPISODE_UNPLUG] = "unplug",
};
const char *const episode_status_name[EPISODE_STATUS_COUNT] = {
	[EPISODE_RUNNING] = "running", [EPISODE_DONE] = "done", [EPISODE_STUCK] = "stuck",
};

static const struct flow_point *points_of(const struct episode *ep)
{
	return (ep->profile ? ep->profile : &flow_common)->points[ep->kind];
}

const struct flow_point *flow_point(const struct episode *ep, enum flow_step step)
{
	for (const struct flow_point *p = points_of(ep); p->when; p++)
		if (p->step == step)
			return p;
	return NULL;
}

const struct round *flow_round(const struct episode *ep, const struct scene *s)
{
	if (!ep->round)
		return NULL;
	if (s->round.number == ep->round)
		return &s->round;
	return s->last.number == ep->round ? &s->last : NULL;
}

static bool reached(const struct episode *ep, enum flow_step step)
{
	return moment_is(ep->at[step]);
}

/* ---- which SMI is it? ---- */

static void follow_round(struct episode *ep, const struct scene *s)
{
	if (!ep->round && reached(ep, STEP_SMI) && s->round.raised.id == ep->at[STEP_SMI].id)
		ep->round = s->round.number;
}

/* What the monarch does for the CPU, it does in the round that counts. */
static void work_begins(struct episode *ep, const struct flow_input *in, enum flow_step step)
{
	if ((step == STEP_B || step == STEP_C || step == STEP_EJECT) && ep->at[step].id == in->id)
		ep->round = in->scene->round.number;
}

/* The monarch sends an SMI to CPUs that should have come with the broadcast (edk2, SmmWaitForApArrival()). */
static void note_late(struct episode *ep, const struct round *r, const struct flow_input *in)
{
	struct cpuset to;

	if (in->ev->kind != EV_IPI || event_get(in->ev, IPI_MODE, IPI_FIXED) != IPI_SMI ||
	    in->ev->cpu == CPU_UNKNOWN || in->ev->cpu != r->monarch || r->number != in->scene->round.number)
		return;
	to = scene_ipi_targets(in->scene, in->model, in->ev);
	for (int i = cpuset_next(&to, 0); i >= 0; i = cpuset_next(&to, i + 1))
		if (cpuset_has(&r->expected, i))
			cpuset_add(&ep->late, i);
}

static bool gather(struct episode *ep, const struct flow_input *in)
{
	const struct round *r = flow_round(ep, in->scene);

	if (r) {
		ep->monarch = r->monarch;
		note_late(ep, r, in);
	}
	if (!r || !memcmp(&ep->rendezvous, &r->entered, sizeof(r->entered)))
		return false;
	ep->rendezvous = r->entered;
	return true;
}

/* ---- steps ---- */

/* Its slot was looked at when it had left. */
static bool stays_after_all(const struct scene_cpu *c, const struct flow_input *in)
{
	return in->ev->kind == EV_SMBASE_FOUND && in->ev->cpu >= 0 && c == &in->scene->cpu[in->ev->cpu] &&
	       moment_after(c->default_leave, c->default_entry) && !c->relocated;
}

/* Its stay at the default SMBASE ended without a new SMBASE: what it did there has to come again. */
static bool rearm(struct episode *ep, const struct flow_input *in)
{
	const struct scene_cpu *c = &in->scene->cpu[ep->cpu];
	bool again = false;

	if ((c->reset_in_smm.id != in->id && c->default_leave.id != in->id && !stays_after_all(c, in)) ||
	    c->relocation_rsm.id == in->id || c->slot_unknown)
		return false;
	for (int i = STEP_D_ENTRY; i < STEP_D_RSM; i++) {
		again |= reached(ep, (enum flow_step)i);
		ep->at[i] = (struct moment){ 0 };
	}
	return again;
}

static bool look(struct episode *ep, const struct flow_input *in)
{
	bool any = false;

	for (const struct flow_point *p = points_of(ep); p->when; p++) {
		if (reached(ep, p->step) || (ep->status == EPISODE_DONE && !(p->how & FLOW_OPTIONAL)))
			continue;
		ep->at[p->step] = p->when(ep, in);
		any |= reached(ep, p->step);
		work_begins(ep, in, p->step);
		follow_round(ep, in->scene);
	}
	return any;
}

/* The furthest point that was reached: then those that came early, if it is their turn by now. */
static const struct flow_point *furthest(const struct episode *ep)
{
	const struct flow_point *at = points_of(ep), *p;

	for (p = at; p->when; p++)
		if (reached(ep, p->step) && !(p->how & FLOW_EARLY))
			at = p;
	for (p = at + 1; p->when && (reached(ep, p->step) || p->how & FLOW_OPTIONAL); p++)
		if (reached(ep, p->step))
			at = p;
	return at;
}

static enum flow_step waited_for(const struct episode *ep, const struct flow_point *at)
{
	for (at++; at->when; at++)
		if (!(at->how & FLOW_OPTIONAL) && !reached(ep, at->step))
			return at->step;
	return FLOW_STEP_COUNT;
}

static void stand(struct episode *ep, const struct flow_input *in)
{
	ep->step_ns = in->ev->ts;
	ep->paused_at_step = in->scene->paused_ns;
	ep->stuck_ns = 0;
	ep->status = EPISODE_RUNNING;
}

static void move(struct episode *ep, const struct flow_input *in, bool again)
{
	const struct flow_point *at = furthest(ep);

	if (ep->status == EPISODE_DONE)
		return;
	if (at->step != ep->step || again)
		stand(ep, in);
	ep->step = at->step;
	ep->next = waited_for(ep, at);
	if (ep->next != FLOW_STEP_COUNT)
		return;
	ep->status = EPISODE_DONE;
	ep->end_ns = in->ev->ts;
}

/* ---- its life ---- */

static bool ends(const struct episode *ep, const struct flow_input *in)
{
	const struct scene *s = in->scene;
	bool gone = ep->kind != EPISODE_UNPLUG && s->cpu[ep->cpu].removed.id == in->id;

	return gone || s->system_reset.id == in->id || s->target_exit.id == in->id;
}

static bool cut(struct episode *ep, const struct flow_input *in)
{
	if (ep->status == EPISODE_DONE)
		return false;
	ep->cut_short = true;
	ep->end_ns = in->ev->ts;
	return true;
}

void episode_begin(struct episode *ep, const struct flow_input *in, int64_t opened)
{
	ep->opened = opened;
	ep->start_ns = in->ev->ts;
	ep->step = points_of(ep)->step;
	stand(ep, in);
}

bool episode_event(struct episode *ep, const struct flow_input *in)
{
	bool again, changed;

	if (ends(ep, in))
		return cut(ep, in);
	follow_round(ep, in->scene);
	again = rearm(ep, in);
	changed = look(ep, in) || again;
	changed |= gather(ep, in);
	if (changed)
		move(ep, in, again);
	return changed;
}

/* A done one still waits to be told that its CPU has entered SMM at its own SMBASE. */
bool episode_closed(const struct episode *ep, const struct flow_input *in)
{
	if (ends(ep, in))
		return true;
	return ep->status == EPISODE_DONE && (reached(ep, STEP_PROVED) || !flow_point(ep, STEP_PROVED));
}
