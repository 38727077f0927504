/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report-page.h"

#include <inttypes.h>
#include <string.h>

#include "scale.h"

#define STUCK_NS INT64_C(1000000000)

static struct page_text base(uint64_t smbase)
{
	struct page_text t = { "an unknown base" };

	if (smbase != SMBASE_UNKNOWN)
		snprintf(t.s, sizeof(t.s), "0x%" PRIx64, smbase);
	return t;
}

/* Append "WORD N" with a comma where something stands already. */
static void count(char *list, size_t size, const char *word, int64_t n)
{
	size_t used = strlen(list);

	if (n)
		snprintf(list + used, size - used, "%s%s %" PRId64, used ? ", " : "", word, n);
}

static void print_closing(const struct page *p)
{
	const struct reader_summary *s = &p->rep->sum;

	if (s->live)
		page_row(p, "state", "still being recorded; this is how it stands now");
	else if (s->closed)
		page_row(p, "state", "closed cleanly");
	else
		page_row(p, "state",
		    "NOT CLOSED: the recorder was killed; up to the last quarter second is missing");
}

static void print_stops(const struct page *p)
{
	const struct report *r = p->rep;
	int64_t length = ns_between(r->sum.first_ns, r->sum.last_ns);
	char list[256] = "";

	for (int i = 0; i < WHY_COUNT; i++)
		count(list, sizeof(list), pause_why_name[i], r->paused[i]);
	if (!r->sum.stops)
		page_row(p, "guest stopped", "never");
	else
		page_row(p, "guest stopped", "%" PRId64 " time%s, %s in all (%.1f %%): %s", r->sum.stops,
		    page_plural(r->sum.stops), page_lasting(r->sum.paused_ns).s,
		    length > 0 ? 100.0 * (double)r->sum.paused_ns / (double)length : 0.0, list);
}

static void print_loss(const struct page *p)
{
	const struct report *r = p->rep;

	if (r->sum.lost || r->lost_intervals)
		page_row(p, "lost", "%" PRId64 " event%s in %" PRId64 " interval%s: counts below are too low",
		    r->sum.lost, page_plural(r->sum.lost), r->lost_intervals, page_plural(r->lost_intervals));
	else
		page_row(p, "lost", "nothing");
	if (r->blind_intervals)
		page_row(p, "blind", "%" PRId64 " interval%s, %s in all: a source may have missed things",
		    r->blind_intervals, page_plural(r->blind_intervals), page_lasting(r->blind_ns).s);
	else
		page_row(p, "blind", "never");
}

static void print_summary(const struct page *p)
{
	const struct report *r = p->rep;

	fprintf(p->out, "SMM report of %.60s\n\n", r->file);
	report_print_verdict(p);
	print_closing(p);
	if (*r->target)
		page_row(p, "target", "%s", r->target);
	if (*r->started)
		page_row(p, "recorded", "%s, by smmtrace %s", r->started, r->version);
	page_row(p, "length", "%s, %" PRId64 " event%s, %u CPU%s, %" PRId64 " SMI%s",
	    page_lasting(ns_between(r->sum.first_ns, r->sum.last_ns)).s, r->sum.events, page_plural(r->sum.events),
	    r->cpus, page_plural(r->cpus), r->sum.smis, page_plural(r->sum.smis));
	print_loss(p);
	print_stops(p);
	if (r->port_writes)
		page_row(p, "port 0xb2", "%" PRId64 " write%s, %" PRId64 " of them by an unknown CPU",
		    r->port_writes, page_plural(r->port_writes), r->port_unknown_cpu);
	if (r->ipi_unknown_cpu)
		page_row(p, "IPIs", "%" PRId64 " sent by an unknown CPU", r->ipi_unknown_cpu);
}

static void print_relocation(const struct page *p, const struct report_relocation *m, bool first)
{
	const char *label = first ? "SMBASE" : "";

	page_row(p, label, "%s -> %s, written at %s%s%s", base(m->before).s, base(m->after).s, page_at(p, m->ts).s,
	    m->rip_known ? ", rip " : "", m->rip_known ? base(m->rip).s : "");
	if (!m->effective_ns) {
		page_row(p, "", "NOT EFFECTIVE: no RSM has followed");
		return;
	}
	if (m->entries)
		page_row(p, "", "effective at %s, proved by %" PRId64 " entr%s there, the first at %s",
		    page_at(p, m->effective_ns).s, m->entries, m->entries == 1 ? "y" : "ies",
		    page_at(p, m->first_entry_ns).s);
	else
		page_row(p, "", "effective at %s, not proved: no SMI was taken since", page_at(p, m->effective_ns).s);
	if (m->other_base != SMBASE_UNKNOWN)
		page_row(p, "", "CONTRADICTED: an SMI was entered at %s afterwards", base(m->other_base).s);
}

static void print_smbase(const struct page *p, const struct report_cpu *c)
{
	int64_t shown = c->relocations < REPORT_KEPT ? c->relocations : REPORT_KEPT;

	for (int64_t i = 0; i < shown; i++)
		print_relocation(p, &c->relocation[i], i == 0);
	if (c->relocations > shown)
		page_row(p, "", "... and %" PRId64 " more writes", c->relocations - shown);
	if (!shown && c->now.smbase != SMBASE_UNKNOWN)
		page_row(p, "SMBASE", "%s%s; no write of it was seen", base(c->now.smbase).s,
		    c->now.smbase == SMBASE_DEFAULT ? ", the default" : "");
	else if (!shown)
		page_row(p, "SMBASE", "not known");
	if (c->found)
		page_row(p, "", "%s was found at %s", base(event_get(&c->first_found, SMBASE_FOUND_SMBASE,
		    SMBASE_UNKNOWN)).s, page_at(p, c->first_found.ts).s);
}

static void print_durations(const struct page *p, const struct report_cpu *c)
{
	const struct samples *s = &c->length;

	if (s->n)
		page_row(p, "time in SMM", "min %s, median %s, p90 %s, p99 %s, max %s",
			 page_lasting(samples_rank(s, 0)).s, page_lasting(samples_rank(s, 50)).s,
			 page_lasting(samples_rank(s, 90)).s, page_lasting(samples_rank(s, 99)).s,
			 page_lasting(samples_rank(s, 100)).s);
}

static void print_causes(const struct page *p, const struct report_cpu *c)
{
	char list[512] = "", cmds[400] = "";

	for (int i = 0; i < CAUSE_COUNT; i++)
		count(list, sizeof(list), smi_cause_name[i], c->cause[i]);
	for (int i = 0; i < 256; i++) {
		char word[16];

		snprintf(word, sizeof(word), "0x%02x", (unsigned)i);
		if (strlen(cmds) < sizeof(cmds) - 32)
			count(cmds, sizeof(cmds), word, c->apm_cmd[i]);
	}
	if (*list)
		page_row(p, "causes", "%s%s%s%s", list, *cmds ? " (commands: " : "", cmds, *cmds ? ")" : "");
}

static void print_smis(const struct page *p, const struct report_cpu *c)
{
	if (!c->entries) {
		page_row(p, "SMIs", "none seen");
		return;
	}
	page_row(p, "SMIs", "%" PRId64 " entr%s, %" PRId64 " RSM%s%s", c->entries, c->entries == 1 ? "y" : "ies",
	    c->rsms, page_plural(c->rsms),
	    c->entries == c->rsms ? ", balanced" : c->inside.id ? ", one still inside" : "");
	if (c->ended_by_reset)
		page_row(p, "", "%" PRId64 " ended by a reset, without RSM", c->ended_by_reset);
	print_durations(p, c);
	print_causes(p, c);
}

static void print_resets(const struct page *p, const struct report_cpu *c)
{
	int64_t shown = c->resets < REPORT_KEPT ? c->resets : REPORT_KEPT;

	if (!c->resets)
		return;
	page_row(p, "resets", "%" PRId64 "%s", c->resets, c->resets_in_smm ? "" : ", none inside SMM");
	for (int64_t i = 0; i < shown && c->resets_in_smm; i++)
		if (c->reset[i].in_smm)
			page_row(p, "", "INSIDE SMM at %s%s%s", page_at(p, c->reset[i].ts).s,
			    c->reset[i].rip_known ? ", at rip " : "",
			    c->reset[i].rip_known ? base(c->reset[i].rip).s : "");
}

static void print_ipis(const struct page *p, const char *label, const int64_t n[8])
{
	char list[256] = "";

	count(list, sizeof(list), "INIT", n[IPI_INIT]);
	count(list, sizeof(list), "SIPI", n[IPI_SIPI]);
	count(list, sizeof(list), "SMI", n[IPI_SMI]);
	count(list, sizeof(list), "NMI", n[IPI_NMI]);
	count(list, sizeof(list), "other", n[IPI_FIXED] + n[IPI_LOWEST] + n[IPI_RSVD3] + n[IPI_RSVD7]);
	if (*list)
		page_row(p, label, "%s", list);
}

static struct page_text where(const struct event *ev)
{
	struct page_text t = { "" };

	if (event_has(ev, CPU_SEEN_CS) && event_has(ev, CPU_SEEN_RIP))
		snprintf(t.s, sizeof(t.s), " at %04" PRIx64 ":0x%" PRIx64, ev->arg[CPU_SEEN_CS],
			 ev->arg[CPU_SEEN_RIP]);
	else if (event_has(ev, CPU_SEEN_RIP))
		snprintf(t.s, sizeof(t.s), " at rip 0x%" PRIx64, ev->arg[CPU_SEEN_RIP]);
	return t;
}

/* What the spin loop it stands in reads: that is what it waits for. */
static void print_polled(const struct page *p, const struct event *ev)
{
	if (event_has(ev, CPU_SEEN_POLLS) && event_has(ev, CPU_SEEN_POLLED))
		page_row(p, "", "spins on the memory at 0x%" PRIx64 ", which holds 0x%" PRIx64,
		    ev->arg[CPU_SEEN_POLLS], ev->arg[CPU_SEEN_POLLED]);
	else if (event_has(ev, CPU_SEEN_POLLS))
		page_row(p, "", "spins on the memory at 0x%" PRIx64, ev->arg[CPU_SEEN_POLLS]);
}

static void print_cpu(const struct page *p, unsigned i)
{
	const struct report_cpu *c = &p->rep->cpu[i];

	fprintf(p->out, "\nCPU %u", i);
	if (c->now.apic_id >= 0)
		fprintf(p->out, ", APIC ID %" PRId64, c->now.apic_id);
	fputc('\n', p->out);
	if (ns_between(p->rep->sum.first_ns, c->added_ns) > STUCK_NS / 10)
		page_row(p, "added", "at %s", page_at(p, c->added_ns).s);
	if (c->now.removed_ns)
		page_row(p, "removed", "at %s", page_at(p, c->now.removed_ns).s);
	print_smbase(p, c);
	print_smis(p, c);
	print_resets(p, c);
	print_ipis(p, "IPIs sent", c->sent);
	print_ipis(p, "IPIs received", c->received);
	if (c->cpuhp_reads || c->cpuhp_writes)
		page_row(p, "hot-plug block", "%" PRId64 " write%s, %" PRId64 " read%s", c->cpuhp_writes,
		    page_plural(c->cpuhp_writes), c->cpuhp_reads, page_plural(c->cpuhp_reads));
}

/* The last thing that happened on any other CPU. */
static int64_t last_elsewhere(const struct report *r, unsigned cpu)
{
	int64_t last = r->sum.first_ns;

	for (unsigned i = 0; i < r->cpus; i++)
		if (i != cpu && r->cpu[i].last_ns > last)
			last = r->cpu[i].last_ns;
	return last;
}

static void print_inside(const struct page *p, unsigned i, const char *label)
{
	const struct report_cpu *c = &p->rep->cpu[i];
	int64_t quiet = ns_between(last_elsewhere(p->rep, i), p->rep->end_ns);
	int64_t inside = ns_between(c->inside.enter_ns, p->rep->end_ns);

	page_row(p, label, "in SMM since %s at SMBASE %s%s", page_at(p, c->inside.enter_ns).s, base(c->inside.smbase).s,
	    c->inside.smbase == SMBASE_DEFAULT ? ", the default" : "");
	if (inside > STUCK_NS && quiet > STUCK_NS)
		page_row(p, "", "STILL IN SMM for %s; the last event of another CPU was %s before the end",
		    page_lasting(inside).s, page_lasting(quiet).s);
	else
		page_row(p, "", "for %s when the recording ended", page_lasting(inside).s);
}

static const char *state_words(enum cpu_state state)
{
	static const char *const words[CPU_STATE_COUNT] = {
		[STATE_ABSENT] = "never seen", [STATE_UNKNOWN] = "not known",
		[STATE_RESET] = "reset, waits for a SIPI or starts at the reset vector",
		[STATE_RUNNING] = "outside SMM", [STATE_SMM_DEFAULT] = "in SMM at the default SMBASE",
		[STATE_SMM] = "in SMM", [STATE_GONE] = "removed",
	};

	return words[state];
}

static void print_place(const struct page *p, unsigned i)
{
	const struct report_cpu *c = &p->rep->cpu[i];
	char label[24];

	snprintf(label, sizeof(label), "CPU %u", i);
	if (c->inside.id)
		print_inside(p, i, label);
	else if (c->now.since_ns)
		page_row(p, label, "%s, since %s", state_words(c->now.state), page_at(p, c->now.since_ns).s);
	else
		page_row(p, label, "%s", state_words(c->now.state));
	if (!c->seen_known)
		return;
	page_row(p, "", "seen at %s: %s SMM, %s%s", page_at(p, c->seen.ts).s,
	    !event_has(&c->seen, CPU_SEEN_IN_SMM) ? "perhaps in" : c->seen.arg[CPU_SEEN_IN_SMM] ? "in" :
	    "outside", !event_has(&c->seen, CPU_SEEN_HALTED) ? "perhaps halted" :
	    c->seen.arg[CPU_SEEN_HALTED] ? "halted" : "running", where(&c->seen).s);
	print_polled(p, &c->seen);
}

void report_print(const struct report *rep, FILE *out)
{
	struct page p = { rep, out };

	print_summary(&p);
	report_print_findings(&p);
	report_print_figures(&p);
	for (unsigned i = 0; i < rep->cpus; i++)
		if (rep->cpu[i].exists)
			print_cpu(&p, i);
	fprintf(out, "\nWhere each CPU is, %s after the first event\n",
		page_at(&p, rep->end_ns).s);
	for (unsigned i = 0; i < rep->cpus; i++)
		if (rep->cpu[i].exists)
			print_place(&p, i);
	if (!rep->cpus)
		fprintf(out, "  no CPU was seen\n");
}
