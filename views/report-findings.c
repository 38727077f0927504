/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The part of the report that tells what the recorder concluded. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report-page.h"
#include "scale.h"
#include "../gdbproto/safe-text.h"
#include "../tracer/event-text.h"
#include "../tracer/flow/scene.h"

static int take_violation(void *arg, const struct reader_violation *v)
{
	struct report *rep = arg;

	rep->violation[rep->violations++] = *v;
	return rep->violations == REPORT_KEPT;
}

static int take_result(void *arg, const struct reader_result *res)
{
	struct report *rep = arg;

	rep->rules++;
	rep->held += !strcmp(res->status, "holds");
	rep->broken += !strcmp(res->status, "violated");
	rep->never += !strcmp(res->status, "never");
	if (!strcmp(res->status, "unknown") && rep->unknown < REPORT_RULES) {
		struct report_rule *rule = &rep->rule[rep->unknown++];

		safe_text(rule->name, sizeof(rule->name), res->name, strlen(res->name));
		safe_text(rule->why, sizeof(rule->why), res->why, strlen(res->why));
	}
	return 0;
}

int report_read_findings(struct report *rep, struct reader *r, struct error *err)
{
	int rc;

	rep->insight = calloc(1, sizeof(*rep->insight));
	if (!rep->insight)
		return fail(err, ERR_OUTPUT, "no memory for the report");
	rc = insight_read(rep->insight, r, err);
	if (rc >= 0)
		rc = reader_violations(r, READER_ANY_CPU, INT64_MIN, INT64_MAX, REPORT_KEPT, false, take_violation,
				       rep, err);
	if (rc >= 0)
		rc = reader_results(r, take_result, rep, err);
	return rc < 0 ? rc : 0;
}

/* A line of the verdict is "SUBJECT: TEXT". */
void report_print_verdict(const struct page *p)
{
	const struct insight *in = p->rep->insight;

	if (!in->lines)
		return;
	fputs("Verdict\n", p->out);
	for (int i = 0; i < in->lines; i++) {
		const char *colon = strstr(in->line[i], ": ");
		char subject[48];

		snprintf(subject, sizeof(subject), "%.*s", colon ? (int)(colon - in->line[i]) : 0, in->line[i]);
		page_row(p, strcmp(subject, "verdict") ? subject : "", "%s", colon ? colon + 2 : in->line[i]);
	}
	fputs("\nRecording\n", p->out);
}

/* "gpe +1.20 ms, smi +310 us, ...": each step with the time since the one before it. */
static void print_steps(const struct page *p, const struct insight_episode *ep)
{
	char list[1400] = "";
	size_t used = 0;

	for (unsigned i = 0; i < ep->steps && used < sizeof(list); i++) {
		int64_t since = i ? ep->at[i - 1].ts_ns : ep->start_ns;

		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "", ep->at[i].name);
		if (i && used < sizeof(list))
			used += (size_t)snprintf(list + used, sizeof(list) - used, " +%s",
						 page_lasting(ns_between(since, ep->at[i].ts_ns)).s);
	}
	page_row(p, "", "%s", list);
}

static void print_episode(const struct page *p, const struct insight_episode *ep)
{
	char label[32], next[48] = "";

	snprintf(label, sizeof(label), "%s, CPU %d", ep->kind, ep->cpu);
	if (*ep->next)
		snprintf(next, sizeof(next), "; no %s", ep->next);
	if (ep->end_ns)
		page_row(p, label, "from %s on, through in %s", page_at(p, ep->start_ns).s,
			 page_lasting(ns_between(ep->start_ns, ep->end_ns)).s);
	else if (ep->stuck)
		page_row(p, label, "from %s on, STUCK since %s behind step %s%s", page_at(p, ep->start_ns).s,
			 page_at(p, ep->stuck_ns).s, ep->step, next);
	else
		page_row(p, label, "from %s on, not over: step %s%s", page_at(p, ep->start_ns).s, ep->step, next);
	if (!ep->boot || ep->stuck)
		print_steps(p, ep);
}

/* Boot relocations that went well are told by their CPUs already. */
static void print_episodes(const struct page *p)
{
	const struct insight *in = p->rep->insight;
	int boots = 0;

	if (!in->episodes)
		return;
	fputs("\nRelocations, plugs and unplugs\n", p->out);
	for (int i = 0; i < in->episodes; i++) {
		const struct insight_episode *ep = &in->episode[i];

		if (ep->boot && ep->end_ns)
			boots++;
		else
			print_episode(p, ep);
	}
	if (boots)
		page_row(p, "boot", "%d CPU%s relocated", boots, page_plural(boots));
}

static void print_broken(const struct page *p)
{
	const struct report *r = p->rep;

	for (unsigned i = 0; i < r->violations; i++) {
		char line[700], at[72];

		snprintf(at, sizeof(at), "%s", page_at(p, r->violation[i].ts_ns).s);
		page_row(p, at, "%s", insight_line(line, sizeof(line), &r->violation[i]));
	}
	if (r->sum.violations > r->violations)
		page_row(p, "", "... and %" PRId64 " more", r->sum.violations - r->violations);
}

static void print_rules(const struct page *p)
{
	const struct report *r = p->rep;

	if (!r->rules && !r->violations)
		return;
	fputs("\nRules (smmtrace list invariants)\n", p->out);
	page_row(p, "broken", "%" PRId64 " time%s", r->sum.violations, page_plural(r->sum.violations));
	print_broken(p);
	if (r->rules)
		page_row(p, "judged", "%u hold, %u broken, %u unknown, %u never exercised", r->held, r->broken,
			 r->unknown, r->never);
	for (unsigned i = 0; i < r->unknown; i++)
		page_row(p, i ? "" : "unknown", "%s%s%s", r->rule[i].name, *r->rule[i].why ? ": " : "",
			 r->rule[i].why);
}

/* "broadcast, CPU hot-plug" behind the bits of SMI features. */
static const char *features(char *out, size_t size, enum config_reg reg, uint64_t value)
{
	static const char *const name[] = { "broadcast", "CPU hot-plug", "CPU hot-unplug" };
	size_t used = 0;

	out[0] = '\0';
	if (reg != CONFIG_SMI_SUPPORTED && reg != CONFIG_SMI_REQUESTED && reg != CONFIG_SMI_NEGOTIATED)
		return out;
	for (unsigned i = 0; i < 3; i++)
		if (value >> i & 1)
			used += (size_t)snprintf(out + used, size - used, "%s%s", used ? ", " : " (", name[i]);
	snprintf(out + used, size - used, used ? ")" : " (none)");
	return out;
}

static void print_config(const struct page *p)
{
	bool first = true;

	for (unsigned reg = 0; reg < CONFIG_REG_COUNT; reg++) {
		const struct event *ev = &p->rep->config[reg];
		char value[32], words[64] = "";

		if (!p->rep->config_told[reg])
			continue;
		if (first)
			fputs("\nSettings of the machine, as they were read last\n", p->out);
		first = false;
		if (event_has(ev, CONFIG_VALUE))
			features(words, sizeof(words), (enum config_reg)reg, ev->arg[CONFIG_VALUE]);
		page_row(p, config_reg_name[reg], "%s%s", event_has(ev, CONFIG_VALUE) ?
			 event_arg_text(value, sizeof(value), ev, CONFIG_VALUE) : "could not be read", words);
	}
}

void report_print_findings(const struct page *p)
{
	print_episodes(p);
	print_rules(p);
	print_config(p);
}
