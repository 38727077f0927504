/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report-page.h"

#include <stdarg.h>
#include <string.h>

#include "scale.h"
#include "../tracer/wrap.h"

#define INDENT 2
#define LABEL 15 /* columns of "SMBASE", "causes", ... behind the indent */

void page_row(const struct page *p, const char *label, const char *fmt, ...)
{
	char text[1600];
	int at = fprintf(p->out, "%*s%-*s", INDENT, "", LABEL, label);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (strlen(label) >= LABEL) { /* a long label has its line for itself */
		fputc('\n', p->out);
		at = fprintf(p->out, "%*s", INDENT + LABEL, "");
	}
	wrap_text(p->out, text, at, INDENT + LABEL);
}

struct page_text page_at(const struct page *p, int64_t ts)
{
	struct page_text t;

	time_text(t.s, sizeof(t.s), ns_between(p->rep->sum.first_ns, ts), 1000);
	return t;
}

struct page_text page_lasting(int64_t ns)
{
	struct page_text t;

	duration_text(t.s, sizeof(t.s), ns);
	return t;
}

const char *page_plural(int64_t n)
{
	return n == 1 ? "" : "s";
}
