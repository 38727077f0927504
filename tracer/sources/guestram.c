/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guestram.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "guestram-map.h"
#include "guestram-right.h"
#include "smm-state.h"

#define PAGE 4096u
#define BLOCK_PAGES 256u
#define FOUR_GIB (UINT64_C(4) << 30)
/* Of each page only this much is looked at: both slots and the revision id, from SMBASE + 0xf000. */
#define SLICE_OFFSET 0xef8u
#define SLICE_SIZE 12u

struct guestram {
	pid_t pid;
	struct guestram_map map;
};

struct guestram *guestram_open(pid_t pid, struct error *err)
{
	struct guestram *g = calloc(1, sizeof(*g));
	uint8_t probe;

	if (!g) {
		fail(err, ERR_TARGET, "out of memory");
		return NULL;
	}
	g->pid = pid;
	if (guestram_map_find(pid, &g->map, err) >= 0 && guestram_read(g, 0, &probe, 1, err) >= 0)
		return g;
	free(g);
	return NULL;
}

void guestram_close(struct guestram *g)
{
	free(g);
}

uint64_t guestram_size(const struct guestram *g)
{
	return g->map.size;
}

bool guestram_is_sure(const struct guestram *g)
{
	return g->map.sure;
}

static int read_failed(const struct guestram *g, struct error *err)
{
	if (errno == ESRCH)
		return fail(err, ERR_TARGET, "process %d has ended", (int)g->pid);
	if (errno == EPERM)
		return guestram_refused(g->pid, err);
	return fail_errno(err, ERR_TARGET, "cannot read the memory of process %d", (int)g->pid);
}

int guestram_read(const struct guestram *g, uint64_t gpa, void *buf, size_t len, struct error *err)
{
	uint8_t *out = buf;

	while (len) {
		size_t run;
		uint64_t host = guestram_map_host(&g->map, gpa, &run);
		struct iovec to = { out, len < run ? len : run };
		struct iovec from = { (void *)(uintptr_t)host, to.iov_len };
		ssize_t n;

		if (!host)
			return fail(err, ERR_TARGET, "0x%llx is not in the guest's RAM", (unsigned long long)gpa);
		n = process_vm_readv(g->pid, &to, 1, &from, 1, 0);
		if (n <= 0)
			return read_failed(g, err);
		out += n;
		gpa += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

/* --- the scan --- */

struct scan {
	const struct guestram *g;
	guestram_smbase_fn *fn;
	void *arg;
	int found;
};

static uint32_t load32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/* @page is the guest address of the page, @slice what stands at its SLICE_OFFSET. */
static void look(struct scan *s, uint64_t page, const uint8_t *slice)
{
	uint32_t revision = load32(slice + (SMM_REVISION_OFFSET & 0xfff) - SLICE_OFFSET);
	uint32_t slot = smm_slot_offset(revision);
	uint64_t smbase = page - (SMM_SLOT_AMD64 & 0xf000);

	if (!slot || page < (SMM_SLOT_AMD64 & 0xf000) || load32(slice + (slot & 0xfff) - SLICE_OFFSET) != smbase)
		return;
	s->found++;
	s->fn(s->arg, (uint32_t)smbase, revision);
}

/* A slice of each page from @gpa on; returns the pages done, negative on failure. */
static int scan_block(struct scan *s, uint64_t gpa, unsigned pages, struct error *err)
{
	uint8_t slices[BLOCK_PAGES * SLICE_SIZE];
	struct iovec from[BLOCK_PAGES], to = { slices, pages * SLICE_SIZE };
	ssize_t n;

	for (unsigned i = 0; i < pages; i++) {
		size_t run;
		uint64_t host = guestram_map_host(&s->g->map, gpa + i * PAGE, &run);

		from[i] = (struct iovec){ (void *)(uintptr_t)(host + SLICE_OFFSET), SLICE_SIZE };
	}
	n = process_vm_readv(s->g->pid, &to, 1, from, pages, 0);
	if (n < 0 && errno != EFAULT)
		return read_failed(s->g, err);
	pages = n < 0 ? 0 : (unsigned)n / SLICE_SIZE;
	for (unsigned i = 0; i < pages; i++)
		look(s, gpa + i * PAGE, slices + i * SLICE_SIZE);
	return (int)pages;
}

int guestram_find_smbases(const struct guestram *g, guestram_smbase_fn *fn, void *arg, struct error *err)
{
	struct scan s = { .g = g, .fn = fn, .arg = arg };
	uint64_t end = g->map.below < FOUR_GIB ? g->map.below : FOUR_GIB;

	for (uint64_t gpa = 0; gpa + PAGE <= end;) {
		uint64_t left = (end - gpa) / PAGE;
		int done = scan_block(&s, gpa, left < BLOCK_PAGES ? (unsigned)left : BLOCK_PAGES, err);

		if (done < 0)
			return done;
		gpa += (done ? (uint64_t)done : 1) * PAGE;
	}
	return s.found;
}
