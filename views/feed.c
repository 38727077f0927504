/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feed.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../db/density.h"
#include "../tracer/clock.h"

/* Kinds that tell how a CPU stands outside SMM, or that hide something: read whatever the filter says. */
#define KIND_STATE (KIND_BIT(EV_CPU_ADD) | KIND_BIT(EV_CPU_REMOVE) | KIND_BIT(EV_CPU_RESET) | \
	KIND_BIT(EV_CPU_SEEN) | KIND_BIT(EV_IPI) | KIND_BIT(EV_LOST) | KIND_BIT(EV_BLIND))
#define KIND_SPAN (KIND_BIT(EV_SMI_ENTER) | KIND_BIT(EV_SMI_LEAVE))
#define CLOCK_TRUST (3600 * NS_PER_SEC) /* a live file of another machine has another clock */

/* From @ts on the CPU stands so, seen apart from SMM. */
struct turn {
	int64_t ts;
	int64_t smi_from; /* for the end of an SMI: when it began; INT64_MAX otherwise */
	int cpu;
	enum lane_state state;
};

struct feeding {
	const struct feed *feed;
	struct lanes *l;
	const struct filter *filter;
	bool marks, states;    /* what of the events is wanted */
	int cpu;
	int64_t rows, limit;
	int64_t each;          /* SMIs of a lane that are read one by one */
	struct turn *turn;
	size_t turns, room;
};

int64_t known_until(const struct reader_summary *sum)
{
	int64_t now = clock_now();

	return sum->live && now > sum->last_ns && now - sum->last_ns < CLOCK_TRUST ? now : sum->last_ns;
}

static int count_cpu(void *arg, const struct reader_cpu *cpu)
{
	struct feed *f = arg;

	if (cpu->cpu < 0 || cpu->cpu >= EVENT_MAX_CPUS)
		return 0;
	f->cpus.apic_id[cpu->cpu] = cpu->apic_id;
	if (cpu->added_ns)
		f->cpus.added_ns[cpu->cpu] = cpu->added_ns;
	if (f->cpus.cpus <= (unsigned)cpu->cpu)
		f->cpus.cpus = (unsigned)cpu->cpu + 1;
	return 0;
}

static int take_last(void *arg, int64_t id, const struct event *ev)
{
	struct event *last = arg;

	(void)id;
	*last = *ev;
	return 1;
}

/* A log may tell of a CPU's reset before it is known to have been added. */
static int find_births(struct feed *f, struct error *err)
{
	for (int i = 0; i < (int)f->cpus.cpus; i++) {
		struct reader_filter want = READER_ALL;
		struct event first = { .cpu = CPU_UNKNOWN };

		if (f->cpus.added_ns[i] != INT64_MIN)
			continue;
		want.kinds = KIND_BIT(EV_CPU_ADD) | KIND_BIT(EV_CPU_RESET);
		want.cpu = i;
		want.limit = 1;
		if (reader_events(f->reader, &want, take_last, &first, err) < 0)
			return -1;
		if (first.cpu == i)
			f->cpus.added_ns[i] = first.ts;
	}
	return 0;
}

int feed_prepare(struct feed *f, struct reader *r, int64_t now_ns, struct error *err)
{
	const struct reader_summary *sum = reader_summary(r);

	f->reader = r;
	f->edition++;
	f->first_ns = time_clamp(sum->first_ns);
	f->now_ns = time_clamp(now_ns > sum->last_ns ? now_ns : sum->last_ns);
	f->cpus.cpus = sum->cpus < EVENT_MAX_CPUS ? sum->cpus : EVENT_MAX_CPUS;
	for (int i = 0; i < EVENT_MAX_CPUS; i++) {
		f->cpus.apic_id[i] = -1;
		f->cpus.added_ns[i] = INT64_MIN;
	}
	return reader_cpus(r, count_cpu, f, err) < 0 || find_births(f, err) < 0 ? -1 : 0;
}

static int add_turn(struct feeding *f, struct turn turn)
{
	if (f->turns == f->room) {
		size_t room = f->room ? f->room * 2 : 256;
		struct turn *more = realloc(f->turn, room * sizeof(*more));

		if (!more)
			return -1;
		f->turn = more;
		f->room = room;
	}
	f->turn[f->turns++] = turn;
	return 0;
}

/* What a CPU's own event says about it; false when nothing. */
static bool state_by(const struct event *ev, enum lane_state *state)
{
	switch (ev->kind) {
	case EV_CPU_RESET:
		*state = LANE_RESET;
		return true;
	case EV_CPU_REMOVE:
		*state = LANE_ABSENT;
		return true;
	case EV_CPU_ADD:
		*state = LANE_UNKNOWN;
		return true;
	case EV_LOST:
	case EV_BLIND:
	case EV_PAUSE:
	case EV_SESSION:
		return false;
	case EV_SMI_LEAVE:
		*state = event_get(ev, SMI_LEAVE_VIA, VIA_STEP) == VIA_RESET ? LANE_RESET : LANE_RUNNING;
		return true;
	}
	*state = LANE_RUNNING;
	return true;
}

static int add_state(struct feeding *f, const struct event *ev)
{
	struct turn t = { .ts = ev->ts, .smi_from = INT64_MAX, .cpu = ev->cpu };

	if (ev->cpu != CPU_UNKNOWN && state_by(ev, &t.state) && add_turn(f, t) < 0)
		return -1;
	if (ev->kind != EV_IPI || event_get(ev, IPI_MODE, 0) != IPI_SIPI)
		return 0;
	t.state = LANE_RUNNING;
	for (t.cpu = 0; t.cpu < (int)f->feed->cpus.cpus; t.cpu++)
		if (ipi_reaches(&f->feed->cpus, ev, t.cpu) && add_turn(f, t) < 0)
			return -1;
	return 0;
}

static int take_event(void *arg, int64_t id, const struct event *ev)
{
	struct feeding *f = arg;

	(void)id;
	f->rows++;
	if (f->states && add_state(f, ev) < 0)
		return 1;
	if (f->marks && filter_takes(f->filter, ev))
		marks_put(f->l, &f->feed->cpus, ev);
	marks_put_gap(f->l, ev);
	return 0;
}

static int64_t window_end(const struct lanes *l)
{
	return scale_start(&l->scale, l->width) - 1;
}

static int events_between(struct feeding *f, uint32_t kinds, int64_t from, int64_t to, int64_t limit,
			  struct error *err)
{
	struct reader_filter want = READER_ALL;
	int got;

	want.kinds = kinds;
	want.from = from;
	want.to = to;
	want.limit = limit;
	f->rows = 0;
	got = reader_events(f->feed->reader, &want, take_event, f, err);
	return got < 0 ? got : f->rows >= limit;
}

/* Does the window hold more than can be shown one by one? */
static int too_many(struct feeding *f, uint32_t kinds, struct error *err)
{
	return reader_many_events(f->feed->reader, kinds, f->l->scale.from, window_end(f->l), FEED_ROWS - 1, err);
}

/* Marks column by column, a few each: there are too many. */
static int sample_events(struct feeding *f, uint32_t kinds, struct error *err)
{
	for (int col = 0; col < f->l->width; col++) {
		int got = events_between(f, kinds, scale_start(&f->l->scale, col),
					 scale_start(&f->l->scale, col + 1) - 1, FEED_ROWS_A_COLUMN, err);

		if (got < 0)
			return got;
	}
	return 1;
}

/*
 * Lost and blind intervals that began before the window may reach into it; there
 * are few, the last ones are enough.
 */
static int gaps_before(struct feeding *f, struct error *err)
{
	struct reader_filter want = READER_ALL;

	want.kinds = KIND_BIT(EV_LOST) | KIND_BIT(EV_BLIND);
	want.to = f->l->scale.from;
	want.limit = 32;
	want.backwards = true;
	f->marks = f->states = false;
	return reader_events(f->feed->reader, &want, take_event, f, err);
}

static int feed_events(struct feeding *f, struct error *err)
{
	uint32_t kinds = (f->filter->kinds | KIND_STATE) & ~KIND_SPAN;
	int got = gaps_before(f, err);

	f->marks = f->states = true;
	if (got >= 0)
		got = too_many(f, kinds, err);
	if (got <= 0)
		return got < 0 ? got :
		       events_between(f, kinds, f->l->scale.from, window_end(f->l), FEED_ROWS, err);
	f->states = false;
	got = sample_events(f, kinds, err);
	f->states = true;
	f->marks = false;
	if (got >= 0)
		got = events_between(f, KIND_STATE, f->l->scale.from, window_end(f->l), FEED_ROWS, err);
	return got < 0 ? got : 1;
}

static int take_smi(void *arg, const struct reader_smi *smi)
{
	struct feeding *f = arg;
	char base[LANE_LABEL] = "";
	struct lane_span span = {
		.from = smi->enter_ns,
		.to = smi->leave_ns ? smi->leave_ns : f->feed->now_ns + 1,
		.state = smi->smbase == SMBASE_DEFAULT ? LANE_SMM_DEFAULT : LANE_SMM,
		.open = !smi->leave_ns,
		.label = base,
	};

	if (++f->rows > f->limit)
		return 1;
	if (smi->smbase != SMBASE_UNKNOWN)
		snprintf(base, sizeof(base), "%" PRIx64, smi->smbase);
	lanes_span(f->l, lane_of_cpu(f->cpu), &span);
	return smi->leave_ns && add_turn(f, (struct turn){ .ts = smi->leave_ns, .smi_from = smi->enter_ns,
							   .cpu = f->cpu, .state = LANE_RUNNING }) < 0;
}

static int smis_between(struct feeding *f, int64_t from, int64_t to, int64_t limit, struct error *err)
{
	int got;

	f->rows = 0;
	f->limit = limit;
	got = reader_smis(f->feed->reader, f->cpu, from, to, take_smi, f, err);
	return got < 0 ? got : f->rows > limit;
}

/* The first SMIs of a column; one will do where it is known to hold at least @least of them. */
static int sample_smis(struct feeding *f, int col, int64_t least, struct error *err)
{
	const struct scale *s = &f->l->scale;
	bool dense = least > FEED_ROWS_A_COLUMN && least < UINT_MAX;
	int got = smis_between(f, scale_start(s, col), scale_start(s, col + 1) - 1, dense ? 1 : FEED_ROWS_A_COLUMN, err);

	if (got > 0)
		lanes_many(f->l, lane_of_cpu(f->cpu), col, dense ? (unsigned)least - 1 : FEED_ROWS_A_COLUMN);
	return got;
}

static int feed_smis(struct feeding *f, struct error *err)
{
	const struct scale *s = &f->l->scale;
	int64_t before, behind;
	int got = reader_many_smis(f->feed->reader, f->cpu, s->from, window_end(f->l), f->each, err);

	if (got <= 0)
		return got < 0 ? got : smis_between(f, s->from, window_end(f->l), FEED_ROWS, err);
	got = reader_smis_before(f->feed->reader, f->cpu, s->from, &before, err);
	for (int col = 0; col < s->width && got >= 0; col++) {
		got = reader_smis_before(f->feed->reader, f->cpu, scale_start(s, col + 1), &behind, err);
		if (got >= 0)
			got = sample_smis(f, col, behind - before - CHART_SMIS, err);
		before = behind;
	}
	return got < 0 ? got : 1;
}

/* Has a SIPI come since the reset at @ts, before the window? */
static int sipi_before(struct feeding *f, int64_t ts, struct error *err)
{
	struct reader_filter want = READER_ALL;

	want.kinds = KIND_BIT(EV_IPI);
	want.from = ts;
	want.to = f->l->scale.from;
	want.limit = 64;
	f->marks = false;
	return reader_events(f->feed->reader, &want, take_event, f, err);
}

/* How f->cpu stood when the window begins: by the last event that says. */
static int state_before(struct feeding *f, struct error *err)
{
	struct reader_filter want = READER_ALL;
	struct event last = { .cpu = CPU_UNKNOWN };
	struct turn t = { .smi_from = INT64_MAX, .cpu = f->cpu };
	int got;

	want.kinds = KIND_SPAN | KIND_BIT(EV_CPU_ADD) | KIND_BIT(EV_CPU_REMOVE) | KIND_BIT(EV_CPU_RESET) |
		     KIND_BIT(EV_CPU_SEEN) | KIND_BIT(EV_PORT) | KIND_BIT(EV_IPI);
	want.cpu = f->cpu;
	want.to = f->l->scale.from;
	want.limit = 1;
	want.backwards = true;
	got = reader_events(f->feed->reader, &want, take_last, &last, err);
	if (got < 0 || last.cpu == CPU_UNKNOWN || !state_by(&last, &t.state))
		return got < 0 ? got : 0;
	t.ts = last.ts;
	if (add_turn(f, t) < 0)
		return fail(err, ERR_OUTPUT, "no memory for the timeline");
	return t.state == LANE_RESET ? sipi_before(f, t.ts, err) : 0;
}

static int by_cpu_and_time(const void *a, const void *b)
{
	const struct turn *x = a, *y = b;

	if (x->cpu != y->cpu)
		return x->cpu < y->cpu ? -1 : 1;
	if (x->ts != y->ts)
		return x->ts < y->ts ? -1 : 1;
	return (x->smi_from != INT64_MAX) - (y->smi_from != INT64_MAX);
}

/* An SMI that a reset ended leaves the CPU in reset; and only a SIPI or a deed of its own ends that. */
static bool turns(const struct turn *t, int64_t reset_ns)
{
	return t->smi_from == INT64_MAX || reset_ns < t->smi_from;
}

static void draw_states(struct feeding *f)
{
	int64_t since = 0, reset_ns = INT64_MIN, end = f->feed->now_ns + 1;
	enum lane_state state = LANE_ABSENT;

	if (f->turns)
		qsort(f->turn, f->turns, sizeof(*f->turn), by_cpu_and_time);
	for (size_t i = 0; i < f->turns; i++) {
		const struct turn *t = &f->turn[i];
		bool last = i + 1 == f->turns || f->turn[i + 1].cpu != t->cpu;

		if (turns(t, reset_ns)) {
			struct lane_span span = { .from = since, .to = t->ts, .state = state };

			if (state != LANE_ABSENT)
				lanes_span(f->l, lane_of_cpu(t->cpu), &span);
			state = t->state;
			since = t->ts;
		}
		if (t->state == LANE_RESET)
			reset_ns = t->ts;
		if (last) {
			struct lane_span span = { .from = since, .to = end, .state = state };

			if (state != LANE_ABSENT)
				lanes_span(f->l, lane_of_cpu(t->cpu), &span);
			state = LANE_ABSENT;
			reset_ns = INT64_MIN;
		}
	}
}

bool feed_same_view(const struct feed_view *a, const struct feed_view *b)
{
	return a->edition == b->edition && a->first == b->first && a->last == b->last &&
	       a->scale.from == b->scale.from && a->scale.span == b->scale.span &&
	       a->scale.width == b->scale.width && !strcmp(a->filter.text, b->filter.text);
}

int feed_lanes(const struct feed *feed, struct lanes *l, const struct filter *filter, int first, int last,
	       struct error *err)
{
	struct feeding f = { .feed = feed, .l = l, .filter = filter,
			     .each = FEED_ROWS / (last > first ? last - first + 1 : 1) };
	int sampled = feed_events(&f, err), got = sampled;

	for (f.cpu = first; got >= 0 && f.cpu <= last; f.cpu++) {
		got = state_before(&f, err);
		if (got >= 0)
			got = feed_smis(&f, err);
		sampled |= got > 0;
	}
	if (got >= 0)
		draw_states(&f);
	free(f.turn);
	return got < 0 ? got : sampled;
}
