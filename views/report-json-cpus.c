/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report-json.h"

static void put_base(struct json_out *j, const char *name, uint64_t smbase)
{
	if (smbase == SMBASE_UNKNOWN)
		json_put_string(j, name, NULL);
	else
		json_put_hex(j, name, smbase);
}

/* null for what the event does not say. */
static void put_arg(struct json_out *j, const char *name, const struct event *ev, unsigned field)
{
	if (event_has(ev, field))
		json_put_hex(j, name, ev->arg[field]);
	else
		json_put_string(j, name, NULL);
}

static void put_flag(struct json_out *j, const char *name, const struct event *ev, unsigned field)
{
	if (event_has(ev, field))
		json_put_bool(j, name, ev->arg[field]);
	else
		json_put_string(j, name, NULL);
}

/* The members n, p50_ns ... of an open object; only n when there are none. */
static void put_ranks(struct json_out *j, const struct samples *s)
{
	json_put_int(j, "n", (int64_t)s->n);
	if (!s->n)
		return;
	json_put_int(j, "min_ns", samples_rank(s, 0));
	json_put_int(j, "p50_ns", samples_rank(s, 50));
	json_put_int(j, "p90_ns", samples_rank(s, 90));
	json_put_int(j, "p99_ns", samples_rank(s, 99));
	json_put_int(j, "max_ns", samples_rank(s, 100));
}

static void put_lengths(struct json_out *j, const struct figures *f)
{
	json_put_open(j, "lengths", '[');
	for (int i = 0; i <= CAUSE_COUNT; i++) {
		const struct samples *s = i < CAUSE_COUNT ? &f->length[i] : &f->lengths;

		if (!s->n)
			continue;
		json_put_open(j, NULL, '{');
		json_put_string(j, "cause", i < CAUSE_COUNT ? smi_cause_name[i] : "all");
		put_ranks(j, s);
		json_put_close(j, '}');
	}
	json_put_close(j, ']');
}

static void put_arrivals(struct json_out *j, const struct figures *f)
{
	json_put_open(j, "arrivals", '[');
	for (int i = 0; i < EVENT_MAX_CPUS; i++) {
		if (!f->arrival[i].n)
			continue;
		json_put_open(j, NULL, '{');
		json_put_int(j, "cpu", i);
		put_ranks(j, &f->arrival[i]);
		json_put_close(j, '}');
	}
	json_put_close(j, ']');
}

void report_json_smis(struct json_out *j, const struct report *rep)
{
	const struct figures *f = rep->figures;

	json_put_open(j, "smis", '{');
	put_lengths(j, f);
	put_arrivals(j, f);
	json_put_int(j, "storms_total", f->storms);
	json_put_open(j, "storms", '[');
	for (int i = 0; i < f->storms && i < STORMS_KEPT; i++) {
		const struct storm *s = &f->storm[i];

		json_put_open(j, NULL, '{');
		json_put_int(j, "cpu", s->cpu);
		json_put_int(j, "smis", s->smis);
		report_json_time(j, "first_ns", rep, s->first_ns);
		report_json_time(j, "last_ns", rep, s->last_ns);
		json_put_int(j, "in_smm_ns", s->in_smm_ns);
		json_put_close(j, '}');
	}
	json_put_close(j, ']');
	json_put_close(j, '}');
}

static void put_relocations(struct json_out *j, const struct report *rep, const struct report_cpu *c)
{
	json_put_int(j, "relocations_total", c->relocations);
	json_put_open(j, "relocations", '[');
	for (int64_t i = 0; i < c->relocations && i < REPORT_KEPT; i++) {
		const struct report_relocation *m = &c->relocation[i];

		json_put_open(j, NULL, '{');
		report_json_time(j, "t_ns", rep, m->ts);
		put_base(j, "before", m->before);
		put_base(j, "after", m->after);
		put_base(j, "rip", m->rip_known ? m->rip : SMBASE_UNKNOWN);
		report_json_time(j, "effective_ns", rep, m->effective_ns);
		json_put_int(j, "entries_there", m->entries);
		put_base(j, "entered_elsewhere", m->other_base);
		json_put_close(j, '}');
	}
	json_put_close(j, ']');
}

static void put_resets(struct json_out *j, const struct report *rep, const struct report_cpu *c)
{
	json_put_int(j, "resets", c->resets);
	json_put_int(j, "resets_in_smm", c->resets_in_smm);
	json_put_open(j, "resets_in_smm_at", '[');
	for (int64_t i = 0; i < c->resets_in_smm && i < REPORT_KEPT; i++) {
		json_put_open(j, NULL, '{');
		report_json_time(j, "t_ns", rep, c->reset[i].ts);
		put_base(j, "rip", c->reset[i].rip_known ? c->reset[i].rip : SMBASE_UNKNOWN);
		json_put_close(j, '}');
	}
	json_put_close(j, ']');
}

static void put_ipis(struct json_out *j, const char *name, const int64_t n[8])
{
	json_put_open(j, name, '{');
	for (int i = 0; i < 8; i++)
		if (n[i])
			json_put_int(j, ipi_mode_name[i], n[i]);
	json_put_close(j, '}');
}

static void put_smis(struct json_out *j, const struct report *rep, const struct report_cpu *c)
{
	json_put_int(j, "entries", c->entries);
	json_put_int(j, "rsms", c->rsms);
	json_put_int(j, "ended_by_reset", c->ended_by_reset);
	report_json_time(j, "inside_since_ns", rep, c->inside.id ? c->inside.enter_ns : 0);
	json_put_open(j, "lengths", '{');
	put_ranks(j, &c->length);
	json_put_close(j, '}');
	json_put_open(j, "causes", '{');
	for (int i = 0; i < CAUSE_COUNT; i++)
		if (c->cause[i])
			json_put_int(j, smi_cause_name[i], c->cause[i]);
	json_put_close(j, '}');
	json_put_open(j, "commands", '{');
	for (unsigned i = 0; i < 256; i++) {
		char name[8];

		snprintf(name, sizeof(name), "0x%02x", i);
		if (c->apm_cmd[i])
			json_put_int(j, name, c->apm_cmd[i]);
	}
	json_put_close(j, '}');
}

static void put_seen(struct json_out *j, const struct report *rep, const struct report_cpu *c)
{
	if (!c->seen_known) {
		json_put_string(j, "seen", NULL);
		return;
	}
	json_put_open(j, "seen", '{');
	report_json_time(j, "t_ns", rep, c->seen.ts);
	put_flag(j, "in_smm", &c->seen, CPU_SEEN_IN_SMM);
	put_flag(j, "halted", &c->seen, CPU_SEEN_HALTED);
	put_arg(j, "cs", &c->seen, CPU_SEEN_CS);
	put_arg(j, "rip", &c->seen, CPU_SEEN_RIP);
	put_arg(j, "polls", &c->seen, CPU_SEEN_POLLS);
	put_arg(j, "polled", &c->seen, CPU_SEEN_POLLED);
	json_put_close(j, '}');
}

static void put_cpu(struct json_out *j, const struct report *rep, unsigned i)
{
	const struct report_cpu *c = &rep->cpu[i];

	json_put_open(j, NULL, '{');
	json_put_int(j, "cpu", i);
	json_put_int_unless(j, "apic_id", c->now.apic_id, -1);
	json_put_string(j, "state", cpu_state_name[c->now.state]);
	put_base(j, "smbase", c->now.smbase);
	report_json_time(j, "since_ns", rep, c->now.since_ns);
	report_json_time(j, "added_ns", rep, c->added_ns);
	report_json_time(j, "removed_ns", rep, c->now.removed_ns);
	put_smis(j, rep, c);
	put_relocations(j, rep, c);
	put_resets(j, rep, c);
	put_ipis(j, "ipis_sent", c->sent);
	put_ipis(j, "ipis_received", c->received);
	json_put_int(j, "hotplug_reads", c->cpuhp_reads);
	json_put_int(j, "hotplug_writes", c->cpuhp_writes);
	put_seen(j, rep, c);
	json_put_close(j, '}');
}

void report_json_cpus(struct json_out *j, const struct report *rep)
{
	json_put_open(j, "cpus", '[');
	for (unsigned i = 0; i < rep->cpus; i++)
		if (rep->cpu[i].exists)
			put_cpu(j, rep, i);
	json_put_close(j, ']');
}
