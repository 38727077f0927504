/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An output that is never waited for: lines go to memory, and as many of them to
 * the descriptor as it takes without blocking. A reader that is slow, or a
 * terminal that is held with Ctrl-S, costs lines in the end, which are counted,
 * but neither the recording nor its end.
 */
#ifndef VIEWS_SLOW_OUT_H
#define VIEWS_SLOW_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLOW_OUT_MAX (8u << 20) /* bytes kept for a slow reader */

struct slow_out {
	int fd;
	char *buf;
	size_t n, room;
	uint64_t dropped; /* lines */
	bool gone;        /* the reader has left (EPIPE): lines are dropped, not counted */
};

/* Take one line, which is copied with a newline behind it; dropped when too much waits already. */
void slow_out_line(struct slow_out *o, const char *line);

/*
 * Write what the descriptor takes, waiting at most @wait_ms for it in all. 0, or
 * -1 with errno for a failure other than EPIPE.
 */
int slow_out_push(struct slow_out *o, int wait_ms);

void slow_out_free(struct slow_out *o);

#endif
