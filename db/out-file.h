/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a command writes: standard output, or the file of -o, which is never one that it reads. */
#ifndef DB_OUT_FILE_H
#define DB_OUT_FILE_H

#include <stdio.h>

#include "../gdbproto/error.h"

/* ERR_USAGE when @path (NULL = stdout) is @input under any name: "COMMAND: -o PATH would overwrite ..." */
int out_file_spares(const char *command, const char *path, const char *input, struct error *err);

/* stdout, or @path made empty. NULL with ERR_OUTPUT. */
FILE *out_file_open(const char *path, struct error *err);

/* All written? @rc is what was so far, and wins. Closes what is not stdout. 0, @rc, or ERR_OUTPUT. */
int out_file_close(FILE *f, const char *path, int rc, struct error *err);

#endif
