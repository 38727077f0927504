/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "output.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "output-text.h"

#define BATCH_ROWS 500 /* a table's columns are as wide as these rows need, then grow */
#define CELL_ROOM 1300 /* longest cell of a table */
#define LINE_WIDTH 100 /* of a table that is not on a terminal */
#define LAST_ROOM 40   /* its last column gets this at least, however wide the others are */

struct output {
	struct answer answer; /* first: its hooks find the output by it */
	FILE *f;
	const struct writing *how;
	bool terminal, begun;
	int line_width;       /* text in a table's last column is wrapped there */
	int columns;
	char *name[QUERY_MAX_COLUMNS];
	int digits[QUERY_MAX_COLUMNS]; /* behind the point, -1 = as they come */
	int width[QUERY_MAX_COLUMNS];
	bool number[QUERY_MAX_COLUMNS]; /* its values stand at the right edge */
	char **held;          /* BATCH_ROWS * columns of a table */
	int rows;             /* of them in use */
	int64_t written;      /* rows, ever */
};

/* How one format writes. */
struct writing {
	void (*begin)(struct output *o);
	int (*row)(struct output *o, const struct cell *cell, struct error *err);
	void (*end)(struct output *o);
};

static void put_separated(struct output *o, char separator, void (*put)(FILE *, const struct cell *),
			  const struct cell *cell)
{
	for (int i = 0; i < o->columns; i++) {
		char safe[CELL_ROOM];
		struct cell c = cell[i];

		if (i)
			putc(separator, o->f);
		if (o->terminal && cell_is_unsafe(&c)) {
			c.text = cell_safe(safe, sizeof(safe), &c, -1);
			c.len = strlen(c.text);
		}
		put(o->f, &c);
	}
}

static void put_names(struct output *o, char separator, void (*put)(FILE *, const struct cell *),
		      const char *line_end)
{
	struct cell cell[QUERY_MAX_COLUMNS];

	for (int i = 0; i < o->columns; i++)
		cell[i] = (struct cell){ .type = CELL_TEXT, .text = o->name[i], .len = strlen(o->name[i]) };
	put_separated(o, separator, put, cell);
	fputs(line_end, o->f);
}

static void tsv_begin(struct output *o)
{
	put_names(o, '\t', put_tsv, "\n");
}

static int tsv_row(struct output *o, const struct cell *cell, struct error *err)
{
	(void)err;
	put_separated(o, '\t', put_tsv, cell);
	putc('\n', o->f);
	return 0;
}

static void csv_begin(struct output *o)
{
	put_names(o, ',', put_csv, "\r\n");
}

static int csv_row(struct output *o, const struct cell *cell, struct error *err)
{
	(void)err;
	put_separated(o, ',', put_csv, cell);
	fputs("\r\n", o->f);
	return 0;
}

static void json_begin(struct output *o)
{
	fputs("{\"schema\": 1, \"rows\": [", o->f);
}

static int json_row(struct output *o, const struct cell *cell, struct error *err)
{
	(void)err;
	fputs(o->written ? ",\n    {" : "\n    {", o->f);
	for (int i = 0; i < o->columns; i++) {
		struct cell name = { .type = CELL_TEXT, .text = o->name[i], .len = strlen(o->name[i]) };

		fputs(i ? ", " : "", o->f);
		put_json(o->f, &name);
		fputs(": ", o->f);
		put_json(o->f, &cell[i]);
	}
	putc('}', o->f);
	return 0;
}

static void json_end(struct output *o)
{
	fputs(o->written ? "\n]}\n" : "]}\n", o->f);
}

/* How much of @text fits @room: up to the last blank in it, or to the first behind it. */
static int line_of(const char *text, int room)
{
	int fits = 0;

	for (int i = 0; text[i] && (i <= room || !fits); i++)
		if (text[i] == ' ')
			fits = i;
	return (int)strlen(text) <= room || !fits ? (int)strlen(text) : fits;
}

/* The last cell of a row, which begins at column @at: in as many lines as it needs. */
static void put_last(struct output *o, const char *text, int at)
{
	int room = o->line_width - at > LAST_ROOM ? o->line_width - at : LAST_ROOM;
	int len = line_of(text, room);

	fprintf(o->f, "%.*s\n", len, text);
	for (text += len; *text; text += len) {
		text += strspn(text, " ");
		len = line_of(text, room);
		if (len)
			fprintf(o->f, "%*s%.*s\n", at, "", len, text);
	}
}

static void put_padded(struct output *o, const char *text, int width, bool right, bool last)
{
	if (right)
		fprintf(o->f, "%*s", width, text);
	else
		fprintf(o->f, "%-*s", last ? 0 : width, text);
	fputs(last ? "\n" : "  ", o->f);
}

/* A heading stands where its column's values do. */
static void put_heading(struct output *o)
{
	for (int i = 0; i < o->columns; i++) {
		char safe[CELL_ROOM];

		safe_text(safe, sizeof(safe), o->name[i], strlen(o->name[i]));
		if (o->width[i] < (int)strlen(safe))
			o->width[i] = (int)strlen(safe);
		put_padded(o, safe, o->width[i], o->number[i], i == o->columns - 1);
	}
}

static void table_release(struct output *o)
{
	for (int r = 0; r < o->rows; r++)
		for (int i = 0, at = 0; i < o->columns; i++) {
			char *text = o->held[r * o->columns + i];
			bool last = i == o->columns - 1;

			if (last && !o->number[i])
				put_last(o, text, at);
			else
				put_padded(o, text, o->width[i], o->number[i], last);
			at += o->width[i] + 2;
			free(text);
		}
	o->rows = 0;
}

static void table_end(struct output *o)
{
	if (o->written <= BATCH_ROWS)
		put_heading(o);
	table_release(o);
}

static int table_row(struct output *o, const struct cell *cell, struct error *err)
{
	if (o->rows == BATCH_ROWS) {
		if (o->written == BATCH_ROWS)
			put_heading(o);
		table_release(o);
	}
	for (int i = 0; i < o->columns; i++) {
		char safe[CELL_ROOM], *text;

		text = strdup(cell_safe(safe, sizeof(safe), &cell[i], o->digits[i]));
		if (!text)
			return fail(err, ERR_OUTPUT, "no memory");
		o->held[o->rows * o->columns + i] = text;
		o->number[i] = o->number[i] || cell_is_number(&cell[i]);
		if (o->width[i] < (int)strlen(text))
			o->width[i] = (int)strlen(text);
	}
	o->rows++;
	return 0;
}

static const struct writing writings[] = {
	[OUTPUT_TABLE] = { NULL, table_row, table_end },
	[OUTPUT_TSV] = { tsv_begin, tsv_row, NULL },
	[OUTPUT_CSV] = { csv_begin, csv_row, NULL },
	[OUTPUT_JSON] = { json_begin, json_row, json_end },
};

/* Fractions of a second are known to the nanosecond, and stand under each other. */
static int digits_of(const char *name)
{
	static const struct {
		const char *suffix;
		int digits;
	} units[] = { { "_us", 1 }, { "_ms", 3 }, { "_s", 6 } };
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		size_t n = strlen(units[i].suffix);

		if (len > n && !strcmp(name + len - n, units[i].suffix))
			return units[i].digits;
	}
	return -1;
}

static int take_names(struct answer *a, int columns, const char *const *name, struct error *err)
{
	struct output *o = (struct output *)a;

	for (int i = 0; i < columns; i++) {
		o->name[i] = strdup(name[i] ? name[i] : "");
		if (!o->name[i])
			return fail(err, ERR_OUTPUT, "no memory");
		o->digits[i] = digits_of(o->name[i]);
		o->columns = i + 1;
	}
	if (o->how == &writings[OUTPUT_TABLE]) {
		o->held = calloc((size_t)(BATCH_ROWS * columns), sizeof(*o->held));
		if (!o->held)
			return fail(err, ERR_OUTPUT, "no memory");
	}
	return 0;
}

/* Not before there is something to write: what fails at once leaves no empty heading. */
static void begin(struct output *o)
{
	if (!o->begun && o->how->begin)
		o->how->begin(o);
	o->begun = true;
}

static int take_row(struct answer *a, int columns, const struct cell *cell, struct error *err)
{
	struct output *o = (struct output *)a;
	int rc;

	if (columns != o->columns)
		return fail(err, ERR_OUTPUT, "uneven rows");
	begin(o);
	rc = o->how->row(o, cell, err);

	o->written += !rc;
	if (!rc && ferror(o->f))
		return fail_errno(err, ERR_OUTPUT, "the output cannot be written");
	return rc;
}

static int width_of(FILE *f, bool terminal)
{
	struct winsize size;

	return terminal && !ioctl(fileno(f), TIOCGWINSZ, &size) && size.ws_col ? size.ws_col : LINE_WIDTH;
}

struct output *output_new(FILE *f, enum output_format format, bool terminal)
{
	struct output *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->answer = (struct answer){ .begin = take_names, .row = take_row };
	o->f = f;
	o->how = &writings[format];
	o->terminal = terminal;
	o->line_width = width_of(f, terminal);
	return o;
}

struct answer *output_answer(struct output *o)
{
	return &o->answer;
}

void output_drop(struct output *o)
{
	for (int i = 0; o->held && i < o->rows * o->columns; i++)
		free(o->held[i]);
	for (int i = 0; i < o->columns; i++)
		free(o->name[i]);
	free(o->held);
	free(o);
}

int output_end(struct output *o, struct error *err)
{
	FILE *f = o->f;

	begin(o);
	if (o->how->end)
		o->how->end(o);
	output_drop(o);
	if (fflush(f) || ferror(f))
		return fail_errno(err, ERR_OUTPUT, "the output cannot be written");
	return 0;
}
