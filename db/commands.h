/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The commands of db/; smmtrace.c has them in its table. */
#ifndef DB_COMMANDS_H
#define DB_COMMANDS_H

#include "../tracer/cmd.h"

extern const struct cmd cmd_query;
extern const struct cmd cmd_check;
extern const struct cmd cmd_export;
extern const struct cmd cmd_import;

#endif
