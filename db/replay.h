/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A recording as a source: its events, in the order of their ids, go through the judge to the sinks, as
 * they did when they were recorded. Ids are those of the file, so evidence names the same events.
 * Ids are not strictly in the order of time; they were not for the first judge either.
 * Events of a kind that this program does not know are skipped.
 */
#ifndef DB_REPLAY_H
#define DB_REPLAY_H

#include "reader.h"
#include "../tracer/judge.h"

/* Feed all of @r to @j, whose sinks are set, and finish it. 0, or negative: the file is damaged, or a sink failed. */
int replay(struct reader *r, struct judge *j, struct error *err);

#endif
