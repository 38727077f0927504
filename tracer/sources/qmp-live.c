/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qmp-live.h"

#include <stdlib.h>

#include "../clock.h"

#define ASK_MS 50 /* how often QMP is asked for the CPUs */

struct qmp_live {
	struct live live; /* first */
	struct qmp *qmp;
	int64_t asked_ns;
	void (*note)(void *arg, const char *text);
	void *arg;
};

static struct qmp_live *of(struct live *l)
{
	return (struct qmp_live *)l;
}

static unsigned fds(struct live *l, struct pollfd *p)
{
	*p = (struct pollfd){ .fd = qmp_fd(of(l)->qmp), .events = POLLIN };
	return 1;
}

static int handle(struct live *l, const struct pollfd *p, unsigned n, struct error *err)
{
	struct error why;
	int changed = qmp_handle(of(l)->qmp, &why);

	(void)p;
	(void)n;
	(void)err;
	if (changed >= 0)
		return changed ? LIVE_CHANGED : LIVE_GOES_ON;
	of(l)->note(of(l)->arg, why.text);
	return LIVE_OVER;
}

/* Ask now and then; QEMU's answers and events come over its descriptor. */
static int tick(struct live *l, struct error *err)
{
	struct qmp_live *q = of(l);

	(void)err;
	if (clock_now() - q->asked_ns < ASK_MS * 1000000ll)
		return LIVE_GOES_ON;
	q->asked_ns = clock_now();
	qmp_ask(q->qmp, NULL);
	return LIVE_GOES_ON;
}

static int wait_ms(const struct live *l)
{
	(void)l;
	return ASK_MS;
}

static void end(struct live *l)
{
	qmp_close(of(l)->qmp);
	free(l);
}

static const struct live_ops ops = { .fds = fds, .handle = handle, .tick = tick, .wait_ms = wait_ms, .close = end };

struct qmp *qmp_live_qmp(struct live *l)
{
	return of(l)->qmp;
}

struct live *qmp_live_open(const char *path, int timeout_ms, void (*note)(void *arg, const char *text), void *arg,
			   struct error *err)
{
	struct qmp_live *q = calloc(1, sizeof(*q));

	if (!q) {
		fail(err, ERR_TARGET, "no memory for QMP");
		return NULL;
	}
	*q = (struct qmp_live){ .live = { &ops }, .qmp = qmp_open(path, timeout_ms, err), .note = note, .arg = arg };
	if (q->qmp)
		return &q->live;
	free(q);
	return NULL;
}
