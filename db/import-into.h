/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A recording of somebody else's, judged and written as a live one is. The file takes its name when all is well;
 * until then it stands beside it under another one.
 */
#ifndef DB_IMPORT_INTO_H
#define DB_IMPORT_INTO_H

#include "../tracer/sources/import.h"

/*
 * Import by @args (whose out, stop and arg: stop is the caller's, the others are set here) into @path. A damaged
 * input leaves nothing, or, with @keep_partial, what stood before the damage; it fails in both cases.
 */
int import_into(const char *path, bool force, bool keep_partial, const struct import_args *args,
		struct import_stats *stats, struct error *err);

#endif
