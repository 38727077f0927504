/* fuzzes: tracer/filter.c tracer/filter-parse.c tracer/filter-words.c tracer/event.c tracer/event-text.c tracer/event-label.c tracer/nearest.c tracer/cmd-value.c gdbproto/error.c gdbproto/safe-text.c */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Filter expressions and events of any bytes: the first line is an expression, the others are events. What is
 * taken lies in what the filter was narrowed to, a wrong word is told in printable text, and an expression reads
 * the same twice.
 */
#include <stdlib.h>
#include <string.h>

#include "../../tracer/event-text.h"
#include "../../tracer/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_message(const struct error *err)
{
	if (err->code != ERR_USAGE || !*err->text)
		abort();
	for (const char *c = err->text; *c; c++)
		if (*c < ' ' || *c > '~')
			abort();
}

static void check_taken(const struct filter *f, const struct filter *again, const struct event *ev)
{
	int64_t first, last;

	if (filter_takes(f, ev) != filter_takes(again, ev))
		abort();
	filter_times(f, &first, &last);
	if (filter_takes(f, ev) && (!(f->kinds & KIND_BIT(ev->kind)) || ev->ts < first || ev->ts > last ||
				    (f->cpu != FILTER_ANY_CPU && f->cpu != ev->cpu)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *line, *save = NULL;
	struct filter f = FILTER_DEFAULT, again = FILTER_DEFAULT;
	struct error err;

	memcpy(text, data, size);
	text[size] = '\0';
	line = strtok_r(text, "\n", &save);
	if (!line || filter_parse(&f, line, &FILTER_DEFAULT, &err) < 0) {
		if (line)
			check_message(&err);
		free(text);
		return 0;
	}
	if (strcmp(f.text, line) || filter_parse(&again, f.text, &FILTER_DEFAULT, NULL) < 0)
		abort();
	for (unsigned k = 0; k < EVENT_KIND_COUNT; k++) {
		struct event ev = event_new((enum event_kind)k, SRC_GDB, (int)(size % 3) - 1, (int64_t)size);

		check_taken(&f, &again, &ev);
	}
	for (line = strtok_r(NULL, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct event ev;

		if (event_parse(&ev, line, NULL) >= 0)
			check_taken(&f, &again, &ev);
	}
	free(text);
	return 0;
}
