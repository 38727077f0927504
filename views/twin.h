/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two recordings that were compared, on the terminal: two groups of lanes with one cursor, aligned in time
 * (twin-picture.h), and what differs between them.
 */
#ifndef VIEWS_TWIN_H
#define VIEWS_TWIN_H

#include "../db/diff-report.h"

/* Is there a terminal to show it on? To be asked before long work. 0, or ERR_USAGE with the reason. */
int twin_can_show(struct error *err);

/*
 * Show @d until the user leaves; @look is what `diff` would write, @filter what was compared (NULL = all).
 * 0, the number of the signal that ended it, or negative: ERR_USAGE without a usable terminal, ERR_CORRUPT for
 * a damaged file.
 */
int twin_run(const struct diff *d, const struct diff_look *look, const struct filter *filter, bool ascii,
	     struct error *err);

#endif
