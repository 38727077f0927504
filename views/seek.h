/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Finding events in a recording: the next of a lane, the next of interest, the
 * next that a search finds, those around a moment. Order is that of ids.
 */
#ifndef VIEWS_SEEK_H
#define VIEWS_SEEK_H

#include "picture.h"
#include "../db/reader.h"
#include "../tracer/filter.h"

/*
 * A search that looks at millions of events is cut in pieces. It ends at @until_ns (CLOCK_MONOTONIC) with @out
 * set, and goes on behind event @id at @ts; then nothing was found so far.
 */
struct seek_piece {
	int64_t until_ns;
	bool out;
	int64_t ts, id;
};

struct seek {
	const struct filter *filter;
	int cpu;           /* CPU_UNKNOWN = the machine's lane; READER_ANY_CPU */
	bool interest;     /* only what event_of_interest() says */
	const struct filter *find; /* only what this takes, too; NULL = all */
	struct seek_piece *piece; /* NULL = all at once */
};

/*
 * The first event after (@backwards: before) event @id at @ts; @id 0: at or
 * after @ts (at or before). 1 found, 0 none, negative on failure.
 */
int seek_event(struct reader *r, const struct seek *what, int64_t ts, int64_t id, bool backwards,
	       struct picture_event *found, struct error *err);

/* The event nearest to @ts. 1, 0, negative likewise. */
int seek_nearest(struct reader *r, const struct seek *what, int64_t ts, struct picture_event *found,
		 struct error *err);

/*
 * Up to @rows events before and up to @rows after event @id at @ts (0: the moment @ts), and itself.
 * @list holds 2 * @rows + 1. Returns their number, *chosen is the index of @id or -1.
 */
int seek_around(struct reader *r, const struct seek *what, int64_t ts, int64_t id, int rows,
		struct picture_event *list, int *chosen, struct error *err);

#endif
