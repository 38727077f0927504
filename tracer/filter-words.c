/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "filter-words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "event-label.h"
#include "event-text.h"
#include "filter.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const struct group {
	const char *name;
	uint32_t kinds;
} groups[] = {
	{ "all", KIND_ALL },
	{ "default", KIND_DEFAULT },
	{ "smi", KIND_BIT(EV_SMI_ENTER) | KIND_BIT(EV_SMI_LEAVE) },
	{ "smbase", KIND_BIT(EV_SMBASE_WRITE) | KIND_BIT(EV_SMBASE_FOUND) },
	{ "reset", KIND_BIT(EV_CPU_RESET) },
	{ "cpu", KIND_BIT(EV_CPU_ADD) | KIND_BIT(EV_CPU_REMOVE) | KIND_BIT(EV_CPU_SEEN) |
		 KIND_BIT(EV_CPU_RESET) },
	{ "loss", KIND_BIT(EV_LOST) | KIND_BIT(EV_BLIND) },
	{ "interest", KIND_INTEREST },
};

static const char *const common[] = { "cpu", "source", "origin" };
static const char *const times[] = { "after", "before" };

uint32_t filter_kinds_named(const char *word)
{
	enum event_kind kind = event_kind_by_name(word, strlen(word));

	for (size_t i = 0; i < COUNT(groups); i++)
		if (!strcmp(groups[i].name, word))
			return groups[i].kinds;
	return kind == EVENT_KIND_COUNT ? 0 : KIND_BIT(kind);
}

/* ---- fields ---- */

static bool is_word(const char *name, const char *word, size_t len)
{
	return strlen(name) == len && !strncasecmp(name, word, len);
}

const char *filter_field_named(const char *word, size_t len)
{
	for (size_t i = 0; i < COUNT(common); i++)
		if (is_word(common[i], word, len))
			return common[i];
	for (int k = 0; k < EVENT_KIND_COUNT; k++)
		for (unsigned i = 0; i < event_info[k].fields; i++)
			if (is_word(event_info[k].field[i].name, word, len))
				return event_info[k].field[i].name;
	return NULL;
}

int filter_field_of(enum event_kind kind, const char *name)
{
	for (size_t i = 0; i < COUNT(common); i++)
		if (name == common[i])
			return FILTER_CPU + (int)i;
	for (unsigned i = 0; i < event_info[kind].fields; i++)
		if (!strcmp(event_info[kind].field[i].name, name))
			return (int)i;
	return -1;
}

bool filter_field_is_common(const char *name)
{
	return filter_field_of((enum event_kind)0, name) >= EVENT_ARGS;
}

bool filter_labels_handoff(const char *name)
{
	for (unsigned i = 0; i < WORD_COUNT; i++)
		if (!strcmp(handoff_label_name[i], name))
			return true;
	return false;
}

/* The names that values of a field have; NULL behind the last one. */
static const char *value_name(enum event_kind kind, int field, unsigned i)
{
	if (field < EVENT_ARGS)
		return event_word(event_info[kind].field[field].format, i);
	if (field == FILTER_SOURCE)
		return i < EVENT_SOURCE_COUNT ? event_source_info[i].name : NULL;
	if (field == FILTER_ORIGIN)
		return i < COUNT(event_origin_name) ? event_origin_name[i] : NULL;
	return NULL;
}

static bool read_number(const char *text, uint64_t *value)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	char *end;

	errno = 0;
	*value = strtoull(text, &end, hex ? 16 : 10);
	return *text >= '0' && *text <= '9' && !*end && !errno;
}

bool filter_field_value(enum event_kind kind, int field, const char *text, uint64_t *value)
{
	const char *name;

	for (unsigned i = 0; (name = value_name(kind, field, i)); i++)
		if (!strcasecmp(name, text)) {
			*value = i;
			return true;
		}
	return read_number(text, value) && (field != FILTER_CPU || *value < EVENT_MAX_CPUS);
}

bool filter_field_get(const struct event *ev, int field, uint64_t *value)
{
	switch (field) {
	case FILTER_CPU:
		*value = (uint64_t)ev->cpu;
		return ev->cpu != CPU_UNKNOWN;
	case FILTER_SOURCE:
		*value = ev->source;
		return true;
	case FILTER_ORIGIN:
		*value = ev->origin;
		return true;
	default:
		*value = ev->arg[field];
		return event_has(ev, (unsigned)field);
	}
}

/* ---- text ---- */

static const char hex_digits[] = "0123456789abcdefABCDEF";
static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";

static bool only(const char *text, size_t len, const char *chars)
{
	return strspn(text, chars) >= len;
}

/* Words of a line and a label (event_line(), event_label()) that are in no table; -1 = of all kinds. */
static const struct said {
	int kind;
	const char *word;
} said[] = {
	{ -1, "cpu" }, { -1, "inferred" }, { EV_LOST, "lost" }, { EV_CPU_RESET, "in" }, { EV_CPU_RESET, "SMM" },
	{ EV_HANDOFF, "closed" }, { EV_HANDOFF, "gate" }, { EV_HANDOFF, "base" }, { EV_HANDOFF, "about" },
	{ EV_HANDOFF, "pen" },
};

static bool kind_says(enum event_kind kind, const char *text)
{
	const struct event_info *info = &event_info[kind];
	const char *word;
	bool found = strcasestr(info->name, text);

	for (unsigned i = 0; i < info->fields && !found; i++) {
		found = strcasestr(info->field[i].name, text);
		for (unsigned w = 0; !found && (word = event_word(info->field[i].format, w)); w++)
			found = strcasestr(word, text);
	}
	for (size_t i = 0; i < COUNT(said) && !found; i++)
		found = (said[i].kind < 0 || said[i].kind == (int)kind) && strcasestr(said[i].word, text);
	for (unsigned i = 0; i < EVENT_SOURCE_COUNT && !found; i++)
		found = !strcasecmp(event_source_info[i].name, text);
	return found;
}

/* "b2=04", "9f>1", "gate=closed": labels, and the ends of a line's "cr0=0". */
static uint32_t kinds_of_pair(const char *text, size_t name)
{
	uint32_t kinds = 0;
	bool known = only(text, name, hex_digits);

	if (text[name] == '>')
		return known ? KIND_BIT(EV_IPI) : 0;
	if (text[name] != '=')
		return 0;
	for (unsigned i = 0; i < WORD_COUNT; i++)
		if (is_word(handoff_label_name[i], text, name)) {
			known = true;
			kinds |= KIND_BIT(EV_HANDOFF);
		}
	if (only(text, name, hex_digits))
		kinds |= KIND_BIT(EV_PORT) | KIND_BIT(EV_CPUHP);
	for (int k = 0; k < EVENT_KIND_COUNT; k++)
		for (unsigned i = 0; i < event_info[k].fields; i++) {
			size_t len = strlen(event_info[k].field[i].name);

			if (len >= name && !strncasecmp(event_info[k].field[i].name + len - name, text, name))
				kinds |= KIND_BIT(k);
		}
	return known ? kinds : 0;
}

uint32_t filter_kinds_saying(const char *text)
{
	size_t len = strlen(text), name = strcspn(text, FILTER_OPERATORS);
	uint32_t kinds = 0;

	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~') /* lines are printable ASCII */
			return 0;
	if (name < len)
		return kinds_of_pair(text, name);
	/* What has a digit in it may be a value, and so may be what has hexadecimal letters only. */
	if (!only(text, len, letters) || only(text, len, "abcdefABCDEFxX"))
		return KIND_ALL;
	for (int k = 0; k < EVENT_KIND_COUNT; k++)
		if (kind_says((enum event_kind)k, text))
			kinds |= KIND_BIT(k);
	return kinds;
}

/* ---- what was meant ---- */

void filter_near_values(struct nearest *near, const char *name)
{
	const char *word;

	for (int k = 0; k < EVENT_KIND_COUNT; k++) {
		int field = filter_field_of((enum event_kind)k, name);

		for (unsigned i = 0; field >= 0 && (word = value_name((enum event_kind)k, field, i)); i++)
			nearest_try(near, word);
	}
}

void filter_near_names(struct nearest *near)
{
	for (size_t i = 0; i < COUNT(common); i++)
		nearest_try(near, common[i]);
	for (size_t i = 0; i < COUNT(times); i++)
		nearest_try(near, times[i]);
	for (int k = 0; k < EVENT_KIND_COUNT; k++)
		for (unsigned i = 0; i < event_info[k].fields; i++)
			nearest_try(near, event_info[k].field[i].name);
}

void filter_near_words(struct nearest *near)
{
	for (int k = 0; k < EVENT_KIND_COUNT; k++)
		nearest_try(near, event_info[k].name);
	for (size_t i = 0; i < COUNT(groups); i++)
		nearest_try(near, groups[i].name);
	for (int k = 0; k < EVENT_KIND_COUNT; k++)
		for (unsigned i = 0; i < event_info[k].fields; i++)
			filter_near_values(near, event_info[k].field[i].name);
	for (size_t i = 0; i < COUNT(common); i++)
		filter_near_values(near, common[i]);
	filter_near_names(near);
}

/* ---- completion ---- */

#define X_FIELD(K, NAME, name, fmt) #name "=",
#define X(K, name, glyph, help) FIELDS_##K(X_FIELD, K)
static const char *const field_words[] = {
	"cpu=", "after=", "before=", "source=", "origin=", EVENT_KINDS(X)
};
#undef X
#undef X_FIELD

static bool is_first(const char *const *list, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (!strcmp(list[j], list[i]))
			return false;
	return true;
}

const char *filter_word(size_t i)
{
	if (i < COUNT(groups))
		return groups[i].name;
	i -= COUNT(groups);
	if (i < EVENT_KIND_COUNT)
		return event_info[i].name;
	i -= EVENT_KIND_COUNT;
	for (size_t f = 0; f < COUNT(field_words); f++)
		if (is_first(field_words, f) && !i--)
			return field_words[f];
	return NULL;
}
