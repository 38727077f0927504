/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "findings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum statement { PUT_EPISODE, DROP_STEPS, PUT_STEP, PUT_VIOLATION, PUT_RESULT, DROP_VERDICT, PUT_LINE, STATEMENTS };

static const char *const statement_sql[STATEMENTS] = {
	[PUT_EPISODE] = ("INSERT OR REPLACE INTO episode (id, cpu, start_ns, end_ns, stuck_ns, cut_short, kind,"
			 " profile, status, step, next, rendezvous, verdict)"
			 " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
	[DROP_STEPS] = "DELETE FROM episode_step WHERE episode = ?",
	[PUT_STEP] = ("INSERT INTO episode_step (episode, position, ts_ns, event, step, letter)"
		      " VALUES (?, ?, ?, ?, ?, ?)"),
	[PUT_VIOLATION] = ("INSERT OR REPLACE INTO violation (id, ts_ns, cpu, e0, e1, e2, e3, invariant,"
			   " severity, step, message) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
	[PUT_RESULT] = ("INSERT OR REPLACE INTO invariant (number, exercised, violations, name, severity, step,"
			" status, why) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"),
	[DROP_VERDICT] = "DELETE FROM verdict",
	[PUT_LINE] = "INSERT INTO verdict (position, subject, text) VALUES (?, ?, ?)",
};

struct findings {
	sqlite3_stmt *stmt[STATEMENTS];
	bool stored;             /* result[] is what stands in the file */
	struct check_result result[INVARIANT_COUNT];
};

struct findings *findings_new(sqlite3 *db)
{
	struct findings *f = calloc(1, sizeof(*f));

	for (int i = 0; f && i < STATEMENTS; i++)
		if (sqlite3_prepare_v3(db, statement_sql[i], -1, SQLITE_PREPARE_PERSISTENT, &f->stmt[i],
				       NULL)) {
			findings_free(f);
			return NULL;
		}
	return f;
}

void findings_free(struct findings *f)
{
	if (!f)
		return;
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(f->stmt[i]);
	free(f);
}

/* A number that a row may lack. */
struct maybe {
	bool known;
	int64_t value;
};

#define KNOWN(v) ((struct maybe){ true, (int64_t)(v) })
#define UNLESS(v, unknown) ((struct maybe){ (v) != (unknown), (int64_t)(v) })
#define COUNT(array) ((int)(sizeof(array) / sizeof(*(array))))

/* Run a statement: its first parameters are numbers, the others texts, where NULL and "" are NULL. */
static int put(struct findings *f, enum statement s, int numbers, const struct maybe *n, int texts,
	       const char *const *text)
{
	sqlite3_stmt *q = f->stmt[s];
	int rc;

	for (int i = 0; i < numbers; i++)
		if (n[i].known)
			sqlite3_bind_int64(q, i + 1, n[i].value);
		else
			sqlite3_bind_null(q, i + 1);
	for (int i = 0; i < texts; i++)
		if (text[i] && *text[i])
			sqlite3_bind_text(q, numbers + i + 1, text[i], -1, SQLITE_STATIC);
		else
			sqlite3_bind_null(q, numbers + i + 1);
	rc = sqlite3_step(q);
	sqlite3_reset(q);
	sqlite3_clear_bindings(q);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int findings_violation(struct findings *f, const struct violation *v)
{
	const struct invariant *inv = invariant_list[v->invariant];
	const struct maybe number[] = {
		KNOWN(v->id), KNOWN(v->ts), UNLESS(v->cpu, CPU_UNKNOWN), UNLESS(v->evidence[0], 0),
		UNLESS(v->evidence[1], 0), UNLESS(v->evidence[2], 0), UNLESS(v->evidence[3], 0),
	};
	const char *const text[] = {
		inv->name, check_severity_name[inv->severity], inv->step, *v->message ? v->message : "-",
	};

	return put(f, PUT_VIOLATION, COUNT(number), number, COUNT(text), text);
}

void findings_cpus(char *out, size_t size, const struct cpuset *s)
{
	size_t used = 0;

	*out = '\0';
	for (int c = cpuset_next(s, 0); c >= 0; c = cpuset_next(s, c + 1)) {
		char word[16];
		int len = snprintf(word, sizeof(word), used ? " %d" : "%d", c);

		if (used + (size_t)len >= size)
			return;
		memcpy(out + used, word, (size_t)len + 1);
		used += (size_t)len;
	}
}

static int put_episode(struct findings *f, const struct episode *ep)
{
	char cpus[4 * EVENT_MAX_CPUS];
	const struct maybe number[] = {
		KNOWN(ep->id), UNLESS(ep->cpu, CPU_UNKNOWN), KNOWN(ep->start_ns), UNLESS(ep->end_ns, 0),
		UNLESS(ep->stuck_ns, 0), KNOWN(ep->cut_short),
	};
	const char *const text[] = {
		episode_kind_name[ep->kind], ep->profile ? ep->profile->name : NULL,
		episode_status_name[ep->status],
		ep->step < FLOW_STEP_COUNT ? flow_step_info[ep->step].name : NULL,
		ep->next < FLOW_STEP_COUNT ? flow_step_info[ep->next].name : NULL,
		cpus, ep->verdict,
	};

	findings_cpus(cpus, sizeof(cpus), &ep->rendezvous);
	return put(f, PUT_EPISODE, COUNT(number), number, COUNT(text), text);
}

int findings_episode(struct findings *f, const struct episode *ep)
{
	int rc = put_episode(f, ep);

	if (!rc)
		rc = put(f, DROP_STEPS, 1, &KNOWN(ep->id), 0, NULL);
	for (int i = 0; i < FLOW_STEP_COUNT && !rc; i++) {
		const struct moment *at = &ep->at[i];
		const struct maybe number[] = { KNOWN(ep->id), KNOWN(i), KNOWN(at->ns), KNOWN(at->id) };
		const char *const text[] = { flow_step_info[i].name, flow_step_info[i].letter };

		if (moment_is(*at))
			rc = put(f, PUT_STEP, COUNT(number), number, COUNT(text), text);
	}
	return rc;
}

int findings_verdict(struct findings *f, const struct verdict *v)
{
	int rc = put(f, DROP_VERDICT, 0, NULL, 0, NULL);

	for (unsigned i = 0; i < v->lines && i < VERDICT_LINES && !rc; i++) {
		const char *const text[] = {
			*v->line[i].subject ? v->line[i].subject : "-", *v->line[i].text ? v->line[i].text : "-",
		};

		rc = put(f, PUT_LINE, 1, &KNOWN(i + 1), COUNT(text), text);
	}
	return rc;
}

int findings_results(struct findings *f, const struct check_result *r)
{
	int rc = 0;

	for (unsigned i = 0; i < INVARIANT_COUNT && !rc; i++) {
		const struct invariant *inv = invariant_list[i];
		const struct maybe number[] = {
			KNOWN(i + 1), KNOWN(r[i].exercised), KNOWN(r[i].violations),
		};
		const char *const text[] = {
			inv->name, check_severity_name[inv->severity], inv->step,
			check_status_name[r[i].status], r[i].why,
		};

		if (!f->stored || memcmp(&f->result[i], &r[i], sizeof(r[i])))
			rc = put(f, PUT_RESULT, COUNT(number), number, COUNT(text), text);
		f->result[i] = r[i];
	}
	f->stored = f->stored || !rc;
	return rc;
}
