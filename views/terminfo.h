/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the terminal data base says about $TERM; sends nothing to the terminal. */
#ifndef VIEWS_TERMINFO_H
#define VIEWS_TERMINFO_H

/* Colours that $TERM can show, 0 = none; -1: unknown to the data base, or it cannot place its cursor. */
int terminfo_colours(void);

#endif
