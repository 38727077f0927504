/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The database writer: a sink. WAL while recording (synchronous=NORMAL: a
 * crash of ours loses nothing committed), one plain file (journal_mode=DELETE)
 * after writer_close(). Commits at every flush (100 ms) and every few thousand events.
 *
 * Reports a full disk as ERR_OUTPUT; what was committed stays readable.
 */
#ifndef DB_WRITER_H
#define DB_WRITER_H

#include "../tracer/sink.h"

struct writer;

/*
 * Would writer_open() make @path? What stands in its way and can be seen without touching anything:
 * a file that is there (without @force), a recorder at work on it, a folder that is not there.
 */
int writer_check(const char *path, bool force, struct error *err);

/* Create @path. Refuses to overwrite an existing file unless @force. */
struct writer *writer_open(const char *path, bool force, struct error *err);

/* The writer as a sink; owned by the writer. */
struct sink *writer_sink(struct writer *w);

/* Set a meta key (committed with the next flush). @value is copied; NULL takes the key away. */
int writer_meta(struct writer *w, const char *key, const char *value, struct error *err);

/*
 * End cleanly: open SMIs stay open, closed=1, one plain file. Frees @w always,
 * also when it fails; after a failure the file is left as after a crash. Readers that
 * go on refreshing get out of the way; one that does not (a stopped process, or a
 * reader of this very thread) makes this wait a second and leaves the -wal in place.
 */
int writer_close(struct writer *w, struct error *err);

#endif
