/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guestram-map.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guestram-right.h"
#include "qemu-cmdline.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define FOUR_GIB (4 * GIB)
#define DEFAULT_RAM (128 * MIB)

/* hw/i386/pc_q35.c and pc_piix.c: from @from bytes of RAM on, only @low of them stand below 4 GiB. */
static const struct hole {
	const char *machine; /* start of the machine's name */
	uint64_t from, low;
} holes[] = {
	{ "q35", 0xb0000000u, 0x80000000u },
	{ "pc-q35", 0xb0000000u, 0x80000000u },
	{ "pc", 0xe0000000u, 0xc0000000u },
};

/* --- sizes --- */

/* "2G", "512": a bare number is times 2^@shift. 0 = not understood. */
static uint64_t parse_number(const char *text, int shift)
{
	static const char letters[] = "BKMGT";
	const char *hit;
	char *end;
	double number = strtod(text, &end);

	if (end == text || !(number > 0) || number > 1e15 || (*end && end[1]))
		return 0;
	if (*end) {
		hit = strchr(letters, *end & ~0x20);
		if (!hit)
			return 0;
		shift = 10 * (int)(hit - letters);
	}
	number *= (double)(UINT64_C(1) << shift);
	return number < 1e18 ? (uint64_t)number : 0;
}

uint64_t guestram_parse_size(const char *text)
{
	char value[64];

	return qemu_suboption(text, "size", "size", value, sizeof(value)) ? parse_number(value, 20) : 0;
}

uint64_t guestram_below_4g(const char *machine, const char *limit, uint64_t size)
{
	uint64_t low = size, max = parse_number(limit, 0);

	for (size_t i = 0; i < sizeof(holes) / sizeof(*holes); i++)
		if (!strncmp(machine, holes[i].machine, strlen(holes[i].machine))) {
			if (size >= holes[i].from)
				low = holes[i].low;
			break;
		}
	if (max && low > max)
		low = max;
	return low < FOUR_GIB ? low : FOUR_GIB;
}

uint64_t guestram_map_host(const struct guestram_map *map, uint64_t gpa, size_t *run)
{
	uint64_t offset = gpa;

	if (gpa >= FOUR_GIB)
		offset = gpa - FOUR_GIB + map->below;
	if (gpa < FOUR_GIB ? gpa >= map->below : offset >= map->size || offset < map->below)
		return 0;
	*run = (size_t)((gpa < FOUR_GIB ? map->below : map->size) - offset);
	return map->host + offset;
}

/* --- the mapping --- */

struct mapping {
	uint64_t start, end;
};

/* The best so far: a writable one of exactly the size (-m mem-path: any file), else the largest. */
struct search {
	uint64_t size;          /* wanted, 0 = unknown */
	struct mapping exact, largest;
	unsigned exacts;
};

static void consider(struct search *s, struct mapping m, bool memory)
{
	if (m.end - m.start == s->size && !s->exacts++)
		s->exact = m;
	if (memory && m.end - m.start > s->largest.end - s->largest.start)
		s->largest = m;
}

/* No file behind it, or one that only is memory. */
static bool is_memory(const char *path)
{
	static const char *const memory[] = { "/memfd:", "/dev/shm/", "/dev/hugepages/", "/dev/zero",
					      "/anon_hugepage", "[anon" };

	for (size_t i = 0; i < sizeof(memory) / sizeof(*memory); i++)
		if (!strncmp(path, memory[i], strlen(memory[i])))
			return true;
	return !*path;
}

static void search_maps(FILE *f, struct search *s)
{
	struct mapping run = { 0, 0 };
	char line[4352], perms[8], path[4096];
	unsigned long long start, end;

	while (fgets(line, sizeof(line), f)) {
		path[0] = '\0';
		if (sscanf(line, "%llx-%llx %7s %*s %*s %*s %4095s", &start, &end, perms, path) < 3 ||
		    strncmp(perms, "rw-", 3))
			continue;
		consider(s, (struct mapping){ start, end }, is_memory(path));
		if (start != run.end)
			run.start = start;
		else
			consider(s, (struct mapping){ run.start, end }, is_memory(path));
		run.end = end;
	}
}

static int open_maps(pid_t pid, struct search *s, struct error *err)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	f = fopen(path, "re");
	if (!f && (errno == EACCES || errno == EPERM))
		return guestram_refused(pid, err);
	if (!f)
		return fail_errno(err, ERR_TARGET, "cannot look into process %d", (int)pid);
	search_maps(f, s);
	fclose(f);
	return 0;
}

/* A larger mapping ends with the RAM: QEMU puts a guard page behind it, nothing in front. */
static int choose(const struct search *s, pid_t pid, struct guestram_map *map, struct error *err)
{
	uint64_t largest = s->largest.end - s->largest.start;

	map->size = s->size ? s->size : largest;
	if (s->exacts)
		map->host = s->exact.start;
	else if (largest >= map->size && largest)
		map->host = s->largest.end - map->size;
	else
		return fail(err, ERR_TARGET, "process %d has no mapping of the guest's %llu MiB of RAM", (int)pid,
			    (unsigned long long)(map->size / MIB));
	return 0;
}

static uint64_t below_4g(const struct qemu_cmdline *cl, uint64_t size)
{
	char machine[64] = "pc", limit[32] = "";

	for (int i = 0; i < 2; i++) {
		const char *option = i ? "machine" : "M";

		(void)qemu_option_key(cl, option, "type", "type", machine, sizeof(machine));
		(void)qemu_option_key(cl, option, "max-ram-below-4g", NULL, limit, sizeof(limit));
	}
	return guestram_below_4g(machine, limit, size);
}

/* 0 where the command line does not say: a backend's size, or a file with options. */
static uint64_t ram_size(const struct qemu_cmdline *cl)
{
	const char *memory = qemu_option(cl, "m");
	char backend[64];

	if (memory)
		return guestram_parse_size(memory);
	if (qemu_has_option(cl, "readconfig") ||
	    qemu_option_key(cl, "machine", "memory-backend", NULL, backend, sizeof(backend)))
		return 0;
	return DEFAULT_RAM;
}

int guestram_map_find(pid_t pid, struct guestram_map *map, struct error *err)
{
	struct search s = { .size = 0 };
	struct qemu_cmdline cl;
	int rc = qemu_cmdline_read(pid, &cl, err);

	if (rc < 0)
		return rc;
	s.size = ram_size(&cl);
	rc = open_maps(pid, &s, err);
	if (rc >= 0)
		rc = choose(&s, pid, map, err);
	if (rc >= 0)
		map->below = below_4g(&cl, map->size);
	map->sure = s.exacts == 1 && (qemu_has_option(&cl, "machine") || qemu_has_option(&cl, "M"));
	qemu_cmdline_free(&cl);
	return rc;
}
