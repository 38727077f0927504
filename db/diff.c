/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "diff.h"

#include <stdlib.h>
#include <string.h>

#include "diff-lcs.h"
#include "diff-spot.h"

bool diff_reached(const struct episode *ep, enum flow_step step)
{
	return ep && moment_is(ep->at[step]);
}

uint64_t diff_broken(const struct diff *d, int side, unsigned number)
{
	return checker_result(judge_checker(d->side[side]->judge), number).violations;
}

const struct violation *diff_violation(const struct diff *d, int side, unsigned number)
{
	const struct violation *v;

	for (int64_t id = 1; (v = checker_violation(judge_checker(d->side[side]->judge), id)) != NULL; id++)
		if (v->invariant == number)
			return v;
	return NULL;
}

bool diff_setting(const struct diff *d, enum config_reg reg, char out[DIFF_SIDES][32])
{
	const char *good = diff_side_setting(d->side[DIFF_GOOD], reg, out[DIFF_GOOD]);
	const char *bad = diff_side_setting(d->side[DIFF_BAD], reg, out[DIFF_BAD]);

	return *good && *bad && strcmp(good, bad);
}

/* ---- lanes ---- */

struct marks {
	uint32_t *word;
	uint8_t *only;
};

static int take_words(struct marks *m, const struct lane *l)
{
	m->word = calloc(l->n + 1, sizeof(*m->word));
	m->only = calloc(l->n + 1, 1);
	for (size_t i = 0; m->word && i < l->n; i++)
		m->word[i] = l->line[i].word;
	return m->word && m->only ? 0 : -1;
}

static int add_change(struct diff_lane *l, const struct diff_change *c)
{
	struct diff_change *more = l->change;

	if ((l->changes & (l->changes - 1)) == 0) /* a power of two: full */
		more = realloc(more, (l->changes ? 2 * l->changes : 1) * sizeof(*more));
	if (!more)
		return -1;
	l->change = more;
	l->change[l->changes++] = *c;
	return 0;
}

/* Marks as changes: each a stretch of lines that only one side has, or each side its own. */
static int find_changes(struct diff_lane *l, const struct marks m[DIFF_SIDES])
{
	size_t at[DIFF_SIDES] = { 0, 0 };
	int rc = 0;

	while (!rc && (at[0] < l->lane[0]->n || at[1] < l->lane[1]->n)) {
		struct diff_change c;

		for (int i = 0; i < DIFF_SIDES; i++) {
			c.from[i] = at[i];
			while (at[i] < l->lane[i]->n && m[i].only[at[i]])
				at[i]++;
			c.to[i] = at[i];
		}
		if (c.from[0] < c.to[0] || c.from[1] < c.to[1])
			rc = add_change(l, &c);
		at[0]++, at[1]++;
	}
	return rc;
}

/* Both recordings end here, but the one has polled for longer. */
static bool is_longer_poll(const struct diff_lane *l, const struct diff_change *c)
{
	for (int i = 0; i < DIFF_SIDES; i++) {
		if (c->to[i] != l->lane[i]->n || (c->from[i] < c->to[i] && c->from[!i] < c->to[!i]))
			return false;
		for (size_t k = c->from[i]; k < c->to[i]; k++)
			if (!l->lane[i]->line[k].polls)
				return false;
	}
	return true;
}

static int compare_lane(struct diff_lane *l, struct error *err)
{
	struct marks m[DIFF_SIDES] = { { NULL, NULL }, { NULL, NULL } };
	int rc = take_words(&m[0], l->lane[0]);

	rc = rc ? rc : take_words(&m[1], l->lane[1]);
	rc = rc ? rc : lcs_mark(m[0].word, l->lane[0]->n, m[0].only, m[1].word, l->lane[1]->n, m[1].only);
	rc = rc ? rc : find_changes(l, m);
	if (!rc && l->changes && is_longer_poll(l, &l->change[l->changes - 1]))
		l->changes--;
	for (int i = 0; i < DIFF_SIDES; i++) {
		free(m[i].word);
		free(m[i].only);
	}
	return rc ? fail(err, ERR_OUTPUT, "no memory") : 0;
}

static int compare_lanes(struct diff *d, struct error *err)
{
	int rc = 0;

	d->lane = calloc(DIFF_LANES, sizeof(*d->lane));
	if (!d->lane)
		return fail(err, ERR_OUTPUT, "no memory");
	for (int i = 0; i < DIFF_LANES && !rc; i++) {
		struct diff_lane *l = &d->lane[d->lanes];

		*l = (struct diff_lane){ .cpu = i - 1, .lane = { &d->side[0]->lane[i], &d->side[1]->lane[i] } };
		if (!l->lane[0]->n && !l->lane[1]->n)
			continue;
		rc = compare_lane(l, err);
		d->lanes++;
		d->same &= !l->changes;
		d->cut |= l->lane[0]->cut || l->lane[1]->cut;
	}
	return rc;
}

/* ---- episodes ---- */

static int by_name(const void *a, const void *b)
{
	const struct diff_episode *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->cpu != y->cpu)
		return x->cpu < y->cpu ? -1 : 1;
	return x->nth == y->nth ? 0 : x->nth < y->nth ? -1 : 1;
}

static size_t count_episodes(const struct diff_side *s)
{
	size_t n = 0;

	while (flow_episode(judge_flow(s->judge), (int64_t)n + 1))
		n++;
	return n;
}

static void name_episodes(struct diff *d, int side)
{
	unsigned seen[EPISODE_KIND_COUNT][DIFF_LANES] = { 0 };
	const struct episode *ep;

	for (int64_t id = 1; (ep = flow_episode(judge_flow(d->side[side]->judge), id)) != NULL; id++) {
		struct diff_episode *e = &d->episode[d->episodes++];

		*e = (struct diff_episode){ .kind = ep->kind, .cpu = ep->cpu };
		e->nth = ++seen[ep->kind][cpuset_valid(ep->cpu) ? ep->cpu + 1 : 0];
		e->ep[side] = ep;
	}
}

static bool same_episode(const struct episode *a, const struct episode *b)
{
	if (!a || !b || a->status != b->status || a->cut_short != b->cut_short || a->next != b->next ||
	    memcmp(&a->rendezvous, &b->rendezvous, sizeof(a->rendezvous)))
		return false;
	for (unsigned i = 0; i < FLOW_STEP_COUNT; i++)
		if (diff_reached(a, i) != diff_reached(b, i))
			return false;
	return true;
}

static int compare_episodes(struct diff *d, struct error *err)
{
	size_t n = count_episodes(d->side[0]) + count_episodes(d->side[1]), kept = 0;

	d->episode = calloc(n + 1, sizeof(*d->episode));
	if (!d->episode)
		return fail(err, ERR_OUTPUT, "no memory");
	name_episodes(d, DIFF_GOOD);
	name_episodes(d, DIFF_BAD);
	qsort(d->episode, n, sizeof(*d->episode), by_name);
	for (size_t i = 0; i < n; i++) {
		struct diff_episode *e = &d->episode[kept++];

		*e = d->episode[i];
		if (i + 1 < n && !by_name(e, &d->episode[i + 1])) {
			i++;
			e->ep[0] = e->ep[0] ? e->ep[0] : d->episode[i].ep[0];
			e->ep[1] = e->ep[1] ? e->ep[1] : d->episode[i].ep[1];
		}
		e->same = same_episode(e->ep[0], e->ep[1]);
		d->same &= e->same;
	}
	d->episodes = kept;
	return 0;
}

/* ---- all of it ---- */

static void compare_rest(struct diff *d)
{
	char value[DIFF_SIDES][32];

	for (unsigned i = 0; i < INVARIANT_COUNT; i++)
		d->same &= !diff_broken(d, DIFF_GOOD, i) == !diff_broken(d, DIFF_BAD, i);
	for (unsigned i = 0; i < CONFIG_REG_COUNT; i++)
		d->same &= !diff_setting(d, i, value);
	d->same &= d->side[0]->verdict.stuck == d->side[1]->verdict.stuck;
}

static int compare(struct diff *d, const char *const path[DIFF_SIDES], const struct filter *filter,
		   struct error *err)
{
	d->same = true;
	d->words = words_new();
	if (!d->words)
		return fail(err, ERR_OUTPUT, "no memory");
	for (int i = 0; i < DIFF_SIDES; i++) {
		d->side[i] = diff_side_open(path[i], filter, d->words, err);
		if (!d->side[i])
			return -(int)err->code;
	}
	if (compare_lanes(d, err) < 0 || compare_episodes(d, err) < 0)
		return -(int)err->code;
	compare_rest(d);
	d->first = diff_first(d);
	return 0;
}

struct diff *diff_open_filtered(const char *good, const char *bad, const struct filter *filter,
				struct error *err)
{
	struct diff *d = calloc(1, sizeof(*d));

	if (!d) {
		fail(err, ERR_OUTPUT, "no memory");
		return NULL;
	}
	if (compare(d, (const char *const[]){ good, bad }, filter, err) >= 0)
		return d;
	diff_free(d);
	return NULL;
}

struct diff *diff_open(const char *good, const char *bad, struct error *err)
{
	return diff_open_filtered(good, bad, NULL, err);
}

void diff_free(struct diff *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->lanes; i++)
		free(d->lane[i].change);
	for (int i = 0; i < DIFF_SIDES; i++)
		diff_side_free(d->side[i]);
	words_free(d->words);
	free(d->lane);
	free(d->episode);
	free(d);
}
