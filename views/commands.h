/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The commands of views/; smmtrace.c has them in its table. (cmd_report() is the
 * error printer of tracer/cmd.h, so the command `report` is cmd_report_view.)
 */
#ifndef VIEWS_COMMANDS_H
#define VIEWS_COMMANDS_H

#include <stddef.h>

#include "../tracer/cmd.h"

extern const struct cmd cmd_attach, cmd_run, cmd_record, cmd_view, cmd_report_view, cmd_diff;
extern const struct cmd cmd_kick, cmd_doctor, cmd_list;

/* The @i-th argument that `list` takes; NULL behind the last one. */
const char *listing_name(size_t i);

#endif
