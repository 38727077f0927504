/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "import-file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../gdbproto/safe-text.h"

/* A signal that somebody handles ends it. */
static int copy_all(int from, int to)
{
	char buf[1 << 16];
	ssize_t n;

	while ((n = read(from, buf, sizeof(buf))) > 0)
		for (ssize_t done = 0, k; done < n; done += k)
			if ((k = write(to, buf + done, (size_t)(n - done))) < 0)
				return -1;
	return (int)n;
}

/* A pipe's contents, as a file that nobody else sees. */
static int spool(struct import_file *f, struct error *err)
{
	const char *dir = getenv("TMPDIR");
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/smmtrace-import.XXXXXX", dir && *dir ? dir : "/tmp");
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return fail_errno(err, ERR_OUTPUT, "cannot make a temporary file %.300s", path);
	unlink(path);
	if (copy_all(f->fd, fd) < 0) {
		fail_errno(err, ERR_OUTPUT, "cannot copy %s to a temporary file", f->name);
		close(fd);
		return -(int)ERR_OUTPUT;
	}
	close(f->fd);
	f->fd = fd;
	return 0;
}

int import_file_open(struct import_file *f, const char *path, struct error *err)
{
	bool input = !strcmp(path, "-");
	struct stat st;

	safe_text(f->name, sizeof(f->name), input ? "standard input" : path,
		  strlen(input ? "standard input" : path));
	f->base = f->pos = f->fill = 0;
	f->cut = false;
	f->fd = input ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	if (f->fd < 0 || fstat(f->fd, &st) < 0)
		return fail_errno(err, ERR_USAGE, "cannot open %s", f->name);
	if (S_ISDIR(st.st_mode))
		return fail(err, ERR_USAGE, "%s is a folder", f->name);
	if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
		return fail(err, ERR_USAGE, "%s is a device; a recording comes in a file or through a pipe", f->name);
	if (!S_ISREG(st.st_mode) && spool(f, err) < 0)
		return -(int)err->code;
	if (fstat(f->fd, &st) < 0)
		return fail_errno(err, ERR_USAGE, "cannot read %s", f->name);
	f->size = (uint64_t)st.st_size;
	return 0;
}

void import_file_close(struct import_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

void import_file_seek(struct import_file *f, uint64_t offset)
{
	f->cut = false;
	if (offset >= f->base && offset - f->base <= f->fill) {
		f->pos = (size_t)(offset - f->base);
		return;
	}
	f->base = offset;
	f->pos = f->fill = 0;
}

/* More bytes behind those in the buffer, which move to its front. 1, 0 at the end, or negative. */
static int fill_more(struct import_file *f, struct error *err)
{
	ssize_t n;

	memmove(f->buf, f->buf + f->pos, f->fill - f->pos);
	f->base += f->pos;
	f->fill -= f->pos;
	f->pos = 0;
	if (f->base + f->fill > INT64_MAX)
		return 0;
	do {
		n = pread(f->fd, f->buf + f->fill, sizeof(f->buf) - f->fill, (off_t)(f->base + f->fill));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return fail_errno(err, ERR_CORRUPT, "%s: offset %" PRIu64 ": cannot be read", f->name,
				  f->base + f->fill);
	f->fill += (size_t)n;
	return n > 0;
}

ssize_t import_file_read(struct import_file *f, void *out, size_t len, struct error *err)
{
	size_t done = 0;
	int more = 1;

	while (done < len) {
		size_t n = f->fill - f->pos < len - done ? f->fill - f->pos : len - done;

		memcpy((char *)out + done, f->buf + f->pos, n);
		f->pos += n;
		done += n;
		if (done < len && (more = fill_more(f, err)) <= 0)
			break;
	}
	return more < 0 ? more : (ssize_t)done;
}

static int skip_line(struct import_file *f, struct error *err)
{
	const char *nl;
	int more;

	while (!(nl = memchr(f->buf + f->pos, '\n', f->fill - f->pos))) {
		f->pos = f->fill;
		if ((more = fill_more(f, err)) <= 0)
			return more;
	}
	f->pos = (size_t)(nl - f->buf) + 1;
	return 1;
}

int import_file_line(struct import_file *f, struct text *line, uint64_t *offset, bool *whole,
		     struct error *err)
{
	const char *nl;
	int more = f->cut ? skip_line(f, err) : 1;

	f->cut = false;
	while (more >= 0 && !(nl = memchr(f->buf + f->pos, '\n', f->fill - f->pos)) &&
	       f->fill - f->pos < IMPORT_LINE_MAX && (more = fill_more(f, err)) > 0)
		;
	if (more < 0 || f->pos == f->fill)
		return more < 0 ? more : 0;
	*offset = import_file_at(f);
	line->at = f->buf + f->pos;
	line->end = nl ? nl : f->buf + f->fill;
	*whole = nl && line->end - line->at <= IMPORT_LINE_MAX;
	if (line->end - line->at > IMPORT_LINE_MAX)
		line->end = line->at + IMPORT_LINE_MAX;
	if (nl)
		f->pos = (size_t)(nl - f->buf) + 1;
	else
		f->pos += (size_t)(line->end - line->at);
	f->cut = !nl;
	return 1;
}

int import_corrupt(const struct import_file *f, uint64_t offset, struct error *err, const char *fmt, ...)
{
	char text[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return fail(err, ERR_CORRUPT, "%s: offset %" PRIu64 ": %s", f->name, offset, text);
}
