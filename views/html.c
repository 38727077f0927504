/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "html.h"

#include <string.h>

#include "html-text.h"
#include "report-page.h"

static const char style[] =
#include "views/html.css.h"
;

static void put_head(const struct html *h, const char *file)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	      "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta name=\"referrer\" content=\"no-referrer\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n"
	      "<meta name=\"generator\" content=\"smmtrace " SMMTRACE_VERSION "\">\n<title>SMM report of ", h->out);
	html_text(h->out, file);
	fprintf(h->out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n", style);
	html_shapes(h->out);
}

/* How it ended, in a word and a colour. */
static void put_badge(const struct html *h)
{
	const struct reader_summary *s = &h->rep->sum;
	const char *class = s->stuck || s->violations ? "bad" : s->verdict ? "good" : "open";

	fprintf(h->out, "<p class=\"badge %s\">%s</p>\n", class, s->stuck ? "Stuck" :
		s->violations ? "Rules broken" : s->verdict ? "Nothing broken" : "Not judged");
}

/* A line is "SUBJECT: TEXT"; the first one is the verdict itself. */
static void put_line(const struct html *h, const char *line)
{
	const char *colon = strstr(line, ": ");
	int subject = colon ? (int)(colon - line) : 0;

	if (subject == 7 && !strncmp(line, "verdict", 7)) {
		fputs("<div class=\"lead\"><dt>verdict</dt><dd>", h->out);
	} else {
		fputs("<div><dt>", h->out);
		html_print(h->out, "%.*s", subject, line);
		fputs("</dt><dd>", h->out);
	}
	html_text(h->out, colon ? colon + 2 : line);
	fputs("</dd></div>\n", h->out);
}

static void put_verdict(const struct html *h)
{
	const struct insight *in = h->rep->insight;

	html_section(h, "verdict", "Verdict");
	put_badge(h);
	fputs("<dl>\n", h->out);
	for (int i = 0; i < in->lines; i++)
		put_line(h, in->line[i]);
	if (!in->lines)
		fputs("<div class=\"lead\"><dt>verdict</dt><dd>There is none in this recording: no relocation or "
		      "hot-plug was followed.</dd></div>\n", h->out);
	fputs("</dl>\n", h->out);
	html_section_end(h);
}

/* "3.02 s, 3 CPUs, 10 SMIs, ..." below the title. */
static void put_title(const struct html *h, const char *file)
{
	const struct report *r = h->rep;
	const char *name = strrchr(file, '/');

	fputs("<header>\n<h1>SMM report <span class=\"file\">", h->out);
	html_text(h->out, name && name[1] ? name + 1 : file);
	fputs("</span></h1>\n<p class=\"sub\">", h->out);
	if (*r->started)
		html_print(h->out, "%s · ", r->started);
	html_print(h->out, "%s · %u CPU%s · %lld SMI%s · %lld events",
		   page_lasting(r->sum.last_ns - r->sum.first_ns).s, r->cpus, page_plural(r->cpus),
		   (long long)r->sum.smis, page_plural(r->sum.smis), (long long)r->sum.events);
	fputs("</p>\n</header>\n<main>\n", h->out);
}

int report_html(const struct report *rep, struct reader *r, const char *file, FILE *out, struct error *err)
{
	const struct html h = { out, rep, r };
	int rc;

	put_head(&h, file);
	put_title(&h, file);
	put_verdict(&h);
	rc = html_timeline(&h, err);
	html_episodes(&h);
	if (rc >= 0)
		rc = html_rules(&h, err);
	html_figures(&h);
	html_cpus(&h);
	html_recording(&h);
	fputs("</main>\n<footer>smmtrace " SMMTRACE_VERSION "; times are seconds since the first event</footer>\n"
	      "</body>\n</html>\n", out);
	return rc < 0 ? rc : 0;
}
