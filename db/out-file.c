/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "out-file.h"

#include <sys/stat.h>

#include "new-file.h"

static struct new_file file;

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int out_file_spares(const char *command, const char *path, const char *input, struct error *err)
{
	static const char *const suffix[] = { "", "-wal", "-shm", "-journal" };
	char name[PATH_MAX + 16];

	for (unsigned i = 0; path && i < sizeof(suffix) / sizeof(*suffix); i++) {
		snprintf(name, sizeof(name), "%.*s%s", PATH_MAX, input, suffix[i]);
		if (same_file(path, name))
			return fail(err, ERR_USAGE, "%s: -o %s would overwrite the recording", command, path);
	}
	return 0;
}

FILE *out_file_open(const char *path, struct error *err)
{
	if (!path)
		return stdout;
	return new_file_open(&file, path, err) < 0 ? NULL : file.f;
}

int out_file_close(FILE *f, int rc, struct error *err)
{
	if (f != stdout && !rc)
		return new_file_keep(&file, err);
	if (f != stdout)
		new_file_drop(&file);
	else if (!rc && (fflush(f) == EOF || ferror(f)))
		return fail_errno(err, ERR_OUTPUT, "cannot write standard output");
	return rc;
}
