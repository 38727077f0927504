/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The part of the report that holds numbers: percentiles and storms. */
#include "report-page.h"

#include <inttypes.h>
#include <string.h>

static void print_head(const struct page *p, const char *title, const char *what)
{
	fprintf(p->out, "\n%s\n  %-15s%8s%11s%11s%11s%11s\n", title, "", what, "p50", "p90", "p99", "max");
}

static void print_samples(const struct page *p, const char *label, const struct samples *s)
{
	static const unsigned percent[] = { 50, 90, 99, 100 };

	if (!s->n)
		return;
	fprintf(p->out, "  %-15s%8zu", label, s->n);
	for (int i = 0; i < 4; i++)
		fprintf(p->out, "%11s", page_lasting(samples_rank(s, percent[i])).s);
	fputc('\n', p->out);
}

static void print_lengths(const struct page *p, const struct figures *f)
{
	if (!f->lengths.n)
		return;
	print_head(p, "How long SMIs took, by cause", "SMIs");
	for (int i = 0; i < CAUSE_COUNT; i++)
		print_samples(p, i == CAUSE_UNKNOWN ? "not known" : smi_cause_name[i], &f->length[i]);
	print_samples(p, "all", &f->lengths);
}

static void print_arrivals(const struct page *p, const struct figures *f)
{
	if (!f->arrivals.n)
		return;
	print_head(p, "Rendezvous: from the write to port 0xb2 until the CPU was in SMM", "SMIs");
	for (int i = 0; i < EVENT_MAX_CPUS; i++) {
		char label[16];

		snprintf(label, sizeof(label), "CPU %d", i);
		print_samples(p, label, &f->arrival[i]);
	}
	print_samples(p, "all", &f->arrivals);
}

static void print_storms(const struct page *p, const struct figures *f)
{
	int kept = f->storms < STORMS_KEPT ? (int)f->storms : STORMS_KEPT;

	if (!f->storms)
		return;
	fprintf(p->out, "\nStorms: %d SMIs of a CPU and more, each within 10 ms of the one before\n", STORM_SMIS);
	for (int i = 0; i < kept; i++) {
		const struct storm *s = &f->storm[i];
		char label[16];

		snprintf(label, sizeof(label), "CPU %d", s->cpu);
		page_row(p, label, "%" PRId64 " SMIs in %s from %s on, %s of it in SMM", s->smis,
			 page_lasting(s->last_ns - s->first_ns).s, page_at(p, s->first_ns).s,
			 page_lasting(s->in_smm_ns).s);
	}
	if (f->storms > kept)
		page_row(p, "", "... and %" PRId64 " shorter ones", f->storms - kept);
}

void report_print_figures(const struct page *p)
{
	const struct figures *f = p->rep->figures;

	print_lengths(p, f);
	print_arrivals(p, f);
	print_storms(p, f);
}
