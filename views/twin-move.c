/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "twin-state.h"

#include <stdio.h>
#include <stdlib.h>

#define MOMENT_SPAN (SCALE_MIN_SPAN * 1000) /* round what takes no time: 1 ms */

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

int twin_lanes(const struct twin *t)
{
	return 1 + (int)most(t->side[0].feed.cpus.cpus, t->side[1].feed.cpus.cpus);
}

/* ---- the window and the cursor ---- */

/* Time @ts of @side since the aligned moment. */
static int64_t since(const struct twin *t, int side, int64_t ts)
{
	return time_clamp(ns_between(t->side[side].anchor_ns, time_clamp(ts)));
}

/* [@from, @to] with some room on both sides, but not less than @span. */
static void show_stretch(struct twin *t, int64_t from, int64_t to, int64_t span)
{
	int64_t wide = ns_between(from, to), middle = from + wide / 2;

	wide = wide ? ns_sum(wide, wide / 4 + SCALE_MIN_SPAN) : 0;
	scale_centre(&t->scale, middle, most(span, wide));
}

void twin_fit(struct twin *t)
{
	int64_t from = INT64_MAX, to = INT64_MIN;

	for (int i = 0; i < DIFF_SIDES; i++) {
		from = least(from, since(t, i, t->side[i].feed.first_ns));
		to = most(to, since(t, i, t->side[i].feed.now_ns));
	}
	show_stretch(t, from, to, SCALE_MIN_SPAN);
}

void twin_go_to(struct twin *t, int64_t ts)
{
	int col;

	t->cursor_ns = since(t, t->focus, ts);
	col = scale_column(&t->scale, t->cursor_ns);
	if (col < 0 || col >= t->scale.width)
		scale_centre(&t->scale, t->cursor_ns, 0);
}

/* ---- the chosen event ---- */

/* Of the chosen lane; of any where the side in focus has no such CPU. */
int twin_choose_nearest(struct twin *t, struct error *err)
{
	struct twin_side *s = twin_focus(t);
	bool has = t->lane <= (int)s->feed.cpus.cpus;
	struct seek what = { .filter = &s->filter, .cpu = has ? t->lane - 1 : READER_ANY_CPU };
	struct picture_event found;
	int got = seek_nearest(s->reader, &what, s->anchor_ns + t->cursor_ns, &found, err);

	if (got >= 0)
		t->chosen = got ? found : (struct picture_event){ 0 };
	return got < 0 ? got : 0;
}

int twin_go(struct twin *t, const struct seek *what, bool backwards, const char *none, struct error *err)
{
	struct twin_side *s = twin_focus(t);
	int64_t ts = s->anchor_ns + t->cursor_ns;
	bool here = t->chosen.id && t->chosen.ev.ts == ts;
	struct picture_event found;
	int got = seek_event(s->reader, what, ts, here ? t->chosen.id : 0, backwards, &found, err);

	if (got > 0) {
		t->chosen = found;
		t->lane = lane_of_cpu(found.ev.cpu) < twin_lanes(t) ? lane_of_cpu(found.ev.cpu) : t->lane;
		twin_go_to(t, found.ev.ts);
	} else if (got == 0) {
		snprintf(t->message, sizeof(t->message), "%s", none);
	}
	return got < 0 ? got : 0;
}

/* ---- what both are aligned at ---- */

static void align(struct twin *t, int64_t good_ns, int64_t bad_ns)
{
	t->side[DIFF_GOOD].anchor_ns = time_clamp(good_ns);
	t->side[DIFF_BAD].anchor_ns = time_clamp(bad_ns);
}

static void align_at_episode(struct twin *t, const struct diff_episode *e)
{
	char name[DIFF_NAME];

	t->episode = e;
	align(t, e->ep[DIFF_GOOD]->start_ns, e->ep[DIFF_BAD]->start_ns);
	diff_episode_name(name, e->kind, e->cpu, e->nth);
	snprintf(t->aligned, sizeof(t->aligned), "%s begins", name);
}

static void align_at_common(struct twin *t, const struct diff_spot *spot)
{
	const char *word = spot->word ? words_text(t->diff->words, spot->word) : "both recordings begin";

	while (*word == ' ')
		word++;
	align(t, spot->common[DIFF_GOOD].ts_ns, spot->common[DIFF_BAD].ts_ns);
	snprintf(t->aligned, sizeof(t->aligned), "%s", word);
}

/* ---- differences ---- */

static int take_words(struct twin *t, struct error *err)
{
	const struct diff_lane *l = &t->diff->lane[t->spot->lane];
	size_t len;
	FILE *out;

	free(t->words);
	t->words = NULL;
	out = open_memstream(&t->words, &len);
	if (!out)
		return fail(err, ERR_OUTPUT, "no memory");
	if (t->spot == t->spots.spot)
		fputs("first difference: ", out);
	diff_text_change(out, t->diff, l, &l->change[t->spot->change]);
	return fclose(out) ? fail(err, ERR_OUTPUT, "no memory") : 0;
}

/* The side that has an event where they differ: the one in focus, if it has. */
static int side_of(const struct twin *t, const struct diff_spot *spot)
{
	return spot->at[t->focus].id ? t->focus : !t->focus;
}

/* The cursor where it differs; where the side in focus has nothing there, its nearest event is chosen. */
static int go_to_spot(struct twin *t, struct error *err)
{
	int side = side_of(t, t->spot);
	int64_t ts = t->spot->at[side].ts_ns;
	int got;

	t->lane = lane_of_cpu(t->diff->lane[t->spot->lane].cpu);
	t->cursor_ns = since(t, side, ts);
	if (side != t->focus)
		return twin_choose_nearest(t, err);
	t->chosen.id = t->spot->at[side].id;
	got = reader_event(t->side[side].reader, t->chosen.id, &t->chosen.ev, err);
	return got < 0 ? got : got ? 0 : twin_choose_nearest(t, err);
}

static int take_spot(struct twin *t, size_t i, struct error *err)
{
	t->spot = &t->spots.spot[i];
	return take_words(t, err);
}

/* From the aligned moment, or before it, to where the differences are. */
static void show_differences(struct twin *t, int64_t from, int64_t to, int64_t span)
{
	for (int i = 0; i < DIFF_SIDES && t->spot; i++) {
		from = least(from, since(t, i, t->spot->at[i].ts_ns));
		to = most(to, since(t, i, t->spot->at[i].ts_ns));
	}
	show_stretch(t, from, to, span);
}

int twin_show_spot(struct twin *t, size_t i, bool close, struct error *err)
{
	if (take_spot(t, i, err) < 0)
		return -(int)err->code;
	t->episode = NULL;
	align_at_common(t, t->spot);
	show_differences(t, 0, 0, close ? MOMENT_SPAN / 10 : t->scale.span);
	return go_to_spot(t, err);
}

/* ---- episodes ---- */

static bool is_before(const struct diff_episode *a, const struct diff_episode *b)
{
	bool a_boot = a->kind == EPISODE_BOOT, b_boot = b->kind == EPISODE_BOOT;

	return a_boot != b_boot ? !a_boot : a->ep[DIFF_BAD]->start_ns < b->ep[DIFF_BAD]->start_ns;
}

/* The first that both have, behind @after (NULL: of all), by BAD's order; boots come last. NULL = none. */
static const struct diff_episode *episode_behind(const struct diff *d, const struct diff_episode *after)
{
	const struct diff_episode *best = NULL;

	for (size_t i = 0; i < d->episodes; i++) {
		const struct diff_episode *e = &d->episode[i];

		if (!e->ep[DIFF_GOOD] || !e->ep[DIFF_BAD] || (after && !is_before(after, e)))
			continue;
		if (!best || is_before(e, best))
			best = e;
	}
	return best;
}

/* How far an episode came: to its end, or to the last step that was reached. */
static int64_t end_of(const struct episode *ep)
{
	int64_t end = ep->end_ns;

	for (unsigned i = 0; !ep->end_ns && i < FLOW_STEP_COUNT; i++)
		if (diff_reached(ep, i))
			end = most(end, ep->at[i].ns);
	return most(end, ep->start_ns);
}

static void show_episode(struct twin *t, const struct diff_episode *e)
{
	int64_t to = 0;

	align_at_episode(t, e);
	for (int i = 0; i < DIFF_SIDES; i++)
		to = most(to, since(t, i, end_of(e->ep[i])));
	if (t->spot && diff_spot_episode(t->diff, t->spot) == e)
		show_differences(t, 0, to, MOMENT_SPAN);
	else
		show_stretch(t, 0, to, MOMENT_SPAN);
}

int twin_next_episode(struct twin *t, struct error *err)
{
	const struct diff_episode *e = t->episode ? episode_behind(t->diff, t->episode) :
				       t->spot ? diff_spot_episode(t->diff, t->spot) : NULL;

	e = e ? e : episode_behind(t->diff, NULL);
	if (!e) {
		snprintf(t->message, sizeof(t->message), "no relocation or plug that both recordings have");
		return 0;
	}
	show_episode(t, e);
	t->cursor_ns = 0;
	t->lane = lane_of_cpu(e->cpu) < twin_lanes(t) ? lane_of_cpu(e->cpu) : t->lane;
	return twin_choose_nearest(t, err);
}

int twin_begin(struct twin *t, struct error *err)
{
	const struct diff_episode *e;

	align(t, t->side[DIFF_GOOD].feed.first_ns, t->side[DIFF_BAD].feed.first_ns);
	snprintf(t->aligned, sizeof(t->aligned), "both recordings begin");
	t->lane = t->side[0].feed.cpus.cpus ? 1 : 0;
	twin_fit(t);
	if (!t->spots.n && episode_behind(t->diff, NULL))
		return twin_next_episode(t, err);
	if (!t->spots.n)
		return twin_choose_nearest(t, err);
	if (take_spot(t, 0, err) < 0)
		return -(int)err->code;
	e = diff_spot_episode(t->diff, t->spot);
	if (!e)
		return twin_show_spot(t, 0, false, err);
	show_episode(t, e);
	return go_to_spot(t, err);
}
