/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "out-file.h"

#include <stdbool.h>
#include <sys/stat.h>

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int out_file_spares(const char *command, const char *path, const char *input, struct error *err)
{
	if (path && same_file(path, input))
		return fail(err, ERR_USAGE, "%s: -o %s would overwrite the recording", command, path);
	return 0;
}

FILE *out_file_open(const char *path, struct error *err)
{
	FILE *f = path ? fopen(path, "we") : stdout;

	if (!f)
		fail_errno(err, ERR_OUTPUT, "cannot write %s", path);
	return f;
}

int out_file_close(FILE *f, const char *path, int rc, struct error *err)
{
	bool failed = fflush(f) == EOF || ferror(f);

	if (f != stdout)
		failed |= fclose(f) == EOF;
	if (rc || !failed)
		return rc;
	return fail_errno(err, ERR_OUTPUT, "cannot write %s", path ? path : "standard output");
}
