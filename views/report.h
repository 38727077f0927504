/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The relocation report: what a recording says about each CPU, as plain text of
 * at most 80 columns, made for a bug report.
 *
 * report_read() gathers everything in one pass over the events and one over the
 * SMIs; report_print() only writes. Times are ns of CLOCK_MONOTONIC in the
 * struct, seconds since the first event on paper.
 */
#ifndef VIEWS_REPORT_H
#define VIEWS_REPORT_H

#include <stdio.h>

#include "insight.h"
#include "report-figures.h"
#include "../db/reader.h"

#define REPORT_KEPT 8 /* of what may repeat, this many are told one by one */

/* A write of the SMBASE slot, and what became of it. */
struct report_relocation {
	int64_t ts, effective_ns;   /* effective_ns 0 = no RSM has made it so */
	uint64_t before, after, rip;
	bool rip_known;
	int64_t entries, first_entry_ns; /* at the new base: the proof */
	uint64_t other_base;        /* base of an entry that contradicts it; SMBASE_UNKNOWN = none */
};

struct report_reset {
	int64_t ts;
	bool in_smm, rip_known;
	uint64_t rip;
};

struct report_cpu {
	bool exists;
	struct reader_cpu now;
	bool seen_known;
	struct event seen;          /* the last cpu-seen */
	int64_t added_ns, last_ns;  /* of its first event, and of its last but cpu-seen */

	int64_t entries, rsms, ended_by_reset;
	struct samples length;      /* of every finished SMI */
	struct reader_smi inside;   /* the unfinished one; id 0 = none */
	int64_t cause[CAUSE_COUNT], apm_cmd[256];

	int64_t relocations, found;
	struct report_relocation relocation[REPORT_KEPT];
	struct event first_found;
	int64_t resets, resets_in_smm;
	bool reset_since;           /* since the last write of SMBASE */
	struct report_reset reset[REPORT_KEPT]; /* those inside SMM first */
	int64_t sent[8], received[8]; /* IPIs by enum ipi_mode */
	int64_t cpuhp_reads, cpuhp_writes;
};

/* A rule that could not be judged, and why; made safe. */
struct report_rule {
	char name[64], why[200];
};
#define REPORT_RULES 64

struct report {
	struct reader_summary sum;
	char file[128], target[128], started[48], version[32]; /* made safe; "" = not said */
	unsigned cpus;
	struct report_cpu *cpu;
	int64_t events[EVENT_KIND_COUNT];
	int64_t lost_intervals, blind_intervals, blind_ns, paused[WHY_COUNT];
	int64_t port_writes, port_unknown_cpu; /* to 0xb2 */
	int64_t ipi_unknown_cpu;
	int64_t end_ns;             /* how far the recording is known */

	struct insight *insight;    /* episodes and verdict; owned */
	struct figures *figures;    /* owned */
	unsigned violations;        /* kept ones; how many there are: sum.violations */
	struct reader_violation violation[REPORT_KEPT];
	unsigned rules, held, broken, never;
	struct report_rule rule[REPORT_RULES]; /* the unknown ones */
	unsigned unknown;
	bool config_told[CONFIG_REG_COUNT];
	struct event config[CONFIG_REG_COUNT]; /* as it was told last */
};

/* Gather; @r is report_free()d by the caller also after a failure (all zero is free). */
int report_read(struct report *rep, struct reader *r, const char *file, struct error *err);
void report_free(struct report *rep);

/* report-findings.c: what the recorder concluded. 0 or negative. */
int report_read_findings(struct report *rep, struct reader *r, struct error *err);

void report_print(const struct report *rep, FILE *out);

#endif
