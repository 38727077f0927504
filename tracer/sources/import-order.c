/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "import-order.h"

#include <stdlib.h>

struct item {
	uint64_t number; /* of arrival: equal times keep their order */
	struct kvm_point p;
};

struct import_order {
	import_order_fn *out;
	void *arg;
	size_t window, n, room;
	uint64_t number, late;
	int64_t newest; /* that has gone out */
	struct item *heap;
};

static bool before(const struct item *a, const struct item *b)
{
	return a->p.ts != b->p.ts ? a->p.ts < b->p.ts : a->number < b->number;
}

static void send(struct import_order *o, const struct kvm_point *p)
{
	if (p->ts < o->newest)
		o->late++;
	else
		o->newest = p->ts;
	o->out(o->arg, p);
}

static void sift_up(struct import_order *o, const struct item *item)
{
	size_t i = o->n++;

	for (; i && before(item, &o->heap[(i - 1) / 2]); i = (i - 1) / 2)
		o->heap[i] = o->heap[(i - 1) / 2];
	o->heap[i] = *item;
}

static void pop(struct import_order *o)
{
	struct item first = o->heap[0], last = o->heap[--o->n];
	size_t i = 0, child;

	for (; (child = 2 * i + 1) < o->n; i = child) {
		if (child + 1 < o->n && before(&o->heap[child + 1], &o->heap[child]))
			child++;
		if (before(&last, &o->heap[child]))
			break;
		o->heap[i] = o->heap[child];
	}
	if (o->n)
		o->heap[i] = last;
	send(o, &first.p);
}

/* Without memory the window is as small as it is. */
static void grow(struct import_order *o)
{
	size_t room = o->room ? o->room * 2 : 1024;
	struct item *grown = realloc(o->heap, room * sizeof(*grown));

	if (grown) {
		o->heap = grown;
		o->room = room;
	} else {
		o->window = o->room;
	}
}

void import_order_put(struct import_order *o, const struct kvm_point *p)
{
	struct item item = { o->number++, *p };

	if (o->n == o->room && o->n < o->window)
		grow(o);
	if (!o->window) {
		send(o, p);
		return;
	}
	if (o->n >= o->window)
		pop(o);
	sift_up(o, &item);
}

void import_order_flush(struct import_order *o)
{
	while (o->n)
		pop(o);
}

uint64_t import_order_late(const struct import_order *o)
{
	return o->late;
}

struct import_order *import_order_new(size_t window, import_order_fn *out, void *arg)
{
	struct import_order *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->out = out;
	o->arg = arg;
	o->window = window;
	o->newest = INT64_MIN;
	return o;
}

void import_order_free(struct import_order *o)
{
	if (o)
		free(o->heap);
	free(o);
}
