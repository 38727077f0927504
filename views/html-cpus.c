/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is known about each CPU, the machine and the recording itself. */
#include "html.h"

#include <inttypes.h>
#include <string.h>

#include "html-text.h"
#include "report-page.h"
#include "scale.h"
#include "../tracer/event-text.h"

static void put_base(const struct html *h, uint64_t smbase)
{
	if (smbase == SMBASE_UNKNOWN)
		html_cell(h, "n", "not known");
	else
		html_cell(h, "n", "0x%" PRIx64, smbase);
}

static void put_seen(const struct html *h, const struct report_cpu *c)
{
	const struct event *ev = &c->seen;
	char rip[32] = "?";

	if (!c->seen_known) {
		html_cell(h, NULL, "not looked at");
		return;
	}
	if (event_has(ev, CPU_SEEN_RIP))
		snprintf(rip, sizeof(rip), "0x%" PRIx64, ev->arg[CPU_SEEN_RIP]);
	html_cell(h, NULL, "%s%s at %s", event_get(ev, CPU_SEEN_IN_SMM, 0) ? "in SMM, " : "",
		  !event_has(ev, CPU_SEEN_HALTED) ? "seen" : ev->arg[CPU_SEEN_HALTED] ? "halted" : "running", rip);
}

static void put_cpu(const struct html *h, unsigned i)
{
	const struct report_cpu *c = &h->rep->cpu[i];

	html_row(h, c->inside.id || c->resets_in_smm ? "warn" : NULL);
	html_head_cell(h, "CPU %u", i);
	html_cell(h, "n", c->now.apic_id < 0 ? "?" : "%" PRId64, c->now.apic_id);
	html_cell(h, NULL, "%s", cpu_state_name[c->now.state]);
	put_base(h, c->now.smbase);
	html_cell(h, "n", "%" PRId64, c->relocations);
	html_cell(h, "n", "%" PRId64, c->entries);
	html_cell(h, "n", "%" PRId64, c->rsms);
	html_cell(h, "n", "%" PRId64, c->ended_by_reset);
	html_cell(h, "n", c->resets_in_smm ? "%" PRId64 " (%" PRId64 " in SMM)" : "%" PRId64, c->resets,
		  c->resets_in_smm);
	html_cell(h, "n", "%" PRId64 " / %" PRId64 " / %" PRId64, c->sent[IPI_INIT], c->sent[IPI_SIPI],
		  c->sent[IPI_SMI]);
	html_cell(h, "n", "%" PRId64 " / %" PRId64 " / %" PRId64, c->received[IPI_INIT], c->received[IPI_SIPI],
		  c->received[IPI_SMI]);
	put_seen(h, c);
}

static void put_relocation(const struct html *h, unsigned cpu, const struct report_relocation *m)
{
	const struct page p = { h->rep, h->out };
	bool wrong = !m->effective_ns || m->other_base != SMBASE_UNKNOWN;

	html_row(h, wrong ? "bad" : NULL);
	html_head_cell(h, "CPU %u", cpu);
	html_cell(h, "n", "%s", page_at(&p, m->ts).s);
	put_base(h, m->before);
	put_base(h, m->after);
	if (m->rip_known)
		html_cell(h, "n", "0x%" PRIx64, m->rip);
	else
		html_cell(h, "n", "not known");
	html_cell(h, "n", "%s", m->effective_ns ? page_at(&p, m->effective_ns).s : "never: no RSM");
	if (m->other_base != SMBASE_UNKNOWN)
		html_cell(h, NULL, "CONTRADICTED: entered at 0x%" PRIx64, m->other_base);
	else
		html_cell(h, NULL, m->entries ? "%" PRId64 " entries there" : "not proved", m->entries);
}

static void put_relocations(const struct html *h)
{
	int64_t writes = 0;

	for (unsigned i = 0; i < h->rep->cpus; i++)
		writes += h->rep->cpu[i].relocations;
	if (!writes)
		return;
	html_table(h, "Writes of SMBASE", "SMBASE of|#written at|#old|#new|#by rip|#effective at|proof");
	for (unsigned i = 0; i < h->rep->cpus; i++) {
		const struct report_cpu *c = &h->rep->cpu[i];

		for (int64_t k = 0; k < c->relocations && k < REPORT_KEPT; k++)
			put_relocation(h, i, &c->relocation[k]);
	}
	html_table_end(h);
}

void html_cpus(const struct html *h)
{
	html_section(h, "cpus", "CPUs");
	html_table(h, "CPUs", "CPU|#APIC ID|state|#SMBASE|#moved|#entries|#RSMs|#cut by reset|#resets|"
		   "#INIT / SIPI / SMI sent|#received|seen last");
	for (unsigned i = 0; i < h->rep->cpus; i++)
		if (h->rep->cpu[i].exists)
			put_cpu(h, i);
	html_table_end(h);
	put_relocations(h);
	html_section_end(h);
}

static void put_fact(const struct html *h, const char *name, const char *class)
{
	html_row(h, class);
	html_head_cell(h, "%s", name);
}

static void put_facts(const struct html *h)
{
	const struct report *r = h->rep;

	html_table(h, "The recording", "the recording|");
	put_fact(h, "state", r->sum.live || r->sum.closed ? NULL : "bad");
	html_cell(h, NULL, "%s", r->sum.live ? "still being recorded; this is how it stood" : r->sum.closed ?
		  "closed cleanly" : "NOT CLOSED: up to the last quarter second is missing");
	put_fact(h, "target", NULL);
	html_cell(h, NULL, "%s", *r->target ? r->target : "not said");
	put_fact(h, "lost", r->sum.lost ? "bad" : NULL);
	if (r->sum.lost || r->lost_intervals)
		html_cell(h, NULL, "%" PRId64 " events in %" PRId64 " intervals: counts are too low", r->sum.lost,
			  r->lost_intervals);
	else
		html_cell(h, NULL, "nothing");
	put_fact(h, "blind", NULL);
	if (r->blind_intervals)
		html_cell(h, NULL, "%" PRId64 " interval%s, %s in all: a source may have missed things",
			  r->blind_intervals, page_plural(r->blind_intervals), page_lasting(r->blind_ns).s);
	else
		html_cell(h, NULL, "never");
	put_fact(h, "guest stopped", NULL);
	html_cell(h, NULL, "%" PRId64 " time%s, %s in all", r->sum.stops, page_plural(r->sum.stops),
		  page_lasting(r->sum.paused_ns).s);
	html_table_end(h);
}

static void put_settings(const struct html *h)
{
	bool any = false;

	for (unsigned reg = 0; reg < CONFIG_REG_COUNT; reg++)
		any |= h->rep->config_told[reg];
	if (!any)
		return;
	html_table(h, "Settings of the machine, as they were read last", "setting of the machine|#value|what it is");
	for (unsigned reg = 0; reg < CONFIG_REG_COUNT; reg++) {
		const struct event *ev = &h->rep->config[reg];
		char value[32];

		if (!h->rep->config_told[reg])
			continue;
		put_fact(h, config_reg_name[reg], NULL);
		html_cell(h, "n", "%s", event_has(ev, CONFIG_VALUE) ?
			  event_arg_text(value, sizeof(value), ev, CONFIG_VALUE) : "could not be read");
		html_cell(h, NULL, "%s", config_reg_info[reg].help);
	}
	html_table_end(h);
}

void html_recording(const struct html *h)
{
	html_section(h, "recording", "Recording and machine");
	put_facts(h);
	put_settings(h);
	html_section_end(h);
}
