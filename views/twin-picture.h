/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two recordings on one screen, the good run above the bad one, as a picture on a canvas. Pure: what it shows
 * is borrowed for the call.
 *
 *   header     both files, how many differences there are
 *   groups     the lanes of each run under its own time (lane-group.h): a bar on both rulers is the moment at
 *              which the runs are aligned, D a difference, V the cursor; D at a CPU: it is told below
 *   pane       the cursor's times, the difference in words, the events of the run that has the keys
 *   status     a message, or the keys
 */
#ifndef VIEWS_TWIN_PICTURE_H
#define VIEWS_TWIN_PICTURE_H

#include "pane.h"
#include "../db/diff-spot.h"

/* Rows of the screen; pure arithmetic. */
struct twin_layout {
	int rows, cols;
	struct group_rows group[DIFF_SIDES];
	int pane_row, pane_end;
};

/* What the groups are to have room for; it is given where there is room. */
struct twin_want {
	int lanes[DIFF_SIDES];
	bool episode[DIFF_SIDES];
	bool detail; /* the pane holds all fields of an event */
};
struct twin_layout twin_layout_of(int rows, int cols, const struct twin_want *want);

struct twin_picture {
	bool utf8;
	struct twin_layout layout;
	const char *title[DIFF_SIDES]; /* made safe already */
	struct lane_group group[DIFF_SIDES];
	int focus;                     /* the side that has the keys */

	int64_t cursor_ns;             /* since the aligned moment */
	int64_t aligned_ns[DIFF_SIDES];
	const char *aligned_at;        /* "plug of CPU 1 begins" */

	bool same;                     /* in everything that is compared */
	const struct diff_spots *spots;
	const struct diff_spot *spot;  /* the one that is looked at, NULL = none */
	int spot_lane;                 /* its lane in the groups */
	const char *text;              /* it in words, line by line */

	struct pane_events events;
	const struct detail_pane *detail; /* instead; NULL = the text and the events */
	const char *message;           /* instead of the keys; NULL = none */
};

void twin_picture_draw(struct canvas *c, const struct twin_picture *p);

/* @text on a screen of its own, from line @top on. The line that did not fit any more, 0 = all are told. */
int twin_picture_text(struct canvas *c, const char *text, int top);

#endif
