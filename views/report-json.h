/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The report as one JSON document; its schema is in smmtrace-report(1). */
#ifndef VIEWS_REPORT_JSON_H
#define VIEWS_REPORT_JSON_H

#include "json-text.h"
#include "report.h"

#define REPORT_JSON_SCHEMA 1 /* raised when a member changes or goes; members may be added */

/*
 * @rep was read from @r, which gives what a report does not keep: all episodes, violations and rules.
 * 0, or negative; whether @out could be written is the caller's to ask.
 */
int report_json(const struct report *rep, struct reader *r, const char *file, FILE *out, struct error *err);

/* report-json-cpus.c: the members "smis" and "cpus". */
void report_json_smis(struct json_out *j, const struct report *rep);
void report_json_cpus(struct json_out *j, const struct report *rep);

/* Time since the first event; null for an @ts of 0. */
void report_json_time(struct json_out *j, const char *name, const struct report *rep, int64_t ts);

#endif
