/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "diff-side.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "diff-word.h"
#include "recheck.h"
#include "replay.h"

/* Where in the relocations we are. */
struct place {
	uint32_t episode; /* 0 = in none that is open */
	uint8_t step;
};

struct listener {
	struct sink sink; /* first */
	struct diff_side *side;
	struct words *words;
	struct filter filter;
	struct place of_cpu[EVENT_MAX_CPUS], latest;
};

static struct place place_of(const struct listener *l, int cpu)
{
	return cpu >= 0 && l->of_cpu[cpu].episode ? l->of_cpu[cpu] : l->latest;
}

static int hear_event(struct sink *s, const struct sink_event *se, struct error *err)
{
	struct listener *l = (struct listener *)s;
	int cpu = cpuset_valid(se->ev->cpu) ? se->ev->cpu : CPU_UNKNOWN;
	struct place place = place_of(l, cpu);
	char word[WORD_ROOM];
	enum word_use use = word_of_event(word, se, judge_scene(l->side->judge));
	struct lane_line line = { .count = 1, .id = se->id, .episode = place.episode, .step = place.step,
				  .repeats = use != WORD_COUNTS, .polls = use == WORD_POLLS };

	l->side->blind += se->ev->kind == EV_BLIND;
	if (use == WORD_NONE || !filter_takes(&l->filter, se->ev))
		return 0;
	line.word = words_of(l->words, word);
	if (!line.word || lane_add(&l->side->lane[cpu + 1], &line) < 0)
		return fail(err, ERR_OUTPUT, "no memory");
	return 0;
}

static int hear_episode(struct sink *s, const struct episode *ep, struct error *err)
{
	struct listener *l = (struct listener *)s;
	bool open = ep->status != EPISODE_DONE && !ep->cut_short;
	struct place now = { open ? (uint32_t)ep->id : 0, (uint8_t)ep->step };

	(void)err;
	if (cpuset_valid(ep->cpu) && (open || l->of_cpu[ep->cpu].episode == ep->id))
		l->of_cpu[ep->cpu] = now;
	if (open || l->latest.episode == ep->id)
		l->latest = now;
	return 0;
}

static int hear_verdict(struct sink *s, const struct verdict *v, struct error *err)
{
	(void)err;
	((struct listener *)s)->side->verdict = *v;
	return 0;
}

static const struct sink_ops listener_ops = {
	.name = "diff", .event = hear_event, .episode = hear_episode, .verdict = hear_verdict,
};

static int listen(struct diff_side *side, const struct filter *filter, struct words *w, struct error *err)
{
	struct listener *l = calloc(1, sizeof(*l));
	struct sink *sink = &l->sink;
	int rc;

	if (!l)
		return fail(err, ERR_OUTPUT, "no memory");
	*l = (struct listener){ .sink = { &listener_ops }, .side = side, .words = w,
				.filter = filter ? *filter : FILTER_ALL };
	l->filter.begin_ns = reader_summary(side->reader)->first_ns;
	judge_sinks(side->judge, &sink, 1);
	rc = replay(side->reader, side->judge, err);
	judge_sinks(side->judge, &sink, 0);
	free(l);
	return rc;
}

static int read_side(struct diff_side *side, const char *path, const struct filter *filter, struct words *w,
		     struct error *err)
{
	static const struct recheck_switches as_recorded;
	struct judge_options o;

	side->reader = reader_open(path, err);
	if (!side->reader || recheck_options(side->reader, &as_recorded, &o, err) < 0)
		return -(int)err->code;
	side->judge = judge_new(&o);
	if (!side->judge)
		return fail(err, ERR_OUTPUT, "no memory");
	return listen(side, filter, w, err);
}

struct diff_side *diff_side_open(const char *path, const struct filter *filter, struct words *w,
				 struct error *err)
{
	struct diff_side *side = calloc(1, sizeof(*side));

	if (!side) {
		fail(err, ERR_OUTPUT, "no memory");
		return NULL;
	}
	if (read_side(side, path, filter, w, err) >= 0)
		return side;
	diff_side_free(side);
	return NULL;
}

void diff_side_free(struct diff_side *s)
{
	for (int i = 0; s && i < DIFF_LANES; i++)
		lane_free(&s->lane[i]);
	if (s) {
		judge_free(s->judge);
		reader_close(s->reader);
	}
	free(s);
}

const char *diff_side_setting(const struct diff_side *s, enum config_reg reg, char out[32])
{
	uint64_t value;

	out[0] = '\0';
	if (reg == CONFIG_TSEG_BASE || !scene_config(judge_scene(s->judge), reg, &value))
		return out;
	if (reg == CONFIG_DEFAULT_OUTSIDE || reg == CONFIG_TSEG_OUTSIDE)
		snprintf(out, 32, "%s", value == UINT32_MAX ? "hidden" : "open");
	else
		snprintf(out, 32, "0x%" PRIx64, value);
	return out;
}
