/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A recording made of lines in the events' text form (tracer/event-text.h), for
 * tests of the views. Lines may come slowly: each is committed as it is read, so
 * a reader sees a living recording. "#" begins a comment; "now" in front of a line
 * gives it the present time; "meta KEY VALUE" sets a meta key; what was concluded
 * is told as in findings.h.
 */
#ifndef TESTS_LIB_SCENARIO_H
#define TESTS_LIB_SCENARIO_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "findings.h"
#include "../../db/writer.h"
#include "../../tracer/clock.h"
#include "../../tracer/event-text.h"

struct scenario {
	struct writer *writer;
	struct model model;
	struct finding_lines findings;
	int64_t n;
};

static inline int scenario_event(struct scenario *s, const char *line, struct error *err)
{
	struct sink *sink = writer_sink(s->writer);
	struct event ev;
	struct sink_event se = { .ev = &ev, .model = &s->model };
	struct cpu before;
	int now = !strncmp(line, "now ", 4), rc = event_parse(&ev, line + (now ? 4 : 0), err);

	if (rc < 0)
		return rc;
	if (now)
		ev.ts = clock_now();
	if (ev.cpu >= 0) {
		before = s->model.cpu[ev.cpu];
		se.before = &before;
	}
	se.id = ++s->n;
	se.after = model_apply(&s->model, se.id, &ev);
	rc = sink->ops->event(sink, &se, err);
	return rc;
}

static inline int scenario_line(struct scenario *s, char *line, struct error *err)
{
	char *value;
	int told;

	line[strcspn(line, "\n")] = '\0';
	if (!*line || *line == '#')
		return 0;
	told = finding_line_told(&s->findings, writer_sink(s->writer), line, err);
	if (told)
		return told < 0 ? told : 0;
	if (strncmp(line, "meta ", 5))
		return scenario_event(s, line, err);
	value = strchr(line + 5, ' ');
	if (!value)
		return -1;
	*value++ = '\0';
	return writer_meta(s->writer, line + 5, value, err);
}

/* Record all lines of @in into a new @path. @live: commit after each line. 0, or negative. */
static inline int scenario_record(const char *path, FILE *in, int live, struct error *err)
{
	struct scenario *s = calloc(1, sizeof(*s));
	char line[1024];
	int rc = 0;

	model_init(&s->model);
	s->writer = writer_open(path, true, err);
	if (!s->writer)
		rc = -1;
	while (rc >= 0 && fgets(line, sizeof(line), in)) {
		struct sink *sink = writer_sink(s->writer);

		rc = scenario_line(s, line, err);
		if (live && rc >= 0)
			rc = sink->ops->flush(sink, err);
	}
	if (s->writer && rc >= 0)
		rc = writer_close(s->writer, err);
	else if (s->writer)
		writer_close(s->writer, NULL);
	free(s);
	return rc < 0 ? rc : 0;
}

/* main() of a test program called with arguments: FILE [--live] records stdin. Exit status. */
static inline int scenario_main(int argc, char **argv)
{
	struct error err = { 0 };

	if (scenario_record(argv[1], stdin, argc > 2 && !strcmp(argv[2], "--live"), &err) < 0) {
		fprintf(stderr, "%s: %s\n", argv[0], err.text);
		return 1;
	}
	return 0;
}

#endif
