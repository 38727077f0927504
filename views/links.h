/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From an event to its causes and effects: from an SMI to the write or the IPI that raised it, from an IPI to what
 * its target did, from an SMBASE write to where it takes effect; from a broken rule to what proves it. Nothing is
 * guessed: an SMI of unknown cause has no link to one, and only near events are looked at.
 */
#ifndef VIEWS_LINKS_H
#define VIEWS_LINKS_H

#include "marks.h"
#include "picture.h"
#include "../db/reader.h"

#define LINKS 8
#define LINKS_NEAR 5000 /* events that are looked at for one */

struct link {
	const char *why; /* "raised by" */
	struct picture_event to;
};

struct links {
	int count;
	struct link at[LINKS];
};

/* 0, or negative. */
int links_of_event(struct links *l, struct reader *r, const struct cpu_map *cpus, const struct picture_event *e,
		   struct error *err);
int links_of_violation(struct links *l, struct reader *r, const struct reader_violation *v, struct error *err);

#endif
