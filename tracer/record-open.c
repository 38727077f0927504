/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "record-open.h"

#include "sources/gdb-live.h"
#include "sources/qmp-live.h"

/* What the openers need. */
struct opening {
	const struct record_args *args;
	struct guard *guard;
	struct event_out *out;
	struct record_result *result;
};

static bool wants_qmp(const struct record_args *args)
{
	return args->qmp;
}

static struct live *open_qmp(const struct opening *o, struct error *err)
{
	return qmp_live_open(o->args->qmp, o->args->timeout_ms, o->args->note, o->args->arg, err);
}

static bool wants_gdb(const struct record_args *args)
{
	return args->target;
}

static struct live *open_gdb(const struct opening *o, struct error *err)
{
	struct gdb_args ga = {
		.target = o->args->target, .timeout_ms = o->args->timeout_ms, .guard = o->guard, .out = o->out,
		.breakpoints_only = o->args->breakpoints_only, .no_log = o->args->no_log,
		.own_guest = o->args->own_guest, .resume = o->args->own_guest,
		.note = o->args->note, .note_arg = o->args->arg,
	};

	return gdb_live_open(&ga, &o->result->gdb, err);
}

/* In the order in which they are opened: what lets the guest run comes last. */
static const struct {
	bool (*wanted)(const struct record_args *args);
	struct live *(*open)(const struct opening *o, struct error *err);
} openers[] = { { wants_qmp, open_qmp }, { wants_gdb, open_gdb } };

_Static_assert(sizeof(openers) / sizeof(openers[0]) <= LIVE_MAX_SOURCES, "room for every source");

int record_open_sources(const struct record_args *args, struct guard *guard, struct event_out *out,
			struct record_result *result, struct live **live, struct error *err)
{
	const struct opening o = { args, guard, out, result };
	int n = 0;

	for (size_t i = 0; i < sizeof(openers) / sizeof(openers[0]); i++) {
		if (!openers[i].wanted(args))
			continue;
		live[n] = openers[i].open(&o, err);
		if (live[n]) {
			n++;
			continue;
		}
		while (n-- > 0)
			live[n]->ops->close(live[n]);
		return -(int)(err->code ? err->code : ERR_TARGET);
	}
	return n;
}
