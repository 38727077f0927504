/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "diff-lcs.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Diagonal k of a box: x - y = k from its upper left corner (forward), or its lower right one (backward). */
struct lcs {
	const uint32_t *a, *b;
	uint8_t *only_a, *only_b;
	int64_t *forward, *backward; /* furthest x on diagonal k, at [k + LCS_COST + 1] */
};

/* A part of both sequences: a[x .. x_end), b[y .. y_end). */
struct box {
	int64_t x, x_end, y, y_end;
};

static int64_t max(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t min(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Cut off what is equal at both ends. */
static void trim(const struct lcs *l, struct box *box)
{
	while (box->x < box->x_end && box->y < box->y_end && l->a[box->x] == l->b[box->y])
		box->x++, box->y++;
	while (box->x < box->x_end && box->y < box->y_end && l->a[box->x_end - 1] == l->b[box->y_end - 1])
		box->x_end--, box->y_end--;
}

/* The diagonals that @d edits can reach inside a box of n by m. */
static int64_t lowest(int64_t d, int64_t m)
{
	return -(d - 2 * max(0, d - m));
}

static int64_t highest(int64_t d, int64_t n)
{
	return d - 2 * max(0, d - n);
}

/* With @d edits, how far does the path on diagonal @k come? @v holds the furthest x of d - 1. */
static int64_t step_on(const int64_t *v, int64_t k, int64_t d)
{
	if (k == -d || (k != d && v[k - 1] < v[k + 1]))
		return v[k + 1];
	return v[k - 1] + 1;
}

/* One round of the forward search; true when it met the backward one, whose @split it is then. */
static bool search_forward(struct lcs *l, const struct box *box, int64_t d, int64_t split[2])
{
	int64_t n = box->x_end - box->x, m = box->y_end - box->y, delta = n - m;
	int64_t *v = l->forward + LCS_COST + 1, *other = l->backward + LCS_COST + 1;

	for (int64_t k = lowest(d, m); k <= highest(d, n); k += 2) {
		int64_t x = step_on(v, k, d), y = x - k;

		while (x < n && y < m && l->a[box->x + x] == l->b[box->y + y])
			x++, y++;
		v[k] = x;
		if ((delta & 1) && x <= n && y <= m && delta - k >= lowest(d - 1, m) &&
		    delta - k <= highest(d - 1, n) && x >= n - other[delta - k]) {
			split[0] = x;
			split[1] = y;
			return true;
		}
	}
	return false;
}

static bool search_backward(struct lcs *l, const struct box *box, int64_t d, int64_t split[2])
{
	int64_t n = box->x_end - box->x, m = box->y_end - box->y, delta = n - m;
	int64_t *v = l->backward + LCS_COST + 1, *other = l->forward + LCS_COST + 1;

	for (int64_t k = lowest(d, m); k <= highest(d, n); k += 2) {
		int64_t x = step_on(v, k, d), y = x - k;

		while (x < n && y < m && l->a[box->x_end - 1 - x] == l->b[box->y_end - 1 - y])
			x++, y++;
		v[k] = x;
		if (!(delta & 1) && x <= n && y <= m && delta - k >= lowest(d, m) &&
		    delta - k <= highest(d, n) && other[delta - k] >= n - x) {
			split[0] = n - x;
			split[1] = m - y;
			return true;
		}
	}
	return false;
}

/* Too many differences: the furthest point inside the box that the forward search has come to. */
static void furthest(const struct lcs *l, const struct box *box, int64_t d, int64_t split[2])
{
	int64_t n = box->x_end - box->x, m = box->y_end - box->y, best = -1;
	const int64_t *v = l->forward + LCS_COST + 1;

	for (int64_t k = lowest(d, m); k <= highest(d, n); k += 2) {
		int64_t x = min(v[k], n), y = x - k;

		if (y > m) {
			y = m;
			x = y + k;
		}
		if (x >= 0 && y >= 0 && x + y > best) {
			best = x + y;
			split[0] = x;
			split[1] = y;
		}
	}
}

/* A point of a shortest (or good) path, neither corner. Both sides are not empty, and differ at both ends. */
static void find_split(struct lcs *l, const struct box *box, int64_t split[2])
{
	int64_t n = box->x_end - box->x, m = box->y_end - box->y;
	int64_t limit = min((n + m + 1) / 2, LCS_COST);

	l->forward[LCS_COST + 2] = 0;
	l->backward[LCS_COST + 2] = 0;
	for (int64_t d = 0; d <= limit; d++)
		if (search_forward(l, box, d, split) || search_backward(l, box, d, split))
			return;
	furthest(l, box, limit, split);
}

static void mark(uint8_t *only, int64_t from, int64_t to)
{
	if (from < to)
		memset(only + from, 1, (size_t)(to - from));
}

/* Recursion halves the differences of a box; what lies behind the split is the loop's. */
static void compare(struct lcs *l, struct box box)
{
	for (;;) {
		int64_t split[2] = { 0, 0 };
		struct box head = box;

		trim(l, &box);
		if (box.x == box.x_end || box.y == box.y_end)
			break;
		find_split(l, &box, split);
		head = (struct box){ box.x, box.x + split[0], box.y, box.y + split[1] };
		if ((head.x == head.x_end && head.y == head.y_end) ||
		    (head.x_end == box.x_end && head.y_end == box.y_end))
			break; /* nothing is won: all of it differs */
		compare(l, head);
		box.x = head.x_end;
		box.y = head.y_end;
	}
	mark(l->only_a, box.x, box.x_end);
	mark(l->only_b, box.y, box.y_end);
}

int lcs_mark(const uint32_t *a, size_t n, uint8_t *only_a, const uint32_t *b, size_t m, uint8_t *only_b)
{
	struct lcs l = { a, b, only_a, only_b, NULL, NULL };

	l.forward = calloc(2 * LCS_COST + 4, sizeof(*l.forward));
	l.backward = calloc(2 * LCS_COST + 4, sizeof(*l.backward));
	if (l.forward && l.backward)
		compare(&l, (struct box){ 0, (int64_t)n, 0, (int64_t)m });
	free(l.forward);
	free(l.backward);
	return l.forward && l.backward ? 0 : -1;
}
