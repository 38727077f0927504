/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "export-args.h"

#include <string.h>

#include "../tracer/event-text.h"

static void add(struct export_mark *m, struct export_arg arg)
{
	if (m->args < EXPORT_ARGS)
		m->arg[m->args++] = arg;
}

void mark_number(struct export_mark *m, const char *name, uint64_t number)
{
	add(m, (struct export_arg){ .name = name, .type = EXPORT_NUMBER, .number = number });
}

void mark_address(struct export_mark *m, const char *name, uint64_t number)
{
	add(m, (struct export_arg){ .name = name, .type = EXPORT_ADDRESS, .number = number });
}

void mark_text(struct export_mark *m, const char *name, const char *text)
{
	if (text && *text)
		add(m, (struct export_arg){ .name = name, .type = EXPORT_TEXT, .text = text });
}

static enum export_type type_of(enum event_format format)
{
	switch (format) {
	case FMT_HEX:
		return EXPORT_ADDRESS;
	case FMT_DEC:
	case FMT_NS:
	case FMT_BOOL:
		return EXPORT_NUMBER;
	default:
		return EXPORT_TEXT;
	}
}

static void put_fields(struct export_mark *m, const struct event *ev, struct event_words *w)
{
	const struct event_info *info = &event_info[ev->kind];

	for (unsigned i = 0; i < info->fields; i++)
		if (event_has(ev, i))
			add(m, (struct export_arg){
				.name = info->field[i].name, .type = type_of(info->field[i].format),
				.number = ev->arg[i],
				.text = event_arg_text(w->word[i], sizeof(w->word[i]), ev, i) });
}

/* A port access as an assembler would write it. */
static void name_port(char *out, size_t size, const struct event *ev)
{
	char port[32], value[32];

	snprintf(out, size, "%s %s %s",
		 !event_has(ev, PORT_DIR) ? "port" : ev->arg[PORT_DIR] == DIR_READ ? "in" : "out",
		 event_arg_text(port, sizeof(port), ev, PORT_PORT),
		 event_arg_text(value, sizeof(value), ev, PORT_VALUE));
}

static void name_ipi(char *out, size_t size, const struct event *ev)
{
	static const char *const mode[8] = { "IPI", "IPI", "SMI", "IPI", "NMI", "INIT", "SIPI", "IPI" };
	char vector[32] = "", to[32];
	uint64_t m = event_get(ev, IPI_MODE, IPI_FIXED);
	bool one = event_get(ev, IPI_DEST, IPI_ONE) == IPI_ONE;

	if (m == IPI_SIPI && event_has(ev, IPI_VECTOR))
		snprintf(vector, sizeof(vector), " 0x%llx", (unsigned long long)ev->arg[IPI_VECTOR]);
	event_arg_text(to, sizeof(to), ev, one ? IPI_TARGET : IPI_DEST);
	snprintf(out, size, "%s%s to %s%s", mode[m & 7], vector, one ? "APIC ID " : "", to);
}

/* Kinds whose name says more with a field or two of theirs. */
static const struct title {
	const char *word;
	uint8_t fields, field[2];
} titles[EVENT_KIND_COUNT] = {
	[EV_SMBASE_WRITE] = { "SMBASE", 1, { SMBASE_WRITE_NEW } },
	[EV_SMBASE_FOUND] = { "SMBASE found", 1, { SMBASE_FOUND_SMBASE } },
	[EV_CPUHP] = { "cpuhp", 2, { CPUHP_DIR, CPUHP_REG } },
	[EV_SESSION] = { "session", 1, { SESSION_WHAT } },
	[EV_CONFIG] = { "config", 2, { CONFIG_REG, CONFIG_VALUE } },
	[EV_HANDOFF] = { "handoff", 2, { HANDOFF_WORD, HANDOFF_VALUE } },
	[EV_HANDLER] = { "handler", 1, { HANDLER_CODE } },
	[EV_ACCEPT] = { "accepted", 1, { ACCEPT_MODE } },
	[EV_SMI_SAVED] = { "saved", 1, { SMI_SAVED_RIP } },
};

static void name_event(char *out, size_t size, const struct event *ev)
{
	const struct title *t = &titles[ev->kind];
	int used;

	if (ev->kind == EV_PORT || ev->kind == EV_IPI) {
		(ev->kind == EV_PORT ? name_port : name_ipi)(out, size, ev);
		return;
	}
	used = snprintf(out, size, "%s", t->word ? t->word : event_info[ev->kind].name);
	for (unsigned i = 0; i < t->fields; i++) {
		char value[32];

		used += snprintf(out + used, size - (size_t)used, " %s",
				 event_arg_text(value, sizeof(value), ev, t->field[i]));
	}
}

struct export_mark mark_event(int64_t id, const struct event *ev, struct event_words *w)
{
	struct export_mark m = {
		.track = { EXPORT_MACHINE, 0 }, .from = ev->ts, .name = w->name,
		.category = event_info[ev->kind].name,
	};

	if (ev->cpu >= 0)
		m.track = (struct export_track){ EXPORT_CPU, ev->cpu };
	name_event(w->name, sizeof(w->name), ev);
	mark_number(&m, "event", (uint64_t)id);
	put_fields(&m, ev, w);
	mark_text(&m, "source", event_source_info[ev->source].name);
	if (ev->origin == ORIGIN_INFERRED)
		mark_text(&m, "origin", event_origin_name[ORIGIN_INFERRED]);
	return m;
}
