/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a recorder concludes, as lines of text told to a sink, for tests of what shows it:
 *
 *   violation TS CPU NAME ID,ID,ID,ID MESSAGE...      (0 = no event, CPU -1 = none)
 *   episode ID KIND CPU STATUS NEXT START END STUCK NAME@TS:EVENT NAME@TS:EVENT ... [| VERDICT...]
 *   verdict SUBJECT: TEXT                             (all so far are told each time)
 *   result NAME STATUS EXERCISED VIOLATIONS WHY...    (told by the line "results")
 */
#ifndef TESTS_LIB_FINDINGS_H
#define TESTS_LIB_FINDINGS_H

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../../tracer/sink.h"
#include "../../tracer/verdict.h"

struct findings {
	int64_t violations;
	struct episode episode;
	struct verdict verdict;
	struct check_result result[INVARIANT_COUNT];
};

static inline unsigned findings_word(const char *word, const char *const *list, unsigned n)
{
	unsigned i = 0;

	while (i < n && strcmp(list[i], word))
		i++;
	return i;
}

static inline unsigned findings_step(const char *word)
{
	unsigned i = 0;

	while (i < FLOW_STEP_COUNT && strcmp(flow_step_info[i].name, word))
		i++;
	return i;
}

static inline int findings_violation(struct findings *f, struct sink *sink, const char *line, struct error *err)
{
	struct violation v = { .id = ++f->violations };
	char name[48];
	int at = 0;

	if (sscanf(line, "violation %" SCNd64 " %d %47s %" SCNd64 ",%" SCNd64 ",%" SCNd64 ",%" SCNd64 " %n", &v.ts,
		   &v.cpu, name, &v.evidence[0], &v.evidence[1], &v.evidence[2], &v.evidence[3], &at) != 7)
		return -1;
	v.invariant = invariant_by_name(name);
	if (v.invariant == INVARIANT_COUNT)
		return -1;
	snprintf(v.message, sizeof(v.message), "%s", line + at);
	return sink->ops->violation ? sink->ops->violation(sink, &v, err) : 0;
}

static inline int findings_episode(struct findings *f, struct sink *sink, const char *line, struct error *err)
{
	struct episode *ep = &f->episode;
	char kind[16], status[16], next[24], word[24];
	int64_t ts, id;
	int at = 0, used;

	memset(ep, 0, sizeof(*ep));
	if (sscanf(line, "episode %" SCNd64 " %15s %d %15s %23s %" SCNd64 " %" SCNd64 " %" SCNd64 " %n", &ep->id,
		   kind, &ep->cpu, status, next, &ep->start_ns, &ep->end_ns, &ep->stuck_ns, &at) != 8)
		return -1;
	ep->kind = (enum episode_kind)findings_word(kind, episode_kind_name, EPISODE_KIND_COUNT);
	ep->status = (enum episode_status)findings_word(status, episode_status_name, EPISODE_STATUS_COUNT);
	ep->next = (enum flow_step)findings_step(next);
	ep->step = FLOW_STEP_COUNT;
	while (sscanf(line + at, "%23[^@|]@%" SCNd64 ":%" SCNd64 " %n", word, &ts, &id, &used) == 3) {
		ep->step = (enum flow_step)findings_step(word);
		if (ep->step == FLOW_STEP_COUNT)
			return -1;
		ep->at[ep->step] = (struct moment){ id, ts };
		at += used;
	}
	if (ep->kind == EPISODE_KIND_COUNT || ep->status == EPISODE_STATUS_COUNT || ep->step == FLOW_STEP_COUNT)
		return -1;
	if (!strncmp(line + at, "| ", 2))
		snprintf(ep->verdict, sizeof(ep->verdict), "%s", line + at + 2);
	return sink->ops->episode ? sink->ops->episode(sink, ep, err) : 0;
}

static inline int findings_verdict(struct findings *f, struct sink *sink, const char *line, struct error *err)
{
	struct verdict_line *l = &f->verdict.line[f->verdict.lines];

	if (f->verdict.lines == VERDICT_LINES || sscanf(line, "verdict %31[^:]: %1023[^\n]", l->subject, l->text) != 2)
		return -1;
	f->verdict.lines++;
	f->verdict.stuck |= strstr(l->text, "STUCK") != NULL;
	return sink->ops->verdict ? sink->ops->verdict(sink, &f->verdict, err) : 0;
}

static inline int findings_result(struct findings *f, const char *line)
{
	struct check_result r = { 0 };
	char name[48], status[16];
	unsigned number;
	int at = 0;

	if (sscanf(line, "result %47s %15s %" SCNu64 " %" SCNu64 " %n", name, status, &r.exercised, &r.violations,
		   &at) != 4)
		return -1;
	number = invariant_by_name(name);
	r.status = (enum check_status)findings_word(status, check_status_name, CHECK_STATUS_COUNT);
	if (number == INVARIANT_COUNT || r.status == CHECK_STATUS_COUNT)
		return -1;
	snprintf(r.why, sizeof(r.why), "%.100s", line + at);
	f->result[number] = r;
	return 0;
}

/* 1 told, 0 it is no such line, negative. */
static inline int findings_line(struct findings *f, struct sink *sink, const char *line, struct error *err)
{
	int rc = 0;

	if (!strncmp(line, "violation ", 10))
		rc = findings_violation(f, sink, line, err);
	else if (!strncmp(line, "episode ", 8))
		rc = findings_episode(f, sink, line, err);
	else if (!strncmp(line, "verdict ", 8))
		rc = findings_verdict(f, sink, line, err);
	else if (!strncmp(line, "result ", 7))
		rc = findings_result(f, line);
	else if (!strcmp(line, "results"))
		rc = sink->ops->results ? sink->ops->results(sink, f->result, err) : 0;
	else
		return 0;
	if (rc < 0 && err && !err->code)
		fail(err, ERR_CORRUPT, "not understood: %.100s", line);
	return rc < 0 ? rc : 1;
}

#endif
