/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a report counts over all CPUs: how long SMIs took, how long CPUs took to come, and storms. */
#ifndef VIEWS_REPORT_FIGURES_H
#define VIEWS_REPORT_FIGURES_H

#include "samples.h"
#include "../db/reader.h"

/* A storm: so many SMIs of a CPU, each so soon after the one before. As the question of that name has it. */
#define STORM_SMIS 10
#define STORM_GAP_NS INT64_C(10000000)
#define STORMS_KEPT 16

struct storm {
	int cpu;
	int64_t first_ns, last_ns; /* of their entries */
	int64_t smis;
	int64_t in_smm_ns;         /* of those that ended */
};

/* All zero is empty. Entries come to figures_smi() by CPU, and by time within each. */
struct figures {
	struct samples length[CAUSE_COUNT], lengths; /* of stays that ended, by cause; of all */
	struct samples arrival[EVENT_MAX_CPUS];      /* of each CPU: from the write to 0xb2 to its entry */
	struct samples arrivals;
	struct storm storm[STORMS_KEPT];             /* the longest ones that came, in their order */
	int64_t storms;
	struct storm now;                            /* as far as it has come */
};

/* False when there is no memory. */
bool figures_smi(struct figures *f, const struct reader_smi *smi);

/* After the last SMI: the arrivals, and everything in order. 0, or negative. */
int figures_finish(struct figures *f, struct reader *r, struct error *err);
void figures_free(struct figures *f);

#endif
