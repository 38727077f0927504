/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Threads, registers and memory: everything read at a stop. */
#include "rsp-internal.h"

#include <stdlib.h>

#include "safe-text.h"

#define LIST_ROUNDS 8192     /* a server that never ends its list is left */
#define LIST_AHEAD 256       /* list requests in flight */
#define WINDOW 16            /* memory requests in flight */
#define SELECT_FAILED "thread %s cannot be selected"

void rsp_post_insert(struct rsp *r, enum rsp_point type, uint64_t addr, unsigned len)
{
	rsp_post(r, "Z%d,%llx,%x", (int)type, (unsigned long long)addr, len);
}

void rsp_post_remove(struct rsp *r, enum rsp_point type, uint64_t addr, unsigned len)
{
	rsp_post(r, "z%d,%llx,%x", (int)type, (unsigned long long)addr, len);
}

static bool is_ok(const struct rsp *r)
{
	return rsp_classify(r->rx.data, r->rx.len) == RSP_REPLY_OK;
}

/* The reply at hand, quoted for a message. */
static const char *quoted(const struct rsp *r, char *out, size_t size)
{
	return safe_text(out, size, r->rx.data, r->rx.len);
}

int rsp_select(struct rsp *r, struct rsp_thread t, struct error *err)
{
	char thread[RSP_THREAD_TEXT];
	int rc;

	rsp_queue(r, "Hg%s", rsp_thread_text(thread, t));
	rc = rsp_reply(r, err);
	if (!rc && !is_ok(r))
		rc = rsp_refuse(r, err, SELECT_FAILED, thread);
	return rc;
}

/* Queue the first request of a list and as many more as the last list took. */
static int queue_list(struct rsp *r)
{
	int more = r->features.ack == ACK_EXPLICIT ? 0 : r->thread_hint;

	rsp_queue(r, "qfThreadInfo");
	for (int i = 0; i < more; i++)
		rsp_queue(r, "qsThreadInfo");
	return 1 + more;
}

static int list_threads(struct rsp *r, struct rsp_thread *out, int max, struct error *err)
{
	int count = 0, asked = queue_list(r), more = 1;

	for (int round = 0; round < asked; round++) {
		int rc = rsp_reply(r, err);

		if (rc)
			return rc;
		if (!more)
			continue;
		more = rsp_parse_thread_list(r->rx.data, r->rx.len, out, max, &count);
		if (more < 0)
			return rsp_fail(r, err, "the thread list is not one");
		if (more && round + 1 == asked) {
			if (++asked > LIST_ROUNDS)
				return rsp_fail(r, err, "the thread list does not end");
			rsp_queue(r, "qsThreadInfo");
		}
	}
	r->thread_hint = asked - 1 < LIST_AHEAD ? asked - 1 : LIST_AHEAD;
	return count;
}

int rsp_threads(struct rsp *r, struct rsp_thread *out, int max, struct error *err)
{
	int64_t outer = rsp_begin(r);
	int count = list_threads(r, out, max, err);

	rsp_end(r, outer);
	return count;
}

/* Bytes of the hex reply at hand; -1 if it is an error or not hex. */
static long reply_bytes(const struct rsp *r, void *out, size_t size)
{
	return r->rx.len ? rsp_parse_bytes(r->rx.data, r->rx.len, out, size) : -1;
}

int rsp_read_registers(struct rsp *r, void *out, size_t size, struct error *err)
{
	char text[40];
	long n;
	int rc;

	rsp_queue(r, "g");
	rc = rsp_reply(r, err);
	if (rc)
		return rc;
	n = reply_bytes(r, out, size);
	if (n < 0)
		return rsp_refuse(r, err, "the registers cannot be read (\"%s\")",
				  quoted(r, text, sizeof(text)));
	return (int)n;
}

static size_t piece_at(const struct rsp *r, size_t at, size_t len)
{
	return len - at < r->features.memory_max ? len - at : r->features.memory_max;
}

/* One window of requests from @at on; all replies are taken whatever they say. */
static int read_window(struct rsp *r, uint64_t addr, uint8_t *out, size_t *at, size_t len, uint64_t *bad,
		       struct error *err)
{
	size_t begin = *at, end = begin;

	for (int i = 0; i < WINDOW && end < len; i++) {
		rsp_queue(r, "m%llx,%zx", (unsigned long long)(addr + end), piece_at(r, end, len));
		end += piece_at(r, end, len);
	}
	while (*at < end) {
		size_t piece = piece_at(r, *at, len);
		int rc = rsp_reply(r, err);

		if (rc)
			return rc;
		if (reply_bytes(r, out + *at, piece) != (long)piece && *bad == UINT64_MAX)
			*bad = addr + *at;
		*at += piece;
	}
	return 0;
}

int rsp_read_memory(struct rsp *r, uint64_t addr, void *out, size_t len, struct error *err)
{
	uint64_t bad = UINT64_MAX;
	size_t at = 0;
	int rc;

	while (at < len && bad == UINT64_MAX) {
		rc = read_window(r, addr, out, &at, len, &bad, err);
		if (rc)
			return rc;
	}
	if (bad != UINT64_MAX)
		return rsp_refuse(r, err, "memory at 0x%llx cannot be read", (unsigned long long)bad);
	return 0;
}

static void queue_job(struct rsp *r, const struct rsp_job *job)
{
	char thread[RSP_THREAD_TEXT];

	if (job->thread.tid)
		rsp_queue(r, "Hg%s", rsp_thread_text(thread, job->thread));
	if (job->regs)
		rsp_queue(r, "g");
	if (job->len)
		rsp_queue(r, "m%llx,%zx", (unsigned long long)job->addr, job->len);
}

/* Take the replies of one job; what was read from the wrong thread does not count. */
static int finish_job(struct rsp *r, struct rsp_job *job, struct error *err)
{
	int rc = 0;

	job->failed = false;
	job->regs_len = 0;
	if (job->thread.tid) {
		rc = rsp_reply(r, err);
		job->failed = !rc && !is_ok(r);
	}
	if (!rc && job->regs) {
		long n;

		rc = rsp_reply(r, err);
		n = rc ? -1 : reply_bytes(r, job->regs, RSP_REGS_MAX);
		job->regs_len = n < 0 || job->failed ? 0 : (size_t)n;
		job->failed |= n < 0;
	}
	if (!rc && job->len) {
		rc = rsp_reply(r, err);
		job->failed |= rc || reply_bytes(r, job->mem, job->len) != (long)job->len;
	}
	return rc;
}

int rsp_jobs(struct rsp *r, struct rsp_job *jobs, int n, struct error *err)
{
	int rc = 0;

	for (int i = 0; i < n; i++)
		queue_job(r, &jobs[i]);
	for (int i = 0; i < n && !rc; i++)
		rc = finish_job(r, &jobs[i], err);
	return rc;
}
