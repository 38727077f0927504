/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "import-into.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "out-file.h"
#include "writer.h"
#include "../tracer/arrange.h"
#include "../tracer/clock.h"

/* How long events are held for what is older, in the time of the recording; and how many at most. */
#define HORIZON_NS 80000000ll
#define HELD_MAX 65536u

struct into {
	struct event_out out; /* first: put() finds it by that */
	const struct import_args *args;
	struct writer *writer;
	struct judge *judge;
	struct arrange *arrange;
	int64_t newest;
	char path[PATH_MAX]; /* until all is well */
	struct error err; /* the first failure of the sink */
};

static void put_raw(struct event_out *out, const struct event *ev, const struct raw *raw)
{
	struct into *in = (struct into *)out;

	if (in->err.code)
		return;
	if (ev->ts > in->newest)
		in->newest = ev->ts;
	if (!arrange_hold_raw(in->arrange, ev, raw_keep(arrange_raws(in->arrange), raw)))
		fail(&in->err, ERR_OUTPUT, "no memory");
	else if (arrange_deliver(in->arrange, in->newest - HORIZON_NS, &in->err) >= 0)
		arrange_trim(in->arrange, HELD_MAX, &in->err);
}

static void put(struct event_out *out, const struct event *ev)
{
	put_raw(out, ev, NULL);
}

/* The caller wants to end, or there is no sense in going on. */
static bool stop(void *arg)
{
	struct into *in = arg;

	return in->err.code || (in->args->stop && in->args->stop(in->args->arg));
}

/* --- meta --- */

static void meta_number(struct into *in, const char *key, int64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRId64, value);
	writer_meta(in->writer, key, text, NULL);
}

/* When it began on the wall, where that is known: the writer took the time of now. */
static void meta_wall(struct into *in, const struct import_stats *s)
{
	int64_t began;
	char text[40];
	struct tm tm;
	time_t sec;

	writer_meta(in->writer, "started", NULL, NULL);
	writer_meta(in->writer, "clock_offset_ns", NULL, NULL);
	if (!s->has_wall || __builtin_add_overflow(s->first_ts, s->wall_ns, &began))
		return;
	meta_number(in, "clock_offset_ns", s->wall_ns);
	sec = began / NS_PER_SEC;
	if (gmtime_r(&sec, &tm) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		writer_meta(in->writer, "started", text, NULL);
}

/* "kvm_exit 60, kvm_entry 59" */
static void meta_foreign(struct into *in, const struct import_stats *s)
{
	char text[4096];
	size_t used = 0;

	for (unsigned i = 0; i < s->names && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s %" PRIu64, i ? ", " : "",
					 s->name[i].name, s->name[i].count);
	meta_number(in, "import.foreign", (int64_t)s->foreign);
	if (s->names)
		writer_meta(in->writer, "import.foreign_names", text, NULL);
}

static void write_meta(struct into *in, const struct import_stats *s, const struct error *failure)
{
	const char *slash = strrchr(in->args->path, '/');

	writer_meta(in->writer, "target", slash ? slash + 1 : in->args->path, NULL);
	writer_meta(in->writer, "import.file", in->args->path, NULL);
	writer_meta(in->writer, "import.format", s->format, NULL);
	writer_meta(in->writer, "import.clock", s->clock, NULL);
	meta_number(in, "import.records", (int64_t)s->records);
	meta_number(in, "import.lost", (int64_t)s->lost);
	meta_number(in, "import.late", (int64_t)s->late);
	meta_number(in, "import.filtered", (int64_t)s->filtered);
	meta_foreign(in, s);
	meta_wall(in, s);
	if (failure)
		writer_meta(in->writer, "import.error", failure->text, NULL);
}

/* --- the file --- */

/* What SQLite keeps beside @path. */
static void drop_companions(const char *path)
{
	static const char *const suffix[] = { "-wal", "-shm", "-journal" };
	char name[PATH_MAX + 16];

	for (size_t i = 0; i < sizeof(suffix) / sizeof(*suffix); i++) {
		snprintf(name, sizeof(name), "%s%s", path, suffix[i]);
		unlink(name);
	}
}

static int open_all(struct into *in, const char *path, bool force, struct error *err)
{
	struct sink *sink;

	if (out_file_spares("import", path, in->args->path, err) < 0 || writer_check(path, force, err) < 0)
		return -(int)err->code;
	if (snprintf(in->path, sizeof(in->path), "%s.import-%ld", path, (long)getpid()) >=
	    (int)sizeof(in->path))
		return fail(err, ERR_OUTPUT, "the name of the output is too long");
	in->judge = judge_new(NULL);
	in->arrange = in->judge ? arrange_new(in->judge) : NULL;
	if (!in->arrange)
		return fail(err, ERR_OUTPUT, "no memory");
	if (!(in->writer = writer_open(in->path, false, err)))
		return -(int)err->code;
	sink = writer_sink(in->writer);
	judge_sinks(in->judge, &sink, 1);
	return 0;
}

/* The last events, the verdict; then one plain file of its right name. */
static int keep(struct into *in, const char *path, const struct import_stats *s, const struct error *failure,
		struct error *err)
{
	struct writer *writer = in->writer;

	if (in->err.code || arrange_deliver(in->arrange, INT64_MAX, &in->err) < 0 ||
	    judge_finish(in->judge, &in->err) < 0) {
		*err = in->err;
		return -(int)err->code;
	}
	write_meta(in, s, failure);
	in->writer = NULL;
	if (writer_close(writer, err) < 0)
		return -(int)err->code;
	drop_companions(path); /* of the one that was there */
	return rename(in->path, path) < 0 ? fail_errno(err, ERR_OUTPUT, "cannot write %.300s", path) : 0;
}

static int run(struct into *in, const char *path, bool keep_partial, struct import_stats *stats,
	       struct error *err)
{
	struct import_args args = *in->args;
	struct error failed = { 0 }, kept = { 0 };
	int rc;

	args.out = &in->out;
	args.stop = stop;
	args.arg = in;
	rc = import_run(&args, stats, &failed);
	if (in->err.code)
		failed = in->err;
	if (rc >= 0 && !in->err.code && in->args->stop && in->args->stop(in->args->arg))
		return 0; /* ended by the user: nothing is kept */
	if (!failed.code || (keep_partial && failed.code == ERR_CORRUPT && stats->events))
		if (keep(in, path, stats, failed.code ? &failed : NULL, &kept) < 0)
			failed = kept;
	if (failed.code)
		*err = failed;
	return -(int)failed.code;
}

int import_into(const char *path, bool force, bool keep_partial, const struct import_args *args,
		struct import_stats *stats, struct error *err)
{
	struct into in = { .out = { put, put_raw }, .args = args, .newest = INT64_MIN };
	int rc = open_all(&in, path, force, err);

	if (rc >= 0)
		rc = run(&in, path, keep_partial, stats, err);
	if (in.writer)
		writer_close(in.writer, NULL);
	if (in.path[0]) {
		unlink(in.path);
		drop_companions(in.path);
	}
	arrange_free(in.arrange);
	judge_free(in.judge);
	return rc;
}
