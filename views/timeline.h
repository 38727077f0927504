/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The timeline: a recording, finished or still being written, on the terminal.
 */
#ifndef VIEWS_TIMELINE_H
#define VIEWS_TIMELINE_H

#include <stdbool.h>

#include "../tracer/filter.h"

struct timeline_options {
	bool ascii;               /* nothing but ASCII */
	bool follow;              /* go with the end while the recording is live */
	int wake_fd;              /* readable = look again at once; -1 = none */
	bool (*tick)(void *hook); /* called about every 100 ms; false ends. May be NULL */
	void *hook;
	const char *title;        /* in the header; NULL = the file's name */
	const struct filter *filter; /* to begin with; NULL = the default */
};

/*
 * Show @path until the user leaves. 0 when they did or tick() ended it; the
 * number of the signal (SIGINT for Ctrl-C, SIGTERM, SIGHUP) that did; or negative:
 * ERR_USAGE without a usable terminal or file, ERR_CORRUPT for a damaged one. The
 * terminal is as it was found in every case, and nothing is written to the file.
 */
int timeline_run(const char *path, const struct timeline_options *opt, struct error *err);

#endif
