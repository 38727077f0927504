/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Logs of QEMU: trace events by qemulog-parse, SMM of -d int by int-text, both in one file or each alone.
 *
 * Stamps are wall-clock time and stay so: how it stood to the monotonic clock of that host is not known. What has
 * no stamp gets the time of the one before it; a log without any has only its order, and each line is told to
 * be a microsecond behind the one before. Such times are inferred.
 */
#include <stdlib.h>
#include <string.h>

#include "import-internal.h"
#include "int-text.h"
#include "qemulog-parse.h"

struct reader {
	struct import *im;
	struct qemulog_parse parse;
	struct int_text smm;
	int64_t order; /* time of the line, where nothing else tells one */
	bool understood; /* the line */
};

static void take(void *arg, const struct event *ev, const struct raw *raw)
{
	struct reader *r = arg;
	struct event out = *ev;

	if (!r->parse.stamp)
		out.origin = ORIGIN_INFERRED;
	r->understood = true;
	import_note_time(r->im, ev->ts);
	import_event(r->im, &out, raw);
}

static void take_line(struct reader *r, struct text line, size_t len)
{
	bool stamped = r->parse.stamp != 0;

	r->order += IMPORT_STEP_NS;
	r->understood = false;
	qemulog_parse_push(&r->parse, line.at, len, stamped ? 0 : r->order, INT64_MAX);
	int_text_line(&r->smm, line, r->parse.stamp ? r->parse.stamp : r->order);
}

/* "12@1.5:" or an ISO date in front, what -msg timestamp=on makes: behind it stands the name. @tid: 0 = not told. */
static bool eat_stamp(struct text *t, uint64_t *tid)
{
	struct text left = *t;
	uint64_t n;

	*tid = 0;
	if (eat_number(&left, 10, 9, tid) && eat(&left, "@") && eat_number(&left, 10, 10, &n) &&
	    eat(&left, ".") && eat_number(&left, 10, 6, &n) && eat(&left, ":")) {
		*t = left;
		return true;
	}
	left = *t;
	*tid = 0;
	if (!eat_number(&left, 10, 4, &n) || !eat(&left, "-") || !eat_number(&left, 10, 2, &n) ||
	    !eat(&left, "-") || !eat_number(&left, 10, 2, &n) || !eat(&left, "T") ||
	    !eat_through(&left, "Z "))
		return false;
	*t = left;
	return true;
}

/* The name of a trace event: small letters, digits and _, at least one of that, and a blank behind. */
static size_t name_length(struct text t)
{
	size_t n = 0;
	bool parts = false;

	for (; t.at + n < t.end &&
	       ((t.at[n] >= 'a' && t.at[n] <= 'z') || digit_value(t.at[n]) <= 9 || t.at[n] == '_');
	     n++)
		parts |= t.at[n] == '_';
	return parts && n && t.at + n < t.end && t.at[n] == ' ' ? n : 0;
}

static bool is_known(struct text t)
{
	struct qemulog_thread nobody = { .cpu = CPU_UNKNOWN };
	struct event ev;
	uint64_t tid;

	eat_stamp(&t, &tid);
	return qemulog_trace_event(t, &nobody, &ev) != QEMULOG_FOREIGN;
}

/* "     0: v=08 e=0000 i=0 cpl=0 ...", "Servicing hardware INT=0x08", "check_exception old: ..." */
static bool is_int_line(struct text t)
{
	struct text left = t;

	return int_text_begins(t) || eat(&t, "CPU Reset (CPU ") || eat(&t, "Servicing hardware INT=") ||
	       eat(&t, "check_exception old: ") ||
	       (eat_through(&left, ": v=") && eat_through(&left, " cpl="));
}

/* "12@1.5:memory_region_ops_write cpu 0 mr ...": the thread is that CPU. */
static void learn_thread(struct import *im, uint64_t tid, struct text behind)
{
	uint64_t cpu;

	if (tid && im->threads < EVENT_MAX_CPUS && eat(&behind, " cpu ") &&
	    eat_number(&behind, 10, 3, &cpu) && cpu < EVENT_MAX_CPUS && !im->cpu[cpu].seen) {
		im->cpu[cpu].seen = true;
		im->thread[im->threads++] = (struct thread_cpu){ (int32_t)tid, (int)cpu };
	}
}

/* Trace events that nobody here understands are counted by name; dumps and prose are not events. */
static void take_foreign(struct reader *r, struct text line)
{
	uint64_t tid;
	size_t n;

	if (is_known(line) || is_int_line(line))
		return;
	eat_stamp(&line, &tid);
	if (!(n = name_length(line)))
		return;
	import_foreign(r->im, line.at, n);
	if (r->im->learning && n > 14 && !memcmp(line.at, "memory_region_", 14))
		learn_thread(r->im, tid, (struct text){ line.at + n, line.end });
}

static bool any_line(const char *head, size_t len, bool (*is)(struct text))
{
	const char *at = head, *end = head + len, *nl;

	for (; (nl = memchr(at, '\n', (size_t)(end - at))) != NULL; at = nl + 1)
		if (is((struct text){ at, nl }))
			return true;
	return false;
}

static bool is_log_line(struct text t)
{
	uint64_t tid;

	return is_known(t) || (eat_stamp(&t, &tid) && name_length(t));
}

bool import_is_qemulog(const char *head, size_t len)
{
	return any_line(head, len, is_log_line);
}

bool import_is_int_text(const char *head, size_t len)
{
	return any_line(head, len, is_int_line);
}

static int read_lines(struct reader *r, struct error *err)
{
	uint64_t offset, n = 0;
	struct text line;
	bool whole;
	int rc;

	while ((rc = import_file_line(&r->im->file, &line, &offset, &whole, err)) > 0) {
		size_t len = (size_t)(line.end - line.at);

		if (++n % 1024 == 0 && import_stopped(r->im))
			return 0;
		if (memchr(line.at, '\0', len))
			return import_corrupt(&r->im->file, offset, err, "not text");
		if (!whole && import_file_at(&r->im->file) >= r->im->file.size && is_log_line(line))
			return import_corrupt(&r->im->file, offset, err, "the last line is cut off");
		if (!whole)
			continue;
		take_line(r, line, len + 1); /* with its newline */
		take_foreign(r, line);
	}
	return rc;
}

int import_read_qemulog(struct import *im, struct error *err)
{
	struct reader *r = calloc(1, sizeof(*r));
	int rc;

	if (!r)
		return fail(err, ERR_OUTPUT, "no memory");
	r->im = im;
	qemulog_parse_init(&r->parse, take, r);
	r->parse.clock.measured = INT64_MAX;
	int_text_init(&r->smm, take, r);
	for (unsigned i = 0; i < im->threads; i++)
		qemulog_parse_set_tid(&r->parse, im->thread[i].tid, im->thread[i].cpu);
	rc = read_lines(r, err);
	qemulog_parse_flush(&r->parse);
	int_text_flush(&r->smm);
	import_clock(im, r->parse.stamp ? "realtime" : "order");
	if (r->parse.stamp)
		import_wall(im, 0);
	free(r);
	return rc;
}
