/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which trace events to switch, from what QEMU says of them:
 *
 *	apm_io_write : state 1
 *	apm_io_read : state 0
 */
#include <stdio.h>
#include <string.h>

#include "qemulog.h"
#include "text.h"

#define NAME_MAX_LEN 64


static bool event_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* The next line that is an event of @pattern; false at the end. */
static bool next_state(struct text *t, const char *pattern, char name[NAME_MAX_LEN], bool *on)
{
	size_t stem = strcspn(pattern, "*");

	while (t->at < t->end) {
		size_t len = 0;

		while (t->at + len < t->end && len < NAME_MAX_LEN - 1 && event_char(t->at[len]))
			len++;
		memcpy(name, t->at, len);
		name[len] = '\0';
		t->at += len;
		*on = eat(t, " : state 1");
		if ((*on || eat(t, " : state 0")) && len >= stem && !memcmp(name, pattern, stem))
			return true;
		if (!eat_through(t, "\n"))
			t->at = t->end;
	}
	return false;
}

static void say(char *out, const char *name, const char *state)
{
	snprintf(out, QEMULOG_COMMAND_SIZE, "trace-event %s %s", name, state);
}

/* In front of the others: the events are off before the log is given back. */
static void undo_first(struct qemulog_plan *plan, const char *name, const char *state)
{
	if (plan->offs == QEMULOG_COMMANDS)
		return;
	memmove(plan->off + 1, plan->off, plan->offs++ * sizeof(*plan->off));
	say(plan->off[0], name, state);
}

/* Undo one by one: each event whose state was @was. */
static void undo_each(struct qemulog_plan *plan, struct text t, const char *pattern, bool was)
{
	char name[NAME_MAX_LEN];
	bool on;

	while (next_state(&t, pattern, name, &on))
		if (on == was)
			undo_first(plan, name, was ? "on" : "off");
}

void qemulog_plan_reply(struct qemulog_plan *plan, unsigned i, const char *reply)
{
	const struct text all = { reply, reply + strlen(reply) };
	unsigned count[2] = { 0, 0 };
	struct text t = all;
	char name[NAME_MAX_LEN];
	const char *pattern;
	bool on;

	if (i >= plan->asks || !(pattern = strrchr(plan->ask[i], ' ')))
		return;
	pattern++;
	while (next_state(&t, pattern, name, &on))
		count[on && !plan->leftover[0]]++;
	if (!count[false])
		return;
	if (plan->ons < QEMULOG_COMMANDS)
		say(plan->on[plan->ons++], pattern, "on");
	if (count[true] > count[false]) {
		undo_each(plan, all, pattern, false);
		return;
	}
	undo_each(plan, all, pattern, true);
	undo_first(plan, pattern, "off");
}
