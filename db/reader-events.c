/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "reader-sql.h"
#include "reader-rows.h"

#include <stdio.h>
#include <string.h>

/* 1 = an event, 0 = of a kind or source this program does not know, negative = damaged. */
static int event_of_row(struct cursor *c, sqlite3_stmt *q, struct event *ev)
{
	int64_t v[6 + EVENT_ARGS] = { 0, 0, CPU_UNKNOWN, -1, -1, -1 };

	if (!get_ints(q, 6 + EVENT_ARGS, v) || !is_sane(v[1]) ||
	    v[2] < CPU_UNKNOWN || v[2] >= EVENT_MAX_CPUS ||
	    (v[5] != ORIGIN_OBSERVED && v[5] != ORIGIN_INFERRED))
		return bad_row(c->r, "event", v[0], c->err);
	if (v[3] < 0 || v[3] >= EVENT_KIND_COUNT || v[4] < 0 || v[4] >= EVENT_SOURCE_COUNT)
		return 0;
	*ev = event_new((enum event_kind)v[3], (enum event_source)v[4], (int)v[2], v[1]);
	ev->origin = (uint8_t)v[5];
	for (unsigned i = 0; i < event_info[ev->kind].fields; i++)
		if (sqlite3_column_type(q, (int)i + 6) == SQLITE_INTEGER)
			event_set(ev, i, (uint64_t)v[i + 6]);
	return 1;
}

static int event_row(sqlite3_stmt *q, void *arg)
{
	struct cursor *c = arg;
	struct event ev;
	int rc = event_of_row(c, q, &ev);

	return rc <= 0 ? rc : c->cb.event(c->arg, sqlite3_column_int64(q, 0), &ev);
}

/* The time of the first event from @id on; INT64_MAX when there is none. */
static int ts_of(struct reader *r, int64_t id, int64_t *ts, struct error *err)
{
	struct edge *e = &r->probe[(uint64_t)id * 0x9e3779b97f4a7c15u >> 52];

	*ts = INT64_MAX;
	if (e->id != id) {
		if (each_row(r, "SELECT ts_ns FROM event WHERE id >= ? ORDER BY id LIMIT 1", 1, &id, one_number, ts,
			     err) < 0)
			return -(int)ERR_CORRUPT;
		*e = (struct edge){ *ts, id };
	}
	*ts = e->ts;
	return 0;
}

/*
 * Ids grow with time, so a range of times is a range of ids and no index on ts is
 * needed. The smallest id in (first_id .. last_id + 1) whose event is not before @ts.
 */
static int search_id(struct reader *r, int64_t ts, int64_t *id, struct error *err)
{
	int64_t low = r->first_id, high = r->summary.last_id + 1;

	while (low < high) {
		int64_t middle = low + (high - low) / 2, at;

		if (ts_of(r, middle, &at, err) < 0)
			return -(int)ERR_CORRUPT;
		if (at < ts)
			low = middle + 1;
		else
			high = middle;
	}
	*id = low;
	return 0;
}

int reader_id_at(struct reader *r, int64_t ts, int64_t *id, struct error *err)
{
	struct edge *e = &r->edge[((uint64_t)ts * 0x9e3779b97f4a7c15u) >> 54];

	if (!e->id || e->ts != ts) {
		if (search_id(r, ts, id, err) < 0)
			return -(int)ERR_CORRUPT;
		*e = (struct edge){ ts, *id };
	}
	*id = e->id;
	return 0;
}

static int64_t minus(int64_t a, int64_t b)
{
	int64_t x;

	return __builtin_sub_overflow(a, b, &x) ? (b > 0 ? INT64_MIN : INT64_MAX) : x;
}

/*
 * The ids that can hold events of [from, to]. An event may be older than its
 * predecessors by disorder_ns at most, so both ends give way by that much.
 */
static int id_range(struct reader *r, const struct reader_filter *f, int64_t range[2], struct error *err)
{
	int64_t slack = r->disorder_ns > 0 ? r->disorder_ns : 0;
	int64_t past = minus(f->to, minus(-1, slack)); /* to + slack + 1 */

	range[0] = r->first_id;
	range[1] = r->summary.last_id + 1;
	if (f->from > r->summary.first_ns && reader_id_at(r, minus(f->from, slack), &range[0], err) < 0)
		return -(int)ERR_CORRUPT;
	if (f->to < r->summary.last_ns && reader_id_at(r, past, &range[1], err) < 0)
		return -(int)ERR_CORRUPT;
	return 0;
}

/* Is it worth asking where they may be? Not, where the index knows, or nearly every event is taken. */
static bool is_sparse(const struct reader_filter *f)
{
	return f->cpu != READER_ANY_CPU || (f->kinds && !reader_by_index(f));
}

#define ZONES_JOINED 64 /* at most */

struct counted {
	struct cursor *c;
	int64_t rows;
};

static int counted_row(sqlite3_stmt *q, void *arg)
{
	struct counted *n = arg;

	n->rows++;
	return event_row(q, n->c);
}

int reader_events(struct reader *r, const struct reader_filter *f,
		  int (*cb)(void *arg, int64_t id, const struct event *ev), void *arg, struct error *err)
{
	struct cursor c = { .r = r, .err = err, .arg = arg, .cb.event = cb };
	struct counted n = { &c, 0 };
	char sql[READER_SQL_MAX];
	int64_t range[2], part[2];
	int got, zones = 1; /* the first events may be all that is wanted */

	if (!r->summary.last_id)
		return 0;
	if (id_range(r, f, range, err) < 0)
		return -(int)ERR_CORRUPT;
	reader_events_sql(sql, f);
	do {
		memcpy(part, range, sizeof(part));
		got = is_sparse(f) ? next_part(r, f, range, zones, part, err) : range[0] < range[1];
		if (got <= 0)
			return got;
		got = each_row(r, sql, 6, (const int64_t[]){ part[0], part[1], f->from, f->to, f->cpu,
			       f->limit > 0 ? f->limit - n.rows : -1 }, counted_row, &n, err);
		range[f->backwards] = part[!f->backwards];
		zones = zones < ZONES_JOINED ? 2 * zones : zones;
	} while (!got && (!f->limit || n.rows < f->limit));
	return got;
}

int reader_many_events(struct reader *r, uint32_t kinds, int64_t from, int64_t to, int64_t limit, struct error *err)
{
	struct reader_filter f = { .from = from, .to = to };
	int64_t range[2], rows = 0;

	if (!r->summary.last_id)
		return 0;
	if (id_range(r, &f, range, err) < 0)
		return -(int)ERR_CORRUPT;
	for (int kind = 0; kind < EVENT_KIND_COUNT && rows <= limit; kind++) {
		int64_t some = 0;

		if (!(kinds >> kind & 1))
			continue;
		if (each_row(r, "SELECT count(*) FROM (SELECT 1 FROM event WHERE kind = ?1 AND id >= ?2 AND id < ?3"
			     " LIMIT ?4)", 4, (const int64_t[]){ kind, range[0], range[1], limit + 1 - rows },
			     one_number, &some, err) < 0)
			return -(int)ERR_CORRUPT;
		rows += some;
	}
	return rows > limit;
}

struct found {
	struct cursor c;
	struct event *ev;
};

static int found_row(sqlite3_stmt *q, void *arg)
{
	struct found *f = arg;

	return event_of_row(&f->c, q, f->ev);
}

int reader_event(struct reader *r, int64_t id, struct event *ev, struct error *err)
{
	struct found f = { .c = { .r = r, .err = err }, .ev = ev };

	return each_row(r, "SELECT " READER_EVENT_COLUMNS " FROM event WHERE id = ?", 1, &id, found_row, &f,
			err);
}
