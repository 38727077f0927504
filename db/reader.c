/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reader-rows.h"
#include "recording.h"
#include "../tracer/clock.h"

#define ROWS_LIMIT_NS (30 * NS_PER_SEC) /* a view of a hostile file may be endless */
#define PROGRESS_STEPS 10000
#define STEP_ASIDE_TRIES 200 /* of 5 ms */

static int out_of_time(void *arg)
{
	struct reader *r = arg;

	return r->deadline && clock_now() > r->deadline;
}

static int ask(struct reader *r, const char *sql, int64_t *value, struct error *err)
{
	int rc = each_row(r, sql, 0, NULL, one_number, value, err);

	return rc < 0 ? rc : 0;
}

struct total_slot {
	const char *name;
	int64_t *value;
};

static int take_total(sqlite3_stmt *q, void *arg)
{
	const char *name = (const char *)sqlite3_column_text(q, 0);
	int64_t value;

	for (struct total_slot *s = arg; name && s->name; s++)
		if (!strcmp(s->name, name) && get_int(q, 1, 0, &value))
			*s->value = value;
	return 0;
}

static int load_summary(struct reader *r, struct error *err)
{
	struct reader_summary *s = &r->summary;
	struct total_slot slots[] = {
		{ "events", &s->events }, { "first_ns", &s->first_ns }, { "last_ns", &s->last_ns },
		{ "smis", &s->smis }, { "lost", &s->lost }, { "stops", &s->stops },
		{ "paused_ns", &s->paused_ns }, { "disorder_ns", &r->disorder_ns }, { NULL, NULL },
	};
	int64_t cpus = -1;
	const char *closed;

	if (each_row(r, "SELECT name, value FROM total", 0, NULL, take_total, slots, err) < 0 ||
	    ask(r, "SELECT max(cpu) FROM cpu", &cpus, err) < 0 ||
	    ask(r, "SELECT min(id) FROM event", &r->first_id, err) < 0 ||
	    ask(r, "SELECT max(id) FROM event", &s->last_id, err) < 0 || summarize_findings(r, err) < 0)
		return -(int)ERR_CORRUPT;
	if (cpus < -1 || cpus >= EVENT_MAX_CPUS)
		return bad_row(r, "cpu", cpus, err);
	if (!is_sane(r->first_id) || !is_sane(s->last_id))
		return bad_row(r, "event", s->last_id, err);
	for (const struct total_slot *t = slots; t->name; t++)
		if (!is_sane(*t->value))
			return fail(err, ERR_CORRUPT, "%s is damaged: total '%s'", r->path, t->name);
	s->cpus = (unsigned)(cpus + 1);
	memset(r->edge, 0, sizeof(r->edge));
	memset(r->probe, 0, sizeof(r->probe));
	r->chart.zones_end = 0;
	closed = reader_meta(r, "closed");
	s->closed = closed && !strcmp(closed, "1");
	s->live = !s->closed && recording_in_use(r->path);
	return 0;
}

/* Look at the newest committed state from now on. 1 if it differs from the last one. */
static int take_snapshot(struct reader *r, struct error *err)
{
	int64_t version = r->data_version;
	int rc;

	sqlite3_reset(r->meta);
	if (!sqlite3_get_autocommit(r->db))
		sqlite3_exec(r->db, "COMMIT", NULL, NULL, NULL);
	if (sqlite3_exec(r->db, "BEGIN", NULL, NULL, NULL))
		return reader_fail(r, err);
	if (ask(r, "PRAGMA data_version", &version, err) < 0)
		return -(int)ERR_CORRUPT;
	rc = version != r->data_version;
	r->data_version = (int)version;
	return rc;
}

static int connect_to(struct reader *r, bool ended, struct error *err)
{
	r->db = ended ? recording_open_ended(r->path, err) : recording_open(r->path, err);
	if (!r->db)
		return -(int)ERR_CORRUPT;
	sqlite3_progress_handler(r->db, PROGRESS_STEPS, out_of_time, r);
	r->data_version = -1;
	r->version = recording_version(r->db);
	r->has_raw = recording_has_raw(r->db);
	if (sqlite3_prepare_v3(r->db, "SELECT value FROM meta WHERE key = ?", -1, SQLITE_PREPARE_PERSISTENT,
			       &r->meta, NULL))
		return reader_fail(r, err);
	if (open_chart(r, err) < 0 || take_snapshot(r, err) < 0 || load_summary(r, err) < 0)
		return -(int)ERR_CORRUPT;
	return 0;
}

int reader_connect(struct reader *r, struct error *err)
{
	return connect_to(r, false, err);
}

void reader_disconnect(struct reader *r)
{
	forget_statements(r);
	close_chart(r);
	sqlite3_finalize(r->meta);
	sqlite3_close(r->db);
	r->meta = NULL;
	r->db = NULL;
}

struct reader *reader_open(const char *path, struct error *err)
{
	struct reader *r = calloc(1, sizeof(*r));

	if (!r) {
		fail(err, ERR_CORRUPT, "no memory");
		return NULL;
	}
	if (!realpath(path, r->path))
		snprintf(r->path, sizeof(r->path), "%s", path);
	if (connect_to(r, false, err) < 0) {
		reader_close(r);
		return NULL;
	}
	return r;
}

void reader_close(struct reader *r)
{
	if (r)
		reader_disconnect(r);
	free(r);
}

/* The recorder is ending and makes one plain file, which it can do only while nobody has it open. */
static int step_aside(struct reader *r, struct error *err)
{
	const struct timespec moment = { .tv_nsec = 5000000 };

	reader_disconnect(r);
	for (int i = 0; i < STEP_ASIDE_TRIES && recording_in_use(r->path); i++)
		nanosleep(&moment, NULL);
	return connect_to(r, true, err);
}

int reader_refresh(struct reader *r, struct error *err)
{
	bool was_live = r->summary.live;
	int rc = r->db ? take_snapshot(r, err) : fail(err, ERR_CORRUPT, "%s is gone", r->path);

	if (rc > 0 && load_summary(r, err) < 0)
		return -(int)ERR_CORRUPT;
	if (rc == 0)
		r->summary.live = !r->summary.closed && recording_in_use(r->path);
	if (rc > 0 && was_live && r->summary.closed && recording_in_use(r->path) && step_aside(r, err) < 0)
		return -(int)ERR_CORRUPT;
	return rc < 0 ? rc : rc || was_live != r->summary.live;
}

const struct reader_summary *reader_summary(const struct reader *r)
{
	return &r->summary;
}

const char *reader_meta(struct reader *r, const char *key)
{
	sqlite3_reset(r->meta);
	sqlite3_bind_text(r->meta, 1, key, -1, SQLITE_TRANSIENT);
	if (sqlite3_step(r->meta) != SQLITE_ROW)
		return NULL;
	return (const char *)sqlite3_column_text(r->meta, 0);
}

static int cpu_row(sqlite3_stmt *q, void *arg)
{
	struct cursor *c = arg;
	int64_t v[] = { -1, -1, -1, (int64_t)SMBASE_UNKNOWN, 0, 0, 0 };

	if (!get_ints(q, 7, v) || v[0] < 0 || v[0] >= EVENT_MAX_CPUS || v[2] < 0 || v[2] >= CPU_STATE_COUNT ||
	    !is_sane(v[4]) || !is_sane(v[5]) || !is_sane(v[6]))
		return bad_row(c->r, "cpu", v[0], c->err);
	return c->cb.cpu(c->arg, &(struct reader_cpu){
		.cpu = (int)v[0], .apic_id = v[1], .state = (enum cpu_state)v[2], .smbase = (uint64_t)v[3],
		.since_ns = v[4], .added_ns = v[5], .removed_ns = v[6] });
}

int reader_cpus(struct reader *r, int (*cb)(void *arg, const struct reader_cpu *cpu), void *arg,
		struct error *err)
{
	struct cursor c = { .r = r, .err = err, .arg = arg, .cb.cpu = cb };

	return each_row(r, "SELECT cpu, apic_id, state, smbase, since_ns, added_ns, removed_ns FROM cpu"
			" ORDER BY cpu", 0, NULL, cpu_row, &c, err);
}

static int smi_row(sqlite3_stmt *q, void *arg)
{
	struct cursor *c = arg;
	int64_t v[] = { 0, -1, 0, 0, (int64_t)SMBASE_UNKNOWN, CAUSE_UNKNOWN, SMI_CMD_UNKNOWN, SMI_CMD_UNKNOWN,
			-1 };

	if (!get_ints(q, 9, v) || v[1] < 0 || v[1] >= EVENT_MAX_CPUS || v[5] < 0 || v[5] >= CAUSE_COUNT ||
	    !is_sane(v[2]) || !is_sane(v[3]))
		return bad_row(c->r, "smi", v[0], c->err);
	return c->cb.smi(c->arg, &(struct reader_smi){
		.id = v[0], .cpu = (int)v[1], .enter_ns = v[2], .leave_ns = v[3], .smbase = (uint64_t)v[4],
		.cause = (enum smi_cause)v[5], .apm_cmd = (int)v[6], .apm_data = (int)v[7],
		.saved_rip = (uint64_t)v[8] });
}

int reader_many_smis(struct reader *r, int cpu, int64_t from, int64_t to, int64_t limit, struct error *err)
{
	int64_t count = 0;
	int rc = each_row(r, "SELECT count(*) FROM (SELECT 1 FROM smi WHERE cpu = ?1"
			  " AND enter_ns BETWEEN ?2 AND ?3 LIMIT ?4)", 4,
			  (const int64_t[]){ cpu, from, to, limit + 1 }, one_number, &count, err);

	return rc < 0 ? rc : count > limit;
}

#define SMI_COLUMNS "id, cpu, enter_ns, leave_ns, smbase, cause, apm_cmd, apm_data, saved_rip"

int reader_smis(struct reader *r, int cpu, int64_t from, int64_t to,
		int (*cb)(void *arg, const struct reader_smi *smi), void *arg, struct error *err)
{
	struct cursor c = { .r = r, .err = err, .arg = arg, .cb.smi = cb };
	const int64_t bind[] = { cpu, from, to };

	return each_row(r, "SELECT " SMI_COLUMNS " FROM smi WHERE cpu = ?1 AND enter_ns <= ?3 AND enter_ns >="
			" coalesce((SELECT max(enter_ns) FROM smi WHERE cpu = ?1 AND enter_ns < ?2), ?2)"
			" AND coalesce(leave_ns, ?2) >= ?2 ORDER BY enter_ns, id", 3, bind, smi_row, &c, err);
}

int reader_smis_from(struct reader *r, int64_t id, int64_t limit,
		     int (*cb)(void *arg, const struct reader_smi *smi), void *arg, struct error *err)
{
	struct cursor c = { .r = r, .err = err, .arg = arg, .cb.smi = cb };
	const int64_t bind[] = { id, limit };

	return each_row(r, "SELECT " SMI_COLUMNS " FROM smi WHERE id >= ? ORDER BY id LIMIT ?", 2, bind,
			smi_row, &c, err);
}

#define ROW_COLUMNS 64

static int text_row(sqlite3_stmt *q, void *arg)
{
	struct cursor *c = arg;
	const char *value[ROW_COLUMNS], *name[ROW_COLUMNS];
	int n = sqlite3_column_count(q);

	n = n < ROW_COLUMNS ? n : ROW_COLUMNS;
	for (int i = 0; i < n; i++) {
		value[i] = (const char *)sqlite3_column_text(q, i);
		name[i] = sqlite3_column_name(q, i);
	}
	return c->cb.text(c->arg, n, value, name);
}

int reader_rows(struct reader *r, const char *sql,
		int (*cb)(void *arg, int columns, const char *const *value, const char *const *name),
		void *arg, struct error *err)
{
	struct cursor c = { .r = r, .err = err, .arg = arg, .cb.text = cb };
	int rc;

	r->deadline = clock_now() + ROWS_LIMIT_NS;
	rc = each_row(r, sql, 0, NULL, text_row, &c, err);
	r->deadline = 0;
	return rc;
}
