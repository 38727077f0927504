/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the timeline shows and where the user is in it; private to timeline*.c.
 * timeline.c owns the loop and the screen, timeline-actions.c what keys do, and the others how:
 * timeline-move.c, -insight.c, -zoom.c (A and B too), -links.c, -bookmarks.c, -ask.c, -mouse.c, -work.c.
 */
#ifndef VIEWS_TIMELINE_STATE_H
#define VIEWS_TIMELINE_STATE_H

#include "detail.h"
#include "feed.h"
#include "insight.h"
#include "keys.h"
#include "links.h"
#include "overview.h"
#include "seek.h"
#include "timeline.h"

#define LIST_ROWS 120 /* events kept on either side of the chosen one */

/* A screen in place of the timeline, left with any key. */
enum page { PAGE_NONE, PAGE_HELP, PAGE_VERDICT, PAGE_ANSWER };

enum prompt { PROMPT_NONE, PROMPT_SEARCH, PROMPT_FILTER, PROMPT_BOOKMARK, PROMPT_ASK };

#define TIMELINE_BACK 32 /* places to go back to */

/* A search for words that goes on while nobody types. */
struct hunt {
	bool on, backwards;
	int64_t begin_id, ts, id; /* from where on; it has come so far */
	int64_t told_ns;          /* when it was last said how far */
};

struct timeline {
	const struct timeline_options *opt;
	const char *path;
	struct reader *reader;
	struct feed feed;
	struct lanes lanes;
	struct feed_view shown;   /* what is in the lanes */
	struct canvas canvas;
	char title[80];

	struct scale scale;
	int64_t cursor_ns;
	int lane, top_lane;
	struct filter filter, search;             /* text "" = the default; = none yet */
	bool follow, frozen, focus_list, show_detail, beside, show_overview;
	int64_t mark[2];                          /* A and B, PICTURE_NO_MARK = not set */
	struct layout layout;                     /* as drawn last */
	struct overview overview;
	enum page page;
	int page_at, page_next;                   /* the part of it that is shown; the one behind it, 0 = none */
	bool started, done;

	struct picture_event chosen;              /* id 0 = none */
	struct picture_event list[2 * LIST_ROWS + 1];
	int listed, chosen_at;
	struct detail detail;
	struct reader_raw raw;                    /* of the chosen event, while the detail is shown */
	struct detail_pane pane;
	struct links links;                       /* of the chosen event or rule, while the detail is shown */
	int link;                                 /* the one that > follows */
	int64_t links_of;                         /* event id, or minus a rule's id; 0 = nothing */
	struct picture_event back[TIMELINE_BACK];
	int backs;
	struct bookmarks bookmarks;
	char *answer;                             /* of the last question; NULL = none */
	struct insight insight;
	struct reader_violation broken;           /* the chosen one; id 0 = none */
	char finding[700], status[1400];
	struct reader_smi smi;                    /* under the cursor; id 0 = none */
	bool sampled;

	enum prompt prompt;
	char input[256];
	char message[240];
	int rows, cols;
	struct hunt hunt;
	bool prepares;        /* the recording's chart is still being made */
	int64_t next_look_ns; /* CLOCK_MONOTONIC: not before that is the file looked at again */
};

/* Do what a key says: 0, or negative when the recording cannot be read. */
int timeline_key(struct timeline *t, int key, struct error *err);

/* timeline-zoom.c: to what the user looks at: A to B, a broken rule's proof, the SMI, the event. A or B here. */
int timeline_zoom_to(struct timeline *t, struct error *err);
int timeline_mark(struct timeline *t, int which);

/*
 * timeline-links.c: read them when the choice is another; choose the next one, or scroll on where there is none;
 * scroll; follow the one in this row of the screen; follow the chosen one; back.
 */
int timeline_read_links(struct timeline *t, struct error *err);
void timeline_next_link(struct timeline *t, int by);
void timeline_scroll_detail(struct timeline *t, int rows);
int timeline_click_detail(struct timeline *t, int row, struct error *err);
int timeline_follow_link(struct timeline *t, struct error *err);
int timeline_back(struct timeline *t, struct error *err);

/* timeline-bookmarks.c: read those of the file; ask for a text; keep what was typed; to the next one. */
void timeline_read_bookmarks(struct timeline *t);
void timeline_ask_bookmark(struct timeline *t);
int timeline_keep_bookmark(struct timeline *t, struct error *err);
int timeline_go_bookmark(struct timeline *t, bool backwards, struct error *err);

/* timeline-ask.c: answer what was typed on a page; draw the page, return the line that did not fit (0 = all did). */
void timeline_ask(struct timeline *t);
int timeline_draw_answer(struct timeline *t);

/* timeline-mouse.c: do what a click or the wheel says. 0 or negative. */
int timeline_mouse(struct timeline *t, struct error *err);

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
void timeline_go_to(struct timeline *t, int64_t ts, int cpu); /* cursor and lane alone */
int timeline_choose_nearest(struct timeline *t, struct error *err);
int timeline_choose_any(struct timeline *t, struct error *err);
void timeline_choose(struct timeline *t, const struct picture_event *e, bool change_lane);
int timeline_go(struct timeline *t, const struct seek *what, bool backwards, bool change_lane,
		const char *none, struct error *err);

#endif
