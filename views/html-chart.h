/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One picture of the page: a stretch of time with a lane for the machine and one for each CPU, episodes above
 * them. What stands closer than can be told apart is drawn together, and says how much it is.
 *
 * Units are those of the SVG, which is CHART_WIDTH wide whatever the browser makes of it.
 */
#ifndef VIEWS_HTML_CHART_H
#define VIEWS_HTML_CHART_H

#include "html.h"
#include "marks.h"
#include "scale.h"

#define CHART_LEFT 74           /* names of the lanes */
#define CHART_PLOT 1080         /* time */
#define CHART_WIDTH (CHART_LEFT + CHART_PLOT + 16)
#define CHART_EPISODE_ROWS 4    /* at most; what overlaps more lies on the last */

struct chart_cell {
	int64_t ts;
	unsigned marks;         /* of which the most important is kept */
	uint8_t mark;           /* enum lane_mark */
	uint8_t arrows;         /* bit per kind of IPI that one was drawn for */
	char label[LANE_LABEL], what[120];
};

struct chart {
	const struct html *h;
	struct cpu_map cpus;
	int64_t from, to;
	bool close;             /* a few things only: each has its name */
	int rows;               /* of episodes */
	int top, pitch;         /* y of the first lane; from one to the next */
	int lanes;              /* the machine's and the CPUs' */
	int lane_of[EVENT_MAX_CPUS];
	double grain;           /* stays in SMM with less than this between them are one */
	int arrows, undrawn;    /* IPIs as arrows; those for which there was no room */
	int cells;              /* per lane */
	struct chart_cell *cell;
	int *row_of;            /* of each of the report's episodes; -1 = not in sight */
};

/* Draw it, with heading @title, as number @nr of the page. 0, or negative. */
int chart_draw(const struct html *h, int nr, const char *title, int64_t from, int64_t to, bool close,
	       struct error *err);

/* Clamped to the plot. */
double chart_x(const struct chart *c, int64_t ts);

/* Middle of the marks, and of the bodies, of a lane (0 = the machine's). */
double chart_mark_y(const struct chart *c, int lane);
double chart_body_y(const struct chart *c, int lane);
int chart_body_height(const struct chart *c);

/* The machine's where there is none of @cpu. */
int chart_lane(const struct chart *c, int cpu);

/* Seconds since the first event, as words. */
struct page_text chart_at(const struct chart *c, int64_t ts);

/* html-bodies.c: hatching, stays in SMM. html-ticks.c: marks and arrows. html-episode.c: the rows on top. */
int chart_gaps(struct chart *c, struct error *err);
int chart_bodies(struct chart *c, struct error *err);
int chart_marks(struct chart *c, struct error *err);
int chart_place_episodes(struct chart *c); /* rows needed, negative without memory */
void chart_episodes(const struct chart *c);

#endif
