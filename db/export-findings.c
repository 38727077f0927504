/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "export-args.h"
#include "export-walk.h"
#include "../tracer/flow/flow.h"

/* "plug CPU 1", or "plug" where the CPU is not known. */
static const char *episode_label(char *out, size_t size, const char *kind, int cpu)
{
	if (cpu >= 0)
		snprintf(out, size, "%s CPU %d", kind, cpu);
	else
		snprintf(out, size, "%s", kind);
	return out;
}

/* A step can be older than what opened the episode: the OS may find a CPU before we were told of it. */
static int64_t begin_of(const struct reader_episode *ep)
{
	return ep->steps && ep->at[0].ts_ns < ep->start_ns ? ep->at[0].ts_ns : ep->start_ns;
}

/* And one may come when the episode is over: its CPU's first SMI at the new SMBASE. */
static int64_t last_of(const struct reader_episode *ep)
{
	int64_t last = ep->steps ? ep->at[ep->steps - 1].ts_ns : 0;

	return ep->end_ns && last > ep->end_ns ? last : ep->end_ns;
}

/* Each step lasts until the next one, the last one as long as the episode. */
static void put_steps(struct walk *w, const struct reader_episode *ep, struct export_track lane)
{
	for (unsigned i = 0; i < ep->steps; i++) {
		const struct reader_step *s = &ep->at[i];
		int64_t end = i + 1 < ep->steps ? s[1].ts_ns : ep->end_ns;
		struct export_mark m = {
			.track = lane, .category = "step", .from = s->ts_ns,
			.to = end && ep->end_ns && end > ep->end_ns ? ep->end_ns : end,
		};
		char name[64];

		m.name = flow_step_label(name, sizeof(name), s->name, s->letter);
		mark_text(&m, "step", s->name);
		if (s->event)
			mark_number(&m, "event", (uint64_t)s->event);
		walk_slice(w, &m, false);
	}
}

static void put_stuck(struct walk *w, const struct reader_episode *ep, struct export_track lane)
{
	struct export_mark m = {
		.track = lane, .category = "stuck", .from = ep->stuck_ns, .name = "STUCK",
	};

	mark_text(&m, "next", ep->next);
	if (ep->stuck_ns)
		walk_instant(w, &m);
}

/* Does [from, to] (to 0 = it is not over) touch the times that are exported? */
static bool is_its_time(const struct walk *w, int64_t from, int64_t to)
{
	return from <= w->to && (!to || to >= w->from);
}

static int take_episode(void *arg, const struct reader_episode *ep)
{
	struct walk *w = arg;
	struct export_mark m = { .category = "episode", .from = begin_of(ep), .to = ep->end_ns };
	char name[64];

	if (!is_its_time(w, begin_of(ep), last_of(ep)))
		return 0;
	m.track = walk_lane(w, EXPORT_EPISODE, begin_of(ep), last_of(ep));
	m.name = episode_label(name, sizeof(name), ep->kind, ep->cpu);
	mark_number(&m, "episode", (uint64_t)ep->id);
	if (ep->cpu >= 0)
		mark_number(&m, "cpu", (uint64_t)ep->cpu);
	mark_text(&m, "status", ep->status);
	mark_text(&m, "profile", ep->profile);
	mark_text(&m, "step", ep->step);
	mark_text(&m, "next", ep->next);
	mark_text(&m, "rendezvous", ep->rendezvous);
	mark_text(&m, "verdict", ep->verdict);
	walk_slice(w, &m, true);
	put_steps(w, ep, m.track);
	put_stuck(w, ep, m.track);
	walk_close(w, &m);
	return walk_written(w);
}

static int take_step(void *arg, const struct reader_smi_step *s)
{
	struct walk *w = arg;
	struct export_mark m = {
		.track = { EXPORT_CPU, s->smi_cpu }, .category = "smi-step",
		.from = s->from_ns, .to = s->to_ns,
	};
	char label[64], episode[64], name[140];

	if (!is_its_time(w, s->from_ns, s->to_ns))
		return 0;
	flow_step_label(label, sizeof(label), s->name, s->letter);
	episode_label(episode, sizeof(episode), s->kind, s->cpu);
	snprintf(name, sizeof(name), "%s: %s", label, episode);
	m.name = name;
	mark_text(&m, "step", s->name);
	mark_number(&m, "episode", (uint64_t)s->episode);
	mark_number(&m, "event", (uint64_t)s->event);
	walk_slice(w, &m, false);
	return walk_written(w);
}

static int take_violation(void *arg, const struct reader_violation *v)
{
	static const char *const evidence[4] = { "evidence", "evidence2", "evidence3", "evidence4" };
	struct walk *w = arg;
	struct export_mark m = {
		.track = { EXPORT_MACHINE, 0 }, .category = "violation", .from = v->ts_ns, .name = v->invariant,
	};

	if (v->cpu >= 0)
		m.track = (struct export_track){ EXPORT_CPU, v->cpu };
	mark_text(&m, "message", v->message);
	mark_text(&m, "severity", v->severity);
	mark_text(&m, "step", v->step);
	for (int i = 0; i < 4; i++)
		if (v->evidence[i])
			mark_number(&m, evidence[i], (uint64_t)v->evidence[i]);
	walk_instant(w, &m);
	return walk_written(w);
}

int walk_findings(struct walk *w)
{
	if (reader_episodes(w->r, take_episode, w, w->err) < 0 ||
	    reader_smi_steps(w->r, take_step, w, w->err) < 0 ||
	    reader_violations(w->r, READER_ANY_CPU, w->from, w->to, 0, false, take_violation, w, w->err) < 0)
		return -(int)w->err->code;
	return 0;
}
