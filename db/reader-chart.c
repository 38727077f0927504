/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "density.h"
#include "reader-rows.h"
#include "recording.h"
#include "../tracer/clock.h"

#define ROWS_A_STEP 4000 /* taken into the chart between two looks at the clock */

static int no_memory(struct error *err)
{
	return fail(err, ERR_CORRUPT, "no memory for the chart of the recording");
}

int open_chart(struct reader *r, struct error *err)
{
	struct reader_chart *c = &r->chart;

	*c = (struct reader_chart){ .db = r->db, .ready = true, .until_ns = INT64_MAX };
	if (recording_has_chart(r->db))
		return 0;
	*c = (struct reader_chart){ .until_ns = INT64_MIN };
	if (sqlite3_open_v2(":memory:", &c->memory, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) ||
	    sqlite3_exec(c->memory, CHART_SCHEMA, NULL, NULL, NULL))
		return no_memory(err);
	c->db = c->memory;
	c->maker = chart_new(c->memory);
	return c->maker ? 0 : no_memory(err);
}

void close_chart(struct reader *r)
{
	chart_free(r->chart.maker);
	sqlite3_close(r->chart.memory);
	r->chart = (struct reader_chart){ 0 };
}

static int chart_event_row(sqlite3_stmt *q, void *arg)
{
	struct reader *r = arg;
	int cpu = sqlite3_column_type(q, 2) == SQLITE_NULL ? CPU_UNKNOWN : sqlite3_column_int(q, 2);

	r->chart.event = sqlite3_column_int64(q, 0);
	return chart_event(r->chart.maker, r->chart.event, sqlite3_column_int(q, 1), cpu) ? -1 : 0;
}

static int chart_smi_row(sqlite3_stmt *q, void *arg)
{
	struct reader *r = arg;
	int64_t v[] = { 0, -1, 0, 0 };

	if (!get_ints(q, 4, v) || v[1] < 0 || v[1] >= EVENT_MAX_CPUS || !is_sane(v[2]) || !is_sane(v[3]))
		return -1;
	r->chart.smi = v[0];
	if (v[2] > r->chart.until_ns)
		r->chart.until_ns = v[2];
	return v[3] && chart_stay(r->chart.maker, (int)v[1], v[2], v[3]) ? -1 : 0;
}

/* The next rows of one table or the other: 1 if there were any, 0, or negative. */
static int make_some(struct reader *r, struct error *err)
{
	struct reader_chart *c = &r->chart;
	int64_t event = c->event, smi = c->smi;
	int rc;

	rc = each_row(r, "SELECT id, cpu, enter_ns, leave_ns FROM smi WHERE id > ?1 AND leave_ns IS NOT NULL"
		      " ORDER BY id LIMIT ?2", 2, (const int64_t[]){ smi, ROWS_A_STEP }, chart_smi_row, r,
		      err);
	if (rc >= 0 && c->smi == smi)
		rc = each_row(r, "SELECT id, kind, cpu FROM event WHERE id > ?1 ORDER BY id LIMIT ?2", 2,
			      (const int64_t[]){ event, ROWS_A_STEP }, chart_event_row, r, err);
	if (rc < 0)
		return fail(err, ERR_CORRUPT, "%s is damaged: its events cannot be charted", r->path);
	return c->event != event || c->smi != smi;
}

int reader_prepare(struct reader *r, int64_t budget_ns, struct error *err)
{
	int64_t end = clock_now() + budget_ns;
	int more;

	if (!r->db || !r->chart.memory)
		return 0;
	sqlite3_exec(r->chart.memory, "BEGIN", NULL, NULL, NULL);
	do
		more = make_some(r, err);
	while (more > 0 && clock_now() < end);
	sqlite3_exec(r->chart.memory, "COMMIT", NULL, NULL, NULL);
	r->chart.zones_end = 0;
	if (more == 0) {
		r->chart.ready = true;
		r->chart.until_ns = INT64_MAX;
	}
	return more;
}

int reader_prepared(const struct reader *r)
{
	int64_t all = r->summary.last_id - r->first_id + 1, done = r->chart.event - r->first_id + 1;

	return r->chart.ready || all <= 0 ? 100 : done <= 0 ? 0 : done >= all ? 99 : (int)(done * 100 / all);
}

/* ---- parts of the recording that may hold what is looked for ---- */

struct parting {
	int64_t kinds, cpus;
	int64_t part[2];       /* found so far; [0] -1 = nothing */
	bool backwards;
};

/* One zone that fits: a part of its own, or joined to the one before it. */
static int zone_row(sqlite3_stmt *q, void *arg)
{
	struct parting *p = arg;
	int64_t first = sqlite3_column_int64(q, 0), end = first + CHART_ZONE;

	if (p->part[0] < 0) {
		p->part[0] = first;
		p->part[1] = end;
		return 0;
	}
	if (first != (p->backwards ? p->part[0] - CHART_ZONE : p->part[1]))
		return 1;
	*(p->backwards ? &p->part[0] : &p->part[1]) = p->backwards ? first : end;
	return 0;
}

/* The id behind the last zone: nothing is known of those from there on. */
static int zones_end(struct reader *r, int64_t *end, struct error *err)
{
	int64_t last = -1;
	int rc = 0;

	if (!r->chart.zones_end) {
		rc = each_chart_row(r, "SELECT max(first) FROM zone", 0, NULL, one_number, &last, err);
		r->chart.zones_end = last < 0 || last > INT64_MAX - CHART_ZONE ? r->first_id : last + CHART_ZONE;
	}
	*end = r->chart.zones_end;
	return rc < 0 ? rc : 0;
}

static int64_t clamp(int64_t n, const int64_t range[2])
{
	return n < range[0] ? range[0] : n > range[1] ? range[1] : n;
}

#define ZONES_SQL \
	"SELECT first FROM zone WHERE first > ?1 AND first < ?2 AND kinds & ?3 AND cpus & ?4"

int next_part(struct reader *r, const struct reader_filter *f, const int64_t range[2], int zones, int64_t part[2],
	      struct error *err)
{
	struct parting p = { .part = { -1, -1 }, .backwards = f->backwards };
	int64_t cpus = f->cpu == READER_ANY_CPU ? -1 : chart_cpu_bit(f->cpu), end = 0;
	int64_t kinds = f->kinds ? (int64_t)f->kinds : -1, known[2];
	int rc;

	if (range[0] >= range[1])
		return 0;
	rc = zones_end(r, &end, err);
	if (rc < 0)
		return rc;
	known[0] = range[0];
	known[1] = clamp(end, range);
	if (f->backwards ? range[1] > known[1] : range[0] >= known[1]) {
		part[0] = known[1];
		part[1] = range[1];
		return 1;
	}
	rc = each_chart_row(r, f->backwards ? ZONES_SQL " ORDER BY first DESC LIMIT ?5" :
			    ZONES_SQL " ORDER BY first LIMIT ?5", 5,
			    (const int64_t[]){ known[0] - CHART_ZONE, known[1], kinds, cpus, zones },
			    zone_row, &p, err);
	if (rc < 0)
		return rc;
	if (p.part[0] >= 0) {
		part[0] = clamp(p.part[0], range);
		part[1] = clamp(p.part[1], range);
		return 1;
	}
	if (f->backwards || known[1] >= range[1])
		return 0;
	part[0] = known[1];
	part[1] = range[1];
	return 1;
}
