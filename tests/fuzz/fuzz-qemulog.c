/* fuzzes: tracer/sources/qemulog-[pt][ar]*.c tracer/sources/text.c tracer/clock.c tracer/event.c */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The first byte says how the rest is cut into pushes. Whatever comes out must
 * be a well-formed event, and not depend on the cuts.
 */
#include <stdlib.h>

#include "../../tracer/sources/qemulog-parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	uint64_t events, sum;
};

static void take(void *arg, const struct event *ev, const struct raw *raw)
{
	struct seen *s = arg;

	if (ev->kind >= EVENT_KIND_COUNT || ev->cpu < CPU_UNKNOWN || ev->cpu >= EVENT_MAX_CPUS ||
	    ev->known >> event_info[ev->kind].fields)
		abort();
	s->events++;
	for (unsigned i = 0; i < event_info[ev->kind].fields; i++)
		s->sum = s->sum * 31 + event_get(ev, i, 7);
	if (!raw->text || !raw->len || raw->len > RAW_TEXT_MAX)
		abort();
	for (size_t i = 0; i < raw->len; i++)
		s->sum = s->sum * 31 + (unsigned char)raw->text[i];
}

static struct seen parse(const char *text, size_t size, size_t step)
{
	static struct qemulog_parse p;
	struct seen s = { 0, 0 };

	qemulog_parse_init(&p, take, &s);
	qemulog_parse_set_tid(&p, 7, 0);
	qemulog_parse_set_tid(&p, 8, 1);
	for (size_t at = 0; at < size; at += step)
		qemulog_parse_push(&p, text + at, size - at < step ? size - at : step, 1000, 2000);
	qemulog_parse_flush(&p);
	return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen whole, cut;

	if (size < 2)
		return 0;
	whole = parse((const char *)data + 1, size - 1, size);
	cut = parse((const char *)data + 1, size - 1, 1u + data[0]);
	if (whole.events != cut.events || whole.sum != cut.sum)
		abort();
	return 0;
}
