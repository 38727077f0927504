/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "diff-report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "../gdbproto/safe-text.h"

#define SHOWN 40 /* lines of one side of one difference, unless all are wanted */

static const char sign[DIFF_SIDES] = { '-', '+' };
static const char *const side_name[DIFF_SIDES] = { "GOOD", "BAD" };

struct page {
	FILE *out;
	const struct diff *d;
	const struct diff_look *look;
	const char *section; /* heading still to be written */
};

/* A line of the present section, which begins with the first of them. */
static void line(struct page *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void line(struct page *p, const char *fmt, ...)
{
	va_list ap;

	if (p->section)
		fprintf(p->out, "\n%s\n", p->section);
	p->section = NULL;
	va_start(ap, fmt);
	vfprintf(p->out, fmt, ap);
	va_end(ap);
	fputc('\n', p->out);
}

static double seconds(int64_t ns)
{
	return (double)ns / 1e9;
}

static void put_file(struct page *p, int side)
{
	const struct reader_summary *s = reader_summary(p->d->side[side]->reader);
	char safe[300];

	fprintf(p->out, "%c%c%c %-4s %s: %" PRId64 " events, %u CPUs, %.3f s", sign[side], sign[side], sign[side],
		side_name[side], safe_text(safe, sizeof(safe), p->look->path[side], strlen(p->look->path[side])),
		s->events, s->cpus, seconds(s->last_ns - s->first_ns));
	if (s->lost)
		fprintf(p->out, "; lost %" PRId64 " events", s->lost);
	if (p->d->side[side]->blind)
		fprintf(p->out, "; could not see in %" PRId64 " intervals", p->d->side[side]->blind);
	if (s->live)
		fputs("; still being written", p->out);
	fputc('\n', p->out);
}

/* ---- what was concluded ---- */

#define STATUS 120

static const char *status_text(char out[STATUS], const struct episode *ep)
{
	if (!ep)
		snprintf(out, STATUS, "there is none");
	else if (ep->next == FLOW_STEP_COUNT)
		snprintf(out, STATUS, "%s", episode_status_name[ep->status]);
	else
		snprintf(out, STATUS, "%s behind step %s, waits for %s", episode_status_name[ep->status],
			 flow_step_info[ep->step].name, flow_step_info[ep->next].name);
	if (ep && ep->cut_short)
		snprintf(out + strlen(out), STATUS - strlen(out), "; cut short");
	return out;
}

static void put_status(struct page *p, const struct diff_episode *e)
{
	char text[DIFF_SIDES][STATUS];

	if (!strcmp(status_text(text[0], e->ep[0]), status_text(text[1], e->ep[1]))) {
		line(p, "  %s", text[0]);
		return;
	}
	for (int i = 0; i < DIFF_SIDES; i++)
		line(p, "%c %s", sign[i], text[i]);
}

static void put_steps(struct page *p, const struct diff_episode *e)
{
	for (unsigned i = 0; i < FLOW_STEP_COUNT; i++) {
		bool good = diff_reached(e->ep[DIFF_GOOD], i), bad = diff_reached(e->ep[DIFF_BAD], i);

		if (good != bad)
			line(p, "%c step %s: %s", good ? '-' : '+', flow_step_info[i].name, flow_step_info[i].help);
	}
}

static void put_rendezvous(struct page *p, int side, const struct episode *ep)
{
	char list[300] = "";
	size_t at = 0;

	for (int cpu = cpuset_next(&ep->rendezvous, 0); cpu >= 0 && at < sizeof(list) - 8;
	     cpu = cpuset_next(&ep->rendezvous, cpu + 1))
		at += (size_t)snprintf(list + at, sizeof(list) - at, " %d", cpu);
	line(p, "%c CPUs that came to its SMI:%s", sign[side], at ? list : " none");
}

static void put_episode(struct page *p, const struct diff_episode *e)
{
	char heading[DIFF_NAME + 16], name[DIFF_NAME];

	snprintf(heading, sizeof(heading), "episode: %s", diff_episode_name(name, e->kind, e->cpu, e->nth));
	p->section = heading;
	put_status(p, e);
	if (!e->ep[DIFF_GOOD] || !e->ep[DIFF_BAD])
		return;
	put_steps(p, e);
	if (memcmp(&e->ep[0]->rendezvous, &e->ep[1]->rendezvous, sizeof(e->ep[0]->rendezvous))) {
		put_rendezvous(p, DIFF_GOOD, e->ep[DIFF_GOOD]);
		put_rendezvous(p, DIFF_BAD, e->ep[DIFF_BAD]);
	}
}

static void put_rule(struct page *p, unsigned number, int side)
{
	const struct violation *v = diff_violation(p->d, side, number);
	uint64_t n = diff_broken(p->d, side, number);
	char times[40] = "";

	if (n > 1)
		snprintf(times, sizeof(times), " (%" PRIu64 " x)", n);
	line(p, "%c %s (%s, step %s): %s%s", sign[side], invariant_list[number]->name,
	     check_severity_name[invariant_list[number]->severity], invariant_list[number]->step,
	     v ? v->message : "", times);
}

static void put_rules(struct page *p)
{
	p->section = "broken rules";
	for (unsigned i = 0; i < INVARIANT_COUNT; i++) {
		bool good = diff_broken(p->d, DIFF_GOOD, i), bad = diff_broken(p->d, DIFF_BAD, i);

		if (good != bad)
			put_rule(p, i, good ? DIFF_GOOD : DIFF_BAD);
	}
}

static void put_settings(struct page *p)
{
	char value[DIFF_SIDES][32];

	p->section = "settings of the machine";
	for (unsigned i = 0; i < CONFIG_REG_COUNT; i++)
		if (diff_setting(p->d, i, value)) {
			line(p, "- %s = %s", config_reg_name[i], value[DIFF_GOOD]);
			line(p, "+ %s = %s", config_reg_name[i], value[DIFF_BAD]);
		}
}

static void put_verdicts(struct page *p)
{
	p->section = "verdict";
	for (int i = 0; i < DIFF_SIDES; i++) {
		const struct verdict *v = &p->d->side[i]->verdict;

		if (p->d->side[0]->verdict.stuck != p->d->side[1]->verdict.stuck)
			line(p, "%c %s", sign[i], v->lines ? v->line[0].text : "there is nothing to say");
	}
}

/* ---- lines of a CPU ---- */

static void put_word(struct page *p, char mark, const struct lane_line *good, const struct lane_line *bad)
{
	const struct lane_line *l = good ? good : bad;

	fprintf(p->out, "%c %s", mark, words_text(p->d->words, l->word));
	if (good && bad && good->count != bad->count)
		fprintf(p->out, "  (%u x, %u x)", good->count, bad->count);
	else if (l->count > 1)
		fprintf(p->out, "  (%u x)", l->count);
	fputc('\n', p->out);
}

static void put_only(struct page *p, int side, const struct lane *l, const struct diff_change *c)
{
	size_t n = c->to[side] - c->from[side];
	size_t shown = n > SHOWN && !p->look->all ? SHOWN : n;

	for (size_t i = 0; i < shown; i++)
		put_word(p, sign[side], side == DIFF_GOOD ? &l->line[c->from[side] + i] : NULL,
			 side == DIFF_BAD ? &l->line[c->from[side] + i] : NULL);
	if (shown < n)
		fprintf(p->out, "\\ and %zu more lines of %s; --all shows them\n", n - shown, side_name[side]);
}

/* Lines that both have: [from, to) of GOOD, which are those of BAD from @bad on. */
static void put_context(struct page *p, const struct diff_lane *l, size_t from, size_t to, size_t bad)
{
	for (size_t i = from; i < to; i++)
		put_word(p, ' ', &l->lane[DIFF_GOOD]->line[i], &l->lane[DIFF_BAD]->line[bad + i - from]);
}

/* "-12 (event 3311, 4.419 s)" of the first line that differs, or of the end. */
static void put_at(struct page *p, int side, const struct diff_lane *l, const struct diff_change *c)
{
	const struct lane *lane = l->lane[side];

	if (c->from[side] < lane->n)
		fprintf(p->out, " %c%zu (event %" PRId64 ", %.6f s)", sign[side], c->from[side] + 1,
			lane->line[c->from[side]].id, seconds(diff_line_ns(p->d, side, &lane->line[c->from[side]])));
	else
		fprintf(p->out, " %c%zu (the end)", sign[side], c->from[side] + 1);
}

/* The line before a difference says where it happens, else the one that differs. */
static const char *place_of(const struct page *p, const struct diff_lane *l, const struct diff_change *c,
			    char out[DIFF_NAME])
{
	for (int side = DIFF_BAD; side >= DIFF_GOOD; side--)
		if (c->from[side] < c->to[side])
			return diff_place(out, p->d, side, &l->lane[side]->line[c->from[side]]);
	return "";
}

static void put_ends(struct page *p, const struct diff_lane *l, const struct diff_change *c)
{
	char name[DIFF_NAME];

	for (int side = 0; side < DIFF_SIDES; side++)
		if (c->to[side] == l->lane[side]->n && c->to[!side] > c->from[!side] && c->from[side] == c->to[side])
			fprintf(p->out, "\\ %s: %s does nothing more\n", side_name[side], diff_lane_name(name, l->cpu));
}

/* Changes whose contexts touch are one hunk: it begins with @i; returns the first of the next one. */
static size_t put_hunk(struct page *p, const struct diff_lane *l, size_t i)
{
	const struct diff_change *c = &l->change[i];
	size_t context = p->look->context, n = l->lane[DIFF_GOOD]->n;
	size_t before = c->from[DIFF_GOOD] < context ? c->from[DIFF_GOOD] : context;
	char name[DIFF_NAME], place[DIFF_NAME];

	fprintf(p->out, "\n@@ %s", diff_lane_name(name, l->cpu));
	put_at(p, DIFF_GOOD, l, c);
	put_at(p, DIFF_BAD, l, c);
	fprintf(p->out, " @@ %s\n", place_of(p, l, c, place));
	put_context(p, l, c->from[DIFF_GOOD] - before, c->from[DIFF_GOOD], c->from[DIFF_BAD] - before);
	for (;; c++) {
		size_t next = i + 1 < l->changes ? l->change[i + 1].from[DIFF_GOOD] : n;
		bool joined = i + 1 < l->changes && next - c->to[DIFF_GOOD] <= 2 * context;
		size_t to = joined || next - c->to[DIFF_GOOD] < context ? next : c->to[DIFF_GOOD] + context;

		put_only(p, DIFF_GOOD, l->lane[DIFF_GOOD], c);
		put_only(p, DIFF_BAD, l->lane[DIFF_BAD], c);
		put_ends(p, l, c);
		put_context(p, l, c->to[DIFF_GOOD], to, c->to[DIFF_BAD]);
		i++;
		if (!joined)
			return i;
	}
}

static void put_lane(struct page *p, const struct diff_lane *l)
{
	char name[DIFF_NAME];
	size_t next = l->changes ? put_hunk(p, l, 0) : 0;

	while (next < l->changes && p->look->all)
		next = put_hunk(p, l, next);
	if (next < l->changes)
		fprintf(p->out, "\\ and %zu more differences of %s; --all shows them\n", l->changes - next,
			diff_lane_name(name, l->cpu));
	if (l->lane[0]->cut || l->lane[1]->cut)
		fprintf(p->out, "\\ %s: only its first %u lines were compared\n", diff_lane_name(name, l->cpu),
			LANE_LINES);
}

/* ---- the whole ---- */

void diff_text_change(FILE *out, const struct diff *d, const struct diff_lane *l,
		      const struct diff_change *c)
{
	struct page p = { .out = out, .d = d };
	char name[DIFF_NAME], place[DIFF_NAME];
	const char *before = NULL;

	place_of(&p, l, c, place);
	fprintf(out, "%s%s%s", diff_lane_name(name, l->cpu), *place ? ", in the " : "", place);
	if (c->from[DIFF_GOOD])
		before = words_text(d->words, l->lane[DIFF_GOOD]->line[c->from[DIFF_GOOD] - 1].word);
	if (before)
		fprintf(out, ", after \"%s\"", before + strspn(before, " "));
	fputc('\n', out);
	for (int i = 0; i < DIFF_SIDES; i++)
		if (c->from[i] < c->to[i])
			put_word(&p, sign[i], &l->lane[i]->line[c->from[i]], NULL);
		else if (c->from[i] == l->lane[i]->n)
			fprintf(out, "%c nothing more\n", sign[i]);
}

/* One sentence for who reads no further. */
static void put_first(struct page *p)
{
	const struct diff_lane *l = p->d->first < 0 ? NULL : &p->d->lane[p->d->first];

	if (!l)
		return;
	fputs("\nfirst difference: ", p->out);
	diff_text_change(p->out, p->d, l, &l->change[0]);
}

void diff_text(FILE *out, const struct diff *d, const struct diff_look *look)
{
	struct page p = { .out = out, .d = d, .look = look };

	put_file(&p, DIFF_GOOD);
	put_file(&p, DIFF_BAD);
	put_first(&p);
	for (size_t i = 0; i < d->episodes; i++)
		if (!d->episode[i].same)
			put_episode(&p, &d->episode[i]);
	put_rules(&p);
	put_settings(&p);
	put_verdicts(&p);
	for (size_t i = 0; i < d->lanes; i++)
		put_lane(&p, &d->lane[i]);
	if (d->same)
		fprintf(out, "\nno difference%s\n", d->cut ? " in what was compared" : "");
}
