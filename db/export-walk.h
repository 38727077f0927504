/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The walk's state, shared by its two halves: the events, and what was concluded from them. */
#ifndef DB_EXPORT_WALK_H
#define DB_EXPORT_WALK_H

#include "export.h"

#define SMIS_AHEAD 512

struct walk {
	struct reader *r;
	const struct export_format *format;
	FILE *out;
	void *own;
	struct error *err;
	struct export_count count;
	const struct filter *filter;           /* NULL = all */
	int64_t from, to;                      /* its times */
	struct reader_cpu cpu[EVENT_MAX_CPUS]; /* those that there are */
	unsigned cpus;
	struct reader_smi ahead[SMIS_AHEAD];   /* stays in SMM by id, read in batches */
	unsigned ahead_at, ahead_count;
	int64_t ahead_next;                    /* id from which the next batch is read; INT64_MAX = none */
	int64_t leaves[EVENT_MAX_CPUS];        /* when the CPU's last stay ends; 0 = it is not over */
	bool told[EXPORT_GROUP_COUNT * EXPORT_LANES + 1]; /* tracks, by id */
	int64_t busy[EXPORT_GROUP_COUNT][EXPORT_LANES];   /* until when a lane is taken */
};

void walk_instant(struct walk *w, const struct export_mark *m);
/* An end before its beginning is set right in @m. */
void walk_slice(struct walk *w, struct export_mark *m, bool holds);
void walk_close(struct walk *w, const struct export_mark *m);

/* A lane of @group that is free from @from on, taken until @to (0 = for good). The last one when none is. */
struct export_track walk_lane(struct walk *w, enum export_group group, int64_t from, int64_t to);

/* After each row: was it written? Negative ends the walk. */
int walk_written(struct walk *w);

/* Episodes, their steps, violations. After the events, whose SMIs the steps go into. */
int walk_findings(struct walk *w);

#endif
