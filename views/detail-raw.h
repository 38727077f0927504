/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an event was made of, for the detail pane: its line or packet, and the save state, decoded by its revision id. */
#ifndef VIEWS_DETAIL_RAW_H
#define VIEWS_DETAIL_RAW_H

#include "detail.h"

/* The line or packet; nothing where none came with it. */
void detail_raw_text(struct detail *d, const struct picture_event *e, const struct reader_raw *raw);

/* All registers of the save state of an smi-enter, in as many columns as fit in @cols; or why there are none. */
void detail_saved_state(struct detail *d, const struct event *ev, const struct reader_raw *raw, int cols);

#endif
