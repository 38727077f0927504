/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "import-internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct import_format import_format_list[] = {
	{ "trace.dat", "trace-cmd record", import_is_trace_dat, import_read_trace_dat, 0 },
	{ "perf.data", "perf record -e 'kvm:*', file or pipe", import_is_perf, import_read_perf, 1u << 17 },
	{ "ftrace", "text: a tracefs trace file, trace-cmd report, perf script", import_is_ftrace_text,
	  import_read_ftrace_text, 4096 },
	{ "qemu-log", "text: QEMU's -D log with trace events, with or without -msg timestamp=on", import_is_qemulog,
	  import_read_qemulog, 0 },
	{ "qemu-int", "text: QEMU's log of -d int: SMM entries and RSMs, without CPU and time", import_is_int_text,
	  import_read_qemulog, 0 },
	{ NULL, NULL, NULL, NULL, 0 },
};

/* --- what is not understood --- */

static struct import_name *name_of(struct import_stats *s, const char *name, size_t len)
{
	len = len < sizeof(s->name[0].name) ? len : sizeof(s->name[0].name) - 1;
	for (unsigned i = 0; i < s->names; i++)
		if (!memcmp(s->name[i].name, name, len) && !s->name[i].name[len])
			return &s->name[i];
	if (s->names == IMPORT_NAMES)
		return &s->name[IMPORT_NAMES - 1];
	memcpy(s->name[s->names].name, name, len);
	if (s->names == IMPORT_NAMES - 1)
		snprintf(s->name[s->names].name, sizeof(s->name[0].name), "others");
	return &s->name[s->names++];
}

void import_foreign(struct import *im, const char *name, size_t len)
{
	if (im->learning)
		return;
	im->stats->foreign++;
	name_of(im->stats, name, len)->count++;
}

static int by_count(const void *a, const void *b)
{
	const struct import_name *x = a, *y = b;

	return (x->count < y->count) - (x->count > y->count);
}

/* --- what goes out --- */

void import_emit(struct import *im, const struct event *ev, const struct raw *raw)
{
	struct event out = *ev;

	if (im->args->one_cpu && ev->cpu == CPU_UNKNOWN && event_info[ev->kind].fields && ev->kind != EV_LOST &&
	    ev->kind != EV_SESSION) {
		out.cpu = 0;
		out.origin = ORIGIN_INFERRED;
	}
	im->stats->events++;
	event_put(im->args->out, &out, raw);
}

static void tap(struct event_out *out, const struct event *ev)
{
	struct import *im = (struct import *)((char *)out - offsetof(struct import, tap));

	import_emit(im, ev, im->raw);
}

void import_note_time(struct import *im, int64_t ts)
{
	if (ts < im->stats->first_ts)
		im->stats->first_ts = ts;
	if (ts > im->stats->last_ts)
		im->stats->last_ts = ts;
}

void import_event(struct import *im, const struct event *ev, const struct raw *raw)
{
	if (im->learning && ev->cpu >= 0)
		im->cpu[ev->cpu].seen = true;
	if (im->learning) {
		import_note_time(im, ev->ts);
		im->stats->records++;
	} else {
		import_emit(im, ev, raw);
	}
}

void import_clock(struct import *im, const char *name)
{
	snprintf(im->stats->clock, sizeof(im->stats->clock), "%s", name);
}

void import_wall(struct import *im, int64_t ns)
{
	im->stats->has_wall = true;
	im->stats->wall_ns = ns;
}

bool import_stopped(const struct import *im)
{
	return im->args->stop && im->args->stop(im->args->arg);
}

/* On its way through the window: a point of no tracepoint. */
enum { LOSS_FROM, LOSS_COUNT };

void import_lost(struct import *im, int64_t from, int64_t until, uint64_t count)
{
	struct kvm_point loss = kvm_point_new(KVM_POINT_COUNT, until, 0, -1);

	loss.value[LOSS_FROM] = (uint64_t)from;
	loss.value[LOSS_COUNT] = count;
	import_order_put(im->order, &loss);
}

static void take_loss(struct import *im, const struct kvm_point *loss)
{
	uint64_t count = loss->value[LOSS_COUNT];

	if (!im->learning) {
		kvm_events_lost(im->kvm, (int64_t)loss->value[LOSS_FROM], loss->ts, count);
		return;
	}
	import_learn_loss(im);
	im->stats->lost += count;
	im->stats->losses++;
}

/* --- points --- */

static bool wanted(const struct import *im, const struct kvm_point *p)
{
	for (unsigned i = 0; i < im->pids; i++)
		if (im->pid[i] == p->tid || (p->pid && im->pid[i] == p->pid))
			return true;
	return !im->pids;
}

void import_point(struct import *im, const struct kvm_point *p)
{
	if (wanted(im, p))
		import_order_put(im->order, p);
	else if (im->learning)
		im->stats->filtered++;
}

/* Its line is read again: the window holds many points, and few of them become events. */
static void translate(struct import *im, const struct kvm_point *p)
{
	char line[1024];
	ssize_t n = p->line ? pread(im->file.fd, line, sizeof(line), (off_t)(p->line - 1)) : 0;
	const char *nl = n > 0 ? memchr(line, '\n', (size_t)n) : NULL;
	struct raw raw = raw_text(line, nl ? (size_t)(nl - line) : n > 0 ? (size_t)n : 0);

	im->raw = raw.len ? &raw : NULL;
	import_translate(im, p);
	im->raw = NULL;
}

static void take(void *arg, const struct kvm_point *p)
{
	struct import *im = arg;

	if (p->id == KVM_POINT_COUNT)
		take_loss(im, p);
	else
		(im->learning ? import_learn : translate)(im, p);
}

/* --- the two passes --- */

static int pass(struct import *im, const struct import_format *format, bool learning, struct error *err)
{
	int rc;

	im->learning = learning;
	import_file_seek(&im->file, 0);
	im->order = import_order_new(format->window, take, im);
	if (!im->order)
		return fail(err, ERR_OUTPUT, "no memory");
	rc = format->read(im, err);
	import_order_flush(im->order);
	im->stats->late = import_order_late(im->order);
	import_order_free(im->order);
	return rc;
}

static void put_session(struct import *im, enum session_what what, int64_t ts)
{
	struct event ev = event_new(EV_SESSION, SRC_TRACER, CPU_UNKNOWN, ts);

	event_set(&ev, SESSION_WHAT, what);
	import_emit(im, &ev, NULL);
}

/* vcpu_id is the APIC ID under QEMU (kvm_arch_vcpu_id()). */
static void put_cpus(struct import *im)
{
	for (int i = 0; i < EVENT_MAX_CPUS; i++) {
		struct event ev = event_new(EV_CPU_ADD, SRC_TRACER, i, im->stats->first_ts);

		if (!im->cpu[i].seen)
			continue;
		ev.origin = ORIGIN_INFERRED;
		event_set(&ev, CPU_ADD_APIC_ID, (uint64_t)i);
		if (im->cpu[i].tid)
			event_set(&ev, CPU_ADD_TID, (uint64_t)im->cpu[i].tid);
		import_emit(im, &ev, NULL);
	}
}

/* What the first pass could not read to its end, the second one reads as far: the error comes behind the events. */
static int read_twice(struct import *im, const struct import_format *format, struct error *err)
{
	struct import_stats *s = im->stats;
	int rc;

	pass(im, format, true, err);
	import_learnt(im);
	if (s->first_ts > s->last_ts)
		s->first_ts = s->last_ts = 0;
	put_session(im, SESSION_ATTACH, s->first_ts);
	put_cpus(im);
	rc = pass(im, format, false, err);
	put_session(im, SESSION_DETACH, s->last_ts);
	return rc;
}

/* --- arguments --- */

static int parse_pids(struct import *im, struct error *err)
{
	const char *s = im->args->pids;

	while (s && *s) {
		char *end;
		long n = strtol(s, &end, 10);

		if (end == s || n <= 0 || n > INT32_MAX || (*end && *end != ',') || im->pids == 64)
			return fail(err, ERR_USAGE, "import: not a list of process ids: '%.60s'", im->args->pids);
		im->pid[im->pids++] = (int32_t)n;
		s = end + (*end == ',');
	}
	return 0;
}

static int parse_threads(struct import *im, struct error *err)
{
	const char *s = im->args->threads;

	while (s && *s) {
		char *end, *last;
		long tid = strtol(s, &end, 10), cpu = *end == '=' ? strtol(end + 1, &last, 10) : -1;

		if (tid <= 0 || tid > INT32_MAX || cpu < 0 || cpu >= EVENT_MAX_CPUS || last == end + 1 ||
		    (*last && *last != ',') || im->threads == EVENT_MAX_CPUS)
			return fail(err, ERR_USAGE, "import: not TID=CPU,TID=CPU: '%.60s'", im->args->threads);
		im->thread[im->threads++] = (struct thread_cpu){ (int32_t)tid, (int)cpu };
		im->cpu[cpu].seen = true;
		kvm_events_thread(im->kvm, (int32_t)tid, (int)cpu);
		s = last + (*last == ',');
	}
	return 0;
}

/* --- formats --- */

/* What others pack files with; nothing of that is done here. */
static const struct packer {
	const char *magic;
	size_t len;
	const char *how;
} packers[] = {
	{ "\x1f\x8b", 2, "gzip; zcat" }, { "\xfd" "7zXZ", 5, "xz; xzcat" },
	{ "\x28\xb5\x2f\xfd", 4, "zstd; zstdcat" }, { "BZh", 3, "bzip2; bzcat" },
};

static int find_format(struct import *im, const struct import_format **format, struct error *err)
{
	char *head = malloc(IMPORT_HEAD);
	ssize_t len = head ? import_file_read(&im->file, head, IMPORT_HEAD, err) : fail(err, ERR_OUTPUT, "no memory");
	const struct import_format *f = import_format_list;
	const struct packer *packed = NULL;

	while (len >= 0 && f->name &&
	       (im->args->format ? strcmp(f->name, im->args->format) != 0 : !f->is(head, (size_t)len)))
		f++;
	for (size_t i = 0; i < sizeof(packers) / sizeof(packers[0]); i++)
		if (len >= (ssize_t)packers[i].len && !memcmp(head, packers[i].magic, packers[i].len))
			packed = &packers[i];
	free(head);
	if (len < 0)
		return (int)len;
	*format = f;
	if (f->name && !packed)
		return 0;
	if (packed)
		return fail(err, ERR_CORRUPT, "%s: offset 0: packed with %s FILE | smmtrace import - -o DB reads it",
			    im->file.name, packed->how);
	if (im->args->format)
		return fail(err, ERR_USAGE, "import: no format '%.60s'; smmtrace import --help names them",
			    im->args->format);
	return import_corrupt(&im->file, 0, err, len ? "not a recording of a kind that is known" : "the file is empty");
}

int import_run(const struct import_args *args, struct import_stats *stats, struct error *err)
{
	struct import *im = calloc(1, sizeof(*im));
	const struct import_format *format = NULL;
	int rc;

	*stats = (struct import_stats){ .clock = "unknown", .first_ts = INT64_MAX, .shared_vcpu = -1 };
	if (!im)
		return fail(err, ERR_OUTPUT, "no memory");
	im->args = args;
	im->stats = stats;
	im->tap.put = tap;
	im->kvm = kvm_events_new(&im->tap);
	im->file.fd = -1;
	rc = !im->kvm ? fail(err, ERR_OUTPUT, "no memory") : parse_pids(im, err);
	if (rc >= 0 && (rc = parse_threads(im, err)) >= 0 && (rc = import_file_open(&im->file, args->path, err)) >= 0 &&
	    (rc = find_format(im, &format, err)) >= 0) {
		stats->format = format->name;
		rc = read_twice(im, format, err);
	}
	qsort(stats->name, stats->names, sizeof(stats->name[0]), by_count);
	import_file_close(&im->file);
	kvm_events_free(im->kvm);
	free(im->rebase);
	free(im);
	return rc;
}
