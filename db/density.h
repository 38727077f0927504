/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How much goes on when: a stretch of time in buckets, for a strip of a hundred columns over a recording of
 * millions of events. Costs a few rows for each bucket and CPU, however many events a bucket holds.
 */
#ifndef DB_DENSITY_H
#define DB_DENSITY_H

#include "chart.h"
#include "reader.h"

struct density {
	int64_t smis;       /* entered in it */
	int64_t smm_ns;     /* time in SMM that lies in it; for all CPUs together their sum */
	int64_t violations; /* stored ones that were found in it */
	int64_t losses;     /* lost events that were told in it; DENSITY_LOSSES stands for more, too */
};

#define DENSITY_LOSSES 16
#define DENSITY_CROWD 1024
#define DENSITY_ALL 0 /* the row of everything, also of what is about no CPU */

/* The row of a CPU. */
static inline int density_row(int cpu)
{
	return cpu + 1;
}

/*
 * [@from, @to) in @n buckets of like length; bucket i begins at from + i * (to - from) / n.
 * @out is (summary's cpus + 1) * n, by row: the one of everything, then the CPUs', each of @n; it need not be
 * cleared. An SMI that has not ended lasts until @now. 1 = as it says; 0 = the recording has no sums of its
 * own and they are still being made, see reader_prepare(): what is behind those is counted as nothing; or
 * negative. Of DENSITY_CROWD SMIs and more some (CHART_SMIS at most) may be told in the bucket behind, and time
 * in SMM where SMIs came to the recorder out of their order.
 */
int reader_density(struct reader *r, int64_t from, int64_t to, int n, int64_t now, struct density *out,
		   struct error *err);

/* How many SMIs @cpu entered before @ts, but for CHART_SMIS at most. 0, or negative. */
int reader_smis_before(struct reader *r, int cpu, int64_t ts, int64_t *least, struct error *err);

/*
 * A recording without sums (of an older smmtrace) gets them in memory, a piece with each call: work for about
 * @budget_ns. 1 = there is more to do (call again when nobody waits), 0 = ready, or negative.
 */
int reader_prepare(struct reader *r, int64_t budget_ns, struct error *err);

/* How far that is, in percent; 100 = ready. */
int reader_prepared(const struct reader *r);

#endif
