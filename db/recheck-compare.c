/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recheck.h"

/* Of the stored violations; our own recorder tells each kind CHECK_TOLD times and then only counts. */
#define COMPARED 5000

struct compare {
	struct recheck *c;
	struct error *err;
	bool matched[COMPARED];  /* by id of the new violation */
};

static void differs(struct recheck *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void differs(struct recheck *c, const char *fmt, ...)
{
	va_list ap;

	if (c->differences < RECHECK_DIFFERENCES) {
		va_start(ap, fmt);
		vsnprintf(c->difference[c->differences], sizeof(c->difference[0]), fmt, ap);
		va_end(ap);
	}
	c->differences++;
}

static int compare_result(void *arg, const struct reader_result *r)
{
	struct recheck *c = ((struct compare *)arg)->c;
	unsigned number = invariant_by_name(r->name);
	struct check_result now;

	if (number == INVARIANT_COUNT) {
		differs(c, "%s: %s when recorded, not known to this smmtrace", r->name, r->status);
		return 0;
	}
	now = checker_result(judge_checker(c->judge), number);
	if (strcmp(r->status, check_status_name[now.status]))
		differs(c, "%s: %s when recorded, %s now", r->name, r->status, check_status_name[now.status]);
	else if ((uint64_t)r->violations != now.violations)
		differs(c, "%s: broken %" PRId64 " times when recorded, %" PRIu64 " times now", r->name,
			r->violations, now.violations);
	else if ((uint64_t)r->exercised != now.exercised)
		differs(c, "%s: exercised %" PRId64 " times when recorded, %" PRIu64 " times now", r->name,
			r->exercised, now.exercised);
	return 0;
}

static bool same_violation(const struct reader_violation *then, const struct violation *now)
{
	_Static_assert(CHECK_EVIDENCE == 4, "as in struct reader_violation");
	return then->cpu == now->cpu && !strcmp(then->invariant, invariant_list[now->invariant]->name) &&
	       !memcmp(then->evidence, now->evidence, sizeof(now->evidence));
}

static int compare_violation(void *arg, const struct reader_violation *then)
{
	struct compare *p = arg;
	const struct violation *now;

	for (int64_t id = 1; id < COMPARED && (now = checker_violation(judge_checker(p->c->judge), id)); id++)
		if (!p->matched[id] && same_violation(then, now)) {
			p->matched[id] = true;
			return 0;
		}
	differs(p->c, "violation %" PRId64 " (%s, CPU %d) was recorded and is not found now", then->id,
		then->invariant, then->cpu);
	return 0;
}

static void tell_new_violations(struct compare *p)
{
	const struct violation *now;

	for (int64_t id = 1; id < COMPARED && (now = checker_violation(judge_checker(p->c->judge), id)); id++)
		if (!p->matched[id])
			differs(p->c, "violation %" PRId64 " (%s, CPU %d) is found now and was not recorded", id,
				invariant_list[now->invariant]->name, now->cpu);
}

static const char *step_name(enum flow_step step)
{
	return step < FLOW_STEP_COUNT ? flow_step_info[step].name : "";
}

static int compare_episode(void *arg, const struct reader_episode *then)
{
	struct recheck *c = ((struct compare *)arg)->c;
	const struct episode *now = flow_episode(judge_flow(c->judge), then->id);

	if (!now)
		differs(c, "episode %" PRId64 " (%s of CPU %d) was recorded and is not found now", then->id,
			then->kind, then->cpu);
	else if (then->cpu != now->cpu || strcmp(then->kind, episode_kind_name[now->kind]) ||
		 strcmp(then->status, episode_status_name[now->status]) ||
		 strcmp(then->step, step_name(now->step)))
		differs(c, "episode %" PRId64 ": %s of CPU %d, %s at %s when recorded; %s of CPU %d, %s at %s"
			" now", then->id, then->kind, then->cpu, then->status, then->step,
			episode_kind_name[now->kind], now->cpu, episode_status_name[now->status],
			step_name(now->step));
	return 0;
}

static int count_episode(void *arg, const struct reader_episode *ep)
{
	(void)ep;
	++*(int64_t *)arg;
	return 0;
}

static int compare_episodes(struct compare *p)
{
	int64_t then = 0, now = 0;
	int rc = reader_episodes(p->c->reader, compare_episode, p, p->err);

	if (rc < 0 || reader_episodes(p->c->reader, count_episode, &then, p->err) < 0)
		return -(int)ERR_CORRUPT;
	while (flow_episode(judge_flow(p->c->judge), now + 1))
		now++;
	if (now > then)
		differs(p->c, "%" PRId64 " episodes when recorded, %" PRId64 " now", then, now);
	return 0;
}

static int count_result(void *arg, const struct reader_result *r)
{
	(void)r;
	++*(int64_t *)arg;
	return 1;
}

/* Can the two be compared at all? */
static enum recheck_stored comparable(struct recheck *c, bool other_switches)
{
	int64_t results = 0;

	reader_results(c->reader, count_result, &results, NULL);
	if (!results)
		return STORED_NONE;
	if (!reader_summary(c->reader)->closed)
		return STORED_OPEN;
	return other_switches ? STORED_OTHER : STORED_SAME;
}

int recheck_compare(struct recheck *c, bool other_switches, struct error *err)
{
	struct compare *p;
	int rc;

	c->stored = comparable(c, other_switches);
	if (c->stored != STORED_SAME)
		return 0;
	p = calloc(1, sizeof(*p));
	if (!p)
		return fail(err, ERR_OUTPUT, "no memory");
	p->c = c;
	p->err = err;
	rc = reader_results(c->reader, compare_result, p, err);
	if (!rc)
		rc = reader_violations(c->reader, READER_ANY_CPU, INT64_MIN, INT64_MAX, COMPARED, false,
				       compare_violation, p, err);
	if (!rc)
		tell_new_violations(p);
	if (!rc)
		rc = compare_episodes(p);
	free(p);
	c->stored = c->differences ? STORED_DIFFERS : STORED_SAME;
	return rc < 0 ? rc : 0;
}
