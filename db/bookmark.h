/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bookmarks with text, kept in the recording itself (table bookmark, made with the first one). Only a recording
 * that was ended cleanly is ever written to: a recorder is never kept waiting, and what a crash has left stays as
 * it is. Texts are the file's and untrusted (safe_text() before a terminal).
 */
#ifndef DB_BOOKMARK_H
#define DB_BOOKMARK_H

#include "reader.h"

#define BOOKMARK_TEXT 80

struct bookmark {
	int64_t ts_ns; /* one at a time at most */
	int cpu;       /* or CPU_UNKNOWN */
	char text[BOOKMARK_TEXT];
};

/* Those of the file, by time. 0, what @cb returned, or negative. */
int reader_bookmarks(struct reader *r, int (*cb)(void *arg, const struct bookmark *b), void *arg, struct error *err);

/*
 * Keep @b in the file in place of what is there at its time; without text: nothing is there any more. @r is as
 * good as before in every case but ERR_CORRUPT. ERR_OUTPUT with the reason when it cannot be kept.
 */
int reader_keep_bookmark(struct reader *r, const struct bookmark *b, struct error *err);

#endif
