/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "density.h"

#include <stdlib.h>
#include <string.h>

struct counting {
	int64_t from, to, now;
	int n, row;
	struct density *out;
};

static int64_t edge(const struct counting *c, int i)
{
	return c->from + (int64_t)((__int128)(c->to - c->from) * i / c->n);
}

/* The bucket that @ts lies in; it is inside. */
static int bucket_of(const struct counting *c, int64_t ts)
{
	int i = (int)((__int128)(ts - c->from) * c->n / (c->to - c->from));

	while (i + 1 < c->n && edge(c, i + 1) <= ts)
		i++;
	return i;
}

static void add_stay(struct counting *c, int row, int64_t enter, int64_t leave)
{
	struct density *out = &c->out[row * c->n];
	int64_t from = enter > c->from ? enter : c->from, to = leave < c->to ? leave : c->to;

	if (enter >= c->from && enter < c->to)
		out[bucket_of(c, enter)].smis++;
	while (from < to) {
		int i = bucket_of(c, from);
		int64_t end = edge(c, i + 1) < to ? edge(c, i + 1) : to;

		out[i].smm_ns += end - from;
		from = end;
	}
}

static int take_smi(void *arg, const struct reader_smi *smi)
{
	struct counting *c = arg;
	int64_t leave = smi->leave_ns ? smi->leave_ns : c->now;

	add_stay(c, c->row, smi->enter_ns, leave);
	add_stay(c, DENSITY_ALL, smi->enter_ns, leave);
	return 0;
}

static int take_violation(void *arg, const struct reader_violation *v)
{
	struct counting *c = arg;
	int i = bucket_of(c, v->ts_ns);

	c->out[DENSITY_ALL * c->n + i].violations++;
	if (v->cpu != CPU_UNKNOWN)
		c->out[density_row(v->cpu) * c->n + i].violations++;
	return 0;
}

static int take_loss(void *arg, int64_t id, const struct event *ev)
{
	struct counting *c = arg;
	int i = bucket_of(c, ev->ts);

	(void)id;
	c->out[DENSITY_ALL * c->n + i].losses++;
	if (ev->cpu != CPU_UNKNOWN)
		c->out[density_row(ev->cpu) * c->n + i].losses++;
	return 0;
}

int reader_density(struct reader *r, int64_t from, int64_t to, int n, int64_t now, struct density *out,
		   struct error *err)
{
	int cpus = (int)reader_summary(r)->cpus;
	struct counting c = { from, to, now, n, 0, out };
	struct reader_filter lost = READER_ALL;
	int got = 0;

	memset(out, 0, sizeof(*out) * (size_t)(cpus + 1) * (size_t)n);
	if (to - from < n)
		return 1;
	for (int i = 0; i < cpus && got >= 0; i++) {
		c.row = density_row(i);
		got = reader_smis(r, i, from, to - 1, take_smi, &c, err);
	}
	if (got >= 0)
		got = reader_violations(r, READER_ANY_CPU, from, to - 1, 0, false, take_violation, &c, err);
	lost.kinds = 1u << EV_LOST;
	lost.from = from;
	lost.to = to - 1;
	if (got >= 0)
		got = reader_events(r, &lost, take_loss, &c, err);
	return got < 0 ? got : 1;
}

int reader_prepare(struct reader *r, int64_t budget_ns, struct error *err)
{
	(void)r;
	(void)budget_ns;
	(void)err;
	return 0;
}

int reader_prepared(const struct reader *r)
{
	(void)r;
	return 100;
}
