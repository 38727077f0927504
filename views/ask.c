/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ask.h"

#include <stdio.h>
#include <stdlib.h>

#include "../db/output.h"
#include "../db/query-prompt.h"
#include "../tracer/clock.h"

#define ASK_LIMIT (5 * NS_PER_SEC)

/* Takes the first rows only. */
struct first_rows {
	struct answer answer;
	struct answer *inner;
	int rows;
};

static int begin(struct answer *a, int columns, const char *const *name, struct error *err)
{
	struct first_rows *f = (struct first_rows *)a;

	return f->inner->begin(f->inner, columns, name, err);
}

static int row(struct answer *a, int columns, const struct cell *cell, struct error *err)
{
	struct first_rows *f = (struct first_rows *)a;

	if (++f->rows > ASK_ROWS)
		return fail(err, ERR_USAGE, "there are more");
	return f->inner->row(f->inner, columns, cell, err);
}

static int answer(const char *path, const char *what, const char *arg, FILE *out, struct error *err)
{
	struct output *o = output_new(out, OUTPUT_TABLE, true);
	struct first_rows first = { .answer = { begin, row } };
	struct query *q = o ? query_open(path, what, arg, NULL, err) : NULL;
	int rc = -1;

	if (!o)
		return fail(err, ERR_USAGE, "no memory");
	first.inner = output_answer(o);
	if (q)
		rc = query_answer(q, ASK_LIMIT, &first.answer, err);
	query_close(q);
	if (rc < 0 && first.rows <= ASK_ROWS) {
		output_drop(o);
		return rc;
	}
	if (output_end(o, err) < 0)
		return -1;
	if (first.rows > ASK_ROWS)
		fprintf(out, "(the first %d rows; `smmtrace query` gives all)\n", ASK_ROWS);
	return 0;
}

char *ask(const char *path, const char *what, struct error *err)
{
	char *text = NULL, line[300], *name, *arg;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int rc;

	if (!out) {
		fail(err, ERR_USAGE, "no memory");
		return NULL;
	}
	snprintf(line, sizeof(line), "%s", what);
	rc = query_prompt_split(line, &name, &arg) ? answer(path, name, arg, out, err) :
	     fail(err, ERR_USAGE, "nothing was asked");
	if (fclose(out) || rc < 0) {
		free(text);
		return NULL;
	}
	return text;
}
