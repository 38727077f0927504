/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One event in full: every field, what the kind means, and the SMI it lies in; or one
 * broken rule with what proves it.
 */
#ifndef VIEWS_DETAIL_H
#define VIEWS_DETAIL_H

#include "links.h"
#include "picture.h"
#include "../db/reader.h"

#define DETAIL_LINES 32

struct detail {
	int lines;
	const char *line[DETAIL_LINES]; /* into text */
	char text[DETAIL_LINES][1200];
};

/* Where one can go from here; link @chosen is marked. */
struct detail_links {
	const struct links *links;
	int chosen;
};

/* @smi: the stay in SMM of that CPU the event lies in, or NULL. Pure. */
void detail_write(struct detail *d, const struct picture_event *e, const struct reader_smi *smi,
		  const struct detail_links *links, int64_t first_ns);

/* A broken rule: what was found, the events that prove it as @links, what the rule says and means. Pure. */
void detail_violation(struct detail *d, const struct reader_violation *v, const struct detail_links *links,
		      int64_t first_ns);

/* The SMI of @cpu that @ts lies in, or the next one that begins before @end: 1 found, 0 none, negative. */
int detail_smi(struct reader *r, int cpu, int64_t ts, int64_t end, struct reader_smi *smi, struct error *err);

#endif
