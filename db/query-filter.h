/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A filter for everything that is asked on a connection: table event, and the views whose rows are events or
 * begin with one (event_v, smi_v, port_v ...), show only what it takes. They are hidden by temporary views of
 * the same names; main.event and so on are still whole, and so is what was concluded.
 */
#ifndef DB_QUERY_FILTER_H
#define DB_QUERY_FILTER_H

#include <sqlite3.h>

#include "../tracer/filter.h"

/* @filter is borrowed as long as @db is open; its begin_ns is set. Before an authorizer is. ERR_CORRUPT. */
int query_filter(sqlite3 *db, struct filter *filter, struct error *err);

#endif
