/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a command writes: standard output, or the file of -o, which is never one that it reads. */
#ifndef DB_OUT_FILE_H
#define DB_OUT_FILE_H

#include <stdio.h>

#include "../gdbproto/error.h"

/* ERR_USAGE when @path (NULL = stdout) is @input, or what SQLite keeps beside it, under any name: "COMMAND: -o PATH would overwrite ..." */
int out_file_spares(const char *command, const char *path, const char *input, struct error *err);

/* stdout, or a file that takes the name @path when it is complete (new-file.h): one at a time. NULL with ERR_OUTPUT. */
FILE *out_file_open(const char *path, struct error *err);

/*
 * All written? @rc is what was so far, and wins: unless it is 0, what was there before stays as it was. Closes what is
 * not stdout. 0, @rc, or ERR_OUTPUT.
 */
int out_file_close(FILE *f, int rc, struct error *err);

#endif
