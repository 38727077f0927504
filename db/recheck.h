/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A recording judged again, and how that compares with what its recorder concluded.
 *
 * The recorder's switches stand in meta (check, profile, deadline, in the words of the command line);
 * a re-check uses the same ones unless told otherwise, and then both must come to the same findings.
 */
#ifndef DB_RECHECK_H
#define DB_RECHECK_H

#include "reader.h"
#include "../tracer/judge.h"

/* In the words of the command line; NULL = as the recorder had it. */
struct recheck_switches {
	const char *check, *profile, *deadline;
};

enum recheck_stored {
	STORED_SAME,
	STORED_DIFFERS,
	STORED_NONE,        /* the recorder did not judge */
	STORED_OPEN,        /* it was not closed: what is stored is from an earlier moment */
	STORED_OTHER,       /* judged with other switches this time */
	STORED_COUNT
};
extern const char *const recheck_stored_name[STORED_COUNT]; /* same differs none open other-switches */

#define RECHECK_DIFFERENCES 20

struct recheck {
	struct reader *reader;
	struct judge *judge;          /* after the last event */
	struct verdict verdict;       /* lines 0 = none */
	enum recheck_stored stored;
	unsigned differences;         /* all of them; the first ones are told in difference[] */
	char difference[RECHECK_DIFFERENCES][200];
};

/* NULL on failure: ERR_USAGE a switch or the path, ERR_CORRUPT the file. */
struct recheck *recheck_run(const char *path, const struct recheck_switches *s, struct error *err);
void recheck_free(struct recheck *c);

/* How @r is to be judged: by @s, else as its recorder did. 0, ERR_USAGE or ERR_CORRUPT. */
int recheck_options(struct reader *r, const struct recheck_switches *s, struct judge_options *o,
		    struct error *err);

/* For recheck_run(): set stored and the differences. */
int recheck_compare(struct recheck *c, bool other_switches, struct error *err);

#endif
