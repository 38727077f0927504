/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Source gdb in the recorder's loop. */
#ifndef TRACER_SOURCES_GDB_LIVE_H
#define TRACER_SOURCES_GDB_LIVE_H

#include "../live.h"
#include "gdb.h"

/* @stats is filled when it is closed, with what all its attachments (Ctrl-Z) took. NULL on failure. */
struct live *gdb_live_open(const struct gdb_args *args, struct gdb_stats *stats, struct error *err);

#endif
