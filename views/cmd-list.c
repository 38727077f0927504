/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "json-text.h"
#include "keys.h"
#include "../gdbproto/safe-text.h"
#include "../tracer/event.h"
#include "../tracer/nearest.h"
#include "../tracer/source.h"
#include "../tracer/wrap.h"

#define COLUMNS 3

/* A row is COLUMNS texts, the last one prose that may be long, and what stands below them, "" = nothing. */
struct row {
	char cell[COLUMNS][768];
	char note[256];
};

/* A table that `list` can show. row() fills row @i, false behind the last one. */
struct listing {
	const char *name;
	const char *title[COLUMNS];
	const char *note; /* what the notes are, NULL = there are none */
	bool (*row)(size_t i, struct row *row);
};

static bool as_json;

static void set(struct row *row, int column, const char *text)
{
	snprintf(row->cell[column], sizeof(row->cell[column]), "%s", text);
}

/* "smbase rip via": the arguments of a kind, in storage order. */
static void set_arguments(struct row *row, const struct event_info *info)
{
	size_t used = 0;

	row->note[0] = '\0';
	for (unsigned i = 0; i < info->fields && used < sizeof(row->note); i++)
		used += (size_t)snprintf(row->note + used, sizeof(row->note) - used, "%s%s", i ? " " : "",
					 info->field[i].name);
}

static bool event_row(size_t i, struct row *row)
{
	if (i >= EVENT_KIND_COUNT)
		return false;
	set(row, 0, event_info[i].name);
	snprintf(row->cell[1], sizeof(row->cell[1]), "%c", event_info[i].glyph);
	set(row, 2, event_info[i].help);
	set_arguments(row, &event_info[i]);
	return true;
}

static bool source_row(size_t i, struct row *row)
{
	struct error err;

	if (!source_list[i])
		return false;
	set(row, 0, source_list[i]->name);
	if (source_list[i]->probe(&err) < 0) {
		set(row, 1, "no");
		snprintf(row->cell[2], sizeof(row->cell[2]), "%s; %s", source_list[i]->summary, err.text);
	} else {
		set(row, 1, "yes");
		set(row, 2, source_list[i]->summary);
	}
	return true;
}

static bool key_row(size_t i, struct row *row)
{
	if (i >= ACTION_COUNT)
		return false;
	set(row, 0, key_info[i].keys);
	set(row, 1, key_info[i].name);
	set(row, 2, key_info[i].help);
	return true;
}

static const struct listing listings[] = {
	{ "events", { "kind", "glyph", "meaning" }, "arguments", event_row },
	{ "sources", { "source", "usable", "meaning" }, NULL, source_row },
	{ "keys", { "key", "action", "meaning" }, NULL, key_row },
};
#define LISTINGS (sizeof(listings) / sizeof(listings[0]))

static void find_widths(const struct listing *l, int width[COLUMNS])
{
	struct row row;

	for (int c = 0; c < COLUMNS; c++)
		width[c] = (int)strlen(l->title[c]);
	for (size_t i = 0; l->row(i, &row); i++)
		for (int c = 0; c < COLUMNS; c++)
			if ((int)strlen(row.cell[c]) > width[c])
				width[c] = (int)strlen(row.cell[c]);
}

static void print_row(const char *const cell[COLUMNS], const int width[COLUMNS], const char *label,
		      const char *note)
{
	int at = 0, indent;

	for (int c = 0; c < COLUMNS - 1; c++)
		at += printf("%-*s  ", width[c], cell[c]);
	indent = at;
	wrap_text(stdout, cell[COLUMNS - 1], at, indent);
	if (label && *note) {
		at = printf("%*s%s: ", indent, "", label);
		wrap_text(stdout, note, at, indent + 2);
	}
}

static void print_text(const struct listing *l)
{
	int width[COLUMNS];
	struct row row;

	find_widths(l, width);
	print_row(l->title, width, NULL, NULL);
	for (size_t i = 0; l->row(i, &row); i++)
		print_row((const char *const[]){ row.cell[0], row.cell[1], row.cell[2] }, width, l->note,
			  row.note);
}

static void print_json(const struct listing *l)
{
	struct row row;

	printf("{\"schema\": 1, \"%s\": [", l->name);
	for (size_t i = 0; l->row(i, &row); i++) {
		printf("%s\n    {", i ? "," : "");
		for (int c = 0; c < COLUMNS; c++) {
			printf("%s\"%s\": ", c ? ", " : "", l->title[c]);
			json_text(stdout, row.cell[c]);
		}
		if (l->note) {
			printf(", \"%s\": ", l->note);
			json_text(stdout, row.note);
		}
		putchar('}');
	}
	puts("\n]}");
}

static int unknown_listing(const char *name)
{
	struct nearest near = nearest_to(name);
	struct error err;
	char safe[64], names[128];
	size_t used = 0;

	for (size_t i = 0; i < LISTINGS; i++) {
		nearest_try(&near, listings[i].name);
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", i ? ", " : "",
					 listings[i].name);
	}
	safe_text(safe, sizeof(safe), name, strlen(name));
	if (near.best)
		fail(&err, ERR_USAGE, "list: no list \"%s\"; did you mean \"%s\"?", safe, near.best);
	else
		fail(&err, ERR_USAGE, "list: no list \"%s\"; there are: %s", safe, names);
	return cmd_report(&err);
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	(void)cmd;
	(void)argc;
	for (size_t i = 0; i < LISTINGS; i++) {
		if (strcmp(listings[i].name, argv[0]))
			continue;
		if (as_json)
			print_json(&listings[i]);
		else
			print_text(&listings[i]);
		return 0;
	}
	return unknown_listing(argv[0]);
}

static const struct opt opts[] = {
	{ 0, "json", OPT_FLAG, &as_json, NULL, "write one JSON document instead of columns" },
	{ 0, NULL, OPT_FLAG, NULL, NULL, NULL },
};

const struct cmd cmd_list = {
	.name = "list",
	.summary = "List what smmtrace knows: kinds of events, sources, keys of the timeline.",
	.usage = "events|sources|keys [--json]",
	.opts = opts,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
