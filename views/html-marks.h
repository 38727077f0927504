/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The shapes of marks on the page. */
#ifndef VIEWS_HTML_MARKS_H
#define VIEWS_HTML_MARKS_H

#include "lanes.h"

/* Id of the symbol that shows @mark, which is its class too. */
const char *html_shape(enum lane_mark mark);

#endif
