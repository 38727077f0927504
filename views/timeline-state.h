/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the timeline shows and where the user is in it; private to timeline*.c.
 * timeline.c owns the loop and the screen, timeline-actions.c what keys do, timeline-move.c
 * and timeline-insight.c how.
 */
#ifndef VIEWS_TIMELINE_STATE_H
#define VIEWS_TIMELINE_STATE_H

#include "detail.h"
#include "feed.h"
#include "insight.h"
#include "keys.h"
#include "seek.h"
#include "timeline.h"

#define LIST_ROWS 120 /* events kept on either side of the chosen one */

/* A screen in place of the timeline, left with any key. */
enum page { PAGE_NONE, PAGE_HELP, PAGE_VERDICT };

enum prompt { PROMPT_NONE, PROMPT_SEARCH, PROMPT_FILTER };

/* A search for words that goes on while nobody types. */
struct hunt {
	bool on, backwards;
	int64_t begin_id, ts, id; /* from where on; it has come so far */
	int64_t told_ns;          /* when it was last said how far */
};

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
	bool follow, frozen, focus_list, show_detail;
	enum page page;
	int page_at, page_next;                   /* the part of it that is shown; the one behind it, 0 = none */
	bool started, done;

	struct picture_event chosen;              /* id 0 = none */
	struct picture_event list[2 * LIST_ROWS + 1];
	int listed, chosen_at;
	struct detail detail;
	struct insight insight;
	struct reader_violation broken;           /* the chosen one; id 0 = none */
	char finding[700], status[1400];
	struct reader_smi smi;                    /* under the cursor; id 0 = none */
	bool sampled;

	enum prompt prompt;
	char input[64], search[64];
	char message[160];
	int rows, cols;
	struct hunt hunt;
	bool prepares;        /* the recording's chart is still being made */
	int64_t next_look_ns; /* CLOCK_MONOTONIC: not before that is the file looked at again */
};

/* Do what a key says: 0, or negative when the recording cannot be read. */
int timeline_key(struct timeline *t, int key, struct error *err);

/*
 * timeline-work.c: search for t->search from the cursor on; give it up. And what is left to do when nobody
 * types, a piece at a time; *changed if it shows. 0 or negative.
 */
int timeline_search(struct timeline *t, bool backwards, struct error *err);
void timeline_stop_search(struct timeline *t);
bool timeline_has_work(const struct timeline *t);
int timeline_work(struct timeline *t, bool *changed, struct error *err);

/* timeline-insight.c: to the next broken rule, the next episode; forget a rule the cursor has left. */
int timeline_go_broken(struct timeline *t, bool backwards, struct error *err);
int timeline_go_episode(struct timeline *t, struct error *err);
void timeline_leave_broken(struct timeline *t);

/* timeline-move.c: where the window, the cursor and the choice go. */

/* The whole recording, with a little room, in the window; the window so that the end is at its right edge. */
void timeline_fit(struct timeline *t);
void timeline_show_end(struct timeline *t);

/* The cursor by one column; the window by @by ns; both choose the lane's nearest event. 0 or negative. */
int timeline_step(struct timeline *t, int by, struct error *err);
int timeline_pan(struct timeline *t, int64_t by, struct error *err);

/* @num / @den of the span, the cursor stays where it is. 0. */
int timeline_zoom(struct timeline *t, int num, int den);

/* @ts into the middle of a window of @span ns, or of the one there is (0). */
void timeline_show(struct timeline *t, int64_t ts, int64_t span);

/* What to look for: events of the chosen lane, of any lane; both as the filter allows. */
struct seek timeline_lane_seek(const struct timeline *t);
struct seek timeline_any_seek(const struct timeline *t);

/*
 * Choose the nearest event, of this lane or of any; choose @e and bring the cursor
 * there; go to the next one that @what takes, or say @none. 0 or negative.
 */
int timeline_choose_nearest(struct timeline *t, struct error *err);
int timeline_choose_any(struct timeline *t, struct error *err);
void timeline_choose(struct timeline *t, const struct picture_event *e, bool change_lane);
int timeline_go(struct timeline *t, const struct seek *what, bool backwards, bool change_lane,
		const char *none, struct error *err);

#endif
