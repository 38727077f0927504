/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gdb-points.h"

void points_begin(struct points *ps)
{
	for (unsigned i = 0; i < ps->n; i++)
		ps->p[i].wanted = false;
}

void points_want(struct points *ps, enum rsp_point type, uint64_t addr, unsigned len)
{
	struct point *free_slot = NULL;

	for (unsigned i = 0; i < ps->n; i++) {
		struct point *p = &ps->p[i];

		if (p->type == type && p->addr == addr && p->len == len && (p->wanted || p->inserted)) {
			p->wanted = true;
			return;
		}
		if (!p->wanted && !p->inserted)
			free_slot = p;
	}
	if (!free_slot && ps->n < POINTS_MAX)
		free_slot = &ps->p[ps->n++];
	if (free_slot)
		*free_slot = (struct point){ .type = type, .addr = addr, .len = len, .wanted = true };
	else
		ps->refused++;
}

void points_sync(struct points *ps, struct rsp *r)
{
	for (unsigned i = 0; i < ps->n; i++) {
		struct point *p = &ps->p[i];

		if (p->inserted && !p->wanted)
			rsp_post_remove(r, p->type, p->addr, p->len);
		else if (p->wanted && !p->inserted)
			rsp_post_insert(r, p->type, p->addr, p->len);
		p->inserted = p->wanted;
	}
}

void points_reinsert(struct points *ps, struct rsp *r)
{
	for (unsigned i = 0; i < ps->n; i++) {
		struct point *p = &ps->p[i];

		if (!p->inserted)
			continue;
		rsp_post_remove(r, p->type, p->addr, p->len);
		rsp_post_insert(r, p->type, p->addr, p->len);
	}
}

bool points_breaks_at(const struct points *ps, uint64_t addr)
{
	for (unsigned i = 0; i < ps->n; i++) {
		const struct point *p = &ps->p[i];

		if (p->inserted && p->addr == addr && (p->type == RSP_SW_BREAK || p->type == RSP_HW_BREAK))
			return true;
	}
	return false;
}
