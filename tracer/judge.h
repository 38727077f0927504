/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The judge: one event through checks, model, scene, flow, to the sinks. The only place where they
 * meet, used by the pipeline (live) and by a replay (a recording judged again): the same path.
 */
#ifndef TRACER_JUDGE_H
#define TRACER_JUDGE_H

#include "sink.h"
#include "verdict.h"

struct judge_options {
	struct flow_options flow;
	struct check_options check;
};

void judge_options_init(struct judge_options *o);

struct judge;

/* NULL on no memory. @o is copied; NULL = the usual. */
struct judge *judge_new(const struct judge_options *o);
void judge_free(struct judge *j);

/* Sinks are not owned; at most JUDGE_MAX_SINKS. */
#define JUDGE_MAX_SINKS 4
void judge_sinks(struct judge *j, struct sink *const *sinks, unsigned n);

/* Apply @ev, whose id is the next one; tell the sinks. Negative when a sink failed: then none is told any more. */
int judge_event(struct judge *j, const struct event *ev, struct error *err);

/* The same with what it was made of, for the sinks; @raw NULL = nothing. */
int judge_event_raw(struct judge *j, const struct event *ev, const struct raw *raw, struct error *err);

/* The same with the id that @ev has in a recording, which grows from one to the next. */
int judge_event_at(struct judge *j, int64_t id, const struct event *ev, struct error *err);

/* Nothing was heard up to @now: deadlines pass, the sinks are told what that means. */
int judge_advance(struct judge *j, int64_t now, struct error *err);

/* The end: the last verdict and the status of every invariant go to the sinks. */
int judge_finish(struct judge *j, struct error *err);

/* Has an episode become stuck since the last call, so that a look at the guest is wanted? */
bool judge_wants_look(struct judge *j);

/* A CPU that lost its SMI and could be sent it again, as of the last verdict; CPU_UNKNOWN = none. */
int judge_kick_cpu(const struct judge *j);

const struct model *judge_model(const struct judge *j);
const struct scene *judge_scene(const struct judge *j);
struct flow *judge_flow(struct judge *j);
const struct checker *judge_checker(const struct judge *j);

#endif
