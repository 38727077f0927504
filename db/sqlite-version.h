/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which SQLite smmtrace runs with. */
#ifndef DB_SQLITE_VERSION_H
#define DB_SQLITE_VERSION_H

#include <stdbool.h>

/* The oldest release that knows STRICT tables (sqlite.org/stricttables.html). */
#define SQLITE_OLDEST "3.37.0"

/* "3.40.1" of the library in use; lives for ever. *enough: not older than SQLITE_OLDEST. */
const char *sqlite_version(bool *enough);

#endif
