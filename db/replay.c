/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "replay.h"

struct replay {
	struct judge *judge;
	struct error *err;
};

static int feed(void *arg, int64_t id, const struct event *ev)
{
	struct replay *p = arg;

	return judge_event_at(p->judge, id, ev, p->err);
}

int replay(struct reader *r, struct judge *j, struct error *err)
{
	struct reader_filter all = READER_ALL;
	struct replay p = { j, err };
	int rc = reader_events(r, &all, feed, &p, err);

	return rc < 0 ? rc : judge_finish(j, err);
}
