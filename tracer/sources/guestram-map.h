/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where guest RAM stands in a QEMU's address space: its one mapping, and the
 * cut at the 32-bit hole. Finding it reads /proc/PID/cmdline and /proc/PID/maps
 * and changes nothing.
 */
#ifndef TRACER_SOURCES_GUESTRAM_MAP_H
#define TRACER_SOURCES_GUESTRAM_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../../gdbproto/error.h"

struct guestram_map {
	uint64_t host;  /* address of guest physical 0 in QEMU */
	uint64_t size;  /* bytes */
	uint64_t below; /* the first @below bytes are at guest physical 0, the rest from 4 GiB up */
	bool sure;      /* a QEMU's only mapping of the size that -m gives; else a guess by size */
};

int guestram_map_find(pid_t pid, struct guestram_map *map, struct error *err);

/* Host address of @gpa and how many bytes follow it there; 0 when it is outside RAM. */
uint64_t guestram_map_host(const struct guestram_map *map, uint64_t gpa, size_t *run);

/* "512", "4G", "size=1G,slots=2": bytes; 0 = not understood. A bare number is MiB. */
uint64_t guestram_parse_size(const char *text);

/*
 * How much of @size stands below 4 GiB on a @machine ("q35", "pc-i440fx-7.2");
 * @limit is its max-ram-below-4g ("2G", a bare number is bytes), "" = not given.
 */
uint64_t guestram_below_4g(const char *machine, const char *limit, uint64_t size);

#endif
