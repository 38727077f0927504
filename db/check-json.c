/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "check-report.h"

#include <inttypes.h>
#include <string.h>

#include "output-text.h"

/* ", "name": " unless it is the first of its object. */
static void put_key(FILE *out, const char *before, const char *name)
{
	fprintf(out, "%s\"%s\": ", before, name);
}

static void put_text(FILE *out, const char *before, const char *name, const char *text)
{
	const struct cell c = { .type = text && *text ? CELL_TEXT : CELL_NULL, .text = text ? text : "",
				.len = text ? strlen(text) : 0 };

	put_key(out, before, name);
	put_json(out, &c);
}

/* null for @unknown. */
static void put_number(FILE *out, const char *name, int64_t value, int64_t unknown)
{
	put_key(out, ", ", name);
	if (value == unknown)
		fputs("null", out);
	else
		fprintf(out, "%" PRId64, value);
}

static void put_invariants(FILE *out, const struct recheck *c)
{
	for (unsigned i = 0; i < INVARIANT_COUNT; i++) {
		const struct invariant *inv = invariant_list[i];
		struct check_result r = checker_result(judge_checker(c->judge), i);

		put_text(out, i ? ",\n    {" : "\n    {", "name", inv->name);
		put_number(out, "number", i + 1, -1);
		put_text(out, ", ", "severity", check_severity_name[inv->severity]);
		put_text(out, ", ", "step", inv->step);
		put_text(out, ", ", "status", check_status_name[r.status]);
		put_number(out, "exercised", (int64_t)r.exercised, -1);
		put_number(out, "violations", (int64_t)r.violations, -1);
		put_text(out, ", ", "why", r.why);
		fputc('}', out);
	}
}

static void put_evidence(FILE *out, const int64_t *id)
{
	const char *before = "";

	put_key(out, ", ", "evidence");
	fputc('[', out);
	for (int i = 0; i < CHECK_EVIDENCE; i++)
		if (id[i]) {
			fprintf(out, "%s%" PRId64, before, id[i]);
			before = ", ";
		}
	fputs("]}", out);
}

static void put_violations(FILE *out, const struct recheck *c)
{
	const struct violation *v;

	for (int64_t id = 1; (v = checker_violation(judge_checker(c->judge), id)) != NULL; id++) {
		const struct invariant *inv = invariant_list[v->invariant];

		put_text(out, id > 1 ? ",\n    {" : "\n    {", "invariant", inv->name);
		put_number(out, "id", id, -1);
		put_number(out, "ts_ns", v->ts, -1);
		put_number(out, "cpu", v->cpu, CPU_UNKNOWN);
		put_text(out, ", ", "severity", check_severity_name[inv->severity]);
		put_text(out, ", ", "step", inv->step);
		put_text(out, ", ", "message", v->message);
		put_evidence(out, v->evidence);
	}
}

static const char *step_name(enum flow_step step)
{
	return step < FLOW_STEP_COUNT ? flow_step_info[step].name : NULL;
}

static void put_episodes(FILE *out, const struct recheck *c)
{
	const struct episode *ep;

	for (int64_t id = 1; (ep = flow_episode(judge_flow(c->judge), id)) != NULL; id++) {
		put_text(out, id > 1 ? ",\n    {" : "\n    {", "kind", episode_kind_name[ep->kind]);
		put_number(out, "id", id, -1);
		put_number(out, "cpu", ep->cpu, CPU_UNKNOWN);
		put_text(out, ", ", "profile", ep->profile ? ep->profile->name : NULL);
		put_text(out, ", ", "status", episode_status_name[ep->status]);
		put_text(out, ", ", "step", step_name(ep->step));
		put_text(out, ", ", "next", step_name(ep->next));
		put_number(out, "start_ns", ep->start_ns, -1);
		put_number(out, "end_ns", ep->end_ns, 0);
		put_number(out, "stuck_ns", ep->stuck_ns, 0);
		put_text(out, ", ", "verdict", ep->verdict);
		fputc('}', out);
	}
}

static void put_verdict(FILE *out, const struct verdict *v)
{
	for (unsigned i = 0; i < v->lines && i < VERDICT_LINES; i++) {
		put_text(out, i ? ",\n    {" : "\n    {", "subject", v->line[i].subject);
		put_text(out, ", ", "says", v->line[i].text);
		fputc('}', out);
	}
}

static void put_differences(FILE *out, const struct recheck *c)
{
	for (unsigned i = 0; i < c->differences && i < RECHECK_DIFFERENCES; i++) {
		const struct cell cell = { .type = CELL_TEXT, .text = c->difference[i],
					   .len = strlen(c->difference[i]) };

		fputs(i ? ", " : "", out);
		put_json(out, &cell);
	}
}

void check_json(FILE *out, const struct recheck *c)
{
	const struct reader_summary *s = reader_summary(c->reader);

	fputs("{\"schema\": 1", out);
	put_number(out, "events", s->events, -1);
	put_number(out, "lost", s->lost, -1);
	put_number(out, "violations_total", (int64_t)check_totals(c).violations, -1);
	fprintf(out, ", \"stuck\": %s", c->verdict.stuck ? "true" : "false");
	put_text(out, ", ", "stored", recheck_stored_name[c->stored]);
	fputs(",\n\"differences\": [", out);
	put_differences(out, c);
	fputs("],\n\"invariants\": [", out);
	put_invariants(out, c);
	fputs("],\n\"violations\": [", out);
	put_violations(out, c);
	fputs("],\n\"episodes\": [", out);
	put_episodes(out, c);
	fputs("],\n\"verdict\": [", out);
	put_verdict(out, &c->verdict);
	fputs("]}\n", out);
}
