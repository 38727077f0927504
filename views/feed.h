/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From a recording into lanes: what a time window shows. Costs a window query,
 * or, where the window holds more than FEED_ROWS rows (of SMIs: all lanes together), a
 * bounded number of rows for each column; never the whole recording.
 */
#ifndef VIEWS_FEED_H
#define VIEWS_FEED_H

#include "lanes.h"
#include "marks.h"
#include "../db/reader.h"
#include "../tracer/filter.h"

#define FEED_ROWS 6000
#define FEED_ROWS_A_COLUMN 10

struct feed {
	struct reader *reader;
	struct cpu_map cpus;
	int64_t first_ns; /* the recording's first event */
	int64_t now_ns;   /* nothing is known after this */
	uint64_t edition; /* another one each time it is prepared */
};

/* What lanes were filled with: as long as that is the same they need not be filled again. */
struct feed_view {
	struct scale scale;
	struct filter filter;
	int first, last;  /* CPUs */
	uint64_t edition; /* of the feed; 0 = nothing was */
};

bool feed_same_view(const struct feed_view *a, const struct feed_view *b);

/*
 * How far is the recording known? While it is live its clock is ours, so time
 * goes on also when nothing happens; otherwise to its last event.
 */
int64_t known_until(const struct reader_summary *sum);

/* Learn the CPUs and the end of the recording; @now_ns 0 = its last event. 0, or negative. */
int feed_prepare(struct feed *f, struct reader *r, int64_t now_ns, struct error *err);

/*
 * Fill @l (already cleared, with its scale) with the events @filter takes and the
 * states of CPUs [@first, @last]. Returns 1 when columns were sampled, 0 when all
 * was read, negative on failure.
 */
int feed_lanes(const struct feed *f, struct lanes *l, const struct filter *filter, int first, int last,
	       struct error *err);

#endif
