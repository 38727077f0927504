/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "evidence.h"

#include <stdlib.h>

#include "../tracer/sources/smm-state.h"

struct evidence {
	sqlite3_stmt *put_raw, *put_state;
};

struct evidence *evidence_new(sqlite3 *db)
{
	struct evidence *e = calloc(1, sizeof(*e));

	if (e && (sqlite3_prepare_v3(db, "INSERT INTO event_raw (event, bytes, whole) VALUES (?, ?, ?)", -1,
				     SQLITE_PREPARE_PERSISTENT, &e->put_raw, NULL) ||
		  sqlite3_prepare_v3(db, "INSERT INTO smm_state (event, revision, bytes) VALUES (?, ?, ?)", -1,
				     SQLITE_PREPARE_PERSISTENT, &e->put_state, NULL))) {
		evidence_free(e);
		return NULL;
	}
	return e;
}

void evidence_free(struct evidence *e)
{
	if (!e)
		return;
	sqlite3_finalize(e->put_raw);
	sqlite3_finalize(e->put_state);
	free(e);
}

static int run(sqlite3_stmt *q)
{
	int rc = sqlite3_step(q);

	sqlite3_reset(q);
	return rc == SQLITE_DONE ? 0 : rc;
}

/* A text that was dropped is a row without bytes. */
static int put_raw(struct evidence *e, int64_t event, const struct raw *raw)
{
	sqlite3_stmt *q = e->put_raw;

	if (!raw->text && !raw->dropped)
		return 0;
	sqlite3_bind_int64(q, 1, event);
	sqlite3_bind_blob64(q, 2, raw->dropped ? NULL : raw->text, raw->len, SQLITE_STATIC);
	if (raw->whole)
		sqlite3_bind_int64(q, 3, (int64_t)raw->whole);
	else
		sqlite3_bind_null(q, 3);
	return run(q);
}

static int put_state(struct evidence *e, int64_t event, const struct raw *raw)
{
	sqlite3_stmt *q = e->put_state;
	struct smm_state state;

	if (!raw->state)
		return 0;
	smm_state_decode(raw->state, raw->state_len, &state);
	sqlite3_bind_int64(q, 1, event);
	sqlite3_bind_int64(q, 2, state.revision);
	sqlite3_bind_blob64(q, 3, raw->state, raw->state_len, SQLITE_STATIC);
	return run(q);
}

int evidence_event(struct evidence *e, const struct sink_event *se)
{
	int rc = se->raw ? put_raw(e, se->id, se->raw) : 0;

	return rc || !se->raw ? rc : put_state(e, se->id, se->raw);
}
