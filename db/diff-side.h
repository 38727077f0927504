/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One side of a diff: a recording judged again, and what each CPU did in it. Judged again, so that
 * recordings of different smmtraces can be compared, and by the switches of its own recorder.
 */
#ifndef DB_DIFF_SIDE_H
#define DB_DIFF_SIDE_H

#include "diff-lane.h"
#include "reader.h"
#include "../tracer/filter.h"
#include "../tracer/judge.h"

#define DIFF_LANES (EVENT_MAX_CPUS + 1) /* by CPU + 1: lane 0 is what no known CPU did */

struct diff_side {
	struct reader *reader;
	struct judge *judge;      /* after the last event: episodes, rules, settings */
	struct verdict verdict;   /* lines 0 = none */
	struct lane lane[DIFF_LANES];
	int64_t blind;            /* intervals in which a source could not see */
};

/*
 * NULL on failure: ERR_USAGE the path, ERR_CORRUPT the file. Words go to @w, which must outlive it. Lanes hold the
 * events that @filter takes (NULL = all); judged are all of them.
 */
struct diff_side *diff_side_open(const char *path, const struct filter *filter, struct words *w,
				 struct error *err);
void diff_side_free(struct diff_side *s);

/* A setting as text for comparison; "" = not known, or an address that need not be the same. */
const char *diff_side_setting(const struct diff_side *s, enum config_reg reg, char out[32]);

#endif
