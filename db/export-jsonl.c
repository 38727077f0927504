/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An event a line (jsonlines.org): what event_v shows, with its detail in columns. */
#include "export.h"

#include <inttypes.h>

#include "export-json.h"
#include "../tracer/event-text.h"

static bool begin(FILE *out, const struct export_about *about, void **own)
{
	(void)out, (void)about, (void)own;
	return true;
}

/* Addresses are text as in event_v, and always: a column has one type. */
static void put_field(FILE *out, const struct event *ev, unsigned i)
{
	enum event_format format = event_info[ev->kind].field[i].format;
	char text[32];

	fprintf(out, ",\"%s\":", event_info[ev->kind].field[i].name);
	if (!event_has(ev, i))
		fputs("null", out);
	else if (format == FMT_DEC || format == FMT_NS || format == FMT_BOOL)
		export_json_number(out, ev->arg[i]);
	else
		fprintf(out, "\"%s\"", event_arg_text(text, sizeof(text), ev, i));
}

static void event(FILE *out, void *own, int64_t id, const struct event *ev)
{
	(void)own;
	fputs("{\"id\":", out);
	export_json_number(out, (uint64_t)id);
	fputs(",\"ts_ns\":", out);
	export_json_number(out, (uint64_t)ev->ts);
	if (ev->cpu >= 0)
		fprintf(out, ",\"cpu\":%d", ev->cpu);
	else
		fputs(",\"cpu\":null", out);
	fprintf(out, ",\"kind\":\"%s\",\"source\":\"%s\",\"origin\":\"%s\"", event_info[ev->kind].name,
		event_source_info[ev->source].name, event_origin_name[ev->origin]);
	for (unsigned i = 0; i < event_info[ev->kind].fields; i++)
		put_field(out, ev, i);
	fputs("}\n", out);
}

static bool end(FILE *out, void *own)
{
	(void)out, (void)own;
	return true;
}

const struct export_format export_jsonl = {
	.name = "jsonl",
	.begin = begin,
	.event = event,
	.end = end,
};
