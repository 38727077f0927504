/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "text.h"

#include <inttypes.h>
#include <stdlib.h>

#include "scale.h"
#include "slow-out.h"
#include "text-findings.h"
#include "../tracer/event-text.h"

#define LAST_WAIT_MS 2000 /* for a reader that is still behind at the end */

struct text_sink {
	struct sink sink; /* first: the hooks find us by it */
	FILE *out;
	struct slow_out slow; /* fd -1: @out is no descriptor but memory */
	unsigned flags;
	struct filter filter;
	bool begun;
	int64_t first_ns, last_ns;
	struct text_told told;
	/* A verdict is told when an episode is stuck, and again when the CPUs were looked at for it. */
	bool verdict_owed, look_owed;
};

/* What the model knows beyond the event: "cause=apm cmd=0x04", "dur=0.000530". */
static void extra(char *out, size_t size, const struct sink_event *se)
{
	const struct event *ev = se->ev;

	out[0] = '\0';
	if (ev->kind == EV_SMI_ENTER && se->after && se->after->smi.cause != CAUSE_UNKNOWN) {
		const struct smi *smi = &se->after->smi;
		int used = snprintf(out, size, " cause=%s", smi_cause_name[smi->cause]);

		if (smi->apm_cmd != SMI_CMD_UNKNOWN)
			snprintf(out + used, size - (size_t)used, " cmd=0x%02x", (unsigned)smi->apm_cmd & 0xff);
	}
	if (ev->kind == EV_SMI_LEAVE && se->before && cpu_in_smm(se->before) && se->before->smi.id) {
		int64_t ns = ns_between(se->before->smi.enter_ns, ev->ts);

		snprintf(out, size, " dur=%" PRId64 ".%06" PRId64, ns / 1000000000, ns % 1000000000 / 1000);
	}
}

const char *text_line(char *out, size_t size, const struct sink_event *se, int64_t first_ns)
{
	char at[32], cpu[16] = "?", detail[320], more[64];

	if (se->ev->cpu != CPU_UNKNOWN)
		snprintf(cpu, sizeof(cpu), "%d", se->ev->cpu);
	event_detail(detail, sizeof(detail), se->ev);
	extra(more, sizeof(more), se);
	snprintf(out, size, "%scpu%s %s%s%s%s%s", text_time(at, sizeof(at), first_ns, se->ev->ts), cpu,
		 event_info[se->ev->kind].name, *detail ? " " : "", detail, more,
		 se->ev->origin == ORIGIN_INFERRED ? " origin=inferred" : "");
	return out;
}

static int cannot_write(struct error *err)
{
	return fail_errno(err, ERR_OUTPUT, "cannot write the lines of events");
}

static int put_line(struct text_sink *t, const char *line, struct error *err)
{
	if (t->slow.fd >= 0)
		slow_out_line(&t->slow, line);
	else if (fprintf(t->out, "%s\n", line) < 0)
		return cannot_write(err);
	return 0;
}

static int text_event(struct sink *s, const struct sink_event *se, struct error *err)
{
	struct text_sink *t = (struct text_sink *)s;
	char line[512];

	if (!t->begun) {
		t->begun = true;
		t->first_ns = t->filter.begin_ns = se->ev->ts;
	}
	t->last_ns = se->ev->ts;
	if (se->ev->kind == EV_CPU_SEEN && t->look_owed) {
		t->look_owed = false;
		t->verdict_owed = true;
	}
	if (!filter_takes(&t->filter, se->ev))
		return 0;
	return put_line(t, text_line(line, sizeof(line), se, t->first_ns), err);
}

static int text_violation_hook(struct sink *s, const struct violation *v, struct error *err)
{
	struct text_sink *t = (struct text_sink *)s;
	char line[512];

	return put_line(t, text_violation(line, sizeof(line), v, t->first_ns), err);
}

/* The steps of a boot relocation are for those who want all. */
static int text_episode_hook(struct sink *s, const struct episode *ep, struct error *err)
{
	struct text_sink *t = (struct text_sink *)s;
	bool dull = ep->kind == EPISODE_BOOT && ep->status == EPISODE_RUNNING && !(t->flags & TEXT_ALL);
	char line[256];

	if (!text_is_news(&t->told, ep) || dull)
		return 0;
	if (text_episode_ns(ep) > t->last_ns)
		t->last_ns = text_episode_ns(ep);
	t->verdict_owed = t->look_owed = ep->status == EPISODE_STUCK;
	return put_line(t, text_episode(line, sizeof(line), ep, t->first_ns), err);
}

static int text_verdict_hook(struct sink *s, const struct verdict *v, struct error *err)
{
	struct text_sink *t = (struct text_sink *)s;
	char line[1200];

	if (!v->stuck || !t->verdict_owed)
		return 0;
	t->verdict_owed = false;
	for (unsigned i = 0; i < v->lines; i++)
		if (put_line(t, text_verdict(line, sizeof(line), &v->line[i], t->first_ns, t->last_ns), err) < 0)
			return -(int)err->code;
	return 0;
}

static int text_flush(struct sink *s, struct error *err)
{
	struct text_sink *t = (struct text_sink *)s;

	if (t->slow.fd < 0)
		return fflush(t->out) || ferror(t->out) ? cannot_write(err) : 0;
	return slow_out_push(&t->slow, 0) < 0 ? cannot_write(err) : 0;
}

static const struct sink_ops text_ops = {
	.name = "text", .event = text_event, .violation = text_violation_hook, .episode = text_episode_hook,
	.verdict = text_verdict_hook, .flush = text_flush,
};

struct sink *text_sink_open(FILE *out, unsigned flags, const struct filter *filter, struct error *err)
{
	struct text_sink *t = calloc(1, sizeof(*t));

	if (!t) {
		fail(err, ERR_OUTPUT, "no memory for the lines of events");
		return NULL;
	}
	t->sink.ops = &text_ops;
	t->out = out;
	t->slow.fd = fileno(out);
	t->flags = flags;
	t->filter = filter ? *filter : flags & TEXT_ALL ? FILTER_ALL : FILTER_DEFAULT;
	return &t->sink;
}

uint64_t text_sink_close(struct sink *s)
{
	struct text_sink *t = (struct text_sink *)s;
	uint64_t dropped;

	if (!t)
		return 0;
	if (t->slow.fd < 0)
		fflush(t->out);
	else
		slow_out_push(&t->slow, LAST_WAIT_MS);
	for (size_t i = 0; i < t->slow.n; i++)
		t->slow.dropped += t->slow.buf[i] == '\n';
	dropped = t->slow.dropped;
	slow_out_free(&t->slow);
	free(t);
	return dropped;
}
