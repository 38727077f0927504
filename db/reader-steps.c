/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "reader-rows.h"
#include "recording.h"

struct steps {
	struct reader *r;
	struct error *err;
	int (*cb)(void *arg, const struct reader_smi_step *step);
	void *arg;
};

/*
 * Each step with the stay in SMM in which the CPU was that made it, and the time of what came next: the next
 * step of the episode, the next one in this stay, or its end. SQLite sorts, in a file when they are many.
 */
static const char sql[] =
	"WITH made AS (SELECT s.episode, s.position, s.step, s.letter, s.ts_ns, s.event, p.kind, p.cpu,"
	" lead(s.ts_ns) OVER (PARTITION BY s.episode ORDER BY s.ts_ns, s.position) AS next_ns,"
	" (SELECT id FROM smi WHERE smi.cpu = e.cpu AND enter_ns <= s.ts_ns"
	" ORDER BY enter_ns DESC LIMIT 1) AS smi"
	" FROM episode_step s JOIN episode p ON p.id = s.episode JOIN event e ON e.id = s.event)"
	" SELECT smi.id, smi.cpu, made.ts_ns,"
	" nullif(min(coalesce(made.next_ns, ?1), coalesce(leave_ns, ?1), coalesce(lead(made.ts_ns)"
	" OVER (PARTITION BY smi.id ORDER BY made.ts_ns, made.episode, made.position), ?1)), ?1),"
	" made.event, made.episode, made.cpu, made.step, made.letter, made.kind"
	" FROM made JOIN smi ON smi.id = made.smi WHERE made.ts_ns < coalesce(leave_ns, ?1)"
	" ORDER BY smi.id, made.ts_ns, made.episode, made.position";

static const char *text(sqlite3_stmt *q, int i)
{
	const char *t = (const char *)sqlite3_column_text(q, i);

	return t ? t : "";
}

static int step_row(sqlite3_stmt *q, void *arg)
{
	struct steps *s = arg;
	int64_t n[] = { 0, -1, -1, 0, 0, 0, CPU_UNKNOWN };

	if (!get_ints(q, 7, n) || n[1] < 0 || n[1] >= EVENT_MAX_CPUS || !is_sane(n[2]) || !is_sane(n[3]) ||
	    n[6] < CPU_UNKNOWN || n[6] >= EVENT_MAX_CPUS)
		return bad_row(s->r, "episode_step", n[5], s->err);
	return s->cb(s->arg, &(struct reader_smi_step){
		.smi = n[0], .smi_cpu = (int)n[1], .from_ns = n[2], .to_ns = n[3], .event = n[4], .episode = n[5],
		.cpu = (int)n[6], .name = text(q, 7), .letter = text(q, 8), .kind = text(q, 9) });
}

int reader_smi_steps(struct reader *r, int (*cb)(void *arg, const struct reader_smi_step *step), void *arg,
		     struct error *err)
{
	const int64_t never = INT64_MAX;
	struct steps s = { r, err, cb, arg };

	return r->version >= RECORDING_FINDINGS ? each_row(r, sql, 1, &never, step_row, &s, err) : 0;
}
