/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "flow.h"

#include <stdlib.h>

#include "episode.h"

struct entry {
	struct episode ep;
	bool changed;
	struct entry *next_changed;
};

struct flow {
	struct flow_options options;
	const struct flow_profile *profile;
	struct entry **all;               /* by id - 1 */
	size_t count, room;
	struct entry **open;              /* has the room of @all */
	size_t opens;
	struct entry *changed, **changed_end;
};

struct flow *flow_new(const struct flow_options *o)
{
	struct flow *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->options = *o;
	f->profile = o->profile;
	f->changed_end = &f->changed;
	return f;
}

void flow_free(struct flow *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->count; i++)
		free(f->all[i]);
	free(f->all);
	free(f->open);
	free(f);
}

static void tell(struct flow *f, struct entry *e)
{
	if (e->changed)
		return;
	e->changed = true;
	e->next_changed = NULL;
	*f->changed_end = e;
	f->changed_end = &e->next_changed;
}

struct episode *flow_changed(struct flow *f)
{
	struct entry *e = f->changed;

	if (!e)
		return NULL;
	f->changed = e->next_changed;
	if (!f->changed)
		f->changed_end = &f->changed;
	e->changed = false;
	return &e->ep;
}

struct episode *flow_episode(struct flow *f, int64_t id)
{
	return id >= 1 && (uint64_t)id <= f->count ? &f->all[id - 1]->ep : NULL;
}

const struct flow_profile *flow_profile_now(const struct flow *f)
{
	return f->profile;
}

/* ---- opening ---- */

static bool is_open(const struct flow *f, enum episode_kind kind, int cpu)
{
	for (size_t i = 0; i < f->opens; i++)
		if (f->open[i]->ep.kind == kind && f->open[i]->ep.cpu == cpu &&
		    f->open[i]->ep.status != EPISODE_DONE)
			return true;
	return false;
}

static bool make_room(struct flow *f)
{
	size_t room = f->room ? 2 * f->room : 16;
	struct entry **all, **open;

	if (f->count < f->room)
		return true;
	all = realloc(f->all, room * sizeof(*all));
	if (all)
		f->all = all;
	open = realloc(f->open, room * sizeof(*open));
	if (open)
		f->open = open;
	if (!all || !open)
		return false;
	f->room = room;
	return true;
}

/* Without memory for it, it is not followed; the recording has its events all the same. */
static void begin(struct flow *f, const struct flow_input *in, enum episode_kind kind, int cpu,
		  int64_t opened)
{
	struct entry *e = make_room(f) ? calloc(1, sizeof(*e)) : NULL;

	if (!e)
		return;
	f->all[f->count++] = f->open[f->opens++] = e;
	e->ep.id = (int64_t)f->count;
	e->ep.kind = kind;
	e->ep.cpu = cpu;
	e->ep.monarch = CPU_UNKNOWN;
	e->ep.profile = f->profile;
	episode_begin(&e->ep, in, opened);
	tell(f, e);
}

static bool is_first(const struct flow *f, const struct scene *s, int cpu)
{
	return cpuset_valid(cpu) && !s->cpu[cpu].hot && !s->cpu[cpu].relocated && !is_open(f, EPISODE_BOOT, cpu);
}

static void open_boot_entry(struct flow *f, const struct flow_input *in)
{
	if (event_get(in->ev, SMI_ENTER_SMBASE, SMBASE_UNKNOWN) == SMBASE_DEFAULT &&
	    is_first(f, in->scene, in->ev->cpu))
		begin(f, in, EPISODE_BOOT, in->ev->cpu, in->id);
}

/* An SMI that one CPU is sent before it has an SMBASE, by firmware that boots: outside SMM. */
static void open_boot_ipi(struct flow *f, const struct flow_input *in)
{
	struct cpuset to;

	if (event_get(in->ev, IPI_MODE, IPI_FIXED) != IPI_SMI || in->scene->attached_late ||
	    !cpuset_valid(in->ev->cpu) || cpu_in_smm(&in->model->cpu[in->ev->cpu]))
		return;
	to = scene_ipi_targets(in->scene, in->model, in->ev);
	for (int i = cpuset_next(&to, 0); i >= 0; i = cpuset_next(&to, i + 1))
		if (is_first(f, in->scene, i) && in->scene->cpu[i].smi_raised.id == in->id)
			begin(f, in, EPISODE_BOOT, i, in->id);
}

/* What the log told of the CPU before anybody knew that it is there counts too. */
static void open_plug(struct flow *f, const struct flow_input *in)
{
	const struct scene_cpu *c;

	if (!cpuset_valid(in->ev->cpu))
		return;
	c = &in->scene->cpu[in->ev->cpu];
	if (c->hot && c->added.id == in->id)
		begin(f, in, EPISODE_PLUG, in->ev->cpu, moment_is(c->reset) ? c->reset.id : in->id);
}

static void open_unplug(struct flow *f, const struct flow_input *in)
{
	uint64_t selector = event_get(in->ev, CPUHP_SELECTOR, in->scene->selector);
	bool inside = cpuset_valid(in->ev->cpu) && cpu_in_smm(&in->model->cpu[in->ev->cpu]);
	const struct scene_cpu *c;

	if (event_get(in->ev, CPUHP_REG, UINT64_MAX) != HP_STATUS || inside || selector >= EVENT_MAX_CPUS)
		return;
	c = &in->scene->cpu[selector];
	if ((c->remove_pending || c->handed_over.id == in->id) &&
	    cpuset_has(&in->scene->present, (int)selector) && !is_open(f, EPISODE_UNPLUG, (int)selector))
		begin(f, in, EPISODE_UNPLUG, (int)selector, in->id);
}

/* By kind of the event that may open one. */
static void (*const open_by[EVENT_KIND_COUNT])(struct flow *f, const struct flow_input *in) = {
	[EV_SMI_ENTER] = open_boot_entry, [EV_IPI] = open_boot_ipi, [EV_CPU_ADD] = open_plug,
	[EV_CPUHP] = open_unplug,
};

/* ---- going on ---- */

static void choose_profile(struct flow *f, const struct scene *s)
{
	if (f->options.profile)
		return;
	for (unsigned i = 0; flow_profile_list[i]; i++)
		if (flow_profile_list[i]->fits(s)) {
			f->profile = flow_profile_list[i];
			return;
		}
}

/* Its verdict can say more now: it tells of its CPU and of the monarch. */
static bool looked_at(const struct episode *ep, const struct flow_input *in)
{
	return in->ev->kind == EV_CPU_SEEN && ep->status == EPISODE_STUCK &&
	       (in->ev->cpu == ep->cpu || in->ev->cpu == in->scene->round.monarch);
}

void flow_event(struct flow *f, const struct flow_input *in)
{
	size_t kept = 0;

	if (in->ev->kind == EV_HANDLER)
		choose_profile(f, in->scene);
	if (open_by[in->ev->kind])
		open_by[in->ev->kind](f, in);
	for (size_t i = 0; i < f->opens; i++) {
		struct entry *e = f->open[i];

		if (!e->ep.profile)
			e->ep.profile = f->profile;
		if (episode_event(&e->ep, in) || looked_at(&e->ep, in))
			tell(f, e);
		if (!episode_closed(&e->ep, in))
			f->open[kept++] = e;
	}
	f->opens = kept;
}

/* It may have come further than anybody can tell yet. */
static bool cannot_tell(const struct scene *s, const struct episode *ep)
{
	return ep->kind != EPISODE_UNPLUG && s->cpu[ep->cpu].slot_unknown;
}

int64_t flow_due(const struct flow *f, const struct scene *s, const struct episode *ep)
{
	int64_t ns = f->options.deadline_ns[ep->step];

	if (ep->status != EPISODE_RUNNING || ep->cut_short || !ns || ep->next == FLOW_STEP_COUNT || cannot_tell(s, ep))
		return INT64_MAX;
	if (__builtin_add_overflow(ep->step_ns + s->paused_ns - ep->paused_at_step, ns, &ns))
		return INT64_MAX;
	return s->paused_since && s->paused_since < ns ? INT64_MAX : ns;
}

int64_t flow_next_deadline(const struct flow *f, const struct scene *s)
{
	int64_t first = INT64_MAX;

	for (size_t i = 0; i < f->opens; i++) {
		int64_t due = flow_due(f, s, &f->open[i]->ep);

		first = due < first ? due : first;
	}
	return first;
}

void flow_advance(struct flow *f, const struct scene *s, int64_t now)
{
	for (size_t i = 0; i < f->opens; i++) {
		struct entry *e = f->open[i];
		int64_t due = flow_due(f, s, &e->ep);

		if (due > now)
			continue;
		e->ep.status = EPISODE_STUCK;
		e->ep.stuck_ns = due;
		e->ep.deadline_ns = f->options.deadline_ns[e->ep.step];
		tell(f, e);
	}
}
