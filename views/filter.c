/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "marks.h"
#include "text.h"
#include "../tracer/event-text.h"

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

static uint32_t kinds_named(const char *word)
{
	enum event_kind kind = event_kind_by_name(word, strlen(word));

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (!strcmp(groups[i].name, word))
			return groups[i].kinds;
	return kind == EVENT_KIND_COUNT ? 0 : KIND_BIT(kind);
}

/* "cpu=3" or "cpu3". */
static bool cpu_named(const char *word, int *cpu)
{
	const char *digits = word + 3 + (!strncmp(word, "cpu=", 4) ? 1 : 0);
	char *end;
	long n;

	if (strncmp(word, "cpu", 3) || *digits < '0' || *digits > '9')
		return false;
	n = strtol(digits, &end, 10);
	if (*end || n >= EVENT_MAX_CPUS)
		return false;
	*cpu = (int)n;
	return true;
}

static bool take_word(struct filter *f, const char *word, uint32_t *plus, uint32_t *minus)
{
	bool without = word[0] == '-';
	uint32_t kinds = kinds_named(word + without);

	*(without ? minus : plus) |= kinds;
	f->polls |= !without && kinds != KIND_DEFAULT && (kinds & KIND_BIT(EV_CPUHP));
	return kinds || (!without && cpu_named(word, &f->cpu));
}

int filter_parse(struct filter *f, const char *text, struct error *err)
{
	struct filter made = FILTER_DEFAULT;
	uint32_t plus = 0, minus = 0;
	char copy[sizeof(made.text)], *save = NULL;

	if ((size_t)snprintf(copy, sizeof(copy), "%s", text) >= sizeof(copy))
		return fail(err, ERR_USAGE, "filter longer than %zu characters", sizeof(copy) - 1);
	for (char *word = strtok_r(copy, " ,", &save); word; word = strtok_r(NULL, " ,", &save))
		if (!take_word(&made, word, &plus, &minus))
			return fail(err, ERR_USAGE,
				    "no event kind '%s' (smmtrace list events; or cpu=N, smi, all)", word);
	made.kinds = (plus ? plus : KIND_DEFAULT) & ~minus;
	if (!made.kinds)
		return fail(err, ERR_USAGE, "the filter '%s' would show nothing", text);
	snprintf(made.text, sizeof(made.text), "%s", text);
	*f = made;
	return 0;
}

bool filter_takes(const struct filter *f, const struct event *ev)
{
	if (!(f->kinds & KIND_BIT(ev->kind)) || (f->cpu != FILTER_ANY_CPU && f->cpu != ev->cpu))
		return false;
	return ev->kind != EV_CPUHP || f->polls || text_of_interest(ev);
}

bool event_of_interest(const struct event *ev)
{
	uint64_t mode = event_get(ev, IPI_MODE, IPI_FIXED);

	if (ev->kind == EV_IPI)
		return mode == IPI_INIT || mode == IPI_SIPI;
	return KIND_INTEREST & KIND_BIT(ev->kind);
}

const char *event_line(char *out, size_t size, const struct event *ev)
{
	char detail[320];
	int used;

	event_detail(detail, sizeof(detail), ev);
	if (ev->cpu == CPU_UNKNOWN)
		used = snprintf(out, size, "%-12s       %s", event_info[ev->kind].name, detail);
	else
		used = snprintf(out, size, "%-12s cpu%-3d %s", event_info[ev->kind].name, ev->cpu, detail);
	if (ev->origin == ORIGIN_INFERRED && used > 0 && (size_t)used < size)
		snprintf(out + used, size - (size_t)used, " (inferred)");
	return out;
}

static bool word_matches(const char *word, const char *line, const char *label, const struct event *ev)
{
	int cpu;

	if (cpu_named(word, &cpu))
		return ev->cpu == cpu;
	return strcasestr(line, word) || strcasestr(label, word) ||
	       (ev->source < EVENT_SOURCE_COUNT && !strcasecmp(event_source_info[ev->source].name, word));
}

bool search_matches(const char *words, const struct event *ev)
{
	char copy[128], line[512], label[64], *save = NULL;
	bool any = false;

	snprintf(copy, sizeof(copy), "%s", words);
	event_line(line, sizeof(line), ev);
	mark_label(label, sizeof(label), ev);
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (!word_matches(word, line, label, ev))
			return false;
		any = true;
	}
	return any;
}

/* A kind's name with a hyphen in it stands in no other kind's line. */
uint32_t search_scope(const char *words, int *cpu)
{
	char copy[128], *save = NULL;
	uint32_t kinds = KIND_ALL;

	snprintf(copy, sizeof(copy), "%s", words);
	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		enum event_kind kind = event_kind_by_name(word, strlen(word));

		if (kind != EVENT_KIND_COUNT && strchr(word, '-'))
			kinds &= KIND_BIT(kind);
		cpu_named(word, cpu);
	}
	return kinds;
}
