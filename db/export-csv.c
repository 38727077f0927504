/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One flat table (RFC 4180): a column for each name that a field of any kind of event has. */
#include "export.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../tracer/event-text.h"

#define COLUMNS_MAX (EVENT_KIND_COUNT * EVENT_ARGS)

struct columns {
	unsigned count;
	const char *name[COLUMNS_MAX];
	uint8_t of[EVENT_KIND_COUNT][EVENT_ARGS]; /* column of each field */
};

static unsigned column_of(struct columns *c, const char *name)
{
	unsigned i = 0;

	while (i < c->count && strcmp(c->name[i], name))
		i++;
	if (i == c->count)
		c->name[c->count++] = name;
	return i;
}

static bool begin(FILE *out, const struct export_about *about, void **own)
{
	struct columns *c = calloc(1, sizeof(*c));

	(void)about;
	if (!c)
		return false;
	for (unsigned k = 0; k < EVENT_KIND_COUNT; k++)
		for (unsigned i = 0; i < event_info[k].fields; i++)
			c->of[k][i] = (uint8_t)column_of(c, event_info[k].field[i].name);
	fputs("id,ts_ns,cpu,kind,source,origin", out);
	for (unsigned i = 0; i < c->count; i++)
		fprintf(out, ",%s", c->name[i]);
	fputs("\r\n", out);
	*own = c;
	return true;
}

/* Every value is a number or a word of ours: nothing needs quotes. */
static void event(FILE *out, void *own, int64_t id, const struct event *ev)
{
	const struct columns *c = own;
	int field[COLUMNS_MAX];

	for (unsigned i = 0; i < c->count; i++)
		field[i] = -1;
	for (unsigned i = 0; i < event_info[ev->kind].fields; i++)
		field[c->of[ev->kind][i]] = (int)i;
	fprintf(out, "%" PRId64 ",%" PRId64 ",", id, ev->ts);
	if (ev->cpu >= 0)
		fprintf(out, "%d", ev->cpu);
	fprintf(out, ",%s,%s,%s", event_info[ev->kind].name, event_source_info[ev->source].name,
		event_origin_name[ev->origin]);
	for (unsigned i = 0; i < c->count; i++) {
		char text[32];

		putc(',', out);
		if (field[i] >= 0 && event_has(ev, (unsigned)field[i]))
			fputs(event_arg_text(text, sizeof(text), ev, (unsigned)field[i]), out);
	}
	fputs("\r\n", out);
}

static bool end(FILE *out, void *own)
{
	(void)out;
	free(own);
	return true;
}

const struct export_format export_csv = {
	.name = "csv",
	.begin = begin,
	.event = event,
	.end = end,
};
