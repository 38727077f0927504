/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The lanes of one recording under their time axis: a screen has one such group (picture.h), or two (twin.h).
 * Pure: what it shows is borrowed for the call.
 *
 *   axis       time since the recording began
 *   ruler      its ticks, and signs at moments
 *   episode    the steps of a relocation, where one was followed
 *   lanes      one row each, or two where there is room: marks, state
 */
#ifndef VIEWS_LANE_GROUP_H
#define VIEWS_LANE_GROUP_H

#include "canvas.h"
#include "episode-lane.h"
#include "lanes.h"

#define GROUP_GUTTER 9    /* columns left of the time */
#define GROUP_AXIS_ROWS 2 /* the axis and its ruler */

/* Which rows a group takes; pure arithmetic. */
struct group_rows {
	int axis;       /* the ruler is below it */
	int episode;    /* 0 = there is none, or no room for it */
	int first, end; /* of the lanes */
	int lanes;      /* that fit */
	bool tall;      /* two rows a lane, but for the machine's */
};

/* @lanes of them from row @axis on: they take what they need of @room rows below the axis. */
struct group_rows group_rows_of(int axis, int lanes, int room, bool episode);

/* The lane that is shown first, so that @lane is seen and no row is wasted; @top was it before. */
int group_scroll(const struct group_rows *y, int top, int lane, int lanes);

/* Which of @lanes stands at @row, -1 = none; and the row with the name of @lane, -1 = it is not shown. */
int group_lane_at(const struct group_rows *y, int top, int lanes, int row);
int group_name_row(const struct group_rows *y, int top, int lane);

struct lane_group {
	bool utf8;
	struct group_rows rows;
	int64_t first_ns;           /* the axis counts from here */
	int64_t cursor_ns;
	struct scale scale;
	struct episode_lane episode;
	const struct lanes *lanes;
	int lane, top_lane;         /* the chosen one, -1 = none; the first one shown */
	bool dim;                   /* keys go elsewhere */
};

/* All but the signs on the ruler, and these: @glyph at @ts; the cursor. */
void group_draw(struct canvas *c, const struct lane_group *g);
void group_sign(struct canvas *c, const struct lane_group *g, int64_t ts, uint32_t glyph,
		enum cell_class class);
void group_cursor(struct canvas *c, const struct lane_group *g);

#endif
