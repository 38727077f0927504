/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A file that is there whole or not at all: it is written under a temporary name beside it and takes its
 * own when it is complete. What is no plain file (a pipe, /dev/stdout) is written directly. A signal that
 * ends the program takes the temporary file away.
 */
#ifndef DB_NEW_FILE_H
#define DB_NEW_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>

#include "../gdbproto/error.h"

struct new_file {
	FILE *f;
	char path[PATH_MAX];           /* where it goes, links followed */
	char temporary[PATH_MAX + 8];  /* "" = written directly */
};

/* One at a time. ERR_OUTPUT. */
int new_file_open(struct new_file *n, const char *path, struct error *err);

/* Close it and give it its name. ERR_OUTPUT when it could not be written: then it is as after a drop. */
int new_file_keep(struct new_file *n, struct error *err);

/* Close it and take the temporary file away; what was there before stays as it was. */
void new_file_drop(struct new_file *n);

#endif
