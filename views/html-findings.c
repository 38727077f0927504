/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Episodes with the times of their steps, and the rules. */
#include "html.h"

#include <inttypes.h>
#include <string.h>

#include "html-text.h"
#include "report-page.h"
#include "scale.h"
#include "../tracer/flow/flow.h"

#define EPISODES_SHOWN 40   /* in full */
#define VIOLATIONS_SHOWN 200

static const char *step_help(const char *name)
{
	for (int i = 0; i < FLOW_STEP_COUNT; i++)
		if (!strcmp(flow_step_info[i].name, name))
			return flow_step_info[i].help;
	return "";
}

static void put_step(const struct html *h, const struct page *p, const struct insight_episode *ep, unsigned i)
{
	const struct insight_step *step = &ep->at[i];

	html_row(h, NULL);
	html_head_cell(h, "%s", step->name);
	html_cell(h, "c", "%s", step->letter);
	html_cell(h, "n", "%s", page_at(p, step->ts_ns).s);
	html_cell(h, "n", "%s", i ? page_lasting(ns_between(ep->at[i - 1].ts_ns, step->ts_ns)).s : "");
	html_cell(h, NULL, "%s", step_help(step->name));
}

static void put_missing(const struct html *h, const struct page *p, const struct insight_episode *ep)
{
	int64_t since = ep->steps ? ep->at[ep->steps - 1].ts_ns : ep->start_ns;

	html_row(h, ep->stuck ? "bad" : "open");
	html_head_cell(h, "%s", ep->next);
	html_cell(h, NULL, "%s", "");
	html_cell(h, "n", "%s", ep->stuck ? "did not come" : "not yet");
	html_cell(h, "n", "%s", page_lasting(ns_between(since, p->rep->end_ns)).s);
	html_cell(h, NULL, "%s", step_help(ep->next));
}

static const char *outcome(char *out, size_t size, const struct page *p, const struct insight_episode *ep)
{
	if (ep->end_ns)
		snprintf(out, size, "through in %s", page_lasting(ns_between(ep->start_ns, ep->end_ns)).s);
	else if (ep->stuck)
		snprintf(out, size, "STUCK since %s behind step %s", page_at(p, ep->stuck_ns).s, ep->step);
	else
		snprintf(out, size, "not over: step %s", ep->step);
	return out;
}

static void put_episode(const struct html *h, const struct insight_episode *ep)
{
	const struct page p = { h->rep, h->out };
	char how[128], caption[200];

	outcome(how, sizeof(how), &p, ep);
	fprintf(h->out, "<article class=\"episode%s\"><h3>", ep->stuck ? " bad" : "");
	html_print(h->out, "%s of CPU %d", ep->kind, ep->cpu);
	fputs(" <small>", h->out);
	html_print(h->out, "from %s on, %s", page_at(&p, ep->start_ns).s, how);
	fputs("</small></h3>\n", h->out);
	snprintf(caption, sizeof(caption), "Steps of the %s of CPU %d", ep->kind, ep->cpu);
	html_table(h, caption, "step|letter|#at|#after the one before|what it is");
	for (unsigned i = 0; i < ep->steps; i++)
		put_step(h, &p, ep, i);
	if (!ep->end_ns && *ep->next)
		put_missing(h, &p, ep);
	html_table_end(h);
	fputs("</article>\n", h->out);
}

/* Boot relocations that went well: a row for each. */
static void put_boots(const struct html *h)
{
	const struct page p = { h->rep, h->out };
	const struct insight *in = h->rep->insight;

	fputs("<article class=\"episode\"><h3>Boot relocations</h3>\n", h->out);
	html_table(h, "Boot relocations", "CPU|#from|#took|steps, each with the time since the one before");
	for (int i = 0; i < in->episodes; i++) {
		const struct insight_episode *ep = &in->episode[i];
		char steps[1400] = "";
		size_t used = 0;

		if (!ep->boot || !ep->end_ns)
			continue;
		for (unsigned k = 0; k < ep->steps && used < sizeof(steps); k++)
			used += (size_t)snprintf(steps + used, sizeof(steps) - used, "%s%s%s%s", k ? ", " : "",
						 ep->at[k].name, k ? " +" : "",
						 k ? page_lasting(ns_between(ep->at[k - 1].ts_ns,
									     ep->at[k].ts_ns)).s : "");
		html_row(h, NULL);
		html_head_cell(h, "CPU %d", ep->cpu);
		html_cell(h, "n", "%s", page_at(&p, ep->start_ns).s);
		html_cell(h, "n", "%s", page_lasting(ns_between(ep->start_ns, ep->end_ns)).s);
		html_cell(h, NULL, "%s", steps);
	}
	html_table_end(h);
	fputs("</article>\n", h->out);
}

void html_episodes(const struct html *h)
{
	const struct insight *in = h->rep->insight;
	int shown = 0, boots = 0;

	if (!in->episodes)
		return;
	html_section(h, "episodes", "Relocations, plugs and unplugs");
	for (int i = 0; i < in->episodes; i++) {
		const struct insight_episode *ep = &in->episode[i];

		if (ep->boot && ep->end_ns)
			boots++;
		else if (shown++ < EPISODES_SHOWN)
			put_episode(h, ep);
	}
	if (shown > EPISODES_SHOWN)
		fprintf(h->out, "<p class=\"more\">and %d more</p>\n", shown - EPISODES_SHOWN);
	if (boots)
		put_boots(h);
	html_section_end(h);
}

static int put_violation(void *arg, const struct reader_violation *v)
{
	const struct html *h = arg;
	const struct page p = { h->rep, h->out };

	html_row(h, strcmp(v->severity, "error") ? NULL : "bad");
	html_cell(h, "n", "%s", page_at(&p, v->ts_ns).s);
	html_cell(h, "c", v->cpu == CPU_UNKNOWN ? "-" : "%d", v->cpu);
	html_head_cell(h, "%s", v->invariant);
	html_cell(h, NULL, "%s", v->severity);
	html_cell(h, "c", "%s", v->step);
	html_cell(h, NULL, "%s", v->message);
	return 0;
}

static void put_unknown(const struct html *h)
{
	const struct report *r = h->rep;

	if (!r->unknown)
		return;
	html_table(h, "Rules that could not be judged", "rule that could not be judged|why");
	for (unsigned i = 0; i < r->unknown; i++) {
		html_row(h, NULL);
		html_head_cell(h, "%s", r->rule[i].name);
		html_cell(h, NULL, "%s", r->rule[i].why);
	}
	html_table_end(h);
}

int html_rules(const struct html *h, struct error *err)
{
	const struct report *r = h->rep;
	int rc = 0;

	if (!r->rules && !r->sum.violations)
		return 0;
	html_section(h, "rules", "Rules");
	if (r->rules)
		fprintf(h->out, "<p class=\"sum\"><b>%u</b> hold <b>%u</b> broken <b>%u</b> unknown <b>%u</b> never "
			"exercised</p>\n", r->held, r->broken, r->unknown, r->never);
	if (r->sum.violations) {
		html_table(h, "Broken rules", "#at|CPU|rule|severity|step|what happened");
		rc = reader_violations(h->reader, READER_ANY_CPU, INT64_MIN, INT64_MAX, VIOLATIONS_SHOWN, false,
				       put_violation, (void *)(uintptr_t)h, err);
		html_table_end(h);
	}
	if (r->sum.violations > VIOLATIONS_SHOWN)
		fprintf(h->out, "<p class=\"more\">and %" PRId64 " more</p>\n", r->sum.violations - VIOLATIONS_SHOWN);
	put_unknown(h);
	html_section_end(h);
	return rc;
}
