/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A filter as a question to a recording: what SQL can leave out before events are looked at one by one. */
#ifndef DB_NARROW_H
#define DB_NARROW_H

#include "reader.h"
#include "../tracer/filter.h"

/*
 * Narrow @want to kinds, CPU and times that @f can take; events that it gives must still be shown to
 * filter_takes(). Several filters narrow it one after the other. False: no event fits all of them.
 */
bool reader_narrow(struct reader_filter *want, const struct filter *f);

#endif
