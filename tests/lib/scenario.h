/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A recording made of lines in the events' text form (tracer/event-text.h), for
 * tests of the views. Lines may come slowly: each is committed as it is read, so
 * a reader sees a living recording. "#" begins a comment; "now" in front of a line
 * gives it the present time; "meta KEY VALUE" sets a meta key. What was concluded
 * is told as in findings.h; or the line "judge" comes first, and the judge concludes it, as it
 * does live.
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
#include "../../tracer/judge.h"

struct scenario {
	struct sink events;      /* first: the writer's, for events alone */
	struct writer *writer;
	struct judge *judge;
	int judged;              /* the judge tells the writer what it concludes */
	struct findings findings;
};

static inline int scenario_pass(struct sink *s, const struct sink_event *se, struct error *err)
{
	struct sink *sink = writer_sink(((struct scenario *)s)->writer);

	return sink->ops->event(sink, se, err);
}

static const struct sink_ops scenario_ops = { .name = "events", .event = scenario_pass };

static inline int scenario_open(struct scenario *s, const char *path, struct error *err)
{
	struct sink *sink = &s->events;

	s->events.ops = &scenario_ops;
	s->judge = judge_new(NULL);
	s->writer = writer_open(path, true, err);
	if (!s->judge || !s->writer)
		return -1;
	judge_sinks(s->judge, &sink, 1);
	return 0;
}

static inline int scenario_close(struct scenario *s, int rc, struct error *err)
{
	if (s->judged && rc >= 0)
		rc = judge_finish(s->judge, err);
	if (s->writer && rc >= 0)
		rc = writer_close(s->writer, err);
	else if (s->writer)
		writer_close(s->writer, NULL);
	judge_free(s->judge);
	return rc;
}

/* What is concluded from the lines so far, made durable. */
static inline int scenario_commit(struct scenario *s, struct error *err)
{
	struct sink *sink = writer_sink(s->writer);
	int rc = s->judged ? judge_advance(s->judge, 0, err) : 0;

	return rc < 0 ? rc : sink->ops->flush(sink, err);
}

static inline int scenario_event(struct scenario *s, const char *line, struct error *err)
{
	int now = !strncmp(line, "now ", 4);
	struct event ev;
	int rc = event_parse(&ev, line + (now ? 4 : 0), err);

	if (rc < 0)
		return rc;
	if (now)
		ev.ts = clock_now();
	return judge_event(s->judge, &ev, err);
}

static inline void scenario_judge(struct scenario *s)
{
	struct sink *sink = writer_sink(s->writer);

	judge_sinks(s->judge, &sink, 1);
	s->judged = 1;
}

static inline int scenario_line(struct scenario *s, char *line, struct error *err)
{
	char *value;
	int told;

	line[strcspn(line, "\n")] = '\0';
	if (!*line || *line == '#')
		return 0;
	if (!strcmp(line, "judge")) {
		scenario_judge(s);
		return 0;
	}
	told = findings_line(&s->findings, writer_sink(s->writer), line, err);
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
	int rc = scenario_open(s, path, err);
	char line[1024];

	while (rc >= 0 && fgets(line, sizeof(line), in)) {
		rc = scenario_line(s, line, err);
		if (live && rc >= 0)
			rc = scenario_commit(s, err);
	}
	rc = scenario_close(s, rc, err);
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
