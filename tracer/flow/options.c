/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "../cmd-value.h"
#include "../nearest.h"
#include "points.h"

#define X(S, name, letter, ms, help) [STEP_##S] = { name, letter, help, (ms) * INT64_C(1000000) },
const struct flow_step_info flow_step_info[FLOW_STEP_COUNT] = { FLOW_STEPS(X) };
#undef X

const char *flow_step_label(char *out, size_t size, const char *name, const char *letter)
{
	size_t len = strlen(letter);

	if (!len)
		snprintf(out, size, "%s", name);
	else if (!strcmp(name, letter))
		snprintf(out, size, "(%s)", letter);
	else
		snprintf(out, size, "(%s) %s", letter,
			 !strncmp(name, letter, len) && name[len] == '-' ? name + len + 1 : name);
	return out;
}

const struct flow_profile *const flow_profile_list[] = { &flow_ovmf, &flow_design, NULL };

const struct flow_profile *flow_profile_by_name(const char *name)
{
	for (unsigned i = 0; flow_profile_list[i]; i++)
		if (!strcmp(flow_profile_list[i]->name, name))
			return flow_profile_list[i];
	return NULL;
}

void flow_options_init(struct flow_options *o)
{
	o->profile = NULL;
	o->all_ns = 0;
	for (int i = 0; i < FLOW_STEP_COUNT; i++)
		o->deadline_ns[i] = flow_step_info[i].deadline_ns;
}

static int no_such_step(const char *name, struct error *err)
{
	struct nearest near = nearest_to(name);

	for (int i = 0; i < FLOW_STEP_COUNT; i++)
		nearest_try(&near, flow_step_info[i].name);
	if (near.best)
		return fail(err, ERR_USAGE, "no step is called '%.40s'; did you mean '%s'?", name, near.best);
	return fail(err, ERR_USAGE, "no step is called '%.40s'; steps are called gpe, smi, rendezvous, a, b, c, "
		    "d-entry ...", name);
}

/* A time of 0 takes a deadline away. */
static int set_all(struct flow_options *o, const char *word, struct error *err)
{
	int64_t ns;
	int rc = cmd_time(word, &ns, err);

	for (int i = 0; i < FLOW_STEP_COUNT && rc >= 0; i++)
		if (flow_step_info[i].deadline_ns)
			o->deadline_ns[i] = ns;
	if (rc >= 0)
		o->all_ns = ns;
	return rc;
}

static int set_one(struct flow_options *o, char *word, struct error *err)
{
	char *eq = strchr(word, '=');

	if (!eq)
		return set_all(o, word, err);
	*eq = '\0';
	for (int i = 0; i < FLOW_STEP_COUNT; i++)
		if (!strcmp(flow_step_info[i].name, word))
			return cmd_time(eq + 1, &o->deadline_ns[i], err);
	return no_such_step(word, err);
}

int flow_options_deadline(struct flow_options *o, const char *text, struct error *err)
{
	struct flow_options changed = *o;
	char copy[512], *save = NULL;

	if ((size_t)snprintf(copy, sizeof(copy), "%s", text) >= sizeof(copy))
		return fail(err, ERR_USAGE, "deadlines of more than %zu characters", sizeof(copy) - 1);
	if (!*copy)
		return fail(err, ERR_USAGE, "a deadline is missing: say 2s, or gpe=30s,c=2s");
	for (char *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save))
		if (set_one(&changed, word, err) < 0)
			return -ERR_USAGE;
	*o = changed;
	return 0;
}
