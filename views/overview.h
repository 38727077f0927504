/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The strip over the whole recording: in each column how much of the time CPUs were in SMM, broken rules and
 * losses over that, and brackets round what the lanes show.
 *
 *   overview     .::[=#=!]::..   /.
 *
 * Costs a few rows of the file for each column, and nothing while neither it nor the width changes; while it is
 * recorded the last quarter of a column may be missing.
 */
#ifndef VIEWS_OVERVIEW_H
#define VIEWS_OVERVIEW_H

#include "canvas.h"
#include "scale.h"
#include "../db/density.h"

/* Owned by the caller; all zero is empty. */
struct overview {
	struct scale whole;     /* the recording; width 0 = nothing to show yet */
	unsigned cpus;
	int64_t last_id, violations;
	int percent;            /* how much of the sums has been made: 100 = all */
	struct density *column; /* a row of everything, then the CPUs', each as wide as the scale */
};

/* [@first, @now] in @width columns. 0 or negative. */
int overview_read(struct overview *o, struct reader *r, int64_t first, int64_t now, int width, struct error *err);
void overview_free(struct overview *o);

/* Pure. Into row @row of @c from column @col on; @window is what the lanes show. */
void overview_draw(const struct overview *o, const struct scale *window, int64_t cursor_ns, bool utf8,
		   struct canvas *c, int row, int col);

#endif
