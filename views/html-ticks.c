/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What happens at a moment: marks, and IPIs as arrows from the CPU that sends to the CPU that is meant. */
#include "html-chart.h"

#include <inttypes.h>
#include <string.h>

#include "html-marks.h"
#include "html-text.h"
#include "report-page.h"
#include "../tracer/event-label.h"
#include "../tracer/event-text.h"

#define ARROWS 500 /* in a picture, at most */
#define CHARACTER 6.1 /* width of one in a mark's label */

static struct chart_cell *cell_at(struct chart *c, int lane, int64_t ts)
{
	int at = (int)((chart_x(c, ts) - CHART_LEFT) * c->cells / (CHART_PLOT + 1));

	return &c->cell[lane * c->cells + at];
}

/* The most important one stays; true when that is @mark. */
static struct chart_cell *note(struct chart *c, int lane, int64_t ts, enum lane_mark mark)
{
	struct chart_cell *cell = cell_at(c, lane, ts);

	if (cell->marks++ && cell->mark <= (uint8_t)mark)
		return NULL;
	cell->mark = (uint8_t)mark;
	cell->ts = ts;
	return cell;
}

static void put_arrow(struct chart *c, const struct event *ev, int cpu)
{
	enum lane_mark mark = mark_of_event(ev);
	struct chart_cell *cell = cell_at(c, c->lane_of[cpu], ev->ts);
	uint8_t bit = mark == MARK_INIT ? 1 : mark == MARK_SIPI ? 2 : 4;
	const char *shape = html_shape(mark);
	double x = chart_x(c, ev->ts), y0 = chart_mark_y(c, chart_lane(c, ev->cpu));
	double y1 = chart_mark_y(c, c->lane_of[cpu]);

	if (cell->arrows & bit)
		return;
	cell->arrows |= bit;
	if (c->arrows++ >= ARROWS) {
		c->undrawn++;
		return;
	}
	fprintf(c->h->out, "<path class=\"ipi %s\" marker-end=\"url(#head-%s)\" d=\"M%.1f %.1fV%.1f\"><title>",
		shape, shape, x, y0, y1 > y0 ? y1 - 2 : y1 + 2);
	html_print(c->h->out, "%s %s from CPU %d to CPU %d", chart_at(c, ev->ts).s,
		   ipi_mode_name[event_get(ev, IPI_MODE, IPI_FIXED) & 7], ev->cpu, cpu);
	fputs("</title></path>\n", c->h->out);
}

/* A broadcast goes through all lanes, up to the outermost ones. */
static void put_arrows(struct chart *c, const struct event *ev)
{
	enum lane_mark mark = mark_of_event(ev);
	int first = -1, last = -1;

	if (mark != MARK_INIT && mark != MARK_SIPI && mark != MARK_SMI_IPI)
		return;
	for (int cpu = 0; cpu < (int)c->h->rep->cpus; cpu++) {
		if (!c->lane_of[cpu] || cpu == ev->cpu || !ipi_reaches(&c->cpus, ev, cpu))
			continue;
		first = first < 0 ? cpu : first;
		last = cpu;
	}
	if (first >= 0 && (first < ev->cpu || first == last))
		put_arrow(c, ev, first);
	if (last > first && last > ev->cpu)
		put_arrow(c, ev, last);
}

static int take_event(void *arg, int64_t id, const struct event *ev)
{
	struct chart *c = arg;
	struct chart_cell *cell = note(c, chart_lane(c, ev->cpu), ev->ts, mark_of_event(ev));

	(void)id;
	if (cell) {
		char detail[160];

		event_label(cell->label, sizeof(cell->label), ev);
		snprintf(cell->what, sizeof(cell->what), "%s %.90s", event_info[ev->kind].name,
			 event_detail(detail, sizeof(detail), ev));
	}
	if (ev->kind == EV_IPI)
		put_arrows(c, ev);
	return 0;
}

static int take_violation(void *arg, const struct reader_violation *v)
{
	struct chart *c = arg;
	struct chart_cell *cell = note(c, chart_lane(c, v->cpu), v->ts_ns, MARK_VIOLATION);

	if (cell) {
		snprintf(cell->label, sizeof(cell->label), "%.*s", LANE_LABEL - 1, v->invariant);
		snprintf(cell->what, sizeof(cell->what), "rule broken: %s", v->invariant);
	}
	return 0;
}

/* How far to the right is it free? */
static double room(const struct chart *c, const struct chart_cell *cell, int left)
{
	for (int i = 1; i < left; i++)
		if (cell[i].marks)
			return chart_x(c, cell[i].ts) - chart_x(c, cell->ts) - 10;
	return CHART_LEFT + CHART_PLOT - chart_x(c, cell->ts);
}

static void put_mark(const struct chart *c, int lane, const struct chart_cell *cell, int left)
{
	const char *shape = html_shape((enum lane_mark)cell->mark);
	const char *label = cell->label + (*cell->label == ' ');
	double x = chart_x(c, cell->ts), y = chart_mark_y(c, lane);

	fprintf(c->h->out, "<use href=\"#m-%s\" class=\"%s\" x=\"%.1f\" y=\"%.1f\"><title>", shape, shape, x, y);
	html_print(c->h->out, "%s %s", chart_at(c, cell->ts).s, cell->what);
	if (cell->marks > 1)
		html_print(c->h->out, ", and %u more here", cell->marks - 1);
	fputs("</title></use>", c->h->out);
	if (*label && cell->mark < MARK_CPUHP && (c->close || cell->mark == MARK_VIOLATION) &&
	    (double)strlen(label) * CHARACTER + 8 < room(c, cell, left)) {
		fprintf(c->h->out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", shape, x + 8, y + 3.5);
		html_text(c->h->out, label);
		fputs("</text>", c->h->out);
	}
	fputc('\n', c->h->out);
}

int chart_marks(struct chart *c, struct error *err)
{
	struct reader_filter f = READER_ALL;
	int rc;

	f.kinds = 1u << EV_PORT | 1u << EV_IPI | 1u << EV_SMBASE_WRITE | 1u << EV_SMBASE_FOUND |
		  1u << EV_CPU_RESET | 1u << EV_CPU_ADD | 1u << EV_CPU_REMOVE;
	if (c->close)
		f.kinds |= 1u << EV_HANDOFF | 1u << EV_HANDLER | 1u << EV_CPUHP;
	f.from = c->from;
	f.to = c->to;
	rc = reader_events(c->h->reader, &f, take_event, c, err);
	if (rc >= 0)
		rc = reader_violations(c->h->reader, READER_ANY_CPU, c->from, c->to, 0, false, take_violation, c, err);
	for (int lane = 0; lane < c->lanes; lane++)
		for (int i = 0; i < c->cells; i++)
			if (c->cell[lane * c->cells + i].marks)
				put_mark(c, lane, &c->cell[lane * c->cells + i], c->cells - i);
	return rc;
}
