/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Trace Event JSON, which chrome://tracing, Perfetto and speedscope read ("Trace Event Format", the Chromium
 * project): ph X a whole slice, B one that is not over, i an instant, s and f the ends of an arrow, M names.
 * Times are microseconds. An arrow binds to the slice around it, so what has arrows is a slice without length.
 */
#include "export.h"

#include <inttypes.h>
#include <stdlib.h>

#include "export-json.h"

struct chrome {
	bool more; /* an event was written before */
};

static void put_time(FILE *out, const char *key, int64_t ns)
{
	fprintf(out, ",\"%s\":%" PRId64 ".%03d", key, ns / 1000, (int)(ns % 1000));
}

/* Begin an event; the caller goes on with ",key":value and ends it with "}". */
static void put_event(FILE *out, struct chrome *c, const char *ph, unsigned tid)
{
	fprintf(out, "%s\n{\"ph\":\"%s\",\"pid\":%d,\"tid\":%u", c->more ? "," : "", ph, EXPORT_PID, tid);
	c->more = true;
}

/* As Chrome itself writes them; the caller goes on with the value and ends it with "}}". */
static void put_metadata(FILE *out, struct chrome *c, unsigned tid, const char *what, const char *key)
{
	put_event(out, c, "M", tid);
	fprintf(out, ",\"ts\":0,\"cat\":\"__metadata\",\"name\":\"%s\",\"args\":{\"%s\":", what, key);
}

static void put_name(FILE *out, struct chrome *c, const char *what, unsigned tid, const char *name)
{
	put_metadata(out, c, tid, what, "name");
	export_json_text(out, name);
	fputs("}}", out);
}

static void put_about(FILE *out, const char *key, const char *text)
{
	if (!text)
		return;
	fprintf(out, ",\"%s\":", key);
	export_json_text(out, text);
}

static bool begin(FILE *out, const struct export_about *about, void **own)
{
	struct chrome *c = calloc(1, sizeof(*c));

	if (!c)
		return false;
	*own = c;
	fputs("{\"displayTimeUnit\":\"ns\",\"otherData\":{\"clock\":\"CLOCK_MONOTONIC\"", out);
	put_about(out, "target", about->title);
	put_about(out, "smmtrace", about->version);
	if (about->wall_ns)
		fprintf(out, ",\"first_event_unix_ns\":\"%" PRId64 "\"", about->wall_ns);
	fputs("},\"traceEvents\":[", out);
	put_name(out, c, "process_name", 0, about->title ? about->title : "guest");
	return true;
}

static void track(FILE *out, void *own, struct export_track t)
{
	unsigned id = export_track_id(t);
	char name[32];

	put_name(out, own, "thread_name", id, export_track_name(name, sizeof(name), t));
	put_metadata(out, own, id, "thread_sort_index", "sort_index");
	fprintf(out, "%u}}", id);
}

static void put_args(FILE *out, const struct export_mark *m)
{
	fputs(",\"args\":{", out);
	for (unsigned i = 0; i < m->args; i++) {
		const struct export_arg *a = &m->arg[i];

		fprintf(out, "%s\"%s\":", i ? "," : "", a->name);
		if (a->type == EXPORT_TEXT)
			export_json_text(out, a->text);
		else if (a->type == EXPORT_ADDRESS)
			fprintf(out, "\"0x%" PRIx64 "\"", a->number);
		else
			export_json_number(out, a->number);
	}
	putc('}', out);
}

static void put_head(FILE *out, struct chrome *c, const char *ph, const struct export_mark *m)
{
	put_event(out, c, ph, export_track_id(m->track));
	fputs(",\"name\":", out);
	export_json_text(out, m->name);
	fprintf(out, ",\"cat\":\"%s\"", m->category);
	put_time(out, "ts", m->from);
}

static void slice(FILE *out, void *own, const struct export_mark *m, bool holds)
{
	(void)holds;
	put_head(out, own, m->to ? "X" : "B", m);
	if (m->to)
		put_time(out, "dur", m->to - m->from);
	put_args(out, m);
	putc('}', out);
}

static void put_arrow_end(FILE *out, struct chrome *c, const char *ph, const struct export_mark *m,
			  uint64_t id)
{
	put_event(out, c, ph, export_track_id(m->track));
	fprintf(out, ",\"name\":\"ipi\",\"cat\":\"ipi\",\"id\":\"0x%" PRIx64 "\"", id);
	put_time(out, "ts", m->from);
	fputs(*ph == 'f' ? ",\"bp\":\"e\"}" : "}", out);
}

static void instant(FILE *out, void *own, const struct export_mark *m)
{
	bool arrows = m->flows || m->flow_to;

	put_head(out, own, arrows ? "X" : "i", m);
	fputs(arrows ? ",\"dur\":0" : ",\"s\":\"t\"", out);
	put_args(out, m);
	putc('}', out);
	for (unsigned i = 0; i < m->flows; i++)
		put_arrow_end(out, own, "s", m, m->flow[i]);
	if (m->flow_to)
		put_arrow_end(out, own, "f", m, m->flow_to);
}

static void close_slice(FILE *out, void *own, const struct export_mark *m)
{
	(void)out, (void)own, (void)m; /* an X has its end in it */
}

static bool end(FILE *out, void *own)
{
	fputs("\n]}\n", out);
	free(own);
	return true;
}

const struct export_format export_chrome = {
	.name = "chrome",
	.begin = begin,
	.track = track,
	.instant = instant,
	.slice = slice,
	.close = close_slice,
	.end = end,
};
