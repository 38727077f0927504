/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "record-open.h"

#include "../gdbproto/rsp-client.h"
#include "sources/gdb-live.h"
#include "sources/kvm-process.h"
#include "sources/qmp-live.h"

/* What the openers need, and what those before have opened. */
struct opening {
	const struct record_args *args;
	struct guard *guard;
	struct event_out *out;
	struct record_result *result;
	struct live *qmp; /* NULL = none */
};

static bool wants_qmp(const struct record_args *args)
{
	return args->qmp;
}

static struct live *open_qmp(struct opening *o, struct error *err)
{
	o->qmp = qmp_live_open(o->args->qmp, o->args->timeout_ms, o->args->note, o->args->arg, err);
	return o->qmp;
}

/* ---- kvm ---- */

static bool wants_kvm(const struct record_args *args)
{
	return args->kvm;
}

static pid_t whose_guest(const struct record_args *args, struct error *err)
{
	if (args->pid)
		return args->pid;
	return args->target ? kvm_process_of_target(args->target, err) : kvm_process_find(err);
}

static void thread_is_cpu(void *arg, int cpu, int tid)
{
	kvm_live_thread(arg, tid, cpu);
}

static void machine_was_reset(void *arg, int64_t ts)
{
	kvm_live_reset(arg, ts);
}

/*
 * Which thread is which CPU is answered before the guest runs, and read before its first record. A guest of our own
 * waits for us to let it run; the gdb source does where there is one.
 */
static int know_cpus(struct opening *o, struct live *kvm, bool alone, struct error *err)
{
	struct qmp *q = qmp_live_qmp(o->qmp);
	int rc;

	qmp_on_cpu(q, thread_is_cpu, kvm);
	qmp_on_reset(q, machine_was_reset, kvm);
	rc = qmp_ask(q, err);
	return rc < 0 || !o->args->own_guest || !alone ? rc : qmp_cont(q, err);
}

static struct live *open_kvm(struct opening *o, struct error *err)
{
	const struct record_args *args = o->args;
	struct kvm_args ka = {
		.pid = whose_guest(args, err), .buffer_kb = args->buffer_kb, .alone = !record_uses_gdb(args),
		.out = o->out, .guard = o->guard, .stats = &o->result->kvm, .note = args->note, .note_arg = args->arg,
	};
	struct live *kvm = ka.pid < 0 ? NULL : kvm_live_open(&ka, err);

	if (kvm && o->qmp && know_cpus(o, kvm, ka.alone, err) < 0) {
		kvm->ops->close(kvm);
		return NULL;
	}
	return kvm;
}

/* ---- gdb ---- */

static bool wants_gdb(const struct record_args *args)
{
	return record_uses_gdb(args);
}

/* Beside tracepoints, what those tell is not told twice. There is one recording in a process. */
static struct beside_kvm {
	struct event_out out; /* first */
	struct event_out *next;
} beside_kvm;

static void put_raw_beside_kvm(struct event_out *out, const struct event *ev, const struct raw *raw)
{
	struct event_out *next = ((struct beside_kvm *)out)->next;

	if (ev->kind != EV_SMI_ENTER && ev->kind != EV_SMI_LEAVE)
		event_put(next, ev, raw);
}

static void put_beside_kvm(struct event_out *out, const struct event *ev)
{
	put_raw_beside_kvm(out, ev, NULL);
}

static void note_stops(const struct record_args *args)
{
	pid_t pid = args->kvm ? 0 : rsp_target_pid(args->target);

	if (pid && kvm_process_has_guest(pid))
		args->note(args->arg, "this is a KVM guest: a stop of the gdbstub can make it lose an INIT or SMI;"
				      " --kvm traces it without stops");
}

static struct live *open_gdb(struct opening *o, struct error *err)
{
	const struct record_args *args = o->args;
	struct gdb_args ga = {
		.target = args->target, .timeout_ms = args->timeout_ms, .guard = o->guard,
		.out = args->kvm ? &beside_kvm.out : o->out,
		.breakpoints_only = args->breakpoints_only, .no_log = args->no_log || args->kvm,
		.guest_ram = args->guest_ram && !args->kvm,
		.own_guest = args->own_guest, .resume = args->own_guest, .note = args->note, .note_arg = args->arg,
	};

	beside_kvm = (struct beside_kvm){ { put_beside_kvm, put_raw_beside_kvm }, o->out };
	note_stops(args);
	return gdb_live_open(&ga, &o->result->gdb, err);
}

/* In the order in which they are opened: what lets the guest run comes last. */
static const struct {
	bool (*wanted)(const struct record_args *args);
	struct live *(*open)(struct opening *o, struct error *err);
} openers[] = { { wants_qmp, open_qmp }, { wants_kvm, open_kvm }, { wants_gdb, open_gdb } };

_Static_assert(sizeof(openers) / sizeof(openers[0]) <= LIVE_MAX_SOURCES, "room for every source");

int record_open_sources(const struct record_args *args, struct guard *guard, struct event_out *out,
			struct record_result *result, struct live **live, struct error *err)
{
	struct opening o = { args, guard, out, result, NULL };
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
