/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "insight.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scale.h"
#include "../gdbproto/safe-text.h"
#include "../tracer/flow/flow.h"

#define SAFE(out, text) safe_text(out, sizeof(out), text, strlen(text))

static int take_episode(void *arg, const struct reader_episode *ep)
{
	struct insight *f = arg;
	struct insight_episode *kept;

	if (f->episodes == INSIGHT_EPISODES) {
		memmove(f->episode, f->episode + 1, (INSIGHT_EPISODES - 1) * sizeof(*f->episode));
		f->episodes--;
	}
	kept = &f->episode[f->episodes++];
	*kept = (struct insight_episode){
		.id = ep->id, .cpu = ep->cpu, .boot = !strcmp(ep->kind, "boot"), .stuck = !strcmp(ep->status, "stuck"),
		.start_ns = ep->start_ns, .end_ns = ep->end_ns, .stuck_ns = ep->stuck_ns, .steps = ep->steps,
	};
	SAFE(kept->kind, ep->kind);
	SAFE(kept->step, ep->step);
	SAFE(kept->next, ep->next);
	for (unsigned i = 0; i < ep->steps; i++) {
		kept->at[i].ts_ns = ep->at[i].ts_ns;
		SAFE(kept->at[i].name, ep->at[i].name);
		SAFE(kept->at[i].letter, ep->at[i].letter);
	}
	return 0;
}

static int take_smi_step(void *arg, const struct reader_smi_step *step)
{
	struct insight *f = arg;
	struct insight_smi_step *kept = &f->smi_step[f->smi_steps];
	char letter[8], name[24];

	SAFE(letter, step->letter);
	SAFE(name, step->name);
	kept->cpu = step->smi_cpu;
	kept->ts_ns = step->from_ns;
	flow_step_label(kept->label, sizeof(kept->label), name, letter);
	return ++f->smi_steps == INSIGHT_SMI_STEPS;
}

static int take_line(void *arg, const char *subject, const char *text)
{
	struct insight *f = arg;
	char safe[1200], who[40];

	SAFE(who, subject);
	SAFE(safe, text);
	snprintf(f->line[f->lines], sizeof(f->line[0]), "%s: %.*s", who,
		 (int)(sizeof(f->line[0]) - sizeof(who) - 3), safe);
	return ++f->lines == INSIGHT_LINES;
}

int insight_read(struct insight *f, struct reader *r, struct error *err)
{
	if (!f->episode)
		f->episode = calloc(INSIGHT_EPISODES, sizeof(*f->episode));
	if (!f->smi_step)
		f->smi_step = calloc(INSIGHT_SMI_STEPS, sizeof(*f->smi_step));
	if (!f->episode || !f->smi_step)
		return fail(err, ERR_USAGE, "no memory for the timeline");
	f->violations = reader_summary(r)->violations;
	f->episodes = f->smi_steps = f->lines = 0;
	if (reader_episodes(r, take_episode, f, err) < 0 ||
	    (f->episodes && reader_smi_steps(r, take_smi_step, f, err) < 0))
		return -1;
	return reader_verdict(r, take_line, f, err) < 0 ? -1 : 0;
}

void insight_free(struct insight *f)
{
	free(f->episode);
	free(f->smi_step);
	f->episode = NULL;
	f->smi_step = NULL;
	f->episodes = f->smi_steps = 0;
}

const struct insight_episode *insight_stuck(const struct insight *f)
{
	for (int i = f->episodes - 1; i >= 0; i--)
		if (f->episode[i].stuck)
			return &f->episode[i];
	return NULL;
}

/* Which is nearer to what the user wants to see at @ts? */
static bool better(const struct insight_episode *ep, const struct insight_episode *best, int64_t ts)
{
	bool begun = ep->start_ns <= ts, other = best && best->start_ns <= ts;

	if (!best || ep->boot != best->boot)
		return !best || best->boot;
	if (begun != other)
		return begun;
	return begun ? ep->start_ns >= best->start_ns : ep->start_ns < best->start_ns;
}

const struct insight_episode *insight_episode_at(const struct insight *f, int64_t ts)
{
	const struct insight_episode *best = NULL;

	for (int i = 0; i < f->episodes; i++)
		if (better(&f->episode[i], best, ts))
			best = &f->episode[i];
	return best;
}

/* Its length up to the full stop; a stop is followed by a blank and a capital, or by nothing. */
static int sentence(const char *text)
{
	const char *at = text;

	while (*at && !(*at == '.' && (!at[1] || (at[1] == ' ' && isupper((unsigned char)at[2])))))
		at++;
	return (int)(at - text);
}

/* What the verdict says first, behind what this line says itself already. */
static const char *first_words(const struct insight *f)
{
	const char *text = f->lines ? strchr(f->line[0], ':') : NULL;

	text = text ? text + 2 : "";
	if (!strncmp(text, "STUCK", 5)) {
		text += sentence(text);
		text += *text ? *text == '.' && text[1] == ' ' ? 2 : 1 : 0;
	}
	return text;
}

/* "(d)": the design's step that is not through; "gpe, no smi" where it has no letter. */
static const char *step_in(char *out, size_t size, const struct insight_episode *ep)
{
	for (int i = 0; i < FLOW_STEP_COUNT; i++)
		if (!strcmp(flow_step_info[i].name, ep->next) && *flow_step_info[i].letter) {
			snprintf(out, size, "(%s)", flow_step_info[i].letter);
			return out;
		}
	snprintf(out, size, "%s%s%s", ep->step, *ep->next ? ", no " : "", ep->next);
	return out;
}

const char *insight_status(char *out, size_t size, const struct insight *f, int64_t now)
{
	const struct insight_episode *ep = insight_stuck(f);
	char lasted[32], step[64];
	const char *words = first_words(f);
	int64_t since;

	out[0] = '\0';
	if (!ep)
		return out;
	since = ep->steps ? ep->at[ep->steps - 1].ts_ns : ep->start_ns;
	snprintf(out, size, "STUCK %s of CPU %d, step %s, %s%s%.*s", ep->kind, ep->cpu,
		 step_in(step, sizeof(step), ep), duration_text(lasted, sizeof(lasted), ns_between(since, now)), *words ? ": " : "",
		 sentence(words), words);
	return out;
}

static int take_mark(void *arg, const struct reader_violation *v)
{
	char label[LANE_LABEL], safe[LANE_LABEL];

	SAFE(safe, v->invariant);
	snprintf(label, sizeof(label), " %.*s", LANE_LABEL - 2, safe);
	lanes_mark(arg, lane_of_cpu(v->cpu), v->ts_ns, MARK_VIOLATION, label);
	return 0;
}

int insight_mark(const struct insight *f, struct reader *r, struct lanes *l, struct error *err)
{
	int got;

	for (int i = 0; i < f->smi_steps; i++)
		lanes_step(l, lane_of_cpu(f->smi_step[i].cpu), f->smi_step[i].ts_ns, f->smi_step[i].label);
	if (!reader_summary(r)->violations)
		return 0;
	got = reader_violations(r, READER_ANY_CPU, l->scale.from, scale_start(&l->scale, l->width) - 1,
				INSIGHT_MARKS, false, take_mark, l, err);
	return got < 0 ? got : 0;
}

struct seeking {
	int64_t ts, id;
	bool backwards;
	struct reader_violation *found;
};

static int take_next(void *arg, const struct reader_violation *v)
{
	struct seeking *s = arg;

	/* Those of one moment stand in the order of their ids. */
	if (s->id && v->ts_ns == s->ts && (s->backwards ? v->id >= s->id : v->id <= s->id))
		return 0;
	*s->found = *v;
	return 1;
}

int insight_seek(struct reader *r, int64_t ts, int64_t id, bool backwards, struct reader_violation *found,
		  struct error *err)
{
	struct seeking s = { ts, id, backwards, found };
	int got = reader_violations(r, READER_ANY_CPU, backwards ? INT64_MIN : ts, backwards ? ts : INT64_MAX, 0,
				    backwards, take_next, &s, err);

	return got;
}

const char *insight_line(char *out, size_t size, const struct reader_violation *v)
{
	char name[64], step[16], message[600], cpu[16] = "";

	SAFE(name, v->invariant);
	SAFE(step, v->step);
	SAFE(message, v->message);
	if (v->cpu != CPU_UNKNOWN)
		snprintf(cpu, sizeof(cpu), "CPU %d  ", v->cpu);
	snprintf(out, size, "%s  %s(%s) %s", name, cpu, step, message);
	return out;
}
