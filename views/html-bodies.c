/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What lasts: stays in SMM, and intervals in which something was lost or nobody could see. */
#include "html-chart.h"

#include <inttypes.h>

#include "html-text.h"
#include "report-page.h"

/* Stays, or gaps, so close to each other that they are drawn as one. */
struct run {
	struct chart *c;
	int lane;               /* of gaps: -1 = all */
	double x0, x1;
	int64_t n, from, to, sum;
	struct reader_smi smi;  /* the first */
	bool open, base_default;
};

static void put_words(const struct run *run)
{
	const struct reader_smi *s = &run->smi;
	FILE *out = run->c->h->out;

	fputs("<title>", out);
	if (run->n > 1)
		html_print(out, "CPU %d: %" PRId64 " SMIs from %s to %s, %s in SMM", s->cpu, run->n,
			   chart_at(run->c, run->from).s, chart_at(run->c, run->to).s, page_lasting(run->sum).s);
	else if (run->open)
		html_print(out, "CPU %d: in SMM since %s, has not left", s->cpu, chart_at(run->c, run->from).s);
	else
		html_print(out, "CPU %d: %s in SMM, from %s on, cause %s", s->cpu, page_lasting(run->sum).s,
			   chart_at(run->c, run->from).s, smi_cause_name[s->cause]);
	if (run->n == 1 && s->smbase != SMBASE_UNKNOWN)
		html_print(out, ", SMBASE 0x%" PRIx64, s->smbase);
	fputs("</title>", out);
}

/* The part of its time that was spent in SMM. */
static double share(const struct run *run)
{
	int64_t length = ns_between(run->from, run->to);

	return length > 0 && run->sum < length ? (double)run->sum / (double)length : 1;
}

/* How many, or at which SMBASE, where there is room to say it. */
static void put_name(const struct run *run)
{
	double width = run->x1 - run->x0, x = run->x0 + width / 2, y = chart_body_y(run->c, run->lane) + 4;
	FILE *out = run->c->h->out;

	if (run->n > 1 && width > 70)
		fprintf(out, "<text class=\"in%s\" x=\"%.1f\" y=\"%.1f\">%" PRId64 " SMIs</text>",
			share(run) < 0.6 ? " pale" : "", x, y, run->n);
	else if (run->n == 1 && width > 76 && run->smi.smbase != SMBASE_UNKNOWN)
		fprintf(out, "<text class=\"in\" x=\"%.1f\" y=\"%.1f\">0x%" PRIx64 "</text>", x, y, run->smi.smbase);
}

/* Several are a pale body, filled from below by their share of its time. */
static void put_body(const struct run *run)
{
	double tall = chart_body_height(run->c), width = run->x1 - run->x0 < 1.2 ? 1.2 : run->x1 - run->x0;
	double top = chart_body_y(run->c, run->lane) - tall / 2, full = tall * share(run);
	const char *class = run->open ? " open" : run->base_default ? " default" : "";
	FILE *out = run->c->h->out;

	if (!run->n)
		return;
	full = full < 1 ? 1 : full;
	if (run->n > 1)
		fprintf(out, "<rect class=\"share%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>", class,
			run->x0, top + tall - full, width, full);
	fprintf(out, "<rect class=\"smm%s%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.0f\">", class,
		run->n > 1 ? " many" : "", run->x0, top, width, tall);
	put_words(run);
	fputs("</rect>", out);
	put_name(run);
	fputc('\n', out);
}

static int take_stay(void *arg, const struct reader_smi *smi)
{
	struct run *run = arg;
	struct chart *c = run->c;
	int64_t to = smi->leave_ns ? smi->leave_ns : c->h->rep->end_ns;
	double x0 = chart_x(c, smi->enter_ns), x1 = chart_x(c, to);
	bool base_default = smi->smbase == SMBASE_DEFAULT;

	if (!run->n || x0 > run->x1 + c->grain || !smi->leave_ns ||
	    (c->close && base_default != run->base_default)) {
		put_body(run);
		*run = (struct run){ .c = c, .lane = run->lane, .x0 = x0, .from = smi->enter_ns, .smi = *smi,
				     .open = !smi->leave_ns, .base_default = base_default };
	}
	run->x1 = x1 > run->x1 ? x1 : run->x1;
	run->to = to;
	run->sum = ns_sum(run->sum, ns_between(smi->enter_ns, to));
	run->base_default &= base_default;
	run->n++;
	return 0;
}

int chart_bodies(struct chart *c, struct error *err)
{
	int rc = 0;

	for (unsigned i = 0; i < c->h->rep->cpus && rc >= 0; i++) {
		struct run run = { .c = c, .lane = c->lane_of[i] };

		if (!run.lane)
			continue;
		rc = reader_smis(c->h->reader, (int)i, c->from, c->to, take_stay, &run, err);
		put_body(&run);
	}
	return rc;
}

static void put_gap(const struct run *run)
{
	const struct chart *c = run->c;
	double width = run->x1 - run->x0, y = chart_mark_y(c, run->lane < 0 ? 0 : run->lane) - 9;
	double end = run->lane < 0 ? chart_mark_y(c, c->lanes) - 9 : y + c->pitch;

	if (!run->n)
		return;
	fprintf(c->h->out, "<rect class=\"gap\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"><title>",
		run->x0, y, width < 2 ? 2 : width, end - y);
	html_print(c->h->out, "%" PRId64 " interval%s, %s in all, from %s on: lost, or nobody could see",
		   run->n, page_plural(run->n), page_lasting(run->sum).s, chart_at(c, run->from).s);
	fputs("</title></rect>\n", c->h->out);
}

/* Those of one CPU are kept apart from those of all; by turns they are not drawn together. */
static int take_gap(void *arg, int64_t id, const struct event *ev)
{
	struct run *run = arg;
	struct chart *c = run->c;
	unsigned field = ev->kind == EV_LOST ? (unsigned)LOST_UNTIL : (unsigned)BLIND_UNTIL;
	int64_t to = event_has(ev, field) ? (int64_t)ev->arg[field] : ev->ts;
	int lane = chart_lane(c, ev->cpu) ? chart_lane(c, ev->cpu) : -1;
	double x0 = chart_x(c, ev->ts), x1 = chart_x(c, to);

	(void)id;
	if (to < c->from || ev->ts > c->to)
		return 0;
	if (!run->n || lane != run->lane || x0 > run->x1 + 2 * c->grain) {
		put_gap(run);
		*run = (struct run){ .c = c, .lane = lane, .x0 = x0, .from = ev->ts };
	}
	run->x1 = x1 > run->x1 ? x1 : run->x1;
	run->sum = ns_sum(run->sum, ns_between(ev->ts, to));
	run->n++;
	return 0;
}

int chart_gaps(struct chart *c, struct error *err)
{
	struct reader_filter f = READER_ALL;
	struct run run = { .c = c };
	int rc;

	f.kinds = 1u << EV_LOST | 1u << EV_BLIND;
	rc = reader_events(c->h->reader, &f, take_gap, &run, err);
	put_gap(&run);
	return rc;
}
