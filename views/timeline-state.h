/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the timeline shows and where the user is in it; private to timeline*.c.
 * timeline.c owns the loop and the screen, timeline-actions.c what keys do.
 */
#ifndef VIEWS_TIMELINE_STATE_H
#define VIEWS_TIMELINE_STATE_H

#include "detail.h"
#include "feed.h"
#include "keys.h"
#include "seek.h"
#include "timeline.h"

#define LIST_ROWS 120 /* events kept on either side of the chosen one */

enum prompt { PROMPT_NONE, PROMPT_SEARCH, PROMPT_FILTER };

struct timeline {
	const struct timeline_options *opt;
	struct reader *reader;
	struct feed feed;
	struct lanes lanes;
	struct canvas canvas;
	char title[80];

	struct scale scale;
	int64_t cursor_ns;
	int lane, top_lane;
	struct filter filter;
	bool follow, frozen, help, focus_list, show_detail;
	bool started, done;

	struct picture_event chosen;              /* id 0 = none */
	struct picture_event list[2 * LIST_ROWS + 1];
	int listed, chosen_at;
	struct detail detail;
	bool sampled;

	enum prompt prompt;
	char input[64], search[64];
	char message[160];
	int rows, cols;
	int64_t next_look_ns; /* CLOCK_MONOTONIC: not before that is the file looked at again */
};

/* Do what a key says: 0, or negative when the recording cannot be read. */
int timeline_key(struct timeline *t, int key, struct error *err);

/* The whole recording, with a little room, in the window. */
void timeline_fit(struct timeline *t);

/* The window so that the end is at its right edge. */
void timeline_show_end(struct timeline *t);

#endif
