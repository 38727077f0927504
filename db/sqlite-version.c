/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sqlite-version.h"

#include <sqlite3.h>

const char *sqlite_version(bool *enough)
{
	*enough = sqlite3_libversion_number() >= 3037000;
	return sqlite3_libversion();
}
