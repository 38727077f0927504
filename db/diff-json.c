/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "diff-report.h"

#include <inttypes.h>
#include <string.h>

#include "output-text.h"

static const char *const side_name[DIFF_SIDES] = { "good", "bad" };

struct page {
	FILE *out;
	const struct diff *d;
	const struct diff_look *look;
};

static void put_string(const struct page *p, const char *text)
{
	const struct cell c = { .type = text ? CELL_TEXT : CELL_NULL, .text = text ? text : "",
				.len = text ? strlen(text) : 0 };

	put_json(p->out, &c);
}

static void put_text(const struct page *p, const char *before, const char *name, const char *text)
{
	fprintf(p->out, "%s\"%s\": ", before, name);
	put_string(p, text);
}

static void put_bool(const struct page *p, const char *name, bool value)
{
	fprintf(p->out, ", \"%s\": %s", name, value ? "true" : "false");
}

static void put_number(const struct page *p, const char *name, int64_t value)
{
	fprintf(p->out, ", \"%s\": %" PRId64, name, value);
}

/* null for CPU_UNKNOWN. */
static void put_cpu(const struct page *p, const char *before, int cpu)
{
	if (cpu == CPU_UNKNOWN)
		fprintf(p->out, "%s\"cpu\": null", before);
	else
		fprintf(p->out, "%s\"cpu\": %d", before, cpu);
}

static void put_side(const struct page *p, int side)
{
	const struct diff_side *s = p->d->side[side];
	const struct reader_summary *sum = reader_summary(s->reader);

	fprintf(p->out, ",\n\"%s\": {", side_name[side]);
	put_text(p, "", "file", p->look->path[side]);
	put_number(p, "events", sum->events);
	put_number(p, "cpus", sum->cpus);
	put_number(p, "dur_ns", sum->last_ns - sum->first_ns);
	put_number(p, "lost", sum->lost);
	put_number(p, "blind_intervals", s->blind);
	put_bool(p, "stuck", s->verdict.stuck);
	put_text(p, ", ", "verdict", s->verdict.lines ? s->verdict.line[0].text : NULL);
	fputc('}', p->out);
}

static void put_episode_side(const struct page *p, int side, const struct episode *ep)
{
	const char *before = "";

	fprintf(p->out, ", \"%s\": ", side_name[side]);
	if (!ep) {
		fputs("null", p->out);
		return;
	}
	put_text(p, "{", "status", episode_status_name[ep->status]);
	put_bool(p, "cut_short", ep->cut_short);
	put_text(p, ", ", "step", flow_step_info[ep->step].name);
	put_text(p, ", ", "next", ep->next < FLOW_STEP_COUNT ? flow_step_info[ep->next].name : NULL);
	fputs(", \"steps\": [", p->out);
	for (unsigned i = 0; i < FLOW_STEP_COUNT; i++)
		if (diff_reached(ep, i)) {
			fputs(before, p->out);
			put_string(p, flow_step_info[i].name);
			before = ", ";
		}
	fputs("], \"rendezvous\": [", p->out);
	before = "";
	for (int cpu = cpuset_next(&ep->rendezvous, 0); cpu >= 0; cpu = cpuset_next(&ep->rendezvous, cpu + 1)) {
		fprintf(p->out, "%s%d", before, cpu);
		before = ", ";
	}
	fputs("]}", p->out);
}

static void put_episodes(const struct page *p)
{
	for (size_t i = 0; i < p->d->episodes; i++) {
		const struct diff_episode *e = &p->d->episode[i];

		put_text(p, i ? ",\n    {" : "\n    {", "kind", episode_kind_name[e->kind]);
		put_cpu(p, ", ", e->cpu);
		put_number(p, "nth", e->nth);
		put_bool(p, "same", e->same);
		put_episode_side(p, DIFF_GOOD, e->ep[DIFF_GOOD]);
		put_episode_side(p, DIFF_BAD, e->ep[DIFF_BAD]);
		fputc('}', p->out);
	}
}

static void put_rules(const struct page *p)
{
	const char *before = "\n    {";

	for (unsigned i = 0; i < INVARIANT_COUNT; i++) {
		uint64_t good = diff_broken(p->d, DIFF_GOOD, i), bad = diff_broken(p->d, DIFF_BAD, i);
		const struct violation *v = !good == !bad ? NULL : diff_violation(p->d, bad ? DIFF_BAD : DIFF_GOOD, i);

		if (!good == !bad)
			continue;
		put_text(p, before, "name", invariant_list[i]->name);
		put_text(p, ", ", "severity", check_severity_name[invariant_list[i]->severity]);
		put_number(p, "good", (int64_t)good);
		put_number(p, "bad", (int64_t)bad);
		put_text(p, ", ", "message", v ? v->message : NULL);
		fputc('}', p->out);
		before = ",\n    {";
	}
}

static void put_settings(const struct page *p)
{
	const char *before = "\n    {";
	char value[DIFF_SIDES][32];

	for (unsigned i = 0; i < CONFIG_REG_COUNT; i++) {
		if (!diff_setting(p->d, i, value))
			continue;
		put_text(p, before, "reg", config_reg_name[i]);
		put_text(p, ", ", "good", value[DIFF_GOOD]);
		put_text(p, ", ", "bad", value[DIFF_BAD]);
		fputc('}', p->out);
		before = ",\n    {";
	}
}

/* Lines [from, to) of one side of a lane. */
static void put_lines(const struct page *p, const char *name, int side, const struct lane *l, size_t from,
		      size_t to)
{
	char place[DIFF_NAME];

	fprintf(p->out, ", \"%s\": [", name);
	for (size_t i = from; i < to; i++) {
		const struct lane_line *line = &l->line[i];

		put_text(p, i > from ? ",\n        {" : "{", "text", words_text(p->d->words, line->word));
		put_number(p, "count", line->count);
		put_number(p, "event", line->id);
		put_number(p, "t_ns", diff_line_ns(p->d, side, line));
		put_text(p, ", ", "place", diff_place(place, p->d, side, line));
		fputc('}', p->out);
	}
	fputc(']', p->out);
}

static void put_change(const struct page *p, const struct diff_lane *l, size_t i)
{
	const struct diff_change *c = &l->change[i];
	size_t context = p->look->context, after = c->to[DIFF_GOOD];
	size_t before = i ? l->change[i - 1].to[DIFF_GOOD] : 0;
	size_t end = i + 1 < l->changes ? l->change[i + 1].from[DIFF_GOOD] : l->lane[DIFF_GOOD]->n;

	if (c->from[DIFF_GOOD] - before > context)
		before = c->from[DIFF_GOOD] - context;
	if (end - after > context)
		end = after + context;
	fprintf(p->out, "%s{\"good_line\": %zu, \"bad_line\": %zu", i ? ",\n      " : "\n      ",
		c->from[DIFF_GOOD] + 1, c->from[DIFF_BAD] + 1);
	put_lines(p, "before", DIFF_GOOD, l->lane[DIFF_GOOD], before, c->from[DIFF_GOOD]);
	put_lines(p, "good", DIFF_GOOD, l->lane[DIFF_GOOD], c->from[DIFF_GOOD], c->to[DIFF_GOOD]);
	put_lines(p, "bad", DIFF_BAD, l->lane[DIFF_BAD], c->from[DIFF_BAD], c->to[DIFF_BAD]);
	put_lines(p, "after", DIFF_GOOD, l->lane[DIFF_GOOD], after, end);
	fputc('}', p->out);
}

static void put_lane(const struct page *p, const struct diff_lane *l)
{
	put_cpu(p, "{", l->cpu);
	put_bool(p, "same", !l->changes);
	put_bool(p, "cut", l->lane[0]->cut || l->lane[1]->cut);
	put_number(p, "good_lines", (int64_t)l->lane[DIFF_GOOD]->n);
	put_number(p, "bad_lines", (int64_t)l->lane[DIFF_BAD]->n);
	put_number(p, "differences", (int64_t)l->changes);
	fputs(", \"changes\": [", p->out);
	for (size_t i = 0; i < l->changes && (!i || p->look->all); i++)
		put_change(p, l, i);
	fputs("]}", p->out);
}

void diff_json(FILE *out, const struct diff *d, const struct diff_look *look)
{
	const struct page p = { out, d, look };

	fputs("{\"schema\": 1", out);
	put_bool(&p, "same", d->same);
	put_bool(&p, "cut", d->cut);
	put_side(&p, DIFF_GOOD);
	put_side(&p, DIFF_BAD);
	if (d->first < 0)
		fputs(",\n\"first\": null", out);
	else
		fprintf(out, ",\n\"first\": %d", d->first);
	fputs(",\n\"episodes\": [", out);
	put_episodes(&p);
	fputs("],\n\"rules\": [", out);
	put_rules(&p);
	fputs("],\n\"settings\": [", out);
	put_settings(&p);
	fputs("],\n\"lanes\": [", out);
	for (size_t i = 0; i < d->lanes; i++) {
		fputs(i ? ",\n    " : "\n    ", out);
		put_lane(&p, &d->lane[i]);
	}
	fputs("]}\n", out);
}
