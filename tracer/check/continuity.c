/* SPDX-License-Identifier: GPL-3.0-or-later */
/* event-continuity: is what we have all there was? */
#include "rule.h"

#include <inttypes.h>
#include <stdio.h>

#define EVERYTHING (NEED_SMM | NEED_SMBASE | NEED_PORT | NEED_IPI | NEED_RESET | NEED_CPUHP | NEED_HANDOFF | \
		    NEED_HANDLER | NEED_CONFIG)

struct continuity_state {
	int64_t first_ns; /* of the recording */
};

static void lost(struct check *c, const struct check_input *in)
{
	const struct continuity_state *st = check_state(c);
	const struct event *ev = in->ev;
	int64_t until = (int64_t)event_get(ev, LOST_UNTIL, (uint64_t)ev->ts);
	struct finding f = finding_at(in, ev->cpu, 0, 0, 0);
	char count[32] = "an unknown number of";

	if (event_has(ev, LOST_COUNT))
		snprintf(count, sizeof(count), "%" PRIu64, ev->arg[LOST_COUNT]);
	check_violated(c, &f, "%s events of %s were lost from %.6f s to %.6f s", count,
		       event_source_info[ev->source].name,
		       rule_seconds(ev->ts - st->first_ns), rule_seconds(until - st->first_ns));
}

/* What was going on then is the best hint at why. */
static void vanished(struct check *c, const struct check_input *in)
{
	const struct continuity_state *st = check_state(c);
	const struct scene *s = in->scene;
	struct finding f = finding_at(in, CPU_UNKNOWN, 0, 0, 0);
	const char *what = !cpuset_empty(&s->round.inside) ? " while CPUs were in SMM" :
			   scene_busy(s) ? " during a hot-plug or hot-unplug" : "";

	check_violated(c, &f,
		       "the target went away without a word%s: the recording ends at %.6f s, and what it did last may be "
		       "missing", what,
		       rule_seconds(in->ev->ts - st->first_ns));
}

static void event_continuity(struct check *c, const struct check_input *in)
{
	struct continuity_state *st = check_state(c);
	uint64_t what = event_get(in->ev, SESSION_WHAT, SESSION_COUNT);

	if (!st->first_ns)
		st->first_ns = in->ev->ts;
	if (in->ev->kind == EV_LOST)
		lost(c, in);
	else if (in->ev->kind == EV_SESSION && what == SESSION_TARGET_LOST)
		vanished(c, in);
	else if (in->ev->kind == EV_SESSION)
		check_holds(c);
}

const struct invariant invariant_event_continuity = {
	.name = "event-continuity", .severity = SEVERITY_WARNING, .step = "-",
	.needs = EVERYTHING,
	.kinds = KIND(LOST) | KIND(SESSION) | KIND(CPU_ADD),
	.rule = "no event was lost, and the target was there until the end or said good-bye",
	.meaning =
	"The recording has a hole, so an invariant that rests on something not having been seen says "
	"unknown and not violated, and none says that it holds. Lost events mean that smmtrace was too "
	"slow for what came: fewer sources, a faster disk, or a guest that raises fewer SMIs. A target "
	"that went away without being told to has crashed or was killed: QEMU 7.2 under TCG dies of heap "
	"corruption when a CPU is plugged again after an unplug. Look at QEMU's own messages; what was "
	"recorded until then is complete.",
	.event = event_continuity, .state = sizeof(struct continuity_state),
};
