/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One episode on its way through the points of its profile. Used by flow.c alone. */
#ifndef TRACER_FLOW_EPISODE_H
#define TRACER_FLOW_EPISODE_H

#include "flow.h"

/* Begin @ep, all zero but for id, kind, cpu, profile, at @in; things count for it from event @opened on. */
void episode_begin(struct episode *ep, const struct flow_input *in, int64_t opened);

/* What @in means for it. Has anything changed? */
bool episode_event(struct episode *ep, const struct flow_input *in);

/* After it: can nothing more happen to it? */
bool episode_closed(const struct episode *ep, const struct flow_input *in);

#endif
