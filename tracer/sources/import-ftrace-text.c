/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The text of ftrace, as a tracefs trace file, trace-cmd report and perf script print it:
 *
 *	             vmm-95      [000] d..1.     5.412193: kvm_entry: vcpu 0, rip 0x1000
 *	             vmm-95      (   93) [000] d..1.     5.412193: kvm_entry: vcpu 0, rip 0x1000
 *	 qemu-system-x86-121   [000]    15.152565747: kvm_pio:              pio_write at 0xb3 ...
 *	             vmm    99/102   [000]    28.989055307:             kvm:kvm_pio: pio_write at 0xb3 ...
 *	CPU:0 [LOST 12 EVENTS]                              also [12 EVENTS DROPPED], [EVENTS DROPPED]
 *	# entries-in-buffer/entries-written: 11/198   #P:1  the older ones were overwritten
 *
 * The clock is not told. Names of tasks are free text: the "[CPU]" with the digits of a time behind it ends them.
 */
#include <string.h>

#include "import-internal.h"

struct line {
	int32_t pid, tid, host_cpu;
	int64_t ts;
	struct text name, args;
};

static void eat_blanks(struct text *t)
{
	while (t->at < t->end && (*t->at == ' ' || *t->at == '\t'))
		t->at++;
}

/* "-95 ", "-95 (  93) ", " 99/102 ", " 102 " at the end of @t. */
static void read_task(struct text t, struct line *l)
{
	uint64_t n = 0, scale = 1;
	const char *end;

	while (t.end > t.at && t.end[-1] == ' ')
		t.end--;
	if (t.end > t.at && t.end[-1] == ')') {
		struct text group;

		for (end = t.end; end > t.at && end[-1] != '('; end--)
			;
		group = (struct text){ end, t.end };
		eat_blanks(&group);
		if (eat_number(&group, 10, 9, &n))
			l->pid = (int32_t)n;
		for (t.end = end > t.at ? end - 1 : end; t.end > t.at && t.end[-1] == ' '; t.end--)
			;
	}
	for (n = 0, end = t.end; end > t.at && digit_value(end[-1]) <= 9 && scale < 1000000000; scale *= 10)
		n += scale * digit_value(*--end);
	l->tid = (int32_t)n;
	if (end > t.at && end[-1] == '/') {
		for (n = 0, scale = 1, end--; end > t.at && digit_value(end[-1]) <= 9 && scale < 1000000000;
		     scale *= 10)
			n += scale * digit_value(*--end);
		l->pid = (int32_t)n;
	}
}

/* 5.412193 or 5.412193001, or a bare count of nanoseconds, and ":". */
static bool eat_time(struct text *t, int64_t *ts)
{
	struct text left = *t, digits;
	uint64_t sec, part = 0;
	long n = 0;

	if (!eat_number(&left, 10, 18, &sec))
		return false;
	if (eat(&left, ".")) {
		digits = left;
		if (!eat_number(&left, 10, 9, &part) || sec > 9000000000)
			return false;
		for (n = left.at - digits.at; n < 9; n++)
			part *= 10;
		sec = sec * 1000000000 + part;
	}
	if (!eat(&left, ":"))
		return false;
	*ts = (int64_t)sec;
	*t = left;
	return true;
}

/* Behind "[": digits, "]", perhaps flags, a time. */
static bool read_place(struct text t, struct line *l)
{
	uint64_t cpu;

	if (!eat_number(&t, 10, 5, &cpu) || !eat(&t, "]"))
		return false;
	eat_blanks(&t);
	if (!eat_time(&t, &l->ts)) {
		while (t.at < t.end && *t.at != ' ')
			t.at++;
		eat_blanks(&t);
		if (!eat_time(&t, &l->ts))
			return false;
	}
	eat_blanks(&t);
	l->host_cpu = (int32_t)cpu;
	l->args = t;
	return true;
}

/* "kvm_pio: ..." or "kvm:kvm_pio: ...": the name ends at a colon with a blank, or the end, behind it. */
static bool read_name(struct line *l)
{
	const char *at = l->args.at;

	l->name.at = at;
	while (at < l->args.end && *at != ' ' && !(*at == ':' && (at + 1 == l->args.end || at[1] == ' ')))
		at++;
	l->name.end = at;
	if (at == l->args.end || *at != ':' || at == l->name.at)
		return false;
	l->args.at = at + 1;
	return true;
}

static bool read_line(struct text t, struct line *l)
{
	struct text left = t;

	*l = (struct line){ 0 };
	while (eat_through(&left, "["))
		if (read_place(left, l)) {
			read_task((struct text){ t.at, left.at - 1 }, l);
			return read_name(l);
		}
	return false;
}

bool import_is_ftrace_text(const char *head, size_t len)
{
	const char *at = head, *end = head + len, *nl;
	struct line l;

	for (; (nl = memchr(at, '\n', (size_t)(end - at))) != NULL; at = nl + 1)
		if (read_line((struct text){ at, nl }, &l))
			return true;
	return len >= 10 && !memcmp(head, "# tracer: ", 10);
}

/* --- losses --- */

struct losses {
	int64_t last; /* time of the last line */
	bool waiting; /* told of, and to be put when the next line says until when */
	uint64_t count;
};

/* CPU:0 [LOST 12 EVENTS], CPU:0 [12 EVENTS DROPPED], without number; # entries-in-buffer/entries-written: 11/198 */
static bool read_loss(struct text t, uint64_t *count)
{
	uint64_t n, kept, written;

	*count = 0;
	if (eat(&t, "# entries-in-buffer/entries-written: "))
		return eat_number(&t, 10, 19, &kept) && eat(&t, "/") && eat_number(&t, 10, 19, &written) &&
		       written > kept && (*count = written - kept) != 0;
	if (!eat(&t, "CPU:") || !eat_number(&t, 10, 5, &n) || !eat(&t, " ["))
		return false;
	eat(&t, "LOST ");
	if (eat_number(&t, 10, 19, count))
		eat(&t, " ");
	return eat(&t, "EVENTS");
}

static void put_loss(struct import *im, struct losses *lost, int64_t until)
{
	if (lost->waiting)
		import_lost(im, lost->last ? lost->last : until, until, lost->count);
	lost->waiting = false;
	lost->count = 0;
	lost->last = until;
}

/* --- lines --- */

static void take(struct import *im, const struct line *l, uint64_t offset)
{
	enum kvm_point_id id = kvm_point_by_name(l->name.at, (size_t)(l->name.end - l->name.at));
	struct kvm_point p = kvm_point_new(id, l->ts, l->tid, l->host_cpu);

	p.pid = l->pid;
	p.line = offset + 1;
	if (id != KVM_POINT_COUNT && kvm_point_of_text(l->args, &p))
		import_point(im, &p);
	else
		import_foreign(im, l->name.at, (size_t)(l->name.end - l->name.at));
}

/* What no event begins with: comments, and what trace-cmd report says first. */
static bool is_talk(struct text t)
{
	eat_blanks(&t);
	return t.at == t.end || eat(&t, "#") || eat(&t, "cpus=") || eat(&t, "version = ");
}

int import_read_ftrace_text(struct import *im, struct error *err)
{
	struct losses lost = { 0 };
	uint64_t offset, count;
	struct text t;
	struct line l;
	bool whole;
	int rc;

	import_clock(im, "unknown");
	while ((rc = import_file_line(&im->file, &t, &offset, &whole, err)) > 0 && !import_stopped(im)) {
		bool understood = read_line(t, &l);

		if (!understood && memchr(t.at, '\0', (size_t)(t.end - t.at)))
			return import_corrupt(&im->file, offset, err, "not text");
		if (!understood && !whole && import_file_at(&im->file) >= im->file.size && !is_talk(t))
			return import_corrupt(&im->file, offset, err, "the last line is cut off");
		if (understood) {
			put_loss(im, &lost, l.ts);
			take(im, &l, offset);
		} else if (read_loss(t, &count)) {
			lost.waiting = true;
			lost.count += count;
		} else if (!is_talk(t)) {
			import_foreign(im, "line", 4);
		}
	}
	put_loss(im, &lost, lost.last);
	return rc < 0 ? rc : 0;
}
