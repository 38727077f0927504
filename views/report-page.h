/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The paper on which a report is written: labelled rows of at most 80 columns, and words for times. */
#ifndef VIEWS_REPORT_PAGE_H
#define VIEWS_REPORT_PAGE_H

#include "report.h"

struct page {
	const struct report *rep;
	FILE *out;
};

/* "  label          text", wrapped. An empty label goes on with the one before. */
void page_row(const struct page *p, const char *label, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

struct page_text {
	char s[64];
};

/* Seconds since the first event, to the microsecond; a duration. */
struct page_text page_at(const struct page *p, int64_t ts);
struct page_text page_lasting(int64_t ns);

/* "s" unless @n is one. */
const char *page_plural(int64_t n);

/* report-findings.c: who waits for whom; then episodes, broken and unknown rules, settings of the machine. */
void report_print_verdict(const struct page *p);
void report_print_findings(const struct page *p);

/* report-figures-text.c: percentiles and storms. */
void report_print_figures(const struct page *p);

#endif
