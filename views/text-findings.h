/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What was concluded, as lines between those of the events:
 *
 *   +12.846123 cpu1 VIOLATED no-init-in-smm (c) error: MESSAGE [events 812 815]
 *   +12.900000 cpu1 plug 1: step d-rsm (d)
 *   +13.200000 cpu1 plug 1: done in 370 ms
 *   +14.900000 cpu1 plug 1: STUCK behind step c, no d-entry for 1.00 s
 *   +14.900000 verdict: ... and a line for each CPU
 *
 * Pure. @first_ns is the time of the first event; each returns @out.
 */
#ifndef VIEWS_TEXT_FINDINGS_H
#define VIEWS_TEXT_FINDINGS_H

#include "../tracer/verdict.h"

/* "+12.846123 ": the time at which a line begins. */
const char *text_time(char *out, size_t size, int64_t first_ns, int64_t ts);

const char *text_violation(char *out, size_t size, const struct violation *v, int64_t first_ns);
const char *text_episode(char *out, size_t size, const struct episode *ep, int64_t first_ns);
const char *text_verdict(char *out, size_t size, const struct verdict_line *line, int64_t first_ns, int64_t ts);

/* When the last thing that text_episode() tells of @ep was so. */
int64_t text_episode_ns(const struct episode *ep);

/*
 * Which episodes were told how far: those that change in something else get no line.
 * All zero at the start.
 */
struct text_told {
	struct { int64_t id; uint8_t step, status; } episode[64]; /* by id modulo 64 */
};
bool text_is_news(struct text_told *told, const struct episode *ep);

#endif
