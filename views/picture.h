/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The timeline's whole screen as a picture on a canvas. Pure: everything it
 * shows is in the struct, which borrows all pointers for the call.
 *
 *   header     program, file, live or ended, elapsed, CPUs, SMIs, lost, stopped
 *   axis       time since the recording began, and a ruler with the cursor
 *   episode    the steps of a relocation, where one was followed
 *   lanes      one row each, or two where there is room: marks, state
 *   pane       a line about the cursor, then the events around the chosen one,
 *              or all fields of it; below the lanes or beside them
 *   overview   the whole recording in one row, where there is room
 *   status     what is being typed, a message, what is stuck, or the keys
 */
#ifndef VIEWS_PICTURE_H
#define VIEWS_PICTURE_H

#include "bookmarks.h"
#include "canvas.h"
#include "detail-pane.h"
#include "episode-lane.h"
#include "lanes.h"
#include "overview.h"
#include "../db/reader.h"
#include "../tracer/event.h"

#define PICTURE_MIN_ROWS 16
#define PICTURE_MIN_COLS 60
#define PICTURE_GUTTER 9 /* columns left of the lanes */

#define PICTURE_BESIDE_COLS 100 /* with fewer the list stands below */
#define PICTURE_OVERVIEW_ROWS 20

/* What is asked for; it is given where there is room. */
struct layout_want {
	bool detail;    /* the pane holds all fields of an event */
	bool episode, overview;
	bool beside;    /* the pane beside the lanes, not below */
};

/* Rows and columns of a screen; pure arithmetic. */
struct layout {
	int rows, cols;
	int lane_cols;  /* of the lanes with their gutter */
	int pane_col, pane_end; /* where the pane begins, the row behind it */
	int overview_row; /* 0 = none */
	int lanes;      /* lanes that fit */
	bool tall;      /* two rows a lane */
	int episode_row; /* 0 = there is none, or no room for it */
	int lanes_row, pane_row, pane_rows;
};
struct layout layout_of(int rows, int cols, int lanes, const struct layout_want *want);

#define PICTURE_NO_MARK INT64_MIN

enum picture_life { LIFE_LIVE, LIFE_ENDED, LIFE_NOT_CLOSED };

struct picture_event {
	int64_t id;
	struct event ev;
};

struct picture {
	bool utf8;
	struct layout layout;
	const char *title;          /* made safe already */
	enum picture_life life;
	int64_t first_ns, now_ns, paused_ns, smis, lost, violations;
	unsigned cpus;

	struct scale scale;
	struct episode_lane episode;
	const struct lanes *lanes;
	int lane, top_lane;         /* the chosen one; the first one shown */
	int64_t cursor_ns;
	const struct reader_smi *smi; /* the stay in SMM under the cursor; NULL = none */
	bool sampled;
	const struct overview *overview;
	const int64_t *mark;        /* A and B, PICTURE_NO_MARK = not set */
	const struct bookmarks *bookmarks;

	const struct picture_event *list;
	int listed, chosen;         /* chosen -1 = none */
	bool focus_list;
	const char *finding;        /* the chosen broken rule, above the list; NULL = none */
	const struct detail_pane *detail; /* instead of the list; NULL = the list */

	const char *filter;         /* "" = default */
	bool follow, frozen;
	const char *message;        /* instead of the keys; NULL = none */
	const char *alarm;          /* instead of the keys too: what is stuck; "" = nothing */
	const char *prompt, *input; /* being typed; NULL = nothing */
};

void picture_draw(struct canvas *c, const struct picture *p);

/* Where the text cursor belongs; false when it is hidden. */
bool picture_text_cursor(const struct picture *p, int *row, int *col);

/* The help screen: page @page of picture_help_pages(). */
int picture_help_pages(int rows);
void picture_help(struct canvas *c, bool utf8, int page);

/*
 * The verdict on a screen of its own, from line @top on. Returns the line that did not
 * fit any more, 0 when all are told.
 */
int picture_verdict(struct canvas *c, const char *status, const struct insight *f, int top);

/* What is shown where less than the minimum fits. */
void picture_too_small(struct canvas *c);

#endif
