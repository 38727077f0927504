/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd.h"

#include <stdio.h>
#include <string.h>

#include "cmd-value.h"
#include "nearest.h"
#include "../gdbproto/safe-text.h"

/* What a run of the parser knows. argv[1 .. kept] are the positionals found so far. */
struct parse {
	const struct cmd *cmd;
	int argc;
	char **argv;
	int next;          /* index of the first word not yet looked at */
	int kept;
	struct error *err;
};

/* An option as the user wrote it: "--for", "-o". Safe to print. */
struct spelt {
	char text[48];
};

static struct spelt spell(const char *dashes, const char *name, size_t len)
{
	struct spelt s;
	size_t used = (size_t)snprintf(s.text, sizeof(s.text), "%s", dashes);

	safe_text(s.text + used, sizeof(s.text) - used, name, len);
	return s;
}

static void keep(struct parse *p, char *word)
{
	p->argv[++p->kept] = word;
}

static const struct opt *find_long(const struct cmd *cmd, const char *name, size_t len)
{
	for (const struct opt *o = cmd->opts; o && o->name; o++)
		if (strlen(o->name) == len && !memcmp(o->name, name, len))
			return o;
	return NULL;
}

static const struct opt *find_letter(const struct cmd *cmd, char letter)
{
	for (const struct opt *o = cmd->opts; o && o->name; o++)
		if (o->letter && o->letter == letter)
			return o;
	return NULL;
}

static int unknown_long(struct parse *p, const char *name, size_t len)
{
	struct spelt s = spell("--", name, len);
	struct nearest near = nearest_to_len(name, len);

	nearest_try(&near, "help");
	for (const struct opt *o = p->cmd->opts; o && o->name; o++)
		nearest_try(&near, o->name);
	if (near.best)
		return fail(p->err, ERR_USAGE, "%s: unknown option %s; did you mean --%s?", p->cmd->name,
			    s.text, near.best);
	return fail(p->err, ERR_USAGE, "%s: unknown option %s; see smmtrace %s --help", p->cmd->name, s.text,
		    p->cmd->name);
}

static int store(struct parse *p, const struct opt *o, const char *value, const struct spelt *s)
{
	struct error why;

	if (!*value)
		return fail(p->err, ERR_USAGE, "%s: option %s needs a value (%s), not an empty word",
			    p->cmd->name, s->text, o->arg);
	switch (o->type) {
	case OPT_STRING:
		*(const char **)o->value = value;
		return 0;
	case OPT_NUMBER:
		if (cmd_number(value, o->value, &why) < 0)
			break;
		return 0;
	case OPT_TIME:
		if (cmd_time(value, o->value, &why) < 0)
			break;
		return 0;
	case OPT_FLAG:
	default:
		return fail(p->err, ERR_USAGE, "%s: option %s takes no value", p->cmd->name, s->text);
	}
	return fail(p->err, ERR_USAGE, "%s: option %s: %s", p->cmd->name, s->text, why.text);
}

/* The value of @o: glued to the option when @glued, else the next word. */
static int take_value(struct parse *p, const struct opt *o, const char *glued, const struct spelt *s)
{
	if (glued)
		return store(p, o, glued, s);
	if (p->next >= p->argc || !strcmp(p->argv[p->next], "--"))
		return fail(p->err, ERR_USAGE, "%s: option %s needs a value (%s)", p->cmd->name, s->text,
			    o->arg);
	return store(p, o, p->argv[p->next++], s);
}

static int help(struct parse *p)
{
	cmd_print_help(p->cmd);
	return CMD_HELP_SHOWN;
}

static int parse_long(struct parse *p, const char *name)
{
	const char *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	struct spelt s = spell("--", name, len);
	const struct opt *o = find_long(p->cmd, name, len);

	if (!o && !strcmp(name, "help"))
		return help(p);
	if (!o)
		return unknown_long(p, name, len);
	if (o->type != OPT_FLAG)
		return take_value(p, o, equals ? equals + 1 : NULL, &s);
	if (equals)
		return fail(p->err, ERR_USAGE, "%s: option %s takes no value", p->cmd->name, s.text);
	*(bool *)o->value = true;
	return 0;
}

/* "-o FILE", "-oFILE", "-fo FILE": flags may share a dash, the last may take a value. */
static int parse_letters(struct parse *p, const char *letters)
{
	for (; *letters; letters++) {
		struct spelt s = spell("-", letters, 1);
		const struct opt *o = find_letter(p->cmd, *letters);

		if (!o && *letters == 'h')
			return help(p);
		if (!o)
			return fail(p->err, ERR_USAGE, "%s: unknown option %s; see smmtrace %s --help",
				    p->cmd->name, s.text, p->cmd->name);
		if (o->type != OPT_FLAG)
			return take_value(p, o, letters[1] ? letters + 1 : NULL, &s);
		*(bool *)o->value = true;
	}
	return 0;
}

/* All that follows "--" is positional; the dashes stay with it where the command wants them. */
static void keep_rest(struct parse *p, char *dashes)
{
	if (p->cmd->rest_after_dashes)
		keep(p, dashes);
	while (p->next < p->argc)
		keep(p, p->argv[p->next++]);
}

static int parse_word(struct parse *p)
{
	char *word = p->argv[p->next++];

	if (!strcmp(word, "--"))
		return keep_rest(p, word), 0;
	if (word[0] == '-' && word[1] == '-')
		return parse_long(p, word + 2);
	if (word[0] == '-' && word[1])
		return parse_letters(p, word + 1);
	keep(p, word);
	return 0;
}

static int check_count(struct parse *p)
{
	const struct cmd *cmd = p->cmd;
	char word[64];

	if (p->kept < cmd->min_args)
		return fail(p->err, ERR_USAGE, "%s: an argument is missing; usage: smmtrace %s %s", cmd->name,
			    cmd->name, cmd->usage);
	if (cmd->max_args < 0 || p->kept <= cmd->max_args)
		return p->kept;
	safe_text(word, sizeof(word), p->argv[cmd->max_args + 1], strlen(p->argv[cmd->max_args + 1]));
	return fail(p->err, ERR_USAGE, "%s: unexpected argument \"%s\"; usage: smmtrace %s %s", cmd->name,
		    word, cmd->name, cmd->usage);
}

int cmd_parse(const struct cmd *cmd, int argc, char **argv, struct error *err)
{
	struct parse p = { .cmd = cmd, .argc = argc, .argv = argv, .next = 1, .err = err };

	while (p.next < p.argc) {
		int status = parse_word(&p);

		if (status < 0)
			return status;
	}
	if (p.kept + 1 < argc)
		argv[p.kept + 1] = NULL;
	return check_count(&p);
}

int cmd_report(const struct error *err)
{
	char line[4 * sizeof(err->text)], *at = line;

	for (const unsigned char *c = (const unsigned char *)err->text; *c; c++)
		at += sprintf(at, *c >= 0x20 && *c < 0x7f ? "%c" : "\\x%02x", *c);
	*at = '\0';
	fprintf(stderr, "smmtrace: %s\n", line);
	return (int)err->code;
}
