/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A recording made elsewhere, read from front to end, and again: bytes or lines, and where they stand. What
 * cannot be read twice (a pipe) is copied to an unlinked temporary file first.
 */
#ifndef TRACER_SOURCES_IMPORT_FILE_H
#define TRACER_SOURCES_IMPORT_FILE_H

#include <sys/types.h>

#include "../../gdbproto/error.h"
#include "text.h"

#define IMPORT_LINE_MAX 4096

struct import_file {
	char name[256];     /* for messages */
	int fd;
	uint64_t size;
	uint64_t base;      /* offset of buf[0] */
	size_t pos, fill;
	bool cut;           /* in the middle of a line that was too long */
	char buf[1 << 16];
};

/* @path, or "-" for standard input. ERR_USAGE when it cannot be opened. */
int import_file_open(struct import_file *f, const char *path, struct error *err);
void import_file_close(struct import_file *f);

/* Where the next byte comes from. */
static inline uint64_t import_file_at(const struct import_file *f)
{
	return f->base + f->pos;
}

/* Go to @offset, also behind the end. */
void import_file_seek(struct import_file *f, uint64_t offset);

/* Up to @len bytes; less only at the end of the file. Negative: ERR_CORRUPT, it could not be read. */
ssize_t import_file_read(struct import_file *f, void *out, size_t len, struct error *err);

/*
 * The next line without its newline, valid until the next call. 1, 0 at the end, or negative. Of one longer than
 * IMPORT_LINE_MAX the beginning; @whole tells that it ended with a newline and is all there.
 */
int import_file_line(struct import_file *f, struct text *line, uint64_t *offset, bool *whole, struct error *err);

/* "NAME: offset N: TEXT", ERR_CORRUPT. */
int import_corrupt(const struct import_file *f, uint64_t offset, struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
