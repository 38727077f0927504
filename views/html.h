/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The report as one page for a browser: verdict, timeline as inline SVG, tables. It loads nothing, runs
 * no script, and a policy in its head forbids both. Thousands of SMIs are drawn together: it stays small.
 */
#ifndef VIEWS_HTML_H
#define VIEWS_HTML_H

#include "report.h"

/*
 * @rep was read from @r, which gives what a report does not keep. 0, or negative; whether @out could be
 * written is the caller's to ask.
 */
int report_html(const struct report *rep, struct reader *r, const char *file, FILE *out, struct error *err);

/* The parts of it. */
struct html {
	FILE *out;
	const struct report *rep;
	struct reader *reader;
};

/* html-findings.c: episodes with their steps; rules. html-figures.c: SMIs. html-cpus.c: CPUs, settings. */
void html_episodes(const struct html *h);
int html_rules(const struct html *h, struct error *err);
void html_figures(const struct html *h);
void html_cpus(const struct html *h);
void html_recording(const struct html *h);

/* html-timeline.c: the whole recording, then a picture for each episode that is worth one. */
int html_timeline(const struct html *h, struct error *err);

/* html-table.c: a section with an id and a heading; a table with a caption for those who cannot see it. */
void html_section(const struct html *h, const char *id, const char *title);
void html_section_end(const struct html *h);

/* Column titles by '|'; one that begins with '#' holds numbers. */
void html_table(const struct html *h, const char *caption, const char *columns);
void html_table_end(const struct html *h);
void html_row(const struct html *h, const char *class);
/* A cell, escaped. "" and NULL class are fine; "n" holds a number. */
void html_cell(const struct html *h, const char *class, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The cell that names its row. */
void html_head_cell(const struct html *h, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* html-marks.c: the shapes that the pictures use, and what they mean. */
void html_shapes(FILE *out);
void html_legend(FILE *out);

#endif
