/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "invariants-page.h"
#include "json-text.h"
#include "keys.h"
#include "../gdbproto/safe-text.h"
#include "../tracer/check/check.h"
#include "../tracer/event.h"
#include "../tracer/flow/flow.h"
#include "../tracer/nearest.h"
#include "../tracer/source.h"
#include "../tracer/sources/import.h"
#include "../tracer/wrap.h"

#define MAX_COLUMNS 5

/* A row is a text per column, the last one prose that may be long, and what stands below them, "" = nothing. */
struct row {
	char cell[MAX_COLUMNS][768];
	char note[2048];
};

/* A table that `list` can show. row() fills row @i, false behind the last one. */
struct listing {
	const char *name;
	int columns;
	const char *title[MAX_COLUMNS];
	const char *note; /* what the notes are, NULL = there are none */
	bool (*row)(size_t i, struct row *row);
};

static bool as_json, as_man;

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

static bool format_row(size_t i, struct row *row)
{
	if (!import_format_list[i].name)
		return false;
	set(row, 0, import_format_list[i].name);
	set(row, 1, import_format_list[i].help);
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

static bool invariant_row(size_t i, struct row *row)
{
	const struct invariant *inv;

	if (i >= INVARIANT_COUNT)
		return false;
	inv = invariant_list[i];
	snprintf(row->cell[0], sizeof(row->cell[0]), "%zu", i + 1);
	set(row, 1, inv->name);
	set(row, 2, check_severity_name[inv->severity]);
	set(row, 3, inv->step);
	set(row, 4, inv->rule);
	snprintf(row->note, sizeof(row->note), "%s", inv->meaning);
	return true;
}

/* "plug: added gpe [smi] ...; unplug: ...": the steps of each kind of episode, [] = may be passed over. */
static void set_steps(struct row *row, const struct flow_profile *profile)
{
	FILE *out = fmemopen(row->note, sizeof(row->note), "w");

	row->note[0] = '\0';
	for (int k = 0; k < EPISODE_KIND_COUNT && out; k++) {
		const struct flow_point *p = profile->points[k];

		if (p)
			fprintf(out, "%s%s:", k ? "; " : "", episode_kind_name[k]);
		for (; p && p->when; p++)
			fprintf(out, p->how & FLOW_OPTIONAL ? " [%s]" : " %s", flow_step_info[p->step].name);
	}
	if (out)
		fclose(out);
}

static bool profile_row(size_t i, struct row *row)
{
	if (!flow_profile_list[i])
		return false;
	set(row, 0, flow_profile_list[i]->name);
	set(row, 1, flow_profile_list[i]->help);
	set_steps(row, flow_profile_list[i]);
	return true;
}

static const struct listing listings[] = {
	{ "events", 3, { "kind", "glyph", "meaning" }, "arguments", event_row },
	{ "sources", 3, { "source", "usable", "meaning" }, NULL, source_row },
	{ "formats", 2, { "format", "meaning" }, NULL, format_row },
	{ "invariants", 5, { "number", "name", "severity", "step", "rule" }, "meaning", invariant_row },
	{ "profiles", 2, { "profile", "meaning" }, "steps", profile_row },
	{ "keys", 3, { "key", "action", "meaning" }, NULL, key_row },
};
#define LISTINGS (sizeof(listings) / sizeof(listings[0]))

const char *listing_name(size_t i)
{
	return i < LISTINGS ? listings[i].name : NULL;
}

static void find_widths(const struct listing *l, int width[MAX_COLUMNS])
{
	struct row row;

	for (int c = 0; c < l->columns; c++)
		width[c] = (int)strlen(l->title[c]);
	for (size_t i = 0; l->row(i, &row); i++)
		for (int c = 0; c < l->columns; c++)
			if ((int)strlen(row.cell[c]) > width[c])
				width[c] = (int)strlen(row.cell[c]);
}

/* Prose gets at least half of the line. */
static int note_indent(int at)
{
	return at > WRAP_WIDTH / 2 ? 8 : at;
}

static void print_row(const struct listing *l, const int width[MAX_COLUMNS], const char *const *cell,
		      const char *note)
{
	int at = 0, indent;

	for (int c = 0; c < l->columns - 1; c++)
		at += printf("%-*s  ", width[c], cell[c]);
	wrap_text(stdout, cell[l->columns - 1], at, at);
	if (*note) {
		indent = note_indent(at);
		at = printf("%*s%s: ", indent, "", l->note);
		wrap_text(stdout, note, at, indent + 2);
	}
}

static void print_text(const struct listing *l)
{
	int width[MAX_COLUMNS];
	struct row row = { 0 };

	find_widths(l, width);
	print_row(l, width, l->title, "");
	for (size_t i = 0; l->row(i, &row); i++) {
		const char *cell[MAX_COLUMNS];

		for (int c = 0; c < MAX_COLUMNS; c++)
			cell[c] = row.cell[c];
		print_row(l, width, cell, row.note);
	}
}

static void print_json(const struct listing *l)
{
	struct row row;

	printf("{\"schema\": 1, \"%s\": [", l->name);
	for (size_t i = 0; l->row(i, &row); i++) {
		printf("%s\n    {", i ? "," : "");
		for (int c = 0; c < l->columns; c++) {
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

static int no_page(const char *name)
{
	struct error err;

	fail(&err, ERR_USAGE, "list: --man makes the page of the invariants, not one of %s", name);
	return cmd_report(&err);
}

static int run(const struct cmd *cmd, int argc, char **argv)
{
	(void)cmd;
	(void)argc;
	for (size_t i = 0; i < LISTINGS; i++) {
		if (strcmp(listings[i].name, argv[0]))
			continue;
		if (as_man && listings[i].row != invariant_row)
			return no_page(argv[0]);
		if (as_man)
			invariants_page(stdout);
		else if (as_json)
			print_json(&listings[i]);
		else
			print_text(&listings[i]);
		return 0;
	}
	return unknown_listing(argv[0]);
}

static const struct opt opts[] = {
	{ 0, "json", OPT_FLAG, &as_json, NULL, "write one JSON document instead of columns" },
	{ 0, "man", OPT_FLAG, &as_man, NULL, "write smmtrace-invariants(7) instead of columns" },
	{ 0, NULL, OPT_FLAG, NULL, NULL, NULL },
};

const struct cmd cmd_list = {
	.name = "list",
	.summary = "List what smmtrace knows: events, sources, formats, invariants, profiles, keys.",
	.usage = "events|sources|formats|invariants|profiles|keys [--json] [--man]",
	.opts = opts,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
