/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report-json.h"

#include <stdlib.h>

#include "scale.h"

struct walk {
	struct json_out *j;
	const struct report *rep;
};

void report_json_time(struct json_out *j, const char *name, const struct report *rep, int64_t ts)
{
	if (ts)
		json_put_int(j, name, ns_between(rep->sum.first_ns, ts));
	else
		json_put_string(j, name, NULL);
}

static void put_loss(struct json_out *j, const struct report *rep)
{
	json_put_int(j, "lost_events", rep->sum.lost);
	json_put_int(j, "lost_intervals", rep->lost_intervals);
	json_put_int(j, "blind_intervals", rep->blind_intervals);
	json_put_int(j, "blind_ns", rep->blind_ns);
	json_put_int(j, "stops", rep->sum.stops);
	json_put_int(j, "paused_ns", rep->sum.paused_ns);
	json_put_open(j, "paused", '{');
	for (int i = 0; i < WHY_COUNT; i++)
		if (rep->paused[i])
			json_put_int(j, pause_why_name[i], rep->paused[i]);
	json_put_close(j, '}');
}

static void put_recording(struct json_out *j, const struct report *rep, struct reader *r, const char *file)
{
	json_put_open(j, "recording", '{');
	json_put_string(j, "file", file);
	json_put_word(j, "target", reader_meta(r, "target"));
	json_put_word(j, "started", reader_meta(r, "started"));
	json_put_word(j, "smmtrace", reader_meta(r, "smmtrace_version"));
	json_put_string(j, "state", rep->sum.live ? "live" : rep->sum.closed ? "closed" : "not closed");
	json_put_int(j, "first_ns", rep->sum.first_ns);
	json_put_int(j, "length_ns", ns_between(rep->sum.first_ns, rep->sum.last_ns));
	json_put_int(j, "events", rep->sum.events);
	json_put_int(j, "smis", rep->sum.smis);
	json_put_int(j, "cpus", rep->cpus);
	put_loss(j, rep);
	json_put_int(j, "port_writes", rep->port_writes);
	json_put_int(j, "port_writes_by_unknown_cpu", rep->port_unknown_cpu);
	json_put_int(j, "ipis_by_unknown_cpu", rep->ipi_unknown_cpu);
	json_put_close(j, '}');
}

static int take_line(void *arg, const char *subject, const char *text)
{
	struct json_out *j = ((struct walk *)arg)->j;

	json_put_open(j, NULL, '{');
	json_put_string(j, "subject", subject);
	json_put_string(j, "says", text);
	json_put_close(j, '}');
	return 0;
}

static int put_verdict(struct walk *w, struct reader *r, struct error *err)
{
	int rc;

	json_put_open(w->j, "verdict", '{');
	json_put_bool(w->j, "judged", w->rep->sum.verdict);
	json_put_bool(w->j, "stuck", w->rep->sum.stuck);
	json_put_int(w->j, "violations", w->rep->sum.violations);
	w->j->tall++;
	json_put_open(w->j, "lines", '[');
	rc = reader_verdict(r, take_line, w, err);
	json_put_close(w->j, ']');
	w->j->tall--;
	json_put_close(w->j, '}');
	return rc;
}

/* "0 1 2" as numbers. */
static void put_cpus(struct json_out *j, const char *name, const char *list)
{
	char *end;

	json_put_open(j, name, '[');
	for (long cpu = strtol(list, &end, 10); end != list; cpu = strtol(list, &end, 10)) {
		json_put_int(j, NULL, cpu);
		list = end;
	}
	json_put_close(j, ']');
}

static void put_step(const struct walk *w, const struct reader_episode *ep, unsigned i)
{
	const struct reader_step *step = &ep->at[i];

	json_put_open(w->j, NULL, '{');
	json_put_string(w->j, "step", step->name);
	json_put_word(w->j, "letter", step->letter);
	report_json_time(w->j, "t_ns", w->rep, step->ts_ns);
	json_put_int(w->j, "since_ns", ns_between(i ? ep->at[i - 1].ts_ns : ep->start_ns, step->ts_ns));
	json_put_int_unless(w->j, "event", step->event, 0);
	json_put_close(w->j, '}');
}

static int take_episode(void *arg, const struct reader_episode *ep)
{
	const struct walk *w = arg;
	struct json_out *j = w->j;

	json_put_open(j, NULL, '{');
	json_put_int(j, "id", ep->id);
	json_put_string(j, "kind", ep->kind);
	json_put_int_unless(j, "cpu", ep->cpu, CPU_UNKNOWN);
	json_put_word(j, "profile", ep->profile);
	json_put_string(j, "status", ep->status);
	json_put_word(j, "step", ep->step);
	json_put_word(j, "next", ep->next);
	report_json_time(j, "start_ns", w->rep, ep->start_ns);
	report_json_time(j, "end_ns", w->rep, ep->end_ns);
	report_json_time(j, "stuck_ns", w->rep, ep->stuck_ns);
	put_cpus(j, "rendezvous", ep->rendezvous);
	json_put_open(j, "steps", '[');
	for (unsigned i = 0; i < ep->steps; i++)
		put_step(w, ep, i);
	json_put_close(j, ']');
	json_put_word(j, "verdict", ep->verdict);
	json_put_close(j, '}');
	return 0;
}

static int take_violation(void *arg, const struct reader_violation *v)
{
	const struct walk *w = arg;
	struct json_out *j = w->j;

	json_put_open(j, NULL, '{');
	json_put_int(j, "id", v->id);
	report_json_time(j, "t_ns", w->rep, v->ts_ns);
	json_put_int_unless(j, "cpu", v->cpu, CPU_UNKNOWN);
	json_put_string(j, "invariant", v->invariant);
	json_put_string(j, "severity", v->severity);
	json_put_word(j, "step", v->step);
	json_put_string(j, "message", v->message);
	json_put_open(j, "evidence", '[');
	for (int i = 0; i < 4; i++)
		if (v->evidence[i])
			json_put_int(j, NULL, v->evidence[i]);
	json_put_close(j, ']');
	json_put_close(j, '}');
	return 0;
}

static int take_rule(void *arg, const struct reader_result *res)
{
	struct json_out *j = ((struct walk *)arg)->j;

	json_put_open(j, NULL, '{');
	json_put_string(j, "name", res->name);
	json_put_string(j, "severity", res->severity);
	json_put_word(j, "step", res->step);
	json_put_string(j, "status", res->status);
	json_put_int(j, "exercised", res->exercised);
	json_put_int(j, "violations", res->violations);
	json_put_word(j, "why", res->why);
	json_put_close(j, '}');
	return 0;
}

static void put_settings(struct json_out *j, const struct report *rep)
{
	json_put_open(j, "settings", '[');
	for (unsigned reg = 0; reg < CONFIG_REG_COUNT; reg++) {
		const struct event *ev = &rep->config[reg];

		if (!rep->config_told[reg])
			continue;
		json_put_open(j, NULL, '{');
		json_put_string(j, "name", config_reg_name[reg]);
		if (event_has(ev, CONFIG_VALUE))
			json_put_hex(j, "value", ev->arg[CONFIG_VALUE]);
		else
			json_put_string(j, "value", NULL);
		json_put_close(j, '}');
	}
	json_put_close(j, ']');
}

static int put_findings(struct walk *w, struct reader *r, struct error *err)
{
	int rc;

	json_put_open(w->j, "episodes", '[');
	rc = reader_episodes(r, take_episode, w, err);
	json_put_close(w->j, ']');
	json_put_open(w->j, "violations", '[');
	if (rc >= 0)
		rc = reader_violations(r, READER_ANY_CPU, INT64_MIN, INT64_MAX, 0, false, take_violation, w, err);
	json_put_close(w->j, ']');
	json_put_open(w->j, "invariants", '[');
	if (rc >= 0)
		rc = reader_results(r, take_rule, w, err);
	json_put_close(w->j, ']');
	return rc;
}

int report_json(const struct report *rep, struct reader *r, const char *file, FILE *out, struct error *err)
{
	struct json_out j = { .out = out, .tall = 2 };
	struct walk w = { &j, rep };
	int rc;

	json_put_open(&j, NULL, '{');
	json_put_int(&j, "schema", REPORT_JSON_SCHEMA);
	put_recording(&j, rep, r, file);
	rc = put_verdict(&w, r, err);
	if (rc >= 0)
		rc = put_findings(&w, r, err);
	put_settings(&j, rep);
	report_json_smis(&j, rep);
	report_json_cpus(&j, rep);
	json_put_close(&j, '}');
	return rc < 0 ? rc : 0;
}
