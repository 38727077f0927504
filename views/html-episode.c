/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Episodes above the lanes: a bar for each, cut at its steps. */
#include "html-chart.h"

#include <string.h>

#include "html-text.h"
#include "report-page.h"

#define ROW_TOP 22
#define ROW 22
#define BAR 16
#define CHARACTER 6.0

/* What comes behind its end, the proof of the new base, belongs to it. */
static int64_t end_of(const struct chart *c, const struct insight_episode *ep)
{
	int64_t last = ep->steps ? ep->at[ep->steps - 1].ts_ns : ep->start_ns;

	return !ep->end_ns ? c->h->rep->end_ns : ep->end_ns > last ? ep->end_ns : last;
}

/* The first row where it does not touch the one before it. */
int chart_place_episodes(struct chart *c)
{
	const struct insight *in = c->h->rep->insight;
	double until[CHART_EPISODE_ROWS] = { 0 };
	int rows = 0;

	for (int i = 0; i < in->episodes; i++) {
		const struct insight_episode *ep = &in->episode[i];
		int row = 0;

		c->row_of[i] = -1;
		if (ep->start_ns > c->to || end_of(c, ep) < c->from)
			continue;
		while (row < CHART_EPISODE_ROWS - 1 && until[row] > chart_x(c, ep->start_ns))
			row++;
		c->row_of[i] = row;
		until[row] = chart_x(c, end_of(c, ep)) + 2;
		rows = row + 1 > rows ? row + 1 : rows;
	}
	return rows;
}

/* The step's letter stands for it where its name has no room. */
static void put_name(const struct chart *c, const struct insight_episode *ep, unsigned i, double x, double y,
		     double width, const char *class)
{
	const struct insight_step *step = &ep->at[i];
	bool stuck = ep->stuck && i + 1 == ep->steps;
	double long_one = (double)strlen(step->name) * CHARACTER + 4;
	char name[48];

	if (stuck)
		snprintf(name, sizeof(name), "%s: no %s", step->name, ep->next);
	else
		snprintf(name, sizeof(name), "%s", long_one > width && *step->letter ? step->letter : step->name);
	if ((double)strlen(name) * CHARACTER + 4 > width)
		return;
	if (stuck)
		fprintf(c->h->out, "<rect class=\"plate\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\"/>", x + 2,
			y + 2, (double)strlen(name) * CHARACTER + 8, BAR - 4);
	fprintf(c->h->out, "<text class=\"step %s\" x=\"%.1f\" y=\"%.1f\">", class, x + 4, y + 12);
	html_text(c->h->out, name);
	fputs("</text>", c->h->out);
}

/* From step @i to the one behind it, or to the end. */
static void put_segment(const struct chart *c, const struct insight_episode *ep, unsigned i, double y)
{
	bool last = i + 1 == ep->steps;
	const struct insight_step *step = &ep->at[i];
	int64_t to = last ? end_of(c, ep) : ep->at[i + 1].ts_ns;
	double x0 = chart_x(c, step->ts_ns), width = chart_x(c, to) - x0;
	const char *class = last && ep->stuck ? "stuck" : last && !ep->end_ns ? "open" : i % 2 ? "odd" : "even";

	if (to < c->from || step->ts_ns > c->to || (last && width < 0.5))
		return;
	fprintf(c->h->out, "<rect class=\"step %s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\"><title>",
		class, x0, y, width < 0.6 ? 0.6 : width, BAR);
	html_print(c->h->out, "%s of CPU %d: %s at %s", ep->kind, ep->cpu, step->name, chart_at(c, step->ts_ns).s);
	if (!last)
		html_print(c->h->out, ", then %s after %s", ep->at[i + 1].name,
			   page_lasting(ns_between(step->ts_ns, to)).s);
	fputs("</title></rect>", c->h->out);
	put_name(c, ep, i, x0, y, width, class);
	fputc('\n', c->h->out);
}

static void put_episode(const struct chart *c, const struct insight_episode *ep, int row)
{
	double y = ROW_TOP + row * ROW;
	double x = chart_x(c, ep->start_ns), width = chart_x(c, end_of(c, ep)) - x;

	fprintf(c->h->out, "<g class=\"episode%s\">", ep->stuck ? " bad" : "");
	if (width < 60) { /* too small to be cut: one piece */
		fprintf(c->h->out, "<rect class=\"step %s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\"><title>",
			ep->stuck ? "stuck" : "odd", x, y, width < 2 ? 2 : width, BAR);
		html_print(c->h->out, "%s of CPU %d from %s on, %s", ep->kind, ep->cpu, chart_at(c, ep->start_ns).s,
			   ep->end_ns ? page_lasting(ns_between(ep->start_ns, ep->end_ns)).s : "not over");
		fputs("</title></rect>", c->h->out);
	}
	for (unsigned i = 0; width >= 60 && i < ep->steps; i++)
		put_segment(c, ep, i, y);
	fputs("</g>\n", c->h->out);
}

/* The name in front of a row is that of its only kind of episode. */
static void put_row_name(const struct chart *c, int row)
{
	const struct insight *in = c->h->rep->insight;
	const struct insight_episode *only = NULL;
	bool several = false;

	for (int i = 0; i < in->episodes; i++)
		if (c->row_of[i] == row) {
			several |= only != NULL;
			only = &in->episode[i];
		}
	if (!only)
		return;
	fprintf(c->h->out, "<text class=\"row\" x=\"%d\" y=\"%d\">", CHART_LEFT - 10, ROW_TOP + row * ROW + 12);
	if (several)
		html_text(c->h->out, "episodes");
	else
		html_print(c->h->out, "%s %d", only->kind, only->cpu);
	fputs("</text>\n", c->h->out);
}

void chart_episodes(const struct chart *c)
{
	const struct insight *in = c->h->rep->insight;

	for (int i = 0; i < in->episodes; i++)
		if (c->row_of[i] >= 0)
			put_episode(c, &in->episode[i], c->row_of[i]);
	for (int row = 0; row < c->rows; row++)
		put_row_name(c, row);
}
