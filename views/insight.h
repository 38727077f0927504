/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a recording concludes, for the timeline: its episodes, the verdict, and the
 * rules that were broken. Texts are the file's; what is kept here was made safe for a terminal.
 */
#ifndef VIEWS_INSIGHT_H
#define VIEWS_INSIGHT_H

#include "lanes.h"
#include "../db/reader.h"

#define INSIGHT_EPISODES 300 /* kept, the latest ones */
#define INSIGHT_SMI_STEPS 4000 /* kept, the first ones */
#define INSIGHT_LINES 64     /* of the verdict */
#define INSIGHT_MARKS 2000   /* broken rules marked in one window */

struct insight_step {
	char name[16], letter[4];
	int64_t ts_ns;
};

struct insight_episode {
	int64_t id;
	int cpu;
	bool boot, stuck;
	char kind[12], step[16], next[16]; /* of the last step, of the one it waits for; "" = none */
	int64_t start_ns, end_ns, stuck_ns; /* 0 = not over, not stuck */
	unsigned steps;
	struct insight_step at[READER_STEPS]; /* as they came */
};

/* A step that @cpu made in SMM. */
struct insight_smi_step {
	int cpu;
	int64_t ts_ns;
	char label[24]; /* "(b) scan" */
};

/* Owned by the caller; all zero is empty, insight_free() makes it so again. */
struct insight {
	int64_t violations;
	struct insight_episode *episode;
	int episodes;
	struct insight_smi_step *smi_step;
	int smi_steps;
	int lines;
	char line[INSIGHT_LINES][1240]; /* "CPU 0: in SMM ..." */
};

/* Read them anew. 0, or negative. */
int insight_read(struct insight *f, struct reader *r, struct error *err);
void insight_free(struct insight *f);

/* The last one that is stuck; NULL = none is. */
const struct insight_episode *insight_stuck(const struct insight *f);

/* The one the user looks at: the last to begin before @ts, plugs and unplugs before boots; NULL = there are none. */
const struct insight_episode *insight_episode_at(const struct insight *f, int64_t ts);

/* "STUCK plug of CPU 1, step (d), 2.10 s: ...": the state at @now. "" when nothing is stuck. Returns @out. */
const char *insight_status(char *out, size_t size, const struct insight *f, int64_t now);

/* The steps of the window in the bodies, its broken rules as marks. 0, or negative. */
int insight_mark(const struct insight *f, struct reader *r, struct lanes *l, struct error *err);

/*
 * The next broken rule behind @from at @ts (id 0: at or after @ts); @backwards: before.
 * 1 found, 0 none, negative.
 */
int insight_seek(struct reader *r, int64_t ts, int64_t id, bool backwards, struct reader_violation *found,
		  struct error *err);

/* "no-init-in-smm  CPU 1  step c  INIT from CPU 0 ...": one line, safe. Returns @out. */
const char *insight_line(char *out, size_t size, const struct reader_violation *v);

#endif
