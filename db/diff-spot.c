/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "diff-spot.h"

#include <stdlib.h>

/*
 * When was the event @id of GOOD due in BAD? Of the lines that both have in front of a lane's first
 * change, behind the last one that GOOD had before @id; its id in BAD.
 */
static int64_t due_in_bad(const struct diff *d, int64_t id)
{
	int64_t due = 0;

	for (size_t i = 0; i < d->lanes; i++) {
		const struct diff_lane *l = &d->lane[i];
		size_t low = 0, high = l->changes ? l->change[0].from[0] : l->lane[0]->n;

		while (low < high) {
			size_t middle = (low + high) / 2;

			if (l->lane[DIFF_GOOD]->line[middle].id < id)
				low = middle + 1;
			else
				high = middle;
		}
		if (low && l->lane[DIFF_BAD]->line[low - 1].id > due)
			due = l->lane[DIFF_BAD]->line[low - 1].id;
	}
	return due;
}

/* Where in BAD's order does a lane differ first: at what it has instead, or where something is missing. */
static int64_t lane_differs_at(const struct diff *d, const struct diff_lane *l)
{
	const struct diff_change *c = &l->change[0];
	int64_t own = INT64_MAX, missing = INT64_MAX;

	if (c->from[DIFF_BAD] < c->to[DIFF_BAD])
		own = l->lane[DIFF_BAD]->line[c->from[DIFF_BAD]].id;
	if (c->from[DIFF_GOOD] < c->to[DIFF_GOOD])
		missing = due_in_bad(d, l->lane[DIFF_GOOD]->line[c->from[DIFF_GOOD]].id);
	return own < missing ? own : missing;
}

int diff_first(const struct diff *d)
{
	int64_t best = INT64_MAX;
	int first = -1;

	for (size_t i = 0; i < d->lanes; i++) {
		int64_t at = d->lane[i].changes ? lane_differs_at(d, &d->lane[i]) : INT64_MAX;

		if (d->lane[i].changes && (first < 0 || at < best)) {
			best = at;
			first = (int)i;
		}
	}
	return first;
}

/* ---- all of them, in order ---- */

struct place {
	int64_t at; /* id in BAD */
	size_t lane, change;
};

/* Behind its first difference a lane's own order is what is known. */
static int64_t differs_at(const struct diff *d, const struct diff_lane *l, size_t change)
{
	size_t from = l->change[change].from[DIFF_BAD];

	if (!change)
		return lane_differs_at(d, l);
	if (from < l->change[change].to[DIFF_BAD])
		return l->lane[DIFF_BAD]->line[from].id;
	return from ? l->lane[DIFF_BAD]->line[from - 1].id : 0;
}

static int by_place(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	if (x->lane != y->lane)
		return x->lane < y->lane ? -1 : 1;
	return x->change < y->change ? -1 : x->change > y->change;
}

static size_t kept_of(const struct diff_lane *l)
{
	return l->changes < DIFF_SPOTS ? l->changes : DIFF_SPOTS;
}

/* All places in order, NULL without memory; *@n of them. */
static struct place *order_places(const struct diff *d, size_t *n)
{
	struct place *place;
	size_t room = 0;

	for (size_t i = 0; i < d->lanes; i++)
		room += kept_of(&d->lane[i]);
	place = calloc(room + 1, sizeof(*place));
	*n = 0;
	for (size_t i = 0; place && i < d->lanes; i++)
		for (size_t k = 0; k < kept_of(&d->lane[i]); k++)
			place[(*n)++] = (struct place){ differs_at(d, &d->lane[i], k), i, k };
	if (place)
		qsort(place, *n, sizeof(*place), by_place);
	return place;
}

/* ---- when ---- */

static int moment_of(const struct diff *d, int side, const struct lane_line *line, struct diff_moment *m,
		     struct error *err)
{
	struct reader *r = d->side[side]->reader;
	struct event ev;
	int got = line ? reader_event(r, line->id, &ev, err) : 0;

	*m = (struct diff_moment){ got > 0 ? ev.ts : reader_summary(r)->first_ns, got > 0 ? line->id : 0 };
	return got < 0 ? got : 0;
}

/* How many lines in front of a change both sides have and have once, up to and with the last such line. */
static size_t back_to_one(const struct diff_lane *l, const struct diff_change *c, size_t floor)
{
	size_t back = 0, good = c->from[DIFF_GOOD], bad = c->from[DIFF_BAD];

	while (good - back > floor && (l->lane[DIFF_GOOD]->line[good - back - 1].count > 1 ||
				       l->lane[DIFF_BAD]->line[bad - back - 1].count > 1))
		back++;
	return back;
}

/* Lines of a side before change @k that are common: from the end of the change before on. */
static const struct lane_line *common_line(const struct diff_lane *l, size_t k, int side)
{
	const struct diff_change *c = &l->change[k];
	size_t floor = k ? l->change[k - 1].to[DIFF_GOOD] : 0, back = back_to_one(l, c, floor);

	if (c->from[DIFF_GOOD] - back == floor) /* all of them come again and again: the last one, then */
		back = 0;
	return c->from[side] > back ? &l->lane[side]->line[c->from[side] - back - 1] : NULL;
}

/* The first line that only @side has; without one, the last that both have; NULL = there is none. */
static const struct lane_line *line_at(const struct diff_lane *l, const struct diff_change *c, int side)
{
	size_t from = c->from[side];

	if (from < c->to[side])
		return &l->lane[side]->line[from];
	return from ? &l->lane[side]->line[from - 1] : NULL;
}

static int find_moments(const struct diff *d, struct diff_spot *spot, struct error *err)
{
	const struct diff_lane *l = &d->lane[spot->lane];
	const struct diff_change *c = &l->change[spot->change];
	const struct lane_line *common = common_line(l, spot->change, DIFF_GOOD);
	int rc = 0;

	spot->word = common ? common->word : 0;
	for (int i = 0; i < DIFF_SIDES && !rc; i++) {
		rc = moment_of(d, i, common_line(l, spot->change, i), &spot->common[i], err);
		rc = rc ? rc : moment_of(d, i, line_at(l, c, i), &spot->at[i], err);
		if (c->from[i] == c->to[i])
			spot->at[i].id = 0;
	}
	return rc;
}

int diff_spots_find(struct diff_spots *s, const struct diff *d, struct error *err)
{
	size_t n;
	struct place *place = order_places(d, &n);
	int rc = 0;

	*s = (struct diff_spots){ .n = n < DIFF_SPOTS ? n : DIFF_SPOTS };
	s->spot = calloc(s->n + 1, sizeof(*s->spot));
	if (!place || !s->spot)
		rc = fail(err, ERR_OUTPUT, "no memory");
	for (size_t i = 0; i < d->lanes; i++)
		s->all += d->lane[i].changes;
	for (size_t i = 0; !rc && i < s->n; i++) {
		s->spot[i] = (struct diff_spot){ .lane = place[i].lane, .change = place[i].change };
		rc = find_moments(d, &s->spot[i], err);
	}
	free(place);
	if (rc)
		diff_spots_free(s);
	return rc;
}

void diff_spots_free(struct diff_spots *s)
{
	free(s->spot);
	*s = (struct diff_spots){ 0 };
}

const struct diff_episode *diff_spot_episode(const struct diff *d, const struct diff_spot *spot)
{
	const struct diff_lane *l = &d->lane[spot->lane];
	const struct diff_change *c = &l->change[spot->change];

	for (int side = DIFF_BAD; side >= DIFF_GOOD; side--) {
		uint32_t id = c->from[side] < c->to[side] ? l->lane[side]->line[c->from[side]].episode : 0;

		for (size_t i = 0; id && i < d->episodes; i++)
			if (d->episode[i].ep[side] && d->episode[i].ep[side]->id == id)
				return d->episode[i].ep[!side] ? &d->episode[i] : NULL;
	}
	return NULL;
}
