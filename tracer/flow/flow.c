/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "flow.h"

#include <stdlib.h>

const char *const episode_kind_name[EPISODE_KIND_COUNT] = {
	[EPISODE_BOOT] = "boot", [EPISODE_PLUG] = "plug", [EPISODE_UNPLUG] = "unplug",
};
const char *const episode_status_name[EPISODE_STATUS_COUNT] = {
	[EPISODE_RUNNING] = "running", [EPISODE_DONE] = "done", [EPISODE_STUCK] = "stuck",
};

#define X(S, name, letter, ms, help) [STEP_##S] = { name, letter, help, (ms) * INT64_C(1000000) },
const struct flow_step_info flow_step_info[FLOW_STEP_COUNT] = { FLOW_STEPS(X) };
#undef X

const struct flow_profile *const flow_profile_list[] = { NULL };

struct flow {
	struct flow_options options;
};

void flow_options_init(struct flow_options *o)
{
	o->profile = NULL;
	for (int i = 0; i < FLOW_STEP_COUNT; i++)
		o->deadline_ns[i] = flow_step_info[i].deadline_ns;
}

int flow_options_deadline(struct flow_options *o, const char *text, struct error *err)
{
	(void)o;
	return fail(err, ERR_USAGE, "no deadline can be set yet: '%s'", text);
}

const struct flow_profile *flow_profile_by_name(const char *name)
{
	(void)name;
	return NULL;
}

struct flow *flow_new(const struct flow_options *o)
{
	struct flow *f = calloc(1, sizeof(*f));

	if (f)
		f->options = *o;
	return f;
}

void flow_free(struct flow *f)
{
	free(f);
}

void flow_event(struct flow *f, const struct flow_input *in)
{
	(void)f;
	(void)in;
}

void flow_advance(struct flow *f, const struct scene *s, int64_t now)
{
	(void)f;
	(void)s;
	(void)now;
}

struct episode *flow_changed(struct flow *f)
{
	(void)f;
	return NULL;
}

struct episode *flow_episode(struct flow *f, int64_t id)
{
	(void)f;
	(void)id;
	return NULL;
}

int64_t flow_next_deadline(const struct flow *f, const struct scene *s)
{
	(void)f;
	(void)s;
	return INT64_MAX;
}

const struct flow_profile *flow_profile_now(const struct flow *f)
{
	return f->options.profile;
}
