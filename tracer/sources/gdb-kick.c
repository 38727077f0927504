/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sending a CPU the SMI it has lost while the guest is being recorded: over our own connection, at a stop. */
#include "gdb-internal.h"

#include "../kick.h"

static void say(void *arg, const char *text)
{
	gdb_note(arg, "kick: %s", text);
}

int gdb_kick_at_stop(struct gdb *g, int64_t ts, struct error *err)
{
	const struct kick_args args = { .cpu = g->kick_due, .say = say, .arg = g };
	struct event ev = event_new(EV_SESSION, SRC_TRACER, g->kick_due, ts);
	struct error why = { 0 };
	bool changed;

	g->kick_due = CPU_UNKNOWN;
	if (kick_standing(g->rsp, g->args.guard, &args, &changed, &why) < 0) {
		if (changed) {
			*err = why;
			return -(int)why.code;
		}
		gdb_note(g, "%s", why.text);
		return 0;
	}
	event_set(&ev, SESSION_WHAT, SESSION_KICK);
	gdb_put(g, ev);
	return 0;
}
