/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is shown of two recordings and where the user is in them; private to twin*.c. twin.c owns the loop and
 * the screen, twin-keys.c what keys do, twin-move.c where the window and the cursor go.
 *
 * There is one scale and one cursor. Their time is that since the aligned moment, which each side has at its
 * own time: anchor_ns.
 */
#ifndef VIEWS_TWIN_STATE_H
#define VIEWS_TWIN_STATE_H

#include "detail.h"
#include "keys.h"
#include "lane-read.h"
#include "seek.h"
#include "twin.h"
#include "twin-picture.h"

#define TWIN_LIST 60 /* events kept on either side of the chosen one */

struct twin_side {
	struct reader *reader; /* the diff's */
	struct feed feed;
	struct insight insight;
	struct filter filter;  /* what is shown */
	struct lanes lanes;
	struct lanes_shown shown;
	int top_lane;
	int64_t anchor_ns;
	char title[80];
};

/* A screen in place of the runs, left with any key. */
enum twin_page { TWIN_PAGE_NONE, TWIN_PAGE_HELP, TWIN_PAGE_TEXT };

struct twin {
	const struct diff *diff;
	const struct diff_look *look;
	struct diff_spots spots;
	const struct diff_spot *spot;       /* looked at; NULL = none */
	const struct diff_episode *episode; /* likewise */
	struct twin_side side[DIFF_SIDES];
	struct scale scale;
	int64_t cursor_ns;
	char aligned[100];
	int focus, lane;

	struct picture_event chosen;        /* of the side in focus; id 0 = none */
	struct picture_event list[2 * TWIN_LIST + 1];
	int listed, chosen_at;
	struct detail detail;
	struct reader_raw raw;              /* of the chosen event, while the detail is shown */
	struct detail_pane pane;
	bool show_detail;
	char *words, *text;                 /* the spot in words; all that differs, NULL = not made yet */

	enum twin_page page;
	int page_at, page_next;
	char message[120];
	struct twin_layout layout;
	struct canvas canvas;
	int rows, cols;
	bool done;
};

/* twin-keys.c: do what a key says. 0, or negative when a recording cannot be read. And what they do. */
int twin_key(struct twin *t, int key, struct error *err);
extern const struct key_page key_page_twin;

static inline struct twin_side *twin_focus(struct twin *t)
{
	return &t->side[t->focus];
}

/* twin-move.c */

/* Lanes of the side that has more of them. */
int twin_lanes(const struct twin *t);

/* Where the user is to begin: at the first difference, in its episode where both have it. */
int twin_begin(struct twin *t, struct error *err);

/* Both aligned at the last event in common before difference @i, that in the window, the cursor there. */
int twin_show_spot(struct twin *t, size_t i, bool close, struct error *err);

/* Both aligned at the beginning of the next episode that both have, all of it in the window. */
int twin_next_episode(struct twin *t, struct error *err);

/* Both recordings as a whole. */
void twin_fit(struct twin *t);

/* The cursor to @ts of the side in focus, the window with it if need be; choose the event there. */
void twin_go_to(struct twin *t, int64_t ts);
int twin_choose_nearest(struct twin *t, struct error *err);

/* The next event in focus that @what takes becomes the chosen one, or @none is said. */
int twin_go(struct twin *t, const struct seek *what, bool backwards, const char *none, struct error *err);

#endif
