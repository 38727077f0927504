/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "reader-rows.h"
#include "recording.h"

static bool has_findings(const struct reader *r)
{
	return r->version >= RECORDING_FINDINGS;
}

/* Where a text of @len bytes can be cut to fit @room without splitting a character of UTF-8. */
static size_t cut(const char *text, size_t len, size_t room)
{
	if (len < room)
		return len;
	len = room - 1;
	while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	return len;
}

/* Column @i into @out; NULL becomes "". False if it holds no text. */
static bool get_text(sqlite3_stmt *q, int i, char *out, size_t size)
{
	int type = sqlite3_column_type(q, i); /* before it is converted */
	const char *text = (const char *)sqlite3_column_text(q, i);
	size_t len = text ? cut(text, strlen(text), size) : 0;

	memcpy(out, text ? text : "", len);
	out[len] = '\0';
	return type == SQLITE_NULL || type == SQLITE_TEXT;
}

#define GET_TEXT(q, i, array) get_text(q, i, array, sizeof(array))

static bool is_cpu(int64_t cpu)
{
	return cpu >= CPU_UNKNOWN && cpu < EVENT_MAX_CPUS;
}

static int violation_row(sqlite3_stmt *q, void *arg)
{
	struct cursor *c = arg;
	int64_t n[] = { 0, 0, CPU_UNKNOWN, 0, 0, 0, 0 };
	struct reader_violation v = { 0 };
	bool good = get_ints(q, 7, n) && is_sane(n[1]) && is_cpu(n[2]);

	good &= GET_TEXT(q, 7, v.invariant) && GET_TEXT(q, 8, v.severity) && GET_TEXT(q, 9, v.step) &&
		GET_TEXT(q, 10, v.message);
	if (!good)
		return bad_row(c->r, "violation", n[0], c->err);
	v.id = n[0];
	v.ts_ns = n[1];
	v.cpu = (int)n[2];
	memcpy(v.evidence, &n[3], sizeof(v.evidence));
	return c->cb.violation(c->arg, &v);
}

#define VIOLATIONS_SQL "SELECT id, ts_ns, cpu, e0, e1, e2, e3, invariant, severity, step, message" \
	" FROM violation WHERE (?1 = -2 OR cpu IS nullif(?1, -1)) AND ts_ns BETWEEN ?2 AND ?3"

int reader_violations(struct reader *r, int cpu, int64_t from, int64_t to, int64_t limit, bool backwards,
		      int (*cb)(void *arg, const struct reader_violation *v), void *arg, struct error *err)
{
	struct cursor c = { .r = r, .err = err, .arg = arg, .cb.violation = cb };

	if (!has_findings(r))
		return 0;
	return each_row(r, backwards ? VIOLATIONS_SQL " ORDER BY ts_ns DESC, id DESC LIMIT ?4" :
				       VIOLATIONS_SQL " ORDER BY ts_ns, id LIMIT ?4",
			4, (const int64_t[]){ cpu, from, to, limit > 0 ? limit : -1 }, violation_row, &c, err);
}

struct steps {
	struct reader *r;
	struct error *err;
	struct reader_episode *ep;
};

static int step_row(sqlite3_stmt *q, void *arg)
{
	struct steps *s = arg;
	struct reader_step *step = &s->ep->at[s->ep->steps];
	int64_t n[] = { 0, 0 };

	if (!get_ints(q, 2, n) || !is_sane(n[0]) || !GET_TEXT(q, 2, step->name) ||
	    !GET_TEXT(q, 3, step->letter))
		return bad_row(s->r, "episode_step", s->ep->id, s->err);
	step->ts_ns = n[0];
	step->event = n[1];
	return ++s->ep->steps == READER_STEPS;
}

static int episode_row(sqlite3_stmt *q, void *arg)
{
	struct cursor *c = arg;
	int64_t n[] = { 0, CPU_UNKNOWN, 0, 0, 0 };
	struct reader_episode ep = { 0 };
	struct steps s = { c->r, c->err, &ep };
	bool good = get_ints(q, 5, n) && is_cpu(n[1]) && is_sane(n[2]) && is_sane(n[3]) && is_sane(n[4]);

	good &= GET_TEXT(q, 5, ep.kind) && GET_TEXT(q, 6, ep.profile) && GET_TEXT(q, 7, ep.status) &&
		GET_TEXT(q, 8, ep.step) && GET_TEXT(q, 9, ep.next) && GET_TEXT(q, 10, ep.rendezvous) &&
		GET_TEXT(q, 11, ep.verdict);
	if (!good)
		return bad_row(c->r, "episode", n[0], c->err);
	ep.id = n[0];
	ep.cpu = (int)n[1];
	ep.start_ns = n[2];
	ep.end_ns = n[3];
	ep.stuck_ns = n[4];
	if (each_row(c->r, "SELECT ts_ns, event, step, letter FROM episode_step WHERE episode = ?1"
		     " ORDER BY ts_ns, position", 1, &ep.id, step_row, &s, c->err) < 0)
		return -(int)ERR_CORRUPT;
	return c->cb.episode(c->arg, &ep);
}

int reader_episodes(struct reader *r, int (*cb)(void *arg, const struct reader_episode *ep), void *arg,
		    struct error *err)
{
	struct cursor c = { .r = r, .err = err, .arg = arg, .cb.episode = cb };

	if (!has_findings(r))
		return 0;
	return each_row(r, "SELECT id, cpu, start_ns, end_ns, stuck_ns, kind, profile, status, step, next,"
			" rendezvous, verdict FROM episode ORDER BY id", 0, NULL, episode_row, &c, err);
}

static int verdict_row(sqlite3_stmt *q, void *arg)
{
	struct cursor *c = arg;
	char subject[64], text[1200];

	if (!GET_TEXT(q, 1, subject) || !GET_TEXT(q, 2, text))
		return bad_row(c->r, "verdict", sqlite3_column_int64(q, 0), c->err);
	return c->cb.verdict(c->arg, subject, text);
}

int reader_verdict(struct reader *r, int (*cb)(void *arg, const char *subject, const char *text), void *arg,
		   struct error *err)
{
	struct cursor c = { .r = r, .err = err, .arg = arg, .cb.verdict = cb };

	if (!has_findings(r))
		return 0;
	return each_row(r, "SELECT position, subject, text FROM verdict ORDER BY position", 0, NULL, verdict_row,
			&c, err);
}

static int result_row(sqlite3_stmt *q, void *arg)
{
	struct cursor *c = arg;
	struct reader_result res = { 0 };
	int64_t n[] = { 0, 0, 0 };
	bool good = get_ints(q, 3, n) && is_sane(n[1]) && is_sane(n[2]);

	good &= GET_TEXT(q, 3, res.name) && GET_TEXT(q, 4, res.severity) && GET_TEXT(q, 5, res.step) &&
		GET_TEXT(q, 6, res.status) && GET_TEXT(q, 7, res.why);
	if (!good)
		return bad_row(c->r, "invariant", n[0], c->err);
	res.exercised = n[1];
	res.violations = n[2];
	return c->cb.result(c->arg, &res);
}

int reader_results(struct reader *r, int (*cb)(void *arg, const struct reader_result *result), void *arg,
		   struct error *err)
{
	struct cursor c = { .r = r, .err = err, .arg = arg, .cb.result = cb };

	if (!has_findings(r))
		return 0;
	return each_row(r, "SELECT number, exercised, violations, name, severity, step, status, why"
			" FROM invariant ORDER BY number", 0, NULL, result_row, &c, err);
}

int summarize_findings(struct reader *r, struct error *err)
{
	int64_t n[3] = { 0 };
	static const char *const sql[3] = {
		"SELECT count(*) FROM violation",
		"SELECT EXISTS (SELECT 1 FROM episode WHERE status = 'stuck')",
		"SELECT EXISTS (SELECT 1 FROM verdict)",
	};

	r->summary.judged = has_findings(r);
	for (int i = 0; i < 3 && has_findings(r); i++)
		if (each_row(r, sql[i], 0, NULL, one_number, &n[i], err) < 0)
			return -(int)ERR_CORRUPT;
	r->summary.violations = n[0];
	r->summary.stuck = n[1];
	r->summary.verdict = n[2];
	return 0;
}
