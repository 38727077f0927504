/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "reader-rows.h"

#include <string.h>

struct raw_row {
	struct reader *r;
	struct reader_raw *out;
	struct error *err;
};

/* The blob of column @i, cut to @max; its whole length. */
static size_t take_blob(sqlite3_stmt *q, int i, void *out, size_t max, size_t *len)
{
	const void *bytes = sqlite3_column_blob(q, i);
	size_t whole = (size_t)sqlite3_column_bytes(q, i);

	*len = whole < max ? whole : max;
	if (*len)
		memcpy(out, bytes, *len);
	return whole;
}

static int text_row(sqlite3_stmt *q, void *arg)
{
	struct raw_row *row = arg;
	struct reader_raw *out = row->out;
	int64_t whole;
	size_t len;

	if (!get_int(q, 1, 0, &whole) || !is_sane(whole))
		return bad_row(row->r, "event_raw", 0, row->err);
	out->dropped = sqlite3_column_type(q, 0) == SQLITE_NULL;
	out->has_text = !out->dropped;
	len = take_blob(q, 0, out->text, sizeof(out->text), &out->len);
	out->whole = whole ? whole : len > out->len ? (int64_t)len : 0;
	return 0;
}

static int state_row(sqlite3_stmt *q, void *arg)
{
	struct raw_row *row = arg;

	take_blob(q, 0, row->out->state, sizeof(row->out->state), &row->out->state_len);
	return 0;
}

int reader_raw(struct reader *r, int64_t id, struct reader_raw *out, struct error *err)
{
	struct raw_row row = { r, out, err };

	memset(out, 0, sizeof(*out));
	out->kept = r->has_raw;
	if (!r->has_raw)
		return 0;
	if (each_row(r, "SELECT bytes, whole FROM event_raw WHERE event = ?1", 1, &id, text_row, &row, err) < 0)
		return -(int)ERR_CORRUPT;
	return each_row(r, "SELECT bytes FROM smm_state WHERE event = ?1", 1, &id, state_row, &row, err);
}
