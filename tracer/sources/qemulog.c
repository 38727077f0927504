/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "qemulog.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qemulog-parse.h"

#define PIPE_SIZE (1 << 20)
#define READ_SIZE (64 * 1024)
#define DRAIN_MAX (16u << 20) /* a drain ends here even when the guest still writes */
#define TAIL_POLL_MS 20       /* where inotify is not to be had */

struct qemulog {
	const struct qemulog_plan *plan;
	struct event_out *out;
	pthread_t reader;
	int wake;          /* eventfd: the reader looks at the flags again */
	int notify;        /* TAIL: inotify, or -1 */
	bool made;         /* the FIFO is there and ours to remove */

	pthread_mutex_t lock; /* all below */
	pthread_cond_t parked_cond;
	int fd;            /* the input, -1 while suspended */
	int keep;          /* FIFO: a write end of our own, so that it never hangs up */
	bool stop, suspended, parked;
	int64_t suspended_at;
	int64_t last;      /* latest time handed out */
	off_t offset;      /* TAIL */
	struct qemulog_stats stats;
	struct qemulog_parse parse;
	char buffer[READ_SIZE];
};

static void put_event(void *arg, const struct event *ev)
{
	struct qemulog *q = arg;

	if (ev->ts > q->last)
		q->last = ev->ts;
	q->out->put(q->out, ev);
}

/* --- the input --- */

static int open_fifo(struct qemulog *q, struct error *err)
{
	const char *path = q->plan->fifo;

	q->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (q->fd < 0)
		return fail_errno(err, ERR_TARGET, "cannot open the log pipe %s", path);
	q->keep = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (q->keep < 0) {
		close(q->fd);
		q->fd = -1;
		return fail_errno(err, ERR_TARGET, "cannot open the log pipe %s", path);
	}
	(void)fcntl(q->fd, F_SETPIPE_SZ, PIPE_SIZE);
	return 0;
}

/* A private directory with the FIFO in it, for us and the user QEMU runs as. */
static int make_fifo(const struct qemulog_plan *plan, struct error *err)
{
	char dir[sizeof(plan->fifo)];
	char *slash;

	memcpy(dir, plan->fifo, sizeof(dir));
	slash = strrchr(dir, '/');
	if (!slash)
		return fail(err, ERR_TARGET, "no place for a log pipe");
	*slash = '\0';
	if (mkdir(dir, 0700))
		return fail_errno(err, ERR_TARGET, "cannot create %s for the log pipe", dir);
	if (mkfifo(plan->fifo, 0600)) {
		fail_errno(err, ERR_TARGET, "cannot create the log pipe %s", plan->fifo);
		rmdir(dir);
		return -ERR_TARGET;
	}
	if (plan->uid != geteuid() &&
	    (chown(dir, plan->uid, plan->gid) || chown(plan->fifo, plan->uid, plan->gid))) {
		fail_errno(err, ERR_TARGET, "cannot give the log pipe to QEMU's user %u", (unsigned)plan->uid);
		unlink(plan->fifo);
		rmdir(dir);
		return -ERR_TARGET;
	}
	return 0;
}

static void remove_fifo(const struct qemulog_plan *plan)
{
	char dir[sizeof(plan->fifo)];
	char *slash;

	memcpy(dir, plan->fifo, sizeof(dir));
	unlink(dir);
	slash = strrchr(dir, '/');
	if (slash) {
		*slash = '\0';
		rmdir(dir);
	}
}

static int open_tail(struct qemulog *q, struct error *err)
{
	const char *path = q->plan->file;

	q->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (q->fd < 0)
		return fail_errno(err, ERR_TARGET, "cannot read QEMU's log file %s", path);
	q->offset = lseek(q->fd, 0, SEEK_END);
	q->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (q->notify >= 0 && inotify_add_watch(q->notify, path, IN_MODIFY) < 0) {
		close(q->notify);
		q->notify = -1;
	}
	return 0;
}

/* A file that became shorter was truncated: go on with what is in it now. */
static void follow_truncation(struct qemulog *q)
{
	struct stat st;
	off_t data;

	if (fstat(q->fd, &st) || st.st_size >= q->offset)
		return;
	qemulog_parse_flush(&q->parse);
	data = lseek(q->fd, 0, SEEK_DATA);
	q->offset = data > 0 ? data : 0;
	lseek(q->fd, q->offset, SEEK_SET);
}

static void note_pending(struct qemulog *q)
{
	int waiting;

	if (!ioctl(q->fd, FIONREAD, &waiting) && waiting > 0 && (uint64_t)waiting > q->stats.max_pending)
		q->stats.max_pending = (uint64_t)waiting;
}

/* Parse what is there, times at most @limit. Called with the lock held. */
static void read_all(struct qemulog *q, int64_t limit)
{
	size_t done = 0;

	if (q->fd < 0)
		return;
	if (q->plan->input == QEMULOG_TAIL)
		follow_truncation(q);
	note_pending(q);
	while (done < DRAIN_MAX) {
		ssize_t n = read(q->fd, q->buffer, sizeof(q->buffer));
		int64_t now = clock_now();

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		qemulog_parse_push(&q->parse, q->buffer, (size_t)n, now < limit ? now : limit);
		q->offset += n;
		done += (size_t)n;
	}
	q->stats.bytes += done;
}

/* --- the reader --- */

static void wait_for_input(struct qemulog *q, int fd)
{
	bool tail = q->plan->input == QEMULOG_TAIL;
	struct pollfd pfd[] = {
		{ .fd = q->wake, .events = POLLIN },
		{ .fd = tail ? q->notify : fd, .events = POLLIN },
	};
	char drop[4096];
	uint64_t count;

	(void)!poll(pfd, 2, tail && q->notify < 0 && fd >= 0 ? TAIL_POLL_MS : -1);
	if (pfd[0].revents)
		(void)!read(q->wake, &count, sizeof(count));
	if (tail && q->notify >= 0 && pfd[1].revents)
		(void)!read(q->notify, drop, sizeof(drop));
}

static void *reader_main(void *arg)
{
	struct qemulog *q = arg;

	pthread_mutex_lock(&q->lock);
	while (!q->stop) {
		int fd = q->fd;

		q->parked = q->suspended;
		if (q->parked)
			pthread_cond_broadcast(&q->parked_cond);
		read_all(q, INT64_MAX);
		pthread_mutex_unlock(&q->lock);
		wait_for_input(q, fd);
		pthread_mutex_lock(&q->lock);
	}
	pthread_mutex_unlock(&q->lock);
	return NULL;
}

static void wake_reader(struct qemulog *q)
{
	uint64_t one = 1;

	(void)!write(q->wake, &one, sizeof(one));
}

/* Signals are for the thread that owns the terminal. */
static int start_reader(struct qemulog *q)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	rc = pthread_create(&q->reader, NULL, reader_main, q);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

/* --- life --- */

static void close_input(struct qemulog *q)
{
	if (q->fd >= 0)
		close(q->fd);
	if (q->keep >= 0)
		close(q->keep);
	q->fd = q->keep = -1;
}

static void destroy(struct qemulog *q)
{
	close_input(q);
	if (q->made)
		remove_fifo(q->plan);
	if (q->notify >= 0)
		close(q->notify);
	if (q->wake >= 0)
		close(q->wake);
	pthread_cond_destroy(&q->parked_cond);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

static int open_input(struct qemulog *q, struct error *err)
{
	int rc;

	if (q->plan->input == QEMULOG_TAIL)
		return open_tail(q, err);
	rc = make_fifo(q->plan, err);
	q->made = rc >= 0;
	return q->made ? open_fifo(q, err) : rc;
}

struct qemulog *qemulog_open(const struct qemulog_plan *plan, struct event_out *out, struct error *err)
{
	struct qemulog *q = calloc(1, sizeof(*q));

	if (!q) {
		fail(err, ERR_TARGET, "out of memory");
		return NULL;
	}
	q->plan = plan;
	q->out = out;
	q->fd = q->keep = q->notify = -1;
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->parked_cond, NULL);
	qemulog_parse_init(&q->parse, put_event, q);
	q->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (q->wake < 0)
		fail_errno(err, ERR_TARGET, "cannot start the log reader");
	else if (open_input(q, err) >= 0 && start_reader(q) == 0)
		return q;
	else if (q->fd >= 0)
		fail(err, ERR_TARGET, "cannot start the log reader: no thread to be had");
	destroy(q);
	return NULL;
}

void qemulog_set_cpu_tid(struct qemulog *q, int cpu, int tid)
{
	pthread_mutex_lock(&q->lock);
	qemulog_parse_set_tid(&q->parse, tid, cpu);
	pthread_mutex_unlock(&q->lock);
}

int64_t qemulog_drain(struct qemulog *q, int64_t limit_ts)
{
	int64_t last;

	pthread_mutex_lock(&q->lock);
	read_all(q, limit_ts - 1);
	last = q->last;
	pthread_mutex_unlock(&q->lock);
	return last;
}

void qemulog_suspend(struct qemulog *q)
{
	if (q->plan->input == QEMULOG_TAIL)
		return;
	pthread_mutex_lock(&q->lock);
	if (!q->suspended) {
		read_all(q, INT64_MAX);
		qemulog_parse_flush(&q->parse);
		close_input(q);
		q->suspended = true;
		q->parked = false;
		q->suspended_at = clock_now();
		wake_reader(q);
	}
	while (!q->parked)
		pthread_cond_wait(&q->parked_cond, &q->lock);
	pthread_mutex_unlock(&q->lock);
}

int qemulog_resume(struct qemulog *q, struct error *err)
{
	struct event blind = event_new(EV_BLIND, SRC_QEMULOG, CPU_UNKNOWN, 0);
	int rc = 0;

	pthread_mutex_lock(&q->lock);
	if (q->suspended) {
		rc = open_fifo(q, err);
		blind.ts = q->suspended_at;
		event_set(&blind, BLIND_UNTIL, (uint64_t)clock_now());
		event_set(&blind, BLIND_WHY, WHY_SUSPEND);
	}
	if (q->suspended && rc >= 0) {
		put_event(q, &blind);
		q->suspended = false;
		wake_reader(q);
	}
	pthread_mutex_unlock(&q->lock);
	return rc;
}

void qemulog_stats(struct qemulog *q, struct qemulog_stats *out)
{
	pthread_mutex_lock(&q->lock);
	*out = q->stats;
	out->lines = q->parse.lines;
	out->events = q->parse.events;
	pthread_mutex_unlock(&q->lock);
}

void qemulog_close(struct qemulog *q)
{
	if (!q)
		return;
	pthread_mutex_lock(&q->lock);
	q->stop = true;
	wake_reader(q);
	pthread_mutex_unlock(&q->lock);
	pthread_join(q->reader, NULL);
	read_all(q, INT64_MAX);
	qemulog_parse_flush(&q->parse);
	destroy(q);
}
