/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loss.h"

const char *const check_status_name[CHECK_STATUS_COUNT] = {
	[CHECK_NEVER] = "never", [CHECK_HOLDS] = "holds", [CHECK_UNKNOWN] = "unknown",
	[CHECK_VIOLATED] = "violated",
};
const char *const check_severity_name[SEVERITY_COUNT] = {
	[SEVERITY_ERROR] = "error", [SEVERITY_WARNING] = "warning", [SEVERITY_NOTE] = "note",
};

/* Different violations of one invariant that are told apart; more are one. */
#define MAX_SORTS 64

struct check {
	struct checker *owner;
	const struct invariant *inv;
	unsigned number;
	void *state;
	uint64_t exercised, violations;
	char unknown[128];     /* why it could not be judged, the first time; "" = it could */
	unsigned sorts;
	struct {
		uint64_t key;
		unsigned told;
	} sort[MAX_SORTS];
};

/* A violation that is told, and what it rests on. Never moves. */
struct found {
	struct violation v;
	bool by_absence;
	int64_t from_ns;       /* then: nothing was seen since */
};

struct checker {
	struct check_options options;
	struct check check[INVARIANT_COUNT];
	/* Who is called for what, made once: the numbers of the invariants. */
	unsigned kind_calls[EVENT_KIND_COUNT], time_calls;
	uint8_t by_kind[EVENT_KIND_COUNT][INVARIANT_COUNT], by_time[INVARIANT_COUNT];
	struct loss loss;
	struct found **found;
	size_t founds, room, next;
	uint64_t *inferred;    /* bit per event id */
	size_t inferred_words;
};

/* ---- making ---- */

static void add_calls(struct checker *k, unsigned number)
{
	const struct invariant *inv = invariant_list[number];

	for (unsigned kind = 0; kind < EVENT_KIND_COUNT && inv->event; kind++)
		if (inv->kinds >> kind & 1)
			k->by_kind[kind][k->kind_calls[kind]++] = (uint8_t)number;
	if (inv->time)
		k->by_time[k->time_calls++] = (uint8_t)number;
}

static bool add_check(struct checker *k, unsigned number)
{
	struct check *c = &k->check[number];

	*c = (struct check){ .owner = k, .inv = invariant_list[number], .number = number };
	if (k->options.off >> number & 1)
		return true;
	add_calls(k, number);
	if (c->inv->state)
		c->state = calloc(1, c->inv->state);
	return c->state || !c->inv->state;
}

struct checker *checker_new(const struct check_options *o)
{
	struct checker *k = calloc(1, sizeof(*k));
	bool ok = k != NULL;

	if (!ok)
		return NULL;
	k->options = *o;
	for (unsigned i = 0; i < INVARIANT_COUNT && ok; i++)
		ok = add_check(k, i);
	if (ok)
		return k;
	checker_free(k);
	return NULL;
}

void checker_free(struct checker *k)
{
	if (!k)
		return;
	for (unsigned i = 0; i < INVARIANT_COUNT; i++)
		free(k->check[i].state);
	for (size_t i = 0; i < k->founds; i++)
		free(k->found[i]);
	free(k->found);
	free(k->inferred);
	free(k);
}

/* ---- events ---- */

static void remember_inferred(struct checker *k, int64_t id)
{
	size_t word = (size_t)id / 64, words = (word + 1) * 2;

	if (word >= k->inferred_words) {
		uint64_t *grown = realloc(k->inferred, words * sizeof(*grown));

		if (!grown)
			return;
		memset(grown + k->inferred_words, 0, (words - k->inferred_words) * sizeof(*grown));
		k->inferred = grown;
		k->inferred_words = words;
	}
	k->inferred[word] |= 1ull << (id % 64);
}

void checker_event(struct checker *k, const struct check_input *in)
{
	const struct event *ev = in->ev;

	if (ev->origin == ORIGIN_INFERRED)
		remember_inferred(k, in->id);
	loss_event(&k->loss, in);
	for (unsigned i = 0; i < k->kind_calls[ev->kind]; i++) {
		struct check *c = &k->check[k->by_kind[ev->kind][i]];

		c->inv->event(c, in);
	}
}

void checker_advance(struct checker *k, const struct model *m, const struct scene *s, int64_t now)
{
	for (unsigned i = 0; i < k->time_calls; i++) {
		struct check *c = &k->check[k->by_time[i]];

		c->inv->time(c, m, s, now);
	}
}

/* ---- findings ---- */

void *check_state(struct check *c)
{
	return c->state;
}

int64_t check_deadline_ns(const struct check *c, int64_t usual_ns)
{
	int64_t set = c->owner->options.deadline_ns;

	return set ? set : usual_ns;
}

void check_holds(struct check *c)
{
	c->exercised++;
}

void check_unknown(struct check *c, const char *why)
{
	c->exercised++;
	if (!c->unknown[0])
		snprintf(c->unknown, sizeof(c->unknown), "%s", why);
}

/* Do all ids of @f belong to inferred events? */
static bool only_inferred(const struct checker *k, const struct finding *f)
{
	bool any = false;

	for (unsigned i = 0; i < CHECK_EVIDENCE; i++) {
		size_t word = (size_t)f->evidence[i] / 64;

		if (f->evidence[i] <= 0)
			continue;
		if (word >= k->inferred_words || !(k->inferred[word] >> (f->evidence[i] % 64) & 1))
			return false;
		any = true;
	}
	return any;
}

/* What makes two violations the same: FNV-1a of CPU and message, with every number left out. */
static uint64_t sort_key(int cpu, const char *message)
{
	uint64_t key = 0xcbf29ce484222325u ^ (uint64_t)(unsigned)cpu;

	while (*message) {
		if (*message >= '0' && *message <= '9') {
			message += strspn(message, "0123456789abcdefx.");
			continue;
		}
		key = (key ^ (unsigned char)*message++) * 0x100000001b3u;
	}
	return key;
}

/* Has this sort been told often enough? */
static bool told_enough(struct check *c, uint64_t key)
{
	unsigned i = 0;

	while (i < c->sorts && c->sort[i].key != key)
		i++;
	if (i == MAX_SORTS)
		i--;
	else if (i == c->sorts)
		c->sort[c->sorts++].key = key;
	return c->sort[i].told++ >= CHECK_TOLD;
}

static struct found *new_found(struct checker *k)
{
	struct found **grown;

	if (k->founds == k->room) {
		size_t room = k->room ? k->room * 2 : 16;

		grown = realloc(k->found, room * sizeof(struct found *));
		if (!grown)
			return NULL;
		k->found = grown;
		k->room = room;
	}
	k->found[k->founds] = calloc(1, sizeof(struct found));
	return k->found[k->founds] ? k->found[k->founds++] : NULL;
}

/* It counts, and is kept to be told unless its like was told too often. @from_ns < 0: not by absence. */
static void violated(struct check *c, const struct finding *f, int64_t from_ns, const char *message)
{
	struct found *found = NULL;

	c->exercised++;
	c->violations++;
	if (!told_enough(c, sort_key(f->cpu, message)))
		found = new_found(c->owner);
	if (!found)
		return;
	found->by_absence = from_ns >= 0;
	found->from_ns = from_ns;
	found->v = (struct violation){
		.id = (int64_t)c->owner->founds, .invariant = c->number, .ts = f->ts, .cpu = f->cpu,
	};
	memcpy(found->v.evidence, f->evidence, sizeof(f->evidence));
	snprintf(found->v.message, sizeof(found->v.message), "%.200s%s", message,
		 only_inferred(c->owner, f) ? " (concluded from inferred events only)" : "");
}

void check_violated(struct check *c, const struct finding *f, const char *fmt, ...)
{
	char message[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	violated(c, f, -1, message);
}

void check_missing(struct check *c, const struct finding *f, int64_t from_ns, const char *fmt, ...)
{
	const struct loss *l = &c->owner->loss;
	char message[256];
	va_list ap;

	if (loss_overlaps(l, c->inv->needs, from_ns, f->ts)) {
		check_unknown(c, loss_why(l, c->inv->needs));
		return;
	}
	va_start(ap, fmt);
	vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	violated(c, f, from_ns < 0 ? 0 : from_ns, message);
}

const struct violation *checker_next(struct checker *k)
{
	return k->next < k->founds ? &k->found[k->next++]->v : NULL;
}

const struct violation *checker_violation(const struct checker *k, int64_t id)
{
	return id >= 1 && (uint64_t)id <= k->founds ? &k->found[id - 1]->v : NULL;
}

/* ---- results ---- */

/* Is there a violation that no loss, told since, takes the ground from? */
static bool stands(const struct checker *k, const struct check *c)
{
	for (size_t i = 0; i < k->founds; i++) {
		const struct found *f = k->found[i];

		if (f->v.invariant == c->number &&
		    !(f->by_absence && loss_overlaps(&k->loss, c->inv->needs, f->from_ns, f->v.ts)))
			return true;
	}
	return false;
}

struct check_result checker_result(const struct checker *k, unsigned number)
{
	const struct check *c = &k->check[number];
	struct check_result r;
	const char *why = loss_why(&k->loss, c->inv->needs);

	memset(&r, 0, sizeof(r)); /* results are compared whole */
	r.exercised = c->exercised;
	r.violations = c->violations;
	if (!c->exercised)
		return r;
	r.status = CHECK_HOLDS;
	if (c->violations && stands(k, c)) {
		r.status = CHECK_VIOLATED;
	} else if (c->unknown[0] || why) {
		r.status = CHECK_UNKNOWN;
		snprintf(r.why, sizeof(r.why), "%s", c->unknown[0] ? c->unknown : why);
	}
	return r;
}
