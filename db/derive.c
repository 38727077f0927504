/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "derive.h"
#include "chart.h"

#include <stdlib.h>
#include <string.h>

/* A value that a row may lack. */
struct maybe {
	bool known;
	int64_t value;
};

#define KNOWN(v) ((struct maybe){ true, (int64_t)(v) })

/* The SMI a CPU is in, as its row will be. */
struct stay {
	int64_t id;              /* of its smi-enter, 0 = none yet */
	struct smi smi;          /* id 0 = it is over */
	struct maybe saved_rip, apm_id, leave_id, leave_ns, ended_by;
	bool changed;            /* since it was last written */
};

enum statement { PUT_SMI, PUT_SMBASE, SET_EFFECTIVE, PUT_CPU, PUT_TOTAL, STATEMENTS };

static const char *const statement_sql[STATEMENTS] = {
	[PUT_SMI] = ("INSERT OR REPLACE INTO smi (id, cpu, enter_ns, leave_id, leave_ns, ended_by, smbase,"
		     " cause, cause_inferred, apm_id, apm_cmd, apm_data, saved_rip)"
		     " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
	[PUT_SMBASE] = "INSERT INTO smbase (id, ts_ns, cpu, old, new, rip) VALUES (?, ?, ?, ?, ?, ?)",
	[SET_EFFECTIVE] = "UPDATE smbase SET effective_ns = ?, effective_id = ? WHERE id = ?",
	[PUT_CPU] = ("INSERT OR REPLACE INTO cpu (cpu, apic_id, state, since_ns, smbase, smbase_pending,"
		     " smis, rsms, added_ns, removed_ns) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
	[PUT_TOTAL] = "INSERT OR REPLACE INTO total (name, value) VALUES (?, ?)",
};

#define TOTALS(_) _(events) _(first_ns) _(last_ns) _(smis) _(lost) _(stops) _(paused_ns) _(disorder_ns)

struct derive {
	sqlite3_stmt *stmt[STATEMENTS];
	struct chart *chart;
	struct stay stay[EVENT_MAX_CPUS];
	struct cpu cpu[EVENT_MAX_CPUS];
	bool cpu_changed[EVENT_MAX_CPUS];
	int64_t apm_id;          /* the last write to APM_CNT, 0 = none */
	struct {
#define X(name) int64_t name;
		TOTALS(X)
#undef X
	} total;
};

struct derive *derive_new(sqlite3 *db)
{
	struct derive *d = calloc(1, sizeof(*d));

	for (int i = 0; d && i < STATEMENTS; i++)
		if (sqlite3_prepare_v3(db, statement_sql[i], -1, SQLITE_PREPARE_PERSISTENT, &d->stmt[i],
				       NULL)) {
			derive_free(d);
			return NULL;
		}
	if (d)
		d->chart = chart_new(db);
	if (d && !d->chart) {
		derive_free(d);
		return NULL;
	}
	return d;
}

void derive_free(struct derive *d)
{
	if (!d)
		return;
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(d->stmt[i]);
	chart_free(d->chart);
	free(d);
}

static struct maybe unless(int64_t value, int64_t unknown)
{
	return (struct maybe){ value != unknown, value };
}

static struct maybe arg(const struct event *ev, unsigned field)
{
	return (struct maybe){ event_has(ev, field), (int64_t)ev->arg[field] };
}

/* Run a statement with these values in order. */
static int put(struct derive *d, enum statement s, int n, const struct maybe *v)
{
	sqlite3_stmt *q = d->stmt[s];
	int rc;

	for (int i = 0; i < n; i++)
		if (v[i].known)
			sqlite3_bind_int64(q, i + 1, v[i].value);
		else
			sqlite3_bind_null(q, i + 1);
	rc = sqlite3_step(q);
	sqlite3_reset(q);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int put_stay(struct derive *d, int cpu)
{
	struct stay *s = &d->stay[cpu];
	const struct maybe row[] = {
		KNOWN(s->id), KNOWN(cpu), KNOWN(s->smi.enter_ns),
		s->leave_id, s->leave_ns, s->ended_by,
		unless((int64_t)s->smi.smbase, (int64_t)SMBASE_UNKNOWN),
		unless(s->smi.cause, CAUSE_UNKNOWN),
		{ s->smi.cause != CAUSE_UNKNOWN, s->smi.cause_inferred },
		s->apm_id,
		unless(s->smi.apm_cmd, SMI_CMD_UNKNOWN), unless(s->smi.apm_data, SMI_CMD_UNKNOWN),
		s->saved_rip,
	};

	s->changed = false;
	return put(d, PUT_SMI, 13, row);
}

static int put_cpu(struct derive *d, int cpu)
{
	const struct cpu *c = &d->cpu[cpu];
	const struct maybe row[] = {
		KNOWN(cpu), unless(c->apic_id, -1), KNOWN(c->state), KNOWN(c->since_ns),
		unless((int64_t)c->smbase, (int64_t)SMBASE_UNKNOWN),
		unless((int64_t)c->smbase_pending, (int64_t)SMBASE_UNKNOWN),
		KNOWN(c->smis), KNOWN(c->rsms), unless(c->added_ns, 0), unless(c->removed_ns, 0),
	};

	d->cpu_changed[cpu] = false;
	return put(d, PUT_CPU, 10, row);
}

static int put_total(struct derive *d, const char *name, int64_t value)
{
	const struct maybe row[] = { { false, 0 }, KNOWN(value) };
	sqlite3_stmt *q = d->stmt[PUT_TOTAL];
	int rc;

	sqlite3_bind_text(q, 1, name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(q, 2, row[1].value);
	rc = sqlite3_step(q);
	sqlite3_reset(q);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int derive_flush(struct derive *d)
{
	int rc = 0;

	for (int i = 0; i < EVENT_MAX_CPUS && !rc; i++) {
		if (d->stay[i].smi.id && d->stay[i].changed)
			rc = put_stay(d, i);
		if (!rc && d->cpu_changed[i])
			rc = put_cpu(d, i);
	}
#define X(name) rc = rc ? rc : put_total(d, #name, d->total.name);
	TOTALS(X)
#undef X
	return rc;
}

/* Sums stop at the top instead of turning negative, whatever an event claims. */
static void add(int64_t *sum, uint64_t n)
{
	const int64_t top = INT64_C(1) << 62;

	*sum = n < (uint64_t)(top - *sum) ? *sum + (int64_t)n : top;
}

static void add_pause(struct derive *d, const struct event *ev)
{
	int64_t until = (int64_t)event_get(ev, PAUSE_UNTIL, (uint64_t)ev->ts);

	if (!event_has(ev, PAUSE_UNTIL))
		return; /* told again when it is over */
	d->total.stops++;
	if (until > ev->ts)
		add(&d->total.paused_ns, (uint64_t)until - (uint64_t)ev->ts);
}

static void add_totals(struct derive *d, const struct event *ev)
{
	if (!d->total.events++) {
		d->total.first_ns = d->total.last_ns = ev->ts;
	} else if (ev->ts >= d->total.last_ns) {
		d->total.last_ns = ev->ts;
	} else {
		if (d->total.last_ns - ev->ts > d->total.disorder_ns)
			d->total.disorder_ns = d->total.last_ns - ev->ts;
		if (ev->ts < d->total.first_ns)
			d->total.first_ns = ev->ts;
	}
	if (ev->kind == EV_SMI_ENTER)
		d->total.smis++;
	else if (ev->kind == EV_LOST)
		add(&d->total.lost, event_get(ev, LOST_COUNT, 1));
	else if (ev->kind == EV_PAUSE)
		add_pause(d, ev);
}

static struct maybe how_ended(const struct event *ev)
{
	switch (ev->kind) {
	case EV_SMI_LEAVE:
		return arg(ev, SMI_LEAVE_VIA);
	case EV_CPU_RESET:
		return KNOWN(VIA_RESET);
	case EV_SMI_ENTER:
		return KNOWN(VIA_NEXT);
	default:
		return (struct maybe){ false, 0 };
	}
}

static int end_stay(struct derive *d, const struct sink_event *se)
{
	struct stay *s = &d->stay[se->ev->cpu];
	int rc;

	s->leave_id = KNOWN(se->id);
	s->leave_ns = KNOWN(se->ev->ts);
	s->ended_by = how_ended(se->ev);
	rc = put_stay(d, se->ev->cpu);
	if (!rc)
		rc = chart_stay(d->chart, se->ev->cpu, s->smi.enter_ns, se->ev->ts);
	s->smi.id = 0;
	return rc;
}

static void begin_stay(struct derive *d, const struct sink_event *se)
{
	bool by_apm = se->after->smi.cause == CAUSE_APM && !se->after->smi.cause_inferred;

	d->stay[se->ev->cpu] = (struct stay){
		.id = se->id,
		.smi = se->after->smi,
		.saved_rip = arg(se->ev, SMI_ENTER_RIP),
		.apm_id = { by_apm && d->apm_id, d->apm_id },
		.changed = true,
	};
}

/* Read while the CPU was in SMM, and perhaps told when it no longer was. */
static int saved(struct derive *d, const struct event *ev)
{
	struct stay *s = &d->stay[ev->cpu];

	if (!s->id || s->saved_rip.known || ev->ts < s->smi.enter_ns ||
	    (s->leave_ns.known && ev->ts > s->leave_ns.value))
		return 0;
	s->saved_rip = arg(ev, SMI_SAVED_RIP);
	s->changed = true;
	return s->smi.id ? 0 : put_stay(d, ev->cpu);
}

/* Follow the CPU into, within and out of SMM. */
static int follow_stay(struct derive *d, const struct sink_event *se)
{
	struct stay *s = &d->stay[se->ev->cpu];
	const struct cpu *c = se->after;
	int rc = 0;

	if (se->ev->kind == EV_SMI_SAVED)
		return saved(d, se->ev);
	if (s->smi.id && (!cpu_in_smm(c) || c->smi.id != s->smi.id))
		rc = end_stay(d, se);
	if (!s->smi.id && cpu_in_smm(c) && c->smi.id == se->id) {
		begin_stay(d, se);
	} else if (s->smi.id && (s->smi.cause != c->smi.cause || s->smi.apm_cmd != c->smi.apm_cmd)) {
		s->smi = c->smi;
		s->changed = true;
	}
	return rc;
}

static int follow_smbase(struct derive *d, const struct sink_event *se)
{
	const struct event *ev = se->ev;

	const struct stay *last = &d->stay[ev->cpu];
	int rc;

	if (ev->kind == EV_SMBASE_WRITE && se->after->smbase_write_id == se->id) {
		rc = put(d, PUT_SMBASE, 6, (const struct maybe[]){
			KNOWN(se->id), KNOWN(ev->ts), KNOWN(ev->cpu), arg(ev, SMBASE_WRITE_OLD),
			arg(ev, SMBASE_WRITE_NEW), arg(ev, SMBASE_WRITE_RIP) });
		if (rc || cpu_in_smm(se->after) || !last->leave_id.known)
			return rc;
		/* Told when its SMI was over. */
		return put(d, SET_EFFECTIVE, 3, (const struct maybe[]){
			last->leave_ns, last->leave_id, KNOWN(se->id) });
	}
	if (ev->kind == EV_SMI_LEAVE && se->before && cpu_in_smm(se->before) && se->before->smbase_write_id &&
	    event_get(ev, SMI_LEAVE_VIA, VIA_BREAKPOINT) != VIA_RESET)
		return put(d, SET_EFFECTIVE, 3, (const struct maybe[]){
			KNOWN(ev->ts), KNOWN(se->id), KNOWN(se->before->smbase_write_id) });
	return 0;
}

static void keep_cpu(struct derive *d, int index, const struct cpu *c)
{
	d->cpu[index] = *c;
	d->cpu_changed[index] = true;
}

/* An IPI changes CPUs that it is not "about". */
static void keep_targets(struct derive *d, const struct model *m)
{
	for (unsigned i = 0; m && i < m->cpus; i++)
		if (m->cpu[i].state != STATE_ABSENT && m->cpu[i].state != d->cpu[i].state)
			keep_cpu(d, (int)i, &m->cpu[i]);
}

int derive_event(struct derive *d, const struct sink_event *se)
{
	const struct event *ev = se->ev;
	int rc = chart_event(d->chart, se->id, ev->kind, ev->cpu);

	if (rc)
		return rc;
	add_totals(d, ev);
	if (ev->kind == EV_PORT && event_get(ev, PORT_PORT, 0) == APM_CNT &&
	    event_get(ev, PORT_DIR, DIR_READ) == DIR_WRITE)
		d->apm_id = se->id;
	if (ev->kind == EV_IPI)
		keep_targets(d, se->model);
	if (!se->after || ev->cpu < 0 || ev->cpu >= EVENT_MAX_CPUS)
		return SQLITE_OK;
	rc = follow_stay(d, se);
	if (!rc)
		rc = follow_smbase(d, se);
	keep_cpu(d, ev->cpu, se->after);
	return rc;
}
