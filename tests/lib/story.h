/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A story: events in their text form, one a line, played to a judge. "@12.5 " in front is a time in
 * milliseconds, and stands for t=; "@12.5 advance" lets time pass without an event. "#" begins a comment.
 */
#ifndef TESTS_LIB_STORY_H
#define TESTS_LIB_STORY_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../tracer/event-text.h"
#include "../../tracer/judge.h"

#define STORY_MS(ms) ((int64_t)((ms) * 1000000.0 + 0.5))

static inline int story_line(struct judge *j, const char *line, struct error *err)
{
	char text[512], *rest;
	struct event ev;
	double ms;

	line += strspn(line, " \t");
	if (!*line || *line == '\n' || *line == '#')
		return 0;
	if (*line != '@')
		return event_parse(&ev, line, err) < 0 ? -1 : judge_event(j, &ev, err);
	ms = strtod(line + 1, &rest);
	if (!strncmp(rest, " advance", 8))
		return judge_advance(j, STORY_MS(ms), err);
	snprintf(text, sizeof(text), "t=%lld%s", (long long)STORY_MS(ms), rest);
	return event_parse(&ev, text, err) < 0 ? -1 : judge_event(j, &ev, err);
}

/* All lines of @text. 0, or negative with the line and what is wrong with it. */
static inline int story_play(struct judge *j, const char *text, struct error *err)
{
	char line[512];

	while (*text) {
		size_t len = strcspn(text, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)len, text);
		text += len + (text[len] == '\n');
		if (story_line(j, line, err) < 0)
			return -1;
	}
	return 0;
}

/* A file below tests/fixtures. */
static inline int story_file(struct judge *j, const char *name, struct error *err)
{
	char path[256], line[512];
	int rc = 0;
	FILE *f;

	snprintf(path, sizeof(path), "tests/fixtures/%s", name);
	f = fopen(path, "r");
	if (!f)
		return fail(err, ERR_USAGE, "%s: cannot be read", path);
	while (rc >= 0 && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		rc = story_line(j, line, err);
	}
	fclose(f);
	return rc < 0 ? rc : 0;
}

#endif
