/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `smmtrace diff` says: as text in the manner of `git diff`, or as one JSON document. */
#ifndef DB_DIFF_REPORT_H
#define DB_DIFF_REPORT_H

#include <stdio.h>

#include "diff.h"

struct diff_look {
	const char *path[DIFF_SIDES]; /* as they were given; untrusted */
	size_t context;               /* lines before and behind a difference */
	bool all;                     /* every difference of a CPU, not the first one only */
};

/* First difference, episodes, rules, settings, verdicts, the lines of each CPU: whatever differs of it. */
void diff_text(FILE *out, const struct diff *d, const struct diff_look *look);

/* One change of a lane: where it is, and the first line of it on either side. */
void diff_text_change(FILE *out, const struct diff *d, const struct diff_lane *l,
		      const struct diff_change *c);

void diff_json(FILE *out, const struct diff *d, const struct diff_look *look);

/* "CPU 1", "no known CPU"; "plug of CPU 1", "unplug 2 of CPU 3". Each returns @out. */
#define DIFF_NAME 64
const char *diff_lane_name(char out[DIFF_NAME], int cpu);
const char *diff_episode_name(char out[DIFF_NAME], enum episode_kind kind, int cpu, unsigned nth);

/* "plug of CPU 1, behind c": where @line of @side happened; "" = in no episode. */
const char *diff_place(char out[DIFF_NAME], const struct diff *d, int side, const struct lane_line *line);

/* When @line of @side happened for the first time: ns since the first event of the side. */
int64_t diff_line_ns(const struct diff *d, int side, const struct lane_line *line);

#endif
