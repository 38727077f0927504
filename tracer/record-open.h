/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which sources a recording has. */
#ifndef TRACER_RECORD_OPEN_H
#define TRACER_RECORD_OPEN_H

#include "live.h"
#include "record.h"
#include "source.h"

/*
 * Open what @args ask for, @live holds at most LIVE_MAX_SOURCES. Returns how many, or negative with
 * none open. @out and @guard must outlive them.
 */
int record_open_sources(const struct record_args *args, struct guard *guard, struct event_out *out,
			struct record_result *result, struct live **live, struct error *err);

#endif
