/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "cmd-value.h"
#include "filter.h"
#include "filter-words.h"
#include "../gdbproto/safe-text.h"

#define DELIMITERS " \t,"

struct parser {
	struct filter *f;
	uint32_t plus, minus;
	bool asks;              /* a field is compared: kinds that have it are wanted */
	bool polls;             /* a kind was named that says so */
	struct filter_term *last; /* the comparison that a comma may go on with; NULL = none */
	struct error *err;
};

static const struct {
	const char *sign;
	enum filter_op op;
} operators[] = {
	{ "!=", FILTER_NE }, { "<=", FILTER_LE }, { ">=", FILTER_GE }, { "=", FILTER_EQ }, { "<", FILTER_LT },
	{ ">", FILTER_GT },
};
#define OPERATORS (sizeof(operators) / sizeof(operators[0]))

/* ---- what is wrong ---- */

static int refuse(struct parser *p, const char *word, const char *what, const struct nearest *near,
		  const char *else_what)
{
	char safe[80];

	safe_text(safe, sizeof(safe), word, strlen(word));
	if (near->best)
		return fail(p->err, ERR_USAGE, "%s \"%s\"; did you mean \"%s\"?", what, safe, near->best);
	return fail(p->err, ERR_USAGE, "%s \"%s\"; %s", what, safe, else_what);
}

static int no_word(struct parser *p, const char *word)
{
	struct nearest near = nearest_to(word);

	filter_near_words(&near);
	return refuse(p, word, "no event has", &near, "see smmtrace list events, smmtrace-filter(7)");
}

static int no_field(struct parser *p, const char *word, size_t len)
{
	struct nearest near = nearest_to_len(word, len);
	char name[FILTER_TEXT];

	snprintf(name, sizeof(name), "%.*s", (int)len, word);
	filter_near_names(&near);
	return refuse(p, name, "no event has a field", &near, "see smmtrace list events, smmtrace-filter(7)");
}

static int no_value(struct parser *p, const char *name, const char *value)
{
	struct nearest near = nearest_to(value);
	char what[80];

	filter_near_values(&near, name);
	snprintf(what, sizeof(what), "%s cannot be", name);
	return refuse(p, value, what, &near, strcmp(name, "cpu") ? "it takes a value as the events show it, "
		      "decimal, 0x..., or \"?\"" : "it takes 0 .. 255, or \"?\"");
}

/* ---- words ---- */

static struct filter_term *new_term(struct parser *p, const char *text, const char *value)
{
	struct filter *f = p->f;
	struct filter_term *t = &f->term[f->terms];
	size_t room = sizeof(f->words) - f->used;
	int len = snprintf(f->words + f->used, room, "%s%s", text, value);

	if (f->terms == FILTER_TERMS || len < 0 || (size_t)len >= room) {
		fail(p->err, ERR_USAGE, "too many words to look for; %d are taken", FILTER_TERMS);
		return NULL;
	}
	*t = (struct filter_term){ .at = (uint16_t)f->used };
	f->used += (unsigned)len + 1;
	f->terms++;
	return t;
}

static int take_text(struct parser *p, const char *word, bool without)
{
	struct filter_term *t;

	if (!filter_kinds_saying(word))
		return no_word(p, word);
	t = new_term(p, word, "");
	if (!t)
		return -(int)ERR_USAGE;
	t->without = without;
	t->kinds = filter_kinds_saying(word);
	return 0;
}

/* Which kinds can fit, and with what. */
static void aim(struct filter_term *t, const char *value)
{
	t->unknown = !strcmp(value, "?") && (t->op == FILTER_EQ || t->op == FILTER_NE);
	for (int k = 0; k < EVENT_KIND_COUNT; k++) {
		int field = filter_field_of((enum event_kind)k, t->name);

		t->field[k] = -1;
		if (field < 0 || !(t->unknown || filter_field_value((enum event_kind)k, field, value, &t->value[k])))
			continue;
		t->field[k] = (int8_t)field;
		t->kinds |= KIND_BIT(k);
	}
}

/* @name is one of filter_field_named(). */
static int take_comparison(struct parser *p, const char *name, enum filter_op op, bool without,
			   const char *value)
{
	char front[80];
	struct filter_term *t;

	snprintf(front, sizeof(front), "%s=", name);
	t = new_term(p, front, value);
	if (!t)
		return -(int)ERR_USAGE;
	t->name = name;
	t->op = (uint8_t)op;
	t->without = without;
	aim(t, value);
	t->label = op == FILTER_EQ && *value && filter_labels_handoff(name);
	t->kinds |= t->label ? KIND_BIT(EV_HANDOFF) : 0;
	if (!t->kinds)
		return no_value(p, name, value);
	p->asks |= !without && !filter_field_is_common(name);
	p->last = t;
	return 0;
}

static int take_time(struct parser *p, bool after, const char *value)
{
	int64_t ns;

	if (cmd_time(value, &ns, p->err) < 0)
		return -(int)ERR_USAGE;
	if (after && ns > p->f->after_ns)
		p->f->after_ns = ns;
	if (!after && ns < p->f->before_ns)
		p->f->before_ns = ns;
	return 0;
}

/* NAME OPERATOR VALUE; @len is that of NAME. */
static int take_pair(struct parser *p, const char *word, size_t len, bool without)
{
	const char *name = filter_field_named(word, len);
	size_t i = 0;

	while (i < OPERATORS && strncmp(word + len, operators[i].sign, strlen(operators[i].sign)))
		i++;
	if (i < OPERATORS && name)
		return take_comparison(p, name, operators[i].op, without, word + len + strlen(operators[i].sign));
	if (!strncmp(word, "after=", 6) || !strncmp(word, "before=", 7))
		return without ? fail(p->err, ERR_USAGE, "a time takes no \"-\" in front; before= is the rest of after=") :
				 take_time(p, *word == 'a', word + len + 1);
	if (filter_kinds_saying(word))
		return take_text(p, word, without);
	return no_field(p, word, len);
}

static bool is_cpu_number(const char *word)
{
	return !strncmp(word, "cpu", 3) && word[3] && !word[3 + strspn(word + 3, "0123456789")];
}

static int take_word(struct parser *p, const char *word, bool goes_on)
{
	bool without = word[0] == '-' && word[1];
	const char *bare = word + without;
	uint32_t kinds = filter_kinds_named(bare);
	const struct filter_term *last = goes_on ? p->last : NULL;
	size_t len = strcspn(bare, FILTER_OPERATORS);

	p->last = NULL;
	if (kinds) {
		*(without ? &p->minus : &p->plus) |= kinds;
		p->polls |= !without && kinds != KIND_DEFAULT && (kinds & KIND_BIT(EV_CPUHP));
		return 0;
	}
	if (bare[len])
		return take_pair(p, bare, len, without);
	if (is_cpu_number(bare))
		return take_comparison(p, filter_field_named("cpu", 3), FILTER_EQ, without, bare + 3);
	if (last && !without)
		return take_comparison(p, last->name, (enum filter_op)last->op, last->without, bare);
	return take_text(p, bare, without);
}

/* ---- all of them ---- */

static bool same_question(const struct filter_term *a, const struct filter_term *b)
{
	return a->name && a->name == b->name && a->op == FILTER_EQ && b->op == FILTER_EQ && !b->without;
}

/* A word that must fit leaves only the kinds that can. */
static uint32_t kinds_of_terms(const struct filter *f)
{
	uint32_t kinds = KIND_ALL;

	for (unsigned i = 0; i < f->terms; i++) {
		uint32_t these = f->term[i].kinds;

		for (unsigned j = 0; j < f->terms; j++)
			these |= same_question(&f->term[i], &f->term[j]) ? f->term[j].kinds : 0;
		if (!f->term[i].without)
			kinds &= these;
	}
	return kinds;
}

/* The one CPU that is asked for. */
static int only_cpu(const struct filter *f)
{
	int cpu = FILTER_ANY_CPU, words = 0;

	for (unsigned i = 0; i < f->terms; i++) {
		const struct filter_term *t = &f->term[i];

		if (!t->name || t->field[0] != FILTER_CPU || t->op != FILTER_EQ || t->without)
			continue;
		words++;
		cpu = t->unknown ? CPU_UNKNOWN : (int)t->value[0];
	}
	return words == 1 ? cpu : FILTER_ANY_CPU;
}

static int conclude(struct parser *p, const char *text, const struct filter *from)
{
	struct filter *f = p->f;
	char safe[FILTER_TEXT];

	f->kinds = (p->plus ? p->plus : p->asks ? KIND_ALL : from->kinds) & ~p->minus & kinds_of_terms(f);
	f->polls = from->polls || p->polls || p->asks;
	f->cpu = only_cpu(f);
	if (f->kinds && f->after_ns < f->before_ns)
		return 0;
	safe_text(safe, sizeof(safe), text, strlen(text));
	return fail(p->err, ERR_USAGE, "no event can be all of \"%s\"", safe);
}

int filter_parse(struct filter *f, const char *text, const struct filter *from, struct error *err)
{
	struct filter made = *from;
	struct parser p = { .f = &made, .err = err };
	char copy[FILTER_TEXT];
	int rc = 0;

	if ((size_t)snprintf(copy, sizeof(copy), "%s", text) >= sizeof(copy))
		return fail(err, ERR_USAGE, "longer than %zu characters", sizeof(copy) - 1);
	for (char *at = copy; !rc && *at;) {
		size_t gap = strspn(at, DELIMITERS), len = strcspn(at + gap, DELIMITERS);
		bool goes_on = gap == 1 && *at == ',', more = at[gap + len];

		at[gap + len] = '\0';
		if (len)
			rc = take_word(&p, at + gap, goes_on);
		at += gap + len;
		if (more)
			*at = text[at - copy];
	}
	if (!rc)
		rc = conclude(&p, text, from);
	if (rc)
		return rc;
	snprintf(made.text, sizeof(made.text), "%s", text);
	made.begin_ns = f->begin_ns;
	*f = made;
	return 0;
}

int filter_option(struct filter *f, const char *text, const struct filter *from, struct error *err)
{
	struct error why;

	*f = *from;
	if (!text || filter_parse(f, text, from, &why) >= 0)
		return 0;
	return fail(err, ERR_USAGE, "option --filter: %s", why.text);
}
