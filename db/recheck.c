/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "recheck.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay.h"
#include "../tracer/nearest.h"

const char *const recheck_stored_name[STORED_COUNT] = {
	[STORED_SAME] = "same", [STORED_DIFFERS] = "differs", [STORED_NONE] = "none", [STORED_OPEN] = "open",
	[STORED_OTHER] = "other-switches",
};

static int set_check(struct judge_options *o, const char *text, struct error *err)
{
	return check_options_parse(&o->check, text, err);
}

static int set_deadline(struct judge_options *o, const char *text, struct error *err)
{
	return flow_options_deadline(&o->flow, text, err);
}

static int set_profile(struct judge_options *o, const char *text, struct error *err)
{
	struct nearest near = nearest_to(text);

	o->flow.profile = flow_profile_by_name(text);
	if (o->flow.profile || !strcmp(text, "auto"))
		return 0;
	for (const struct flow_profile *const *p = flow_profile_list; *p; p++)
		nearest_try(&near, (*p)->name);
	if (near.best)
		return fail(err, ERR_USAGE, "no profile '%.60s'; did you mean '%s'?", text, near.best);
	return fail(err, ERR_USAGE, "no profile '%.60s'; \"smmtrace list profiles\" shows them", text);
}

/* One switch: as @given, else as the recorder had it. */
static int apply_switch(struct reader *r, const char *key, const char *given,
			int (*set)(struct judge_options *o, const char *text, struct error *err),
			struct judge_options *o, struct error *err)
{
	const char *stored = given ? NULL : reader_meta(r, key);
	struct error why = { 0 };

	if (given)
		return set(o, given, err);
	if (!stored || !*stored || set(o, stored, &why) >= 0)
		return 0;
	return fail(err, ERR_CORRUPT, "meta '%s': %.300s", key, why.text);
}

int recheck_options(struct reader *r, const struct recheck_switches *s, struct judge_options *o,
		    struct error *err)
{
	judge_options_init(o);
	if (apply_switch(r, "check", s->check, set_check, o, err) < 0 ||
	    apply_switch(r, "profile", s->profile, set_profile, o, err) < 0 ||
	    apply_switch(r, "deadline", s->deadline, set_deadline, o, err) < 0)
		return -(int)err->code;
	return 0;
}

/* Keeps the last verdict. */
struct keeper {
	struct sink sink; /* first */
	struct verdict *verdict;
};

static int keep_verdict(struct sink *s, const struct verdict *v, struct error *err)
{
	(void)err;
	*((struct keeper *)s)->verdict = *v;
	return 0;
}

static int ignore_event(struct sink *s, const struct sink_event *se, struct error *err)
{
	(void)s, (void)se, (void)err;
	return 0;
}

static const struct sink_ops keeper_ops = { .name = "check", .event = ignore_event, .verdict = keep_verdict };

static int judge_again(struct recheck *c, const struct recheck_switches *s, struct error *err)
{
	struct keeper keeper = { { &keeper_ops }, &c->verdict };
	struct sink *sink = &keeper.sink;
	struct judge_options o;
	int rc;

	if (recheck_options(c->reader, s, &o, err) < 0)
		return -(int)err->code;
	c->judge = judge_new(&o);
	if (!c->judge)
		return fail(err, ERR_OUTPUT, "no memory");
	judge_sinks(c->judge, &sink, 1);
	rc = replay(c->reader, c->judge, err);
	judge_sinks(c->judge, &sink, 0);
	return rc < 0 ? rc : recheck_compare(c, s->check || s->profile || s->deadline, err);
}

struct recheck *recheck_run(const char *path, const struct recheck_switches *s, struct error *err)
{
	struct recheck *c = calloc(1, sizeof(*c));

	if (!c) {
		fail(err, ERR_OUTPUT, "no memory");
		return NULL;
	}
	c->reader = reader_open(path, err);
	if (c->reader && judge_again(c, s, err) >= 0)
		return c;
	recheck_free(c);
	return NULL;
}

void recheck_free(struct recheck *c)
{
	if (!c)
		return;
	judge_free(c->judge);
	reader_close(c->reader);
	free(c);
}
