/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "complete.h"

#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "../db/commands.h"
#include "../db/query.h"
#include "../tracer/check/check.h"
#include "../tracer/event.h"
#include "../tracer/filter-words.h"
#include "../tracer/flow/flow.h"
#include "../tracer/sources/import.h"

#define MAX_TABLES 2

/* The @i-th name of a table, NULL behind the last one. */
typedef const char *(*name_at)(size_t i);

static const char *event_name(size_t i)
{
	return i < EVENT_KIND_COUNT ? event_info[i].name : NULL;
}

/* How an episode can end; the first status is "running". */
static const char *end_name(size_t i)
{
	return i + 1 < EPISODE_STATUS_COUNT ? episode_status_name[i + 1] : NULL;
}

static const char *step_name(size_t i)
{
	return i < FLOW_STEP_COUNT ? flow_step_info[i].name : NULL;
}

static const char *invariant_name(size_t i)
{
	return i < INVARIANT_COUNT ? invariant_list[i]->name : NULL;
}

static const char *auto_name(size_t i)
{
	return i ? NULL : "auto";
}

static const char *profile_name(size_t i)
{
	return flow_profile_list[i] ? flow_profile_list[i]->name : NULL;
}

static const char *question_name(size_t i)
{
	return questions[i].name;
}

static const char *format_name(size_t i)
{
	return import_format_list[i].name;
}

/* What a word is taken from. */
struct choice {
	name_at table[MAX_TABLES];
	const char *ask;    /* the shell */
	const char *behind; /* what follows each name */
	bool list;          /* a comma separates several, a dash may stand in front */
};

static const struct choice files = { .ask = "<files>" }, recordings = { .ask = "<recordings>" },
	programs = { .ask = "<programs>" }, invariant_names = { .table = { invariant_name } },
	invariant_lists = { .table = { invariant_name }, .list = true },
	deadlines = { .table = { step_name }, .behind = "=", .list = true },
	profiles = { .table = { auto_name, profile_name } }, ends = { .table = { event_name, end_name } },
	filters = { .table = { filter_word }, .list = true }, formats = { .table = { format_name } },
	listings = { .table = { listing_name } }, named_questions = { .table = { question_name } };

/* The values of options: by the option's name, else by what the help calls the value. */
static const struct value {
	const char *name, *arg;
	const struct choice *choice;
} values[] = {
	{ "check", "LIST", &invariant_lists }, { "explain", "NAME", &invariant_names },
	{ "format", "NAME", &formats }, { "profile", "NAME", &profiles }, { "until", "EVENT", &ends },
	{ "deadline", "LIST", &deadlines }, { "filter", "EXPR", &filters }, { NULL, "FILE", &files },
	{ NULL, "PATH", &files },
};

/* Arguments by their position, and behind it where @on is set. */
static const struct place {
	const struct cmd *cmd;
	int position;
	bool on;
	const struct choice *choice;
} places[] = {
	{ &cmd_view, 0, false, &recordings }, { &cmd_report_view, 0, false, &recordings },
	{ &cmd_check, 0, false, &recordings }, { &cmd_diff, 0, true, &recordings },
	{ &cmd_export, 0, false, &recordings }, { &cmd_import, 0, false, &files }, { &cmd_query, 0, false, &recordings },
	{ &cmd_query, 1, false, &named_questions }, { &cmd_list, 0, false, &listings },
	{ &cmd_run, 0, false, &programs }, { &cmd_run, 1, true, &files },
};

/* The line @before NAME @behind if that begins with @prefix. */
static void offer(const char *prefix, const char *before, size_t before_len, const char *name,
		  const char *behind)
{
	char line[256];

	snprintf(line, sizeof(line), "%.*s%s%s", (int)before_len, before, name, behind ? behind : "");
	if (!strncmp(line, prefix, strlen(prefix)))
		puts(line);
}

/* How much of @word stays: all up to its last comma, and a dash behind that. */
static size_t kept(const char *word)
{
	const char *comma = strrchr(word, ',');
	size_t n = comma ? (size_t)(comma - word) + 1 : 0;

	return n + (word[n] == '-');
}

/* @word without its first @skip characters is one of @choice. */
static void offer_choice(const struct choice *choice, const char *word, size_t skip)
{
	size_t keep = skip + (choice->list ? kept(word + skip) : 0);

	if (choice->ask)
		puts(choice->ask);
	for (int t = 0; t < MAX_TABLES && choice->table[t]; t++)
		for (size_t i = 0; choice->table[t](i); i++)
			offer(word, word, keep, choice->table[t](i), choice->behind);
}

static void offer_value(const struct opt *o, const char *word, size_t skip)
{
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if ((!values[i].name || !strcmp(values[i].name, o->name)) && !strcmp(values[i].arg, o->arg)) {
			offer_choice(values[i].choice, word, skip);
			return;
		}
}

static void offer_options(const struct cmd *cmd, const char *word)
{
	for (const struct opt *o = cmd->opts; o->name; o++)
		offer(word, "--", 2, o->name, o->arg ? "=" : "");
	offer(word, "--", 2, "help", NULL);
}

static void offer_argument(const struct cmd *cmd, int position, const char *word)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (places[i].cmd == cmd && (places[i].position == position ||
					     (places[i].on && places[i].position < position))) {
			offer_choice(places[i].choice, word, 0);
			return;
		}
}

static void offer_commands(const struct cmd *const *commands, const char *word, bool with_options)
{
	for (; *commands; commands++)
		offer(word, "", 0, (*commands)->name, NULL);
	offer(word, "", 0, "help", NULL);
	if (with_options && *word == '-') {
		offer(word, "", 0, "--help", NULL);
		offer(word, "", 0, "--version", NULL);
	}
}

/* The option that @word is, with its value in it or not; NULL = none. */
static const struct opt *option_of(const struct cmd *cmd, const char *word)
{
	size_t len = strcspn(word, "=");

	for (const struct opt *o = cmd->opts; o->name && word[0] == '-' && word[1]; o++)
		if (word[1] == '-' ? strlen(o->name) == len - 2 && !strncmp(o->name, word + 2, len - 2)
				   : word[1] == o->letter)
			return o;
	return NULL;
}

/* The option whose value the word behind @word is; NULL = none. */
static const struct opt *wants_value(const struct cmd *cmd, const char *word)
{
	const struct opt *o = option_of(cmd, word);

	return o && o->arg && (word[1] == '-' ? !strchr(word, '=') : !word[2]) ? o : NULL;
}

static void complete_last(const struct cmd *cmd, int position, bool arguments_only, const char *word)
{
	const char *equals = strchr(word, '=');
	const struct opt *o = equals && !arguments_only ? option_of(cmd, word) : NULL;

	if (o && o->arg && word[1] == '-')
		offer_value(o, word, (size_t)(equals - word) + 1);
	else if (*word == '-' && !arguments_only)
		offer_options(cmd, word);
	else if (!cmd->rest_after_dashes || arguments_only)
		offer_argument(cmd, position, word);
}

static void complete_command(const struct cmd *cmd, int count, char **word)
{
	const char *last = word[count - 1];
	bool arguments_only = false;
	int position = 0;

	for (int i = 0; i < count - 1; i++) {
		const struct opt *o = arguments_only ? NULL : wants_value(cmd, word[i]);

		if (o && i == count - 2) {
			offer_value(o, last, 0);
			return;
		}
		if (o)
			i++;
		else if (!arguments_only && !strcmp(word[i], "--"))
			arguments_only = true;
		else if (arguments_only || word[i][0] != '-')
			position++;
	}
	complete_last(cmd, position, arguments_only, last);
}

void complete(const struct cmd *const *commands, int count, char **word)
{
	if (count == 1)
		offer_commands(commands, word[0], true);
	else if (count == 2 && !strcmp(word[0], "help"))
		offer_commands(commands, word[1], false);
	for (; count > 1 && *commands; commands++)
		if (!strcmp((*commands)->name, word[0]))
			complete_command(*commands, count - 1, word + 1);
}
