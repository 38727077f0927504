/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "check-report.h"

#include <inttypes.h>
#include <string.h>

#include "../gdbproto/safe-text.h"
#include "../tracer/wrap.h"

#define INDENT 4
#define LINE_ROOM 1500

struct check_totals check_totals(const struct recheck *c)
{
	struct check_totals t = { 0 };

	for (unsigned i = 0; i < INVARIANT_COUNT; i++) {
		struct check_result r = checker_result(judge_checker(c->judge), i);

		t.status[r.status]++;
		t.violations += r.violations;
	}
	return t;
}

static void put_wrapped(FILE *out, const char *text, int at, int indent)
{
	char safe[LINE_ROOM];

	wrap_text(out, safe_text(safe, sizeof(safe), text, strlen(text)), at, indent);
}

static void put_heading(FILE *out)
{
	fprintf(out, " #  %-24s %-4s %-8s %9s %6s\n", "invariant", "step", "status", "exercised", "broken");
}

static void put_row(FILE *out, const struct recheck *c, unsigned i)
{
	const struct invariant *inv = invariant_list[i];
	struct check_result r = checker_result(judge_checker(c->judge), i);

	fprintf(out, "%2u  %-24s %-4s %-8s %9" PRIu64 " %6" PRIu64 "\n", i + 1, inv->name, inv->step,
		check_status_name[r.status], r.exercised, r.violations);
	if (r.status == CHECK_UNKNOWN && *r.why) {
		fprintf(out, "%*s", INDENT + 2, "");
		put_wrapped(out, r.why, INDENT + 2, INDENT + 2);
	}
}

static void put_evidence(FILE *out, const int64_t *id)
{
	const char *before = "  events";

	for (int i = 0; i < CHECK_EVIDENCE; i++)
		if (id[i]) {
			fprintf(out, "%s %" PRId64, before, id[i]);
			before = "";
		}
}

/* Seconds since the first event, as the questions of query and the verdict have them. */
static double seconds(const struct recheck *c, int64_t ts)
{
	return (double)(ts - reader_summary(c->reader)->first_ns) / 1e9;
}

static void put_violation(FILE *out, const struct recheck *c, const struct violation *v)
{
	const struct invariant *inv = invariant_list[v->invariant];

	fprintf(out, "%12.6f  ", seconds(c, v->ts));
	if (v->cpu != CPU_UNKNOWN)
		fprintf(out, "CPU %d  ", v->cpu);
	fprintf(out, "%s (%s, step %s)", inv->name, check_severity_name[inv->severity], inv->step);
	put_evidence(out, v->evidence);
	fprintf(out, "\n%14s", "");
	put_wrapped(out, v->message, 14, 14);
}

/* Of invariant @number, or INVARIANT_COUNT for all. */
static void put_violations(FILE *out, const struct recheck *c, unsigned number)
{
	const struct violation *v;
	uint64_t told = 0, all;

	for (int64_t id = 1; (v = checker_violation(judge_checker(c->judge), id)) != NULL; id++)
		if (number == INVARIANT_COUNT || v->invariant == number) {
			if (!told++)
				fputc('\n', out);
			put_violation(out, c, v);
		}
	all = number == INVARIANT_COUNT ? check_totals(c).violations :
					  checker_result(judge_checker(c->judge), number).violations;
	if (all > told)
		fprintf(out, "%14sand %" PRIu64 " more of the same\n", "", all - told);
}

static void put_verdict(FILE *out, const struct verdict *v)
{
	if (!v->stuck)
		return;
	fputc('\n', out);
	for (unsigned i = 0; i < v->lines && i < VERDICT_LINES; i++) {
		int at = fprintf(out, "%s: ", v->line[i].subject);

		put_wrapped(out, v->line[i].text, at, INDENT);
	}
}

static void put_stored(FILE *out, const struct recheck *c)
{
	static const char *const says[STORED_COUNT] = {
		[STORED_NONE] = "the recorder did not judge; this is the first time",
		[STORED_OPEN] = "the recording was not closed, so what its recorder found is not compared",
	};

	if (says[c->stored])
		fprintf(out, "%s\n", says[c->stored]);
	for (unsigned i = 0; i < c->differences && i < RECHECK_DIFFERENCES; i++) {
		fputs("differs: ", out);
		put_wrapped(out, c->difference[i], 9, INDENT);
	}
	if (c->differences > RECHECK_DIFFERENCES)
		fprintf(out, "differs: and %u more\n", c->differences - RECHECK_DIFFERENCES);
}

static void put_summary(FILE *out, const struct recheck *c)
{
	const struct reader_summary *s = reader_summary(c->reader);
	struct check_totals t = check_totals(c);
	char line[300];

	snprintf(line, sizeof(line), "%" PRIu64 " violation%s; of %d invariants %u violated, %u unknown, %u hold, "
		 "%u never exercised; %" PRId64 " events, %" PRId64 " lost%s", t.violations,
		 t.violations == 1 ? "" : "s", INVARIANT_COUNT, t.status[CHECK_VIOLATED],
		 t.status[CHECK_UNKNOWN], t.status[CHECK_HOLDS], t.status[CHECK_NEVER], s->events, s->lost,
		 c->stored == STORED_DIFFERS ? "; differs from what was recorded" : "");
	fprintf(out, "\n%s\n", line);
}

void check_text(FILE *out, const struct recheck *c)
{
	put_heading(out);
	for (unsigned i = 0; i < INVARIANT_COUNT; i++)
		put_row(out, c, i);
	put_violations(out, c, INVARIANT_COUNT);
	put_verdict(out, &c->verdict);
	put_summary(out, c);
	put_stored(out, c);
}

void check_explain(FILE *out, const struct recheck *c, unsigned number)
{
	put_wrapped(out, invariant_list[number]->rule, 0, 0);
	fputc('\n', out);
	put_wrapped(out, invariant_list[number]->meaning, 0, 0);
	fputc('\n', out);
	put_heading(out);
	put_row(out, c, number);
	put_violations(out, c, number);
}
