/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report.h"

#include <stdlib.h>
#include <string.h>

#include "feed.h"
#include "marks.h"
#include "scale.h"
#include "../gdbproto/safe-text.h"

struct gathering {
	struct report *rep;
	struct cpu_map map;
	bool no_memory;
};

static struct report_cpu *cpu_of(struct gathering *g, const struct event *ev)
{
	return ev->cpu >= 0 && ev->cpu < EVENT_MAX_CPUS ? &g->rep->cpu[ev->cpu] : NULL;
}

static void note_entry(struct report_cpu *c, const struct event *ev)
{
	uint64_t base = event_get(ev, SMI_ENTER_SMBASE, SMBASE_UNKNOWN);
	int64_t last = (c->relocations < REPORT_KEPT ? c->relocations : REPORT_KEPT) - 1;
	struct report_relocation *r = last >= 0 ? &c->relocation[last] : NULL;

	c->entries++;
	if (!r || !r->effective_ns || base == SMBASE_UNKNOWN)
		return;
	if (base == r->after && !r->entries++)
		r->first_entry_ns = ev->ts;
	if (base != r->after && !(base == SMBASE_DEFAULT && c->reset_since))
		r->other_base = base;
}

static void note_leave(struct report_cpu *c, const struct event *ev)
{
	bool reset = event_get(ev, SMI_LEAVE_VIA, VIA_BREAKPOINT) == VIA_RESET;
	struct report_relocation *r = c->relocations && c->relocations <= REPORT_KEPT ?
				      &c->relocation[c->relocations - 1] : NULL;

	reset ? c->ended_by_reset++ : c->rsms++;
	if (!reset && r && !r->effective_ns)
		r->effective_ns = ev->ts;
}

static void note_relocation(struct report_cpu *c, const struct event *ev)
{
	c->reset_since = false;
	if (c->relocations++ >= REPORT_KEPT)
		return;
	c->relocation[c->relocations - 1] = (struct report_relocation){
		.ts = ev->ts, .before = event_get(ev, SMBASE_WRITE_OLD, SMBASE_UNKNOWN),
		.after = event_get(ev, SMBASE_WRITE_NEW, SMBASE_UNKNOWN),
		.rip = event_get(ev, SMBASE_WRITE_RIP, 0), .rip_known = event_has(ev, SMBASE_WRITE_RIP),
		.other_base = SMBASE_UNKNOWN,
	};
}

/* Those inside SMM push the others out: they are what somebody looks for. */
static void note_reset(struct report_cpu *c, const struct event *ev)
{
	struct report_reset r = {
		.ts = ev->ts, .in_smm = event_get(ev, CPU_RESET_IN_SMM, 0),
		.rip = event_get(ev, CPU_RESET_RIP, 0), .rip_known = event_has(ev, CPU_RESET_RIP),
	};
	int64_t at = r.in_smm ? c->resets_in_smm : c->resets;

	c->reset_since = true;
	c->resets++;
	c->resets_in_smm += r.in_smm;
	if (at >= REPORT_KEPT)
		return;
	if (r.in_smm)
		memmove(&c->reset[at + 1], &c->reset[at], (size_t)(REPORT_KEPT - 1 - at) * sizeof(r));
	c->reset[at] = r;
}

static void note_ipi(struct gathering *g, const struct event *ev)
{
	uint64_t mode = event_get(ev, IPI_MODE, IPI_FIXED) & 7;

	if (ev->cpu == CPU_UNKNOWN)
		g->rep->ipi_unknown_cpu++;
	else
		g->rep->cpu[ev->cpu].sent[mode]++;
	for (unsigned i = 0; i < g->map.cpus; i++)
		if (ipi_reaches(&g->map, ev, (int)i))
			g->rep->cpu[i].received[mode]++;
}

static void note_port(struct gathering *g, const struct event *ev)
{
	if (event_get(ev, PORT_DIR, DIR_READ) != DIR_WRITE || event_get(ev, PORT_PORT, 0) != 0xb2)
		return;
	g->rep->port_writes++;
	g->rep->port_unknown_cpu += ev->cpu == CPU_UNKNOWN;
}

static void note_machine(struct report *rep, const struct event *ev)
{
	switch (ev->kind) {
	case EV_LOST:
		rep->lost_intervals++;
		break;
	case EV_BLIND:
		rep->blind_intervals++;
		if (event_has(ev, BLIND_UNTIL) && (int64_t)ev->arg[BLIND_UNTIL] > ev->ts)
			rep->blind_ns = ns_sum(rep->blind_ns,
					       ns_between(ev->ts, (int64_t)ev->arg[BLIND_UNTIL]));
		break;
	case EV_CONFIG:
		if (event_get(ev, CONFIG_REG, CONFIG_REG_COUNT) < CONFIG_REG_COUNT) {
			rep->config[ev->arg[CONFIG_REG]] = *ev;
			rep->config_told[ev->arg[CONFIG_REG]] = true;
		}
		break;
	case EV_PAUSE:
		rep->paused[event_get(ev, PAUSE_WHY, WHY_STOP) % WHY_COUNT]++;
		break;
	}
}

static void note_cpu(struct report_cpu *c, const struct event *ev)
{
	switch (ev->kind) {
	case EV_SMI_ENTER:
		note_entry(c, ev);
		break;
	case EV_SMI_LEAVE:
		note_leave(c, ev);
		break;
	case EV_SMBASE_WRITE:
		note_relocation(c, ev);
		break;
	case EV_SMBASE_FOUND:
		if (!c->found++)
			c->first_found = *ev;
		break;
	case EV_CPU_RESET:
		note_reset(c, ev);
		break;
	case EV_CPUHP:
		event_get(ev, CPUHP_DIR, DIR_READ) == DIR_WRITE ? c->cpuhp_writes++ : c->cpuhp_reads++;
		break;
	case EV_CPU_SEEN:
		c->seen = *ev;
		c->seen_known = true;
		return;
	}
	c->exists = true;
	c->last_ns = ev->ts;
}

static int take_event(void *arg, int64_t id, const struct event *ev)
{
	struct gathering *g = arg;
	struct report_cpu *c = cpu_of(g, ev);

	(void)id;
	g->rep->events[ev->kind]++;
	note_machine(g->rep, ev);
	if (c && g->map.added_ns[ev->cpu] == INT64_MAX && ev->kind != EV_BLIND && ev->kind != EV_LOST)
		c->added_ns = g->map.added_ns[ev->cpu] = ev->ts;
	if (c)
		note_cpu(c, ev);
	if (ev->kind == EV_IPI)
		note_ipi(g, ev);
	if (ev->kind == EV_PORT)
		note_port(g, ev);
	return 0;
}

static int take_cpu(void *arg, const struct reader_cpu *cpu)
{
	struct gathering *g = arg;

	g->rep->cpu[cpu->cpu].now = *cpu;
	g->rep->cpu[cpu->cpu].exists = true;
	g->map.apic_id[cpu->cpu] = cpu->apic_id;
	return 0;
}

static int take_smi(void *arg, const struct reader_smi *smi)
{
	struct gathering *g = arg;
	struct report_cpu *c = &g->rep->cpu[smi->cpu];

	c->cause[smi->cause]++;
	if (smi->apm_cmd >= 0 && smi->apm_cmd < 256)
		c->apm_cmd[smi->apm_cmd]++;
	g->no_memory = !figures_smi(g->rep->figures, smi);
	if (!smi->leave_ns) {
		c->inside = *smi;
		return g->no_memory;
	}
	g->no_memory = g->no_memory || !samples_add(&c->length, ns_between(smi->enter_ns, smi->leave_ns));
	return g->no_memory;
}

static void copy_meta(char *out, size_t size, struct reader *r, const char *key)
{
	const char *text = reader_meta(r, key);

	out[0] = '\0';
	if (text)
		safe_text(out, size, text, strlen(text));
}

static void gather_meta(struct report *rep, struct reader *r, const char *file)
{
	safe_text(rep->file, sizeof(rep->file), file, strlen(file));
	copy_meta(rep->target, sizeof(rep->target), r, "target");
	copy_meta(rep->started, sizeof(rep->started), r, "started");
	copy_meta(rep->version, sizeof(rep->version), r, "smmtrace_version");
	rep->sum = *reader_summary(r);
	rep->end_ns = known_until(&rep->sum);
}

int report_read(struct report *rep, struct reader *r, const char *file, struct error *err)
{
	struct gathering g = { .rep = rep };
	int rc;

	*rep = (struct report){ 0 };
	rep->cpu = calloc(EVENT_MAX_CPUS, sizeof(*rep->cpu));
	rep->figures = calloc(1, sizeof(*rep->figures));
	if (!rep->cpu || !rep->figures)
		return fail(err, ERR_OUTPUT, "no memory for the report");
	for (int i = 0; i < EVENT_MAX_CPUS; i++) {
		g.map.apic_id[i] = rep->cpu[i].now.apic_id = -1;
		g.map.added_ns[i] = INT64_MAX; /* until its first event */
		rep->cpu[i].now.smbase = SMBASE_UNKNOWN;
	}
	gather_meta(rep, r, file);
	rep->cpus = g.map.cpus = rep->sum.cpus;
	rc = reader_cpus(r, take_cpu, &g, err);
	if (rc >= 0)
		rc = reader_events(r, &READER_ALL, take_event, &g, err);
	for (unsigned i = 0; i < rep->cpus && rc >= 0; i++) {
		rc = reader_smis(r, (int)i, INT64_MIN, INT64_MAX, take_smi, &g, err);
		samples_sort(&rep->cpu[i].length);
	}
	if (rc >= 0)
		rc = figures_finish(rep->figures, r, err);
	if (rc >= 0)
		rc = report_read_findings(rep, r, err);
	return rc < 0 ? rc : g.no_memory ? fail(err, ERR_OUTPUT, "no memory for the report") : 0;
}

void report_free(struct report *rep)
{
	for (unsigned i = 0; rep->cpu && i < EVENT_MAX_CPUS; i++)
		samples_free(&rep->cpu[i].length);
	free(rep->cpu);
	if (rep->figures)
		figures_free(rep->figures);
	free(rep->figures);
	if (rep->insight)
		insight_free(rep->insight);
	free(rep->insight);
	*rep = (struct report){ 0 };
}
