/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kvm-tracefs.h"

#include <errno.h>
#include <fcntl.h>
#include <kbuffer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "../../gdbproto/error.h"
#include "../clock.h"

/* One host CPU's buffer. */
struct ring {
	int fd, stats_fd;      /* -1 = there is no such CPU */
	int64_t last_ns;       /* of the newest record read */
	uint64_t read, missed; /* records; as the stream told */
	int64_t gap_from, gap_until; /* spans the gaps of which it did not say the number; 0 = none */
};

/* A record, or a gap before one. */
struct item {
	struct kvm_point point; /* of a gap only .ts: where it ends */
	uint64_t order;         /* of reading */
	bool is_gap;
	int64_t from;
	uint64_t count;
};

struct kvm_tracefs {
	struct kvm_instance instance;
	struct kvm_tracefs_out out;
	struct ring *ring;
	unsigned rings;
	int epoll;
	struct kbuffer *kbuf;
	void *page;
	size_t page_size;
	struct item *item;      /* read, not told yet */
	size_t items, room;
	uint64_t order;
	int64_t begun_ns, until_ns;
};

/* ---- opening ---- */

static int open_ring(struct kvm_tracefs *t, unsigned cpu, struct error *err)
{
	struct ring *r = &t->ring[cpu];
	struct epoll_event want = { .events = EPOLLIN, .data.u32 = cpu };
	char file[64];

	snprintf(file, sizeof(file), "per_cpu/cpu%u/trace_pipe_raw", cpu);
	r->fd = kvm_instance_open_file(&t->instance, file, O_RDONLY | O_NONBLOCK);
	if (r->fd < 0)
		return errno == ENOENT ? 0 : fail_errno(err, ERR_TARGET, "cannot open %s/%s", t->instance.path, file);
	snprintf(file, sizeof(file), "per_cpu/cpu%u/stats", cpu);
	r->stats_fd = kvm_instance_open_file(&t->instance, file, O_RDONLY);
	if (r->stats_fd < 0 || epoll_ctl(t->epoll, EPOLL_CTL_ADD, r->fd, &want))
		return fail_errno(err, ERR_TARGET, "cannot use %s/%s", t->instance.path, file);
	return 0;
}

static int set_up(struct kvm_tracefs *t, unsigned buffer_kb, struct error *err)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);

	if (kvm_instance_new(&t->instance, buffer_kb, err) < 0)
		return -ERR_TARGET;
	t->page_size = (size_t)sysconf(_SC_PAGESIZE);
	t->page = malloc(t->page_size);
	t->kbuf = kbuffer_alloc(KBUFFER_LSIZE_SAME_AS_HOST, KBUFFER_ENDIAN_SAME_AS_HOST);
	t->ring = calloc((size_t)cpus, sizeof(*t->ring));
	t->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!t->page || !t->kbuf || !t->ring || t->epoll < 0)
		return fail(err, ERR_TARGET, "no memory for the tracing buffers");
	for (; t->rings < (unsigned)cpus; t->rings++)
		t->ring[t->rings].fd = t->ring[t->rings].stats_fd = -1;
	for (unsigned cpu = 0; cpu < t->rings; cpu++)
		if (open_ring(t, cpu, err) < 0)
			return -ERR_TARGET;
	t->begun_ns = clock_now();
	return kvm_instance_switch(&t->instance, true, err);
}

struct kvm_tracefs *kvm_tracefs_open(unsigned buffer_kb, const struct kvm_tracefs_out *out, struct error *err)
{
	struct kvm_tracefs *t = calloc(1, sizeof(*t));

	if (!t) {
		fail(err, ERR_TARGET, "no memory for the tracing buffers");
		return NULL;
	}
	t->out = *out;
	t->epoll = -1;
	t->instance.pids = t->instance.on = -1;
	if (set_up(t, buffer_kb, err) >= 0)
		return t;
	kvm_tracefs_close(t);
	return NULL;
}

int kvm_tracefs_trace(struct kvm_tracefs *t, pid_t tid, struct error *err)
{
	return kvm_instance_trace(&t->instance, tid, err);
}

int kvm_tracefs_fd(const struct kvm_tracefs *t)
{
	return t->epoll;
}

/* ---- reading ---- */

static struct item *add_item(struct kvm_tracefs *t, int64_t ts)
{
	if (t->items == t->room) {
		size_t room = t->room ? t->room * 2 : 1024;
		struct item *grown = realloc(t->item, room * sizeof(*grown));

		if (!grown)
			return NULL;
		t->item = grown;
		t->room = room;
	}
	t->item[t->items] = (struct item){ .point.ts = ts, .order = t->order++ };
	return &t->item[t->items++];
}

/* Before the first record of a page. */
static void take_gap(struct kvm_tracefs *t, struct ring *r, int missed, int64_t until)
{
	int64_t from = r->last_ns ? r->last_ns : t->begun_ns;
	struct item *gap = add_item(t, until);

	if (missed > 0) {
		r->missed += (uint64_t)missed;
	} else {
		r->gap_from = r->gap_from ? r->gap_from : from;
		r->gap_until = until;
	}
	if (!gap)
		return;
	gap->is_gap = true;
	gap->from = from;
	gap->count = missed > 0 ? (uint64_t)missed : 0;
}

/* What we cannot keep is lost as well. */
static void take_record(struct kvm_tracefs *t, struct ring *r, unsigned cpu, const void *data, int size, int64_t ts)
{
	struct item *it;

	r->last_ns = ts;
	r->read++;
	it = add_item(t, ts);
	if (!it) {
		t->out.lost(t->out.arg, ts, ts, 1);
		return;
	}
	it->point.host_cpu = (int32_t)cpu;
	if (!kvm_point_of_record(t->instance.formats, data, (size_t)size, &it->point))
		t->items--;
}

static void take_page(struct kvm_tracefs *t, unsigned cpu)
{
	unsigned long long ts;
	int missed;
	void *data;

	kbuffer_load_subbuffer(t->kbuf, t->page);
	missed = kbuffer_missed_events(t->kbuf);
	for (data = kbuffer_read_event(t->kbuf, &ts); data; data = kbuffer_next_event(t->kbuf, &ts)) {
		if (missed)
			take_gap(t, &t->ring[cpu], missed, (int64_t)ts);
		missed = 0;
		take_record(t, &t->ring[cpu], cpu, data, kbuffer_event_size(t->kbuf), (int64_t)ts);
	}
}

/* Until it is empty, or has told everything up to @now. */
static int drain(struct kvm_tracefs *t, unsigned cpu, int64_t now, struct error *err)
{
	struct ring *r = &t->ring[cpu];

	while (r->fd >= 0 && r->last_ns <= now) {
		ssize_t n = read(r->fd, t->page, t->page_size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0 || errno == EAGAIN ? 0 :
				fail_errno(err, ERR_TARGET, "cannot read the tracing buffer of host CPU %u", cpu);
		take_page(t, cpu);
	}
	return 0;
}

static int by_time(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->point.ts != y->point.ts)
		return x->point.ts < y->point.ts ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

/* Tell those up to @now; records of other CPUs may still come in before the rest. */
static void tell(struct kvm_tracefs *t, int64_t now)
{
	size_t n = 0;

	qsort(t->item, t->items, sizeof(*t->item), by_time);
	for (; n < t->items && t->item[n].point.ts <= now; n++) {
		const struct item *it = &t->item[n];

		if (it->is_gap)
			t->out.lost(t->out.arg, it->from, it->point.ts, it->count);
		else
			t->out.point(t->out.arg, &it->point);
	}
	t->items -= n;
	memmove(t->item, t->item + n, t->items * sizeof(*t->item));
}

int kvm_tracefs_read(struct kvm_tracefs *t, struct error *err)
{
	int64_t now = clock_now();

	for (unsigned cpu = 0; cpu < t->rings; cpu++)
		if (drain(t, cpu, now, err) < 0)
			return -ERR_TARGET;
	if (t->items)
		tell(t, now);
	t->until_ns = now;
	return 0;
}

bool kvm_tracefs_waits(const struct kvm_tracefs *t)
{
	return t->items > 0;
}

int64_t kvm_tracefs_until(const struct kvm_tracefs *t)
{
	return t->until_ns;
}

/* ---- the end ---- */

/* Counts of per_cpu/cpuN/stats that are records which nobody will read. */
static const char *const lost_counts[] = { "overrun", "commit overrun", "dropped events" };

static uint64_t count_of(const char *stats, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = stats; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, name, len) && line[len] == ':')
			return strtoull(line + len + 1, NULL, 10);
	}
	return 0;
}

static bool read_lost(const struct ring *r, uint64_t *lost)
{
	char stats[1024];
	ssize_t n = pread(r->stats_fd, stats, sizeof(stats) - 1, 0);

	if (n <= 0)
		return false;
	stats[n] = '\0';
	*lost = 0;
	for (size_t i = 0; i < sizeof(lost_counts) / sizeof(lost_counts[0]); i++)
		*lost += count_of(stats, lost_counts[i]);
	return true;
}

/* What the kernel counted beyond what the stream told, in the gaps of unknown size; none known: since we began. */
static void settle(struct kvm_tracefs *t, struct ring *r, struct kvm_tracefs_stats *stats)
{
	uint64_t lost = r->missed;

	if (!read_lost(r, &lost))
		lost = r->missed;
	if (lost > r->missed)
		t->out.lost(t->out.arg, r->gap_from ? r->gap_from : t->begun_ns,
			    r->gap_until ? r->gap_until : clock_now(), lost - r->missed);
	stats->read += r->read;
	stats->lost_stream += r->missed;
	stats->lost += lost > r->missed ? lost : r->missed;
}

void kvm_tracefs_finish(struct kvm_tracefs *t, struct kvm_tracefs_stats *stats)
{
	*stats = (struct kvm_tracefs_stats){ 0 };
	kvm_instance_switch(&t->instance, false, NULL);
	kvm_tracefs_read(t, NULL);
	tell(t, INT64_MAX);
	for (unsigned cpu = 0; cpu < t->rings; cpu++)
		if (t->ring[cpu].fd >= 0)
			settle(t, &t->ring[cpu], stats);
	stats->produced = stats->read + stats->lost;
}

bool kvm_tracefs_close(struct kvm_tracefs *t)
{
	bool removed;

	if (!t)
		return true;
	for (unsigned cpu = 0; cpu < t->rings; cpu++) {
		if (t->ring[cpu].fd >= 0)
			close(t->ring[cpu].fd);
		if (t->ring[cpu].stats_fd >= 0)
			close(t->ring[cpu].stats_fd);
	}
	if (t->epoll >= 0)
		close(t->epoll);
	removed = kvm_instance_free(&t->instance);
	if (t->kbuf)
		kbuffer_free(t->kbuf);
	free(t->page);
	free(t->ring);
	free(t->item);
	free(t);
	return removed;
}
