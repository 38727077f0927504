/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "clock.h"

#include <time.h>

#define MEASURE_TRIES 5

static int64_t read_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * NS_PER_SEC + ts.tv_nsec;
}

int64_t clock_now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

void clock_measure(struct clock_sync *sync)
{
	int64_t best = INT64_MAX;

	for (int i = 0; i < MEASURE_TRIES; i++) {
		int64_t before = clock_now();
		int64_t wall = read_clock(CLOCK_REALTIME);
		int64_t after = clock_now();

		if (after - before >= best)
			continue;
		best = after - before;
		sync->offset = before + best / 2 - wall;
		sync->error = best / 2 + 1;
		sync->measured = after;
	}
}

int64_t clock_from_realtime(struct clock_sync *sync, int64_t realtime_ns)
{
	if (!sync->measured || clock_now() - sync->measured > NS_PER_SEC)
		clock_measure(sync);
	return realtime_ns + sync->offset;
}
