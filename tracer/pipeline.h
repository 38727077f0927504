/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The pipeline: events of all sources -> one time order -> model -> sinks.
 *
 * Sources put events from any thread; putting is a short copy under a lock and
 * never waits for disk or screen, because the guest may be standing still
 * meanwhile. A thread of the pipeline's own takes them, holds each for
 * PIPELINE_HORIZON_NS so that sources that see the same moment with different
 * delay come out in order, completes what follows from order alone (arrange.h),
 * and hands them to the judge, which feeds the sinks.
 *
 * When the sinks fall so far behind that PIPELINE_MAX_QUEUED events wait, new
 * ones are dropped and counted, and a `lost` event says so. What events were made of (raw.h) is copied beside
 * them and bounded by bytes: what is over ARRANGE_MAX_RAW is dropped, the event itself says so and goes on.
 */
#ifndef TRACER_PIPELINE_H
#define TRACER_PIPELINE_H

#include "judge.h"
#include "sink.h"
#include "source.h"

#define PIPELINE_HORIZON_NS 80000000ll
#define PIPELINE_MAX_QUEUED 500000u
#define PIPELINE_MAX_SINKS JUDGE_MAX_SINKS

struct pipeline;

/*
 * Take events from now on, and keep them until there are sinks. @o NULL = the usual. NULL on no memory. Starts no thread
 * yet, so that what a thread inherits can still be changed.
 */
struct pipeline *pipeline_start(const struct judge_options *o, struct error *err);

/* Deliver to @sinks, which are not owned and are called until pipeline_finish() returns. Once. */
void pipeline_deliver(struct pipeline *p, struct sink *const *sinks, unsigned n);

/* Where sources put their events; valid until pipeline_finish(). */
struct event_out *pipeline_input(struct pipeline *p);

/* A descriptor that becomes readable when a sink has failed. */
int pipeline_failed_fd(const struct pipeline *p);

/* A descriptor that becomes readable when there is something for the next two to take. */
int pipeline_look_fd(const struct pipeline *p);

/* An episode has become stuck: somebody should look where the CPUs are; told once. Any thread. */
bool pipeline_take_look(struct pipeline *p);

/* A CPU that lost its SMI and could be sent it again, told once, over look_fd; CPU_UNKNOWN = none. Any thread. */
int pipeline_take_kick(struct pipeline *p);

/* Is a plug or unplug going on, as far as what was delivered tells? Any thread. */
bool pipeline_busy(const struct pipeline *p);

/* Deliver everything put so far (to nobody, if there never were sinks), stop the thread, free. 0, or the first
 * sink's failure. */
int pipeline_finish(struct pipeline *p, struct error *err);

#endif
