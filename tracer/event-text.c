/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "event-text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const dir_name[] = { "read", "write" };
static const char *const bool_name[] = { "0", "1" };

/* The words of a format that has words; count 0 for plain numbers. */
static const struct words {
	const char *const *name;
	unsigned count;
} words[] = {
	[FMT_HEX] = { NULL, 0 }, [FMT_DEC] = { NULL, 0 }, [FMT_NS] = { NULL, 0 },
	[FMT_DIR] = { dir_name, 2 },
	[FMT_MODE] = { ipi_mode_name, 8 },
	[FMT_DEST] = { ipi_dest_name, 4 },
	[FMT_VIA] = { event_via_name, VIA_COUNT },
	[FMT_WHAT] = { session_what_name, SESSION_COUNT },
	[FMT_WHY] = { pause_why_name, WHY_COUNT },
	[FMT_BOOL] = { bool_name, 2 },
	[FMT_REG] = { config_reg_name, CONFIG_REG_COUNT },
	[FMT_WORD] = { handoff_word_name, WORD_COUNT },
	[FMT_CODE] = { handler_code_name, CODE_COUNT },
};

const char *event_word(enum event_format format, unsigned i)
{
	return i < words[format].count ? words[format].name[i] : NULL;
}

const char *event_arg_text(char *out, size_t size, const struct event *ev, unsigned field)
{
	enum event_format format = event_info[ev->kind].field[field].format;
	uint64_t value = ev->arg[field];

	if (!event_has(ev, field))
		snprintf(out, size, "?");
	else if (value < words[format].count)
		snprintf(out, size, "%s", words[format].name[value]);
	else if (format == FMT_HEX)
		snprintf(out, size, "0x%" PRIx64, value);
	else
		snprintf(out, size, "%" PRIu64, value);
	return out;
}

const char *event_detail(char *out, size_t size, const struct event *ev)
{
	const struct event_info *info = &event_info[ev->kind];
	size_t used = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < info->fields && used < size; i++) {
		char value[32];

		if (!event_has(ev, i))
			continue;
		used += (size_t)snprintf(out + used, size - used, "%s%s=%s", used ? " " : "",
					 info->field[i].name, event_arg_text(value, sizeof(value), ev, i));
	}
	return out;
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

enum event_kind event_kind_by_name(const char *name, size_t len)
{
	unsigned k = 0;

	while (k < EVENT_KIND_COUNT &&
	       (strlen(event_info[k].name) != len || strncmp(event_info[k].name, name, len)))
		k++;
	return (enum event_kind)k;
}

static bool parse_number(const char *s, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(s, &end, 0);
	return *s >= '0' && *s <= '9' && *end == '\0' && !errno;
}

static bool parse_value(enum event_format format, const char *s, uint64_t *value)
{
	for (unsigned i = 0; i < words[format].count; i++)
		if (!strcmp(words[format].name[i], s)) {
			*value = i;
			return true;
		}
	return parse_number(s, value);
}

static bool parse_source(struct event *ev, const char *s)
{
	for (unsigned i = 0; i < EVENT_SOURCE_COUNT; i++)
		if (!strcmp(event_source_info[i].name, s)) {
			ev->source = (uint8_t)i;
			return true;
		}
	return false;
}

static bool parse_common(struct event *ev, const char *key, const char *s)
{
	uint64_t n;

	if (!strcmp(key, "source"))
		return parse_source(ev, s);
	if (!strcmp(key, "t") && parse_number(s, &n) && n <= INT64_MAX)
		ev->ts = (int64_t)n;
	else if (!strcmp(key, "cpu") && !strcmp(s, "?"))
		ev->cpu = CPU_UNKNOWN;
	else if (!strcmp(key, "cpu") && parse_number(s, &n) && n < EVENT_MAX_CPUS)
		ev->cpu = (int32_t)n;
	else if (!strcmp(key, "origin") && !strcmp(s, "inferred"))
		ev->origin = ORIGIN_INFERRED;
	else if (strcmp(key, "origin") || strcmp(s, "observed"))
		return false;
	return true;
}

static bool parse_field(struct event *ev, const char *key, const char *s)
{
	const struct event_info *info = &event_info[ev->kind];
	uint64_t value;

	for (unsigned i = 0; i < info->fields; i++)
		if (!strcmp(info->field[i].name, key) && parse_value(info->field[i].format, s, &value)) {
			event_set(ev, i, value);
			return true;
		}
	return false;
}

int event_parse(struct event *ev, const char *line, struct error *err)
{
	char copy[512], *save = NULL;
	bool have_kind = false;

	*ev = event_new(EV_SMI_ENTER, SRC_FIXTURE, CPU_UNKNOWN, 0);
	if ((size_t)snprintf(copy, sizeof(copy), "%s", line) >= sizeof(copy))
		return fail(err, ERR_CORRUPT, "event line longer than %zu characters", sizeof(copy));
	for (char *word = strtok_r(copy, " \t", &save); word; word = strtok_r(NULL, " \t", &save)) {
		char *eq = strchr(word, '=');
		enum event_kind kind = event_kind_by_name(word, strlen(word));

		if (eq)
			*eq = '\0';
		if (!eq && !have_kind && kind != EVENT_KIND_COUNT) {
			ev->kind = (uint8_t)kind;
			have_kind = true;
		} else if (!eq || !(parse_common(ev, word, eq + 1) ||
				    (have_kind && parse_field(ev, word, eq + 1)))) {
			return fail(err, ERR_CORRUPT, "not part of an event: '%.60s%s%.60s'", word,
				    eq ? "=" : "", eq ? eq + 1 : "");
		}
	}
	return have_kind ? 0 : fail(err, ERR_CORRUPT, "no event kind in '%.60s'", line);
}
