/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Percentiles and storms. */
#include "html.h"

#include <inttypes.h>

#include "report-page.h"

static void put_samples(const struct html *h, const char *name, const struct samples *s)
{
	static const unsigned percent[] = { 50, 90, 99, 100 };

	if (!s->n)
		return;
	html_row(h, NULL);
	html_head_cell(h, "%s", name);
	html_cell(h, "n", "%zu", s->n);
	for (int i = 0; i < 4; i++)
		html_cell(h, "n", "%s", page_lasting(samples_rank(s, percent[i])).s);
}

static void put_by_cpu(const struct html *h, int cpu, const struct samples *s)
{
	char name[16];

	snprintf(name, sizeof(name), "CPU %d", cpu);
	put_samples(h, name, s);
}

static void put_lengths(const struct html *h, const struct figures *f)
{
	html_table(h, "How long SMIs took", "time in SMM|#SMIs|#p50|#p90|#p99|#max");
	for (int i = 0; i < CAUSE_COUNT; i++) {
		char name[48];

		snprintf(name, sizeof(name), "cause %s", i == CAUSE_UNKNOWN ? "not known" : smi_cause_name[i]);
		put_samples(h, name, &f->length[i]);
	}
	for (unsigned i = 0; i < h->rep->cpus; i++)
		put_by_cpu(h, (int)i, &h->rep->cpu[i].length);
	put_samples(h, "all", &f->lengths);
	html_table_end(h);
}

static void put_arrivals(const struct html *h, const struct figures *f)
{
	html_table(h, "Rendezvous: from the write to port 0xb2 until the CPU was in SMM",
		   "from port 0xb2 to SMM|#SMIs|#p50|#p90|#p99|#max");
	for (int i = 0; i < EVENT_MAX_CPUS; i++)
		put_by_cpu(h, i, &f->arrival[i]);
	put_samples(h, "all", &f->arrivals);
	html_table_end(h);
}

static void put_storms(const struct html *h, const struct figures *f)
{
	const struct page p = { h->rep, h->out };

	html_table(h, "Storms", "storm of SMIs|#from|#SMIs|#lasted|#in SMM");
	for (int i = 0; i < f->storms && i < STORMS_KEPT; i++) {
		const struct storm *s = &f->storm[i];

		html_row(h, NULL);
		html_head_cell(h, "CPU %d", s->cpu);
		html_cell(h, "n", "%s", page_at(&p, s->first_ns).s);
		html_cell(h, "n", "%" PRId64, s->smis);
		html_cell(h, "n", "%s", page_lasting(s->last_ns - s->first_ns).s);
		html_cell(h, "n", "%s", page_lasting(s->in_smm_ns).s);
	}
	html_table_end(h);
	if (f->storms > STORMS_KEPT)
		fprintf(h->out, "<p class=\"more\">and %" PRId64 " shorter ones</p>\n", f->storms - STORMS_KEPT);
}

void html_figures(const struct html *h)
{
	const struct figures *f = h->rep->figures;

	if (!f->lengths.n && !f->arrivals.n)
		return;
	html_section(h, "smis", "SMIs");
	fputs("<div class=\"pair\">\n", h->out);
	if (f->lengths.n)
		put_lengths(h, f);
	if (f->arrivals.n)
		put_arrivals(h, f);
	fputs("</div>\n", h->out);
	if (f->storms)
		put_storms(h, f);
	html_section_end(h);
}
