/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "html-chart.h"

#include <stdlib.h>

#include "html-text.h"
#include "report-page.h"

#define AXIS 24
#define EPISODE_ROW 22
#define TALL 42          /* a lane: marks, and the bodies below them */
#define FLAT 18          /* where there are many: marks on the bodies */
#define TALL_LANES 24
#define CELL 8           /* marks of one lane stand at least this far apart */
#define BODIES 1500      /* in a picture, at most */
#define MARKS 1600

double chart_x(const struct chart *c, int64_t ts)
{
	double x = (double)ns_between(c->from, ts) * CHART_PLOT / (double)ns_between(c->from, c->to);

	return CHART_LEFT + (x < 0 ? 0 : x > CHART_PLOT ? CHART_PLOT : x);
}

static double lane_y(const struct chart *c, int lane)
{
	return lane ? c->top + FLAT + 4 + (lane - 1) * c->pitch : c->top;
}

double chart_mark_y(const struct chart *c, int lane)
{
	return lane_y(c, lane) + 9;
}

double chart_body_y(const struct chart *c, int lane)
{
	return lane_y(c, lane) + (c->pitch == TALL && lane ? 26 : 9);
}

int chart_body_height(const struct chart *c)
{
	return c->pitch == TALL ? 15 : 11;
}

int chart_lane(const struct chart *c, int cpu)
{
	return cpu >= 0 && cpu < EVENT_MAX_CPUS ? c->lane_of[cpu] : 0;
}

struct page_text chart_at(const struct chart *c, int64_t ts)
{
	const struct page p = { c->h->rep, c->h->out };

	return page_at(&p, ts);
}

static double height(const struct chart *c)
{
	return lane_y(c, c->lanes) + 6;
}

static void put_axis(const struct chart *c)
{
	struct scale axis = { c->from, ns_between(c->from, c->to), CHART_PLOT / 8 };
	int64_t first = c->h->rep->sum.first_ns, tick = scale_tick(&axis);
	int64_t at = ns_between(first, c->from) / tick * tick;

	fputs("<g class=\"axis\">\n", c->h->out);
	for (; at <= ns_between(first, c->to); at += tick) {
		double x = chart_x(c, first + at);
		char text[40];

		if (first + at < c->from)
			continue;
		fprintf(c->h->out, "<path d=\"M%.1f 18V%.0f\"/><text x=\"%.1f\" y=\"12\">", x, height(c) - 4, x);
		html_text(c->h->out, time_text(text, sizeof(text), at, tick));
		fputs("</text>\n", c->h->out);
	}
	fputs("</g>\n", c->h->out);
}

static void put_lane(const struct chart *c, int lane, int cpu)
{
	const struct report_cpu *now = &c->h->rep->cpu[cpu];
	int64_t until = now->now.removed_ns ? now->now.removed_ns : c->h->rep->end_ns;
	double y = chart_body_y(c, lane);

	fprintf(c->h->out, "<g class=\"lane\" data-cpu=\"%d\"><text x=\"%d\" y=\"%.1f\">CPU %d</text>", cpu,
		CHART_LEFT - 10, y + 4, cpu);
	if (until > c->from && now->added_ns < c->to)
		fprintf(c->h->out, "<path d=\"M%.1f %.1fH%.1f\"/>", chart_x(c, now->added_ns), y,
			chart_x(c, until));
	fputs("</g>\n", c->h->out);
}

static void put_lanes(const struct chart *c)
{
	fprintf(c->h->out, "<g class=\"machine\"><text x=\"%d\" y=\"%.1f\">machine</text></g>\n",
		CHART_LEFT - 10, chart_body_y(c, 0) + 4);
	for (unsigned i = 0; i < c->h->rep->cpus; i++)
		if (c->lane_of[i])
			put_lane(c, c->lane_of[i], (int)i);
}

/* What a picture shows is in the tables too: those who cannot see it are told where. */
static void put_frame(const struct chart *c, int nr, const char *title)
{
	FILE *out = c->h->out;

	fputs("<figure>\n<figcaption>", out);
	html_text(out, title);
	html_print(out, ", %s to %s", chart_at(c, c->from).s, chart_at(c, c->to).s);
	fprintf(out, "</figcaption>\n<div class=\"scroll\"><svg class=\"chart\" viewBox=\"0 0 %d %.0f\" "
		"role=\"img\" aria-labelledby=\"chart-%d chart-%d-text\">\n<title id=\"chart-%d\">", CHART_WIDTH,
		height(c), nr, nr, nr);
	html_text(out, title);
	fprintf(out, "</title>\n<desc id=\"chart-%d-text\">A lane for each of %d CPUs, its stays in SMM as bars, "
		"with episodes above and port writes, IPIs, SMBASE writes and broken rules as marks. The tables below tell "
		"the same.</desc>\n", nr, c->lanes - 1);
}

static bool prepare(struct chart *c)
{
	const struct report *rep = c->h->rep;
	int least;

	c->lanes = 1;
	c->cpus.cpus = rep->cpus;
	for (unsigned i = 0; i < EVENT_MAX_CPUS; i++) {
		c->cpus.apic_id[i] = rep->cpu[i].now.apic_id;
		c->cpus.added_ns[i] = rep->cpu[i].exists ? rep->cpu[i].added_ns : INT64_MAX;
		c->lane_of[i] = i < rep->cpus && rep->cpu[i].exists ? c->lanes++ : 0;
	}
	c->pitch = c->lanes > TALL_LANES ? FLAT : TALL;
	c->grain = (double)c->lanes * CHART_PLOT / BODIES - 1;
	c->grain = c->grain < 0.5 ? 0.5 : c->grain;
	least = c->lanes * CHART_PLOT / MARKS;
	c->cells = CHART_PLOT / (least > CELL ? least : CELL) + 1;
	c->cell = calloc((size_t)(c->lanes * c->cells), sizeof(*c->cell));
	c->row_of = calloc((size_t)rep->insight->episodes + 1, sizeof(*c->row_of));
	if (!c->cell || !c->row_of)
		return false;
	c->rows = chart_place_episodes(c);
	c->top = AXIS + c->rows * EPISODE_ROW;
	return c->rows >= 0;
}

static int draw(struct chart *c, int nr, const char *title, struct error *err)
{
	int rc;

	put_frame(c, nr, title);
	put_axis(c);
	rc = chart_gaps(c, err);
	put_lanes(c);
	if (rc >= 0)
		rc = chart_bodies(c, err);
	if (rc >= 0)
		rc = chart_marks(c, err);
	chart_episodes(c);
	fputs("</svg></div>\n", c->h->out);
	if (c->undrawn)
		fprintf(c->h->out, "<p class=\"more\">%d more IPIs have no arrow here</p>\n", c->undrawn);
	fputs("</figure>\n", c->h->out);
	return rc;
}

int chart_draw(const struct html *h, int nr, const char *title, int64_t from, int64_t to, bool close,
	       struct error *err)
{
	struct chart *c = calloc(1, sizeof(*c));
	int rc = -1;

	if (c)
		*c = (struct chart){ .h = h, .from = from, .to = to > from ? to : from + 1, .close = close };
	if (c && prepare(c))
		rc = draw(c, nr, title, err);
	else
		rc = fail(err, ERR_OUTPUT, "no memory for the page");
	if (c) {
		free(c->cell);
		free(c->row_of);
	}
	free(c);
	return rc;
}
