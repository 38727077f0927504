/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "slow-out.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../tracer/clock.h"

#define PIECE 512u /* a pipe that polls writable takes PIPE_BUF, a terminal at least about this, at once */

static bool make_room(struct slow_out *o, size_t len)
{
	size_t room = o->room ? o->room : 65536;
	char *grown;

	if (o->n + len <= o->room)
		return true;
	if (o->n + len > SLOW_OUT_MAX)
		return false;
	while (room < o->n + len)
		room *= 2;
	grown = realloc(o->buf, room);
	if (!grown)
		return false;
	o->buf = grown;
	o->room = room;
	return true;
}

void slow_out_line(struct slow_out *o, const char *line)
{
	size_t len = strlen(line);

	if (o->gone)
		return;
	if (!make_room(o, len + 1)) {
		o->dropped++;
		return;
	}
	memcpy(o->buf + o->n, line, len);
	o->buf[o->n + len] = '\n';
	o->n += len + 1;
}

static bool takes_more(int fd, int64_t until)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	int64_t left = (until - clock_now()) / 1000000;

	return poll(&p, 1, left > 0 ? (int)left : 0) > 0;
}

int slow_out_push(struct slow_out *o, int wait_ms)
{
	int64_t until = clock_now() + wait_ms * 1000000ll;
	size_t done = 0;
	int rc = 0;

	while (done < o->n && !o->gone && takes_more(o->fd, until)) {
		ssize_t wrote = write(o->fd, o->buf + done, o->n - done < PIECE ? o->n - done : PIECE);

		if (wrote >= 0) {
			done += (size_t)wrote;
		} else if (errno == EPIPE) {
			o->gone = true;
			done = o->n;
		} else if (errno != EINTR && errno != EAGAIN) {
			rc = -1;
			break;
		}
	}
	o->n -= done;
	if (done && o->n)
		memmove(o->buf, o->buf + done, o->n);
	return rc;
}

void slow_out_free(struct slow_out *o)
{
	free(o->buf);
	o->buf = NULL;
	o->n = o->room = 0;
}
