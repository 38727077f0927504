/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "judge.h"

#include <stdlib.h>
#include <string.h>

struct judge {
	struct model model;
	struct scene scene;
	struct flow *flow;
	struct checker *checker;
	struct sink *sink[JUDGE_MAX_SINKS];
	unsigned sinks;
	int64_t last_id, first_ns, now;
	int64_t looked_ns;       /* when the last episode became stuck for which a look was asked */
	bool wants_look;
	bool new_verdict;        /* something it rests on has changed */
	struct verdict verdict;  /* the last one told */
	int kick_cpu;            /* of that one */
	struct check_result told[INVARIANT_COUNT];
	bool has_told;
	struct error err;        /* the first failure of a sink */
};

void judge_options_init(struct judge_options *o)
{
	memset(o, 0, sizeof(*o));
	flow_options_init(&o->flow);
}

struct judge *judge_new(const struct judge_options *o)
{
	struct judge *j = calloc(1, sizeof(*j));
	struct judge_options usual;
	struct check_options check;

	if (!j)
		return NULL;
	judge_options_init(&usual);
	o = o ? o : &usual;
	j->kick_cpu = CPU_UNKNOWN;
	model_init(&j->model);
	scene_init(&j->scene);
	j->flow = flow_new(&o->flow);
	check = o->check; /* a deadline for every step is one for what invariants wait for as well */
	check.deadline_ns = check.deadline_ns ? check.deadline_ns : o->flow.all_ns;
	j->checker = checker_new(&check);
	if (j->flow && j->checker)
		return j;
	judge_free(j);
	return NULL;
}

void judge_free(struct judge *j)
{
	if (!j)
		return;
	flow_free(j->flow);
	checker_free(j->checker);
	free(j);
}

void judge_sinks(struct judge *j, struct sink *const *sinks, unsigned n)
{
	j->sinks = n < JUDGE_MAX_SINKS ? n : JUDGE_MAX_SINKS;
	memcpy(j->sink, sinks, j->sinks * sizeof(*sinks));
}

/* TELL(j, hook, argument): every sink that has the hook, until one fails. */
#define TELL(j, hook, what)                                                                        \
	for (unsigned i_ = 0; i_ < (j)->sinks && !(j)->err.code; i_++)                             \
		if ((j)->sink[i_]->ops->hook)                                                      \
			(j)->sink[i_]->ops->hook((j)->sink[i_], what, &(j)->err)

static int outcome(struct judge *j, struct error *err)
{
	if (j->err.code && err)
		*err = j->err;
	return -(int)j->err.code;
}

static struct verdict_input verdict_input(struct judge *j)
{
	return (struct verdict_input){ .model = &j->model, .scene = &j->scene, .flow = j->flow,
				       .checker = j->checker, .first_ns = j->first_ns, .now = j->now };
}

static void tell_violations(struct judge *j)
{
	const struct violation *v;

	while ((v = checker_next(j->checker)) != NULL) {
		j->new_verdict = true;
		TELL(j, violation, v);
	}
}

static void tell_episodes(struct judge *j)
{
	struct verdict_input in = verdict_input(j);
	struct episode *ep;

	while ((ep = flow_changed(j->flow)) != NULL) {
		if (ep->status == EPISODE_STUCK && ep->stuck_ns > j->looked_ns) {
			j->looked_ns = ep->stuck_ns;
			j->wants_look = true;
		}
		j->new_verdict = true;
		verdict_of_episode(ep->verdict, sizeof(ep->verdict), &in, ep);
		TELL(j, episode, ep);
	}
}

/* A verdict costs more than an event: it is made when what it rests on has changed. */
static void tell_verdict(struct judge *j)
{
	struct verdict_input in = verdict_input(j);

	if (!j->new_verdict)
		return;
	j->new_verdict = false;
	verdict_make(&j->verdict, &in);
	j->kick_cpu = verdict_kick_cpu(&in);
	TELL(j, verdict, &j->verdict);
}

static void tell_results(struct judge *j)
{
	struct check_result now[INVARIANT_COUNT];

	for (unsigned i = 0; i < INVARIANT_COUNT; i++)
		now[i] = checker_result(j->checker, i);
	if (j->has_told && !memcmp(now, j->told, sizeof(now)))
		return;
	j->has_told = true;
	memcpy(j->told, now, sizeof(now));
	TELL(j, results, now);
}

static void apply(struct judge *j, const struct event *ev, struct sink_event *se, struct cpu *before)
{
	const struct check_input ci = { se->id, ev, &j->model, &j->scene };
	struct flow_input fi = { se->id, ev, &j->model, &j->scene };

	checker_event(j->checker, &ci);
	if (cpuset_valid(ev->cpu)) {
		*before = j->model.cpu[ev->cpu];
		se->before = before;
	}
	se->after = model_apply(&j->model, se->id, ev);
	scene_apply(&j->scene, &j->model, se->before, se->id, ev);
	flow_event(j->flow, &fi);
}

static void come_to(struct judge *j, int64_t now)
{
	j->now = now;
	flow_advance(j->flow, &j->scene, now);
	checker_advance(j->checker, &j->model, &j->scene, now);
	tell_violations(j);
	tell_episodes(j);
}

/* Deadline by deadline, so that live and in a replay each passes at its own time. */
static void pass_time(struct judge *j, int64_t now)
{
	int64_t next;

	while (j->last_id && (next = flow_next_deadline(j->flow, &j->scene)) > j->now && next < now)
		come_to(j, next);
	if (now > j->now)
		come_to(j, now);
}

static int take(struct judge *j, int64_t id, const struct event *ev, const struct raw *raw, struct error *err)
{
	struct sink_event se = { .id = id, .ev = ev, .model = &j->model, .raw = raw };
	struct cpu before;

	if (!j->last_id)
		j->first_ns = ev->ts;
	pass_time(j, ev->ts); /* what was overdue before it, was so before it */
	j->last_id = id;
	apply(j, ev, &se, &before);
	TELL(j, event, &se);
	tell_violations(j);
	tell_episodes(j);
	if (ev->kind == EV_CPU_SEEN)
		j->new_verdict = true;
	return outcome(j, err);
}

int judge_event_at(struct judge *j, int64_t id, const struct event *ev, struct error *err)
{
	return take(j, id, ev, NULL, err);
}

int judge_event(struct judge *j, const struct event *ev, struct error *err)
{
	return take(j, j->last_id + 1, ev, NULL, err);
}

int judge_event_raw(struct judge *j, const struct event *ev, const struct raw *raw, struct error *err)
{
	return take(j, j->last_id + 1, ev, raw, err);
}

int judge_advance(struct judge *j, int64_t now, struct error *err)
{
	pass_time(j, now);
	tell_violations(j);
	tell_episodes(j);
	tell_verdict(j);
	tell_results(j);
	return outcome(j, err);
}

int judge_finish(struct judge *j, struct error *err)
{
	j->new_verdict = true;
	tell_verdict(j);
	tell_results(j);
	return outcome(j, err);
}

bool judge_wants_look(struct judge *j)
{
	bool wants = j->wants_look;

	j->wants_look = false;
	return wants;
}

int judge_kick_cpu(const struct judge *j)
{
	return j->kick_cpu;
}

const struct model *judge_model(const struct judge *j)
{
	return &j->model;
}

const struct scene *judge_scene(const struct judge *j)
{
	return &j->scene;
}

struct flow *judge_flow(struct judge *j)
{
	return j->flow;
}

const struct checker *judge_checker(const struct judge *j)
{
	return j->checker;
}
