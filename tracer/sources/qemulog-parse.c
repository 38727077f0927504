/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qemulog-parse.h"

#include <string.h>
#include <time.h>

/* Known lines that may stand between a reset and its dump. */
#define RESET_WAIT 16

#define SECONDS_MAX 9000000000ull /* of a stamp: as nanoseconds it is a number still */

struct line {
	struct text all;
	struct text rest;      /* behind the stamp */
	bool stamped;
	int64_t ts;
	struct qemulog_thread *thread;
};

/* --- what goes out --- */

static void put_reset(struct qemulog_parse *p, unsigned i)
{
	struct raw raw = raw_text(p->reset[i].text, p->reset[i].len);

	raw.whole = p->reset[i].whole > raw.len ? p->reset[i].whole : 0;
	p->out(p->arg, &p->reset[i].ev, &raw);
}

/* The resets held back, but for one whose dump may still come. */
static void release_resets(struct qemulog_parse *p, bool all)
{
	unsigned keep = p->reset_open && !all;

	for (unsigned i = 0; i + keep < p->resets; i++)
		put_reset(p, i);
	if (keep)
		p->reset[0] = p->reset[p->resets - 1];
	p->resets = keep;
	p->reset_open = keep;
}

/* A line of @ts follows the resets: they came before it. */
static void bound_resets(struct qemulog_parse *p, int64_t ts)
{
	for (unsigned i = 0; i < p->resets; i++)
		if (p->reset[i].ev.ts >= ts)
			p->reset[i].ev.ts = ts - 1 > p->reset[i].after ? ts - 1 : p->reset[i].after;
	release_resets(p, p->reset_open && p->reset_wait++ == RESET_WAIT);
}

/* --- trace events --- */

static bool take_trace(struct qemulog_parse *p, const struct line *l)
{
	struct event ev;
	enum qemulog_taken taken = qemulog_trace_event(l->rest, l->thread, &ev);

	if (taken == QEMULOG_FOREIGN)
		return false;
	bound_resets(p, l->stamped ? l->ts : INT64_MAX);
	if (l->stamped)
		p->stamp = l->ts;
	ev.ts = l->ts;
	if (taken == QEMULOG_EVENT) {
		struct raw raw = raw_text(l->all.at, (size_t)(l->all.end - l->all.at));

		p->out(p->arg, &ev, &raw);
	}
	return true;
}

/* --- CPU Reset --- */

/* A line that belongs to the last reset; as much as there is room for. */
static void keep_reset_line(struct qemulog_parse *p, struct text t)
{
	size_t i = p->resets - 1, len = (size_t)(t.end - t.at), room = QEMULOG_RESET_TEXT - p->reset[i].len;
	bool newline = p->reset[i].whole > 0;

	p->reset[i].whole += newline + len;
	if (newline && room) {
		p->reset[i].text[p->reset[i].len++] = '\n';
		room--;
	}
	len = len < room ? len : room;
	memcpy(p->reset[i].text + p->reset[i].len, t.at, len);
	p->reset[i].len += len;
}

static void open_reset(struct qemulog_parse *p, struct line *l)
{
	bool crossed = p->reset_open;
	uint64_t cpu;

	if (!eat_number(&l->rest, 10, 4, &cpu) || !eat(&l->rest, ")") || cpu >= EVENT_MAX_CPUS)
		return;
	if (crossed)
		p->reset[p->resets - 1].ev.known = 0;
	if (p->resets == QEMULOG_RESETS)
		release_resets(p, true);
	p->reset[p->resets].ev = event_new(EV_CPU_RESET, SRC_QEMULOG, (int)cpu, l->ts);
	p->reset[p->resets].len = p->reset[p->resets].whole = 0;
	p->reset[p->resets++].after = p->stamp;
	keep_reset_line(p, l->all);
	p->reset_open = !crossed;
	p->reset_wait = 0;
}

/* "EAX=...", "CS =...". */
static bool is_register_line(struct text t)
{
	return t.end - t.at > 4 && t.at[3] == '=';
}

static void take_dump_line(struct qemulog_parse *p, struct text t)
{
	struct event *ev = &p->reset[p->resets - 1].ev;
	uint64_t value;

	if (is_register_line(t))
		keep_reset_line(p, t);
	if (eat(&t, "SMM: ") || eat_through(&t, ": v=")) {
		ev->known = 0;
		p->reset_open = false;
	} else if ((eat(&t, "EIP=") || eat(&t, "RIP=")) && eat_number(&t, 16, 16, &value)) {
		event_set(ev, CPU_RESET_RIP, value);
		if (eat_through(&t, " SMM=") && eat_number(&t, 2, 1, &value))
			event_set(ev, CPU_RESET_IN_SMM, value);
		if (eat_through(&t, " HLT=") && eat_number(&t, 2, 1, &value))
			event_set(ev, CPU_RESET_HALTED, value);
	} else if (eat(&t, "CS =") && eat_number(&t, 16, 4, &value)) {
		event_set(ev, CPU_RESET_CS, value);
		p->reset_open = false;
	}
}

/* --- stamps and threads --- */

static struct qemulog_thread *thread_of(struct qemulog_parse *p, int tid)
{
	for (unsigned i = 1; i < p->threads; i++)
		if (p->thread[i].tid == tid)
			return &p->thread[i];
	if (p->threads == QEMULOG_THREADS)
		return &p->thread[0];
	p->thread[p->threads] = (struct qemulog_thread){ .tid = tid, .cpu = CPU_UNKNOWN };
	return &p->thread[p->threads++];
}

void qemulog_parse_set_tid(struct qemulog_parse *p, int tid, int cpu)
{
	struct qemulog_thread *th;

	if (tid <= 0 || cpu < 0 || cpu >= EVENT_MAX_CPUS)
		return;
	for (unsigned i = 1; i < p->threads; i++)
		if (p->thread[i].cpu == cpu && p->thread[i].tid != tid)
			p->thread[i].cpu = CPU_UNKNOWN;
	th = thread_of(p, tid);
	if (th == &p->thread[0])
		return;
	if (th->shared || (th->cpu != CPU_UNKNOWN && th->cpu != cpu)) {
		th->shared = true;
		th->cpu = CPU_UNKNOWN;
		return;
	}
	th->cpu = cpu;
}

static void set_stamp(struct qemulog_parse *p, struct line *l, int64_t sec, uint64_t usec)
{
	int64_t ts = clock_from_realtime(&p->clock, sec * NS_PER_SEC + (int64_t)usec * 1000);

	l->stamped = true;
	l->ts = ts < p->after ? ts : p->after;
}

/* TID@EPOCH.USEC: */
static bool eat_tid_stamp(struct qemulog_parse *p, struct line *l)
{
	struct text t = l->rest;
	uint64_t tid, sec, usec;

	if (!eat_number(&t, 10, 9, &tid) || !eat(&t, "@") || !eat_number(&t, 10, 10, &sec) || !eat(&t, ".") ||
	    !eat_number(&t, 10, 6, &usec) || !eat(&t, ":") || sec > SECONDS_MAX)
		return false;
	l->rest = t;
	if (tid)
		l->thread = thread_of(p, (int)tid);
	set_stamp(p, l, (int64_t)sec, usec);
	return true;
}

static bool eat_date(struct text *t, struct tm *tm)
{
	static const struct { unsigned digits, low, high; const char *behind; } parts[] = {
		{ 4, 1970, 2200, "-" }, { 2, 1, 12, "-" }, { 2, 1, 31, "T" },
		{ 2, 0, 23, ":" }, { 2, 0, 59, ":" }, { 2, 0, 60, "" },
	};
	uint64_t n[6];

	for (int i = 0; i < 6; i++)
		if (!eat_number(t, 10, parts[i].digits, &n[i]) || n[i] < parts[i].low || n[i] > parts[i].high ||
		    !eat(t, parts[i].behind))
			return false;
	*tm = (struct tm){ .tm_year = (int)n[0] - 1900, .tm_mon = (int)n[1] - 1, .tm_mday = (int)n[2],
			   .tm_hour = (int)n[3], .tm_min = (int)n[4], .tm_sec = (int)n[5] };
	return true;
}

/* YYYY-MM-DDTHH:MM:SS[.USEC]Z and a blank, as g_date_time_format_iso8601() writes it. */
static bool eat_iso_stamp(struct qemulog_parse *p, struct line *l)
{
	struct text t = l->rest;
	uint64_t usec = 0;
	struct tm tm;

	if (!eat_date(&t, &tm) || (eat(&t, ".") && !eat_number(&t, 10, 6, &usec)) || !eat(&t, "Z "))
		return false;
	l->rest = t;
	set_stamp(p, l, timegm(&tm), usec);
	return true;
}

/* --- lines --- */

static void take_line(struct qemulog_parse *p, const char *at, size_t len)
{
	struct line l = { .all = { at, at + len }, .rest = { at, at + len }, .thread = &p->thread[0] };
	char first = len ? *at : '\n';

	if (p->reset_open)
		take_dump_line(p, l.rest);
	if (first != 'a' && first != 'c' && first != 'C' && digit_value(first) > 9)
		return;
	l.ts = p->before > p->stamp ? p->before : p->stamp;
	if (digit_value(first) <= 9 && !eat_tid_stamp(p, &l) && !eat_iso_stamp(p, &l))
		return;
	if (!take_trace(p, &l) && eat(&l.rest, "CPU Reset (CPU "))
		open_reset(p, &l);
}

/* An unfinished line grows; one that grows too long is skipped up to its end. */
static void keep_part(struct qemulog_parse *p, const char *at, size_t len)
{
	if (p->skipping || len > QEMULOG_LINE_MAX - p->fill) {
		p->skipping = true;
		p->fill = 0;
		return;
	}
	memcpy(p->line + p->fill, at, len);
	p->fill += len;
}

static void end_line(struct qemulog_parse *p, const char *at, size_t len)
{
	if (!p->skipping && !p->fill) {
		if (len <= QEMULOG_LINE_MAX)
			take_line(p, at, len);
		return;
	}
	keep_part(p, at, len);
	if (!p->skipping)
		take_line(p, p->line, p->fill);
	p->skipping = false;
	p->fill = 0;
}

void qemulog_parse_init(struct qemulog_parse *p, qemulog_out_fn *out, void *arg)
{
	memset(p, 0, sizeof(*p));
	p->out = out;
	p->arg = arg;
	p->thread[0].cpu = CPU_UNKNOWN;
	p->threads = 1;
}

void qemulog_parse_push(struct qemulog_parse *p, const char *data, size_t len, int64_t before, int64_t after)
{
	const char *end = data + len;

	p->before = before;
	p->after = after;
	while (data < end) {
		const char *nl = memchr(data, '\n', (size_t)(end - data));

		if (!nl) {
			keep_part(p, data, (size_t)(end - data));
			break;
		}
		end_line(p, data, (size_t)(nl - data));
		data = nl + 1;
	}
	release_resets(p, false);
}

void qemulog_parse_flush(struct qemulog_parse *p)
{
	p->fill = 0;
	p->skipping = false;
	release_resets(p, true);
}
