/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A file of bytes, imported; whatever comes out must be well-formed events, and no more than the input can hold. */
#ifndef TESTS_FUZZ_IMPORT_H
#define TESTS_FUZZ_IMPORT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../tracer/sources/import.h"

#define IMPORT_REPEAT 4096 /* events of one string access, at most */

static size_t import_events;

static inline void import_take(struct event_out *out, const struct event *ev)
{
	(void)out;
	if (ev->kind >= EVENT_KIND_COUNT || ev->source >= EVENT_SOURCE_COUNT || ev->origin > ORIGIN_INFERRED ||
	    ev->cpu < CPU_UNKNOWN || ev->cpu >= EVENT_MAX_CPUS || ev->known >> event_info[ev->kind].fields)
		abort();
	import_events++;
}

static inline void import_bytes(const char *format, const void *data, size_t size)
{
	struct event_out out = { import_take };
	static struct import_stats stats;
	char path[64];
	int fd = memfd_create("fuzz", 0);
	struct import_args args = { .path = path, .format = format, .out = &out };
	struct error err = { 0 };

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	import_events = 0;
	if (import_run(&args, &stats, &err) < 0 && (!err.code || !err.text[0]))
		abort();
	if (import_events > 2 + EVENT_MAX_CPUS + (size + 1) * IMPORT_REPEAT)
		abort();
	close(fd);
}

#endif
