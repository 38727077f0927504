/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "links.h"

#include "detail.h"
#include "../tracer/filter.h"

/* What an end of a link is held against. */
struct end {
	const struct cpu_map *cpus;
	const struct event *ev;  /* the one the user stands at */
	enum smi_cause cause;    /* of the SMI it is in */
};

static bool is_apm_write(const struct event *ev)
{
	return ev->kind == EV_PORT && event_get(ev, PORT_PORT, 0) == 0xb2 &&
	       event_get(ev, PORT_DIR, DIR_READ) == DIR_WRITE;
}

static bool is_ipi(const struct event *ev, uint64_t mode)
{
	return ev->kind == EV_IPI && event_get(ev, IPI_MODE, IPI_FIXED) == mode;
}

static bool same_cpu(const struct end *e, const struct event *to)
{
	return to->cpu == e->ev->cpu;
}

static bool any_cpu(const struct end *e, const struct event *to)
{
	(void)e;
	return to->cpu != CPU_UNKNOWN;
}

static bool raises(const struct end *e, const struct event *to)
{
	if (e->cause == CAUSE_APM)
		return is_apm_write(to);
	return e->cause == CAUSE_IPI && is_ipi(to, IPI_SMI) && ipi_reaches(e->cpus, to, e->ev->cpu);
}

static bool is_target(const struct end *e, const struct event *to)
{
	return to->cpu >= 0 && ipi_reaches(e->cpus, e->ev, to->cpu);
}

static bool is_init_here(const struct end *e, const struct event *to)
{
	return is_ipi(to, IPI_INIT) && e->ev->cpu >= 0 && ipi_reaches(e->cpus, to, e->ev->cpu);
}

static bool enters_there(const struct end *e, const struct event *to)
{
	return same_cpu(e, to) && event_has(e->ev, SMBASE_WRITE_NEW) && event_has(to, SMI_ENTER_SMBASE) &&
	       to->arg[SMI_ENTER_SMBASE] == e->ev->arg[SMBASE_WRITE_NEW];
}

static bool always(const struct event *ev)
{
	(void)ev;
	return true;
}

static bool is_init(const struct event *ev) { return is_ipi(ev, IPI_INIT); }
static bool is_sipi(const struct event *ev) { return is_ipi(ev, IPI_SIPI); }
static bool is_smi_ipi(const struct event *ev) { return is_ipi(ev, IPI_SMI); }
static bool by_reset(const struct event *ev) { return event_get(ev, SMI_LEAVE_VIA, 0) == VIA_RESET; }

#define ANY_KIND EVENT_KIND_COUNT

/* From an event of @kind for which @is holds to the nearest one of @to_kind that fits. */
static const struct rule {
	enum event_kind kind;
	bool (*is)(const struct event *ev);
	const char *why;
	bool backwards;
	enum event_kind to_kind; /* or ANY_KIND */
	bool (*fits)(const struct end *e, const struct event *to);
} rules[] = {
	{ EV_SMI_ENTER, always, "raised by", true, ANY_KIND, raises },
	{ EV_SMI_ENTER, always, "left at", false, EV_SMI_LEAVE, same_cpu },
	{ EV_SMI_LEAVE, always, "entered at", true, EV_SMI_ENTER, same_cpu },
	{ EV_SMI_LEAVE, by_reset, "ended by", true, EV_CPU_RESET, same_cpu },
	{ EV_PORT, is_apm_write, "next SMI", false, EV_SMI_ENTER, any_cpu },
	{ EV_IPI, is_smi_ipi, "target enters", false, EV_SMI_ENTER, is_target },
	{ EV_IPI, is_init, "target resets", false, EV_CPU_RESET, is_target },
	{ EV_IPI, is_sipi, "target then", false, ANY_KIND, is_target },
	{ EV_CPU_RESET, always, "last INIT to it", true, EV_IPI, is_init_here },
	{ EV_SMBASE_WRITE, always, "inside the SMI", true, EV_SMI_ENTER, same_cpu },
	{ EV_SMBASE_WRITE, always, "takes effect", false, EV_SMI_LEAVE, same_cpu },
	{ EV_SMBASE_WRITE, always, "first used", false, EV_SMI_ENTER, enters_there },
	{ EV_SMBASE_FOUND, always, "after the SMI", true, EV_SMI_ENTER, same_cpu },
};

struct looking {
	const struct rule *rule;
	const struct end *end;
	struct picture_event from, *found;
	int seen;
};

/* 1 found, 2 too far. Those of one moment stand in the order of their ids. */
static int look_at(void *arg, int64_t id, const struct event *ev)
{
	struct looking *l = arg;
	const struct rule *r = l->rule;

	if (++l->seen > LINKS_NEAR)
		return 2;
	if (r->backwards ? id >= l->from.id : id <= l->from.id)
		return 0;
	if ((r->to_kind != ANY_KIND && ev->kind != r->to_kind) || !r->fits(l->end, ev))
		return 0;
	*l->found = (struct picture_event){ .id = id, .ev = *ev };
	return 1;
}

static int follow_rule(struct links *l, struct reader *r, const struct rule *rule, const struct end *end,
		       const struct picture_event *from, struct error *err)
{
	struct looking look = { .rule = rule, .end = end, .from = *from, .found = &l->at[l->count].to };
	struct reader_filter want = READER_ALL;
	int got;

	*(rule->backwards ? &want.to : &want.from) = from->ev.ts;
	want.backwards = rule->backwards;
	got = reader_events(r, &want, look_at, &look, err);
	if (got == 1)
		l->at[l->count++].why = rule->why;
	return got < 0 ? got : 0;
}

int links_of_event(struct links *l, struct reader *r, const struct cpu_map *cpus, const struct picture_event *e,
		   struct error *err)
{
	struct end end = { .cpus = cpus, .ev = &e->ev, .cause = CAUSE_UNKNOWN };
	struct reader_smi smi;
	int got = 0;

	l->count = 0;
	if (e->ev.kind == EV_SMI_ENTER)
		got = detail_smi(r, e->ev.cpu, e->ev.ts, e->ev.ts, &smi, err);
	if (got > 0)
		end.cause = smi.cause;
	for (size_t i = 0; got >= 0 && i < sizeof(rules) / sizeof(rules[0]) && l->count < LINKS; i++)
		if (rules[i].kind == e->ev.kind && rules[i].is(&e->ev))
			got = follow_rule(l, r, &rules[i], &end, e, err);
	return got < 0 ? got : 0;
}

int links_of_violation(struct links *l, struct reader *r, const struct reader_violation *v, struct error *err)
{
	l->count = 0;
	for (int i = 0; i < 4; i++) {
		struct link *link = &l->at[l->count];
		int got = v->evidence[i] ? reader_event(r, v->evidence[i], &link->to.ev, err) : 0;

		if (got < 0)
			return got;
		link->why = "proved by";
		link->to.id = v->evidence[i];
		l->count += got > 0;
	}
	return 0;
}
