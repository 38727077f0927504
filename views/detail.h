/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One event in full: where one can go from it, every field, what the kind means, the SMI it lies in, what it was
 * made of; or one broken rule with what proves it.
 */
#ifndef VIEWS_DETAIL_H
#define VIEWS_DETAIL_H

#include "links.h"
#include "picture.h"
#include "../db/reader.h"

#define DETAIL_LINES 96

struct detail {
	int lines;
	int first_link; /* the line of link 0; the others follow */
	const char *line[DETAIL_LINES]; /* into text */
	char text[DETAIL_LINES][1200];
};

/* Where one can go from here; link @chosen is marked. */
struct detail_links {
	const struct links *links;
	int chosen;
};

/* What there is to tell of an event. */
struct detail_of {
	const struct picture_event *event;
	const struct reader_smi *smi; /* the stay in SMM of that CPU it lies in, or NULL */
	const struct reader_raw *raw; /* what it was made of, or NULL */
};

/* @cols: of the pane, into which registers are set side by side. Pure. */
void detail_write(struct detail *d, const struct detail_of *of, const struct detail_links *links, int64_t first_ns,
		  int cols);

/* One more line; beyond DETAIL_LINES none. */
void detail_add(struct detail *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A broken rule: what was found, the events that prove it as @links, what the rule says and means. Pure. */
void detail_violation(struct detail *d, const struct reader_violation *v, const struct detail_links *links,
		      int64_t first_ns);

/* The SMI of @cpu that @ts lies in, or the next one that begins before @end: 1 found, 0 none, negative. */
int detail_smi(struct reader *r, int cpu, int64_t ts, int64_t end, struct reader_smi *smi, struct error *err);

#endif
