/* fuzzes: tracer/event.c tracer/event-text.c tracer/model.c gdbproto/error.c */
/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lines of text as events: what is taken is well-formed, reads the same once
 * written, and leaves the model sane.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../tracer/event-text.h"
#include "../../tracer/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void there_and_back(const struct event *ev)
{
	char detail[512], line[700], cpu[16] = "?";
	struct event back;

	if (ev->cpu != CPU_UNKNOWN)
		snprintf(cpu, sizeof(cpu), "%d", ev->cpu);
	snprintf(line, sizeof(line), "t=%" PRId64 " cpu=%s %s source=%s origin=%s %s", ev->ts, cpu,
		 event_info[ev->kind].name, event_source_info[ev->source].name, event_origin_name[ev->origin],
		 event_detail(detail, sizeof(detail), ev));
	if (event_parse(&back, line, NULL) < 0 || memcmp(&back, ev, sizeof(back)))
		abort();
}

static void check_model(const struct model *m)
{
	for (unsigned i = 0; i < m->cpus; i++)
		if (m->cpu[i].state >= CPU_STATE_COUNT || m->cpu[i].smi.cause >= CAUSE_COUNT)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct model m;
	char *text = malloc(size + 1), *save = NULL;
	int64_t id = 0;

	memcpy(text, data, size);
	text[size] = '\0';
	model_init(&m);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct error err;
		struct event ev;

		if (event_parse(&ev, line, &err) < 0)
			continue;
		if (ev.kind >= EVENT_KIND_COUNT || ev.cpu < CPU_UNKNOWN || ev.cpu >= EVENT_MAX_CPUS ||
		    ev.source >= EVENT_SOURCE_COUNT || ev.known >> event_info[ev.kind].fields)
			abort();
		there_and_back(&ev);
		model_apply(&m, ++id, &ev);
	}
	check_model(&m);
	free(text);
	return 0;
}
