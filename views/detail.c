/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "detail.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "detail-raw.h"
#include "insight.h"
#include "../gdbproto/safe-text.h"
#include "../tracer/check/check.h"
#include "../tracer/event-text.h"

void detail_add(struct detail *d, const char *fmt, ...)
{
	va_list ap;

	if (d->lines == DETAIL_LINES)
		return;
	va_start(ap, fmt);
	vsnprintf(d->text[d->lines], sizeof(d->text[0]), fmt, ap);
	va_end(ap);
	d->line[d->lines] = d->text[d->lines];
	d->lines++;
}

/* What a value means, where a number alone does not say it. */
static const char *meaning(const struct event *ev, unsigned field, int64_t first_ns, char *out, size_t size)
{
	const struct event_field *f = &event_info[ev->kind].field[field];
	char at[48], later[48];

	out[0] = '\0';
	if (!event_has(ev, field))
		return out;
	if (!strcmp(f->name, "smbase") || !strcmp(f->name, "old") || !strcmp(f->name, "new"))
		snprintf(out, size, ev->arg[field] == SMBASE_DEFAULT ? "the default" :
			 "entry at 0x%" PRIx64, ev->arg[field] + 0x8000);
	else if (f->format == FMT_NS)
		snprintf(out, size, "%s, %s later",
			 time_text(at, sizeof(at), ns_between(first_ns, (int64_t)ev->arg[field]), 1),
			 duration_text(later, sizeof(later), ns_between(ev->ts, (int64_t)ev->arg[field])));
	else if (!strcmp(f->name, "port"))
		snprintf(out, size, "%s", ev->arg[field] == 0xb2 ? "APM_CNT, a write raises an SMI" :
			 ev->arg[field] == 0xb3 ? "APM_STS, scratch" : "");
	return out;
}

static void add_smi(struct detail *d, const struct reader_smi *smi, int64_t first_ns)
{
	char from[48], lasted[32] = "still inside", base[32] = "unknown", cmd[32] = "";

	if (smi->leave_ns)
		duration_text(lasted, sizeof(lasted), ns_between(smi->enter_ns, smi->leave_ns));
	if (smi->apm_cmd != SMI_CMD_UNKNOWN)
		snprintf(cmd, sizeof(cmd), ", command 0x%02x", (unsigned)smi->apm_cmd & 0xff);
	if (smi->smbase != SMBASE_UNKNOWN)
		snprintf(base, sizeof(base), "0x%" PRIx64, smi->smbase);
	time_text(from, sizeof(from), ns_between(first_ns, smi->enter_ns), 1000);
	detail_add(d, "SMI %" PRId64 " of cpu%d: entered at %s, %s, smbase %s, cause %s%s", smi->id, smi->cpu, from,
	    lasted, base, smi_cause_name[smi->cause], cmd);
}

/* "> raised by      event 10     0.030000 s  ipi cpu0 ...". */
static void add_links(struct detail *d, const struct detail_links *l, int64_t first_ns)
{
	char at[48], line[512];

	d->first_link = d->lines;
	for (int i = 0; i < l->links->count; i++) {
		const struct link *link = &l->links->at[i];

		time_text(at, sizeof(at), ns_between(first_ns, link->to.ev.ts), 1000);
		detail_add(d, "%c %-14s event %-6" PRId64 " %s  %s", i == l->chosen ? '>' : '-', link->why, link->to.id, at,
		    event_line(line, sizeof(line), &link->to.ev));
	}
}

void detail_write(struct detail *d, const struct detail_of *of, const struct detail_links *links, int64_t first_ns,
		  int cols)
{
	const struct picture_event *e = of->event;
	const struct event_info *info = &event_info[e->ev.kind];
	char cpu[24] = "no known CPU", at[48], value[32], means[80];

	d->lines = 0;
	if (e->ev.cpu != CPU_UNKNOWN)
		snprintf(cpu, sizeof(cpu), "cpu%d", e->ev.cpu);
	time_text(at, sizeof(at), ns_between(first_ns, e->ev.ts), 1);
	detail_add(d, "%s of %s at %s   event %" PRId64 ", %s by %s", info->name, cpu, at, e->id,
	    event_origin_name[e->ev.origin & 1],
	    e->ev.source < EVENT_SOURCE_COUNT ? event_source_info[e->ev.source].name : "?");
	detail_add(d, "%s", info->help);
	add_links(d, links, first_ns);
	for (unsigned i = 0; i < info->fields; i++)
		detail_add(d, "  %-10s %-20s %s", info->field[i].name,
		    event_has(&e->ev, i) ? event_arg_text(value, sizeof(value), &e->ev, i) : "unknown",
		    meaning(&e->ev, i, first_ns, means, sizeof(means)));
	if (of->smi)
		add_smi(d, of->smi, first_ns);
	if (!of->raw)
		return;
	detail_raw_text(d, e, of->raw);
	if (e->ev.kind == EV_SMI_ENTER)
		detail_saved_state(d, &e->ev, of->raw, cols);
}

static bool is_linked(const struct links *links, int64_t id)
{
	for (int i = 0; i < links->count; i++)
		if (links->at[i].to.id == id)
			return true;
	return false;
}

void detail_violation(struct detail *d, const struct reader_violation *v, const struct detail_links *links,
		      int64_t first_ns)
{
	unsigned number = invariant_by_name(v->invariant);
	char at[48], line[700], severity[32];

	d->lines = 0;
	safe_text(severity, sizeof(severity), v->severity, strlen(v->severity));
	time_text(at, sizeof(at), ns_between(first_ns, v->ts_ns), 1);
	detail_add(d, "broken rule %" PRId64 " at %s   %s", v->id, at, severity);
	detail_add(d, "%s", insight_line(line, sizeof(line), v));
	add_links(d, links, first_ns);
	for (int i = 0; i < 4; i++)
		if (v->evidence[i] && !is_linked(links->links, v->evidence[i]))
			detail_add(d, "  event %" PRId64 " is not in the recording", v->evidence[i]);
	if (number < INVARIANT_COUNT)
		detail_add(d, "the rule: %s", invariant_list[number]->rule);
	if (number < INVARIANT_COUNT && *invariant_list[number]->meaning)
		detail_add(d, "%s", invariant_list[number]->meaning);
}

static int take_smi(void *arg, const struct reader_smi *smi)
{
	*(struct reader_smi *)arg = *smi;
	return 1;
}

int detail_smi(struct reader *r, int cpu, int64_t ts, int64_t end, struct reader_smi *smi, struct error *err)
{
	int got;

	smi->id = 0;
	if (cpu < 0)
		return 0;
	got = reader_smis(r, cpu, ts, end, take_smi, smi, err);
	return got < 0 ? got : smi->id != 0;
}
